package perf

import (
	"fmt"
	"strings"
	"testing"
)

type embedded struct{ Shared uint64 }

type Base struct{ Passes uint64 }

type inner struct {
	Sent    uint64
	Dropped [2]uint64
}

type snapshot struct {
	Base
	embedded
	GSOTrains uint64
	NACKs     uint32
	Waiting   int
	Full      bool
	Inner     inner
	Next      *inner
	None      *inner
	Renamed   uint64 `perf:"other"`
	Left      uint64 `perf:"-"`
	hidden    uint64
	Text      string
	Delay     Histogram
}

func TestEachWalksInOrderWithNames(t *testing.T) {
	s := snapshot{
		Base: Base{Passes: 1}, embedded: embedded{Shared: 99}, GSOTrains: 2, NACKs: 3, Waiting: -4, Full: true,
		Inner: inner{Sent: 5, Dropped: [2]uint64{6, 7}}, Next: &inner{Sent: 8},
		Renamed: 9, Left: 10, hidden: 11, Text: "x",
	}
	s.Delay.Record(3)
	s.Delay.Record(9)
	want := "passes=1 gso_trains=2 nacks=3 waiting=0 full=1 " +
		"inner_sent=5 inner_dropped_0=6 inner_dropped_1=7 next_sent=8 next_dropped_0=0 next_dropped_1=0 other=9 " +
		"delay_count=2 delay_sum=12 delay_p50=3 delay_p99=9 delay_p999=9 delay_max=9"
	for _, v := range []any{s, &s} {
		var got []string
		Each(v, func(name string, value uint64) { got = append(got, fmt.Sprintf("%s=%d", name, value)) })
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%T:\n got %s\nwant %s", v, g, want)
		}
	}
}

func TestEachOfNothing(t *testing.T) {
	for _, v := range []any{nil, (*snapshot)(nil), "text", struct{}{}} {
		Each(v, func(name string, value uint64) { t.Errorf("%T: %s=%d", v, name, value) })
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"Sent": "sent", "RxBytes": "rx_bytes", "GSO": "gso", "GSOTrains": "gso_trains", "NACKs": "nacks",
		"NACKsSent": "nacks_sent", "P99": "p99", "SentAcks": "sent_acks", "BadCRC": "bad_crc", "A": "a", "AStep": "a_step",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%q) = %q, want %q", name, got, want)
		}
	}
}
