package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Result is what came of a Scenario: an element of the JSON array.
// MB are 10⁶ bytes of payload.
type Result struct {
	Suite    string `json:"suite,omitempty"`
	Scenario string `json:"scenario"`
	Engine   string `json:"engine"`

	// Which of several runs of the same this is, from 1; not there if it is
	// the only one.
	Repetition int `json:"repetition,omitempty"`

	Hosts     int     `json:"hosts"`
	Senders   int     `json:"senders"`
	Size      int     `json:"size"`
	Guarantee string  `json:"guarantee"`
	Rate      float64 `json:"rate"` // messages/s a sender; 0 = flood
	Via       string  `json:"via"`
	Clients   int     `json:"clients,omitempty"` // of each host's daemon
	Data      string  `json:"data"`
	Load      float64 `json:"load_percent,omitempty"` // of the saturation measured before: it made the rate
	Kill      string  `json:"kill,omitempty"`         // who was killed: host 1, of which nothing is told

	WarmupS   float64 `json:"warmup_s"`
	DurationS float64 `json:"duration_s"`

	// The least over the hosts, between the end of warm-up and of sending. Like
	// all figures 0 or null in a run that was not right.
	DeliveredPerS float64 `json:"delivered_per_s"`
	MBPerS        float64 `json:"mb_per_s"`

	// Of a flood of Stampede's: MBPerS by that of the raw sockets in the same
	// repetition, if they ran and both were right.
	RawRatio float64 `json:"raw_ratio,omitempty"`

	// By the same run of the same repetition, but for what the name says, where
	// both were right: see relations. A flood's throughput is compared, else the
	// median latency.
	Ratios map[string]float64 `json:"ratios,omitempty"`

	// The longest time without a delivery at any host that lived.
	GapMS float64 `json:"gap_ms,omitempty"`

	// From the time at which a message was to be sent to its delivery: at its
	// sender, and at all hosts. In a flood of some messages only, from the call
	// that sent them. null: no message was timed.
	LatencyUS    *Latency `json:"latency_us"`
	LatencyAllUS *Latency `json:"latency_all_us"`

	OrderOK     bool   `json:"order_ok"`
	OrderFault  string `json:"order_fault,omitempty"`
	Lost        uint64 `json:"lost"`       // deliveries that lack, over all hosts
	Duplicates  uint64 `json:"duplicates"` // and those too many
	Damaged     uint64 `json:"damaged"`
	Changes     uint64 `json:"configuration_changes"` // after the first, the most of any host
	Retransmits uint64 `json:"retransmits"`           // datagrams, over all hosts and the whole run
	Overruns    uint64 `json:"overruns"`              // trains the kernel dropped for want of buffer
	Dropped     uint64 `json:"dropped"`               // datagrams, because of loss_percent

	// Of all hosts, the kernel's part included, by deliveries at all hosts, and
	// where that is from: cpuMachine, cpuProcesses. 0 where a host was killed.
	CPUNsPerDelivery    float64 `json:"cpu_ns_per_delivery"`
	CPUSource           string  `json:"cpu_source,omitempty"`
	DatagramsPerTrain   float64 `json:"datagrams_per_train"`   // received
	DatagramsPerReceive float64 `json:"datagrams_per_receive"` // by one system call

	GSO                string  `json:"gso"` // on, off or fallback, with the cause
	GRO                string  `json:"gro"`
	Transport          string  `json:"transport"`
	IP                 int     `json:"ip"`
	Socket             string  `json:"socket"`
	Wait               string  `json:"wait"`
	Compress           string  `json:"compress"`
	Check              string  `json:"check"` // CRC-32C of datagrams: on, off
	CPUs               string  `json:"cpus,omitempty"`
	BusyPoll           string  `json:"busy_poll,omitempty"`
	DatagramBytes      int     `json:"datagram_bytes"`
	ReceiveBufferBytes int     `json:"receive_buffer_bytes"` // granted to the host that got least
	LossPercent        float64 `json:"loss_percent"`
	Seed               uint64  `json:"seed"`
	Lab                bool    `json:"lab"`

	Environment
	PerHost []HostResult `json:"per_host"`

	// How often it was tried, if more than once: see tries.
	Tries int `json:"tries,omitempty"`

	// Error is why the run has no figures; the order counts as wrong.
	Error string `json:"error,omitempty"`

	of      Scenario                // what was run
	latency *hdrhistogram.Histogram // of LatencyUS, in ns; nil as that is
}

