package console

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"stampede/evs"
	"stampede/internal/daemon"
)

// keyPrefix begins a group that is written as its key.
const keyPrefix = "0x"

// ParseGroup reads a group: its name, or 0x and the 64 hexadecimal digits of its
// key.
func ParseGroup(text string) (g evs.Group, err error) {
	if text == "" {
		return g, errors.New("a group's name is empty")
	}
	if digits, ok := strings.CutPrefix(text, keyPrefix); ok && len(digits) == hex.EncodedLen(len(g)) {
		if _, err := hex.Decode(g[:], []byte(digits)); err != nil {
			return g, fmt.Errorf("group %q: %w", text, err)
		}
		return g, nil
	}
	return evs.GroupOf(text)
}

// GroupName is a group as ParseGroup reads it: by name if that is text.
func GroupName(g evs.Group) string {
	name := strings.TrimRight(string(g[:]), "\x00")
	if name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return keyPrefix + g.String()
	}
	return name
}

func groupNames(groups []evs.Group) []string {
	names := make([]string, 0, len(groups))
	for _, g := range groups {
		names = append(names, GroupName(g))
	}
	return names
}

// JoinedName is the name of a group as a daemon lists it.
func JoinedName(j *daemon.Joined) string {
	if j.Name != "" {
		return j.Name
	}
	return keyPrefix + j.Key
}
