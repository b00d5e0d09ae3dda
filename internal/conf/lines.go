package conf

import (
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// linesOf are the lines, from 1, of the keys in a text that was decoded already.
func linesOf(text []byte) map[string]int {
	l := lines{of: map[string]int{}}
	l.p.Reset(text)
	table := ""
	for l.p.NextExpression() {
		switch e := l.p.Expression(); e.Kind {
		case unstable.Table:
			table, _ = l.path(e)
			table += "."
		case unstable.KeyValue:
			l.add(table, e)
		}
	}
	return l.of
}

type lines struct {
	p  unstable.Parser
	of map[string]int
}

// add notes the key of an expression, and those of a table that stands in one.
func (l *lines) add(table string, e *unstable.Node) {
	name, line := l.path(e)
	if value := e.Value(); value.Kind == unstable.InlineTable {
		for it := value.Children(); it.Next(); {
			l.add(table+name+".", it.Node())
		}
		return
	}
	l.of[table+name] = line
}

// path is a key with the tables that it names, and the line of its end.
func (l *lines) path(e *unstable.Node) (name string, line int) {
	var words []string
	for it := e.Key(); it.Next(); {
		words = append(words, string(it.Node().Data))
		line = l.p.Shape(it.Node().Raw).Start.Line
	}
	return strings.Join(words, "."), line
}
