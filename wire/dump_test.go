package wire

import (
	"strings"
	"testing"
)

func TestDump(t *testing.T) {
	damaged := everyFrame()
	damaged[len(damaged)-1]++
	id := ConfigID{4, 2, 1}
	control := func(k Kind, b body) []byte {
		return finish(b.AppendTo(make([]byte, HeaderBytes)), Header{Kind: k, Sender: 9, Dseq: 6})
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"nothing", nil, "short: 0 bytes"},
		{"a few bytes", []byte{1, 2}, "short: 2 bytes 0102"},
		{"run of messages", fullDatagram(), "stream from 1, 1472 bytes, cluster 0 config 5 dseq 3 aru 0 taken 0 stable 0 | message 40+19 agreed set 2 origin 1, 64 bytes"},
		{"every frame", everyFrame(), " | accept from 2: its dseq 9, at 100, own from 4 | stamp 3: 6+5 | group_set 7, keys 2+3 of 5" +
			" | fragment of 41 fifo batch of 3 zstd origin 0, bytes 4+4 of 8 | message 44 agreed set 1 origin 2, 5 bytes" +
			" | message 45 safe inline keys 2 origin 2, 67 bytes | system 3 bytes" +
			" | fragment of 46 safe inline keys 2 origin 8, bytes 0+4 of 100 | handoff to 3 at 77, 2 shares"},
		{"damaged", damaged, "bad_check: stream from 1"},
		{"senseless", stream(0, []byte{1, 0, 3, 0, 0, 0, 0, 0}), "bad_message: stream from 1, 80 bytes, cluster 0 config 5 dseq 3 aru 0 taken 0 stable 0 | senseless from byte 72"},
		{"hold", control(KindHold, &Hold{id}), "hold from 9, 92 bytes, cluster 0 config 0 dseq 6 aru 0 taken 0 stable 0 | 4.2"},
		{"nack", control(KindNack, &Nack{[]Range{{1, 2, 3, 4}}}), "| 1: 3+4 of 2"},
		{"state", control(KindState, &State{Proposal: id, Answers: []OwnedAnswer{{7, (&Answer{Proposal: id, Position: 8}).AppendTo(nil)}}}),
			"| 4.2 part 0 of 1 [7: 4.2 part 0 of 1 old none position 8 stable 0 obligations []]"},
		{"bad body", control(KindHold, &Hold{}), "bad_body: hold from 9, 92 bytes, cluster 0 config 0 dseq 6 aru 0 taken 0 stable 0 | 20 bytes 0000"},
		{"unknown kind", finish(make([]byte, HeaderBytes), Header{Kind: 77}), "bad_kind: kind 77 from 1"},
		{"sealed", finish(make([]byte, HeaderBytes), Header{Kind: KindStream, Flags: FlagSealed}), "bad_seal: stream from 1"},
	} {
		if got := Dump(c.b); !strings.Contains(got, c.want) {
			t.Errorf("%s is\n%s, want\n%s", c.name, got, c.want)
		}
	}
}

// One line, of bounded length, of whatever there is.
func TestDumpIsOneLine(t *testing.T) {
	r := chance(t)
	big := make([]byte, HeaderBytes)
	for i := range 5000 {
		big = AppendStamp(big, ProcessorID(i), 1, 1)
	}
	datagrams := [][]byte{finish(big[:60_000], Header{Kind: KindStream, Dseq: 1, Config: 1})}
	for k := KindAck; k < NumKinds; k++ {
		datagrams = append(datagrams, finish(someBody(r, k).AppendTo(make([]byte, HeaderBytes)), Header{Kind: k}))
	}
	for _, b := range datagrams {
		if s := Dump(b); strings.ContainsAny(s, "\n\r") || len(s) > maxDump+len(" …") || s == "" {
			t.Errorf("%d bytes: %q", len(s), s)
		}
	}
}
