package verify

import (
	"slices"
	"strings"
	"testing"

	"stampede/internal/trace"
)

// bad are traces that break the rules that are named, and no others.
var bad = []struct {
	name, rules, text string
	exact             bool
	change            func(t *testing.T, s *script)
}{
	// Basic delivery.
	{name: "delivered and never sent", rules: "sent", text: `
		1: +5.1{1,2} 2.1A settled
		2: +5.1{1,2} 2.1A settled`},
	{name: "no trace of the sender", rules: "sent", text: `
		1: +5.1{1,2} 2.1A end`},
	{name: "sent by another life", rules: "sent", text: `
		1:   +5.1{1,2} ~6.1{1} +6.1{1} ~7.1{1} +7.1{1,2} 2.1A end
		2:   +5.1{1,2} !1A end
		2/2: +7.1{1,2} end`},
	{name: "sent by one who is no member", rules: "sent", text: `
		1: +5.1{1} 2.1U end
		2: +5.2{2} !1U end`},
	{name: "sent by one who had been elsewhere all the time", rules: "sent", text: `
		1: +5.1{1,2} 2.1U ~9.1{1} +9.1{1,2} end
		2: +5.2{2} !1U ~9.1{2} +9.1{1,2} end`},
	{name: "delivered by its sender before it was sent", rules: "sent", text: `
		1: +5.1{1} 1.1A !1A end`},
	{name: "sent after the configuration was left", rules: "sent", text: `
		1: +5.1{1,2} ~6.1{1} !1U +6.1{1} end
		2: +5.1{1,2} 1.1U end`},
	{name: "sent in a later configuration", rules: "sent", text: `
		1: +5.1{1,2} ~6.1{1} +6.1{1} !1U end
		2: +5.1{1,2} 1.1U end`},
	{name: "sent twice", rules: "sent-once", text: `
		1: +5.1{1} !1A !1A 1.1A end`},
	{name: "numbers descend", rules: "sent-once", text: `
		1: +5.1{1} !2A !1A end`},
	{name: "another guarantee", rules: "unchanged", text: `
		1: +5.1{1,2} !1A 1.1A end
		2: +5.1{1,2} 1.1S end`},
	{name: "other groups", rules: "unchanged", text: `
		1: +5.1{1} !1A 1.1A end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Deliver, 1).Groups = []string{"g", "h"}
	}},
	{name: "delivered twice", rules: "delivered-once", text: `
		1: +5.1{1} !1A 1.1A 1.1A settled`},
	{name: "unordered and delivered twice", rules: "delivered-once", text: `
		1: +5.1{1} !1U !2U 1.1U 1.2U 1.1U settled`},
	{name: "delivered again in the transitional configuration", rules: "delivered-once", text: `
		1: +5.1{1} !1A 1.1A ~6.1{1} 1.1A +6.1{1} settled`},
	{name: "delivered again in the next configuration", rules: "one-configuration", text: `
		1: +5.1{1} !1A 1.1A ~6.1{1} +6.1{1} 1.1A settled`},
	{name: "one message in two configurations", rules: "one-configuration", text: `
		1: +5.1{1,2} !1U 1.1U ~6.1{1,2} +6.1{1,2} end
		2: +5.1{1,2} end
		3: +5.3{3} ~6.3{3} +6.3{3} 1.1U end`},
	{name: "everybody delivers before anybody sends", rules: "precedence", text: `
		1: +5.1{1,2} 2.1U !1U end
		2: +5.1{1,2} 1.1U !1U end`},
	{name: "two configurations, each before the other", rules: "precedence", text: `
		1: +5.1{1,2} ~6.1{1} +6.1{1,2} end
		2: +6.1{1,2} ~5.1{2} +5.1{1,2} end`},

	// Delivery of configuration changes.
	{name: "delivered in no configuration", rules: "in-configuration", text: `
		1: !1U 1.1U +5.1{1,2} end
		2: +5.1{1,2} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Deliver, 1).Config = trace.Config{Epoch: 5, Rep: 1}
	}},
	{name: "delivered in another configuration than it says", rules: "in-configuration", text: `
		1: +5.1{1} !1U 1.1U end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Deliver, 1).Config = trace.Config{Epoch: 4, Rep: 1}
	}},
	{name: "a transitional delivery that names the next configuration", rules: "in-configuration", text: `
		1: +5.1{1} !1U ~6.1{1} 1.1U +6.1{1} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Deliver, 1).Config = trace.Config{Epoch: 6, Rep: 1}
	}},
	{name: "no transitional event", rules: "change-order", text: `
		1: +5.1{1} +6.1{1} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 2).Joined = nil
	}},
	{name: "two transitional events", rules: "change-order", text: `
		1: +5.1{1} ~6.1{1} ~7.1{1} +6.1{1} end`},
	{name: "a transitional event first", rules: "change-order", text: `
		1: ~6.1{1} +6.1{1} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 1).From = trace.Config{Epoch: 5, Rep: 1}
		s.event(t, "1", trace.Change, 2).Joined = []uint32{1}
	}},
	{name: "a transitional event that leads elsewhere", rules: "change-order", text: `
		1: +5.1{1} ~6.1{1} +7.1{1} end`},
	{name: "a transitional event from elsewhere", rules: "change-order", text: `
		1: +5.1{1} ~6.1{1} +6.1{1} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 2).From = trace.Config{Epoch: 4, Rep: 1}
	}},
	{name: "a regular configuration from elsewhere", rules: "change-order", text: `
		1: +5.1{1} ~6.1{1} +6.1{1} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 3).From = trace.Config{Epoch: 4, Rep: 1}
	}},
	{name: "a first configuration from somewhere", rules: "change-order", text: `
		1: +5.1{1} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 1).From = trace.Config{Epoch: 4, Rep: 1}
	}},
	{name: "different members", rules: "same-view", text: `
		1: +5.1{1,2} end
		2: +5.1{1,2,3} end`},
	{name: "different transitional members", rules: "exact-change same-view", text: `
		1: +5.1{1,2,3} ~6.1{1,2} +6.1{1,2,3} end
		2: +5.1{1,2,3} ~6.1{1,2,3} +6.1{1,2,3} end
		3: +5.1{1,2,3} end`},
	{name: "different ideas of who left", rules: "same-view", text: `
		1: +5.1{1,2,3} ~6.1{1,2} +6.1{1,2,3} end
		2: +5.1{1,2,3} ~6.1{1,2} +6.1{1,2,3}-3 end`},
	{name: "no member of its own configuration", rules: "own-view", text: `
		1: +5.1{2,3} end`},
	{name: "no member of its own transitional configuration", rules: "own-view", text: `
		1: +5.1{1,2} ~6.2{2} +6.2{1,2} end`},
	{name: "a configuration comes back", rules: "entered-once exact-change", text: `
		1: +5.1{1} ~6.1{1} +6.1{1} ~5.1{1} +5.1{1} end`},
	{name: "a configuration comes back after a restart", rules: "entered-once", text: `
		1:   +5.1{1} end
		1/2: +5.1{1} end`},
	{name: "members that do not ascend", rules: "exact-change", text: `
		1: +5.1{2,1} end`},
	{name: "one comes along who was not there", rules: "exact-change", text: `
		1: +5.1{1} ~6.1{1,2} +6.1{1,2} end`},
	{name: "one comes along who never was in the old configuration", rules: "exact-change", text: `
		1: +5.1{1,2} ~6.1{1,2} +6.1{1,2} end
		2: +6.1{1,2} end`},
	{name: "one comes along who was elsewhere", rules: "exact-change", exact: true, text: `
		1: +5.1{1,2} ~6.1{1,2} +6.1{1,2} end
		2: +5.2{2} end`},
	{name: "one comes along and came from elsewhere", rules: "exact-change", text: `
		1: +5.1{1,2} ~7.1{1,2} +7.1{1,2} end
		2: +5.1{1,2} ~6.2{2} +6.2{2} ~7.1{2} +7.1{1,2} end`},
	{name: "one comes along and is no member", rules: "exact-change", text: `
		1: +5.1{1,2} ~6.1{1,2} +6.1{1} end
		2: +5.1{1,2} end`},
	{name: "one came along as others see it who installed the next configuration", rules: "exact-change", text: `
		1: +5.1{1,2} ~6.1{1,2} end
		2: +5.1{1,2} end
		3: +6.1{1,3} end`},
	{name: "one left without a word", rules: "exact-change", text: `
		1: +5.1{1,2} ~6.1{1} +6.1{1} end
		2: +5.1{1,2} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 3).Left = nil
	}},
	{name: "one left the transitional configuration without a word", rules: "exact-change", text: `
		1: +5.1{1,2} ~6.1{1} +6.1{1} end
		2: +5.1{1,2} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 2).Left = nil
	}},
	{name: "one left who never was there", rules: "exact-change", text: `
		1: +5.1{1} ~6.1{1} +6.1{1}-2 end`},
	{name: "one left who came along", rules: "exact-change", text: `
		1: +5.1{1,2} ~6.1{1,2} +6.1{1,2}-2 end
		2: +5.1{1,2} end`},
	{name: "one joined without a word", rules: "exact-change", text: `
		1: +5.1{1} ~6.1{1} +6.1{1,2} end
		2: +6.1{1,2} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 3).Joined = nil
	}},
	{name: "one joined who came along", rules: "exact-change", text: `
		1: +5.1{1,2} ~6.1{1,2} +6.1{1,2} end
		2: +5.1{1,2} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 3).Joined = []uint32{2}
	}},
	{name: "one joined a transitional configuration", rules: "exact-change", text: `
		1: +5.1{1} ~6.1{1} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 2).Joined = []uint32{2}
	}},
	{name: "a first configuration that not all joined", rules: "exact-change", text: `
		1: +5.1{1,2} end`, change: func(t *testing.T, s *script) {
		s.event(t, "1", trace.Change, 1).Joined = []uint32{2}
	}},
	{name: "a restart that is not told", rules: "exact-change", text: `
		1:   +5.1{1,2} ~7.1{1} +7.1{1,2} end
		2:   +5.1{1,2} end
		2/2: +7.1{1,2} end`},
	{name: "a restart that never was", rules: "exact-change", text: `
		1: +5.1{1,2} ~7.1{1} +7.1{1,2}-2 end
		2: +5.1{1,2} ~6.2{2} +6.2{2} ~7.1{2} +7.1{1,2} end`},
	{name: "one stays behind", rules: "same-end", text: `
		1: +5.1{1,2} settled
		2: +5.1{1,2} ~6.2{2} +6.2{2} settled`},
	{name: "one is dead and nobody notices", rules: "same-end", text: `
		1: +5.1{1,2} settled
		2: +5.1{1,2} end`},
	{name: "one never got anywhere", rules: "same-end", text: `
		1: settled`},

	// Self-delivery.
	{name: "a message of one's own is lost", rules: "self-delivery", text: `
		1: +5.1{1,2} !1A ~6.1{1} +6.1{1} settled
		2: +5.1{1,2} 1.1A end`},
	{name: "a message of one's own is lost that nobody else has", rules: "self-delivery", text: `
		1: +5.1{1} !1U settled`},
	{name: "a message is lost and one sent after it is not", rules: "self-delivery", text: `
		1: +5.1{1} !1A !2A 1.2A end`},
	{name: "a message is lost, one sent after it is delivered in the next configuration", rules: "self-delivery", text: `
		1: +5.1{1} !1F ~6.1{1} !2F +6.1{1} 1.2F end`},

	// Failure atomicity.
	{name: "not the same before the transitional event", rules: "atomicity", text: `
		1: +5.1{1,2} 3.1U ~6.1{1,2} +6.1{1,2} settled
		2: +5.1{1,2} ~6.1{1,2} +6.1{1,2} settled
		3: end`, change: func(t *testing.T, s *script) {
		third(t, s, trace.Unordered)
	}},
	{name: "before it at one, after it at the other", rules: "atomicity", text: `
		1: +5.1{1,2} !1A 1.1A ~6.1{1,2} +6.1{1,2} settled
		2: +5.1{1,2} ~6.1{1,2} 1.1A +6.1{1,2} settled`},
	{name: "not the same after the transitional event", rules: "atomicity", text: `
		1: +5.1{1,2} !1F ~6.1{1,2} 1.1F +6.1{1,2} settled
		2: +5.1{1,2} ~6.1{1,2} +6.1{1,2} settled`},
	{name: "one ends after the transitional event, which it had earlier", rules: "atomicity", text: `
		1: +5.1{1,2} !1A 1.1A ~6.1{1,2} +6.1{1,2} end
		2: +5.1{1,2} ~6.1{1,2} end`},
	{name: "one ends after it and has more than those who go on", rules: "atomicity", text: `
		1: +5.1{1,2,3} ~6.1{1,2} +6.1{1,2} end
		2: +5.1{1,2,3} ~6.1{1,2} 3.1A end
		3: +5.1{1,2,3} !1A end`},

	// FIFO.
	{name: "overtaken by the next message", rules: "fifo", text: `
		1: +5.1{1,2} !1F !2F 1.1F 1.2F settled
		2: +5.1{1,2} 1.2F 1.1F settled`},
	{name: "an agreed message is overtaken by FIFO", rules: "fifo", text: `
		1: +5.1{1,2} !1A !2F 1.1A 1.2F settled
		2: +5.1{1,2} 1.2F 1.1A settled`},
	{name: "a message is left out", rules: "fifo", text: `
		1: +5.1{1,2} !1F !2F 1.1F 1.2F end
		2: +5.1{1,2} 1.2F end`},
	{name: "z past a hole", rules: "fifo", text: `
		1: +5.1{1,2,3,4,5} 5.1A 5.2A end
		2: +5.1{1,2,3,4,5} ~6.2{2,3,4} 5.2A +6.2{2,3,4} end
		5: +5.1{1,2,3,4,5} !1A !2A end`},
	{name: "the later message in the earlier configuration", rules: "fifo", text: `
		1: +5.1{1} !1F !2F 1.2F ~6.1{1} +6.1{1} 1.1F end`},

	// Causal.
	{name: "an answer before the question", rules: "causal no-gap", text: `
		1: +5.1{1,2,3} !1A 1.1A end
		2: +5.1{1,2,3} 1.1A !1A end
		3: +5.1{1,2,3} ~6.3{3} 2.1A 1.1A +6.3{3} end`},
	{name: "an answer without the question", rules: "causal", text: `
		1: +5.1{1,2,3} !1A 1.1A end
		2: +5.1{1,2,3} 1.1A !1A end
		3: +5.1{1,2,3} ~6.3{3} 2.1A +6.3{3} end`},
	{name: "w past a hole: 1 had delivered x when it sent w", rules: "causal", text: `
		1: +5.1{1,2,5} 5.1A !1A 1.1A end
		2: +5.1{1,2,5} ~6.2{2} 1.1A +6.2{2} end
		5: +5.1{1,2,5} !1A end`},

	// Agreed.
	{name: "two orders", rules: "agreed", text: `
		1: +5.1{1,2} !1A 1.1A 2.1A settled
		2: +5.1{1,2} !1A 2.1A 1.1A settled`},
	{name: "two orders, one is safe", rules: "agreed", text: `
		1: +5.1{1,2} !1A 1.1A 2.1S end
		2: +5.1{1,2} !1S 2.1S 1.1A end`},
	{name: "two orders in one cut", rules: "agreed", text: `
		1: +5.1{1,2,3} 3.1A 2.1A ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A ~6.2{2,3} 3.1A 2.1A +6.2{2,3} settled`},
	{name: "two orders in one cut, one ends in it", rules: "agreed", text: `
		2: +5.1{2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} end
		3: +5.1{2,3} !1A ~6.2{2,3} 3.1A 2.1A end`},
	{name: "the exception with one sender", rules: "agreed fifo", text: `
		1: +5.1{1,2,3} 3.2A 3.1A ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} ~6.2{2,3} 3.1A 3.2A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A !2A ~6.2{2,3} 3.1A 3.2A +6.2{2,3} settled`},
	{name: "the exception with messages that were safe in the old configuration", rules: "agreed", text: `
		1: +5.1{1,2,3} 3.1S 2.1S ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} !1S ~6.2{2,3} 2.1S 3.1S +6.2{2,3} settled
		3: +5.1{1,2,3} !1S ~6.2{2,3} 2.1S 3.1S +6.2{2,3} settled`},
	{name: "the exception with one that was safe in the old configuration", rules: "agreed", text: `
		1: +5.1{1,2,3} 3.1S 2.1A ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1S +6.2{2,3} settled
		3: +5.1{1,2,3} !1S ~6.2{2,3} 2.1A 3.1S +6.2{2,3} settled`},
	{name: "the exception with the second one safe in the old configuration", rules: "agreed", text: `
		1: +5.1{1,2,3} 3.1A 2.1S ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} !1S ~6.2{2,3} 2.1S 3.1A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A ~6.2{2,3} 2.1S 3.1A +6.2{2,3} settled`},
	{name: "the exception before a message that was safe in the old configuration", rules: "agreed safe", text: `
		1: +5.1{1,2,3} 3.1A 2.1A 1.1S end
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} settled`, change: func(t *testing.T, s *script) {
		e := *s.event(t, "1", trace.Deliver, 3)
		e.Kind, e.Config = trace.Send, trace.Config{}
		s.events[0] = slices.Insert(s.events[0], 2, e)
	}},
	{name: "the exception with the first one reached before the cut", rules: "agreed", text: `
		1: +5.1{1,2,3} 3.1A 2.1A ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} !1A 2.1A ~6.2{2,3} 3.1A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A 2.1A ~6.2{2,3} 3.1A +6.2{2,3} settled`},
	{name: "the exception with the first one reached: another stands behind it that does not ascend", rules: "agreed", text: `
		1: +5.1{1,2,3} !1A 3.1A 2.1A end
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 1.1A 3.1A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 1.1A 3.1A +6.2{2,3} settled`},
	{name: "the exception backwards: what was not reached does not descend", rules: "agreed", text: `
		1: +5.1{1,2,3} 2.1A 3.1A ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} !1A ~6.2{2,3} 3.1A 2.1A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A ~6.2{2,3} 3.1A 2.1A +6.2{2,3} settled`},
	{name: "three cuts in a circle", rules: "agreed", text: `
		1: +5.1{1,2,3,4,5,6,7,8,9} !1A end
		2: +5.1{1,2,3,4,5,6,7,8,9} !1A end
		3: +5.1{1,2,3,4,5,6,7,8,9} !1A end
		4: +5.1{1,2,3,4,5,6,7,8,9} !1A end
		5: +5.1{1,2,3,4,5,6,7,8,9} !1A end
		6: +5.1{1,2,3,4,5,6,7,8,9} !1A end
		7: +5.1{1,2,3,4,5,6,7,8,9} ~6.7{7} 4.1A 5.1A 1.1A +6.7{7} end
		8: +5.1{1,2,3,4,5,6,7,8,9} ~6.8{8} 5.1A 6.1A 2.1A +6.8{8} end
		9: +5.1{1,2,3,4,5,6,7,8,9} ~6.9{9} 6.1A 4.1A 3.1A +6.9{9} end`},

	// No gap.
	{name: "past a hole of a sender who is in the configuration", rules: "no-gap", text: `
		1: +5.1{1,2,3} 3.1A 2.1A 1.1A !1A end
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A +6.2{2,3} end
		3: +5.1{1,2,3} !1A end`, change: func(t *testing.T, s *script) {
		s.events[0] = slices.Delete(s.events[0], 4, 6)
	}},
	{name: "past a hole in the regular configuration", rules: "no-gap", text: `
		1: +5.1{1,2,3} 3.1A 2.1A end
		2: +5.1{1,2,3} !1A 2.1A end
		3: +5.1{1,2,3} !1A end`},
	{name: "different messages in one place", rules: "no-gap", text: `
		1: +5.1{1,2,3} 3.1A end
		2: +5.1{1,2,3} !1A 2.1A end
		3: +5.1{1,2,3} !1A end`},
	{name: "a message in between that was passed by", rules: "no-gap", text: `
		1: +5.1{1,2,3} !1A 3.1A 1.1A end
		2: +5.1{1,2,3} !1A ~6.2{2,3} 3.1A 2.1A 1.1A +6.2{2,3} end
		3: +5.1{1,2,3} !1A end`},
	{name: "one cut leaves out what another has", rules: "no-gap", text: `
		1: +5.1{1,2,3,4} !1A end
		2: +5.1{1,2,3,4} ~6.2{2} 4.1A 3.1A 1.1A +6.2{2} end
		3: +5.1{1,2,3,4} !1A ~6.3{3,4} 3.1A 1.1A +6.3{3,4} end
		4: +5.1{1,2,3,4} !1A end`},

	// Safe.
	{name: "safe in the old configuration, and one who goes on does not have it", rules: "safe", text: `
		1: +5.1{1,2} !1S 1.1S end
		2: +5.1{1,2} ~6.2{2} +6.2{2} end`},
	{name: "safe, and one who stays does not have it", rules: "safe", text: `
		1: +5.1{1,2} !1S 1.1S settled
		2: +5.1{1,2} settled`},
	{name: "safe in a transitional configuration, and a member of it goes on without", rules: "safe", text: `
		1: +5.1{1,2,3} ~6.1{1,2} 3.1S +6.1{1,2} end
		2: +5.1{1,2,3} ~7.2{2} +7.2{2} end
		3: +5.1{1,2,3} !1S end`},
	{name: "safe in a transitional configuration, and a member of it stays without", rules: "safe same-end", text: `
		1: +5.1{1,2,3} ~6.1{1,2} 3.1S +6.1{1,2} end
		2: +5.1{1,2,3} settled
		3: +5.1{1,2,3} !1S end`},
	{name: "the obligation of 3 and 4 is forgotten", rules: "safe", text: `
		1: +5.1{1,2,3,4} end
		2: +5.1{1,2,3,4} !1S ~6.2{2,3,4} 2.1S +6.2{2,3,4}
		3: +5.1{1,2,3,4} ~7.3{3,4} +7.3{3,4} settled
		4: +5.1{1,2,3,4} ~7.3{3,4} +7.3{3,4} settled`},
	{name: "q is safe in a configuration in which 3 never was", rules: "safe-entered", text: `
		1: +5.1{1,2,3} ~7.1{1,2,3} +7.1{1,2,3} !1S 1.1S ~9.1{1,2} +9.1{1,2,3} end
		2: +5.1{1,2,3} ~7.1{1,2,3} +7.1{1,2,3} 1.1S ~9.1{1,2} +9.1{1,2,3} end
		3: +5.1{1,2,3} ~9.1{3} +9.1{1,2,3} end`},
	{name: "safe before one of the members got there, and its record is exact", rules: "safe-entered", exact: true, text: `
		1: +5.1{1,2} !1S 1.1S ~9.1{1} +9.1{1} end
		2: end`},
	{name: "safe before one got there whose record is partial, but who was elsewhere", rules: "safe-entered", exact: true, text: `
		1: +5.1{1,2} !1S 1.1S ~9.1{1} +9.1{1,2} end
		2: +4.2{2} ~9.1{2} +9.1{1,2} partial`},
}

