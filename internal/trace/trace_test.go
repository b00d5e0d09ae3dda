package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// life is one event of each kind, as the package documentation shows them.
var life = []Event{
	{Time: 1, Who: Processor{2, 7}, Kind: Start},
	{Time: 2, Who: Processor{2, 7}, Kind: Change, View: Regular, Config: Config{8, 2}, Members: []uint32{2, 3}, Joined: []uint32{2, 3}},
	{Time: 3, Who: Processor{2, 7}, Kind: Send, Message: Message{Processor{2, 7}, 1}, Guarantee: Agreed, Groups: []string{"news"}},
	{Time: 4, Who: Processor{2, 7}, Kind: Deliver, Message: Message{Processor{2, 7}, 1}, Guarantee: Agreed, Groups: []string{"news"}, Config: Config{8, 2}},
	{Time: 5, Who: Processor{2, 7}, Kind: Change, View: Transitional, Config: Config{9, 2}, From: Config{8, 2}, Members: []uint32{2}, Left: []uint32{3}},
	{Time: 6, Who: Processor{2, 7}, Kind: Change, View: Regular, Config: Config{9, 2}, From: Config{8, 2}, Members: []uint32{2}, Left: []uint32{3}},
	{Time: 7, Who: Processor{2, 7}, Kind: Leave},
}

// documented are the example lines of the package documentation.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range strings.Split(string(text), "\n") {
		if l, ok := strings.CutPrefix(l, "//\t{"); ok {
			lines = append(lines, "{"+l+"\n")
		}
	}
	return lines
}

func TestLinesAreAsDocumented(t *testing.T) {
	lines := documented(t)
	if len(lines) != len(life) {
		t.Fatalf("%d lines are documented, want %d", len(lines), len(life))
	}
	for i := range life {
		if got := string(life[i].AppendTo(nil)); got != lines[i] {
			t.Errorf("written as\n%swant\n%s", got, lines[i])
		}
	}
}

// readAll reads until an error, which is io.EOF at a good end.
func readAll(r *Reader) (events []Event, err error) {
	for {
		var e Event
		if err := r.Next(&e); err != nil {
			return events, err
		}
		events = append(events, e)
	}
}

// plain makes events comparable: without places, and none instead of empty.
func plain(events []Event) []Event {
	out := make([]Event, len(events))
	for i, e := range events {
		e.File, e.Line = "", 0
		if len(e.Groups) == 0 {
			e.Groups = nil
		}
		for _, ids := range []*[]uint32{&e.Members, &e.Left, &e.Joined} {
			if len(*ids) == 0 {
				*ids = nil
			}
		}
		out[i] = e
	}
	return out
}