// Latency are quantiles in µs.
type Latency struct {
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
	Count int64   `json:"count"`
}

// HostResult is one host's part.
type HostResult struct {
	Host          int     `json:"host"`
	DurationS     float64 `json:"duration_s"`
	DeliveredPerS float64 `json:"delivered_per_s"`
	Sent          uint64  `json:"sent"`
	Delivered     uint64  `json:"delivered"` // over the whole run
	CPUS          float64 `json:"cpu_s"`     // of the measured time
	Chain         string  `json:"chain"`
}

// Wrong is what is wrong with a result, nil if nothing.
func (r *Result) Wrong() error {
	switch {
	case r.Error != "":
		return fmt.Errorf("%s, %s: %s", r.Scenario, r.Engine, r.Error)
	case r.Lost > 0:
		return fmt.Errorf("%s, %s, %d B: %d deliveries lost%s", r.Scenario, r.Engine, r.Size, r.Lost, r.apart())
	case r.Duplicates > 0:
		return fmt.Errorf("%s, %s, %d B: %d deliveries twice%s", r.Scenario, r.Engine, r.Size, r.Duplicates, r.apart())
	case !r.OrderOK:
		return fmt.Errorf("%s, %s, %d B: wrong order: %s%s", r.Scenario, r.Engine, r.Size, r.OrderFault, r.apart())
	}
	return nil
}

// apart tells of what may be the cause: hosts that took each other for dead
// went on apart, and none of them promises anything of the others.
func (r *Result) apart() string {
	if r.Changes == 0 || r.Kill != "" {
		return ""
	}
	return fmt.Sprintf(" (%d configuration changes, though no host was killed)", r.Changes)
}

// newResult has what a scenario asks for.
func newResult(s *Scenario, e Environment) Result {
	r := Result{
		of: *s, Suite: s.Suite, Data: s.Data, Load: s.Load,
		Scenario: s.Name, Engine: s.Engine, Repetition: s.Repetition, Hosts: s.Hosts, Senders: s.Senders, Size: s.Size,
		Guarantee: s.Guarantee, Rate: s.Rate, Via: word(vias, s.via()), Clients: s.Clients,
		WarmupS: s.Warmup.Seconds(), DurationS: s.Duration.Seconds(),
		Transport: "multicast", IP: s.IP, Socket: s.Socket, Wait: s.Wait, Compress: s.Compress,
		LossPercent: s.Loss, Seed: s.Seed, Lab: s.Lab, Environment: e,
		PerHost: []HostResult{},
	}
	if killings.of(s.Kill) {
		r.Kill = s.Kill
	}
	if s.transport() == unicast {
		r.Transport = "unicast"
	}
	r.Check, r.CPUs = s.Check, s.CPUs
	if s.BusyPoll > 0 {
		r.BusyPoll = s.BusyPoll.String()
	}
	switch e := engines.of(s.Engine); {
	case e.bare():
		r.Guarantee, r.Via = notSo, notSo
	case e.peer():
		r.Via, r.Socket, r.Wait, r.Compress, r.Check = notSo, notSo, notSo, notSo, notSo
		if e == corosyncKnet {
			r.Transport = "unicast"
		}
	}
	return r
}

// notSo stands for what an engine does not have.
const notSo = "none"

// Peer tells whether the result is another project's.
func (r *Result) Peer() bool {
	e, err := engines.find("engine", r.Engine)
	return err == nil && e.peer()
}

