package drill

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"stampede/internal/lab"
)

// Options say what a drill does. The errors of Run name the fields as the flags
// of `stampede lab` do.
type Options struct {
	Hosts    int
	Duration time.Duration // from the first common configuration to the healing
	Faults   []Kind        // drawn from; none is a run without faults
	Rest     time.Duration // between a fault's end and the next fault; 0 = DefaultRest
	Overlap  bool          // faults begin while others last
	Seed     uint64

	Rate      float64       // messages/s that each processor sends
	Size      int           // bytes of a message
	Guarantee string        // as `stampede node` takes it; default its own
	Transport string        // multicast (the default) or unicast
	IP        int           // version: 4 (the default) or 6
	Detect    time.Duration // 0 = the processors' own default
	Daemon    bool          // each processor is a daemon's, which a program of its own uses
	Client    string        // that program, which takes the flags of `stampede node --dial` and goes by its file's name; default it
	NodeArgs  []string      // more flags of `stampede node`, or of Client

	// Settle is how long the cluster may take to come to one configuration
	// when nothing stands in its way; 0 = DefaultSettle.
	Settle time.Duration
	Dir    string // where traces and logs go; default a new temporary directory
	Keep   bool   // do not remove it, even if all is well

	Program string    // the path of stampede; default this one
	Out     io.Writer // what happens when, line by line
}

const (
	DefaultRest   = 1500 * time.Millisecond
	DefaultSettle = 20 * time.Second
)

func (o Options) withDefaults() (Options, error) {
	if o.Rest == 0 {
		o.Rest = DefaultRest
	}
	if o.Settle == 0 {
		o.Settle = DefaultSettle
	}
	if o.Transport == "" {
		o.Transport = multicast
	}
	if o.IP == 0 {
		o.IP = 4
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if err := o.validate(); err != nil {
		return o, err
	}
	return o, o.findPrograms()
}

func (o *Options) findPrograms() (err error) {
	if o.Program == "" {
		if o.Program, err = os.Executable(); err != nil {
			return err
		}
	}
	if o.Client != "" {
		if o.Client, err = exec.LookPath(o.Client); err != nil {
			return fmt.Errorf("client: %w", err)
		}
	}
	return nil
}

// The words of Transport.
const (
	multicast = "multicast"
	unicast   = "unicast"
)

func (o *Options) validate() error {
	switch {
	case o.Hosts < 2 || o.Hosts > lab.MaxHosts:
		return fmt.Errorf("hosts: %d is not within 2 to %d", o.Hosts, lab.MaxHosts)
	case o.Rest < 0:
		return fmt.Errorf("rest: %v is negative", o.Rest)
	case o.Settle < 0:
		return fmt.Errorf("settle: %v is negative", o.Settle)
	case o.Duration < 0:
		return fmt.Errorf("duration: %v is negative", o.Duration)
	case o.Detect < 0:
		return fmt.Errorf("detect: %v is negative", o.Detect)
	case !(o.Rate > 0):
		return fmt.Errorf("rate: %g messages/s: a cluster that is silent shows nothing", o.Rate)
	case o.IP != 4 && o.IP != 6:
		return fmt.Errorf("ip: %d is neither 4 nor 6", o.IP)
	case o.Client != "" && !o.Daemon:
		return fmt.Errorf("client: %s is a daemon's, and there are none", o.Client)
	case o.Transport != multicast && o.Transport != unicast:
		return fmt.Errorf("transport: %q is none of %s|%s", o.Transport, multicast, unicast)
	}
	return nil
}
