package ipc

import "fmt"

// Kind is what an event reports. The numbers are those of package evs too.
type Kind uint8

// The kinds of event.
const (
	Deliver Kind = iota + 1
	Transitional
	Regular
	Released
	Shared // not an event: where in shared memory the next ones are
	numKinds
)

var kindNames = [numKinds]string{"0", "deliver", "transitional", "regular", "released", "shared"}

func (k Kind) String() string {
	if k < numKinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// KindOf is the kind of a record of the event socket.
func KindOf(b []byte) Kind { return Kind(b[4]) }

// Lengths of the fixed parts.
const (
	deliverBytes  = 32
	changeBytes   = 64
	memberBytes   = 16
	releasedBytes = 16
	pieceBytes    = 24
)

// sameKeys is the flag of an event that is for the groups of the one before.
const sameKeys = 1

// Message is an event of the kind Deliver.
//
//	 0      4 5     6         7 8      16          24     28     30
//	┌──────┬─┬─────┬─────────┬─┬──────┬───────────┬──────┬──────┬────┬──────────┬───────┐
//	│length│1│flags│guarantee│0│number│incarnation│sender│origin│keys│keys × 32 │payload│
//	└──────┴─┴─────┴─────────┴─┴──────┴───────────┴──────┴──────┴────┴──────────┴───────┘
type Message struct {
	SameKeys    bool // as those of the Message before; no keys follow
	Guarantee   uint8
	Origin      uint16
	Sender      uint32
	Number      uint64
	Incarnation uint64
	Keys        []Key  // alias the record
	Payload     []byte // aliases the record
}

// Parse reads a record, as Inbox gives it.
func (m *Message) Parse(b []byte) error {
	if len(b) < deliverBytes {
		return errShort
	}
	n := int(le.Uint16(b[30:]))
	rest := b[deliverBytes:]
	if n*KeyBytes > len(rest) {
		return errShort
	}
	m.SameKeys, m.Guarantee = b[5]&sameKeys != 0, b[6]
	m.Number, m.Incarnation = le.Uint64(b[8:]), le.Uint64(b[16:])
	m.Sender, m.Origin = le.Uint32(b[24:]), le.Uint16(b[28:])
	m.Keys = keysOf(rest[:n*KeyBytes])
	m.Payload = rest[n*KeyBytes:]
	if n > 0 && m.SameKeys {
		return errKeys
	}
	return nil
}

// Size is the length of the event with a payload of so many bytes, and with what
// fills it up.
func (m *Message) Size(payload int) int {
	return Padded(deliverBytes + len(m.Keys)*KeyBytes + payload)
}

// AppendHead appends all of the event but its payload; the caller appends
// those bytes, and then what Tail says.
func (m *Message) AppendHead(b []byte, payload int) []byte {
	var head [deliverBytes]byte
	le.PutUint32(head[:], uint32(deliverBytes+len(m.Keys)*KeyBytes+payload))
	head[4], head[6] = byte(Deliver), m.Guarantee
	if m.SameKeys {
		head[5] = sameKeys
	}
	le.PutUint64(head[8:], m.Number)
	le.PutUint64(head[16:], m.Incarnation)
	le.PutUint32(head[24:], m.Sender)
	le.PutUint16(head[28:], m.Origin)
	le.PutUint16(head[30:], uint16(len(m.Keys)))
	b = append(b, head[:]...)
	for i := range m.Keys {
		b = append(b, m.Keys[i][:]...)
	}
	return b
}

// Tail is what fills a record up whose payload has so many bytes: all else in
// it is a multiple.
func Tail(payload int) []byte {
	var zero = [align]byte{}
	return zero[:Padded(payload)-payload]
}

// AppendTo appends the event.
func (m *Message) AppendTo(b []byte) []byte {
	b = m.AppendHead(b, len(m.Payload))
	b = append(b, m.Payload...)
	return append(b, Tail(len(m.Payload))...)
}

// ConfigID names a configuration.
type ConfigID struct {
	Epoch          uint64
	RepIncarnation uint64
	Rep            uint32
}

// Member is one life of a processor.
type Member struct {
	ID          uint32
	Incarnation uint64
}

// Change is an event of the kind Transitional or Regular, and the body of the
// answer to OpMembers.
//
//	 0      4    5     8                 28      32                 52   56     60 64
//	┌──────┬────┬─────┬─────────────────┬───────┬──────────────────┬────┬──────┬──┬─────────────┐
//	│length│kind│  0  │ID: epoch 8,     │members│From: epoch 8,    │left│joined│0 │members,     │
//	│      │    │     │rep inc. 8, rep 4│       │rep inc. 8, rep 4 │    │      │  │left, joined │
//	└──────┴────┴─────┴─────────────────┴───────┴──────────────────┴────┴──────┴──┴─────────────┘
//
// A member is id 4, 0 4, incarnation 8.
type Change struct {
	Kind                  Kind
	ID, From              ConfigID
	Members, Left, Joined []Member
}

// Parse reads a record, as Inbox gives it. The lists are new memory.
func (c *Change) Parse(b []byte) error {
	if len(b) < changeBytes {
		return errShort
	}
	*c = Change{Kind: KindOf(b), ID: parseID(b[8:]), From: parseID(b[32:])}
	counts := [3]int{int(le.Uint32(b[28:])), int(le.Uint32(b[52:])), int(le.Uint32(b[56:]))}
	rest := b[changeBytes:]
	for i, list := range []*[]Member{&c.Members, &c.Left, &c.Joined} {
		if counts[i] > len(rest)/memberBytes {
			return errShort
		}
		for range counts[i] {
			*list = append(*list, Member{le.Uint32(rest), le.Uint64(rest[8:])})
			rest = rest[memberBytes:]
		}
	}
	return nil
}

// AppendTo appends the event.
func (c *Change) AppendTo(b []byte) []byte {
	start := len(b)
	b = append(le.AppendUint32(b, 0), byte(c.Kind), 0, 0, 0)
	b = le.AppendUint32(appendID(b, c.ID), uint32(len(c.Members)))
	b = le.AppendUint32(appendID(b, c.From), uint32(len(c.Left)))
	b = le.AppendUint32(b, uint32(len(c.Joined)))
	b = le.AppendUint32(b, 0)
	for _, list := range [][]Member{c.Members, c.Left, c.Joined} {
		for _, m := range list {
			b = le.AppendUint32(b, m.ID)
			b = le.AppendUint32(b, 0)
			b = le.AppendUint64(b, m.Incarnation)
		}
	}
	return seal(b, start)
}

func parseID(b []byte) ConfigID {
	return ConfigID{le.Uint64(b), le.Uint64(b[8:]), le.Uint32(b[16:])}
}

func appendID(b []byte, id ConfigID) []byte {
	b = le.AppendUint64(b, id.Epoch)
	b = le.AppendUint64(b, id.RepIncarnation)
	return le.AppendUint32(b, id.Rep)
}

// AppendReleased appends an event of the kind Released.
//
//	 0      4 5 8
//	┌──────┬─┬─┬──────┐
//	│length│4│0│number│
//	└──────┴─┴─┴──────┘
func AppendReleased(b []byte, number uint64) []byte {
	start := len(b)
	b = append(le.AppendUint32(b, 0), byte(Released), 0, 0, 0)
	return seal(le.AppendUint64(b, number), start)
}

// ParseReleased reads the number of such a record.
func ParseReleased(b []byte) (number uint64, err error) {
	if len(b) < releasedBytes {
		return 0, errShort
	}
	return le.Uint64(b[8:]), nil
}
