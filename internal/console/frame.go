package console

import (
	"context"
	"time"

	"stampede/evs"
	"stampede/internal/daemon"
)

// Sample is a daemon at one moment.
type Sample struct {
	Status  daemon.Status
	Stats   daemon.Stats
	Clients []daemon.Client
	Latency Latencies
}

// Latencies are round trips that were just measured.
type Latencies struct {
	Agreed time.Duration `json:"agreed_ns,omitempty"`
	Safe   time.Duration `json:"safe_ns,omitempty"`
}

// Take asks a daemon for a sample. It pings with p, if that is not nil.
func Take(ctx context.Context, c *daemon.Control, p *Pinger) (*Sample, error) {
	s := &Sample{}
	for what, into := range map[string]any{"status": &s.Status, "stats": &s.Stats, "clients": &s.Clients} {
		if err := c.Query(ctx, what, into); err != nil {
			return nil, err
		}
	}
	if p == nil {
		return s, nil
	}
	var err error
	if s.Latency.Agreed, err = p.Ping(ctx, evs.Agreed); err == nil {
		s.Latency.Safe, err = p.Ping(ctx, evs.Safe)
	}
	return s, err
}

// Frame is what top shows: a daemon at one moment, with what happened since the
// one before. Its JSON is one line of `top --json`.
type Frame struct {
	Time    time.Time     `json:"time"`
	Seconds float64       `json:"seconds"` // since the sample before
	Version string        `json:"version"`
	Started time.Time     `json:"started"`
	Cluster string        `json:"cluster"`
	Self    daemon.Member `json:"self"`
	Members Members       `json:"configuration"`
	Rates   Rates         `json:"rates"`
	Latency Latencies     `json:"latency"`
	Queues  Queues        `json:"queues"`
	Drops   []Drop        `json:"drops"` // counters that are not 0
	Clients []ClientRates `json:"clients"`
}

// Rates are per second.
type Rates struct {
	Messages       float64 `json:"messages"`      // that clients sent
	MessageBytes   float64 `json:"message_bytes"` // of them
	Events         float64 `json:"events"`        // delivered to clients
	EventBytes     float64 `json:"event_bytes"`
	DatagramsOut   float64 `json:"datagrams_out"`
	BytesOut       float64 `json:"bytes_out"`
	DatagramsIn    float64 `json:"datagrams_in"`
	BytesIn        float64 `json:"bytes_in"`
	Gaps           float64 `json:"gaps"`        // datagrams found missing
	Retransmits    float64 `json:"retransmits"` // sent again for others
	Configurations float64 `json:"configurations"`
}

// Queues are lengths of this moment.
type Queues struct {
	SendBytes     int `json:"send_bytes"` // messages not sent yet
	SendDatagrams int `json:"send_datagrams"`
	Waiting       int `json:"waiting"`      // senders that wait for room, or to be ordered
	Events        int `json:"events"`       // runs of messages not passed to clients yet
	EventBytes    int `json:"event_bytes"`  // of them
	ClientBytes   int `json:"client_bytes"` // written and not taken by clients yet
}

// Drop is a counter of what was thrown away or turned away.
type Drop struct {
	Name   string  `json:"name"`
	Total  uint64  `json:"total"`
	Second float64 `json:"per_second"`
}

// ClientRates is a program that is connected, with what it did per second.
type ClientRates struct {
	ID           uint64  `json:"id"`
	Name         string  `json:"name"`
	PID          int     `json:"pid"`
	Groups       int     `json:"groups"`
	Messages     float64 `json:"messages"`
	MessageBytes float64 `json:"message_bytes"`
	Events       float64 `json:"events"`
	QueuedBytes  int     `json:"queued_bytes"`
	LimitBytes   int     `json:"limit_bytes"`
	Behind       uint64  `json:"behind"` // times since it connected
}

// meter turns counters of two moments into rates.
type meter struct{ seconds float64 }

// rate of a counter. One that is less than before has begun anew.
func (m meter) rate(before, now uint64) float64 {
	if now >= before {
		now -= before
	}
	if m.seconds <= 0 {
		return 0
	}
	return float64(now) / m.seconds
}

// NewFrame compares two samples of a daemon.
func NewFrame(before, now *Sample) *Frame {
	st := &now.Status
	m := meter{now.Stats.Now.Sub(before.Stats.Now).Seconds()}
	f := &Frame{
		Time: now.Stats.Now, Seconds: m.seconds, Version: st.Version, Started: st.Started, Cluster: st.Cluster,
		Self: st.Self, Members: MembersOf(st), Latency: now.Latency,
		Rates: m.rates(&before.Stats, &now.Stats), Drops: m.drops(&before.Stats, &now.Stats),
		Clients: m.clients(before.Clients, now.Clients),
	}
	queue := func(name string) int { return int(now.Stats.Processor["queues_"+name]) }
	f.Queues = Queues{SendBytes: queue("bytes"), SendDatagrams: queue("backlog"), Waiting: queue("waiting"),
		Events: queue("events"), EventBytes: queue("event_bytes")}
	for i := range now.Clients {
		f.Queues.ClientBytes += now.Clients[i].QueuedBytes
	}
	return f
}

func (m meter) rates(before, now *daemon.Stats) Rates {
	server := func(name string) float64 { return m.rate(before.Server[name], now.Server[name]) }
	processor := func(name string) float64 { return m.rate(before.Processor[name], now.Processor[name]) }
	return Rates{
		Messages: server("messages"), MessageBytes: server("bytes"),
		Events: server("events"), EventBytes: server("event_bytes"),
		DatagramsOut: processor("sock_sent_datagrams"), BytesOut: processor("sock_sent_bytes"),
		DatagramsIn: processor("sock_received_datagrams"), BytesIn: processor("sock_received_bytes"),
		Gaps: processor("order_gaps"), Retransmits: processor("order_retransmits"),
		Configurations: processor("member_configs"),
	}
}

func (m meter) drops(before, now *daemon.Stats) []Drop {
	was := map[string]uint64{}
	for _, c := range Counters(before) {
		was[c.Name] = c.Value
	}
	list := []Drop{}
	for _, c := range Counters(now) {
		if c.Value > 0 && isDrop(c.Name) {
			list = append(list, Drop{c.Name, c.Value, m.rate(was[c.Name], c.Value)})
		}
	}
	return list
}

func (m meter) clients(before, now []daemon.Client) []ClientRates {
	was := map[uint64]*daemon.Client{}
	for i := range before {
		was[before[i].ID] = &before[i]
	}
	list := []ClientRates{}
	for i := range now {
		c := &now[i]
		if c.Control {
			continue
		}
		b := was[c.ID]
		if b == nil {
			b = &daemon.Client{}
		}
		list = append(list, ClientRates{
			ID: c.ID, Name: c.Name, PID: c.PID, Groups: c.Groups,
			Messages: m.rate(b.Sent, c.Sent), MessageBytes: m.rate(b.SentBytes, c.SentBytes), Events: m.rate(b.Events, c.Events),
			QueuedBytes: c.QueuedBytes, LimitBytes: c.LimitBytes, Behind: c.Behind,
		})
	}
	return list
}
