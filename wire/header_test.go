package wire

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"
)

// The header is written here a second time, from the drawing in doc.go.
func TestHeaderLayout(t *testing.T) {
	h := Header{Kind: KindNack, Flags: 3, Length: 80, Backlog: 0x1234, Sender: 0x01020304,
		Cluster: 0x1112131415161718, Config: 0x2122232425262728, Dseq: 0x31, Aru: 0x41, Taken: 0x51, Stable: 0x61, First: 0x71}
	want := make([]byte, 0, 80)
	want = append(want, 1, 3, 3, 0, 80, 0, 0x34, 0x12, 0, 0, 0, 0, 4, 3, 2, 1)
	for _, v := range []uint64{h.Cluster, h.Config, h.Dseq, h.Aru, h.Taken, h.Stable, h.First} {
		want = binary.LittleEndian.AppendUint64(want, v)
	}
	want = append(want, "12345678"...)
	b := bytes.Repeat([]byte{0xee}, 80)
	copy(b[HeaderBytes:], "12345678")
	PutHeader(b, &h)
	if !bytes.Equal(b, want) {
		t.Errorf("header is\n%x\nwant\n%x", b, want)
	}
	var got Header
	if v := ReadHeader(b, &got); v != OK || got != h {
		t.Errorf("read back %v %+v, want %+v", v, got, h)
	}
	if v := ReadHeader(b[:HeaderBytes-1], &got); v != Short || got != h {
		t.Errorf("short header: %v %+v", v, got)
	}
}

func TestPatchLate(t *testing.T) {
	h := Header{Kind: KindStream, Sender: 1, Length: 72, Dseq: 9, Config: 4}
	b := make([]byte, HeaderBytes)
	PutHeader(b, &h)
	PatchLate(b, 5, 6, 7, 8)
	h.Backlog, h.Aru, h.Taken, h.Stable = 5, 6, 7, 8
	var got Header
	if ReadHeader(b, &got); got != h {
		t.Errorf("patched to %+v, want %+v", got, h)
	}
}

// The check is what the definition says, however the datagram lies in memory,
// and whatever stood in its field.
func TestCheckSum(t *testing.T) {
	b := fullDatagram()
	plain := bytes.Clone(b)
	copy(plain[8:12], "\x00\x00\x00\x00")
	want := crc32.Checksum(plain, crc32.MakeTable(crc32.Castagnoli))
	if got := binary.LittleEndian.Uint32(b[8:]); got != want {
		t.Errorf("check is %x, want %x", got, want)
	}
	for _, cut := range []int{HeaderBytes, 100, len(b) - 1} {
		head := bytes.Clone(b[:cut])
		copy(head[8:12], "junk")
		PutCheckParts(head, [][]byte{b[cut : cut+1], nil, b[cut+1:]})
		if !bytes.Equal(head, b[:cut]) {
			t.Errorf("cut at %d: header is %x, want %x", cut, head[:16], b[:16])
		}
	}
}

func TestCapacity(t *testing.T) {
	for _, c := range []struct {
		bytes  int
		sealed bool
		want   int
	}{{1472, false, 1400}, {1472, true, 1376}, {72, false, 0}, {90, true, 0}, {0, false, 0}} {
		if got := Capacity(c.bytes, c.sealed); got != c.want {
			t.Errorf("Capacity(%d, %v) = %d, want %d", c.bytes, c.sealed, got, c.want)
		}
	}
}

func TestConfigID(t *testing.T) {
	if (ConfigID{}).Tag() != 0 {
		t.Error("the zero ConfigID has a tag")
	}
	seen := map[uint64]ConfigID{0: {}}
	ids := []ConfigID{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {1, 1, 2}, {1 << 63, 1, 1}}
	for _, c := range ids {
		if d, ok := seen[c.Tag()]; ok {
			t.Errorf("%v and %v share tag %x", c, d, c.Tag())
		}
		seen[c.Tag()] = c
	}
	ordered := []ConfigID{{}, {1, 1, 9}, {1, 2, 1}, {1, 2, 3}, {2, 1, 1}}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := a.Compare(b); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("%v against %v: %d", a, b, got)
			}
		}
	}
	if s := (ConfigID{7, 3, 9}).String(); s != "7.3" {
		t.Errorf("String is %q", s)
	}
}

// Names are there for all values, and distinct: counters are named by them.
func TestNames(t *testing.T) {
	check := func(kind string, from, n int, name func(i int) string) {
		seen := map[string]bool{}
		for i := from; i < n; i++ {
			s := name(i)
			if s == "" || seen[s] {
				t.Errorf("%s %d is called %q", kind, i, s)
			}
			seen[s] = true
		}
		if seen[name(n)] {
			t.Errorf("%s %d, which is none, is called %q", kind, n, name(n))
		}
	}
	check("verdict", 0, int(NumVerdicts), func(i int) string { return Verdict(i).String() })
	check("kind", 1, NumKinds, func(i int) string { return Kind(i).String() })
	check("frame", 0, NumFrameTypes, func(i int) string { return FrameType(i).String() })
	check("codec", 0, NumCodecs, func(i int) string { return Codec(i).String() })
	check("guarantee", 0, NumGuarantees, func(i int) string { return Guarantee(i).String() })
	if OK.Err() != nil || Short.Err() != Short {
		t.Error("Err does not tell OK from others")
	}
}