// add puts in what the hosts and the machine tell.
func (r *Result) add(outs []*outcome, from, to machineTime) error {
	r.addOrder(outs)
	r.addEngines(outs)
	own, err := merge(outs, func(o *outcome) []byte { return o.Own })
	if err != nil {
		return err
	}
	all, err := merge(outs, func(o *outcome) []byte { return o.All })
	if err != nil {
		return err
	}
	r.latency, r.LatencyUS, r.LatencyAllUS = own, quantiles(own), quantiles(all)
	var deliveries uint64
	var cpu int64
	r.DeliveredPerS = math.Inf(1)
	for _, o := range outs {
		r.GapMS = max(r.GapMS, float64(o.Gap)/1e6)
		n, ns := o.End.Delivered-o.Warm.Delivered, o.End.At-o.Warm.At
		h := HostResult{
			Host: o.Host, DurationS: float64(ns) / 1e9, DeliveredPerS: float64(n) * 1e9 / float64(ns),
			Sent: o.Sent, Delivered: o.Deliveries,
			CPUS: float64(o.End.CPU-o.Warm.CPU) / 1e9, Chain: fmt.Sprintf("%016x", o.Order.Chain),
		}
		r.PerHost = append(r.PerHost, h)
		if h.DeliveredPerS < r.DeliveredPerS {
			r.DeliveredPerS, r.DurationS = h.DeliveredPerS, h.DurationS
		}
		deliveries += n
		cpu += o.End.CPU - o.Warm.CPU
	}
	r.MBPerS = r.DeliveredPerS * float64(r.Size) / 1e6
	if r.Kill == "" {
		cpu, r.CPUSource = spent(cpu, from, to, r.Lab)
		r.CPUNsPerDelivery = ratio(uint64(cpu), deliveries)
	}
	return nil
}

// withhold takes the figures out of a run that was not right.
func (r *Result) withhold() {
	if r.Wrong() == nil {
		return
	}
	r.DeliveredPerS, r.MBPerS, r.CPUNsPerDelivery, r.GapMS = 0, 0, 0, 0
	r.LatencyUS, r.LatencyAllUS, r.latency = nil, nil, nil
	for i := range r.PerHost {
		r.PerHost[i].DeliveredPerS, r.PerHost[i].CPUS = 0, 0
	}
}

func (r *Result) addOrder(outs []*outcome) {
	var digests []digest
	sent := slices.Repeat([]uint64{untold}, r.Senders)
	for _, o := range outs {
		digests = append(append(digests, o.Order), o.Others...)
		if o.Host <= r.Senders {
			sent[o.Host-1] = o.Sent
		}
		r.Changes = max(r.Changes, o.Changes)
	}
	v := judge(digests, sent)
	r.OrderOK, r.OrderFault = v.OrderOK, v.Fault
	r.Lost, r.Duplicates, r.Damaged = v.Lost, v.Duplicates, v.Damaged
}

func (r *Result) addEngines(outs []*outcome) {
	var trains, datagrams, calls uint64
	for i, o := range outs {
		e := &o.Engine
		if i == 0 {
			r.Engine, r.GSO, r.GRO, r.Wait = e.Engine, e.GSO, e.GRO, e.Wait
			r.DatagramBytes, r.ReceiveBufferBytes = e.Datagram, e.ReceiveBufferBytes
		}
		r.GSO, r.GRO = weaker(r.GSO, e.GSO), weaker(r.GRO, e.GRO)
		r.ReceiveBufferBytes = min(r.ReceiveBufferBytes, e.ReceiveBufferBytes)
		r.Retransmits += e.Retransmits
		r.Overruns += e.Overruns
		r.Dropped += e.LostOnPurpose
		trains += e.ReceivedTrains
		datagrams += e.ReceivedDatagrams
		calls += e.ReceiveCalls
	}
	r.DatagramsPerTrain, r.DatagramsPerReceive = ratio(datagrams, trains), ratio(datagrams, calls)
}

// weaker is the mode that is not on, if there is one.
func weaker(a, b string) string {
	if a == "on" {
		return b
	}
	return a
}

func ratio(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// merge is the histogram of all hosts, nil if nothing was timed.
func merge(outs []*outcome, of func(*outcome) []byte) (*hdrhistogram.Histogram, error) {
	all := hdrhistogram.New(1, longest, 3)
	for _, o := range outs {
		encoded := of(o)
		if encoded == nil {
			continue
		}
		h, err := hdrhistogram.Decode(encoded)
		if err != nil {
			return nil, fmt.Errorf("host %d: histogram: %w", o.Host, err)
		}
		all.Merge(h)
	}
	if all.TotalCount() == 0 {
		return nil, nil
	}
	return all, nil
}

func quantiles(all *hdrhistogram.Histogram) *Latency {
	if all == nil {
		return nil
	}
	at := func(q float64) float64 { return float64(all.ValueAtQuantile(q)) / 1e3 }
	return &Latency{
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9),
		Max: float64(all.Max()) / 1e3, Count: all.TotalCount(),
	}
}

// WriteJSON writes results as one array.
func WriteJSON(w io.Writer, results []Result) error {
	if results == nil {
		results = []Result{} // never null
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(results)
}
