package bench

import (
	"fmt"
	"strings"

	"stampede/evs"
	"stampede/sock"
)

// choices are the words that a field of a Scenario may hold, with their
// meanings; the first is the default.
type choices[T any] []choice[T]

type choice[T any] struct {
	word    string
	meaning T
}

// Via tells how the application takes its deliveries.
type Via uint8

const (
	viaAuto       Via = iota
	viaReceive        // a goroutine in Receive; another one sends
	viaServe          // a function on the loop's goroutine, which in a flood sends too
	viaDaemon         // as viaReceive, in programs that reach the processor through a daemon
	viaLibevs         // the same, in C, by libevs; which messages others follow at once it is told
	viaLibevsEach     // the same without that, as programs of Corosync's time send
)

// daemon tells whether programs reach the processor through a daemon.
func (v Via) daemon() bool { return v == viaDaemon || v.inC() }

// inC tells whether those are in C.
func (v Via) inC() bool { return v == viaLibevs || v == viaLibevsEach }

// transport of a scenario whose choice was made.
type transport uint8

const (
	auto transport = iota
	multicast
	unicast
)

var (
	guarantees = choices[evs.Guarantee]{
		{"agreed", evs.Agreed}, {"unordered", evs.Unordered}, {"fifo", evs.FIFO}, {"safe", evs.Safe}}
	transports = choices[transport]{{"auto", auto}, {"multicast", multicast}, {"unicast", unicast}}
	sockets    = choices[sock.Kind]{{"udp", sock.Native}, {"portable", sock.Portable}}
	switches   = choices[evs.Switch]{{"auto", sock.Auto}, {"off", sock.Off}}
	waits      = choices[evs.Wait]{{"auto", sock.Adaptive}, {"block", sock.Block}, {"spin", sock.Spin}}
	codecs     = choices[evs.Compression]{{"off", 0}, {"s2", 1}, {"zstd", 2}}
	checks     = choices[bool]{{"on", true}, {"off", false}}
	killings   = choices[bool]{{"none", false}, {"sequencer", true}}
	fillers    = choices[filler]{{"letters", letters}, {"text", prose}, {"random", noise}}
	engines    = choices[Engine]{{"stampede", stampede}, {"raw", rawSockets}, {"roundtrip", roundTrip},
		{"corosync-udp", corosyncUDP}, {"corosync-knet", corosyncKnet}}
	vias = choices[Via]{{"auto", viaAuto}, {"receive", viaReceive}, {"serve", viaServe}, {"daemon", viaDaemon},
		{"libevs", viaLibevs}, {"libevs-each", viaLibevsEach}}
)

// find is the meaning of word.
func (c choices[T]) find(field, word string) (T, error) {
	for _, o := range c {
		if o.word == word {
			return o.meaning, nil
		}
	}
	var none T
	return none, fmt.Errorf("%s %q is none of %s", field, word, c)
}

// of is the meaning of a word that Validate has accepted.
func (c choices[T]) of(word string) T {
	m, err := c.find("", word)
	if err != nil {
		panic("bench: a scenario that was not validated: " + err.Error())
	}
	return m
}

// word is the first one with a meaning.
func word[T comparable](c choices[T], meaning T) string {
	for _, o := range c {
		if o.meaning == meaning {
			return o.word
		}
	}
	return ""
}

// String lists the words, as a flag's description does.
func (c choices[T]) String() string {
	words := make([]string, len(c))
	for i, o := range c {
		words[i] = o.word
	}
	return strings.Join(words, "|")
}

// The words that the fields of a Scenario take, for descriptions of flags.
var (
	GuaranteeWords = guarantees.String()
	TransportWords = transports.String()
	SocketWords    = sockets.String()
	SwitchWords    = switches.String()
	WaitWords      = waits.String()
	CompressWords  = codecs.String()
	CheckWords     = checks.String()
	EngineWords    = engines.String()
	DataWords      = fillers.String()
	KillWords      = killings.String()
	ViaWords       = vias.String()
)
