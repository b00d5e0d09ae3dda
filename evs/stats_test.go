package evs

import (
	"testing"

	"stampede/perf"
)

// TestHistograms: after an exchange the loop's histograms agree with what the
// door and the sockets have counted.
func TestHistograms(t *testing.T) {
	ps, hs := cluster(t, 2, multicast)
	exchange(t, hs, 3000, 500)
	stamped := uint64(0)
	for i, p := range ps {
		s := p.Stats()
		stamped += s.Order.StampDelay.Count()
		l, door := &s.Loop, uint64(0)
		for _, n := range l.Verdicts {
			door += n
		}
		if door == 0 || l.DatagramsPerArrival.Sum() != door || l.DatagramsPerReceive.Sum() != door {
			t.Errorf("processor %d: the door has judged %d datagrams, %d are in arrivals, %d in passes",
				i+1, door, l.DatagramsPerArrival.Sum(), l.DatagramsPerReceive.Sum())
		}
		if l.DatagramsPerReceive.Count() > l.Passes || l.TurnTime.Count() != l.Passes-1 || l.PassTime.Count()+l.Pauses.Count() > l.Passes {
			t.Errorf("processor %d: more values than passes: %d", i+1, l.Passes)
		}
		sent := s.Sock.SentDatagrams + s.Sock.DroppedFull + s.Sock.DroppedNoBuffers + s.Sock.DroppedTooBig + s.Sock.DroppedUnreachable
		if got := l.DatagramsPerTrain.Sum(); got != sent {
			t.Errorf("processor %d: %d datagrams in trains, %d given to the network", i+1, got, sent)
		}
		if s.Order.WalkLag.Count() == 0 || s.Order.AckDelay.Count() == 0 {
			t.Errorf("processor %d: %d steps, %d acknowledgements", i+1, s.Order.WalkLag.Count(), s.Order.AckDelay.Count())
		}
	}
	if stamped == 0 {
		t.Error("nobody has stamped")
	}
}

// TestQueuesAreCounted: an application that receives nothing fills its queue,
// and one that sends all the same finds the send queue full.
func TestQueuesAreCounted(t *testing.T) {
	cs := configs(t, 1, multicast)
	ps := open(t, cs)
	h, err := ps[0].Handle(HandleOptions{QueueBytes: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Join(testGroup); err != nil {
		t.Fatal(err)
	}
	tries := uint64(0)
	for ctx := testContext(t); ctx.Err() == nil; {
		if _, err := h.TryMcastJoined(Agreed, make([]byte, 1000)); err == ErrAgain {
			tries++
		} else if err != nil {
			t.Fatal(err)
		}
		if q := ps[0].Stats().Queues; q.Full > 0 && q.FullEvents == 1 && q.Bytes > 0 {
			if q.Full > tries || q.Backlog == 0 || q.Events == 0 || q.EventBytes < 10_000 || q.Waiting != 0 {
				t.Errorf("%+v after %d tries in vain", q, tries)
			}
			break
		}
	}
	if tries == 0 {
		t.Error("the send queue was never full")
	}
	shown := map[string]bool{}
	perf.Each(ps[0].Stats(), func(name string, _ uint64) { shown[name] = true })
	for _, name := range []string{"loop_pass_time_p99", "loop_turn_time_p50", "loop_pauses_max", "loop_datagrams_per_train_p50",
		"queues_full", "queues_event_bytes", "order_walk_lag_p99", "order_stamp_delay_max", "order_ack_delay_p50"} {
		if !shown[name] {
			t.Errorf("%s is not shown", name)
		}
	}
}
