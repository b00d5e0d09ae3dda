package flood

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
)

// Cost is what one kind of step takes, in ns: so much each time, for each byte,
// and for each member of the configuration.
type Cost struct {
	Each   float64 `json:"each_ns"`
	Byte   float64 `json:"byte_ns,omitempty"`
	Member float64 `json:"member_ns,omitempty"`
}

// Costs are what the steps of a processor take, and where that was measured.
type Costs struct {
	Date    string `json:"date"`
	Command string `json:"command"`
	Machine string `json:"machine"` // processor, cores, kernel, Go

	Steps [NumSteps]Cost `json:"-"`
}

// Step is a kind of work that has a price.
type Step int

// Counted is what is counted of each step, and Byte's bytes are of.
const (
	Wake    Step = iota // the loop slept and was woken
	Call                // a recvmmsg that had something
	Send                // kernel: a train, from sendmmsg to the link
	Forward             // kernel: a train, from the link to one receiver's socket buffer
	Receive             // kernel: a train, from the socket buffer to the loop
	Judge               // a datagram of a stream: the door, with its CRC, and its place in the order
	Frame               // a message of another host in it
	Ack                 // an acknowledgement or another of the protocol's own
	Pass                // a step of the protocol
	Own                 // an own datagram: numbered, with its CRC
	Deliver             // messages of one datagram, or a joined one, whose bytes count: delivered, given back
	Pack                // an own message into a datagram
	Take                // a message to the application, as an event
	NumSteps
)

var stepNames = [NumSteps]string{"wake", "call", "send", "forward", "receive", "judge", "frame", "ack", "pass", "own", "deliver", "pack", "take"}

func (s Step) String() string { return stepNames[s] }

//go:embed costs.json
var recorded []byte

// Recorded are the costs that were measured on the machine of docs/performance.md.
func Recorded() Costs {
	c, err := ParseCosts(recorded)
	if err != nil {
		panic(err) // a test reads them
	}
	return c
}

// costsFile is Costs as a file has them.
type costsFile struct {
	Costs
	Named map[string]Cost `json:"steps"`
}

// ParseCosts reads what MarshalJSON wrote, or somebody by hand: every step must
// be there, and nothing else.
func ParseCosts(text []byte) (Costs, error) {
	var f costsFile
	if err := json.Unmarshal(text, &f); err != nil {
		return Costs{}, fmt.Errorf("flood: costs: %w", err)
	}
	c := f.Costs
	for s, name := range stepNames {
		cost, ok := f.Named[name]
		if !ok {
			return Costs{}, fmt.Errorf("flood: costs: step %q is missing", name)
		}
		delete(f.Named, name)
		for _, v := range []float64{cost.Each, cost.Byte, cost.Member} {
			if v < 0 || v > 1e9 || math.IsNaN(v) {
				return Costs{}, fmt.Errorf("flood: costs: step %q takes %v ns", name, v)
			}
		}
		c.Steps[s] = cost
	}
	for name := range f.Named {
		return Costs{}, fmt.Errorf("flood: costs: no step is called %q", name)
	}
	return c, nil
}

// MarshalJSON names the steps.
func (c Costs) MarshalJSON() ([]byte, error) {
	type plain Costs // without this method
	named := map[string]Cost{}
	for s, name := range stepNames {
		named[name] = c.Steps[s]
	}
	return json.Marshal(struct {
		plain
		Named map[string]Cost `json:"steps"`
	}{plain(c), named})
}

// Work is what was done, by step.
type Work [NumSteps]struct{ Count, Bytes, Members int64 }

func (w *Work) note(s Step, bytes int) { w.times(s, 1, bytes) }

func (w *Work) times(s Step, n, bytes int) {
	w[s].Count += int64(n)
	w[s].Bytes += int64(bytes)
}

// add adds what is done of a step for each of so many members.
func (w *Work) addMembers(s Step, n int) { w[s].Members += int64(n) }

func (w *Work) add(x *Work) {
	for s := range w {
		w[s].Count += x[s].Count
		w[s].Bytes += x[s].Bytes
		w[s].Members += x[s].Members
	}
}

// Price is what a step's work takes, in ns.
func (c *Costs) Price(s Step, w *Work) float64 {
	p := &c.Steps[s]
	return float64(w[s].Count)*p.Each + float64(w[s].Bytes)*p.Byte + float64(w[s].Members)*p.Member
}

// total is what all of it takes.
func (c *Costs) total(w *Work) (ns float64) {
	for s := range NumSteps {
		ns += c.Price(s, w)
	}
	return ns
}

// shares is each step's part of what all of it takes.
func (c *Costs) shares(w *Work) map[string]float64 {
	all, parts := c.total(w), map[string]float64{}
	for s := range NumSteps {
		if all > 0 {
			parts[s.String()] = c.Price(s, w) / all
		}
	}
	return parts
}
