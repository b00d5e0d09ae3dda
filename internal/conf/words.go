package conf

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"stampede/evs"
	"stampede/sock"
)

// words are what a value may be, each with its meaning; the first is the default.
type words[T comparable] []struct {
	word    string
	meaning T
}

// String lists the words, as a flag's description does.
func (w words[T]) String() string {
	list := make([]string, len(w))
	for i := range w {
		list[i] = w[i].word
	}
	return strings.Join(list, "|")
}

func (w words[T]) find(text string, to *T) error {
	for _, o := range w {
		if o.word == text {
			*to = o.meaning
			return nil
		}
	}
	return fmt.Errorf("%q is none of %s", text, w)
}

func (w words[T]) of(meaning T) ([]byte, error) {
	for _, o := range w {
		if o.meaning == meaning {
			return []byte(o.word), nil
		}
	}
	return nil, fmt.Errorf("%v is none of %s", meaning, w)
}

// The types of the values that are words. They are structs, so that nothing but
// their words can be decoded into them.
type (
	Transport   struct{ way uint8 }
	Socket      struct{ sock.Kind }
	Switch      struct{ evs.Switch }
	Wait        struct{ evs.Wait }
	Compression struct{ evs.Compression }
	Guarantee   struct{ evs.Guarantee }
	Level       struct{ slog.Level }
	Format      struct{ kind uint8 }
)

// How datagrams get to the others.
var (
	AutoTransport = Transport{0} // multicast if a group is given, else unicast
	Multicast     = Transport{1} // to the group that all share
	Unicast       = Transport{2} // to each of the peers
)

// How a line of the log is written.
var (
	TextFormat = Format{0} // key=value
	JSONFormat = Format{1} // an object
)

var (
	transports = words[Transport]{{"auto", AutoTransport}, {"multicast", Multicast}, {"unicast", Unicast}}
	sockets    = words[Socket]{{"udp", Socket{sock.Native}}, {"portable", Socket{sock.Portable}}}
	switches   = words[Switch]{{"auto", Switch{sock.Auto}}, {"off", Switch{sock.Off}}}
	waits      = words[Wait]{{"auto", Wait{sock.Adaptive}}, {"block", Wait{sock.Block}}, {"spin", Wait{sock.Spin}}}
	codecs     = words[Compression]{{"off", Compression{evs.CompressNone}}, {"s2", Compression{evs.CompressS2}}, {"zstd", Compression{evs.CompressZstd}}}
	guarantees = words[Guarantee]{{"agreed", Guarantee{evs.Agreed}}, {"unordered", Guarantee{evs.Unordered}},
		{"fifo", Guarantee{evs.FIFO}}, {"safe", Guarantee{evs.Safe}}}
	levels = words[Level]{{"info", Level{slog.LevelInfo}}, {"debug", Level{slog.LevelDebug}},
		{"warn", Level{slog.LevelWarn}}, {"error", Level{slog.LevelError}}}
	formats = words[Format]{{"text", TextFormat}, {"json", JSONFormat}}
)

// The words, for descriptions of flags.
var (
	TransportWords = transports.String()
	SocketWords    = sockets.String()
	SwitchWords    = switches.String()
	WaitWords      = waits.String()
	CompressWords  = codecs.String()
	GuaranteeWords = guarantees.String()
	LevelWords     = levels.String()
	FormatWords    = formats.String()
)

func (v *Transport) UnmarshalText(text []byte) error   { return transports.find(string(text), v) }
func (v *Socket) UnmarshalText(text []byte) error      { return sockets.find(string(text), v) }
func (v *Switch) UnmarshalText(text []byte) error      { return switches.find(string(text), v) }
func (v *Wait) UnmarshalText(text []byte) error        { return waits.find(string(text), v) }
func (v *Compression) UnmarshalText(text []byte) error { return codecs.find(string(text), v) }
func (v *Guarantee) UnmarshalText(text []byte) error   { return guarantees.find(string(text), v) }
func (v *Level) UnmarshalText(text []byte) error       { return levels.find(string(text), v) }
func (v *Format) UnmarshalText(text []byte) error      { return formats.find(string(text), v) }

func (v Transport) MarshalText() ([]byte, error)   { return transports.of(v) }
func (v Socket) MarshalText() ([]byte, error)      { return sockets.of(v) }
func (v Switch) MarshalText() ([]byte, error)      { return switches.of(v) }
func (v Wait) MarshalText() ([]byte, error)        { return waits.of(v) }
func (v Compression) MarshalText() ([]byte, error) { return codecs.of(v) }
func (v Guarantee) MarshalText() ([]byte, error)   { return guarantees.of(v) }
func (v Level) MarshalText() ([]byte, error)       { return levels.of(v) }
func (v Format) MarshalText() ([]byte, error)      { return formats.of(v) }

// Duration is written with its unit: "20ms".
type Duration struct{ time.Duration }

func (d *Duration) UnmarshalText(text []byte) (err error) {
	d.Duration, err = time.ParseDuration(string(text))
	return err
}

func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
