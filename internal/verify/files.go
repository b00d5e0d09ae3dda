package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"stampede/internal/trace"
)

// Report is what Files found.
type Report struct {
	Summary
	Violations []Violation `json:"violations"` // not nil
	// More is how many violations were found beyond those.
	More int `json:"more"`
	// Torn are the files that end with half a line, which was left out.
	Torn []string `json:"torn,omitempty"`
	// Untraced are members of configurations that no file is about. They are
	// taken for processors that failed.
	Untraced []uint32 `json:"untraced,omitempty"`
}

// ErrEmpty says that there was nothing to judge.
var ErrEmpty = errors.New("verify: no events")

// Files judges the traces of one run, which may be in any number of files. It
// reads them one after the other, and holds no more of them than the Checker
// does. An error says which line of which file cannot be read or makes no sense;
// it is that of ctx if ctx was done before the end.
func Files(ctx context.Context, paths []string, o Options) (*Report, error) {
	c := New(o)
	r := &Report{}
	for _, path := range paths {
		torn, err := c.addFile(ctx, path)
		if err != nil {
			return nil, err
		}
		if torn {
			r.Torn = append(r.Torn, path)
		}
	}
	r.Violations, r.More = append([]Violation{}, c.Finish()...), c.More()
	r.Summary, r.Untraced = c.Summary(), c.Untraced()
	if r.Events == 0 {
		return nil, ErrEmpty
	}
	return r, nil
}

func (c *Checker) addFile(ctx context.Context, path string) (torn bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("verify: %w", err)
	}
	defer f.Close()
	r := trace.NewReader(f, path)
	var e trace.Event
	for n := 0; ; n++ {
		if n%(1<<12) == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		switch err := r.Next(&e); {
		case err == io.EOF:
			return r.Torn(), nil
		case err != nil:
			return false, err
		}
		if err := c.Add(&e); err != nil {
			return false, err
		}
	}
}

// Untraced are the members of configurations of which no life has a trace.
func (c *Checker) Untraced() (ids []uint32) {
	mark := c.mark()
	for i := range c.configs {
		for _, id := range c.list(c.configs[i].members) {
			if p := &c.procs[c.proc(id)]; p.lives == 0 && p.mark != mark {
				p.mark = mark
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}
