package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// errTorn is the error of a line that is the beginning of one.
var errTorn = errors.New("the line ends too early")

// parser reads one line. Every method leaves the rest of the line in rest and
// the first error in err; after one all of them do nothing.
type parser struct {
	line, rest []byte
	err        error
	groups     map[string]string // texts seen before, to make no string twice
}

// field is the bit of a field in a set of fields.
type field uint16

const (
	fieldT field = 1 << iota
	fieldProc
	fieldInc
	fieldEv
	fieldMsg
	fieldGuarantee
	fieldGroups
	fieldConfig
	fieldKind
	fieldFrom
	fieldMembers
	fieldLeft
	fieldJoined
)

var fieldNames = [...]string{"t", "proc", "inc", "ev", "msg", "guarantee", "groups", "config", "kind", "from", "members", "left", "joined"}

const (
	everywhere = fieldT | fieldProc | fieldInc | fieldEv
	ofMessage  = fieldMsg | fieldGuarantee
	ofChange   = fieldKind | fieldConfig | fieldMembers
)

// needed and allowed are the fields of each kind of event.
var (
	needed = [...]field{
		Start: everywhere, Leave: everywhere,
		Send: everywhere | ofMessage, Deliver: everywhere | ofMessage | fieldConfig,
		Change: everywhere | ofChange,
	}
	allowed = [...]field{
		Start: needed[Start], Leave: needed[Leave],
		Send: needed[Send] | fieldGroups, Deliver: needed[Deliver] | fieldGroups,
		Change: needed[Change] | fieldFrom | fieldLeft | fieldJoined,
	}
)

func (f field) String() string {
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			return name
		}
	}
	return "?"
}

// parse reads line, which has no newline, into e, whose slices it reuses.
// After an error column tells where in the line it is, in bytes from 1.
func (p *parser) parse(line []byte, e *Event) error {
	*e = Event{Groups: e.Groups[:0], Members: e.Members[:0], Left: e.Left[:0], Joined: e.Joined[:0]}
	p.line, p.rest, p.err = line, line, nil
	var seen field
	p.expect('{')
	for more := p.err == nil && !p.accept('}'); more; more = p.another('}') {
		name := p.text()
		p.expect(':')
		f := p.value(name, e)
		if p.err == nil && seen&f != 0 {
			p.fail("field %q stands twice", name)
		}
		seen |= f
	}
	p.space()
	if p.err == nil && len(p.rest) > 0 {
		p.fail("more follows after the event")
	}
	if p.err != nil {
		return p.err
	}
	return complete(seen, e)
}

func complete(seen field, e *Event) error {
	if e.Kind == 0 {
		return errors.New(`no field "ev"`)
	}
	if missing := needed[e.Kind] &^ seen; missing != 0 {
		return fmt.Errorf("no field %q in a %s event", missing, e.Kind)
	}
	if excess := seen &^ allowed[e.Kind]; excess != 0 {
		return fmt.Errorf("field %q in a %s event", excess, e.Kind)
	}
	return e.Check()
}

// value reads the value of the field with the name and tells which it was.
func (p *parser) value(name []byte, e *Event) field {
	switch string(name) {
	case "t":
		e.Time = p.signed()
		return fieldT
	case "proc":
		e.Who.ID = uint32(p.unsigned(math.MaxUint32))
		return fieldProc
	case "inc":
		e.Who.Incarnation = p.unsigned(math.MaxUint64)
		return fieldInc
	case "ev":
		e.Kind = Kind(p.word(kindWords[:]))
		return fieldEv
	case "msg":
		e.Message = p.message()
		return fieldMsg
	case "guarantee":
		e.Guarantee = Guarantee(p.word(guaranteeWords[:]))
		return fieldGuarantee
	case "groups":
		e.Groups = p.strings(e.Groups)
		return fieldGroups
	case "config":
		e.Config = p.config()
		return fieldConfig
	case "kind":
		e.View = View(p.word(viewWords[:]))
		return fieldKind
	case "from":
		e.From = p.config()
		return fieldFrom
	case "members":
		e.Members = p.ids(e.Members)
		return fieldMembers
	case "left":
		e.Left = p.ids(e.Left)
		return fieldLeft
	case "joined":
		e.Joined = p.ids(e.Joined)
		return fieldJoined
	}
	if p.err == nil {
		p.fail("no field is called %q", name)
	}
	return 0
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// torn notes that the line ended where more had to come.
func (p *parser) torn() {
	if p.err == nil {
		p.err = errTorn
	}
}

func (p *parser) column() int { return len(p.line) - len(p.rest) + 1 }

func (p *parser) space() {
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\t' || p.rest[0] == '\r') {
		p.rest = p.rest[1:]
	}
}

