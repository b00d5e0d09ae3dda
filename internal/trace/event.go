package trace

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// Kind is what an event is about.
type Kind uint8

const (
	Start Kind = iota + 1
	Send
	Deliver
	Change // "config"
	Leave
)

var kindWords = [...]string{Start: "start", Send: "send", Deliver: "deliver", Change: "config", Leave: "leave"}

func (k Kind) String() string { return word(kindWords[:], int(k)) }

// Guarantee is what was asked for a message; the values are those on the wire.
type Guarantee uint8

const (
	Unordered Guarantee = iota
	FIFO
	Agreed
	Safe
)

var guaranteeWords = [...]string{Unordered: "unordered", FIFO: "fifo", Agreed: "agreed", Safe: "safe"}

func (g Guarantee) String() string { return word(guaranteeWords[:], int(g)) }

// View is which kind of configuration a Change event tells of.
type View uint8

const (
	Regular View = iota + 1
	Transitional
)

var viewWords = [...]string{Regular: "regular", Transitional: "transitional"}

func (v View) String() string { return word(viewWords[:], int(v)) }

func word(words []string, i int) string {
	if i < len(words) && words[i] != "" {
		return words[i]
	}
	return fmt.Sprint("?", i)
}

// Processor is one life of a processor.
type Processor struct {
	ID          uint32 // never 0
	Incarnation uint64
}

func (p Processor) String() string { return fmt.Sprint(p.ID, ".", p.Incarnation) }

// Message names a message: the Number that its sender gave it in that life.
type Message struct {
	Sender Processor
	Number uint64
}

func (m Message) String() string { return fmt.Sprint(m.Sender, ".", m.Number) }

// Config names a regular configuration. The incarnation of the representative,
// which is part of the name in the protocol, is not told.
type Config struct {
	Epoch uint64
	Rep   uint32 // never 0, except in the zero Config: none
}

func (c Config) String() string { return fmt.Sprint(c.Epoch, ".", c.Rep) }

// Event is one line. The fields up to Kind are set in every event, the others
// where the package documentation says.
type Event struct {
	Time int64 // ns
	Who  Processor
	Kind Kind

	Message   Message
	Guarantee Guarantee
	Groups    []string

	View    View
	Config  Config
	From    Config
	Members []uint32
	Left    []uint32
	Joined  []uint32

	// Where the event was read, or nothing. They are not written.
	File string
	Line int // from 1
}

var (
	errKind      = errors.New("no known kind of event")
	errProcessor = errors.New("processor 0 does not exist")
	errSender    = errors.New("sends a message that is named as another's")
	errGuarantee = errors.New("no known guarantee")
	errConfig    = errors.New("no configuration is named")
	errView      = errors.New("neither regular nor transitional")
	errFrom      = errors.New("a transitional configuration that comes from none")
	errMembers   = errors.New("a configuration without members")
)

// Check tells what is missing or impossible in an event by itself. It is
// called by the Reader, which so returns sound events only.
func (e *Event) Check() error {
	if e.Who.ID == 0 {
		return errProcessor
	}
	switch e.Kind {
	case Start, Leave:
		return nil
	case Send:
		if e.Message.Sender != e.Who {
			return errSender
		}
		return e.checkMessage()
	case Deliver:
		if e.Config.Rep == 0 {
			return errConfig
		}
		return e.checkMessage()
	case Change:
		return e.checkChange()
	}
	return errKind
}

func (e *Event) checkMessage() error {
	switch {
	case e.Message.Sender.ID == 0:
		return errProcessor
	case e.Guarantee > Safe:
		return errGuarantee
	}
	return nil
}

func (e *Event) checkChange() error {
	switch {
	case e.View != Regular && e.View != Transitional:
		return errView
	case e.Config.Rep == 0:
		return errConfig
	case e.View == Transitional && e.From.Rep == 0:
		return errFrom
	case len(e.Members) == 0:
		return errMembers
	}
	for _, ids := range [...][]uint32{e.Members, e.Left, e.Joined} {
		for _, id := range ids {
			if id == 0 {
				return errProcessor
			}
		}
	}
	return nil
}

// GroupName is how a key is written: its text up to the zeros at the end if
// that is one or more printable ASCII characters, else 64 hexadecimal digits.
// No two keys have the same name.
func GroupName(key [32]byte) string {
	n := len(key)
	for n > 0 && key[n-1] == 0 {
		n--
	}
	for _, c := range key[:n] {
		if c < ' ' || c > '~' {
			n = 0
		}
	}
	if n == 0 {
		return hex.EncodeToString(key[:])
	}
	return string(key[:n])
}