func write(t *testing.T, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for i := range events {
		if err := w.Write(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	events := append([]Event{}, life...)
	for range 2000 {
		events = append(events, randomEvent(rng))
	}
	text := write(t, events)
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(text), "by bytes": iotest.OneByteReader(bytes.NewReader(text)), "data with EOF": iotest.DataErrReader(bytes.NewReader(text)),
	} {
		got, err := readAll(NewReader(r, "x"))
		if err != io.EOF {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range got {
			if got[i].File != "x" || got[i].Line != i+1 {
				t.Fatalf("%s: event %d was read at %s:%d", name, i, got[i].File, got[i].Line)
			}
		}
		if !reflect.DeepEqual(plain(got), plain(events)) {
			t.Errorf("%s: read other events than were written", name)
		}
	}
}

var groups = []string{"news", "", `"quoted\`, "line\nend\x00", "größe", "\U0001f43e", strings.Repeat("f", 64)}

func randomEvent(rng *rand.Rand) Event {
	number := func() uint64 {
		return [...]uint64{0, 1, rng.Uint64N(1000), rng.Uint64(), math.MaxUint64}[rng.IntN(5)]
	}
	id := func() uint32 { return [...]uint32{1, 2, rng.Uint32() | 1, math.MaxUint32}[rng.IntN(4)] }
	ids := func(n int) (list []uint32) {
		for range n {
			list = append(list, id())
		}
		return list
	}
	e := Event{Time: int64(number()), Who: Processor{id(), number()}, Kind: Kind(1 + rng.IntN(5))}
	if e.Time == math.MinInt64 {
		e.Time = 0
	}
	switch e.Kind {
	case Send, Deliver:
		e.Message = Message{Processor{id(), number()}, number()}
		e.Guarantee = Guarantee(rng.IntN(4))
		for range rng.IntN(3) {
			e.Groups = append(e.Groups, groups[rng.IntN(len(groups))])
		}
		if e.Kind == Send {
			e.Message.Sender = e.Who
		} else {
			e.Config = Config{number(), id()}
		}
	case Change:
		e.View, e.Config, e.From = View(1+rng.IntN(2)), Config{number(), id()}, Config{number(), id()}
		if e.View == Regular && rng.IntN(2) == 0 {
			e.From = Config{}
		}
		e.Members, e.Left, e.Joined = ids(1+rng.IntN(4)), ids(rng.IntN(3)), ids(rng.IntN(3))
	}
	return e
}

// Any JSON parser must read what the Writer writes, with the values meant.
func TestLinesAreJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		e := randomEvent(rng)
		var got struct {
			Ev     string
			Inc    json.Number
			Msg    *string
			Groups []string
		}
		line := e.AppendTo(nil)
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%v in\n%s", err, line)
		}
		if got.Ev != e.Kind.String() || got.Inc.String() != fmt.Sprint(e.Who.Incarnation) || strings.Join(got.Groups, "|") != strings.Join(e.Groups, "|") {
			t.Errorf("%+v was written as\n%s", e, line)
		}
		if got.Msg != nil && *got.Msg != e.Message.String() {
			t.Errorf("message %v was written as\n%s", e.Message, line)
		}
	}
}

func TestFieldsMayStandInAnyOrder(t *testing.T) {
	text := " { \"config\" : \"8.2\" , \"members\":[ 2,3 ],\t\"kind\":\"regular\",\"ev\":\"config\",\"inc\":7,\"proc\":2,\"t\":-5 } \r\n"
	got, err := readAll(NewReader(strings.NewReader(text), "x"))
	want := []Event{{Time: -5, Who: Processor{2, 7}, Kind: Change, View: Regular, Config: Config{8, 2}, Members: []uint32{2, 3}}}
	if err != io.EOF || !reflect.DeepEqual(plain(got), plain(want)) {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestDamageIsToldWithItsLine(t *testing.T) {
	good := string(write(t, life))
	for _, c := range []struct{ line, want string }{
		{``, `ends too early`},
		{`nonsense`, `x:8:1: 'n' where '{' should be`},
		{`[]`, `'[' where '{' should be`},
		{`{}`, `no field "ev"`},
		{`{"t":1,"proc":2,"inc":7,"ev":"start"`, `ends too early`},
		{`{"t":1,"proc":2,"inc":7,"ev":"start"}}`, `more follows`},
		{`{"t":1,"proc":2,"inc":7,"ev":"start",}`, `should be`},
		{`{"t":1 "proc":2,"inc":7,"ev":"start"}`, `x:8:8: '"' where '}' should be`},
		{`{"t":1,"proc":2,"inc":7}`, `no field "ev"`},
		{`{"t":1,"proc":2,"ev":"start"}`, `no field "inc" in a start event`},
		{`{"t":1,"proc":2,"inc":7,"inc":7,"ev":"start"}`, `"inc" stands twice`},
		{`{"t":1,"proc":2,"inc":7,"ev":"start","color":3}`, `no field is called "color"`},
		{`{"t":1,"proc":2,"inc":7,"ev":"start","msg":"2.7.1"}`, `field "msg" in a start event`},
		{`{"t":1,"proc":2,"inc":7,"ev":"stop"}`, `"stop" is none of the words`},
		{`{"t":1,"proc":2,"inc":7,"ev":""}`, `"" is none of the words`},
		{`{"t":1,"proc":0,"inc":7,"ev":"start"}`, `processor 0`},
		{`{"t":1,"proc":-2,"inc":7,"ev":"start"}`, `no decimal number`},
		{`{"t":1,"proc":02,"inc":7,"ev":"start"}`, `no decimal number`},
		{`{"t":1.5,"proc":2,"inc":7,"ev":"start"}`, `should be`},
		{`{"t":1e3,"proc":2,"inc":7,"ev":"start"}`, `should be`},
		{`{"t":null,"proc":2,"inc":7,"ev":"start"}`, `no decimal number`},
		{`{"t":9223372036854775808,"proc":2,"inc":7,"ev":"start"}`, `greater than 9223372036854775807`},
		{`{"t":1,"proc":4294967296,"inc":7,"ev":"start"}`, `greater than 4294967295`},
		{`{"t":1,"proc":2,"inc":18446744073709551616,"ev":"start"}`, `greater than 18446744073709551615`},
		{`{"t":1,"proc":2,"inc":"7","ev":"start"}`, `no decimal number`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","guarantee":"safe"}`, `no field "msg" in a send event`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","msg":"2.7.1","guarantee":"sure"}`, `"sure" is none of the words`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","msg":"2.8.1","guarantee":"safe"}`, `named as another's`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","msg":"2.7","guarantee":"safe"}`, `numbers with one dot between`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","msg":"2.7.1.1","guarantee":"safe"}`, `numbers with one dot between`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","msg":"2.7.","guarantee":"safe"}`, `no decimal number`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","msg":"2.7.1","guarantee":"safe","config":"8.2"}`, `field "config" in a send event`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","msg":"2.7.1","guarantee":"safe","groups":"a"}`, `'"' where '[' should be`},
		{`{"t":1,"proc":2,"inc":7,"ev":"send","msg":"2.7.1","guarantee":"safe","groups":["\x"]}`, `no string of JSON`},
		{"{\"t\":1,\"proc\":2,\"inc\":7,\"ev\":\"send\",\"msg\":\"2.7.1\",\"guarantee\":\"safe\",\"groups\":[\"\xff\"]}", `no string of JSON`},
		{"{\"t\":1,\"proc\":2,\"inc\":7,\"ev\":\"send\",\"msg\":\"2.7.1\",\"guarantee\":\"safe\",\"groups\":[\"\x01\"]}", `no string of JSON`},
		{`{"t":1,"proc":2,"inc":7,"ev":"deliver","msg":"0.7.1","guarantee":"safe","config":"8.2"}`, `processor 0`},
		{`{"t":1,"proc":2,"inc":7,"ev":"deliver","msg":"2.7.1","guarantee":"safe"}`, `no field "config" in a deliver event`},
		{`{"t":1,"proc":2,"inc":7,"ev":"deliver","msg":"2.7.1","guarantee":"safe","config":"8"}`, `numbers with one dot between`},
		{`{"t":1,"proc":2,"inc":7,"ev":"deliver","msg":"2.7.1","guarantee":"safe","config":"8.0"}`, `no configuration is named`},
		{`{"t":1,"proc":2,"inc":7,"ev":"config","kind":"odd","config":"8.2","members":[2]}`, `"odd" is none of the words`},
		{`{"t":1,"proc":2,"inc":7,"ev":"config","kind":"regular","config":"8.2","members":[]}`, `without members`},
		{`{"t":1,"proc":2,"inc":7,"ev":"config","kind":"regular","config":"8.2","members":[2,0]}`, `processor 0`},
		{`{"t":1,"proc":2,"inc":7,"ev":"config","kind":"regular","config":"8.2","members":[2,]}`, `no decimal number`},
		{`{"t":1,"proc":2,"inc":7,"ev":"config","kind":"regular","config":"8.2"}`, `no field "members"`},
		{`{"t":1,"proc":2,"inc":7,"ev":"config","kind":"transitional","config":"8.2","members":[2]}`, `comes from none`},
		{`{"t":1,"proc":2,"inc":7,"ev":"st\u0061rt"}`, `'\\' in a name`},
		{`{"t":1,"proc":2,"inc":7,"ev":"start"}` + strings.Repeat(" ", MaxLine), `longer than 1048576 bytes`},
	} {
		shown := c.line[:min(len(c.line), 120)]
		got, err := readAll(NewReader(strings.NewReader(good+c.line+"\n"+good), "x"))
		var damage *Error
		if !errors.As(err, &damage) || damage.Line != len(life)+1 || damage.File != "x" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngave %v, want %q", shown, err, c.want)
		}
		if len(got) != len(life) {
			t.Errorf("%s\n%d events were read before it, want %d", shown, len(got), len(life))
		}
	}
}

