package corosync

import (
	"errors"
	"fmt"
)

// ErrStart is wrapped by the errors of Start when the daemons did not find
// together. Corosync 3.1.7 with UDP was seen to fail an assertion of its own
// (orf_token_rtr) when several started at once: another try is worth while.
var ErrStart = errors.New("corosync: starting")

// Setup is one host's part of a run.
type Setup struct {
	Client []byte // of Build
	Conf   string // of Conf

	Host    int // from 1, and the daemon's nodeid
	Hosts   int
	Senders int // the first so many send
	Size    int // bytes of a message
}

// Schedule is when to do what, in ns of CLOCK_MONOTONIC.
type Schedule struct {
	Start, End int64
	Warm       int64   // messages whose slots are from here to End are timed
	First      int64   // slot of the own first message
	Interval   float64 // ns between slots; 0 = as fast as they are taken
}

// Report is what a client has to tell.
type Report struct {
	Sent      uint64 // own messages, the marker at their end included
	Delivered uint64 // messages, markers left out
	Changes   uint64 // of the group, once all were in it
	Chain     uint64 // over all that was delivered, in its order

	Damaged, Disordered, Foreign uint64   // messages
	Senders                      []Sender // 1, 2, …
	Own, All                     []Bar    // latency in ns: own messages; all
}

// Sender is what was delivered of a sender's messages, its marker included.
type Sender struct{ Distinct, Duplicates uint64 }

// Bar is one bar of a histogram of three digits.
type Bar struct{ Value, Count int64 }

// line puts one line of a client's report into r.
func (r *Report) line(line string) (end bool, err error) {
	var a, b uint64
	var word string
	if _, err := fmt.Sscan(line, &word); err != nil {
		return false, fmt.Errorf("corosync: the client's report has a line %q", line)
	}
	switch word {
	case "end":
		return true, nil
	case "chain":
		_, err = fmt.Sscan(line, &word, &r.Chain)
	case "counts":
		_, err = fmt.Sscan(line, &word, &r.Sent, &r.Delivered, &r.Changes, &r.Damaged, &r.Disordered, &r.Foreign)
	case "sender", "own", "all":
		if _, err = fmt.Sscan(line, &word, &a, &b); err != nil {
			break
		}
		switch word {
		case "sender":
			r.Senders = append(r.Senders, Sender{a, b})
		case "own":
			r.Own = append(r.Own, Bar{int64(a), int64(b)})
		case "all":
			r.All = append(r.All, Bar{int64(a), int64(b)})
		}
	default:
		err = fmt.Errorf("no such word")
	}
	if err != nil {
		return false, fmt.Errorf("corosync: the client's report has a line %q: %w", line, err)
	}
	return false, nil
}
