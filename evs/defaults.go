package evs

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"stampede/batch"
	"stampede/order"
	"stampede/sock"
	"stampede/wire"
)

// Limits of a Config.
const (
	MinMTU             = 576 // every IPv4 host takes it (RFC 791)
	MaxMessageLimit    = 64 << 20
	MaxGroups          = wire.MaxSetKeys // groups of one message
	defaultMaxMessage  = 1 << 20
	defaultHistory     = 16 << 20
	defaultSendQueue   = 512 << 10 // measured best of 256 KiB to 4 MiB: more only leaves the caches
	defaultWindow      = 768 << 10 // a dozen trains: measured best of 128 to 8000 datagrams on loopback
	loopbackMTU        = 1500      // not lo's 65,536: trains of many datagrams show more of the protocol
	defaultInterval    = 20 * time.Millisecond
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
	if len(c.Start) == 0 {
		c.Start = []ProcessorID{c.ID}
	}
	if !c.Bind.IsValid() {
		c.Bind = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	if c.MTU == 0 && c.loopback() {
		c.MTU = loopbackMTU
	}
	orElse(&c.MaxMessageBytes, defaultMaxMessage)
	orElse(&c.HistoryBytes, defaultHistory)
	orElse(&c.WindowBytes, defaultWindow)
	orElse(&c.SendQueueBytes, defaultSendQueue)
	orElse(&c.ReassemblyBytes, 4*len(c.Start)*largestJoined(c.MaxMessageBytes))
	if c.JoinInterval == 0 {
		c.JoinInterval = defaultInterval
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = defaultInterval
	}
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
	within := func(field string, v, least, most int) error {
		if v < least || v > most {
			return invalid(field, "%d is not within %d to %d", v, least, most)
		}
		return nil
	}
	largest := largestJoined(c.MaxMessageBytes)
	checks := []error{
		within("Start", len(c.Start), 1, maxMembers),
		within("MaxMessageBytes", c.MaxMessageBytes, 1, MaxMessageLimit),
		within("HistoryBytes", c.HistoryBytes, leastHistoryBlocks*batch.ChunkBytes*len(c.Start), 1<<40),
		within("SendQueueBytes", c.SendQueueBytes, 2*batch.ChunkBytes, 1<<40),
		within("WindowBytes", c.WindowBytes, MinMTU, 1<<30),
		within("Compress", int(c.Compress), 0, wire.NumCodecs-1),
		within("JoinInterval", int(c.JoinInterval), int(time.Millisecond), int(time.Minute)),
		within("Heartbeat", int(c.Heartbeat), int(time.Millisecond), int(time.Minute)),
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
	if !slices.Contains(c.Start, c.ID) {
		return invalid("Start", "does not name this processor, %d", c.ID)
	}
	if c.ReassemblyBytes < 2*len(c.Start)*largest {
		return invalid("ReassemblyBytes", "%d is less than %d: messages of up to %d bytes (Config.MaxMessageBytes) from %d processors, twice",
			c.ReassemblyBytes, 2*len(c.Start)*largest, c.MaxMessageBytes, len(c.Start))
	}
	if c.Network == nil && len(c.Start) > 1 && !c.Multicast.IsValid() && len(c.Peers) == 0 {
		return invalid("Peers", "neither Multicast nor Peers says where the others are")
	}
	return nil
}

// timers of the order inside a configuration.
func (c *Config) timers() order.Timers {
	t := order.Timers{Heartbeat: int64(c.Heartbeat)}
	if c.Wait == sock.Spin {
		t.Grace, t.Retry, t.Ack = 100_000, 400_000, 500_000
	}
	return t
}
