package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Request is what is asked for.
type Request struct {
	Suites  []string // names, of which AllSuites is one; none = a run of Base
	Base    Scenario // what the suites do not set; Senders 0 = all hosts
	Engines []string // of what does not name its own
	Repeat  int      // times that everything is run
	Smoke   bool     // few and very short runs, which show that all of it works
}

// Plan is what is to be run, in this order.
type Plan struct {
	Base    Scenario // all runs are as this one but for what their names tell
	Runs    []Scenario
	LeftOut []string // what cannot be, and why
}

// MaxRepeat is enough for any statistics, and keeps a slip of the finger from
// running for ever.
const MaxRepeat = 1000

// Plan makes the list of runs. A suite is run through as often as asked for,
// so that what changes on the machine meanwhile changes it for all that is
// compared. Combinations that cannot be are left out, and so is what differs
// from another run only in what its engine does not have; it is an error if
// what the caller asks for himself cannot be, or nothing is left.
func (q *Request) Plan() (*Plan, error) {
	if err := q.judge(); err != nil {
		return nil, err
	}
	suites, err := q.suites()
	if err != nil {
		return nil, err
	}
	p := &Plan{Base: *q.Base.sendersOf()}
	var first error
	for _, suite := range suites {
		once, refused, err := q.pass(&suite)
		if err != nil {
			return nil, err
		}
		for n := range q.Repeat {
			for _, s := range once {
				if s.Suite = suite.Name; q.Repeat > 1 {
					s.Repetition = n + 1
				}
				p.Runs = append(p.Runs, s)
			}
		}
		for _, err := range refused {
			if first == nil {
				first = err
			}
		}
		p.LeftOut = append(p.LeftOut, count(suite.Name, refused)...)
	}
	if len(p.Runs) == 0 {
		return nil, first
	}
	return p, nil
}

func (q *Request) judge() error {
	if q.Repeat < 1 || q.Repeat > MaxRepeat {
		return fmt.Errorf("repeat %d is not within 1 to %d", q.Repeat, MaxRepeat)
	}
	if len(q.Engines) == 0 {
		return fmt.Errorf("engine: none is named")
	}
	for i, name := range q.Engines {
		if slices.Contains(q.Engines[:i], name) {
			return fmt.Errorf("engine %s is named twice", name)
		}
		s := q.Base
		s.Engine = name
		if err := s.sendersOf().Validate(); err != nil {
			return err
		}
	}
	return nil
}

// suites are those asked for, each once.
func (q *Request) suites() (all []Suite, err error) {
	if len(q.Suites) == 0 {
		return []Suite{{Lines: []string{""}}}, nil
	}
	for _, name := range q.Suites {
		found, err := FindSuite(name)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if slices.ContainsFunc(all, func(o Suite) bool { return o.Name == s.Name }) {
				return nil, fmt.Errorf("suite %s is named twice", s.Name)
			}
			all = append(all, s)
		}
	}
	return all, nil
}

// FindSuite is the suite of that name, or all of them.
func FindSuite(name string) ([]Suite, error) {
	if name == AllSuites {
		return Suites[1:], nil
	}
	var names []string
	for _, s := range Suites {
		if s.Name == name {
			return []Suite{s}, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("suite %q is none of %s, %s", name, strings.Join(names, ", "), AllSuites)
}

// Conflict is why flags that were given do not go with suites.
func Conflict(names []string, given func(flag string) bool) error {
	for _, name := range names {
		suites, err := FindSuite(name)
		if err != nil {
			return err
		}
		for _, s := range suites {
			for _, flag := range s.sets() {
				if given(flag) {
					return fmt.Errorf("%s with suite %s: it sets that itself", flag, s.Name)
				}
			}
		}
	}
	return nil
}

// The measured time of a smoke run, and the time before it.
const (
	smokeWarmup   = 20 * time.Millisecond
	smokeDuration = 100 * time.Millisecond
)

// pass is one time through a suite.
func (q *Request) pass(suite *Suite) (runs []Scenario, refused []error, err error) {
	for _, line := range suite.Lines {
		all, err := expand(line, q.Base, q.Engines, q.Smoke)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range all {
			if q.Smoke {
				s.Warmup, s.Duration = smokeWarmup, smokeDuration
				if killings.of(s.Kill) {
					s.Duration = leastAfterKill
				}
			}
			switch err := s.Validate(); {
			case err != nil:
				refused = append(refused, err)
			case !slices.Contains(runs, s):
				runs = append(runs, s)
			}
		}
	}
	return runs, refused, nil
}

// sendersOf is s with all hosts sending if it is left open who does.
func (s Scenario) sendersOf() *Scenario {
	if s.Senders == 0 {
		s.Senders = s.Hosts
	}
	return &s
}

// had is s without what its engine does not have: two scenarios that are then
// the same would be the same run.
func (s *Scenario) had() Scenario {
	c := *s
	if e, err := engines.find("engine", s.Engine); err == nil && e != stampede {
		c.Via = word(vias, viaAuto)
		if !e.peer() { // which refuses what it does not have
			c.Guarantee = Default().Guarantee
		}
	}
	return c
}

// count is one line for each reason.
func count(suite string, refused []error) (lines []string) {
	times := map[string]int{}
	var reasons []string
	for _, err := range refused {
		if times[err.Error()]++; times[err.Error()] == 1 {
			reasons = append(reasons, err.Error())
		}
	}
	for _, r := range reasons {
		lines = append(lines, fmt.Sprintf("suite %s: runs that are left out: %d: %s", suite, times[r], r))
	}
	return lines
}
