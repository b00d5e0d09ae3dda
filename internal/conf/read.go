package conf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxFileBytes is far more than any configuration needs: a wrong path, say of
// a trace, is refused before it is read into memory.
const maxFileBytes = 1 << 20

// File puts what a file says over what holds so far.
func (e *Effective) File(path string) error {
	text, err := readText(path)
	if err != nil {
		return fmt.Errorf("conf: %w", err)
	}
	s := e.Settings
	if err := parse(path, text, &s); err != nil {
		return err
	}
	e.Settings = s
	for name, line := range linesOf(text) {
		e.origins[name] = fmt.Sprintf("%s:%d", path, line)
	}
	return nil
}

func readText(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFileBytes {
		return nil, fmt.Errorf("%s: longer than %d bytes", path, maxFileBytes)
	}
	return text, nil
}

// parse returns errors that each begin with the file and the line, from 1.
func parse(path string, text []byte, s *Settings) error {
	at := func(e *toml.DecodeError, what string) error {
		line, _ := e.Position()
		return fmt.Errorf("conf: %s:%d: %s", path, line, what)
	}
	err := decode(text, s)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		var all []error
		for i := range unknown.Errors {
			e := &unknown.Errors[i]
			all = append(all, at(e, fmt.Sprintf("unknown key %q", strings.Join(e.Key(), "."))))
		}
		return errors.Join(all...)
	case errors.As(err, &wrong):
		return at(wrong, what(wrong))
	}
	return fmt.Errorf("conf: %s:%d: %w", path, lineOf(text), err)
}

func decode(text []byte, s *Settings) error {
	return toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(s)
}

// lineOf is the line of an error that has no position, as go-toml gives it for
// a number where a word, an address or a duration belongs: the last line of the
// shortest beginning of the file that has such an error.
func lineOf(text []byte) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		s := Default()
		err := decode(bytes.Join(lines[:i+1], nil), &s)
		var unknown *toml.StrictMissingError
		var wrong *toml.DecodeError
		return err != nil && !errors.As(err, &unknown) && !errors.As(err, &wrong)
	})
}

// mismatch is what go-toml says of a wrong type; the rest names types of Go.
var mismatch = regexp.MustCompile(`^cannot decode TOML (.*?) into .*`)

// what is wrong, with the key if it is known.
func what(e *toml.DecodeError) string {
	text := strings.TrimPrefix(e.Error(), "toml: ")
	text = mismatch.ReplaceAllString(text, "a value of type $1 does not fit")
	if key := e.Key(); len(key) > 0 {
		return strings.Join(key, ".") + ": " + text
	}
	return text
}
