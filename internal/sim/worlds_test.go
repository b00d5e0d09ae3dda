package sim

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var (
	seeds     = flag.Int("seeds", 300, "random worlds")
	firstSeed = flag.Uint64("seed", 1, "first seed")
	rewrite   = flag.Bool("rewrite", false, "put what was seen into the scenarios' expectations")
)

// hunt runs random worlds; a failure names its seed, for `stampede sim`.
func hunt(t *testing.T, h Hunt) Tally {
	t.Helper()
	t.Logf("first seed %d", h.First)
	h.Workers = runtime.GOMAXPROCS(0)
	tally, found := h.Run(context.Background())
	for _, f := range found {
		t.Errorf("%v\n%s", f, f.Script.Text())
	}
	return tally
}

func TestRandomWorlds(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = min(n, 60)
	}
	tally := hunt(t, Hunt{First: *firstSeed, Seeds: n})
	if tally.Worlds < n && !t.Failed() {
		t.Errorf("%d worlds were run, not %d", tally.Worlds, n)
	}
	if n < 300 {
		return
	}
	for _, what := range []string{
		"crashes", "crashes_in_change", "restarts", "pauses", "leaves", "cuts", "partitions", "merges", "hand_offs",
		"failed_attempts", "partial_installs", "safe_in_transition", "agreed_in_transition", "overruns", "replays", "slow_across_change",
	} {
		if tally.In[what] == 0 {
			t.Errorf("in %d worlds there was not one with %s", tally.Worlds, what)
		}
	}
}

func TestCalmWorlds(t *testing.T) {
	hunt(t, Hunt{First: *firstSeed, Seeds: min(*seeds, 60), Shape: Shape{Calm: true}})
}

func TestLargeWorlds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	hunt(t, Hunt{First: *firstSeed, Seeds: 3, Shape: Shape{Hosts: 20}})
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("scenarios/*.sim")
	if err != nil || len(files) < 12 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".sim"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(path, string(text))
			if err != nil {
				t.Fatal(err)
			}
			res := new(Runner).Run(s, Options{Rewrite: *rewrite})
			if res.Failure != nil {
				t.Errorf("%s:%d: %v", path, res.Failure.Line, res.Failure)
			}
			if *rewrite {
				if err := os.WriteFile(path, []byte(strings.Join(res.Rewritten, "\n")+"\n"), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
