package main

import "strings"

// list is a flag of values with commas between them. The last flag of a name
// is the whole list.
type list[T any] struct {
	to    *[]T
	parse func(string) (T, error)
	text  string
}

func newList[T any](to *[]T, parse func(string) (T, error)) *list[T] {
	return &list[T]{to: to, parse: parse}
}

func (l *list[T]) Type() string   { return "list" }
func (l *list[T]) String() string { return l.text }

func (l *list[T]) Set(text string) error {
	var all []T
	for word := range strings.SplitSeq(text, ",") {
		v, err := l.parse(word)
		if err != nil {
			return err
		}
		all = append(all, v)
	}
	*l.to, l.text = all, text
	return nil
}
