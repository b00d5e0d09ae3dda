package evs

import (
	"context"
	"fmt"
	"runtime"
	"testing"
)

// BenchmarkFlood is the time of one message of 64 or 1350 bytes from one of two
// processors, over real sockets on the loopback interface, until both have it.
func BenchmarkFlood(b *testing.B) {
	for _, size := range []int{64, 1350} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			_, hs := cluster(b, 2, multicast)
			received := receivers(hs, receiveForms["Serve"])
			defer received.stop()
			ctx, payload := context.Background(), make([]byte, size)
			b.SetBytes(int64(size))
			b.ResetTimer()
			target := received.count.Load() + uint64(b.N*len(hs))
			for range b.N {
				if _, err := hs[0].McastJoined(ctx, Agreed, payload); err != nil {
					b.Fatal(err)
				}
			}
			for received.count.Load() < target {
				runtime.Gosched()
			}
		})
	}
}
