package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"stampede/bench/corosync"
	"stampede/internal/lab"
	"stampede/sock"
)

// Limits of a Scenario.
const (
	MaxHosts   = 64                        // processes on one machine; a lab has addresses for more
	MaxSize    = 64 << 20                  // evs.Config.MaxMessageBytes goes no further
	MaxRate    = 1e7                       // messages/s of one sender: beyond it a slot is shorter than two reads of the clock
	MaxClients = 1000                      // of one daemon
	MinMTU     = 576                       // every IPv4 host takes it (RFC 791)
	MinMTU6    = 1280                      // every IPv6 link carries it (RFC 8200)
	MaxMTU     = sock.MaxDatagram + 20 + 8 // with the headers of IPv4 and UDP

	MaxReceiveBuffer = 1 << 30 // the kernel doubles it into an int
)

// Scenario is one run.
type Scenario struct {
	Suite      string // empty = none
	Name       string
	Engine     string // EngineWords
	Repetition int    // of the same run, from 1; 0 = the only one

	Hosts     int     // processors, each a process of its own
	Senders   int     // those of them that send: the first so many
	Size      int     // bytes of a message
	Guarantee string  // GuaranteeWords
	Data      string  // DataWords: what it is filled with
	Rate      float64 // messages/s of each sender, by the clock; 0 = as fast as accepted
	Load      float64 // percent of the saturation measured before, which then makes the rate; 0 = as Rate says
	Via       string  // ViaWords: where deliveries are taken; see via
	Clients   int     // of each host's daemon; 0 = 1

	Warmup   time.Duration // not measured
	Duration time.Duration // measured

	Transport string        // TransportWords; auto = multicast where it can be had
	IP        int           // 4 or 6
	Socket    string        // SocketWords
	GSO, GRO  string        // SwitchWords
	Wait      string        // WaitWords
	Compress  string        // CompressWords
	Check     string        // CheckWords: CRC-32C of Stampede's and raw datagrams
	MTU       int           // bytes of an IP packet; 0 = the interface's
	CPUs      string        // numbers with commas between them: each host's loop is pinned to one of them, by turns; "" = to none
	BusyPoll  time.Duration // as evs.Config has it

	ReceiveBuffer int // bytes asked of the kernel for each socket; 0 = as much as it grants

	Kill string // KillWords: who is killed in the measured time; see killTime

	Loss float64 // percent of the datagrams that each host drops on arrival
	Seed uint64  // of those drops

	Lab bool // in network namespaces instead of the loopback interface
}

// Default is a flood of 64-byte messages on three hosts.
func Default() Scenario {
	return Scenario{
		Engine: "stampede", Hosts: 3, Senders: 3, Size: 64, Guarantee: "agreed", Data: "letters", Via: "auto", Kill: "none",
		Warmup: 500 * time.Millisecond, Duration: 3 * time.Second,
		Transport: "auto", IP: 4, Socket: "udp", GSO: "auto", GRO: "auto", Wait: "auto", Compress: "off", Check: "on",
	}
}

// Named is s with the name that says what kind of run it is.
func (s Scenario) Named() Scenario {
	s.Name = "flood"
	switch {
	case s.Load > 0:
		s.Name = fmt.Sprintf("latency at %g %%", s.Load)
	case s.Rate > 0:
		s.Name = fmt.Sprintf("latency %g/s", s.Rate)
	case engines.of(s.Engine) == roundTrip:
		s.Name = "latency"
	}
	if killings.of(s.Kill) {
		s.Name = "failover, " + s.Name
	}
	if s.Via != "auto" {
		s.Name += " " + s.Via
	}
	return s
}

