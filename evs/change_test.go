package evs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// diary is all that one handle has received, in order, written by one goroutine.
type diary struct {
	id ProcessorID
	p  *Processor
	h  *Handle

	mu      sync.Mutex
	entries []entry
	changed chan struct{} // closed and replaced with each entry
	ended   chan struct{}
}

// entry is a message, or a configuration event.
type entry struct {
	received
	config *ConfigChange
}

func (e entry) String() string {
	if c := e.config; c != nil {
		return fmt.Sprintf("%v %v from %v %v left %v joined %v", c.Kind, c.ID, c.From, c.Members, c.Left, c.Joined)
	}
	return fmt.Sprintf("%d.%d %v %q", e.sender, e.number, e.guarantee, e.payload)
}

// keepDiary opens a processor with a handle and writes down what that receives.
func keepDiary(t *testing.T, c Config) *diary {
	t.Helper()
	p, h, err := OpenHandle(testContext(t), c, HandleOptions{}, testGroup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	d := &diary{id: c.ID, p: p, h: h, changed: make(chan struct{}), ended: make(chan struct{})}
	go d.write()
	return d
}

// diaries opens all at once.
func diaries(t *testing.T, cs []Config) []*diary {
	t.Helper()
	ds := make([]*diary, len(cs))
	var wg sync.WaitGroup
	for i, c := range cs {
		wg.Go(func() { ds[i] = keepDiary(t, c) })
	}
	wg.Wait()
	if slices.Contains(ds, nil) {
		t.FailNow()
	}
	return ds
}

func (d *diary) write() {
	defer close(d.ended)
	buf := make([]Event, 64)
	for {
		n, err := d.h.Receive(context.Background(), buf)
		if err != nil {
			return
		}
		d.mu.Lock()
		for _, e := range buf[:n] {
			d.entries = append(d.entries, entry{received{e.Sender, e.Number, e.Guarantee, string(e.Payload)}, e.Config})
		}
		close(d.changed)
		d.changed = make(chan struct{})
		d.mu.Unlock()
	}
}

// all is what is in the diary so far.
func (d *diary) all() []entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.entries)
}

// until waits until the diary fulfils a condition.
func (d *diary) until(t *testing.T, what string, f func([]entry) bool) {
	t.Helper()
	ctx := testContext(t)
	for {
		d.mu.Lock()
		ok, changed := f(d.entries), d.changed
		d.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("processor %d: no %s\n%s\n%v", d.id, what, d.outline(), d.p.Stats().Member)
		}
	}
}

// untilMembers waits for a last configuration of these.
func untilMembers(t *testing.T, ds []*diary, ids ...ProcessorID) {
	t.Helper()
	for _, d := range ds {
		d.until(t, fmt.Sprint("configuration of ", ids), func(es []entry) bool {
			for _, e := range slices.Backward(es) {
				if e.config != nil && e.config.Kind == Regular {
					return slices.Equal(memberIDs(e.config.Members), ids)
				}
			}
			return false
		})
	}
}

// untilReceived waits for a message of each of these senders with a payload.
func untilReceived(t *testing.T, ds []*diary, payload string, senders ...ProcessorID) {
	t.Helper()
	for _, d := range ds {
		for _, id := range senders {
			d.until(t, fmt.Sprintf("message %q of %d", payload, id), func(es []entry) bool {
				return slices.ContainsFunc(es, func(e entry) bool { return e.config == nil && e.sender == id && e.payload == payload })
			})
		}
	}
}

// outline is the configuration events with the number of messages between.
func (d *diary) outline() string {
	var b strings.Builder
	n := 0
	for _, e := range d.all() {
		if n++; e.config != nil {
			fmt.Fprintf(&b, "  … %d messages\n  %v\n", n-1, e)
			n = 0
		}
	}
	fmt.Fprintf(&b, "  … %d messages", n)
	return b.String()
}

// load sends from each until stopped: of all guarantees, of one datagram and of
// several. stop returns how many messages each has sent.
type load struct {
	stopping atomic.Bool
	wg       sync.WaitGroup
	sent     []uint64
}

