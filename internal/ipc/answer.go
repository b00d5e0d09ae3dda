package ipc

import "fmt"

// Status is how a request ended.
type Status uint16

// The statuses. Their numbers are the protocol's.
const (
	OK          Status = iota
	Again              // the send queue is full just now
	TooLarge           // the message is longer than the daemon's processor takes
	NotJoined          // nothing is joined
	TooManyKeys        // more groups than one message, or one handle, may have
	BadWord            // a guarantee, flag or field with a value that is none of the known
	Closed             // the processor has left or is gone
	Slow               // the program was too far behind with its events
	Denied             // not allowed to this user
	BadVersion         // no version of the protocol in common
	Malformed          // what came is no request
	Busy               // as many programs as there may be
	Unknown            // an operation that this daemon does not know
	WouldBlock         // too many loans wait to be received
	Failed             // the text says why

	Disconnected // an operator has ended this program's connection
	numStatuses
)

var statusNames = [numStatuses]string{"ok", "again", "too large", "not joined", "too many groups", "bad word", "closed",
	"slow", "denied", "bad version", "malformed", "busy", "unknown operation", "would block", "failed", "disconnected"}

func (s Status) String() string {
	if s < numStatuses {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint16(s))
}

// Bye is the operation of an answer to nothing: the daemon closes the
// connection, and this is why.
const Bye Op = 0xff

// answerBytes is the fixed part of an answer.
const answerBytes = 24

// Answer is the answer to one request. Answers need not come in the order of
// their requests.
//
//	 0      4  5 6      8  12 16     24
//	┌──────┬──┬─┬──────┬──┬──┬──────┬──────┐
//	│length│op│0│status│id│0 │number│ body │
//	└──────┴──┴─┴──────┴──┴──┴──────┴──────┘
type Answer struct {
	Op     Op
	Status Status
	ID     uint32
	Number uint64 // mcast: of the message
	Body   []byte // aliases the record; of a status other than OK a text
}

// Parse reads a record, as Inbox gives it.
func (a *Answer) Parse(b []byte) error {
	if len(b) < answerBytes {
		return errShort
	}
	*a = Answer{Op(b[4]), Status(le.Uint16(b[6:])), le.Uint32(b[8:]), le.Uint64(b[16:]), b[answerBytes:]}
	return nil
}

// AppendTo appends the answer.
func (a *Answer) AppendTo(b []byte) []byte {
	start := len(b)
	b = le.AppendUint32(b, 0)
	b = append(b, byte(a.Op), 0)
	b = le.AppendUint16(b, uint16(a.Status))
	b = le.AppendUint32(b, a.ID)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint64(b, a.Number)
	b = append(b, a.Body...)
	return seal(b, start)
}

// Welcome is the body of the answer to hello. With it comes the event socket's
// descriptor (SCM_RIGHTS, unix(7)), unless the hello asked for control only.
//
//	0       2      4         8           16          20         24          32
//	┌───────┬──────┬─────────┬───────────┬───────────┬──────────┬───────────┬───────┐
//	│version│origin│processor│incarnation│longest    │most      │queue bytes│daemon │
//	│       │      │         │           │message    │groups    │           │       │
//	└───────┴──────┴─────────┴───────────┴───────────┴──────────┴───────────┴───────┘
type Welcome struct {
	Version     uint16
	Origin      uint16 // of the handle, as its processor numbers them
	Processor   uint32
	Incarnation uint64
	MaxMessage  uint32 // bytes
	MaxKeys     uint32 // groups of one message, and of one handle
	QueueBytes  uint64 // granted
	Daemon      string // its version, for people
}

const welcomeBytes = 32

// Parse reads the body of a welcome.
func (w *Welcome) Parse(b []byte) error {
	if len(b) < welcomeBytes {
		return errShort
	}
	*w = Welcome{le.Uint16(b), le.Uint16(b[2:]), le.Uint32(b[4:]), le.Uint64(b[8:]),
		le.Uint32(b[16:]), le.Uint32(b[20:]), le.Uint64(b[24:]), string(b[welcomeBytes:])}
	return nil
}

// AppendTo appends the body of a welcome.
func (w *Welcome) AppendTo(b []byte) []byte {
	b = le.AppendUint16(b, w.Version)
	b = le.AppendUint16(b, w.Origin)
	b = le.AppendUint32(b, w.Processor)
	b = le.AppendUint64(b, w.Incarnation)
	b = le.AppendUint32(b, w.MaxMessage)
	b = le.AppendUint32(b, w.MaxKeys)
	b = le.AppendUint64(b, w.QueueBytes)
	return append(b, w.Daemon...)
}

// LongestRequest is the length of the longest request that a daemon with these
// limits takes.
func (w *Welcome) LongestRequest() int {
	return Size(int(w.MaxKeys), max(int(w.MaxMessage), maxText))
}

// LongestEvent is the length of the longest event that such a daemon sends.
func (w *Welcome) LongestEvent() int {
	return max(Padded(deliverBytes+int(w.MaxKeys)*KeyBytes+int(w.MaxMessage)), Padded(changeBytes+3*maxListed*memberBytes))
}

const (
	maxText   = 4096    // of a command
	maxListed = 1 << 16 // processors in one list of a change
	// LongestHello is the length of the longest first request.
	LongestHello = requestBytes + helloBytes + maxText
	// LongestAnswer is the length of the longest answer.
	LongestAnswer = 64 << 20
)
