package host

import (
	"fmt"
	"strings"
)

// Grade is how well something will do.
type Grade uint8

const (
	Good    Grade = iota
	Better        // works, and could be better
	Bad           // will not work
	Unknown       // cannot be told from here
)

var grades = [...]string{"good", "could be better", "will not work", "unknown"}

func (g Grade) String() string {
	if int(g) < len(grades) {
		return grades[g]
	}
	return "unknown"
}

// MarshalText gives the word, for JSON.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads what MarshalText gives.
func (g *Grade) UnmarshalText(text []byte) error {
	for i, word := range grades {
		if word == string(text) {
			*g = Grade(i)
			return nil
		}
	}
	return fmt.Errorf("host: %q is none of %s", text, strings.Join(grades[:], ", "))
}

// Finding is one thing that was looked at.
type Finding struct {
	Topic  string   `json:"topic"` // the same in every version: for scripts
	Grade  Grade    `json:"grade"`
	Found  string   `json:"found"`
	Change []string `json:"change,omitempty"` // commands, or settings of stampede.toml; all of them
	Brings string   `json:"brings,omitempty"` // what the change would
}

// Count is how many findings have a grade.
func Count(all []Finding, g Grade) (n int) {
	for i := range all {
		if all[i].Grade == g {
			n++
		}
	}
	return n
}

// report gathers findings.
type report struct{ all []Finding }

func (r *report) add(g Grade, topic, found string, arg ...any) *Finding {
	r.all = append(r.all, Finding{Topic: topic, Grade: g, Found: fmt.Sprintf(found, arg...)})
	return &r.all[len(r.all)-1]
}

func (r *report) good(topic, found string, arg ...any)    { r.add(Good, topic, found, arg...) }
func (r *report) unknown(topic, found string, arg ...any) { r.add(Unknown, topic, found, arg...) }
func (r *report) better(topic, found string, arg ...any) *Finding {
	return r.add(Better, topic, found, arg...)
}
func (r *report) bad(topic, found string, arg ...any) *Finding {
	return r.add(Bad, topic, found, arg...)
}

// change completes a finding.
func (f *Finding) change(brings string, commands ...string) {
	f.Brings, f.Change = brings, commands
}
