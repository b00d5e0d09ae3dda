package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"stampede/bench/cclient"
	"stampede/evs"
	"stampede/internal/testenv"
)

// deliverer compiles the check of the load client in C.
func deliverer(t *testing.T) string {
	t.Helper()
	testenv.NeedCommand(t, "gcc")
	path := filepath.Join(t.TempDir(), "deliver")
	const client = "cclient/client"
	out, err := exec.Command("gcc", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover=all",
		"-I"+client, "-o", path, "testdata/deliver.c", client+"/check.c", client+"/histogram.c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// toldInC is what the check in C makes of events.
type toldInC struct {
	counts   []bool
	complete bool
	digest   digest
	bars     []cclient.Bar
}

func deliverInC(t *testing.T, path string, events []evs.Event, size, senders, clients int, g evs.Guarantee) (told toldInC) {
	t.Helper()
	var in bytes.Buffer
	for _, e := range events {
		for _, v := range []uint64{uint64(e.Sender), e.Number, uint64(len(e.Payload))} {
			in.Write(binary.NativeEndian.AppendUint64(nil, v))
		}
		in.Write(e.Payload)
	}
	cmd := exec.Command(path, strconv.Itoa(size), strconv.Itoa(int(g)), strconv.Itoa(senders), strconv.Itoa(clients))
	cmd.Stdin = &in
	var wrong strings.Builder
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &wrong)
	}
	for line := range strings.Lines(string(out)) {
		told.line(t, line)
	}
	return told
}

func (told *toldInC) line(t *testing.T, line string) {
	t.Helper()
	var word string
	var n int
	var s seen
	var b cclient.Bar
	fmt.Sscan(line, &word)
	var err error
	switch d := &told.digest; word {
	case "counts":
		_, err = fmt.Sscan(line, &word, &n)
		told.counts = append(told.counts, n == 1)
	case "complete":
		_, err = fmt.Sscan(line, &word, &n)
		told.complete = n == 1
	case "order":
		_, err = fmt.Sscan(line, &word, &d.Chain, &d.Damaged, &d.Disordered, &d.Foreign)
	case "sender":
		_, err = fmt.Sscan(line, &word, &s.Distinct, &s.Duplicates, &s.Chain, &s.Last)
		d.Senders = append(d.Senders, s)
	case "all":
		_, err = fmt.Sscan(line, &word, &b.Value, &b.Count)
		told.bars = append(told.bars, b)
	default:
		err = fmt.Errorf("no such word")
	}
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
}

// spoil drops, doubles, swaps, damages and foists by chance.
func spoil(chance *rand.Rand, events []evs.Event) []evs.Event {
	events = slices.Clone(events)
	for range chance.IntN(8) {
		i, k := chance.IntN(len(events)), chance.IntN(len(events))
		switch chance.IntN(7) {
		case 0:
			events = slices.Delete(events, i, i+1)
		case 1:
			events = slices.Insert(events, k, events[i])
		case 2:
			events[i], events[k] = events[k], events[i]
		case 3:
			events[i].Payload = slices.Clone(events[i].Payload)
			if n := len(events[i].Payload); n > 0 {
				events[i].Payload[chance.IntN(n)] ^= 1 << chance.IntN(8)
			}
		case 4:
			events[i].Payload = append(slices.Clone(events[i].Payload), 0)
		case 5:
			events[i].Sender = evs.ProcessorID(chance.IntN(6))
		case 6: // as if so many had been lost
			for sender, lost := events[i].Sender, []uint64{9, 1 << 24, 1 << 25}[chance.IntN(3)]; i < len(events); i++ {
				if events[i].Sender == sender {
					events[i].Number += lost
				}
			}
		}
	}
	return events
}

// Clients in Go and in C that saw the same tell the same, whatever that was.
func TestChecksInGoAndCAgree(t *testing.T) {
	path := deliverer(t)
	for seed := range uint64(100) {
		chance := rand.New(rand.NewPCG(seed, 4))
		size := []int{0, 1, 7, 8, 15, 16, 17, 23, 24, 64}[chance.IntN(10)]
		clients := 1 + chance.IntN(2)
		g := guarantees[chance.IntN(len(guarantees))].meaning
		events := sent(chance, testSenders, testCount, size)
		if seed%4 > 0 {
			events = spoil(chance, events)
		}
		k := newCheck(size, testSenders, clients, g)
		want := toldInC{}
		for i := range events {
			want.counts = append(want.counts, k.deliver(&events[i]))
		}
		want.complete, want.digest = k.complete(), k.digest()
		got := deliverInC(t, path, events, size, testSenders, clients, g)
		got.bars = nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d, %d B, %v, %d clients: in C\n%+v, in Go\n%+v", seed, size, g, clients, got, want)
		}
	}
}

// Latencies that were put into bars in C have the quantiles that they have in Go.
func TestHistogramsInGoAndCAgree(t *testing.T) {
	path := deliverer(t)
	const seed = 5
	chance := rand.New(rand.NewPCG(seed, 0))
	want := hdrhistogram.New(1, longest, 3)
	var events []evs.Event
	for range 1000 {
		ns := chance.Int64N(1 << chance.IntN(40))
		events = append(events, evs.Event{Sender: 1, Number: uint64(ns)})
		want.RecordValue(max(1, ns))
	}
	got := histogramOf(deliverInC(t, path, events, 0, 1, 1, evs.Unordered).bars)
	for _, q := range []float64{0, 1, 25, 50, 90, 99, 99.9, 100} {
		if a, b := got.ValueAtQuantile(q), want.ValueAtQuantile(q); a != b {
			t.Errorf("%g %%: %d, not %d", q, a, b)
		}
	}
	if got.TotalCount() != want.TotalCount() {
		t.Errorf("%d values, not %d", got.TotalCount(), want.TotalCount())
	}
}
