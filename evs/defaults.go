package evs

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"stampede/batch"
	"stampede/order"
	"stampede/sock"
	"stampede/wire"
)

// Limits of a Config, and defaults that others may need to know.
const (
	MinMTU             = 576 // every IPv4 host takes it (RFC 791)
	MaxMessageLimit    = 64 << 20
	MaxGroups          = wire.MaxSetKeys // groups of one message
	DefaultWindow      = 1536 << 10      // bytes: two dozen trains, see docs/decisions/0007
	DefaultDetect      = 300 * time.Millisecond
	defaultMaxMessage  = 1 << 20
	defaultHistory     = 16 << 20
	defaultSendQueue   = 512 << 10 // measured best of 256 KiB to 4 MiB: more only leaves the caches
	loopbackMTU        = 1500      // not lo's 65,536: trains of many datagrams show more of the protocol
	defaultMembers     = 8
	leastDetect        = 10 * time.Millisecond
	mostInterval       = 20 * time.Millisecond // of joins and heartbeats by default
	mostBeacon         = 150 * time.Millisecond
	maxMTU             = 65535  // an IP packet (RFC 791)
	headersIPv4        = 20 + 8 // IP (RFC 791) and UDP (RFC 768)
	headersIPv6        = 40 + 8 // IPv6 (RFC 8200) and UDP
	defaultCluster     = "stampede"
	maxMembers         = 1024
	leastHistoryBlocks = 16 // receive chunks without which nothing moves
)

func invalid(field, format string, args ...any) error {
	return fmt.Errorf("evs: Config.%s: %w", field, fmt.Errorf(format, args...))
}

