package libevs

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"stampede/internal/trace"
)

// talk is a process of examples/talk.c, which knows nothing but the interface of
// the original, and prints the configurations.
type talk struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bytes.Buffer
}

// listen starts one at the first host.
func (s *site) listen(b *build) *talk {
	s.t.Helper()
	c, out := s.hosts[0].command(s.t, b.installed(s.t, "examples/talk.c"), "talk")
	stdin, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return &talk{s.t, c, stdin, out}
}

// end lets it end by itself.
func (k *talk) end() {
	k.t.Helper()
	k.stdin.Close()
	if err := k.cmd.Wait(); err != nil {
		k.t.Errorf("talk: %v\n%s", err, k.out)
	}
}

// judge wants it to have been told what a witness at the same daemon was, each
// change as a pair: who left by the transitional, who joined by the regular one.
func (k *talk) judge(w *witness) {
	k.t.Helper()
	var want []string
	for i := range w.events {
		e := &w.events[i]
		if e.Kind != trace.Change {
			continue
		}
		line := fmt.Sprintf("* configuration %d/%d:", e.Config.Rep, e.Config.Epoch) + list("members", e.Members)
		if e.View == trace.Transitional {
			line += list("left", e.Left)
		} else {
			line += list("joined", e.Joined)
		}
		want = append(want, line)
	}
	got := strings.Split(strings.TrimSuffix(k.out.String(), "\n"), "\n")
	at := slices.Index(want, got[0])
	if at < 0 || len(got) < 15 { // two daemons' deaths, two starts, three partitions, three meetings: pairs
		k.t.Errorf("talk was told\n%s\nand the witness\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		return
	}
	want = want[at:]
	if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
		k.t.Errorf("talk was told\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func list(name string, ids []uint32) (text string) {
	for _, id := range ids {
		text += fmt.Sprint(" ", id)
	}
	if text != "" {
		text = " " + name + text
	}
	return text
}
