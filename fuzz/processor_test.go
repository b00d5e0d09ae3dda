package fuzz

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"stampede/wire"
)

// A script is what the fuzzer changes: records of
//
//	0       1                 3                 5
//	| op    | wait u16, 10 µs | length u16      | bytes ...
//
// op modulo 8: 0 = time passes, 1 … 3 = a datagram from that processor,
// 4 … 7 = an own message of that guarantee (from 4) and of length bytes, of
// which there need be none in the script.
const recordBytes = 5

func appendRecord(script []byte, op byte, wait int64, b []byte) []byte {
	script = append(script, op)
	script = binary.LittleEndian.AppendUint16(script, uint16(min(wait/10_000, 1<<16-1)))
	script = binary.LittleEndian.AppendUint16(script, uint16(len(b)))
	return append(script, b...)
}

// play drives a processor by a script and takes a step after every record.
func play(r *rig, script []byte) {
	for len(script) >= recordBytes {
		op := script[0] % 8
		r.now += int64(binary.LittleEndian.Uint16(script[1:])) * 10_000
		n := int(binary.LittleEndian.Uint16(script[3:]))
		script = script[recordBytes:]
		switch {
		case op >= 4:
			r.submit(wire.Guarantee(op-4), min(n, maxMessage), nil)
		case op > 0:
			b := append([]byte(nil), script[:min(n, len(script))]...)
			script = script[len(b):]
			if len(b) >= wire.HeaderBytes {
				binary.LittleEndian.PutUint16(b[4:], uint16(len(b))) // the fuzzer cuts and glues
			}
			r.arrive(b, wire.ProcessorID(op))
		}
		r.step()
	}
}

func scriptOf(tape []recorded) (script []byte) {
	for i, d := range tape {
		script = appendRecord(script, byte(d.from), d.wait, d.b)
		if i%16 == 7 {
			script = appendRecord(script, byte(4+i/16%4), 0, nil)
		}
	}
	return script
}

// FuzzProcessor: whatever the network brings, and whenever, a processor does
// not panic, does not answer it with a flood, and delivers nothing malformed.
func FuzzProcessor(f *testing.F) {
	for id := range wire.ProcessorID(members) {
		tape := converse(f, id+1, uint64(id))
		for _, n := range []int{len(tape) / 8, len(tape) / 2, len(tape)} {
			f.Add(byte(id), scriptOf(tape[:n]))
		}
	}
	f.Fuzz(func(t *testing.T, id byte, script []byte) {
		play(newRig(t, wire.ProcessorID(id%members)+1), script)
	})
}

// The unchanged conversation must mean something, or the fuzzer starts from noise.
func TestConversationReplays(t *testing.T) {
	for id := wire.ProcessorID(1); id <= members; id++ {
		r := newRig(t, id)
		play(r, scriptOf(converse(t, id, uint64(id))))
		if r.m.Session() == nil || r.got == 0 || r.refused > 0 {
			t.Errorf("processor %d: configuration %v, %d messages delivered, %d datagrams refused",
				id, r.m.Session() != nil, r.got, r.refused)
		}
	}
}

// Damaged traffic of a configuration, for ever: memory stays where it is.
func TestDamagedTrafficDoesNotGrow(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 100
	}
	const seed = 7
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	tape := converse(t, 2, seed)
	r := newRig(t, 2)
	play(r, scriptOf(tape))
	var warm uint64
	for round := range rounds {
		if round == rounds/4 {
			warm = heap()
		}
		for _, d := range tape {
			b := append([]byte(nil), d.b...)
			for range 1 + rng.IntN(3) {
				b[rng.IntN(len(b))] = byte(rng.Uint32())
			}
			r.now += d.wait
			r.arrive(b, d.from)
			r.step()
		}
	}
	const allowed = 1 << 20
	if end := heap(); end > warm+allowed {
		t.Errorf("the heap grew from %d to %d bytes", warm, end)
	}
	if passed := rounds*len(tape) - r.refused; passed <= 0 || r.refused == 0 {
		t.Errorf("of the damaged datagrams %d were refused, %d passed: want some of both", r.refused, passed)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
