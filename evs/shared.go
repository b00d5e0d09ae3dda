package evs

import (
	"runtime"

	"stampede/internal/ipc"
	"stampede/internal/nowait"
	"stampede/internal/shm"
)

// canShare: shared memory is for Linux.
const canShare = runtime.GOOS == "linux"

// releaseFrom is how much of the shared memory is to be given back before the
// daemon is told: a quarter.
const releaseFrom = 256 << 10

// shared is memory in which the daemon puts large batches of events, so that they
// need not pass through the kernel. All methods but open do nothing on nil; they
// are the receiving goroutine's, but for leave and close.
type shared struct {
	memory *shm.Reader
	direct *nowait.Writer // the event socket
	most   int            // bytes of a record

	piece []byte // records that are no events yet
	end   uint64 // the position behind it
	told  uint64 // up to where the daemon knows that it has its memory back
	word  []byte
}

// open goes to a piece. The one before was taken whole.
func (s *shared) open(record []byte) error {
	var p ipc.Piece
	if err := p.Parse(record); err != nil {
		return err
	}
	if s == nil || p.Position < s.end {
		return shm.ErrPiece
	}
	b, err := s.memory.Piece(p.Position, p.Bytes)
	s.piece, s.end = b, p.Position+uint64(p.Bytes)
	return err
}

// holds says whether there are records in it.
func (s *shared) holds() bool { return s != nil && len(s.piece) > 0 }

// next is the next record.
func (s *shared) next() (record []byte, err error) {
	record, s.piece, err = ipc.Cut(s.piece, s.most)
	return record, err
}

// left is how many bytes of records there are.
func (s *shared) left() int {
	if s == nil {
		return 0
	}
	return len(s.piece)
}

// due says whether so much was taken that the daemon should know.
func (s *shared) due() bool { return s != nil && s.taken()-s.told >= releaseFrom }

// taken is the position of the first record that was not given yet.
func (s *shared) taken() uint64 { return s.end - uint64(len(s.piece)) }

// release tells the daemon what it has back. If the socket has no room it will be
// told another time.
func (s *shared) release() {
	s.word = ipc.AppendTaken(s.word[:0], s.taken())
	if n, err := s.direct.Write(s.word); err == nil && n == len(s.word) {
		s.told = s.taken()
	}
}

// leave is told that h was closed. The memory is given back at once if there is
// nothing in it that somebody could be looking at; else by the next receiving call,
// or when there is no h to call.
func (s *shared) leave(h *Handle) {
	if s != nil {
		s.memory.Idle()
		runtime.AddCleanup(h, (*shared).close, s)
	}
}

// close gives it back. Events that were in it are gone.
func (s *shared) close() {
	if s != nil {
		s.memory.Close()
	}
}
