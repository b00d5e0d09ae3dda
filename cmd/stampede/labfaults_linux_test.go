package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/lab/drill"
	"stampede/internal/testenv"
)

// wantCleanDrill checks that all came together again and kept their promises,
// and that nothing is left.
func wantCleanDrill(t *testing.T, o outcome, dir string) {
	t.Helper()
	if o.status != 0 || !strings.Contains(o.stdout, "every promise is kept") {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 && o.status == 0 {
		t.Errorf("left %s", left)
	}
}

func TestClusterSurvives(t *testing.T) {
	for _, k := range drill.Kinds() {
		for _, transport := range []string{"multicast", "unicast"} {
			t.Run(k.String()+"/"+transport, func(t *testing.T) {
				t.Parallel()
				o, dir := drillHosts(t, "--faults", k.String(), "--transport", transport, "--seed", "2")
				wantCleanDrill(t, o, dir)
				if !strings.Contains(o.stdout, "\n"+k.String()+" ") {
					t.Errorf("no %v happened: %s", k, o.stdout)
				}
			})
		}
	}
}

func TestClusterSurvivesOverlappingFaults(t *testing.T) {
	t.Parallel()
	o, dir := drillHosts(t, "--overlap", "--seed", "1", "--detect", "100ms")
	wantCleanDrill(t, o, dir)
}

func TestClusterSurvivesOverIPv6(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
		testenv.Skip(t, "needs IPv6")
	}
	o, dir := drillHosts(t, "--overlap", "--seed", "3", "--ip", "6", "--transport", "unicast")
	wantCleanDrill(t, o, dir)
}

func TestFigures(t *testing.T) {
	for figure, columns := range map[string]string{
		"failover":  "detect killed times",
		"coldstart": "processors times",
		"change":    "change others",
	} {
		t.Run(figure, func(t *testing.T) {
			t.Parallel()
			o, dir := runLab(t, "--figure", figure, "--hosts", "3", "--rate", "500", "--times", "1")
			if o.status != 0 || !strings.Contains(strings.Join(strings.Fields(o.stdout), " "), columns) {
				t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 && o.status == 0 {
				t.Errorf("left %s", left)
			}
		})
	}
}

// The same with daemons, whose programs find out by themselves that they are
// gone.
func TestDaemonsSurvive(t *testing.T) {
	for _, arg := range [][]string{{"--seed", "1", "--overlap"}, {"--seed", "4", "--transport", "unicast"}} {
		t.Run(strings.Join(arg, " "), func(t *testing.T) {
			t.Parallel()
			o, dir := drillHosts(t, append([]string{"--daemon", "--duration", "8s"}, arg...)...)
			wantCleanDrill(t, o, dir)
		})
	}
}

// Another program may take the place of the lab's own. How it ends is looked at,
// also when its daemon was killed.
func TestClientOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	client := filepath.Join(dir, "node") // as the program in it calls itself to the daemon
	for end, says := range map[string]string{"exit $?": "", "exit 7": "exit status 7", "kill -ABRT $$": "signal: aborted"} {
		t.Run(end, func(t *testing.T) {
			script := "#!/bin/sh\n\"" + program(t).Path + "\" node \"$@\"\n" + end + "\n"
			if err := os.WriteFile(client, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			o, left := drillHosts(t, "--daemon", "--client", client, "--faults", "kill", "--seed", "1")
			if says == "" {
				wantCleanDrill(t, o, left)
			} else if o.status != 1 || !strings.Contains(o.stderr, ", client: "+says) {
				t.Errorf("%+v", o)
			}
		})
	}
}
