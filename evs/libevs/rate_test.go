package libevs

import (
	"fmt"
	"strings"
	"testing"

	"stampede/internal/daemon"
)

// rates are what test/rate.c is asked for: how, how long messages, and what else.
var rates = [][]string{{"flood", "64"}, {"flood", "64", "more"}, {"flood", "1350"}, {"flood", "65536"}, {"flood", "1048576"}, {"echo", "64"}}

// rate sends n messages, and is the line that says how fast that was.
func rate(t testing.TB, socket string, how []string, n int) string {
	arg := append([]string{how[0], how[1], fmt.Sprint(n)}, how[2:]...)
	return strings.TrimSpace(run(t, socket, plain.program(t, "test/rate.c", "-O2"), arg...))
}

// BenchmarkLibevs is what the library brings through a daemon whose processor
// is alone: the price of the way there and back.
func BenchmarkLibevs(b *testing.B) {
	for _, how := range rates {
		b.Run(strings.Join(how, "-"), func(b *testing.B) {
			socket := serve(b, daemon.Policy{})
			b.ResetTimer()
			b.Log(rate(b, socket, how, b.N))
		})
	}
}

func TestRate(t *testing.T) {
	socket := serve(t, daemon.Policy{})
	for _, how := range rates {
		if line := rate(t, socket, how, 20); !strings.HasPrefix(line, how[0]+" of "+how[1]+" B: ") {
			t.Errorf("%v: %q", how, line)
		}
	}
}