func TestHalfALineIsToleratedAtTheEndOnly(t *testing.T) {
	for i := range life {
		line := life[i].AppendTo(nil)
		for n := range len(line) - 1 {
			r := NewReader(bytes.NewReader(append(life[0].AppendTo(nil), line[:n]...)), "x")
			got, err := readAll(r)
			if err != io.EOF || len(got) != 1 || r.Torn() != (n > 0) {
				t.Fatalf("after %q at the end: %d events, %v, torn %v", line[:n], len(got), err, r.Torn())
			}
			if _, err := readAll(NewReader(bytes.NewReader(append(line[:n:n], '\n')), "x")); err == io.EOF {
				t.Fatalf("%q was taken for a line", line[:n])
			}
		}
		r := NewReader(bytes.NewReader(line[:len(line)-1]), "x")
		if got, err := readAll(r); err != io.EOF || len(got) != 1 || r.Torn() {
			t.Fatalf("a whole line without newline: %d events, %v", len(got), err)
		}
	}
	if _, err := readAll(NewReader(strings.NewReader(`{"t":1,"proc":2,"x`), "x")); err != io.EOF {
		t.Errorf("a name that may go on: %v", err)
	}
	if _, err := readAll(NewReader(strings.NewReader(`{"t":1,!`), "x")); err == io.EOF {
		t.Error("rubbish at the end was taken for half a line")
	}
}

