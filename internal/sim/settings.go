package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"stampede/batch"
	"stampede/wire"
)

// settings are what a processor is configured with. A script changes them by
// `set` lines, for all processors or for some.
type settings struct {
	unicast bool // membership through seeds, the order to each peer
	listed  bool // the first configuration waits for all processors of the script
	fixed   bool // the sequencer does not follow the heaviest sender
	echo    bool // multicast comes back to who sent it
	ring    bool // arrivals lie in chunks that can be kept, as with a real socket

	datagram, message, window, history int64 // bytes, bytes, datagrams, datagrams
	queue                              int64 // bytes
	buffer                             int64 // datagrams that wait for a pass; 0 = plenty
	pool                               int64 // messages of the greatest length that can be joined at a time, for each processor
	spare                              int64 // chunks for arrivals beside twice the history; 0 = plenty
	compress                           wire.Codec

	detect, join, beacon, heartbeat, grace, retry, ack, roundtrip time.Duration
}

func defaultSettings() settings {
	return settings{
		datagram: 600, message: 16 << 10, window: 64, history: 32, queue: 256 << 10, pool: 4,
		detect: 100 * time.Millisecond, join: 10 * time.Millisecond, beacon: 40 * time.Millisecond,
		heartbeat: 10 * time.Millisecond, ack: 2 * time.Millisecond, grace: 200 * time.Microsecond,
		retry: time.Millisecond, roundtrip: time.Millisecond,
	}
}

// setting is one that a script can name.
type setting struct {
	name  string
	field func(*settings) any
	least int64
	most  int64
}

// choices are the words of settings that are one thing or the other; the
// second word means true.
var choices = map[string][2]string{
	"transport": {"multicast", "unicast"},
	"formation": {"open", "listed"},
	"sequencer": {"following", "fixed"},
	"echo":      {"off", "on"},
	"ring":      {"off", "on"},
}

var codecs = []string{wire.CodecNone: "off", wire.CodecS2: "s2", wire.CodecZstd: "zstd"}

var settingTable = []setting{
	{"transport", func(s *settings) any { return &s.unicast }, 0, 0},
	{"formation", func(s *settings) any { return &s.listed }, 0, 0},
	{"sequencer", func(s *settings) any { return &s.fixed }, 0, 0},
	{"echo", func(s *settings) any { return &s.echo }, 0, 0},
	{"ring", func(s *settings) any { return &s.ring }, 0, 0},
	{"compress", func(s *settings) any { return &s.compress }, 0, 0},
	{"datagram", func(s *settings) any { return &s.datagram }, batch.MinDatagram, 9000},
	{"message", func(s *settings) any { return &s.message }, 1, mostMessage},
	{"window", func(s *settings) any { return &s.window }, 1, 1 << 16},
	{"history", func(s *settings) any { return &s.history }, 1, 1 << 16},
	{"queue", func(s *settings) any { return &s.queue }, 1 << 10, 64 << 20},
	{"buffer", func(s *settings) any { return &s.buffer }, 0, 1 << 20},
	{"pool", func(s *settings) any { return &s.pool }, 2, 64},
	{"spare", func(s *settings) any { return &s.spare }, 0, 1 << 12},
	{"detect", func(s *settings) any { return &s.detect }, int64(time.Millisecond), int64(time.Minute)},
	{"join", func(s *settings) any { return &s.join }, int64(100 * time.Microsecond), int64(time.Minute)},
	{"beacon", func(s *settings) any { return &s.beacon }, int64(100 * time.Microsecond), int64(time.Minute)},
	{"heartbeat", func(s *settings) any { return &s.heartbeat }, int64(100 * time.Microsecond), int64(time.Minute)},
	{"grace", func(s *settings) any { return &s.grace }, 1, int64(time.Minute)},
	{"retry", func(s *settings) any { return &s.retry }, 1, int64(time.Minute)},
	{"ack", func(s *settings) any { return &s.ack }, 1, int64(time.Minute)},
	{"roundtrip", func(s *settings) any { return &s.roundtrip }, 1, int64(time.Minute)},
}

// apply sets one setting from its words.
func (s *settings) apply(name, value string) error {
	i := slices.IndexFunc(settingTable, func(e setting) bool { return e.name == name })
	if i < 0 {
		return fmt.Errorf("no setting is called %q", name)
	}
	e := settingTable[i]
	outside := func(n int64) error {
		if n < e.least || n > e.most {
			return fmt.Errorf("%s %s is out of bounds", name, value)
		}
		return nil
	}
	switch p := e.field(s).(type) {
	case *bool:
		words := choices[name]
		if value != words[0] && value != words[1] {
			return fmt.Errorf("%s is %s or %s, not %q", name, words[0], words[1], value)
		}
		*p = value == words[1]
	case *wire.Codec:
		c := slices.Index(codecs, value)
		if c < 0 {
			return fmt.Errorf("%s is %s, not %q", name, strings.Join(codecs, " or "), value)
		}
		*p = wire.Codec(c)
	case *int64:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%s %q is no number", name, value)
		}
		*p = n
		return outside(n)
	case *time.Duration:
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%s %q is no duration", name, value)
		}
		*p = d
		return outside(int64(d))
	}
	return nil
}

// bufferSize is how many datagrams wait for a pass before more are lost.
func (s *settings) bufferSize(processors int) int {
	return int(cmp.Or(s.buffer, 2*s.window+8*int64(processors)+16))
}
