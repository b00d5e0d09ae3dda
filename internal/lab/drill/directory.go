package drill

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// directory is where the traces and logs of a run go.
type directory struct {
	path string
	keep bool      // whatever comes
	out  io.Writer // is told where it is, if it is kept
}

// makeDirectory makes the one that o names, or a temporary one.
func makeDirectory(o *Options) (directory, error) {
	if o.Dir == "" {
		path, err := os.MkdirTemp("", "stampede-lab-")
		return directory{path, o.Keep, o.Out}, err
	}
	if err := os.MkdirAll(o.Dir, 0o777); err != nil {
		return directory{}, fmt.Errorf("dir: %w", err)
	}
	left, err := os.ReadDir(o.Dir)
	if err != nil {
		return directory{}, fmt.Errorf("dir: %w", err)
	}
	if len(left) > 0 {
		return directory{}, fmt.Errorf("dir: %s is not empty: traces of two runs cannot be judged together", o.Dir)
	}
	return directory{o.Dir, true, o.Out}, nil
}

// finish removes the directory unless somebody wants it or what is in it shows
// what went wrong. err is how the run ended.
func (d directory) finish(err error) error {
	var death *Death
	var apart *Apart
	var broken *Broken
	telling := errors.As(err, &death) || errors.As(err, &apart) || errors.As(err, &broken)
	switch {
	case d.path == "":
		return err
	case telling:
		return fmt.Errorf("%w\ntraces and logs are in %s", err, d.path)
	case d.keep:
		fmt.Fprintf(d.out, "traces and logs are in %s\n", d.path)
		return err
	}
	return errors.Join(err, os.RemoveAll(d.path))
}
