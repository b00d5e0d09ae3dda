package drill

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"

	"stampede/internal/trace"
)

// tail reads a trace while a processor writes it, to know where the processor
// is at present.
type tail struct {
	path  string
	at    int64 // bytes that were read and understood
	lines *bufio.Reader
	event trace.Event

	config  trace.Config    // the last regular configuration, or none
	members []uint32        // its
	moving  bool            // a transitional configuration follows it
	heard   map[uint32]bool // whose messages were delivered in it
}

// read takes what was added to the file, but for half a line at its end.
func (t *tail) read() error {
	f, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the processor has not come to it yet
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if t.lines == nil {
		t.lines = bufio.NewReaderSize(nil, trace.MaxLine+1)
	}
	t.lines.Reset(io.NewSectionReader(f, t.at, math.MaxInt64-t.at))
	for {
		line, err := t.lines.ReadSlice('\n')
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", t.path, err)
		}
		if err := t.parse(line); err != nil {
			return err
		}
		t.at += int64(len(line))
	}
}

// The events that make up most of a trace.
var (
	sent      = []byte(`"ev":"send"`)
	delivered = []byte(`"ev":"deliver"`)
)

// parse takes a line, if it can matter: a tail must be faster than the
// processors of the whole lab together.
func (t *tail) parse(line []byte) error {
	if bytes.Contains(line, sent) || len(t.heard) == len(t.members) && bytes.Contains(line, delivered) {
		return nil
	}
	if err := trace.NewReader(bytes.NewReader(line), t.path).Next(&t.event); err != nil {
		return err
	}
	t.take(&t.event)
	return nil
}

func (t *tail) take(e *trace.Event) {
	switch {
	case e.Kind == trace.Change && e.View == trace.Transitional:
		t.moving = true
	case e.Kind == trace.Change:
		t.config, t.members, t.moving = e.Config, slices.Clone(e.Members), false
		t.heard = map[uint32]bool{}
	case e.Kind == trace.Deliver && t.heard != nil:
		t.heard[e.Message.Sender.ID] = true
	}
}

// in says that the processor is in a configuration of exactly these members,
// and has delivered something of each of them there.
func (t *tail) in(members []uint32) bool {
	if t.moving || !slices.Equal(t.members, members) {
		return false
	}
	for _, id := range members {
		if !t.heard[id] {
			return false
		}
	}
	return true
}

func (t *tail) String() string {
	switch {
	case t.config.Rep == 0:
		return "in no configuration yet"
	case t.moving:
		return fmt.Sprintf("on its way from configuration %v %v", t.config, t.members)
	}
	return fmt.Sprintf("in configuration %v %v, hears %d", t.config, t.members, len(t.heard))
}