func startLoad(t *testing.T, ds []*diary) *load {
	l := &load{sent: make([]uint64, len(ds))}
	for i, d := range ds {
		l.wg.Go(func() {
			for k := 0; !l.stopping.Load(); k++ {
				b := fmt.Appendf(nil, "%d", k)
				if k%16 == 0 {
					b = append(b, make([]byte, 10_000)...)
				}
				n, err := d.h.McastJoined(context.Background(), Guarantee(k%4), b)
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil && !errors.Is(err, ErrWouldBlock) {
					t.Errorf("processor %d: %v", d.id, err)
					return
				}
				l.sent[i] = max(l.sent[i], n)
				if k%8 == 0 {
					time.Sleep(time.Millisecond) // a load, not a flood
				}
			}
		})
	}
	return l
}

func (l *load) stop() []uint64 {
	l.stopping.Store(true)
	l.wg.Wait()
	return l.sent
}

// mark sends a message from each until all have one of all. One may not be
// enough: on a busy machine a processor is taken for failed now and then.
func mark(t *testing.T, ds []*diary, payload string) {
	t.Helper()
	for attempt := 1; ; attempt++ {
		text := fmt.Sprint(payload, attempt)
		for _, d := range ds {
			if _, err := d.h.McastJoined(testContext(t), Safe, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if attempt == 20 || haveAll(ds, text, 2*time.Second) {
			var ids []ProcessorID
			for _, d := range ds {
				ids = append(ids, d.id)
			}
			untilReceived(t, ds, text, ids...)
			return
		}
	}
}

// haveAll says whether all receive a message of all within a time.
func haveAll(ds []*diary, payload string, limit time.Duration) bool {
	late := time.After(limit)
	for _, d := range ds {
		for {
			d.mu.Lock()
			n, changed := 0, d.changed
			for _, e := range slices.Backward(d.entries) {
				if e.config == nil && e.payload == payload {
					n++
				}
			}
			d.mu.Unlock()
			if n >= len(ds) {
				break
			}
			select {
			case <-changed:
			case <-late:
				return false
			}
		}
	}
	return true
}

// passage is what was received in one regular configuration, up to the next.
type passage struct {
	owner   ProcessorID
	ordered []string // with the transitional event in its place
	all     []string // whatever the guarantee, sorted
}

// judge checks what the diaries promise together: whoever went from one
// configuration to another together has received the same between, and what is
// ordered in the same order; in the last configuration one is ahead of the
// other. Each diary by itself is checked too.
func judge(t *testing.T, ds []*diary) {
	t.Helper()
	type way struct{ from, to ConfigID }
	first := map[way]*passage{}
	for _, d := range ds {
		entries := d.all()
		checkDiary(t, d.id, entries)
		var from ConfigID
		p := &passage{owner: d.id}
		for _, e := range entries {
			if e.config == nil && e.guarantee >= Agreed || e.config != nil && e.config.Kind == Transitional {
				p.ordered = append(p.ordered, e.String())
			}
			p.all = append(p.all, e.String())
			if c := e.config; c != nil && c.Kind == Regular {
				slices.Sort(p.all)
				q := first[way{from, c.ID}]
				if q != nil && from != (ConfigID{}) && (!slices.Equal(p.ordered, q.ordered) || !slices.Equal(p.all, q.all)) {
					t.Errorf("processors %d and %d differ between %v and %v", q.owner, d.id, from, c.ID)
				}
				first[way{from, c.ID}] = p
				from, p = c.ID, &passage{owner: d.id}
			}
		}
		if q := first[way{from, ConfigID{}}]; q != nil {
			n := min(len(p.ordered), len(q.ordered))
			if !slices.Equal(p.ordered[:n], q.ordered[:n]) {
				t.Errorf("processors %d and %d differ in %v", q.owner, d.id, from)
			}
		}
		first[way{from, ConfigID{}}] = p
	}
}

// checkDiary checks what one diary promises by itself.
func checkDiary(t *testing.T, id ProcessorID, entries []entry) {
	t.Helper()
	var ms []received
	var now *ConfigChange // the last regular one
	var before *ConfigChange
	for i, e := range entries {
		c := e.config
		switch {
		case i == 0 && (c == nil || c.Kind != Regular || c.From != ConfigID{}):
			t.Errorf("processor %d begins with %v", id, e)
		case c == nil:
			ms = append(ms, e.received)
		case c.Kind == Transitional:
			if before != nil || c.From != now.ID || len(c.Joined) > 0 || len(c.Members)+len(c.Left) != len(now.Members) {
				t.Errorf("processor %d: %v after %v", id, e, now)
			}
			before = c
		default:
			if now != nil && (before == nil || before.ID != c.ID || c.From != now.ID ||
				len(c.Members) != len(before.Members)+len(c.Joined)) {
				t.Errorf("processor %d: %v after %v", id, e, now)
			}
			now, before = c, nil
		}
	}
	checkFIFO(t, ms)
}

// checkOwn: whatever happens, what a processor that lives has sent comes to
// itself, in one configuration or the next.
func checkOwn(t *testing.T, ds []*diary, sent []uint64) {
	t.Helper()
	for _, d := range ds {
		got := map[uint64]bool{}
		for _, e := range d.all() {
			if e.config == nil && e.sender == d.id {
				got[e.number] = true
			}
		}
		for n := uint64(1); n <= sent[d.id-1]; n++ {
			if !got[n] {
				t.Errorf("processor %d lacks its message %d, of %d", d.id, n, sent[d.id-1])
				break
			}
		}
	}
}

// TestOpenHandle: whoever opens with a handle misses nothing, from the first
// configuration on.
func TestOpenHandle(t *testing.T) {
	cs := configs(t, 3, multicast)
	ds := make([]*diary, len(cs))
	var wg sync.WaitGroup
	for i, c := range cs {
		wg.Go(func() {
			if ds[i] = keepDiary(t, c); ds[i] == nil {
				return
			}
			for k := range 100 {
				if _, err := ds[i].h.McastJoined(testContext(t), Agreed, fmt.Append(nil, k)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	mark(t, ds, "end")
	judge(t, ds)
	checkOwn(t, ds, []uint64{101, 101, 101})
	for _, d := range ds {
		if n := len(d.all()); len(d.p.Configuration().Members) == 3 && n < 304 {
			t.Errorf("processor %d received %d events", d.id, n)
		}
	}
	if _, _, err := OpenHandle(testContext(t), cs[0], HandleOptions{QueueBytes: -1}); err == nil {
		t.Error("a negative QueueBytes was accepted")
	}
	if _, _, err := OpenHandle(testContext(t), Config{ID: 1}, HandleOptions{}, make([]Group, 2*MaxGroups)...); err != nil {
		t.Errorf("one group many times: %v", err)
	}
}

// TestCrash: when a member is gone, the others go on in a configuration without
// it, having received the same, and nothing of theirs is lost or doubled.
func TestCrash(t *testing.T) {
	for _, tr := range []transport{multicast, unicast} {
		for _, victim := range []int{0, 2} { // the sequencer, and another
			t.Run(fmt.Sprintf("%s/%d", tr, victim+1), func(t *testing.T) {
				cs := configs(t, 3, tr)
				ds := diaries(t, cs)
				l := startLoad(t, ds)
				untilReceived(t, ds, "20", 1, 2, 3)
				ds[victim].p.Close()
				rest := slices.Delete(slices.Clone(ds), victim, victim+1)
				untilMembers(t, rest, rest[0].id, rest[1].id)
				if err := rest[0].h.Flush(testContext(t)); err != nil {
					t.Errorf("Flush after the change: %v", err)
				}
				sent := l.stop()
				mark(t, rest, "end")
				judge(t, ds)
				checkOwn(t, rest, sent)
				for _, d := range rest {
					if !slices.ContainsFunc(d.all(), func(e entry) bool {
						return e.config != nil && e.config.Kind == Regular && slices.Contains(e.config.Left, ds[victim].p.Self())
					}) {
						t.Errorf("processor %d was not told who left\n%s", d.id, d.outline())
					}
				}
			})
		}
	}
}

// TestJoinUnderLoad: a processor that comes later is taken in while the others
// send; it knows one of them only.
func TestJoinUnderLoad(t *testing.T) {
	for _, tr := range []transport{multicast, unicast} {
		t.Run(string(tr), func(t *testing.T) {
			cs := configs(t, 3, tr)
			for i := range cs {
				cs[i].Start = cs[i].Start[:2]
			}
			cs[2].Start = nil
			if tr == unicast {
				cs[0].Peers, cs[1].Peers, cs[2].Peers = cs[0].Peers[:2], cs[1].Peers[:2], cs[2].Peers[:1]
			}
			ds := diaries(t, cs[:2])
			l := startLoad(t, ds)
			untilReceived(t, ds, "20", 1, 2)
			ds = append(ds, keepDiary(t, cs[2]))
			untilMembers(t, ds, 1, 2, 3)
			if first := ds[2].p.Configuration(); len(first.Members) != 3 && len(first.Members) != 1 {
				t.Errorf("the newcomer is in %v", entry{config: &first})
			}
			sent := l.stop()
			mark(t, ds, "end")
			judge(t, ds)
			checkOwn(t, ds[:2], sent)
		})
	}
}

// TestPartitionAndMerge: both sides of a parted network go on, and find together
// again when it heals; what is sent all the while arrives once, and at all that
// were there.
func TestPartitionAndMerge(t *testing.T) {
	n, cs := hubConfigs(t, 4)
	ds := diaries(t, cs)
	untilMembers(t, ds, 1, 2, 3, 4)
	l := startLoad(t, ds)
	for round := range 3 {
		mark(t, ds, fmt.Sprint("together ", round))
		n.part(cs[:2], cs[2:])
		untilMembers(t, ds[:2], 1, 2)
		untilMembers(t, ds[2:], 3, 4)
		n.part()
		untilMembers(t, ds, 1, 2, 3, 4)
	}
	sent := l.stop()
	mark(t, ds, "end")
	judge(t, ds)
	checkOwn(t, ds, sent)
}

// TestLeaveNeedsNoTimeOut: who leaves is missed at once, though silence would be
// noticed only after minutes, and what it sent has arrived.
func TestLeaveNeedsNoTimeOut(t *testing.T) {
	for _, leaver := range []int{0, 2} { // the sequencer, and another
		cs := configs(t, 3, multicast)
		for i := range cs {
			cs[i].Detect, cs[i].Heartbeat = 5*time.Minute, 20*time.Millisecond
		}
		ds := diaries(t, cs)
		l := startLoad(t, ds)
		untilReceived(t, ds, "20", 1, 2, 3)
		if err := ds[leaver].p.Leave(testContext(t)); err != nil {
			t.Errorf("Leave: %v", err)
		}
		rest := slices.Delete(slices.Clone(ds), leaver, leaver+1)
		untilMembers(t, rest, rest[0].id, rest[1].id)
		sent := l.stop()
		mark(t, rest, "end")
		judge(t, ds)
		checkOwn(t, ds, sent)
	}
}

// TestStalledApplication: an application that receives nothing delays no
// configuration of the others, and finds all in order when it does.
func TestStalledApplication(t *testing.T) {
	n, cs := hubConfigs(t, 4)
	p, stalled, err := OpenHandle(testContext(t), cs[3], HandleOptions{}, testGroup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	ds := diaries(t, cs[:3])
	untilMembers(t, ds, 1, 2, 3, 4)
	for round := range 3 {
		mark(t, ds, fmt.Sprint("before ", round))
		n.part(cs[:2], cs[2:])
		untilMembers(t, ds[:2], 1, 2)
		untilMembers(t, ds[2:], 3, 4)
		mark(t, ds[:2], fmt.Sprint("apart ", round))
		n.part()
		untilMembers(t, ds, 1, 2, 3, 4)
	}
	mark(t, ds, "end")
	late := &diary{id: 4, p: p, h: stalled, changed: make(chan struct{}), ended: make(chan struct{})}
	go late.write()
	ds = append(ds, late)
	mark(t, ds, "together")
	judge(t, ds)
	if c := ds[3].p.Configuration(); c.ID != ds[0].p.Configuration().ID {
		t.Errorf("the stalled one is in %v", c.ID)
	}
}

// TestLoanOverChanges: memory that was lent comes back, once, though the
// configuration changed with the message on its way.
func TestLoanOverChanges(t *testing.T) {
	n, cs := hubConfigs(t, 3)
	ds := diaries(t, cs[1:])
	p, h, err := OpenHandle(testContext(t), cs[0], HandleOptions{}, testGroup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	untilMembers(t, ds, 1, 2, 3)
	const loans = 60
	lent := map[uint64][]byte{}
	for i := range loans {
		if i == loans/3 {
			n.part(cs[:1], cs[1:])
		}
		b := []byte(strings.Repeat(fmt.Sprintf("%3d", i), 2000))
		number, err := h.LendGroups(testContext(t), Guarantee(i%4), []Group{testGroup}, [][]byte{b[:100], b[100:]})
		if err != nil {
			t.Fatal(err)
		}
		lent[number] = b
		if i == loans/2 {
			n.part()
		}
	}
	delivered := 0
	buf := make([]Event, 16)
	for len(lent) > 0 {
		k, err := h.Receive(testContext(t), buf)
		if err != nil {
			t.Fatalf("%v; %d of %d loans are out", err, len(lent), loans)
		}
		for _, e := range buf[:k] {
			switch e.Kind {
			case Deliver:
				if string(e.Payload) != string(lent[e.Number]) {
					t.Errorf("message %d came with other bytes, or after its release", e.Number)
				}
				delivered++
			case Released:
				if lent[e.Number] == nil {
					t.Errorf("message %d was released twice", e.Number)
				}
				delete(lent, e.Number)
			}
		}
	}
	if delivered != loans {
		t.Errorf("%d of %d messages were delivered to their sender", delivered, loans)
	}
	judge(t, ds)
}

// TestLateHandle: a handle that is opened later begins with the present
// configuration and sees the next ones.
func TestLateHandle(t *testing.T) {
	n, cs := hubConfigs(t, 2)
	ds := diaries(t, cs)
	untilMembers(t, ds, 1, 2)
	n.part(cs[:1], cs[1:])
	untilMembers(t, ds[:1], 1)
	h := newHandle(t, ds[0].p, testGroup)
	n.part()
	untilMembers(t, ds, 1, 2)
	var kinds []Kind
	var sizes []int
	for e, err := range h.Events(testContext(t)) {
		if err != nil {
			t.Fatal(err)
		}
		kinds, sizes = append(kinds, e.Kind), append(sizes, len(e.Config.Members))
		if len(kinds) == 3 {
			break
		}
	}
	if !slices.Equal(kinds, []Kind{Regular, Transitional, Regular}) || !slices.Equal(sizes, []int{1, 1, 2}) {
		t.Errorf("events %v with %v members", kinds, sizes)
	}
}

// TestMoreMembersThanExpected: a configuration of more members than memory was
// provided for works, also when all send their longest messages at once.
func TestMoreMembersThanExpected(t *testing.T) {
	cs := configs(t, 7, multicast)
	for i := range cs {
		cs[i].Members, cs[i].MaxMessageBytes = 1, 64<<10
		cs[i].ReassemblyBytes = leastReassembly(1, cs[i].MaxMessageBytes)
	}
	hs := handles(t, open(t, cs))
	const each = 40
	var wg sync.WaitGroup
	for _, h := range hs {
		wg.Go(func() {
			for range each {
				if _, err := h.McastJoined(testContext(t), Agreed, make([]byte, 64<<10)); err != nil {
					t.Error(err)
					return
				}
			}
		})
		wg.Go(func() { collect(t, h, each*len(hs)) })
	}
	wg.Wait()
}
