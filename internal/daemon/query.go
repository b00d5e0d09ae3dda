package daemon

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"stampede/evs"
	"stampede/perf"
	"stampede/wire"
)

// Status is the answer to the query "status".
type Status struct {
	Version       string        `json:"version"`
	PID           int           `json:"pid"`
	Started       time.Time     `json:"started"`
	Now           time.Time     `json:"now"`
	Cluster       string        `json:"cluster"`
	Self          Member        `json:"self"`
	Configuration Configuration `json:"configuration"`
	Clients       int           `json:"clients"`
	Network       Network       `json:"network"`
	LogLevel      string        `json:"log_level,omitempty"`
}

// Member is one life of a processor.
type Member struct {
	ID          uint32 `json:"id"`
	Incarnation uint64 `json:"incarnation"`
}

// Configuration is the latest regular configuration; the answer to "members".
type Configuration struct {
	Epoch          uint64   `json:"epoch"`
	Representative Member   `json:"representative"`
	Sequencer      uint32   `json:"sequencer,omitempty"` // whose stream is the order, a moment ago
	Members        []Member `json:"members"`
	Addresses      []string `json:"addresses,omitempty"` // of the members, in their order: where this processor finds them
}

// Network is what the processor's network came to.
type Network struct {
	Local    string `json:"local"`
	Group    string `json:"group,omitempty"`
	Datagram int    `json:"datagram_bytes"`
}

// Joined is one group that clients have joined; the answer to "groups" is a list
// of them.
type Joined struct {
	Key     string   `json:"key"`            // in hexadecimal digits
	Name    string   `json:"name,omitempty"` // where the key is text, and zero bytes behind it
	Clients []uint64 `json:"clients"`
}

// Client is one program; the answer to "clients" is a list of them.
type Client struct {
	ID          uint64    `json:"id"`
	Name        string    `json:"name"`
	PID         int       `json:"pid"`
	UID         uint32    `json:"uid"`
	GID         uint32    `json:"gid"`
	Since       time.Time `json:"since"`
	Control     bool      `json:"control,omitempty"`
	Origin      uint16    `json:"origin,omitempty"`
	Groups      int       `json:"groups"`
	Holds       bool      `json:"holds,omitempty"`
	Everything  bool      `json:"everything,omitempty"`
	Sent        uint64    `json:"sent"`
	SentBytes   uint64    `json:"sent_bytes"`
	Events      uint64    `json:"events"`
	QueuedBytes int       `json:"queued_bytes"`
	LimitBytes  int       `json:"limit_bytes,omitempty"`
	Behind      uint64    `json:"behind"`
}

// Stats is the answer to "stats".
type Stats struct {
	Now       time.Time         `json:"now"`
	Server    map[string]uint64 `json:"server"`
	Clients   int               `json:"clients"`
	Processor map[string]uint64 `json:"processor"` // as perf.Each names what evs.Stats has
}

// query answers a question with JSON.
func (s *Server) query(what string) ([]byte, error) {
	var v any
	switch what {
	case "status":
		v = s.status()
	case "members":
		v = s.configuration()
	case "groups":
		v = s.groups()
	case "clients":
		v = s.listClients()
	case "stats":
		v = Stats{Now: time.Now(), Server: s.counters.all(), Clients: s.Clients(), Processor: ProcessorCounters(s.p.Stats())}
	default:
		return nil, fmt.Errorf("query %.32q: %w", what, errUnknown)
	}
	return json.Marshal(v)
}

func (s *Server) status() Status {
	self, facts := s.p.Self(), s.p.Facts()
	st := Status{
		Version: s.options.Version, PID: os.Getpid(), Started: s.started, Now: time.Now(), Cluster: s.p.Cluster(),
		Self: Member{uint32(self.ID), self.Incarnation}, Configuration: s.configuration(), Clients: s.Clients(),
		Network: Network{Local: facts.Local.String(), Datagram: facts.DatagramBytes},
	}
	if facts.Group.IsValid() {
		st.Network.Group = facts.Group.String()
	}
	if s.options.Level != nil {
		st.LogLevel = s.options.Level.Level().String()
	}
	return st
}

func (s *Server) configuration() Configuration {
	c := s.p.Configuration()
	out := Configuration{Epoch: c.ID.Epoch, Representative: Member{uint32(c.ID.Rep), c.ID.RepIncarnation}, Sequencer: uint32(s.p.Stats().Sequencer)}
	addresses := s.p.Addresses()
	for _, m := range c.Members {
		out.Members = append(out.Members, Member{uint32(m.ID), m.Incarnation})
		text := "" // a member of another configuration, meanwhile
		if at, ok := addresses[m]; ok {
			text = at.String()
		}
		out.Addresses = append(out.Addresses, text)
	}
	return out
}

func (s *Server) groups() []Joined {
	who := map[evs.Group][]uint64{}
	for _, c := range s.all() {
		if h := c.opened.Load(); h != nil {
			for _, g := range h.Groups() {
				who[g] = append(who[g], c.id)
			}
		}
	}
	list := make([]Joined, 0, len(who))
	for g, clients := range who {
		slices.Sort(clients)
		list = append(list, Joined{g.String(), nameOf(g), clients})
	}
	slices.SortFunc(list, func(a, b Joined) int { return cmp.Compare(a.Key, b.Key) })
	return list
}

// nameOf is the key as text, if it is some.
func nameOf(g evs.Group) string {
	name := strings.TrimRight(string(g[:]), "\x00")
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return name
}

func (s *Server) listClients() []Client {
	list := make([]Client, 0)
	for _, c := range s.all() {
		if x, ok := c.describe(); ok {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b Client) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// verdicts are what counters of the door begin with.
const verdicts = "loop_verdicts_"

// ProcessorCounters are what stats counts, by name. What the door said has its name in place
// of its number.
func ProcessorCounters(stats evs.Stats) map[string]uint64 {
	m := map[string]uint64{}
	perf.Each(&stats, func(name string, value uint64) { m[name] = value })
	for v := range wire.NumVerdicts {
		number := verdicts + strconv.Itoa(int(v))
		m[verdicts+v.String()] = m[number]
		delete(m, number)
	}
	return m
}

// all counters, by name.
func (c *Counters) all() map[string]uint64 {
	m := map[string]uint64{}
	for name, v := range map[string]*atomic.Uint64{
		"connected": &c.Connected, "ended": &c.Ended, "denied": &c.Denied, "busy": &c.Busy, "bad_version": &c.BadVersion,
		"malformed": &c.Malformed, "slow": &c.Slow, "unknown": &c.Unknown, "refused": &c.Refused, "requests": &c.Requests,
		"messages": &c.Messages, "bytes": &c.Bytes, "events": &c.Events, "event_bytes": &c.EventBytes, "shared_bytes": &c.SharedBytes,
		"behind": &c.Behind, "interrupted": &c.Interrupted,
	} {
		m[name] = v.Load()
	}
	return m
}
