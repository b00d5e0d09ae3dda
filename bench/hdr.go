package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// hdrTicks is the lines for each halving of the distance to 100 %, as the
// tools of HdrHistogram have it.
const hdrTicks = 5

// WriteHdr writes, into a directory that it makes, the latency of every run
// that has one: the text form of HdrHistogram's percentiles, in µs, a file a
// run. The number that a name begins with is the run's, from 1.
func WriteHdr(dir string, results []Result) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("hdr: %w", err)
	}
	for i := range results {
		r := &results[i]
		if r.latency == nil {
			continue
		}
		name := strings.NewReplacer("/", "_", "=", "-").Replace(r.path())
		if r.Repetition > 0 {
			name += fmt.Sprintf("_run-%d", r.Repetition)
		}
		if err := writeHgrm(filepath.Join(dir, fmt.Sprintf("%03d_%s.hgrm", i+1, name)), r); err != nil {
			return fmt.Errorf("hdr: %w", err)
		}
	}
	return nil
}

func writeHgrm(path string, r *Result) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = r.latency.PercentilesPrint(f, hdrTicks, 1e3)
	return errors.Join(err, f.Close())
}
