package bench

import (
	"context"
	"errors"
	"fmt"
	"io"

	"stampede/bench/corosync"
)

// provide sees to what engines need that are not part of this program, and
// leaves out the scenarios of those that cannot be had.
func (r *runner) provide(ctx context.Context, scenarios []Scenario, table io.Writer) (possible []Scenario, err error) {
	missing := map[string]bool{}
	for _, s := range scenarios {
		if engines.of(s.Engine).peer() && r.client == nil && !missing[s.Engine] {
			r.client, err = corosync.Build(ctx)
			switch {
			case errors.Is(err, corosync.ErrMissing):
				missing[s.Engine] = true
				fmt.Fprintf(table, "engine %s is left out: %v\n", s.Engine, err)
			case err != nil:
				return nil, fmt.Errorf("engine %s: %w", s.Engine, err)
			}
		}
		if !missing[s.Engine] {
			possible = append(possible, s)
		}
	}
	return possible, nil
}
