package ipc

import (
	"errors"
	"fmt"
	"unsafe"
)

// Op is what a request asks for.
type Op uint8

// The operations. Their numbers are the protocol's.
const (
	OpHello   Op = iota + 1 // the first request; never again
	OpJoin                  // the keys
	OpLeave                 // the keys
	OpMcast                 // the body, to the keys or to what is joined
	OpFlush                 // answered when what was sent before is ordered
	OpMembers               // the latest regular configuration, out of band
	OpQuery                 // the body names it; the answer is JSON
	OpCommand               // the body is it; for those who are allowed to
	numOps
)

var opNames = [numOps]string{"0", "hello", "join", "leave", "mcast", "flush", "members", "query", "command"}

func (o Op) String() string {
	if o < numOps {
		return opNames[o]
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}

// Flags of a request.
const (
	// Joined (mcast): to the groups that the handle has joined; no keys follow.
	Joined = 1 << iota
	// SameKeys (mcast): to the keys of the mcast before; no keys follow.
	SameKeys
	// Confirm: an answer is wanted. Requests other than mcast always get one.
	Confirm
	// Lend (mcast): tell by an event when the message's memory is released.
	Lend
	// Try (mcast): answer Again rather than wait for room in the send queue.
	Try
	// Hold (hello): when the queue is full the group waits for this program.
	Hold
	// Control (hello): no handle and no events, only questions and commands.
	Control
	// Share (hello): events may come in shared memory.
	Share

	// Everything (hello): each message, whatever groups it is for.
	Everything = Joined
)

// requestBytes is the fixed part of a request.
const requestBytes = 16

// ErrRecord: a record is not what it says. The connection is of no use behind it.
var ErrRecord = errors.New("ipc: malformed record")

var (
	errShort = fmt.Errorf("%w: it ends too early", ErrRecord)
	errMagic = fmt.Errorf("%w: this is no hello of a program that looks for a stampede daemon", ErrRecord)
	errKeys  = fmt.Errorf("%w: keys where none may be", ErrRecord)
)

// Request is one request.
//
//	 0      4  5     6        7 8  12   14 16
//	┌──────┬──┬─────┬─────────┬─┬──┬────┬──┬──────────┬──────┐
//	│length│op│flags│guarantee│0│id│keys│0 │keys × 32 │ body │
//	└──────┴──┴─────┴─────────┴─┴──┴────┴──┴──────────┴──────┘
type Request struct {
	Op        Op
	Flags     uint8
	Guarantee uint8
	ID        uint32 // comes back in the answer
	Keys      []Key  // alias the record
	Body      []byte // aliases the record
}

// Parse reads a record, as Inbox gives it.
func (r *Request) Parse(b []byte) error {
	if len(b) < requestBytes {
		return errShort
	}
	*r = Request{Op: Op(b[4]), Flags: b[5], Guarantee: b[6], ID: le.Uint32(b[8:])}
	n := int(le.Uint16(b[12:]))
	rest := b[requestBytes:]
	if n*KeyBytes > len(rest) {
		return errShort
	}
	if n > 0 && r.Op == OpMcast && r.Flags&(Joined|SameKeys) != 0 {
		return errKeys
	}
	r.Keys = keysOf(rest[:n*KeyBytes])
	r.Body = rest[n*KeyBytes:]
	return nil
}

// Size is the length of a request with so many keys and bytes, filled up.
func Size(keys, body int) int { return Padded(requestBytes + keys*KeyBytes + body) }

// AppendRequest appends a request whose body is that of r and then of iov.
func AppendRequest(b []byte, r *Request, iov ...[]byte) []byte {
	start, length := len(b), requestBytes+len(r.Keys)*KeyBytes+len(r.Body)
	for _, p := range iov {
		length += len(p)
	}
	b = le.AppendUint32(b, uint32(length))
	b = append(b, byte(r.Op), r.Flags, r.Guarantee, 0)
	b = le.AppendUint32(b, r.ID)
	b = le.AppendUint32(b, uint32(len(r.Keys)))
	for i := range r.Keys {
		b = append(b, r.Keys[i][:]...)
	}
	b = append(b, r.Body...)
	for _, p := range iov {
		b = append(b, p...)
	}
	return fill(b, start)
}

// magic is "STPD".
const magic = 0x44505453

// Hello is the body of the first request.
//
//	0     4     6    8           16
//	┌─────┬─────┬────┬───────────┬──────┐
//	│magic│least│most│queue bytes│ name │
//	└─────┴─────┴────┴───────────┴──────┘
type Hello struct {
	Least, Most uint16 // versions of the protocol
	QueueBytes  uint64 // of events that may wait; 0 = the daemon's default
	Name        string // of the program, for operators
}

// MaxName is how many bytes of a program's name are kept.
const MaxName = 64

const helloBytes = 16

// Parse reads the body of a hello.
func (h *Hello) Parse(b []byte) error {
	if len(b) < helloBytes || le.Uint32(b) != magic {
		return errMagic
	}
	name := b[helloBytes:]
	*h = Hello{le.Uint16(b[4:]), le.Uint16(b[6:]), le.Uint64(b[8:]), string(name[:min(len(name), MaxName)])}
	return nil
}

// AppendTo appends the body of a hello.
func (h *Hello) AppendTo(b []byte) []byte {
	b = le.AppendUint32(b, magic)
	b = le.AppendUint16(b, h.Least)
	b = le.AppendUint16(b, h.Most)
	b = le.AppendUint64(b, h.QueueBytes)
	return append(b, h.Name...)
}

// keysOf are keys as they stand in a record: arrays one behind the other,
// without alignment.
func keysOf(b []byte) []Key {
	if len(b) < KeyBytes {
		return nil
	}
	return unsafe.Slice((*Key)(unsafe.Pointer(&b[0])), len(b)/KeyBytes)
}