// third makes the third life a member of configuration 5.1 that sends a message.
func third(t *testing.T, s *script, g trace.Guarantee) {
	t.Helper()
	for _, life := range []string{"1", "2"} {
		e := s.event(t, life, trace.Change, 1)
		e.Members, e.Joined = []uint32{1, 2, 3}, []uint32{1, 2, 3}
		s.event(t, life, trace.Change, 2).Left = []uint32{3}
		s.event(t, life, trace.Change, 3).Left = []uint32{3}
	}
	e := *s.event(t, "1", trace.Change, 1)
	who := trace.Processor{ID: 3, Incarnation: 1}
	e.Who = who
	s.events[2] = append(s.events[2], e, trace.Event{Who: who, Kind: trace.Send, Message: trace.Message{Sender: who, Number: 1}, Guarantee: g})
}

func TestBadTracesAreRejectedByTheirRule(t *testing.T) {
	caught := map[Rule]bool{}
	for _, b := range bad {
		s := parseScript(t, b.text)
		if b.change != nil {
			b.change(t, s)
		}
		c := New(Options{Exact: b.exact})
		violations := s.judge(t, c)
		if got := broken(violations); got != b.rules {
			t.Errorf("%s: broke %q, want %q\n%s", b.name, got, b.rules, tell(violations))
		}
		for _, v := range violations {
			caught[v.Rule] = true
			if len(v.Places) == 0 || v.Text == "" || strings.Contains(v.String(), "%!") || v.Property != v.Rule.Property() {
				t.Errorf("%s: told as %+v", b.name, v)
			}
		}
	}
	for _, r := range Rules() {
		if !caught[r] {
			t.Errorf("no trace here breaks rule %v", r)
		}
	}
}
