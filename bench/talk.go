package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// order is a line that a host reads: one of its fields is set.
type order struct {
	Assignment *assignment `json:",omitempty"`
	Schedule   *schedule   `json:",omitempty"`
	Collect    bool        `json:",omitempty"`
}

// assignment tells a host who it is.
type assignment struct {
	Scenario  Scenario
	Host      int // from 1: its processor's id
	Cluster   string
	Bind      netip.AddrPort
	Multicast netip.AddrPort // not valid: unicast
	Interface string
	Peers     []netip.AddrPort

	Daemon    []string     `json:",omitempty"` // the command of a process that calls Daemon
	Addresses []netip.Addr `json:",omitempty"` // of all hosts: of Corosync only
	Client    []byte       `json:",omitempty"` // the load client's program, where that is in C
}

// sends tells whether the host is one that sends.
func (a *assignment) sends() bool { return a.Host <= a.Scenario.Senders }

// interval is the ns from one slot to the next, 0 in a flood.
func (a *assignment) interval() float64 {
	if a.Scenario.Rate == 0 {
		return 0
	}
	return 1e9 / a.Scenario.Rate
}

// doomed is the host that is killed, 0 if none is.
func (s *Scenario) doomed() int {
	if killings.of(s.Kill) {
		return 1
	}
	return 0
}

// first is the host's first slot: hosts take turns.
func (a *assignment) first(t *schedule) int64 {
	return t.Start + int64(a.interval()*float64(a.Host-1)/float64(a.Scenario.Senders))
}

// schedule is when to do what, in ns of the shared clock: send from Start to
// End, measure from Warm to End, then wait for what was sent until nothing has
// come for Stalled.
type schedule struct {
	Start, Warm, End int64
	Stalled          time.Duration
}

// report is a line that a host writes: one of its fields is set.
type report struct {
	Ready    bool      `json:",omitempty"`
	Progress *progress `json:",omitempty"`
	Drained  bool      `json:",omitempty"`
	Outcome  *outcome  `json:",omitempty"`
	Failed   *failure  `json:",omitempty"`
}

// progress is how far a host is.
type progress struct {
	At        int64 // ns of the shared clock
	Delivered uint64
}

// failure is why a host gives up.
type failure struct {
	Reason string
	Again  bool // another try may go better: another program had its address, say
}

// outcome is what a host has to tell when all is over.
type outcome struct {
	Host       int // from 1; the parent knows
	Warm, End  mark
	Sent       uint64 // the marker included
	Changes    uint64 // configurations after the first
	Order      digest
	Others     []digest `json:",omitempty"` // of the host's other clients
	Own, All   []byte   // latency in ns: own messages; all. HdrHistogram's V2 encoding, nil if none
	Engine     state
	Deliveries uint64 // over the whole run
	Gap        int64  // ns, the longest between two deliveries, where a host was killed
}

// mark is how far a host was at a moment.
type mark struct {
	progress
	CPU int64 // ns, of the process
}

// lines reads and writes JSON lines. Writing is not safe for concurrent use.
type lines struct {
	in  *json.Decoder
	out *json.Encoder
}

func newLines(in io.Reader, out io.Writer) *lines {
	return &lines{json.NewDecoder(in), json.NewEncoder(out)}
}

func (l *lines) read(v any) error {
	if err := l.in.Decode(v); err != nil {
		return fmt.Errorf("bench: reading: %w", err)
	}
	return nil
}

func (l *lines) write(v any) error {
	if err := l.out.Encode(v); err != nil {
		return fmt.Errorf("bench: writing: %w", err)
	}
	return nil
}
