package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two processors, of which the second delivers in the order that is given.
const (
	firstTrace = `{"t":1,"proc":1,"inc":7,"ev":"start"}
{"t":2,"proc":1,"inc":7,"ev":"config","kind":"regular","config":"8.1","members":[1,2],"left":[],"joined":[1,2]}
{"t":3,"proc":1,"inc":7,"ev":"send","msg":"1.7.1","guarantee":"agreed","groups":["g"]}
{"t":4,"proc":1,"inc":7,"ev":"deliver","msg":"1.7.1","guarantee":"agreed","groups":["g"],"config":"8.1"}
{"t":5,"proc":1,"inc":7,"ev":"deliver","msg":"2.9.1","guarantee":"agreed","groups":["g"],"config":"8.1"}
`
	secondTrace = `{"t":1,"proc":2,"inc":9,"ev":"start"}
{"t":2,"proc":2,"inc":9,"ev":"config","kind":"regular","config":"8.1","members":[1,2],"left":[],"joined":[1,2]}
{"t":3,"proc":2,"inc":9,"ev":"send","msg":"2.9.1","guarantee":"agreed","groups":["g"]}
`
	one     = `{"t":4,"proc":2,"inc":9,"ev":"deliver","msg":"1.7.1","guarantee":"agreed","groups":["g"],"config":"8.1"}` + "\n"
	two     = `{"t":5,"proc":2,"inc":9,"ev":"deliver","msg":"2.9.1","guarantee":"agreed","groups":["g"],"config":"8.1"}` + "\n"
	leaving = `{"t":6,"proc":2,"inc":9,"ev":"leave"}` + "\n"
)

// traceFiles writes each text to a file and returns the paths.
func traceFiles(t *testing.T, texts ...string) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for i, text := range texts {
		path := filepath.Join(dir, string(rune('a'+i))+".jsonl")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func verifyFiles(t *testing.T, arg []string, texts ...string) outcome {
	t.Helper()
	return run(t, append(append([]string{"verify"}, arg...), traceFiles(t, texts...)...)...)
}

func TestVerifyAcceptsAGoodRun(t *testing.T) {
	o := verifyFiles(t, nil, firstTrace, secondTrace+one+two+leaving)
	if o.status != 0 || o.stderr != "" || !strings.HasPrefix(o.stdout, "every promise is kept: 11 events") {
		t.Errorf("%+v", o)
	}
}

func TestVerifyTellsAViolationWithItsLines(t *testing.T) {
	o := verifyFiles(t, nil, firstTrace, secondTrace+two+one)
	if o.status != 1 || !strings.Contains(o.stderr, "violations: 1") {
		t.Errorf("%+v", o)
	}
	for _, want := range []string{
		"agreed (6.1, 6.2): ", "a.jsonl:4: 1.7 delivers 1.7.1, agreed\n", "a.jsonl:5: 1.7 delivers 2.9.1, agreed\n",
		"b.jsonl:4: 2.9 delivers 2.9.1, agreed\n", "b.jsonl:5: 2.9 delivers 1.7.1, agreed\n", "not every promise is kept: ",
	} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("%q is not told in\n%s", want, o.stdout)
		}
	}
}

func TestVerifyAsJSON(t *testing.T) {
	var report struct {
		Events, Deliveries int
		Violations         []struct {
			Rule, Text                    string
			Messages, Processors, Configs []string
			Places                        []struct {
				File string
				Line int
			}
		}
		Torn     []string
		Untraced []int
	}
	o := verifyFiles(t, []string{"--json"}, firstTrace, secondTrace+two+one)
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil || o.status != 1 {
		t.Fatalf("%v: %+v", err, o)
	}
	if len(report.Violations) != 1 || report.Violations[0].Rule != "agreed" || len(report.Violations[0].Places) != 4 || report.Events != 10 || report.Deliveries != 4 {
		t.Errorf("%+v", report)
	}
	o = verifyFiles(t, []string{"--json"}, firstTrace+`{"t":6,"pr`)
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil || o.status != 1 {
		t.Fatalf("%v: %+v", err, o)
	}
	if len(report.Torn) != 1 || len(report.Untraced) != 1 || report.Untraced[0] != 2 {
		t.Errorf("%+v", report)
	}
	if o = verifyFiles(t, []string{"--json"}, firstTrace, secondTrace+one+two); o.status != 0 || !strings.Contains(o.stdout, `"violations": []`) {
		t.Errorf("%+v", o)
	}
}

func TestVerifyAllowsForLinesThatWereLost(t *testing.T) {
	safe := func(text string) string { return strings.ReplaceAll(text, "agreed", "safe") }
	first := safe(strings.Join(strings.SplitAfter(firstTrace, "\n")[:4], ""))
	killed := `{"t":1,"proc":2,"inc":9,"ev":"start"}` + "\n"
	if o := verifyFiles(t, nil, first, killed); o.status != 0 {
		t.Errorf("%+v", o)
	}
	if o := verifyFiles(t, []string{"--exact"}, first, killed); o.status != 1 || !strings.Contains(o.stdout, "safe-entered (7.2)") {
		t.Errorf("--exact: %+v", o)
	}
}

func TestVerifyTellsFewerViolationsThanThereAre(t *testing.T) {
	var many strings.Builder
	many.WriteString(firstTrace)
	for range 300 {
		many.WriteString(strings.SplitAfter(firstTrace, "\n")[3])
	}
	o := verifyFiles(t, nil, many.String(), secondTrace)
	if o.status != 1 || strings.Count(o.stdout, "delivered-once") != 20 || !strings.Contains(o.stdout, "and 280 more violations\n") || !strings.Contains(o.stderr, "violations: 300") {
		t.Errorf("%+v", o)
	}
}

func TestVerifyCannotJudge(t *testing.T) {
	good := traceFiles(t, firstTrace, secondTrace)
	for name, c := range map[string]struct {
		arg  []string
		want string
	}{
		"no file":       {nil, "no file is named"},
		"no such file":  {[]string{good[0] + "x"}, "no such file"},
		"a directory":   {[]string{t.TempDir()}, "is a directory"},
		"no such flag":  {[]string{"--fast", good[0]}, "unknown flag"},
		"twice":         {[]string{good[0], good[1], good[0]}, "a.jsonl:1: processor 1.7 starts again"},
		"nothing":       {traceFiles(t, ""), "no events"},
		"damaged":       {traceFiles(t, firstTrace+"{]\n"), "a.jsonl:6:2: ']' where '\"' should be"},
		"half a line":   {traceFiles(t, `{"t":1,"proc":1`+"\n"+firstTrace), "a.jsonl:1:16: the line ends too early"},
		"no start":      {traceFiles(t, strings.SplitAfter(firstTrace, "\n")[1]), "a.jsonl:1: processor 1.7 has no start"},
		"after a leave": {traceFiles(t, secondTrace+leaving+two), "a.jsonl:5: processor 2.9 goes on after it left"},
	} {
		o := run(t, append([]string{"verify"}, c.arg...)...)
		if o.status != 2 || !strings.HasPrefix(o.stderr, "stampede: ") || !strings.Contains(o.stderr, c.want) || o.stdout != "" {
			t.Errorf("%s: %+v, want %q", name, o, c.want)
		}
	}
}
