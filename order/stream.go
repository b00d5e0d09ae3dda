package order

import (
	"stampede/batch"
	"stampede/wire"
)

// stream is what is held of one member's datagrams.
type stream struct {
	member int
	slots  []slot // datagram d at d & mask, if it is held
	mask   uint64

	// freed <= prefix <= high: everything up to prefix was held, everything up
	// to freed was given back, high is the newest known to exist.
	freed, prefix, high uint64
	stamped             uint64 // the walk has come to this one; all up to it have positions

	cursor  cursor  // how far its messages were delivered
	sets    []*Set  // announced group sets, by id; replaced, never changed
	joining joined  // the message whose fragments the cursor is passing
	early   []early // unordered messages joined ahead of the cursor
}

// slot is one datagram of a stream: held, missing, or not known of.
type slot struct {
	dseq    uint64 // the datagram held here; another one's: not held
	frames  []byte // its frames
	first   uint64 // number of its first whole message
	dg      batch.Datagram
	buffers *buffer // joined messages that end in it

	position      uint64
	guarantees    uint8 // bit g: messages of guarantee g end in it
	contents      uint8 // bit t: frames of type t are in it
	set           uint16
	oneSet        bool
	lent          bool
	unorderedDone bool // its unordered messages were delivered ahead of the cursor

	// While missing: the datagram meant, when to ask for it, how often it was asked for.
	missing uint64
	due     int64
	tries   uint8
	// While held: when and whom it was last sent again to.
	answered   int64
	answeredTo int32 // member, or everybody
}

func (st *stream) init(member, slots int) {
	st.member = member
	st.slots = make([]slot, slots)
	st.mask = uint64(slots - 1)
	st.cursor.dseq = 1
}

func (st *stream) slot(dseq uint64) *slot { return &st.slots[dseq&st.mask] }

// held returns the datagram, nil if it is not held.
func (st *stream) held(dseq uint64) *slot {
	if sl := st.slot(dseq); sl.dseq == dseq && dseq != 0 {
		return sl
	}
	return nil
}

// room is the highest datagram that has a slot.
func (st *stream) room() uint64 { return st.freed + uint64(len(st.slots)) }

// put stores a datagram that is not held and has a slot.
func (st *stream) put(dseq uint64, h *wire.Header, d batch.Datagram) *slot {
	sl := st.slot(dseq)
	*sl = slot{
		dseq: dseq, dg: d, frames: d.Bytes[wire.HeaderBytes:], first: h.First,
		guarantees: h.Guarantees, contents: h.Contents, set: h.Set, oneSet: h.OneSet,
		lent: len(d.Tail) > 0, answeredTo: -1,
	}
	st.high = max(st.high, dseq)
	for st.prefix < st.high && st.slot(st.prefix+1).dseq == st.prefix+1 {
		st.prefix++
	}
	return sl
}

// has says whether the datagram holds frames of a type.
func (sl *slot) has(t wire.FrameType) bool { return sl.contents&(1<<t) != 0 }

// carries says whether messages of a guarantee end in the datagram.
func (sl *slot) carries(g wire.Guarantee) bool { return sl.guarantees&(1<<g) != 0 }
