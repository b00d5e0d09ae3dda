package drill

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Fault is one thing that befalls the cluster, and its end. Hosts are numbered
// from 1, as the processors on them are.
type Fault struct {
	Kind Kind
	At   time.Duration // since the faults began
	Last time.Duration // from its beginning to its end
	// Hosts are whom it befalls: of Kill, Leave, Restarts, Pause and Down one; of
	// Sequencer none, since it is known only then; of OneWay those who are not
	// heard by Others; of Partition none.
	Hosts   []int
	Others  []int
	Groups  [][]int // of Partition: all hosts
	Percent float64 // of Loss
	Times   int     // of Restarts
}

func (f *Fault) end() time.Duration { return f.At + f.Last }

// String says what happens, but for the time.
func (f *Fault) String() string {
	switch f.Kind {
	case Sequencer:
		return "kill the sequencer"
	case Restarts:
		return fmt.Sprintf("restart host %s, %d times", list(f.Hosts), f.Times)
	case Loss:
		return fmt.Sprintf("loss of %g %% at host %s", f.Percent, list(f.Hosts))
	case Partition:
		var all []string
		for _, g := range f.Groups {
			all = append(all, list(g))
		}
		return "partition " + strings.Join(all, " | ")
	case OneWay:
		return fmt.Sprintf("oneway, host %s not heard by %s", list(f.Hosts), list(f.Others))
	}
	return fmt.Sprintf("%v host %s", f.Kind, list(f.Hosts))
}

// list is numbers with commas between them.
func list(hosts []int) string {
	text := make([]string, len(hosts))
	for i, h := range hosts {
		text[i] = fmt.Sprint(h)
	}
	return strings.Join(text, ",")
}

// span is how long a fault of each kind lasts: from about the time in which
// nobody notices to several times what it takes to be found out by default.
var span = [...]struct{ least, most time.Duration }{
	Kill:      {50 * time.Millisecond, 2 * time.Second},
	Sequencer: {50 * time.Millisecond, 2 * time.Second},
	Leave:     {50 * time.Millisecond, 2 * time.Second},
	Restarts:  {500 * time.Millisecond, 3 * time.Second},
	Pause:     {20 * time.Millisecond, 2 * time.Second},
	Down:      {50 * time.Millisecond, 2 * time.Second},
	Loss:      {500 * time.Millisecond, 3 * time.Second},
	Partition: {100 * time.Millisecond, 3 * time.Second},
	OneWay:    {100 * time.Millisecond, 3 * time.Second},
}

// losses are the percentages that a loss is drawn from.
var losses = [...]float64{1, 5, 20}

// Schedule draws the faults that o asks for, in the order in which they begin.
// All have ended o.Rest before o.Duration.
func Schedule(o *Options) (all []Fault) {
	chance := rand.New(rand.NewPCG(o.Seed, 0))
	for at := o.Rest; len(o.Faults) > 0; {
		f := draw(chance, o.Faults[chance.IntN(len(o.Faults))], o.Hosts)
		f.At = at
		if f.end() > o.Duration-o.Rest {
			break
		}
		all = append(all, f)
		if at = f.end() + o.Rest; o.Overlap {
			at = f.At + between(chance, 0, f.Last+o.Rest)
		}
	}
	slices.SortStableFunc(all, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return all
}

// draw makes a fault of a kind among 2 or more hosts.
func draw(chance *rand.Rand, k Kind, hosts int) Fault {
	f := Fault{Kind: k, Last: between(chance, span[k].least, span[k].most)}
	shuffled := chance.Perm(hosts)
	for i := range shuffled {
		shuffled[i]++
	}
	some := 1 + chance.IntN(hosts-1) // of them, and not all
	switch k {
	case Kill, Leave, Pause, Down:
		f.Hosts = shuffled[:1]
	case Restarts:
		f.Hosts, f.Times = shuffled[:1], 2+chance.IntN(4)
	case Loss:
		f.Hosts, f.Percent = sorted(shuffled[:1+chance.IntN(hosts)]), losses[chance.IntN(len(losses))]
	case OneWay:
		f.Hosts, f.Others = sorted(shuffled[:some]), sorted(shuffled[some:])
	case Partition:
		f.Groups = [][]int{sorted(shuffled[:some]), sorted(shuffled[some:])}
		if second := f.Groups[1]; len(second) > 1 && chance.IntN(3) == 0 {
			f.Groups = append(f.Groups[:1], second[:1], second[1:])
		}
	}
	return f
}

func sorted(hosts []int) []int { return slices.Sorted(slices.Values(hosts)) }

// between is a time from least to most, in whole milliseconds.
func between(chance *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(chance.Int64N(int64(most-least)/1e6+1))*time.Millisecond
}
