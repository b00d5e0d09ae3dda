package verify

import (
	"errors"
	"fmt"
	"io"
	"os"

	"stampede/internal/trace"
)

// Report is what Files found.
type Report struct {
	Summary
	Violations []Violation `json:"violations"`
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
// does. An error says which line of which file cannot be read or makes no sense.
func Files(paths []string, o Options) (*Report, error) {
	c := New(o)
	r := &Report{}
	for _, path := range paths {
		torn, err := c.addFile(path)
		if err != nil {
			return nil, err
		}
		if torn {
			r.Torn = append(r.Torn, path)
		}
	}
	r.Violations, r.More = c.Finish(), c.More()
	r.Summary, r.Untraced = c.Summary(), c.Untraced()
	if r.Events == 0 {
		return nil, ErrEmpty
	}
	return r, nil
}

func (c *Checker) addFile(path string) (torn bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("verify: %w", err)
	}
	defer f.Close()
	r := trace.NewReader(f, path)
	var e trace.Event
	for {
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
	return ids
}