// withDefaults fills in what was left open.
func (c Config) withDefaults() Config {
	orElse := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	if c.Cluster == "" {
		c.Cluster = defaultCluster
	}
	if !c.Bind.IsValid() {
		c.Bind = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	if c.MTU == 0 && c.loopback() {
		c.MTU = loopbackMTU
	}
	orElse(&c.Members, cmp.Or(len(c.Start), defaultMembers))
	orElse(&c.MaxMessageBytes, defaultMaxMessage)
	orElse(&c.HistoryBytes, defaultHistory)
	orElse(&c.WindowBytes, DefaultWindow)
	orElse(&c.SendQueueBytes, defaultSendQueue)
	orElse(&c.ReassemblyBytes, 4*c.Members*largestJoined(c.MaxMessageBytes))
	c.Detect = cmp.Or(c.Detect, DefaultDetect)
	c.JoinInterval = cmp.Or(c.JoinInterval, min(mostInterval, c.Detect/8))
	c.Heartbeat = cmp.Or(c.Heartbeat, min(mostInterval, c.Detect/8))
	c.Beacon = cmp.Or(c.Beacon, min(mostBeacon, c.Detect/2))
	return c
}

func (c *Config) loopback() bool { return c.Bind.Addr().IsLoopback() }

// headers is the length of the IP and UDP headers.
func (c *Config) headers() int {
	if c.Bind.Addr().Is6() && !c.Bind.Addr().Is4In6() {
		return headersIPv6
	}
	return headersIPv4
}

// largestJoined is the memory that one message of the greatest length takes
// while its fragments are joined, or decoded: a block of the reassembly pool.
func largestJoined(maxMessage int) int {
	n := 64 << 10
	for n < maxMessage+wire.MaxSetKeys*wire.GroupBytes {
		n *= 2
	}
	return n
}

// validate names the first field that cannot be. c has its defaults.
func (c *Config) validate() error {
	if c.ID == 0 {
		return invalid("ID", "0 is reserved")
	}
	if err := c.judgeStart(); err != nil {
		return err
	}
	within := func(field string, v, least, most int) error {
		if v < least || v > most {
			return invalid(field, "%d is not within %d to %d", v, least, most)
		}
		return nil
	}
	interval := func(field string, v, least, most time.Duration) error {
		if v < least || v > most {
			return invalid(field, "%v is not within %v to %v", v, least, most)
		}
		return nil
	}
	checks := []error{
		within("Start", len(c.Start), 0, maxMembers),
		within("Members", c.Members, 1, maxMembers),
		within("MaxMessageBytes", c.MaxMessageBytes, 1, MaxMessageLimit),
		within("HistoryBytes", c.HistoryBytes, leastHistoryBlocks*batch.ChunkBytes*c.Members, 1<<40),
		within("SendQueueBytes", c.SendQueueBytes, 2*batch.ChunkBytes, 1<<40),
		within("WindowBytes", c.WindowBytes, MinMTU, 1<<30),
		within("Compress", int(c.Compress), 0, wire.NumCodecs-1),
		interval("Detect", c.Detect, leastDetect, 10*time.Minute),
		interval("JoinInterval", c.JoinInterval, time.Millisecond, time.Minute),
		interval("Heartbeat", c.Heartbeat, time.Millisecond, c.Detect/2),
		interval("Beacon", c.Beacon, time.Millisecond, c.Detect),
		within("TTL", c.TTL, 0, 255),
		within("ReceiveBatch", c.ReceiveBatch, 0, sock.MaxBatch),
		within("ReceiveBufferBytes", c.ReceiveBufferBytes, 0, 1<<30),
	}
	if c.MTU != 0 {
		checks = append(checks, within("MTU", c.MTU, MinMTU, maxMTU))
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	if least := leastReassembly(c.Members, c.MaxMessageBytes); c.ReassemblyBytes < least {
		return invalid("ReassemblyBytes", "%d is less than %d: messages of up to %d bytes (Config.MaxMessageBytes) from %d processors (Config.Members), twice",
			c.ReassemblyBytes, least, c.MaxMessageBytes, c.Members)
	}
	if err := c.judgeBusyPoll(); err != nil {
		return err
	}
	if err := judgeCPUs(c.CPUs); err != nil {
		return invalid("CPUs", "%w", err)
	}
	if c.Network == nil && len(c.Start) > 1 && !c.Multicast.IsValid() && len(c.Peers) == 0 {
		return invalid("Peers", "neither Multicast nor Peers says where the others are")
	}
	return nil
}

// judgeBusyPoll leaves to package sock what that knows better.
func (c *Config) judgeBusyPoll() error {
	switch {
	case c.BusyPoll == 0:
		return nil
	case c.Network != nil:
		return invalid("BusyPoll", "Network has no socket of the kernel's that it could be set for")
	case c.loopback():
		return invalid("BusyPoll", "the loopback interface has no card to look at")
	}
	return nil
}

func (c *Config) judgeStart() error {
	sorted := slices.Clone(c.Start)
	slices.Sort(sorted)
	for i, id := range sorted {
		if id == 0 {
			return invalid("Start", "0 is no processor's id")
		}
		if i > 0 && id == sorted[i-1] {
			return invalid("Start", "id %d is listed twice", id)
		}
	}
	if len(c.Start) > 0 && !slices.Contains(c.Start, c.ID) {
		return invalid("Start", "does not name this processor, %d", c.ID)
	}
	return nil
}

// leastLent is changed by tests alone, which lend messages that are not worth it.
var leastLent = batch.LendFrom

// queue of what is sent, with datagrams of so many bytes.
func (c *Config) queue(datagram int) batch.PackerConfig {
	return batch.PackerConfig{
		Datagram: datagram, MaxMessage: c.MaxMessageBytes, QueueBytes: c.SendQueueBytes, Compress: c.Compress,
		LendFrom: leastLent,
	}
}

// timers of the order inside a configuration.
func (c *Config) timers() order.Timers {
	t := order.Timers{Heartbeat: int64(c.Heartbeat)}
	if c.Wait == sock.Spin {
		t.Grace, t.Retry, t.Ack = 100_000, 400_000, 500_000
	}
	return t
}
