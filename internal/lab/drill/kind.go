package drill

import (
	"fmt"
	"strings"
)

// Kind is a kind of fault.
type Kind uint8

const (
	Kill      Kind = iota // a processor, by SIGKILL; started again after a while
	Sequencer             // kill whoever leads then
	Restarts              // kill and start a processor several times in a row
	Pause                 // stop a processor by SIGSTOP, and let it go on
	Down                  // take a host's interface down, and up again
	Loss                  // some hosts lose a part of what arrives
	Partition             // groups of hosts do not reach each other
	OneWay                // some hosts do not hear some others, who hear them
)

// kinds are what a kind of fault is called, and what its end is.
var kinds = [...]struct{ word, end string }{
	Kill:      {"kill", "start"},
	Sequencer: {"sequencer", "start"},
	Restarts:  {"restarts", "start"},
	Pause:     {"pause", "resume"},
	Down:      {"down", "up"},
	Loss:      {"loss", "no loss"},
	Partition: {"partition", "merge"},
	OneWay:    {"oneway", "heal"},
}

// Kinds are all of them.
func Kinds() (all []Kind) {
	for k := range kinds {
		all = append(all, Kind(k))
	}
	return all
}

// KindWords lists the words of the kinds, as a flag's description does.
func KindWords() string {
	var all []string
	for _, k := range kinds {
		all = append(all, k.word)
	}
	return strings.Join(all, "|")
}

func (k Kind) String() string { return kinds[k].word }

// ParseKind is the kind with that word.
func ParseKind(word string) (Kind, error) {
	for k := range kinds {
		if kinds[k].word == word {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("%q is none of %s", word, KindWords())
}
