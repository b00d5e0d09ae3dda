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
	waits               int64  // since when one is here that this processor, as sequencer, has not stamped; 0 = none

	cursor  cursor  // how far its messages were delivered
	sets    []*Set  // announced group sets, by id; replaced, never changed
	joining joined  // the message whose fragments the cursor is passing
	early   []early // unordered messages joined ahead of the cursor
}

// slot is one datagram of a stream. It is small, since each datagram of each
// stream goes through one: two cache lines.
type slot struct {
	dseq  uint64 // the datagram that the slot is about
	bytes []byte // while held: the datagram, without its lent tail
	chunk *batch.Chunk
	own   *batch.Datagram // of the packer's; nil for others' and for stamps
	first uint64          // number of its first whole message

	position uint64 // 0 = none yet; stays when the datagram is given back
	// While missing: when to ask for it. While held: when it was last sent again.
	at int64
	// While missing: how often it was asked for. While held: the member that it
	// was last sent again to, or everybody, or nobody.
	who int32

	set           uint16
	guarantees    uint8 // bit g: messages of guarantee g end in it
	contents      uint8 // bit t: frames of type t are in it
	state         state
	oneSet        bool
	unorderedDone bool // its unordered messages were delivered ahead of the cursor
}

// state of a slot.
type state uint8

const (
	vacant  state = iota
	missing       // known to exist
	held
)

// Values of slot.who beside members.
const (
	nobody    = -1
	everybody = -2
)

// frames of the datagram, or of the head of a lent one.
func (sl *slot) frames() []byte { return sl.bytes[wire.HeaderBytes:] }

// lent says whether the last frame goes on in memory of the application.
func (sl *slot) lent() bool { return sl.own != nil && len(sl.own.Tail) > 0 }

func (st *stream) init(member, slots int) {
	st.member = member
	st.slots = make([]slot, slots)
	st.mask = uint64(slots - 1)
	st.cursor.dseq = 1
}

func (st *stream) slot(dseq uint64) *slot { return &st.slots[dseq&st.mask] }

// is says whether the slot holds the datagram.
func (sl *slot) is(dseq uint64) bool { return sl.dseq == dseq && sl.state == held }

// held returns the datagram, nil if it is not held.
func (st *stream) held(dseq uint64) *slot {
	if sl := st.slot(dseq); sl.is(dseq) {
		return sl
	}
	return nil
}

// room is the highest datagram that has a slot.
func (st *stream) room() uint64 { return st.freed + uint64(len(st.slots)) }

// put stores a datagram that is not held and has a slot.
func (st *stream) put(dseq uint64, h *wire.Header, bytes []byte, chunk *batch.Chunk, own *batch.Datagram) *slot {
	sl := st.slot(dseq)
	*sl = slot{
		dseq: dseq, bytes: bytes, chunk: chunk, own: own, first: h.First, who: nobody, state: held,
		guarantees: h.Guarantees, contents: h.Contents, set: h.Set, oneSet: h.OneSet,
	}
	st.high = max(st.high, dseq)
	for st.prefix < st.high && st.slot(st.prefix+1).is(st.prefix+1) {
		st.prefix++
	}
	return sl
}

// has says whether the datagram holds frames of a type.
func (sl *slot) has(t wire.FrameType) bool { return sl.contents&(1<<t) != 0 }

// carries says whether messages of a guarantee end in the datagram.
func (sl *slot) carries(g wire.Guarantee) bool { return sl.guarantees&(1<<g) != 0 }

// miss makes the slot that of a missing datagram, to be asked for at a time.
func (sl *slot) miss(dseq uint64, at int64) {
	*sl = slot{dseq: dseq, state: missing, at: at}
}

// datagram is the held datagram for a burst; valid until the next call.
func (s *Session) datagram(sl *slot) *batch.Datagram {
	if sl.own != nil {
		return sl.own
	}
	s.plain = batch.Datagram{Bytes: sl.bytes, Chunk: sl.chunk}
	return &s.plain
}
