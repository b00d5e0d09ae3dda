package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Shrink looks for a shorter script that fails in the same way: fewer lines
// (delta debugging: Zeller, Hildebrandt, "Simplifying and Isolating
// Failure-Inducing Input", IEEE TSE 2002), fewer processors, fewer and smaller
// messages. It runs at most so many worlds, and returns the shortest found.
func Shrink(r *Runner, s *Script, class string, runs int) *Script {
	k := shrinker{r: r, class: class, runs: runs, best: s}
	for before := ""; before != k.best.Text() && k.runs > 0; {
		before = k.best.Text()
		k.lines()
		k.processors()
		k.traffic()
	}
	return k.best
}

type shrinker struct {
	r     *Runner
	class string
	runs  int
	best  *Script
}

// try keeps lines if they make a script that fails in the same way.
func (k *shrinker) try(lines []string) bool {
	if k.runs <= 0 {
		return false
	}
	s, err := Parse(k.best.Name, strings.Join(lines, "\n"))
	if err != nil {
		return false
	}
	k.runs--
	res := k.r.Run(s, Options{})
	if res.Failure == nil || res.Failure.Class != k.class {
		return false
	}
	k.best = s
	return true
}

// lines leaves out as many lines as can be: halves, quarters, single ones.
func (k *shrinker) lines() {
	for size := len(k.best.Lines) / 2; size >= 1 && k.runs > 0; size /= 2 {
		for at := 0; at < len(k.best.Lines); {
			lines := k.best.rewritten(nil)
			if !k.try(slices.Delete(lines, at, min(at+size, len(lines)))) {
				at += size
			}
		}
	}
}

// processors leaves out one after the other, with all lines that speak of it.
func (k *shrinker) processors() {
	for _, id := range slices.Clone(k.best.Processors) {
		if k.runs <= 0 || len(k.best.Processors) == 1 {
			return
		}
		var rest []string
		for _, other := range k.best.Processors {
			if other != id {
				rest = append(rest, fmt.Sprint(other))
			}
		}
		lines := []string{"processors " + strings.Join(rest, " ")}
		for _, l := range k.best.Lines {
			text := without(l.Text, fmt.Sprint(id))
			if strings.HasPrefix(text, "processors") {
				continue
			}
			if _, err := Parse("", lines[0]+"\n"+text); err == nil {
				lines = append(lines, text)
			}
		}
		k.try(lines)
	}
}

// without is a line that names sides or processors, without one of them.
func without(text, id string) string {
	fields := strings.Fields(text)
	i := slices.Index(fields, "partition")
	if i < 0 {
		return text
	}
	fields = slices.DeleteFunc(fields, func(f string) bool { return f == id })
	return strings.TrimSuffix(strings.ReplaceAll(strings.Join(fields, " "), "| |", "|"), " |")
}

var (
	timesWord = regexp.MustCompile(`\btimes (\d+)`)
	sizeWords = regexp.MustCompile(`\bsize (\d+)(\.\.\d+)?`)
)

// traffic sends less and less.
func (k *shrinker) traffic() {
	for i := 0; i < len(k.best.Lines); i++ {
		for k.replace(i, timesWord, func(m []string) string {
			n, _ := strconv.Atoi(m[1])
			if n < 2 {
				return m[0]
			}
			return fmt.Sprintf("times %d", n/2)
		}) {
		}
		k.replace(i, sizeWords, func([]string) string { return "size 20" })
	}
}

// replace tries a line with a part of it replaced.
func (k *shrinker) replace(i int, what *regexp.Regexp, by func([]string) string) bool {
	lines := k.best.rewritten(nil)
	m := what.FindStringSubmatch(lines[i])
	if m == nil {
		return false
	}
	text := strings.Replace(lines[i], m[0], by(m), 1)
	if text == lines[i] {
		return false
	}
	lines[i] = text
	return k.try(lines)
}
