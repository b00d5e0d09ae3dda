package flood

import (
	"cmp"
	"fmt"
	"time"
)

// Run is one flood.
type Run struct {
	Hosts   int     `json:"hosts"`
	Senders int     `json:"senders"`         // the first so many hosts; 0 = all
	Size    int     `json:"size"`            // bytes of a message
	Link    float64 `json:"link_bits_per_s"` // of each host, each way; 0 = no limit
	Shared  int     `json:"shared_cores"`    // all hosts share so many cores and a bridge, as in a lab; 0 = one each
	Lone    bool    `json:"without_trains"`  // every datagram passes the kernels alone, as without UDP_SEGMENT and UDP_GRO
	MTU     int     `json:"mtu"`             // bytes of an IP packet; 0 = 1500
	Window  int     `json:"window_bytes"`    // as evs.Config.WindowBytes; 0 = its default
	Buffer  int     `json:"receive_buffer"`  // bytes of a socket, as the kernel counts them; 0 = 16 MiB
	Seed    uint64  `json:"seed"`            // of the moments at which hosts start and begin to send
	Warmup  int64   `json:"warmup_ns"`       // 0 = 50 ms
	Measure int64   `json:"measured_ns"`     // 0 = 100 ms
	check   bool    // compute CRCs, for who measures what they cost
	watch   func() int64
	tick    int64 // ns that a reading of watch takes
}

// Limits and defaults of a Run.
const (
	MostHosts     = 256
	MostSize      = 1 << 20
	defaultMTU    = 1500
	defaultWindow = 1536 << 10 // evs.DefaultWindow
	defaultBuffer = 16 << 20   // what the kernel makes of the 8 MiB that sock asks for
	headers       = 20 + 8     // IPv4 (RFC 791) and UDP (RFC 768)
	sendBuffer    = 8 << 20    // bytes that may wait for a link: as much again as sock asks for
	frame         = 38         // Ethernet: preamble 8, header 14, check 4, gap 12 (IEEE 802.3)
	delay         = 5_000      // ns from a host to another: cable, switch, cards
)

func (r Run) withDefaults() Run {
	r.Senders = cmp.Or(r.Senders, r.Hosts)
	r.MTU = cmp.Or(r.MTU, defaultMTU)
	r.Window = cmp.Or(r.Window, defaultWindow)
	r.Buffer = cmp.Or(r.Buffer, defaultBuffer)
	r.Warmup = cmp.Or(r.Warmup, int64(50*time.Millisecond))
	r.Measure = cmp.Or(r.Measure, int64(100*time.Millisecond))
	return r
}

// Check says what cannot be.
func (r *Run) Check() error {
	d := r.withDefaults()
	within := func(what string, v, least, most int) error {
		if v < least || v > most {
			return fmt.Errorf("%s %d: not within %d to %d", what, v, least, most)
		}
		return nil
	}
	for _, err := range []error{
		within("hosts", d.Hosts, 1, MostHosts),
		within("size", d.Size, 1, MostSize),
		within("mtu", d.MTU, 576, 9000),
		within("window", d.Window, 576, 1<<30),
		within("receive buffer", d.Buffer, 4096, 1<<30),
		within("shared cores", d.Shared, 0, MostHosts),
	} {
		if err != nil {
			return err
		}
	}
	switch {
	case d.Senders < 1 || d.Senders > d.Hosts:
		return fmt.Errorf("senders %d of %d hosts: at least one, and no more than there are", d.Senders, d.Hosts)
	case d.Link != 0 && (d.Link < 1e6 || d.Link > 1e13):
		return fmt.Errorf("link of %g bits/s: not within 1 Mbit/s to 10 Tbit/s", d.Link)
	case d.Link != 0 && d.Shared > 0:
		return fmt.Errorf("a link of %g bits/s between hosts that share cores: a lab's bridge has no rate", d.Link)
	case d.Warmup < 0 || d.Measure < 1 || d.Warmup+d.Measure > int64(time.Minute):
		return fmt.Errorf("warm-up of %v and measured time of %v: not within 1 ns to a minute", time.Duration(d.Warmup), time.Duration(d.Measure))
	}
	return nil
}

// charge is what the kernel's accounting takes for a train, of one datagram or
// many: sock.Charge, as measured over veth.
func charge(bytes, count int) int {
	if count == 1 {
		const least, each = 832, 900
		return max(least, bytes+each)
	}
	return bytes * 110 / 100
}
