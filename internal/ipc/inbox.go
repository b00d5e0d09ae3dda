package ipc

import (
	"errors"
	"fmt"
	"io"
)

// ErrLength: a record is longer than is allowed, or shorter than a header. What
// follows it in the stream cannot be read.
var ErrLength = errors.New("ipc: length of a record")

// inboxBytes is what is read at once. Two of the kernel's default socket
// buffers: a reader that wakes late takes all there is with one system call.
const inboxBytes = 256 << 10

// Inbox cuts a stream into records. Its memory grows to the longest record that
// came, and shrinks when that has been read.
//
//	in.Filled(read(in.Room())); for rec, _ := in.Next(); rec != nil; … { … }
//
// Records are the Inbox's memory, and good until the next call of Room.
type Inbox struct {
	buf        []byte
	start, end int // 0 <= start <= end <= len(buf): what is there
	most       int
	spacious   int // calls of Room in a row for which less memory would have done
}

// NewInbox returns an Inbox that refuses records of more than most bytes.
func NewInbox(most int) *Inbox { return &Inbox{most: max(most, HeaderBytes)} }

// Allow changes the length of the longest record.
func (in *Inbox) Allow(most int) { in.most = max(most, HeaderBytes) }

// Next is the next record, without what fills it up; nil when it is not there
// as a whole yet. After ErrLength it returns that for ever.
func (in *Inbox) Next() ([]byte, error) {
	record, rest, err := cut(in.buf[in.start:in.end], in.most)
	if record != nil {
		in.start = in.end - len(rest)
	}
	return record, err
}

// cut cuts the first record off b; it is nil when it is not there as a whole.
func cut(b []byte, most int) (record, rest []byte, err error) {
	if len(b) < HeaderBytes {
		return nil, b, nil
	}
	n := int(le.Uint32(b))
	if n < HeaderBytes || n > most {
		return nil, b, fmt.Errorf("%w: %d bytes, not within %d to %d", ErrLength, n, HeaderBytes, most)
	}
	if Padded(n) > len(b) {
		return nil, b, nil
	}
	return b[:n:n], b[Padded(n):], nil
}

// Await is the next record, for which it reads from r as often as it takes. An
// error of r's is returned as it is.
func (in *Inbox) Await(r io.Reader) ([]byte, error) {
	for {
		if b, err := in.Next(); b != nil || err != nil {
			return b, err
		}
		n, err := r.Read(in.Room())
		in.Filled(n)
		if err != nil {
			return nil, err
		}
	}
}

// Pending is how many bytes of records are there, whole or not.
func (in *Inbox) Pending() int { return in.end - in.start }

// Room is where to read to; empty only behind an error of Next. It ends the life
// of all records.
func (in *Inbox) Room() []byte {
	need := inboxBytes
	if in.Pending() >= HeaderBytes {
		need = max(need, Padded(min(int(le.Uint32(in.buf[in.start:])), in.most)))
	}
	in.spacious++
	if need >= len(in.buf) {
		in.spacious = 0
	}
	if need > len(in.buf) || in.spacious > patience {
		next := make([]byte, max(need, in.Pending()))
		copy(next, in.buf[in.start:in.end])
		in.buf, in.spacious = next, 0
	} else if in.start > 0 {
		copy(in.buf, in.buf[in.start:in.end])
	}
	in.start, in.end = 0, in.Pending()
	return in.buf[in.end:]
}

// patience keeps the memory of a long record for the next one.
const patience = 64

// Filled says that so many bytes of Room were read to.
func (in *Inbox) Filled(n int) { in.end += n }
