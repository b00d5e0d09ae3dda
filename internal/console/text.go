package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stampede/internal/daemon"
)

// Printable is text on one line that a terminal shows and does not obey:
// what cannot be printed is written as in a Go string, and so is a backslash.
func Printable(text string) string {
	clean := utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r == '\\' || !unicode.IsPrint(r) })
	if clean {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// IDs are the ids of members with blanks between them.
func IDs(members []daemon.Member) string {
	if len(members) == 0 {
		return "none"
	}
	words := make([]string, 0, len(members))
	for _, m := range members {
		words = append(words, strconv.FormatUint(uint64(m.ID), 10))
	}
	return strings.Join(words, " ")
}

// Bytes is a number of bytes in the unit that suits it, of 1000.
func Bytes(n float64) string { return scaled(n, "B") }

// scaled writes n with three digits or a little more.
func scaled(n float64, unit string) string {
	for _, prefix := range []string{"", "k", "M", "G"} {
		if n < 999.5 || prefix == "G" {
			if prefix == "" || n >= 99.95 {
				return strings.TrimSpace(fmt.Sprintf("%.0f %s%s", n, prefix, unit))
			}
			return fmt.Sprintf("%.1f %s%s", n, prefix, unit)
		}
		n /= 1000
	}
	return "" // not reached
}

// Age is how long something is there, to the second or better.
func Age(d time.Duration) string { return max(d, 0).Round(time.Second).String() }

// Latency is a duration to three digits or a little more.
func Latency(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond / 10).String()
	case d < time.Second:
		return d.Round(time.Microsecond * 10).String()
	}
	return d.Round(time.Millisecond).String()
}
