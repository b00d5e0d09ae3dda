package bench

import (
	"context"
	"errors"
	"fmt"
	"io"

	"stampede/bench/cclient"
	"stampede/bench/corosync"
)

// provide sees to what runs need that is not part of this program, and leaves
// out those that cannot be had, unless that is what was asked for: an engine is
// compared with others, but a way to take deliveries that no suite names is
// meant for all.
func (r *runner) provide(ctx context.Context, scenarios []Scenario, table io.Writer) (possible []Scenario, err error) {
	missing := map[string]bool{}
	for _, s := range scenarios {
		l, what := s.library()
		if l != "" && r.programs[l] == nil && !missing[what] {
			err := r.build(ctx, l)
			wanted := l == cclient.EVS && r.base != nil && vias.of(r.base.Via).inC()
			switch {
			case errors.Is(err, cclient.ErrMissing) && !wanted:
				missing[what] = true
				fmt.Fprintf(table, "%s is left out: %v\n", what, err)
			case err != nil:
				return nil, fmt.Errorf("%s: %w", what, err)
			}
		}
		if !missing[what] {
			possible = append(possible, s)
		}
	}
	return possible, nil
}

// library is what a run's load client is bound to, and of which choice it is a
// part; empty if that is in Go.
func (s *Scenario) library() (l cclient.Library, of string) {
	switch e := engines.of(s.Engine); {
	case e.peer():
		return cclient.CPG, "engine " + s.Engine
	case e == stampede && vias.of(s.Via).inC():
		return cclient.EVS, "via " + s.Via
	}
	return "", ""
}

func (r *runner) build(ctx context.Context, l cclient.Library) (err error) {
	if r.programs == nil {
		r.programs = map[cclient.Library][]byte{}
	}
	if l == cclient.CPG {
		r.programs[l], err = corosync.Build(ctx)
	} else {
		r.programs[l], err = cclient.Build(ctx, l)
	}
	return err
}