func TestAnErrorStays(t *testing.T) {
	r := NewReader(strings.NewReader("rubbish\n"+string(life[0].AppendTo(nil))), "x")
	var e Event
	first := r.Next(&e)
	if second := r.Next(&e); first == nil || second != first {
		t.Errorf("first %v, then %v", first, second)
	}
	broken := errors.New("broken disk")
	if _, err := readAll(NewReader(iotest.ErrReader(broken), "x")); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "x: ") {
		t.Errorf("a disk that fails gave %v", err)
	}
}

func TestNamesOfGroups(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"news", "news"},
		{"two words", "two words"},
		{"", strings.Repeat("0", 64)},
		{"a\x00b", "610062" + strings.Repeat("0", 58)},
		{"\xff", "ff" + strings.Repeat("0", 62)},
		{strings.Repeat("x", 32), strings.Repeat("x", 32)},
	} {
		var key [32]byte
		copy(key[:], c.key)
		if got := GroupName(key); got != c.want {
			t.Errorf("key %q is called %q, want %q", c.key, got, c.want)
		}
	}
}

// countingWriter notes how often it was written to.
type countingWriter struct {
	bytes.Buffer
	writes int
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.writes++
	return w.Buffer.Write(b)
}

func TestASendIsWrittenAtOnceAndADeliveryIsNot(t *testing.T) {
	var out countingWriter
	w := NewWriter(&out)
	for i, e := range life {
		before := out.Len()
		if err := w.Write(&life[i]); err != nil {
			t.Fatal(err)
		}
		atOnce := e.Kind == Start || e.Kind == Send || e.Kind == Leave
		if (out.Len() > before) != atOnce {
			t.Errorf("a %v event was written at once: %v, want %v", e.Kind, out.Len() > before, atOnce)
		}
	}
	out.writes = 0
	for range 10000 {
		w.Write(&life[3])
	}
	if out.writes == 0 || out.writes > 10000*len(life[3].AppendTo(nil))/(bufferBytes/2) {
		t.Errorf("10,000 deliveries took %d writes", out.writes)
	}
}

