package sim

import (
	"slices"
	"strings"
	"testing"
)

func TestScriptsArePrintedAsTheyWereRead(t *testing.T) {
	for seed := uint64(0); seed <= 200; seed++ {
		if seed == 0 {
			parse(t, Draw(3006201, Shape{})) // drew a time before the beginning
			continue
		}
		text := Draw(seed, Shape{Long: seed%20 == 0})
		if got := parse(t, text).Text(); got != text {
			t.Fatalf("seed %d:\n%s\nis printed as\n%s", seed, text, got)
		}
	}
	text := "# why\n\nprocessors 1 2   # two\n  start all\n"
	if got := parse(t, text).Text(); got != text {
		t.Errorf("%q is printed as %q", text, got)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	for line, want := range map[string]string{
		"jump 1":                  `no verb is called "jump"`,
		"start":                   `no processor is named before ""`,
		"start 4":                 "there is no processor 4",
		"start 1 at 3ms":          `what does "at 3ms" mean here?`,
		"at soon start 1":         `"soon" is no duration`,
		"processors 4":            "named before",
		"set colour red":          `no setting is called "colour"`,
		"set datagram 12":         "datagram 12 is out of bounds",
		"set datagram":            "the line ends too early",
		"set echo maybe":          `echo is off or on, not "maybe"`,
		"set detect 5":            `detect "5" is no duration`,
		"set compress lzma":       "compress is off or s2 or zstd",
		"set window 3 of 9":       "there is no processor 9",
		"seed -1":                 `"-1" is no number`,
		"send 1 loudly":           "a guarantee is unordered, fifo, agreed, safe or any",
		"send 1 agreed a b":       `what does "b" mean here?`,
		"send 1 agreed size 9..3": `"3" is no number from 9`,
		"network loss 5":          `"5" is no percentage`,
		"network loss 101%":       `"101%" is no percentage`,
		"network colour 3":        `a link has no "colour"`,
		"cut 1":                   "no link A>B or A-B is named",
		"cut 1>7":                 "there is no processor 7",
		"partition 1 | x":         "no processor is named",
		"drop green":              `"green" says nothing about a datagram`,
		"drop with wheels":        "a datagram is with data",
		"until 1":                 "the line ends too early",
		"until 1 sang":            `"sang" is no condition`,
		"until 1 sent flowers":    `"flowers" is no kind`,
		"until 1 in 2":            `"2" is no set of processors`,
		"until 1 in {2":           `"{2" is no set of processors`,
		"when 1 gone wait 3s":     `"do" should stand before`,
		"when 1 gone do wait 3s":  "it cannot follow a condition",
		"expect 1 a":              "an expectation names its processor",
		"app 1 idle":              "an application is prompt, slow or stopped",
		"clock 1 stopped":         "a clock has a rate or a drift",
		"buffer 1 5":              "no verb",
		"crash 1 sending some":    `"some" is no number`,
		"handoff 1 2":             `"to" should stand before "2"`,
	} {
		_, err := Parse("file", "processors 1 2 3\n# a comment\n"+line+"\n")
		if line == "buffer 1 5" {
			want = `there is no processor 5`
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "file:3: ") {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
	for text, want := range map[string]string{
		"":               "no processors",
		"start 1":        "the first line says which processors there are",
		"processors 1 1": "named twice",
		"processors 0":   `"0" is no number`,
		"processors one": `"one" is no number`,
	} {
		if _, err := Parse("file", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A failure that needs three lines of a long script is found in it.
func TestShrinkFindsWhatMatters(t *testing.T) {
	text := Draw(5, Shape{Hosts: 6})
	text = strings.Replace(text, "start all", "", 1)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	lines = lines[:len(lines)-1] // settle
	lines = slices.Insert(lines, len(lines), "start all", "heal", "resume all", "until all together",
		"send 2 agreed boom times 40 size 10..500", "wait 2s", "require not 1 delivered boom1")
	s := parse(t, strings.Join(lines, "\n"))
	var r Runner
	res := r.Run(s, Options{})
	if res.Failure == nil || res.Failure.Class != "require" {
		t.Fatalf("the planted failure is not there: %v\n%s", res.Failure, s.Text())
	}
	small := Shrink(&r, s, "require", 2000)
	if res := r.Run(small, Options{}); res.Failure == nil || res.Failure.Class != "require" {
		t.Fatalf("the shorter script does not fail: %v\n%s", res.Failure, small.Text())
	}
	if len(small.Lines) > 8 || len(small.Processors) > 2 {
		t.Errorf("not as short as it could be:\n%s", small.Text())
	}
}

func TestShrinkGivesUpInTime(t *testing.T) {
	s := parse(t, formed+strings.Repeat("wait 1ms\n", 50)+"require 1 gone\n")
	if small := Shrink(new(Runner), s, "require", 0); small != s {
		t.Error("it ran worlds that it was not allowed")
	}
}

func TestShrunkPartitionsKeepTheirSides(t *testing.T) {
	for _, c := range [][3]string{
		{"at 3ms partition 1 2 | 3 4", "3", "at 3ms partition 1 2 | 4"},
		{"partition 1 2 | 3", "3", "partition 1 2"},
		{"partition 1 | 2 | 3", "2", "partition 1 | 3"},
		{"crash 3", "3", "crash 3"},
	} {
		if got := without(c[0], c[1]); got != c[2] {
			t.Errorf("%q without %s is %q, want %q", c[0], c[1], got, c[2])
		}
	}
}
