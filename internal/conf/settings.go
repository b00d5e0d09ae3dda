package conf

import (
	"errors"
	"net/netip"

	"stampede/evs"
	"stampede/sock"
)

// Settings are the keys of a file. A number, a duration or an address that is
// zero asks for the default of the field of evs.Config that it stands for,
// which says more about each.
type Settings struct {
	Cluster string            `toml:"cluster"`
	ID      evs.ProcessorID   `toml:"id"`
	Start   []evs.ProcessorID `toml:"start"`
	Members int               `toml:"members"`

	Bind      netip.AddrPort   `toml:"bind"`
	Transport Transport        `toml:"transport"`
	Multicast netip.AddrPort   `toml:"multicast"`
	Interface string           `toml:"interface"`
	TTL       int              `toml:"ttl"`
	Peers     []netip.AddrPort `toml:"peers"`

	MTU           int      `toml:"mtu"`
	Socket        Socket   `toml:"socket"`
	GSO           Switch   `toml:"gso"`
	GRO           Switch   `toml:"gro"`
	Wait          Wait     `toml:"wait"`
	BusyPoll      Duration `toml:"busy-poll"`
	CPUs          []int    `toml:"cpus"`
	ReceiveBatch  int      `toml:"receive-batch"`
	ReceiveBuffer int      `toml:"receive-buffer"`

	MaxMessage int         `toml:"max-message"`
	History    int         `toml:"history"`
	Reassembly int         `toml:"reassembly"`
	Window     int         `toml:"window"`
	SendQueue  int         `toml:"send-queue"`
	Compress   Compression `toml:"compress"`
	NoCheck    bool        `toml:"no-check"`

	FixedSequencer bool     `toml:"fixed-sequencer"`
	Detect         Duration `toml:"detect"`
	JoinInterval   Duration `toml:"join-interval"`
	Heartbeat      Duration `toml:"heartbeat"`
	Beacon         Duration `toml:"beacon"`

	Daemon Daemon `toml:"daemon"`
}

// Default is what holds where nothing else is said.
func Default() Settings { return Settings{Wait: Wait{sock.Adaptive}, Daemon: defaultDaemon()} }

// Config is what the settings say. It refuses what they alone show to be
// wrong; evs.Open refuses the rest.
func (s *Settings) Config() (evs.Config, error) {
	c := evs.Config{
		Cluster: s.Cluster, ID: s.ID, Start: s.Start, Members: s.Members,
		Bind: s.Bind, Multicast: s.Multicast, Interface: s.Interface, TTL: s.TTL, Peers: s.Peers,
		MTU: s.MTU, Socket: s.Socket.Kind, GSO: s.GSO.Switch, GRO: s.GRO.Switch, Wait: s.Wait.Wait,
		BusyPoll: s.BusyPoll.Duration, CPUs: s.CPUs, ReceiveBatch: s.ReceiveBatch, ReceiveBufferBytes: s.ReceiveBuffer,
		MaxMessageBytes: s.MaxMessage, HistoryBytes: s.History, ReassemblyBytes: s.Reassembly,
		WindowBytes: s.Window, SendQueueBytes: s.SendQueue,
		Compress: s.Compress.Compression, NoCheck: s.NoCheck,
		FixedSequencer: s.FixedSequencer,
		Detect:         s.Detect.Duration, JoinInterval: s.JoinInterval.Duration,
		Heartbeat: s.Heartbeat.Duration, Beacon: s.Beacon.Duration,
	}
	switch {
	case c.ID == 0:
		return c, keyError{"id", errors.New("missing: every processor has one of its own, from 1")}
	case s.Transport == Multicast && !c.Multicast.IsValid():
		return c, keyError{"transport", errors.New(`"multicast" needs the key multicast, the group's address`)}
	case s.Transport == Unicast && len(c.Peers) == 0:
		return c, keyError{"transport", errors.New(`"unicast" needs the key peers, the others' addresses`)}
	case s.Transport == Unicast:
		c.Multicast = netip.AddrPort{}
	}
	return c, nil
}
