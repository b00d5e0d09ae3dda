package drill

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is a kind of fault.
type Kind uint8

const (
	Kill      Kind = iota // a processor, by SIGKILL; started again after a while
	Sequencer             // kill whoever leads then
	Leave                 // a processor is told to leave, and started again after a while
	Restarts              // kill and start a processor several times in a row
	Pause                 // stop a processor by SIGSTOP, and let it go on
	Down                  // take a host's interface down, and up again
	Loss                  // some hosts lose a part of what arrives
	Partition             // groups of hosts do not reach each other
	OneWay                // some hosts do not hear some others, who hear them
)

var (
	kinds   = words[Kind]{"kill", "sequencer", "leave", "restarts", "pause", "down", "loss", "partition", "oneway"}
	endings = words[Kind]{"start", "start", "start", "start", "resume", "up", "no loss", "merge", "heal"}
)

// Kinds are all of them.
func Kinds() (all []Kind) {
	for k := range kinds {
		all = append(all, Kind(k))
	}
	return all
}

// KindWords lists the words of the kinds, as a flag's description does.
func KindWords() string { return kinds.String() }

func (k Kind) String() string { return kinds[k] }

// ParseKind is the kind with that word.
func ParseKind(word string) (Kind, error) { return kinds.parse(word) }

// words are the names of values that count from 0.
type words[T ~uint8] []string

func (w words[T]) String() string { return strings.Join(w, "|") }

func (w words[T]) parse(word string) (T, error) {
	i := slices.Index(w, word)
	if i < 0 {
		return 0, fmt.Errorf("%q is none of %s", word, w)
	}
	return T(i), nil
}
