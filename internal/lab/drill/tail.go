package drill

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"stampede/internal/trace"
)

// tail reads a trace while a processor writes it, to know where the processor
// is at present.
type tail struct {
	path  string
	at    int64 // bytes that were read and understood
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
	added, err := io.ReadAll(io.NewSectionReader(f, t.at, 1<<62))
	if err != nil {
		return err
	}
	added = added[:bytes.LastIndexByte(added, '\n')+1]
	if len(added) == 0 {
		return nil
	}
	for lines := trace.NewReader(bytes.NewReader(added), t.path); ; {
		switch err := lines.Next(&t.event); err {
		case nil:
			t.take(&t.event)
		case io.EOF:
			t.at += int64(len(added))
			return nil
		default:
			return err
		}
	}
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
