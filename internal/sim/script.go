package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"stampede/wire"
)

// Script is a world in words; the package documentation has the language.
type Script struct {
	Name       string
	Lines      []Line
	Processors []wire.ProcessorID // ascending
	Seed       uint64
	of         map[wire.ProcessorID]settings
	unsettled  bool // it does not end with everybody together
}

// Line is one line of a script.
type Line struct {
	Number int    // from 1
	Text   string // as it was written
	at     int64  // -1 = after the line before
	run    func(*world)
	head   bool // it describes the world, and is true from its beginning
}

// maxProcessors is how many a script may have.
const maxProcessors = 200

// Parse reads a script. Errors name the line.
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name, Seed: 1, of: map[wire.ProcessorID]settings{}}
	var sets []func() error
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		l := Line{Number: i + 1, Text: line, at: -1}
		if err := s.parseLine(&l, &sets); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, l.Number, err)
		}
		s.Lines = append(s.Lines, l)
	}
	if len(s.Processors) == 0 {
		return nil, fmt.Errorf("%s: no processors", name)
	}
	for _, id := range s.Processors {
		s.of[id] = defaultSettings()
	}
	for _, set := range sets {
		if err := set(); err != nil {
			return nil, fmt.Errorf("%s:%w", name, err)
		}
	}
	return s, nil
}

// Text is the script as it is written.
func (s *Script) Text() string { return s.rewrite(nil) }

func (s *Script) rewrite(with map[int]string) string {
	return strings.Join(s.rewritten(with), "\n") + "\n"
}

// rewritten are the lines, some of them replaced by others.
func (s *Script) rewritten(with map[int]string) []string {
	lines := make([]string, len(s.Lines))
	for i, l := range s.Lines {
		lines[i] = l.Text
		if text, ok := with[l.Number]; ok {
			lines[i] = text
		}
	}
	return lines
}

func (s *Script) parseLine(l *Line, sets *[]func() error) error {
	text, _, _ := strings.Cut(l.Text, "#")
	p := &words{rest: strings.Fields(text), script: s}
	if len(p.rest) == 0 {
		return nil
	}
	if p.accept("at") {
		l.at = int64(p.duration())
	}
	switch {
	case p.accept("processors"):
		l.head = true
		return s.processors(p)
	case p.accept("seed"):
		l.head = true
		s.Seed = uint64(p.number(0, 1<<62))
		return p.end()
	case p.accept("set"):
		l.head = true
		set, err := s.set(l, p)
		*sets = append(*sets, set)
		return err
	}
	if len(s.Processors) == 0 {
		return errors.New("the first line says which processors there are")
	}
	l.run = p.command(l)
	return p.end()
}

func (s *Script) processors(p *words) error {
	if len(s.Processors) > 0 {
		return errors.New("the processors were named before")
	}
	for len(p.rest) > 0 && p.err == nil {
		id := wire.ProcessorID(p.number(1, 1<<24-1))
		if slices.Contains(s.Processors, id) {
			return fmt.Errorf("processor %d is named twice", id)
		}
		s.Processors = append(s.Processors, id)
	}
	slices.Sort(s.Processors)
	if len(s.Processors) > maxProcessors {
		return fmt.Errorf("%d processors, more than %d", len(s.Processors), maxProcessors)
	}
	return p.end()
}

// set reads `set NAME VALUE [of IDS]`.
func (s *Script) set(l *Line, p *words) (func() error, error) {
	name, value := p.word(), p.word()
	var only []wire.ProcessorID
	if p.accept("of") {
		only = p.ids()
	}
	return func() error {
		for _, id := range s.Processors {
			if only != nil && !slices.Contains(only, id) {
				continue
			}
			set := s.of[id]
			if err := set.apply(name, value); err != nil {
				return fmt.Errorf("%d: %w", l.Number, err)
			}
			s.of[id] = set
		}
		return nil
	}, p.end()
}
