package trace

import (
	"strconv"
	"unicode/utf8"
)

// AppendTo appends the event as one line, its newline included, to dst. It
// allocates nothing when dst has room.
func (e *Event) AppendTo(dst []byte) []byte {
	dst = append(dst, `{"t":`...)
	dst = strconv.AppendInt(dst, e.Time, 10)
	dst = append(dst, `,"proc":`...)
	dst = strconv.AppendUint(dst, uint64(e.Who.ID), 10)
	dst = append(dst, `,"inc":`...)
	dst = strconv.AppendUint(dst, e.Who.Incarnation, 10)
	dst = append(dst, `,"ev":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, '"')
	switch e.Kind {
	case Send:
		dst = e.appendMessage(dst)
	case Deliver:
		dst = e.appendMessage(dst)
		dst = appendConfig(dst, `,"config":"`, e.Config)
	case Change:
		dst = e.appendChange(dst)
	}
	return append(dst, '}', '\n')
}

func (e *Event) appendMessage(dst []byte) []byte {
	dst = append(dst, `,"msg":"`...)
	dst = strconv.AppendUint(dst, uint64(e.Message.Sender.ID), 10)
	dst = append(dst, '.')
	dst = strconv.AppendUint(dst, e.Message.Sender.Incarnation, 10)
	dst = append(dst, '.')
	dst = strconv.AppendUint(dst, e.Message.Number, 10)
	dst = append(dst, `","guarantee":"`...)
	dst = append(dst, e.Guarantee.String()...)
	dst = append(dst, `","groups":[`...)
	for i, g := range e.Groups {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, g)
	}
	return append(dst, ']')
}

func (e *Event) appendChange(dst []byte) []byte {
	dst = append(dst, `,"kind":"`...)
	dst = append(dst, e.View.String()...)
	dst = appendConfig(dst, `","config":"`, e.Config)
	if e.From != (Config{}) {
		dst = appendConfig(dst, `,"from":"`, e.From)
	}
	dst = appendIDs(dst, `,"members":[`, e.Members)
	dst = appendIDs(dst, `,"left":[`, e.Left)
	return appendIDs(dst, `,"joined":[`, e.Joined)
}

func appendConfig(dst []byte, label string, c Config) []byte {
	dst = append(dst, label...)
	dst = strconv.AppendUint(dst, c.Epoch, 10)
	dst = append(dst, '.')
	dst = strconv.AppendUint(dst, uint64(c.Rep), 10)
	return append(dst, '"')
}

func appendIDs(dst []byte, label string, ids []uint32) []byte {
	dst = append(dst, label...)
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, uint64(id), 10)
	}
	return append(dst, ']')
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 §7). Bytes that are no
// UTF-8 become U+FFFD: GroupName makes no such names.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}
