package gauge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stampede/evs"
	"stampede/internal/sim/flood"
)

// sizes of messages, so that they lie in datagrams by the dozen, one by one, and
// in pieces.
var sizes = []int{64, 1350, 8000}

// scenes are the floods that are timed. Few hosts, whose memory the caches hold as
// they hold one host's, tell what datagrams and bytes cost; many what members do.
var few, many = []int{2, 3, 8}, []int{32, 64}

// loop measures what a processor does outside the kernel.
func loop(ctx context.Context, c *flood.Costs, tell func(string, ...any)) error {
	var small, all []flood.Laps
	for _, mtu := range []int{1500, 9000} {
		for _, n := range few {
			for _, size := range sizes {
				l, err := timed(ctx, flood.Run{Hosts: n, Size: size, MTU: mtu}, tell)
				if err != nil {
					return err
				}
				small = append(small, l)
			}
		}
		for _, n := range many {
			l, err := timed(ctx, flood.Run{Hosts: n, Size: 1350, MTU: mtu}, tell)
			if err != nil {
				return err
			}
			all = append(all, l)
		}
	}
	all = append(all, small...)
	judges(small, c)
	c.Steps[flood.Ack] = line(all, flood.Ack, false)
	c.Steps[flood.Deliver] = line(small, flood.Deliver, true)
	c.Steps[flood.Pack] = line(small, flood.Pack, true)
	passes(all, c)
	return take(ctx, c, tell)
}

// timed is the quicker one of two runs.
func timed(ctx context.Context, r flood.Run, tell func(string, ...any)) (best flood.Laps, err error) {
	recorded, t := flood.Recorded(), tick()
	r.Senders = min(r.Hosts, 3)
	tell("protocol: %d hosts, %d bytes, MTU %d", r.Hosts, r.Size, r.MTU)
	for i := range 2 {
		l, err := flood.Time(ctx, r, &recorded, watch, t)
		if err != nil {
			return best, err
		}
		if i == 0 || l.Total() < best.Total() {
			best = l
		}
	}
	return best, nil
}

// judges tells messages at the door from the datagrams that they are in.
func judges(all []flood.Laps, c *flood.Costs) {
	var rows []row
	for i := range all {
		w, l := &all[i].Work, &all[i]
		n := float64(w[flood.Judge].Count)
		rows = append(rows, row{
			[]float64{1, float64(w[flood.Judge].Bytes) / n, float64(w[flood.Frame].Count) / n},
			float64(l.Nanos[flood.Judge]) / n,
		})
	}
	x := fit(rows)
	c.Steps[flood.Judge] = flood.Cost{Each: x[0], Byte: x[1]}
	c.Steps[flood.Frame] = flood.Cost{Each: x[2]}
}

// line is what a step takes that has its time to itself. An acknowledgement's
// bytes are its members', and not told apart.
func line(all []flood.Laps, s flood.Step, byBytes bool) flood.Cost {
	var rows []row
	for i := range all {
		l := &all[i]
		if w := l.Work[s]; w.Count > 1000 && l.Nanos[s] > 0 {
			n := float64(w.Count)
			bytes := float64(w.Bytes) / n
			if !byBytes {
				bytes = 0
			}
			rows = append(rows, row{[]float64{1, bytes, float64(w.Members) / n}, float64(l.Nanos[s]) / n})
		}
	}
	x := fit(rows)
	return flood.Cost{Each: x[0], Byte: x[1], Member: x[2]}
}

// passes tells a step of the protocol from the datagrams in it: own ones, and
// those of others, that get their place.
func passes(all []flood.Laps, c *flood.Costs) {
	var rows []row
	for i := range all {
		l := &all[i]
		p, o := l.Work[flood.Pass], l.Work[flood.Own]
		n := float64(p.Count)
		rows = append(rows, row{
			[]float64{1, float64(p.Members) / n, float64(o.Count) / n, float64(o.Bytes) / n, float64(l.Work[flood.Judge].Count) / n},
			float64(l.Nanos[flood.Pass]) / n,
		})
	}
	x := fit(rows)
	c.Steps[flood.Pass] = flood.Cost{Each: x[0], Member: x[1]}
	c.Steps[flood.Own] = flood.Cost{Each: x[2], Byte: x[3]}
	c.Steps[flood.Judge].Each += x[4]
}

// take measures what is above the protocol: the locks, the handle, the
// application on the loop's goroutine, which looks at every event.
func take(ctx context.Context, c *flood.Costs, tell func(string, ...any)) error {
	var rows []row
	for _, size := range sizes {
		tell("alone: %d bytes", size)
		whole, err := alone(ctx, size)
		if err != nil {
			return err
		}
		r, err := flood.Do(ctx, flood.Run{Hosts: 1, Size: size}, c)
		if err != nil {
			return err
		}
		// Nothing is sent: alone on the loopback interface there are no peers.
		below := r.Nanos * (1 - r.Shares["send"] - r.Shares["take"])
		tell("alone: %d bytes: %.0f ns a message, of them %.0f below", size, whole, below)
		rows = append(rows, row{[]float64{1, float64(size)}, max(whole-below, 1)})
	}
	x := fit(rows)
	c.Steps[flood.Take] = flood.Cost{Each: x[0], Byte: x[1]}
	return nil
}

// alone is the processor time, in ns, of a message that a processor sends to
// itself, as fast as it can.
func alone(ctx context.Context, size int) (float64, error) {
	g, err := evs.GroupOf("gauge")
	if err != nil {
		return 0, err
	}
	p, h, err := evs.OpenHandle(ctx, evs.Config{Cluster: "gauge", ID: 1}, evs.HandleOptions{}, g)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	const warm, times = 200 * time.Millisecond, 5
	body := [][]byte{make([]byte, size)}
	var count, first, cpu int64
	var each []int64
	next := watch() + int64(warm)
	err = h.Serve(ctx, func(events []evs.Event) error {
		for i := range events {
			if events[i].Kind == evs.Deliver {
				count++
			}
		}
		for range 1024 {
			if _, err := h.TryMcastJoined(evs.Agreed, body...); errors.Is(err, evs.ErrAgain) {
				break
			} else if err != nil {
				return err
			}
		}
		if watch() < next {
			return nil
		}
		used, err := processorTime()
		if err != nil {
			return err
		}
		if cpu > 0 && count > first {
			each = append(each, (used-cpu)*1000/(count-first)) // ps
		}
		if len(each) == times {
			return errEnough
		}
		first, cpu, next = count, used, watch()+int64(warm)
		return nil
	})
	if !errors.Is(err, errEnough) {
		return 0, fmt.Errorf("alone: %w", err)
	}
	return median(each) / 1000, nil
}

var errEnough = errors.New("enough")
