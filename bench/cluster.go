package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// cluster is the parent's side of the conversation with all hosts of one run.
type cluster struct {
	conns   []*conn
	lines   []*lines
	reports chan hostReport
	kill    context.CancelFunc
	killed  <-chan struct{}
	ended   int            // conns whose host is known to have ended
	doomed  int            // host that is killed on purpose, from 1; 0 = none
	struck  atomic.Bool    // it was
	gone    bool           // and is known to have ended
	ears    sync.WaitGroup // one a conn
}

// hostReport is what a host wrote, or how it ended.
type hostReport struct {
	host int // from 0
	report
	err error
}

// errAgain is wrapped when another try may go better.
var errAgain = errors.New("failed, also when tried again")

// startCluster starts the hosts of assignments and gives them out. Whatever it
// returns must be stopped.
func startCluster(ctx context.Context, start launcher, assignments []assignment) (*cluster, error) {
	ctx, kill := context.WithCancel(ctx)
	c := &cluster{kill: kill, killed: ctx.Done(), reports: make(chan hostReport)}
	for i := range assignments {
		conn, err := start(ctx, i+1)
		if err != nil {
			return c, fmt.Errorf("host %d: %w", i+1, err)
		}
		c.conns = append(c.conns, conn)
		c.lines = append(c.lines, newLines(conn.out, conn.in))
		in := c.lines[i]
		c.ears.Go(func() { c.listen(i, conn, in) })
		if err := c.lines[i].write(order{Assignment: &assignments[i]}); err != nil {
			return c, fmt.Errorf("host %d: %w", i+1, err)
		}
	}
	return c, nil
}

// listen passes on what a host reports, and last of all how it ended.
func (c *cluster) listen(host int, conn *conn, in *lines) {
	tell := func(r hostReport) {
		select {
		case c.reports <- r:
		case <-c.killed:
		}
	}
	for {
		r := hostReport{host: host}
		if err := in.read(&r.report); err != nil {
			r.err = died(err, conn.wait())
			tell(r)
			return
		}
		tell(r)
	}
}

// died is the error that stands for the end of a host.
func died(reading, waiting error) error {
	var garbage *json.SyntaxError
	switch {
	case waiting != nil:
		return fmt.Errorf("died: %w", waiting)
	case errors.As(reading, &garbage):
		return fmt.Errorf("died: it wrote something that is no report: %w", reading)
	}
	return errors.New("died: it ended before its time")
}

// strike has a host, from 1, killed at a time of the shared clock. What it
// returns calls that off.
func (c *cluster) strike(host int, at int64) (off func() bool) {
	c.doomed = host
	return time.AfterFunc(time.Duration(at-now()), func() {
		c.struck.Store(true)
		c.conns[host-1].kill()
	}).Stop
}

// isGone tells whether a host, from 0, was killed on purpose.
func (c *cluster) isGone(host int) bool { return c.gone && host+1 == c.doomed }

// tellAll gives every host the same order.
func (c *cluster) tellAll(o order) error {
	for i, l := range c.lines {
		if c.isGone(i) {
			continue
		}
		if err := l.write(o); err != nil {
			return fmt.Errorf("host %d: %w", i+1, err)
		}
	}
	return nil
}

// gather waits until every host has reported what is expected, and returns
// the reports by host, of one that was killed on purpose an empty one. Progress
// goes to watch.
func (c *cluster) gather(ctx context.Context, what string, expected func(*report) bool, patience time.Duration, watch func(host int, p *progress)) ([]report, error) {
	all := make([]report, len(c.conns))
	waiting := make(map[int]bool, len(all))
	for i := range all {
		if !c.isGone(i) {
			waiting[i] = true
		}
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for len(waiting) > 0 {
		select {
		case r := <-c.reports:
			switch {
			case r.err != nil && r.host+1 == c.doomed && c.struck.Load():
				c.ended++
				c.gone = true
				delete(waiting, r.host)
			case r.err != nil:
				c.ended++
				return nil, fmt.Errorf("host %d %w", r.host+1, r.err)
			case r.Failed != nil && r.Failed.Again:
				return nil, fmt.Errorf("host %d: %w: %s", r.host+1, errAgain, r.Failed.Reason)
			case r.Failed != nil:
				return nil, fmt.Errorf("host %d: %s", r.host+1, r.Failed.Reason)
			case r.Progress != nil:
				watch(r.host, r.Progress)
			case !waiting[r.host] || !expected(&r.report):
				return nil, fmt.Errorf("host %d: a report out of turn", r.host+1)
			default:
				all[r.host] = r.report
				delete(waiting, r.host)
			}
		case <-late.C:
			return nil, fmt.Errorf("%d of %d hosts were not %s within %v", len(waiting), len(all), what, patience)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return all, nil
}

// How long the hosts may take for what needs no measuring.
const (
	readyPatience  = 20 * time.Second
	answerPatience = 20 * time.Second
	endPatience    = 3 * time.Second

	// Corosync's ring forms after several seconds, more on a busy machine.
	peerPatience = 60 * time.Second
)

func (s *Scenario) readyPatience() time.Duration {
	if engines.of(s.Engine).peer() {
		return peerPatience
	}
	return readyPatience
}

// stop ends the hosts: by the end of their input and, those that do not heed
// it, by force.
func (c *cluster) stop() {
	for _, conn := range c.conns {
		conn.in.Close()
	}
	late := time.NewTimer(endPatience)
	defer late.Stop()
	for waiting := true; waiting && c.ended < len(c.conns); {
		select {
		case r := <-c.reports:
			if r.err != nil {
				c.ended++
			}
		case <-late.C:
			waiting = false
		case <-c.killed:
			waiting = false
		}
	}
	c.kill()
	c.ears.Wait()
}
