// Package console is what people and scripts see of a daemon: events as text
// and as JSON, counters under their names, the screens of chat and top, and
// round trips through the group. docs/cli.md describes its JSON, whose names do
// not change.
//
// What comes from others is not trusted: text of theirs reaches a terminal
// without its control characters.
package console
