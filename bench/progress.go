package bench

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// progressLine shows how the hosts are getting on.
type progressLine struct {
	out  io.Writer
	live bool // a terminal: one line, written over
	next time.Time
	on   bool // a line is on the terminal
}

// How often a line is shown.
const (
	liveEvery  = 200 * time.Millisecond
	plainEvery = time.Second
)

func newProgress(out io.Writer, live bool) *progressLine {
	if out == nil {
		out = io.Discard
	}
	return &progressLine{out: out, live: live}
}

// eraseLine goes to the beginning of the line and empties it (ECMA-48 EL).
const eraseLine = "\r\x1b[K"

// clear takes the line away, for something else to be written.
func (p *progressLine) clear() {
	if p.on {
		io.WriteString(p.out, eraseLine)
	}
	p.on = false
}

// watch returns a function that is told of the progress of each host of s. The
// line shows the slowest.
func (p *progressLine) watch(s *Scenario) func(host int, now *progress) {
	last := make([]progress, s.Hosts)
	rates := make([]float64, s.Hosts) // messages/s since the report before
	seen, known := make([]bool, s.Hosts), 0
	var first int64
	p.next = time.Time{}
	return func(host int, at *progress) {
		before := last[host]
		last[host] = *at
		if first == 0 {
			first = at.At
		}
		if before.At == 0 || at.At <= before.At {
			return
		}
		if !seen[host] {
			seen[host] = true
			known++
		}
		rates[host] = float64(at.Delivered-before.Delivered) * 1e9 / float64(at.At-before.At)
		if known < s.Hosts {
			return
		}
		least := slices.Min(rates)
		// Short enough for a terminal of 80 columns: a wrapped line cannot be
		// written over.
		p.tell(fmt.Sprintf("%s %d B %s: %.1f/%.1f s, %s messages/s, %.0f MB/s",
			s.Name, s.Size, s.Guarantee, float64(at.At-first)/1e9, s.total().Seconds(),
			grouped(least), least*float64(s.Size)/1e6))
	}
}

func (p *progressLine) tell(line string) {
	t := time.Now()
	if t.Before(p.next) {
		return
	}
	if p.live {
		p.next = t.Add(liveEvery)
		p.on = true
		io.WriteString(p.out, eraseLine+line)
		return
	}
	p.next = t.Add(plainEvery)
	io.WriteString(p.out, line+"\n")
}
