package sock

import (
	"testing"

	"stampede/batch"
)

// BenchmarkTrains sends bursts of trains over the loopback interface and takes
// them in, on one goroutine: what a byte costs on its way through the kernel,
// both ways.
func BenchmarkTrains(b *testing.B) {
	for _, w := range ways {
		b.Run(w.String(), func(b *testing.B) { benchmarkTrains(b, w, 16, 1400) })
	}
}

// BenchmarkDatagrams does it with lone small ones.
func BenchmarkDatagrams(b *testing.B) {
	for _, w := range ways {
		b.Run(w.String(), func(b *testing.B) { benchmarkTrains(b, w, 1, 64) })
	}
}

func benchmarkTrains(b *testing.B, w way, trains, size int) {
	c := w.config(Config{Bind: home4, Group: groupFor(), Datagram: 1400})
	receiver, sender := mustOpen(b, c), mustOpen(b, c)
	count := 1
	if trains > 1 {
		count = 46
	}
	var burst batch.Burst
	for range trains {
		for _, d := range run(count, size, 0) {
			burst.Add(everyone, d)
		}
	}
	total := trains * count
	dst := make([]batch.Arrival, 256)
	b.SetBytes(int64(total * size))
	b.ReportAllocs()
	for b.Loop() {
		mustSend(b, sender, &burst)
		for n := 0; n < total; {
			mustWait(b, receiver, testPatience)
			k, err := receiver.Receive(dst)
			if err != nil {
				b.Fatal(err)
			}
			for i := range dst[:k] {
				n += segments(&dst[i])
			}
		}
	}
	if st := receiver.Stats(); st.Overruns > 0 {
		b.Errorf("%d overruns", st.Overruns)
	}
}
