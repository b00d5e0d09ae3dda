package drill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// lanDetect is the detection time for a network that loses next to nothing.
const lanDetect = 50 * time.Millisecond

// steady is how long a cluster is left in peace before and after each change
// that is measured.
const steady = 300 * time.Millisecond

// killing is a processor's death, and the time in which its effect is looked at.
type killing struct {
	window
	sequencer bool
}

// fixedSequencer keeps the order with the lowest id, so that it is known who
// is killed.
const fixedSequencer = "fixed-sequencer = true\n"

func (g *gauge) failover(ctx context.Context) error {
	detects := []time.Duration{g.o.Detect}
	if g.o.Detect == 0 {
		detects = append(detects, lanDetect)
	}
	fmt.Fprintf(g.table, "detect\tkilled\ttimes\tlongest silence\n")
	var broken error
	for _, detect := range detects {
		o := g.o
		o.Detect = detect
		config := filepath.Join(g.dir, "stampede.toml")
		if err := os.WriteFile(config, []byte(fixedSequencer), 0o666); err != nil {
			return err
		}
		o.NodeArgs = append([]string{"--config", config}, o.NodeArgs...)
		var kills []killing
		all, err := g.on(ctx, o, func(c *cluster) (err error) {
			kills, err = c.killInTurn(ctx, g.times)
			return err
		})
		if all == nil {
			return err
		}
		broken = errors.Join(broken, err)
		text := "default"
		if detect > 0 {
			text = detect.String()
		}
		for _, sequencer := range []bool{true, false} {
			var s spread
			for _, k := range kills {
				if k.sequencer == sequencer {
					s.add(silences(all, k.from, k.to))
				}
			}
			who := map[bool]string{true: "the sequencer", false: "another"}[sequencer]
			fmt.Fprintf(g.table, "%s\t%s\t%d\t%v\n", text, who, len(s.all), &s)
		}
	}
	return broken
}

// killInTurn kills the sequencer and another processor, so many times each.
func (c *cluster) killInTurn(ctx context.Context, times int) (kills []killing, err error) {
	chance := rand.New(rand.NewPCG(c.o.Seed, 1))
	for n := range 2 * times {
		if err := c.startAll(); err != nil {
			return nil, err
		}
		if err := c.gatherAndRest(ctx); err != nil {
			return nil, err
		}
		id, err := c.leader()
		if err != nil {
			return nil, err
		}
		k := killing{sequencer: n%2 == 0}
		if !k.sequencer {
			id = 1 + (id+chance.IntN(c.o.Hosts-1))%c.o.Hosts // anybody else
		}
		k.from = wall()
		if err := c.kill(id); err != nil {
			return nil, err
		}
		fmt.Fprintf(c.o.Out, "%d of %d: kill host %d\n", n+1, 2*times, id)
		if err := c.gatherAndRest(ctx); err != nil {
			return nil, err
		}
		k.to = wall()
		kills = append(kills, k)
	}
	return kills, nil
}

func (c *cluster) gatherAndRest(ctx context.Context) error {
	if err := c.gather(ctx); err != nil {
		return err
	}
	return c.wait(ctx, time.Now().Add(steady))
}
