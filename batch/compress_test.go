package batch

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"stampede/wire"
)

// noise is n bytes that do not shrink.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// popAll pops all that waits and says which codecs fragments have, how many
// batches there are, and how many bytes in all.
func popAll(r *receiver, p *Packer) (codecs map[wire.Codec]bool, batches, size int) {
	codecs = map[wire.Codec]bool{}
	for p.Peek() != nil {
		d := p.Pop()
		r.take(&d)
		size += d.Len()
		var fr wire.Frame
		for frames := wire.NewFrames(d.Bytes[wire.HeaderBytes:], d.First); frames.Next(&fr); {
			if fr.Type == wire.FrameFragment {
				codecs[fr.Codec] = true
			}
			if fr.Batch && fr.Last() {
				batches++
			}
		}
		p.Release(&d)
	}
	return codecs, batches, size
}

func TestRunsBecomeBatches(t *testing.T) {
	const messages, each = 300, 700
	for _, codec := range []wire.Codec{wire.CodecS2, wire.CodecZstd} {
		p, _ := packerWith(PackerConfig{Datagram: 1472, Compress: codec}, 8)
		for i := range messages {
			if n, err := p.Append(&Message{}, [][]byte{text(each, byte(i))}); err != nil || n != uint64(i+1) {
				t.Fatalf("message %d: number %d, %v", i+1, n, err)
			}
		}
		if p.Next() != messages+1 || p.Queued() == 0 || p.Backlog() == 0 {
			t.Errorf("%v: next %d, %d bytes, %d datagrams wait", codec, p.Next(), p.Queued(), p.Backlog())
		}
		r := newReceiver(t)
		codecs, batches, size := popAll(r, p)
		plain := messages * (each + wire.MessageOverhead)
		if want := (plain + wire.MaxBatchBytes - 1) / wire.MaxBatchBytes; batches != want || len(codecs) != 1 || !codecs[codec] {
			t.Errorf("%v: %d batches, codecs %v, want %d", codec, batches, codecs, want)
		}
		if size > plain/2 {
			t.Errorf("%v: %d bytes became %d", codec, plain, size)
		}
		if len(r.got) != messages || !bytes.Equal(r.got[7].payload, text(each, 7)) {
			t.Errorf("%v: %d messages arrived", codec, len(r.got))
		}
	}
}

func TestAGuaranteeIsABatchOfItsOwn(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1472, Compress: wire.CodecS2}, 8)
	for i := range 30 {
		m := &Message{Guarantee: wire.Guarantee(i / 10)}
		if _, err := p.Append(m, [][]byte{text(200, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	r := newReceiver(t)
	if _, batches, _ := popAll(r, p); batches != 3 || len(r.got) != 30 {
		t.Errorf("%d batches of %d messages, want 3 of 30", batches, len(r.got))
	}
}

func TestWhatDoesNotShrinkGoesAsItIs(t *testing.T) {
	for _, c := range []struct {
		name     string
		messages [][]byte
		want     bool // coded
	}{
		{"noise", [][]byte{noise(5000), noise(6000)}, false},
		{"large noise", [][]byte{noise(100_000)}, false},
		{"a short run", [][]byte{text(100, 1), text(100, 1), text(100, 1)}, false},
		{"text", [][]byte{text(5000, 1)}, true},
		{"large text", [][]byte{text(100_000, 1)}, true},
	} {
		p, _ := packerWith(PackerConfig{Datagram: 1472, Compress: wire.CodecS2}, 8)
		for _, b := range c.messages {
			if _, err := p.Append(&Message{}, [][]byte{b[:9], b[9:]}); err != nil {
				t.Fatal(err)
			}
		}
		r := newReceiver(t)
		if codecs, _, _ := popAll(r, p); codecs[wire.CodecS2] != c.want {
			t.Errorf("%s: coded %v, want %v", c.name, !c.want, c.want)
		}
		for i, b := range c.messages {
			if len(r.got) != len(c.messages) || !bytes.Equal(r.got[i].payload, b) {
				t.Fatalf("%s: messages did not arrive as they were", c.name)
			}
		}
	}
}

// An arena too small to stage anything still carries messages.
func TestCompressionInATinyArena(t *testing.T) {
	p, a := packerWith(PackerConfig{Datagram: 1472, Compress: wire.CodecS2}, 1)
	r := newReceiver(t)
	for i := range 100 {
		mustAppend(t, p, 300*i)
		popAll(r, p)
	}
	if len(r.got) != 100 {
		t.Errorf("%d messages arrived of 100", len(r.got))
	}
	p.Close()
	if a.Free() != 1 {
		t.Error("memory did not come back")
	}
}

func TestCloseGivesStagedMemoryBack(t *testing.T) {
	p, a := packerWith(PackerConfig{Datagram: 1472, Compress: wire.CodecZstd}, 8)
	mustAppend(t, p, 3000)
	if a.Free() == a.Len() {
		t.Fatal("nothing was put aside for a staged message")
	}
	p.Close()
	if a.Free() != a.Len() {
		t.Errorf("%d chunks came back of %d", a.Free(), a.Len())
	}
}

// What waits is counted as it was accepted: a queue of what shrinks well would
// else hold seconds of it.
func TestTheQueueCountsWhatWasAccepted(t *testing.T) {
	const limit = 256 << 10
	for _, size := range []int{300, 5000, 50_000} {
		p, _ := packerWith(PackerConfig{Datagram: 1472, Compress: wire.CodecS2, QueueBytes: limit}, 64)
		accepted := 0
		for {
			_, err := p.Append(&Message{}, [][]byte{bytes.Repeat([]byte("word"), size/4)})
			if err == ErrFull {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			accepted += size
		}
		if accepted > limit || accepted < limit/2 {
			t.Errorf("messages of %d bytes: %d bytes were accepted, %d may wait", size, accepted, limit)
		}
		popAll(newReceiver(t), p)
		if p.Queued() != 0 {
			t.Errorf("messages of %d bytes: %d bytes wait in an empty queue", size, p.Queued())
		}
	}
}
