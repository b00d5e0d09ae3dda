package shm

import (
	"errors"
	"os"
	"sync"
)

// Reader is the side that reads. One goroutine at a time, but for Close.
type Reader struct {
	mu     sync.Mutex
	file   *os.File // until the first piece
	mem    []byte
	closed bool
}

// Open returns a reader of the memory whose descriptor came from the writer, and
// takes the file over. The memory is mapped when the first piece comes.
func Open(file *os.File) *Reader { return &Reader{file: file} }

// ErrPiece: there is no such piece.
var ErrPiece = errors.New("shared memory: no such piece")

// Piece is n bytes at a position. They are there until the writer is told that
// they are taken, or Close.
func (r *Reader) Piece(position uint64, n uint32) ([]byte, error) {
	if r.mem == nil {
		if err := r.open(); err != nil {
			return nil, err
		}
	}
	size := uint64(len(r.mem))
	if size == 0 || uint64(n) > size-position%size {
		return nil, ErrPiece
	}
	at := position % size
	return r.mem[at : at+uint64(n) : at+uint64(n)], nil
}

func (r *Reader) open() (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return os.ErrClosed
	}
	if r.mem, err = opened(r.file); err == nil {
		err = r.file.Close()
	}
	return err
}

// Idle closes the reader if it has given no piece: nobody can look at one.
func (r *Reader) Idle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mem == nil && !r.closed {
		r.closed = true
		r.file.Close()
	}
}

// Close gives the memory back: whoever looks at a piece after that crashes.
func (r *Reader) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	if r.mem == nil {
		r.file.Close()
	}
	unmap(r.mem)
	r.mem = nil
}
