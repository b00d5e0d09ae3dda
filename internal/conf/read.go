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

// Read is the file's settings, over the defaults.
func Read(path string) (Settings, error) {
	f, err := os.Open(path)
	if err != nil {
		return Settings{}, fmt.Errorf("conf: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return Settings{}, fmt.Errorf("conf: %w", err)
	}
	if len(text) > maxFileBytes {
		return Settings{}, fmt.Errorf("conf: %s: longer than %d bytes", path, maxFileBytes)
	}
	s, err := parse(text)
	if err != nil {
		return Settings{}, fmt.Errorf("conf: %s:%w", path, err)
	}
	return s, nil
}

// parse returns errors that begin with the line, from 1.
func parse(text []byte) (Settings, error) {
	s := Default()
	err := decode(text, &s)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return s, nil
	case errors.As(err, &unknown):
		var all []error
		for i := range unknown.Errors {
			e := &unknown.Errors[i]
			all = append(all, at(e, fmt.Sprintf("unknown key %q", strings.Join(e.Key(), "."))))
		}
		return s, errors.Join(all...)
	case errors.As(err, &wrong):
		return s, at(wrong, what(wrong))
	}
	return s, fmt.Errorf("%d: %w", lineOf(text), err)
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

func at(e *toml.DecodeError, what string) error {
	line, _ := e.Position()
	return fmt.Errorf("%d: %s", line, what)
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
