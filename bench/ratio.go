package bench

import "slices"

// relations are the runs that one of Stampede's is compared with, by name: what
// they differ in.
var relations = []struct {
	name   string
	paced  bool // only of runs with a rate
	differ func(*Scenario)
}{
	{"raw", false, func(s *Scenario) { s.Engine = word(engines, rawSockets) }},
	{"corosync-udp", false, func(s *Scenario) { s.Engine = word(engines, corosyncUDP) }},
	{"corosync-knet", false, func(s *Scenario) { s.Engine = word(engines, corosyncKnet) }},
	{"lossless", false, func(s *Scenario) { s.Loss = 0 }},
	{"roundtrip", true, func(s *Scenario) { s.Engine = word(engines, roundTrip) }}, // of as many hosts
	{"roundtrip-2", true, func(s *Scenario) { // of two
		s.Engine, s.Hosts, s.Senders = word(engines, roundTrip), 2, min(2, s.Senders)
	}},
	{"daemon", false, func(s *Scenario) { // programs in C by those in Go
		if vias.of(s.Via).inC() {
			s.Via = word(vias, viaDaemon)
		}
	}},
}

// nameless is what makes s the run that it is.
func (s *Scenario) nameless() Scenario {
	c := s.had()
	c.Name = ""
	return c
}

// relate sets the ratios.
func relate(results []Result) {
	for i := range results {
		r := &results[i]
		if engines.of(r.of.Engine) != stampede {
			continue
		}
		own, ok := r.figure()
		if !ok {
			continue
		}
		for _, relation := range relations {
			other := r.of
			relation.differ(&other)
			if other == r.of || relation.paced && r.of.Rate == 0 {
				continue
			}
			n := slices.IndexFunc(results, func(o Result) bool { return o.of.nameless() == other.nameless() })
			if n < 0 {
				continue
			}
			if base, ok := results[n].figure(); ok {
				r.compare(relation.name, own/base)
			}
		}
	}
}

func (r *Result) compare(name string, ratio float64) {
	if r.Ratios == nil {
		r.Ratios = map[string]float64{}
	}
	r.Ratios[name] = ratio
	if name == word(engines, rawSockets) && r.of.Rate == 0 {
		r.RawRatio = ratio
	}
}

// figure is what a run is compared by, which is not 0; ok is false if there is
// none, or the run was not right.
func (r *Result) figure() (v float64, ok bool) {
	switch {
	case r.Wrong() != nil:
	case r.of.Rate == 0:
		v = r.DeliveredPerS
	case r.LatencyUS != nil:
		v = r.LatencyUS.P50
	}
	return v, v > 0
}

// saturation is the least throughput of the floods that s is to be a share of:
// they are as s but for the way to take deliveries. 0 if none was right.
func saturation(results []Result, s *Scenario) (least float64) {
	like := func(s Scenario) Scenario {
		s.Load, s.Rate, s.Via = 0, 0, ""
		return s.nameless()
	}
	for i := range results {
		r := &results[i]
		if r.of.Load > 0 || r.of.Rate > 0 || like(r.of) != like(*s) {
			continue
		}
		if v, ok := r.figure(); ok && (least == 0 || v < least) {
			least = v
		}
	}
	return least
}
