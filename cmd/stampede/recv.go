package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"stampede/evs"
	"stampede/internal/console"
)

// recvFlags are the flags of the verb recv.
type recvFlags struct {
	remote
	count     uint64
	raw       bool
	separator string
	hold      bool
}

func recvVerb() *cobra.Command {
	f := &recvFlags{}
	c := f.verb(&cobra.Command{
		Use:   "recv [flags] GROUP...",
		Short: "Print the messages of groups",
		Long: `Join groups through a running daemon and print their messages in the order in
which all receive them, from now on: sender, number, groups and text, one a line;
what is not printable is escaped. --raw prints the payloads as they are, with a
separator behind each; --json prints all there is to know of a message on a line.

It ends with --count messages, with a signal, or when who reads its output has
gone. Who cannot keep up is disconnected by the daemon, unless it may --hold.`,
		Example: `  stampede recv news sport
  stampede recv --count 1 --timeout 10s --raw --separator '' news > message
  stampede recv --json news | jq -r 'select(.sender == 3) | .text'`,
		Args: cobra.MinimumNArgs(1),
	}, 0, f.recv)
	c.ValidArgsFunction = f.completeGroups()
	flags := c.Flags()
	flags.Uint64VarP(&f.count, "count", "n", 0, "end after so many messages; 0 is never")
	flags.BoolVar(&f.raw, "raw", false, "print the payloads only")
	flags.StringVar(&f.separator, "separator", `\n`, `what --raw prints behind each payload; \n, \t, \0 and \xff as in Go or C`)
	flags.BoolVar(&f.hold, "hold", false, "let the group wait for this program rather than be disconnected")
	f.withJSON(flags, "messages as JSON, one a line")
	return c
}

func (f *recvFlags) recv(ctx context.Context, arg []string) error {
	groups, err := groupsOf(arg)
	if err != nil {
		return err
	}
	separator, err := unescape(f.separator)
	if err == nil && f.raw && f.json {
		err = errors.New("--raw and --json do not go together")
	}
	if err != nil {
		return badUsage(err)
	}
	o := evs.HandleOptions{}
	if f.hold {
		o.WhenFull = evs.HoldGroup
	}
	h, err := f.open(ctx, o, groups...)
	if err != nil {
		return err
	}
	defer h.Close()
	left := f.count
	err = untilSignal(f.stream(ctx, h, func(w *bufio.Writer, e *evs.Event) (more bool, err error) {
		switch {
		case e.Kind != evs.Deliver:
			return true, nil
		case f.raw:
			w.Write(e.Payload)
			_, err = w.WriteString(separator)
		case f.json:
			err = writeRecord(w, e)
		default:
			_, err = fmt.Fprintln(w, console.Short(e))
		}
		left--
		return left != 0, err
	}))
	if err == nil && f.count > 0 && left > 0 {
		return fmt.Errorf("%d of %d messages came", f.count-left, f.count)
	}
	return err
}

// streamBatch is how many events are printed before it is looked for a signal.
const streamBatch = 128

// stream writes the events of a handle until write has enough. What was written
// is on its way before it waits for more.
func (r *remote) stream(ctx context.Context, h *evs.Handle, write func(*bufio.Writer, *evs.Event) (more bool, err error)) error {
	w, events := bufio.NewWriterSize(r.out, 64<<10), make([]evs.Event, streamBatch)
	for {
		n, err := h.Receive(ctx, events)
		if err != nil {
			return err
		}
		more := true
		for i := 0; i < n && more; i++ {
			if more, err = write(w, &events[i]); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil || !more {
			return err
		}
	}
}

// writeRecord writes an event as JSON.
func writeRecord(w *bufio.Writer, e *evs.Event) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(console.RecordOf(e, time.Now()))
}

// unescape reads a text with escapes.
func unescape(text string) (string, error) {
	var b []byte
	for rest := text; rest != ""; {
		if len(rest) > 1 && rest[:2] == `\0` {
			b, rest = append(b, 0), rest[2:]
			continue
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return "", errors.New("--separator: " + strconv.Quote(text) + " has an escape that is none")
		}
		if r < 0x80 || !multibyte {
			b = append(b, byte(r))
		} else {
			b = append(b, string(r)...)
		}
		rest = tail
	}
	return string(b), nil
}
