package sim

import (
	"regexp"
	"strconv"
	"strings"
)

// begin forgets what the processors have seen so far: expectations are about
// what follows.
func (w *world) begin() {
	for _, n := range w.nodes {
		n.log = n.log[:0]
	}
}

// readExpect reads `expect ID: …`: exactly what the processor has seen since
// `begin`. A run of labels that count up is written as first..last.
func readExpect(p *words, l *Line) func(*world) {
	w := p.word()
	digits, ok := strings.CutSuffix(w, ":")
	if !ok {
		p.fail("an expectation names its processor: %q", w)
		return nil
	}
	q := words{rest: []string{digits}, script: p.script}
	id := q.id()
	if q.err != nil {
		p.err = q.err
		return nil
	}
	want := strings.Join(p.rest, " ")
	p.rest = nil
	return func(w *world) {
		n := w.node(id)
		got := n.history()
		if w.options.Rewrite {
			head, _, _ := strings.Cut(l.Text, "expect")
			w.rewritten[l.Number] = strings.TrimRight(head+"expect "+digits+": "+got, " ")
		} else if got != want {
			w.failf("expect", "%v saw\n\t%s\nexpected was\n\t%s", n, got, want)
		}
	}
}

var counting = regexp.MustCompile(`^(.*?)(\d+)$`)

// history is what a processor saw, in a script's words.
func (n *node) history() string {
	var out []string
	for i := 0; i < len(n.log); {
		end := i + 1
		if n.log[i].label {
			for end < len(n.log) && n.log[end].label && follows(n.log[end-1].text, n.log[end].text) {
				end++
			}
		}
		text := n.log[i].text
		if end-i > 2 {
			text += ".." + n.log[end-1].text
		} else {
			end = i + 1
		}
		out = append(out, text)
		i = end
	}
	return strings.Join(out, " ")
}

// follows says whether b is a with a number that is higher by one.
func follows(a, b string) bool {
	x, y := counting.FindStringSubmatch(a), counting.FindStringSubmatch(b)
	if x == nil || y == nil || x[1] != y[1] {
		return false
	}
	m, _ := strconv.Atoi(x[2])
	n, _ := strconv.Atoi(y[2])
	return n == m+1
}