// Validate refuses a scenario that makes no sense or cannot be had, with the
// reason. The names in its errors are those of the flags.
func (s *Scenario) Validate() error {
	for _, judge := range []func() error{s.judgeWords, s.judgeLoad, s.judgeKill, s.judgeNetwork, s.judgeOwn, s.judgeEngine} {
		if err := judge(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) judgeWords() error {
	_, guarantee := guarantees.find("guarantee", s.Guarantee)
	_, via := vias.find("via", s.Via)
	_, transport := transports.find("transport", s.Transport)
	_, socket := sockets.find("socket", s.Socket)
	_, gso := switches.find("gso", s.GSO)
	_, gro := switches.find("gro", s.GRO)
	_, wait := waits.find("wait", s.Wait)
	_, compress := codecs.find("compress", s.Compress)
	_, check := checks.find("check", s.Check)
	_, data := fillers.find("data", s.Data)
	_, kill := killings.find("kill", s.Kill)
	_, engine := engines.find("engine", s.Engine)
	for _, err := range []error{engine, check, data, kill, guarantee, via, transport, socket, gso, gro, wait, compress} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) judgeLoad() error {
	switch {
	case s.Hosts < 1 || s.Hosts > MaxHosts:
		return fmt.Errorf("hosts %d is not within 1 to %d", s.Hosts, MaxHosts)
	case s.Senders < 1 || s.Senders > s.Hosts:
		return fmt.Errorf("senders %d is not within 1 to hosts, %d", s.Senders, s.Hosts)
	case s.Size < 0 || s.Size > MaxSize:
		return fmt.Errorf("size %d is not within 0 to %d bytes", s.Size, MaxSize)
	case s.Warmup < 0:
		return fmt.Errorf("warmup %v is negative", s.Warmup)
	case s.Duration <= 0:
		return fmt.Errorf("duration %v is not positive", s.Duration)
	case math.IsNaN(s.Rate) || s.Rate < 0 || s.Rate > MaxRate:
		return fmt.Errorf("rate %g is not within 0 to %g messages/s", s.Rate, MaxRate)
	case s.Rate > 0 && s.Rate*s.Duration.Seconds() < 1:
		return fmt.Errorf("rate %g sends no message within a duration of %v", s.Rate, s.Duration)
	case s.Rate > 0 && s.Size < stampEnd:
		return fmt.Errorf("size %d is too small for a rate: a message that is timed carries its send time in %d bytes", s.Size, stampEnd)
	case s.Clients < 0 || s.Clients > MaxClients:
		return fmt.Errorf("clients %d is not within 1 to %d", s.Clients, MaxClients)
	case s.Clients > 1 && !vias.of(s.Via).daemon():
		return fmt.Errorf("clients %d with via %s: only a daemon has several", s.Clients, s.Via)
	case math.IsNaN(s.Load) || s.Load < 0 || s.Load > 100:
		return fmt.Errorf("load %g is not within 0 to 100 percent", s.Load)
	}
	return nil
}

// leastAfterKill is the shortest measured time in which a death is noticed
// (evs.Config.Detect) and mended on a busy machine.
const leastAfterKill = time.Second

// judgeKill refuses a death after which there would be nothing to see.
func (s *Scenario) judgeKill() error {
	switch {
	case !killings.of(s.Kill):
		return nil
	case s.Hosts < 3:
		return fmt.Errorf("kill %s with %d hosts: it takes three, for two to live and be compared", s.Kill, s.Hosts)
	case s.Senders < 2:
		return fmt.Errorf("kill %s with one sender: it is the one that dies", s.Kill)
	case s.Duration < leastAfterKill:
		return fmt.Errorf("kill %s with a duration of %v: it takes %v to see what follows", s.Kill, s.Duration, leastAfterKill)
	case vias.of(s.Via).daemon():
		return fmt.Errorf("kill %s with via %s: it is the processor that is measured", s.Kill, s.Via)
	case s.Engine != word(engines, stampede):
		return fmt.Errorf("kill %s with engine %s: only Stampede's is known to have one", s.Kill, s.Engine)
	}
	return nil
}

// killTime is when the sequencer, the first host, is killed: not later than a
// second into the measured time, for there to be much to see after it.
func (t *schedule) killTime() int64 { return t.Warm + min((t.End-t.Warm)/2, int64(time.Second)) }

func (s *Scenario) judgeNetwork() error {
	switch {
	case s.IP != 4 && s.IP != 6:
		return fmt.Errorf("ip %d is neither 4 nor 6", s.IP)
	case s.Transport == "multicast" && s.IP == 6 && !s.Lab:
		return fmt.Errorf("transport multicast with ip 6 needs lab: the loopback interface carries no IPv6 multicast")
	case math.IsNaN(s.Loss) || s.Loss < 0 || s.Loss >= 100:
		return fmt.Errorf("loss %g is not within 0 to less than 100 percent", s.Loss)
	case s.ReceiveBuffer < 0 || s.ReceiveBuffer > MaxReceiveBuffer:
		return fmt.Errorf("receive-buffer %d is not within 0 to %d bytes", s.ReceiveBuffer, MaxReceiveBuffer)
	case s.MTU == 0:
		return nil
	case s.MTU < MinMTU || s.MTU > MaxMTU:
		return fmt.Errorf("mtu %d is not within %d to %d bytes", s.MTU, MinMTU, MaxMTU)
	case s.IP == 6 && s.MTU < MinMTU6:
		return fmt.Errorf("mtu %d is less than the %d bytes that ip 6 needs", s.MTU, MinMTU6)
	case s.Lab && s.MTU > lab.MTU:
		return fmt.Errorf("mtu %d is more than the lab's %d bytes", s.MTU, lab.MTU)
	}
	return nil
}

// judgeOwn refuses what only Stampede has, where it has it not: whether there are
// such CPUs, and such a card, its configuration will tell.
func (s *Scenario) judgeOwn() error {
	own := engines.of(s.Engine) == stampede
	switch _, err := s.cpus(); {
	case err != nil:
		return err
	case s.CPUs != "" && !own:
		return fmt.Errorf("cpus %s with engine %s: only Stampede's loops can be pinned", s.CPUs, s.Engine)
	case s.BusyPoll < 0 || s.BusyPoll > time.Second || s.BusyPoll > 0 && s.BusyPoll < time.Microsecond:
		return fmt.Errorf("busy-poll %v is not within 1µs to 1s", s.BusyPoll)
	case s.BusyPoll > 0 && !own:
		return fmt.Errorf("busy-poll %v with engine %s: only Stampede has it", s.BusyPoll, s.Engine)
	case s.BusyPoll > 0 && !s.Lab:
		return fmt.Errorf("busy-poll %v without lab: the loopback interface has no card to look at", s.BusyPoll)
	}
	return nil
}

// cpus are the numbers in CPUs.
func (s *Scenario) cpus() (list []int, err error) {
	if s.CPUs == "" {
		return nil, nil
	}
	for word := range strings.SplitSeq(s.CPUs, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("cpus %s: %q is no processor's number", s.CPUs, word)
		}
		list = append(list, n)
	}
	return list, nil
}

// judgeEngine refuses what an engine other than Stampede's does not have.
func (s *Scenario) judgeEngine() error {
	switch e := engines.of(s.Engine); {
	case e.bare():
		return s.judgeRaw()
	case e.peer():
		return s.judgePeer()
	}
	return nil
}

func (s *Scenario) judgeRaw() error {
	switch {
	case s.Loss > 0:
		return fmt.Errorf("loss %g with engine %s: it is to lose nothing, and repairs without haste", s.Loss, s.Engine)
	case s.Load > 0:
		return fmt.Errorf("load %g with engine %s: by the clock it sends one message at a time, which would be the limit", s.Load, s.Engine)
	case s.Compress != "off":
		return fmt.Errorf("compress %s with engine %s: it moves the bytes as they are", s.Compress, s.Engine)
	case engines.of(s.Engine) == roundTrip && s.Hosts < 2:
		return fmt.Errorf("hosts %d with engine %s: nobody answers", s.Hosts, s.Engine)
	case engines.of(s.Engine) == roundTrip && s.Size < stampEnd:
		return fmt.Errorf("size %d with engine %s: it is made for %d bytes and more", s.Size, s.Engine, stampEnd)
	}
	return nil
}

func (s *Scenario) judgePeer() error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf(format+" with engine %s: %s", append(args[:len(args)-1], s.Engine, args[len(args)-1])...)
	}
	switch {
	case !s.Lab:
		return fmt.Errorf("engine %s needs lab: every daemon of Corosync wants a network of its own", s.Engine)
	case s.Guarantee != "agreed":
		return refuse("guarantee %s", s.Guarantee, "agreed is all that its groups have")
	case s.Size > corosync.MaxMessage:
		return refuse("size %d", s.Size, fmt.Sprintf("its messages go to %d bytes", corosync.MaxMessage))
	case s.Transport != "auto":
		return refuse("transport %s", s.Transport, "the engine's name says which")
	case s.IP != 4:
		return refuse("ip %d", s.IP, "it is run over IPv4")
	case s.MTU != 0:
		return refuse("mtu %d", s.MTU, "it takes the interface's")
	case s.ReceiveBuffer != 0:
		return refuse("receive-buffer %d", s.ReceiveBuffer, "it asks for what it wants")
	case s.Loss > 0:
		return refuse("loss %g", s.Loss, "datagrams are dropped behind Stampede's own sockets")
	}
	return nil
}

// transport is the one that auto stands for, or the one asked for.
func (s *Scenario) transport() transport {
	t := transports.of(s.Transport)
	switch {
	case t != auto:
		return t
	case s.IP == 6 && !s.Lab:
		return unicast
	}
	return multicast
}

// via is the one that auto stands for, or the one asked for. A flood is served
// on the loop's goroutine, which leaves out the wake-ups and is some 10 to 30 %
// faster with more hosts than cores; latency is that of an ordinary
// application, which waits in Receive.
func (s *Scenario) via() Via {
	v := vias.of(s.Via)
	switch {
	case v != viaAuto:
		return v
	case s.Rate > 0, s.Load > 0:
		return viaReceive
	}
	return viaServe
}

// clients is how many programs of a host send and receive.
func (s *Scenario) clients() int { return max(1, s.Clients) }

// total is the time of sending.
func (s *Scenario) total() time.Duration { return s.Warmup + s.Duration }
