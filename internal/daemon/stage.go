package daemon

import (
	"syscall"

	"stampede/internal/ipc"
	"stampede/internal/nowait"
)

const (
	// sharedBytes is the memory that is shared with a client: some batches.
	// While it is all with the client, events go through the socket.
	sharedBytes = 1 << 20
	// shareFrom is from how many bytes on a write goes by shared memory. To
	// tell where they are costs as much as writing so few.
	shareFrom = 4 << 10
)

// stage is where records are put before they are written: memory that is shared
// with the client, so that it reads them where they are, or the daemon's own
// where there is none, or no room in it. One goroutine at a time.
type stage struct {
	c      *client
	own    []byte
	shared bool // the last room is
	note   []byte
	ear    *nowait.Reader
	heard  [sharedBytes / shareFrom * ipc.TakenBytes]byte // as many as there can be pieces
	part   int                                            // bytes of a position at the start of heard
}

// room is memory for at least n bytes of records.
func (s *stage) room(n int) []byte {
	if s.c.shared != nil {
		b := s.c.shared.Room(max(n, writeBytes))
		if b == nil && s.listen() {
			b = s.c.shared.Room(max(n, writeBytes))
		}
		if b != nil {
			s.shared = true
			return b
		}
	}
	s.shared = false
	if n > cap(s.own) || cap(s.own) > 8*writeBytes {
		s.own = make([]byte, 0, max(n, writeBytes))
	}
	return s.own[:0]
}

// seal is what to write to the socket for records in the last room: them, or
// where they are.
func (s *stage) seal(records []byte) []byte {
	if !s.shared || len(records) < shareFrom {
		return records
	}
	s.c.s.counters.SharedBytes.Add(uint64(len(records)))
	p := ipc.Piece{Position: s.c.shared.Commit(len(records)), Bytes: uint32(len(records))}
	s.note = p.AppendTo(s.note[:0])
	return s.note
}

// listen takes in what the client needs no more; false when that is nothing new. It
// reads once: the goroutine may be the loop's, which a client that says so without
// end would keep for ever.
func (s *stage) listen() bool {
	if s.ear == nil {
		raw, err := s.c.events.conn.SyscallConn()
		if err != nil {
			return false
		}
		s.ear = nowait.NewReader(raw)
	}
	n, err := s.ear.Read(s.heard[s.part:])
	if err == syscall.EAGAIN {
		return false
	}
	if err != nil { // nothing will ever come
		s.c.unshare()
		return false
	}
	n += s.part
	whole := n - n%ipc.TakenBytes
	for b := s.heard[:whole]; len(b) > 0; b = b[ipc.TakenBytes:] {
		if err := s.c.shared.Taken(ipc.ParseTaken(b)); err != nil {
			s.c.s.counters.Malformed.Add(1)
			go s.c.kick(ipc.Malformed, err.Error())
			s.c.unshare()
			return false
		}
	}
	s.part = copy(s.heard[:], s.heard[whole:n])
	return whole > 0
}
