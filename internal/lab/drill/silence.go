package drill

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"stampede/internal/trace"
)

// Silence is a time in which a host delivered nothing, of several guarantees
// nothing of the strictest, which waits for most.
type Silence struct {
	Host int
	Last time.Duration
	Open bool // it had not ended when the time that was looked at did
}

// story is what one life of a processor did, and when.
type story struct {
	first, last int64   // times of its first and its last event, ns
	all         []int64 // when messages were delivered
	// Of the guarantee that is of interest:
	sent      []int64  // when messages were handed in
	delivered []int64  // when messages were delivered
	senders   []uint32 // whose these were

	changes []change
}

// change is the event of a configuration.
type change struct {
	at           int64
	transitional bool
	config       trace.Config
	members      []uint32
}

// readStory reads a whole trace of one life, from which half a line at the end
// may be missing. One guarantee is of particular interest.
func readStory(ctx context.Context, path string, g trace.Guarantee) (*story, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return &story{}, nil // it was killed before it began
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, lines := &story{}, trace.NewReader(f, path)
	var e trace.Event
	for n := 0; ; n++ {
		if n%(1<<12) == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		switch err := lines.Next(&e); err {
		case nil:
			s.add(&e, g)
		case io.EOF:
			return s, nil
		default:
			return nil, err
		}
	}
}

func (s *story) add(e *trace.Event, g trace.Guarantee) {
	if s.first == 0 {
		s.first = e.Time
	}
	s.last = e.Time
	if e.Kind == trace.Deliver {
		s.all = append(s.all, e.Time)
	}
	switch {
	case e.Kind == trace.Deliver && e.Guarantee == g:
		s.delivered, s.senders = append(s.delivered, e.Time), append(s.senders, e.Message.Sender.ID)
	case e.Kind == trace.Send && e.Guarantee == g:
		s.sent = append(s.sent, e.Time)
	case e.Kind == trace.Change:
		s.changes = append(s.changes, change{e.Time, e.View == trace.Transitional, e.Config, slices.Clone(e.Members)})
	}
}

// strictest is of guarantees with commas between them the one that waits for
// most. None is what `stampede node` takes then.
func strictest(words string) trace.Guarantee {
	for g := trace.Safe; g > trace.Unordered; g-- {
		if slices.Contains(strings.Split(words, ","), g.String()) {
			return g
		}
	}
	if words == "" {
		return trace.Agreed
	}
	return trace.Unordered
}

// past is all that a host did.
type past struct {
	host  int
	lives []*story
	away  []absence
}

func (c *cluster) readStories(ctx context.Context) (all []past, err error) {
	g := strictest(c.o.Guarantee)
	for _, h := range c.hosts[1:] {
		p := past{host: h.id, away: h.away}
		for _, path := range h.traces {
			s, err := readStory(ctx, path, g)
			if err != nil {
				return nil, err
			}
			p.lives = append(p.lives, s)
		}
		all = append(all, p)
	}
	return all, nil
}

// through is the life that lasted from one moment to another and could take
// part all the time, or nil.
func (p *past) through(from, to int64) *story {
	for _, a := range p.away {
		if a.from < to && (a.to == 0 || a.to > from) {
			return nil
		}
	}
	for _, s := range p.lives {
		if s.first != 0 && s.first <= from && s.last >= to {
			return s
		}
	}
	return nil
}

// longest is the longest time within a window in which nothing was delivered,
// and when that began.
func longest(delivered []int64, from, to int64) (last time.Duration, began int64, open bool) {
	at, _ := slices.BinarySearch(delivered, from)
	since := from
	for _, t := range delivered[at:] {
		if t >= to {
			break
		}
		if d := time.Duration(t - since); d > last {
			last, began = d, since
		}
		since = t
	}
	if rest := time.Duration(to - since); rest > last {
		return rest, since, true
	}
	return last, began, false
}

// silences are those of the hosts that took part in a whole window, the
// longest first.
func silences(all []past, from, to int64) (found []Silence) {
	for i := range all {
		if s := all[i].through(from, to); s != nil {
			last, _, open := longest(s.delivered, from, to)
			found = append(found, Silence{all[i].host, last, open})
		}
	}
	slices.SortStableFunc(found, func(a, b Silence) int { return cmp.Compare(b.Last, a.Last) })
	return found
}

// measure finds the silences after each fault: until the next one begins, or
// until end. A life that was told to leave at end has events after it.
func measure(done []Done, all []past, end int64) {
	for i := range done {
		d, until := &done[i], end
		if i+1 < len(done) {
			until = done[i+1].Began
		}
		d.Silences = silences(all, d.Began, until)
		if d.Ended != 0 && d.Ended < until {
			d.Later = silences(all, d.Ended, until)
		}
	}
}
