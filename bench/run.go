package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"stampede/bench/cclient"
)

// Options say what to run and how to show it.
type Options struct {
	*Plan
	// Host is the command of a process that calls Host: this very program,
	// as a rule, and an argument that tells it so.
	Host []string
	// Daemon is the command of a process that calls Daemon.
	Daemon []string
	// Version is that of the program, for the results.
	Version string
	// Table gets a row for every run; Progress what is going on, in one line
	// over and over if Live, else in a line a second.
	Table, Progress io.Writer
	Live            bool
}

// Run runs the scenarios one after the other and returns a result for each
// that was finished. Those that need what is not installed here are left out, and
// the table says so. A run that failed has its reason in its result; an error
// says why not all were run: a scenario is invalid, its place cannot be had, or
// ctx ended.
func Run(ctx context.Context, o Options) ([]Result, error) {
	for i := range o.Runs {
		if err := o.Runs[i].Validate(); err != nil {
			return nil, err
		}
	}
	r := &runner{env: newEnvironment(o.Version), show: newProgress(o.Progress, o.Live), newPlace: newPlace, lead: lead, stalled: stalled, daemon: o.Daemon}
	r.launch = func(p place, hosts int) launcher {
		return func(ctx context.Context, n int) (*conn, error) {
			cmd := p.command(ctx, n, o.Host[0], o.Host[1:]...)
			giveShare(cmd, hosts)
			return startProcess(cmd)
		}
	}
	for _, line := range o.LeftOut {
		fmt.Fprintln(o.Table, line)
	}
	r.base = &o.Base
	scenarios, err := r.provide(ctx, o.Runs, o.Table)
	if err != nil {
		return nil, err
	}
	return r.runAll(ctx, scenarios, o.Table)
}

// runner runs scenarios.
type runner struct {
	env      Environment
	base     *Scenario // of a plan's runs; nil: the first
	show     *progressLine
	newPlace func(context.Context, *Scenario) (place, error)
	launch   func(p place, hosts int) launcher
	lead     time.Duration // from the schedule to the start, for all hosts to read it
	stalled  time.Duration // see schedule
	daemon   []string      // see assignment

	programs map[cclient.Library][]byte // load clients in C, once they are needed
}

// runAll compares the runs that were finished, if not all were.
func (r *runner) runAll(ctx context.Context, scenarios []Scenario, table io.Writer) ([]Result, error) {
	results, err := r.runEach(ctx, scenarios, table)
	relate(results)
	writeSummary(table, results)
	return results, err
}

func (r *runner) runEach(ctx context.Context, scenarios []Scenario, table io.Writer) (results []Result, err error) {
	rows := newTable(table, scenarios)
	for i := range scenarios {
		s := scenarios[i]
		if i == 0 {
			rows.begin(cmp.Or(r.base, &s), len(scenarios), r.env)
		}
		rows.suite(&s)
		if s.Load > 0 {
			s.Rate = min(MaxRate, saturation(results, &s)*s.Load/100/float64(s.Senders))
		}
		p, err := r.newPlace(ctx, &s)
		if err != nil {
			return results, err
		}
		result := r.run(ctx, p, &s)
		r.show.clear()
		err = p.Close()
		if ctx.Err() != nil {
			return results, errors.Join(context.Cause(ctx), err)
		}
		results = append(results, result)
		rows.row(&result)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// lead is enough for processes that are all busy starting.
const lead = 100 * time.Millisecond

// tries is how often a run is tried whose addresses were taken by others, whose
// daemons did not find together, or that shows more than the failover that it
// is to show: on a machine that is overloaded hosts stand still for longer than
// it takes to be given up (evs.Config.Detect).
const tries = 3

func (r *runner) run(ctx context.Context, p place, s *Scenario) Result {
	result := newResult(s, r.env)
	var raw *rawResult
	err := errAgain
	if s.Load > 0 && s.Rate == 0 {
		err = errors.New("no saturation was measured that this could be a share of")
	}
	n := 0
	for ; n < tries && errors.Is(err, errAgain); n++ {
		result = newResult(s, r.env)
		if raw, err = r.try(ctx, p, s); err == nil {
			err = result.add(raw.outs, raw.from, raw.to)
		}
		if err == nil && s.doomed() > 0 && result.Changes > 1 {
			err = fmt.Errorf("%w: one host was killed, and others took each other for dead: %d configuration changes", errAgain, result.Changes)
		}
	}
	if err != nil {
		result = newResult(s, r.env)
		result.Error = err.Error()
	}
	if n > 1 {
		result.Tries = n
	}
	result.withhold()
	return result
}

// rawResult is what hosts and machine tell.
type rawResult struct {
	outs     []*outcome  // of those who live
	from, to machineTime // around the measured time
}

func (r *runner) try(ctx context.Context, p place, s *Scenario) (*rawResult, error) {
	assignments, err := p.assign(s)
	if err != nil {
		return nil, err
	}
	l, _ := s.library()
	for i := range assignments {
		assignments[i].Daemon, assignments[i].Client = r.daemon, r.programs[l]
	}
	c, err := startCluster(ctx, r.launch(p, s.Hosts), assignments)
	defer c.stop()
	if err != nil {
		return nil, err
	}
	return r.converse(ctx, c, s)
}

// converse holds the conversation up to the outcome.
func (r *runner) converse(ctx context.Context, c *cluster, s *Scenario) (*rawResult, error) {
	watch := r.show.watch(s)
	_, err := c.gather(ctx, "ready", func(r *report) bool { return r.Ready }, s.readyPatience(), watch)
	if err != nil {
		return nil, err
	}
	t := newSchedule(s, now()+int64(r.lead))
	t.Stalled = r.stalled
	if err := c.tellAll(order{Schedule: t}); err != nil {
		return nil, err
	}
	if doomed := s.doomed(); doomed > 0 {
		defer c.strike(doomed, t.killTime())()
	}
	raw := &rawResult{}
	machine := raw.readMachine(t)
	patience := r.lead + s.total() + drainPatience + answerPatience
	if _, err := c.gather(ctx, "drained", func(r *report) bool { return r.Drained }, patience, watch); err != nil {
		return nil, err
	}
	if s.doomed() > 0 && !c.gone {
		return nil, fmt.Errorf("host %d was to be killed, and lives", s.doomed())
	}
	if err := c.tellAll(order{Collect: true}); err != nil {
		return nil, err
	}
	reports, err := c.gather(ctx, "done", func(r *report) bool { return r.Outcome != nil }, answerPatience, watch)
	if err != nil {
		return nil, err
	}
	for i := range reports {
		if c.isGone(i) {
			continue
		}
		reports[i].Outcome.Host = i + 1
		reports[i].Outcome.Order.host = i + 1
		for k := range reports[i].Outcome.Others {
			reports[i].Outcome.Others[k].host = i + 1
		}
		if n := len(reports[i].Outcome.Order.Senders); n != s.Senders {
			return nil, fmt.Errorf("host %d: an outcome of %d senders, not %d", i+1, n, s.Senders)
		}
		raw.outs = append(raw.outs, reports[i].Outcome)
	}
	<-machine
	return raw, nil
}

func newSchedule(s *Scenario, start int64) *schedule {
	warm := start + int64(s.Warmup)
	return &schedule{Start: start, Warm: warm, End: warm + int64(s.Duration)}
}

// readMachine reads the machine's time at both ends of the measured time. What
// it returns is closed when it has.
func (raw *rawResult) readMachine(t *schedule) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(time.Duration(t.Warm - now()))
		raw.from = readMachine()
		time.Sleep(time.Duration(t.End - now()))
		raw.to = readMachine()
	}()
	return done
}