// accept takes c if it is next.
func (p *parser) accept(c byte) bool {
	p.space()
	if p.err != nil || len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) expect(c byte) {
	switch {
	case p.accept(c):
	case len(p.rest) == 0:
		p.torn()
	default:
		p.fail("%q where %q should be", p.rest[0], c)
	}
}

// another takes the comma before another element, or the end.
func (p *parser) another(end byte) bool {
	if p.accept(',') {
		return true
	}
	p.expect(end)
	return false
}

// text reads a string without escapes: all but the names of groups are such.
func (p *parser) text() []byte {
	raw := p.raw()
	for i, c := range raw {
		if c == '\\' || c < ' ' || c > '~' {
			p.rest = p.line[len(p.line)-len(p.rest)-len(raw)-1+i:]
			p.fail("%q in a name", c)
			return nil
		}
	}
	return raw
}

// raw reads a string and returns what stands between its quotes, escapes and all.
func (p *parser) raw() []byte {
	p.expect('"')
	if p.err != nil {
		return nil
	}
	for i := 0; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '"':
			raw := p.rest[:i]
			p.rest = p.rest[i+1:]
			return raw
		case '\\':
			i++
		}
	}
	p.rest = nil
	p.torn()
	return nil
}

// word reads a string that is one of the words, and returns which.
func (p *parser) word(words []string) int {
	text := p.text()
	for i, w := range words {
		if w != "" && string(text) == w {
			return i
		}
	}
	p.fail("%q is none of the words that stand here", text)
	return 0
}

// decimal reads digits from b: no sign, no zero in front, at most limit.
func (p *parser) decimal(b []byte, limit uint64) (n uint64, rest []byte) {
	i := 0
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		d := uint64(b[i] - '0')
		if n > (limit-d)/10 {
			p.fail("a number greater than %d", limit)
			return 0, nil
		}
		n = 10*n + d
	}
	if i == 0 || i > 1 && b[0] == '0' {
		p.fail("no decimal number")
		return 0, nil
	}
	return n, b[i:]
}

func (p *parser) unsigned(limit uint64) uint64 {
	p.space()
	if p.err != nil {
		return 0
	}
	if len(p.rest) == 0 {
		p.torn()
		return 0
	}
	n, rest := p.decimal(p.rest, limit)
	if p.err == nil {
		p.rest = rest
	}
	return n
}

func (p *parser) signed() int64 {
	if !p.accept('-') {
		return int64(p.unsigned(math.MaxInt64))
	}
	return -int64(p.unsigned(math.MaxInt64))
}

// dotted reads the next of the numbers of a string like "8.2"; last tells
// whether the string is to end after it.
func (p *parser) dotted(b []byte, limit uint64, last bool) (uint64, []byte) {
	if p.err != nil {
		return 0, nil
	}
	n, rest := p.decimal(b, limit)
	switch {
	case p.err != nil:
	case last && len(rest) == 0:
	case !last && len(rest) > 0 && rest[0] == '.':
		rest = rest[1:]
	default:
		p.fail("numbers with one dot between them should stand here")
	}
	return n, rest
}

func (p *parser) message() (m Message) {
	b := p.text()
	id, b := p.dotted(b, math.MaxUint32, false)
	m.Sender.ID = uint32(id)
	m.Sender.Incarnation, b = p.dotted(b, math.MaxUint64, false)
	m.Number, _ = p.dotted(b, math.MaxUint64, true)
	return m
}

func (p *parser) config() (c Config) {
	b := p.text()
	c.Epoch, b = p.dotted(b, math.MaxUint64, false)
	rep, _ := p.dotted(b, math.MaxUint32, true)
	c.Rep = uint32(rep)
	return c
}

func (p *parser) ids(dst []uint32) []uint32 {
	p.expect('[')
	for more := p.err == nil && !p.accept(']'); more; more = p.another(']') {
		dst = append(dst, uint32(p.unsigned(math.MaxUint32)))
	}
	return dst
}

func (p *parser) strings(dst []string) []string {
	p.expect('[')
	for more := p.err == nil && !p.accept(']'); more; more = p.another(']') {
		dst = append(dst, p.group())
	}
	return dst
}

// maxGroups and maxGroupBytes bound what is remembered of names.
const (
	maxGroups     = 1 << 12
	maxGroupBytes = 64 // GroupName makes no longer ones
)

func (p *parser) group() string {
	raw := p.raw()
	if s, ok := p.groups[string(raw)]; ok {
		return s
	}
	if p.err != nil {
		return ""
	}
	var s string
	quoted := p.line[len(p.line)-len(p.rest)-len(raw)-2 : len(p.line)-len(p.rest)]
	if !utf8.Valid(raw) || json.Unmarshal(quoted, &s) != nil {
		p.fail("%q is no string of JSON", raw)
		return ""
	}
	if len(p.groups) < maxGroups && len(raw) <= maxGroupBytes {
		p.groups[string(raw)] = s
	}
	return s
}
