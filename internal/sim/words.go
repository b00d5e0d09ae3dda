package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"stampede/wire"
)

// words are what is left of a line. The first error stays; after it every
// method returns nothing.
type words struct {
	rest   []string
	err    error
	script *Script
}

func (p *words) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
		p.rest = nil
	}
}

// end is the error of the line; words that are left over are one.
func (p *words) end() error {
	if len(p.rest) > 0 {
		p.fail("what does %q mean here?", strings.Join(p.rest, " "))
	}
	return p.err
}

func (p *words) peek() string {
	if len(p.rest) == 0 {
		return ""
	}
	return p.rest[0]
}

func (p *words) accept(word string) bool {
	if p.peek() != word || p.err != nil {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *words) expect(word string) {
	if !p.accept(word) {
		p.fail("%q should stand before %q", word, strings.Join(p.rest, " "))
	}
}

func (p *words) word() string {
	if len(p.rest) == 0 {
		p.fail("the line ends too early")
		return ""
	}
	w := p.rest[0]
	p.rest = p.rest[1:]
	return w
}

func (p *words) number(least, most int64) int64 {
	w := p.word()
	n, err := strconv.ParseInt(w, 10, 64)
	if p.err == nil && (err != nil || n < least || n > most) {
		p.fail("%q is no number from %d to %d", w, least, most)
		return least
	}
	return n
}

// span reads A or A..B.
func (p *words) span(least, most int64) (lo, hi int64) {
	from, to, two := strings.Cut(p.word(), "..")
	q := words{rest: []string{from, to}}
	lo = q.number(least, most)
	if hi = lo; two {
		hi = q.number(lo, most)
	}
	if q.err != nil && p.err == nil {
		p.fail("%v", q.err)
	}
	return lo, hi
}

func (p *words) duration() time.Duration {
	w := p.word()
	d, err := time.ParseDuration(w)
	if p.err == nil && (err != nil || d < 0) {
		p.fail("%q is no duration", w)
	}
	return d
}

func (p *words) percent() float64 {
	w := p.word()
	f, err := strconv.ParseFloat(strings.TrimSuffix(w, "%"), 64)
	if p.err == nil && (err != nil || f < 0 || f > 100 || !strings.HasSuffix(w, "%")) {
		p.fail("%q is no percentage", w)
	}
	return f
}

// ids reads one processor or more, or `all`.
func (p *words) ids() (ids []wire.ProcessorID) {
	if p.accept("all") {
		return p.script.Processors
	}
	for len(p.rest) > 0 && isNumber(p.rest[0]) {
		ids = append(ids, p.id())
	}
	if len(ids) == 0 {
		p.fail("no processor is named before %q", p.peek())
	}
	return ids
}

func (p *words) id() wire.ProcessorID {
	id := wire.ProcessorID(p.number(1, 1<<24-1))
	if p.err == nil && !slices.Contains(p.script.Processors, id) {
		p.fail("there is no processor %d", id)
	}
	return id
}

func isNumber(s string) bool { return len(s) > 0 && s[0] >= '0' && s[0] <= '9' }

// set reads {1,2,3}.
func (p *words) set() (ids []wire.ProcessorID) {
	w := p.word()
	inner, ok := strings.CutPrefix(w, "{")
	inner, ok2 := strings.CutSuffix(inner, "}")
	if !ok || !ok2 {
		p.fail("%q is no set of processors", w)
		return nil
	}
	q := words{rest: strings.Split(inner, ","), script: p.script}
	ids = q.ids()
	if err := q.end(); err != nil {
		p.fail("%v", err)
	}
	slices.Sort(ids)
	return ids
}

// directions reads links A>B, or A-B, which means both.
func (p *words) directions() (pairs [][2]wire.ProcessorID) {
	for strings.ContainsAny(p.peek(), ">-") && isNumber(p.peek()) {
		w := p.word()
		i := strings.IndexAny(w, ">-")
		q := words{rest: []string{w[:i], w[i+1:]}, script: p.script}
		a, b := q.id(), q.id()
		if q.err != nil {
			p.fail("%v", q.err)
			return nil
		}
		pairs = append(pairs, [2]wire.ProcessorID{a, b})
		if w[i] == '-' {
			pairs = append(pairs, [2]wire.ProcessorID{b, a})
		}
	}
	if len(pairs) == 0 {
		p.fail("no link A>B or A-B is named before %q", p.peek())
	}
	return pairs
}