func TestAWriterThatFailedWritesNoMore(t *testing.T) {
	full := errors.New("disk full")
	out := &failingWriter{err: full}
	w := NewWriter(out)
	if err := w.Write(&life[0]); !errors.Is(err, full) {
		t.Errorf("Write to a full disk: %v", err)
	}
	out.err = nil
	if err := w.Write(&life[2]); !errors.Is(err, full) || out.n > 0 {
		t.Errorf("Write after it: %v, and %d bytes were written", err, out.n)
	}
	if err := w.Flush(); !errors.Is(err, full) {
		t.Errorf("Flush after it: %v", err)
	}
	if err := w.Close(); !errors.Is(err, full) {
		t.Errorf("Close after it: %v", err)
	}
	if err := w.Write(&life[0]); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	if err := w.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close after Close: %v", err)
	}
}

type failingWriter struct {
	err error
	n   int
}

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.n += len(b)
	return len(b), nil
}

func TestOpenGoesOnBehindTheLastWholeLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	first, second := life[0].AppendTo(nil), life[1].AppendTo(nil)
	long := bytes.Repeat([]byte("x"), 10000)
	for name, c := range map[string]struct{ before, kept []byte }{
		"nothing":   {nil, nil},
		"whole":     {first, first},
		"half":      {append(first[:len(first):len(first)], second[:20]...), first},
		"half only": {second[:20], nil},
		"half long": {append(first[:len(first):len(first)], long...), first},
		"newline":   {[]byte("\n"), []byte("\n")},
	} {
		if err := os.WriteFile(path, c.before, 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(&life[0])
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, append(c.kept[:len(c.kept):len(c.kept)], first...)) {
			t.Errorf("%s: the file has %.100q, %v", name, got, err)
		}
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a directory was opened for writing")
	}
}

func TestWritingAndReadingAllocateNothing(t *testing.T) {
	w := NewWriter(io.Discard)
	if n := testing.AllocsPerRun(1000, func() {
		for i := range life {
			w.Write(&life[i])
		}
	}); n > 0 {
		t.Errorf("writing %d events allocates %v times", len(life), n)
	}
	r := NewReader(bytes.NewReader(bytes.Repeat(write(t, life), 2000)), "x")
	var e Event
	if n := testing.AllocsPerRun(1000, func() {
		for range life {
			if err := r.Next(&e); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("reading %d events allocates %v times", len(life), n)
	}
}

// A Reader returns sound events or an error, whatever it is given; what it
// returned is read again when it is written.
func FuzzReader(f *testing.F) {
	for i := range life {
		f.Add(life[i].AppendTo(nil))
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		e := randomEvent(rng)
		f.Add(e.AppendTo(nil))
	}
	f.Add([]byte(`{"t":1,"proc":2,"x`))
	f.Add([]byte("{\"t\":1}\n{\"proc\":[\"\\ud800\"]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		events, err := readAll(NewReader(bytes.NewReader(text), "x"))
		var damage *Error
		if err != io.EOF && !errors.As(err, &damage) {
			t.Fatalf("error %v", err)
		}
		var again []byte
		for i := range events {
			if err := events[i].Check(); err != nil {
				t.Fatalf("event %d: %v", i+1, err)
			}
			again = events[i].AppendTo(again)
		}
		got, err := readAll(NewReader(bytes.NewReader(again), "x"))
		if err != io.EOF || !reflect.DeepEqual(plain(got), plain(events)) {
			t.Fatalf("%q was written as\n%swhich was read as %+v, %v", text, again, got, err)
		}
		for _, line := range bytes.Split(bytes.TrimSuffix(again, []byte("\n")), []byte("\n")) {
			if len(line) > 0 && !json.Valid(line) {
				t.Fatalf("no JSON: %s", line)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text []byte
	for range 1000 {
		text = life[3].AppendTo(text)
	}
	b.SetBytes(int64(len(text) / 1000))
	for n := 0; n < b.N; n += 1000 {
		r := NewReader(bytes.NewReader(text), "x")
		var e Event
		for r.Next(&e) == nil {
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	w := NewWriter(io.Discard)
	for b.Loop() {
		w.Write(&life[3])
	}
}
