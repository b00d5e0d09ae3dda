package cclient

import "fmt"

// Setup is one client's part of a run.
type Setup struct {
	Host      int // whose client it is, from 1: the sender that its messages have
	Hosts     int
	Senders   int    // hosts that send: the first so many
	Clients   int    // of each host
	Guarantee uint8  // of its messages, as wire.Guarantee; CPG has agreed only
	Each      bool   // the library is not told which messages others follow at once: each goes by itself
	Payload   []byte // what a message is filled with; as long as all of them are
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

	Chain                        uint64   // over all that was delivered, in its order
	Damaged, Disordered, Foreign uint64   // messages
	Senders                      []Sender // 1, 2, …
	Own, All                     []Bar    // latency in ns: messages of the own host; all
}

// Sender is what was delivered of a sender's messages, its markers included.
type Sender struct {
	Distinct, Duplicates uint64
	Chain                uint64 // over them: in their order, where that of all is free; else 0
	Last                 uint64 // the highest number
}

// Bar is one bar of a histogram of three digits.
type Bar struct{ Value, Count int64 }

// line puts one line of a client's report into r.
func (r *Report) line(line string) (end bool, err error) {
	var word string
	var s Sender
	var b Bar
	fmt.Sscan(line, &word)
	switch word {
	case "end":
		return true, nil
	case "counts":
		_, err = fmt.Sscan(line, &word, &r.Sent, &r.Delivered, &r.Changes)
	case "order":
		_, err = fmt.Sscan(line, &word, &r.Chain, &r.Damaged, &r.Disordered, &r.Foreign)
	case "sender":
		_, err = fmt.Sscan(line, &word, &s.Distinct, &s.Duplicates, &s.Chain, &s.Last)
		r.Senders = append(r.Senders, s)
	case "own":
		_, err = fmt.Sscan(line, &word, &b.Value, &b.Count)
		r.Own = append(r.Own, b)
	case "all":
		_, err = fmt.Sscan(line, &word, &b.Value, &b.Count)
		r.All = append(r.All, b)
	default:
		err = fmt.Errorf("no such word")
	}
	if err != nil {
		return false, fmt.Errorf("bench: the client's report has a line %q: %w", line, err)
	}
	return false, nil
}
