package bench

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"stampede/evs"
)

// source sends a host's messages.
type source struct {
	to        handle
	guarantee evs.Guarantee
	size      int
	timed     uint64      // one message of a flood in so many
	stop      atomic.Bool // of the flood

	mu       sync.Mutex // the pump's: with viaServe the loop's goroutine sends
	running  bool
	payload  []byte
	iov      [][]byte // payload
	sequence uint64   // of the next message
}

func newSource(to handle, s *Scenario) *source {
	p := newPayload(s.Size, fillers.of(s.Data))
	return &source{
		to: to, guarantee: guarantees.of(s.Guarantee), size: s.Size, payload: p, iov: [][]byte{p},
		timed: uint64(min(max(1, timedBytes/max(1, s.Size)), timedMost)),
	}
}

// A flood reads the clock once in so many bytes, or once in so many messages:
// either way for less than 1 ns a message or 1 ns in 100 bytes.
const (
	timedBytes = 16 << 10
	timedMost  = 256
)

// slot is the slot of the flood's next message: one in s.timed is timed.
func (s *source) slot() int64 {
	if s.sequence%s.timed != 0 {
		return 0
	}
	return now()
}

// flood sends as fast as messages are accepted, until stop.
func (s *source) flood(ctx context.Context, start int64) error {
	time.Sleep(time.Duration(start - now()))
	for !s.stop.Load() {
		if err := s.send(ctx, s.slot()); err != nil {
			return err
		}
	}
	return s.finish(ctx)
}

func (s *source) send(ctx context.Context, slot int64) error {
	label(s.payload, s.sequence, slot)
	if err := s.mcast(ctx, s.guarantee, s.iov); err != nil {
		return err
	}
	s.sequence++
	return nil
}

// mcast sends, and tries again when it is told that nobody takes the events:
// another goroutine does, it is only behind.
func (s *source) mcast(ctx context.Context, g evs.Guarantee, iov [][]byte) error {
	for {
		_, err := s.to.McastJoined(ctx, g, iov...)
		if !errors.Is(err, evs.ErrWouldBlock) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		runtime.Gosched()
	}
}

// finish sends the marker.
func (s *source) finish(ctx context.Context) error {
	return s.mcast(ctx, evs.Agreed, [][]byte{newMarker(s.size, s.sequence)})
}

// pumped floods by calls of pump: from here the first one, after which own
// deliveries bring on the others, on the loop's goroutine. ended is closed when
// it is time to stop.
func (s *source) pumped(ctx context.Context, start int64, ended <-chan struct{}) error {
	time.Sleep(time.Duration(start - now()))
	s.mu.Lock()
	s.running = true
	s.mu.Unlock()
	for sent := false; !sent; { // with nothing on its way, nothing would bring pump on
		if err := s.pump(); err != nil {
			return err
		}
		s.mu.Lock()
		sent = s.sequence > 0
		s.mu.Unlock()
		runtime.Gosched()
	}
	select {
	case <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	s.running = false
	s.mu.Unlock()
	return s.finish(ctx)
}

// pumpBytes is sent at most in one call of pump, so that the loop gets round
// to the network: a full train.
const pumpBytes, pumpMessages = 256 << 10, 1024

// pump sends what is accepted at once.
func (s *source) pump() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return nil
	}
	most := max(1, min(pumpMessages, pumpBytes/max(1, s.size)))
	for range most {
		label(s.payload, s.sequence, s.slot())
		_, err := s.to.TryMcastJoined(s.guarantee, s.iov...)
		if errors.Is(err, evs.ErrAgain) {
			return nil
		}
		if err != nil {
			return err
		}
		s.sequence++
	}
	return nil
}

// burst is the shortest time between two slots, in ns. A sender that were woken
// for every message at hundreds of thousands a second would leave no time for
// anything else; so at such rates several messages have one slot.
const burst = 50_000

// slotAt is when message n is to be sent, from 0.
func slotAt(start int64, interval float64, n uint64) int64 {
	after := int64(float64(n) * interval)
	if interval < burst {
		after -= after % burst
	}
	return start + after
}

// paced sends one message every interval from start to end, and those that
// are late at once: the time that a message waits for its turn is part of its
// latency. The clock is read once for all that are due.
func (s *source) paced(ctx context.Context, start, end int64, interval float64) error {
	a, err := newAlarm()
	if err != nil {
		return err
	}
	defer a.Close()
	due := int64(0)
	for slot := start; slot < end; slot = slotAt(start, interval, s.sequence) {
		if slot > due {
			if due = now(); slot > due {
				if err := a.await(slot); err != nil {
					return err
				}
				due = now()
			}
		}
		if err := s.send(ctx, slot); err != nil {
			return err
		}
	}
	return s.finish(ctx)
}
