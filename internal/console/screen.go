package console

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// Write writes a frame as lines of text.
func (f *Frame) Write(w io.Writer) error {
	fmt.Fprintf(w, "stampede %s, cluster %s, processor %d, configuration %d.%d, members: %d, up %s\n\n",
		Printable(f.Version), Printable(f.Cluster), f.Self.ID, f.Members.Epoch, f.Members.Representative.ID,
		len(f.Members.Members), Age(f.Time.Sub(f.Started)))
	if err := f.Members.Write(w); err != nil {
		return err
	}
	r, q := &f.Rates, &f.Queues
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nclients\tmessages %s/s\t%s/s\tevents %s/s\t%s/s\n", scaled(r.Messages, ""), Bytes(r.MessageBytes), scaled(r.Events, ""), Bytes(r.EventBytes))
	fmt.Fprintf(t, "network\tdatagrams out %s/s\t%s/s\tin %s/s\t%s/s\n", scaled(r.DatagramsOut, ""), Bytes(r.BytesOut), scaled(r.DatagramsIn, ""), Bytes(r.BytesIn))
	fmt.Fprintf(t, "repair\tmissing %s/s\t\tsent again %s/s\t\n", scaled(r.Gaps, ""), scaled(r.Retransmits, ""))
	fmt.Fprintf(t, "latency\tagreed %s\t\tsafe %s\t\n", measured(f.Latency.Agreed), measured(f.Latency.Safe))
	fmt.Fprintf(t, "queues\tsend %s\t%d datagrams\tevents %s\t%d runs\n", Bytes(float64(q.SendBytes)), q.SendDatagrams, Bytes(float64(q.EventBytes)), q.Events)
	fmt.Fprintf(t, "\twaiting senders %d\t\tclients %s\t\n", q.Waiting, Bytes(float64(q.ClientBytes)))
	if err := t.Flush(); err != nil {
		return err
	}
	if err := f.writeClients(w); err != nil || len(f.Drops) == 0 {
		return err
	}
	return f.writeDrops(w)
}

// measured is a latency, if there is one.
func measured(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return Latency(d)
}

func (f *Frame) writeDrops(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nDROPPED OR REFUSED\tTOTAL\tPER S")
	for _, d := range f.Drops {
		fmt.Fprintf(t, "%s\t%d\t%s\n", d.Name, d.Total, scaled(d.Second, ""))
	}
	return t.Flush()
}

func (f *Frame) writeClients(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nCLIENT\tPID\tGROUPS\tMESSAGES/S\tBYTES/S\tEVENTS/S\tQUEUED\tBEHIND\tNAME")
	for i := range f.Clients {
		c := &f.Clients[i]
		fmt.Fprintf(t, "%d\t%d\t%d\t%s\t%s\t%s\t%s\t%d\t%s\n", c.ID, c.PID, c.Groups, scaled(c.Messages, ""), Bytes(c.MessageBytes),
			scaled(c.Events, ""), Bytes(float64(c.QueuedBytes)), c.Behind, Printable(c.Name))
	}
	return t.Flush()
}

// Screen shows texts one in place of the other on a terminal, and one behind
// the other elsewhere.
type Screen struct {
	out      io.Writer
	terminal *os.File // nil elsewhere
	shown    bool
}

// NewScreen returns a screen on out.
func NewScreen(out io.Writer, file *os.File) *Screen {
	if file != nil && !term.IsTerminal(int(file.Fd())) {
		file = nil
	}
	return &Screen{out: out, terminal: file}
}

// Control sequences, ECMA-48.
const (
	home     = "\x1b[H"
	restOff  = "\x1b[K" // of the line
	belowOff = "\x1b[J"
	allOff   = "\x1b[2J"
)

// Show shows a text of several lines.
func (s *Screen) Show(text string) error {
	before := ""
	switch {
	case s.terminal != nil && !s.shown:
		text = allOff + home + s.fit(text)
	case s.terminal != nil:
		text = home + s.fit(text)
	case s.shown:
		before = "\n"
	}
	s.shown = true
	_, err := io.WriteString(s.out, before+text)
	return err
}

// fit cuts a text to the terminal's size, so that nothing scrolls.
func (s *Screen) fit(text string) string {
	width, height, err := term.GetSize(int(s.terminal.Fd()))
	if err != nil || width <= 0 || height <= 1 {
		width, height = 80, 24
	}
	return Fit(text, width, height)
}

// Fit is a text cut to a width and a height, for a terminal: each line clears
// what it does not cover, and the last one what is below.
func Fit(text string, width, height int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > height-1 {
		lines = lines[:height-1]
	}
	var b strings.Builder
	for _, line := range lines {
		if runes := []rune(line); len(runes) > width {
			line = string(runes[:width])
		}
		b.WriteString(line + restOff + "\r\n")
	}
	return b.String() + belowOff
}
