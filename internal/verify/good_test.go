package verify

import "testing"

// good are traces that keep every promise.
var good = []struct{ name, text string }{
	{"alone", `
		1: +5.1{1} !1A 1.1A !2S 1.2S leave`},
	{"a life without anything", `
		1: end
		2: +5.2{2} settled`},
	{"three in peace", `
		1: +5.1{1,2,3} !1A 1.1A 2.1S 3.1F 3.2U settled
		2: +5.1{1,2,3} !1S 3.2U 3.1F 1.1A 2.1S settled
		3: +5.1{1,2,3} !1F !2U 3.1F 1.1A 3.2U 2.1S settled`},
	{"unordered messages overtake", `
		1: +5.1{1,2} !1A !2U !3U !4F 1.3U 1.1A 1.4F 1.2U settled
		2: +5.1{1,2} 1.2U 1.3U 1.1A 1.4F settled`},
	{"numbers may be left out", `
		1: +5.1{1} !7A !9A !1000000000000A 1.7A 1.9A 1.1000000000000A settled`},
	{"merge without loss: safe in the regular configuration", `
		1: +5.1{1,2} 2.1S 2.2A ~7.1{1,2} +7.1{1,2,3,4} 3.2A settled
		2: +5.1{1,2} !1S !2A 2.1S 2.2A ~7.1{1,2} +7.1{1,2,3,4} 3.2A settled
		3: +5.3{3,4} !1U !2A 3.1U ~7.1{3,4} +7.1{1,2,3,4} 3.2A settled
		4: +5.3{3,4} 3.1U ~7.1{3,4} +7.1{1,2,3,4} 3.2A settled`},
	{"crash in the middle of anything", `
		1: +5.1{1,2,3} !1A !2A !3A 1.1A 1.2A
		2: +5.1{1,2,3} 1.1A ~6.2{2,3} 1.2A +6.2{2,3} settled
		3: +5.1{1,2,3} 1.1A ~6.2{2,3} 1.2A +6.2{2,3} settled`},
	{"crash between transitional event and configuration", `
		1: +5.1{1,2} !1A !2A ~6.1{1,2} 1.1A
		2: +5.1{1,2} ~6.1{1,2} 1.1A 1.2A +6.1{1,2} ~7.2{2} +7.2{2} settled`},
	{"a planned leave", `
		1: +5.1{1,2} !1A 1.1A !2A leave
		2: +5.1{1,2} 1.1A ~6.2{2} +6.2{2} settled`},
	{"a restart that is noticed", `
		1:   +5.1{1,2} ~6.1{1} +6.1{1} ~7.1{1} +7.1{1,2} 2/2.1A settled
		2:   +5.1{1,2} end
		2/2: +7.1{1,2} !1A 2/2.1A settled`},
	{"a restart between two configurations", `
		1:   +5.1{1,2,3} ~7.1{1,3} +7.1{1,2,3}-2 2/2.1A settled
		2:   +5.1{1,2,3} end
		2/2: +7.1{1,2,3} !1A 2/2.1A settled
		3:   +5.1{1,2,3} ~7.1{1,3} +7.1{1,2,3}-2 2/2.1A settled`},
	{"a hole: y is delivered past it, z and w are not", `
		1: +5.1{1,2,3,4,5} !1A 5.1A 2.1A 5.2A 1.1A
		2: +5.1{1,2,3,4,5} !1A 5.3U ~6.2{2,3,4} 2.1A +6.2{2,3,4} settled
		3: +5.1{1,2,3,4,5} 5.3U ~6.2{2,3,4} 2.1A +6.2{2,3,4} settled
		4: +5.1{1,2,3,4,5} 5.3U ~6.2{2,3,4} 2.1A +6.2{2,3,4} settled
		5: +5.1{1,2,3,4,5} !1A !2A !3U`},
	{"obligation: 3 and 4 deliver what 2 delivered safe", `
		1: +5.1{1,2,3,4,5} !1A 5.1A
		2: +5.1{1,2,3,4,5} !1S 5.3U ~6.2{2,3,4} 2.1S +6.2{2,3,4}
		3: +5.1{1,2,3,4,5} 5.3U ~7.3{3,4} 2.1S +7.3{3,4} settled
		4: +5.1{1,2,3,4,5} 5.3U ~7.3{3,4} 2.1S +7.3{3,4} settled
		5: +5.1{1,2,3,4,5} !1A !2A !3U`},
	{"obligations of obligations", `
		1: +5.1{1,2,3,4,5} end
		2: +5.1{1,2,3,4,5} !1S ~6.2{2,3,4} 2.1S +6.2{2,3,4}
		3: +5.1{1,2,3,4,5} end
		4: +5.1{1,2,3,4,5} ~8.4{4} 2.1S +8.4{4} settled
		5: +5.1{1,2,3,4,5} end`},
	{"partial install, then back: 3 was never in 7.1, q is not safe there", `
		1: +5.1{1,2,3,4} 4.1A ~7.1{1,2,3} +7.1{1,2,3} !1A 1.1A ~9.1{1,2} 2.1S +9.1{1,2,3} settled
		2: +5.1{1,2,3,4} 4.1A ~7.1{1,2,3} +7.1{1,2,3} !1S 1.1A ~9.1{1,2} 2.1S +9.1{1,2,3} settled
		3: +5.1{1,2,3,4} 4.1A ~9.1{3} +9.1{1,2,3} settled
		4: +5.1{1,2,3,4} !1A 4.1A`},
	{"the exception", exception},
	{"the exception, 3 missed the install of 2 and meets 1", `
		1: +5.1{1,2,3} 3.1A 2.1A ~7.1{1,3} +7.1{1,3} settled
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3}
		3: +5.1{1,2,3} !1A 3.1A 2.1A ~7.1{1,3} +7.1{1,3} settled`},
	{"the exception, and 2 lives on", `
		1: +5.1{1,2,3} 3.1A 2.1A ~7.1{1,3} +7.1{1,3} settled
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} ~8.2{2} +8.2{2} settled
		3: +5.1{1,2,3} !1A 3.1A 2.1A ~7.1{1,3} +7.1{1,3} settled`},
	{"the exception with two messages each", `
		1: +5.1{1,2,3} 3.1A 3.2A 2.1A 2.2A ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} !1A !2A ~6.2{2,3} 2.1A 2.2A 3.1A 3.2A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A !2A ~6.2{2,3} 2.1A 2.2A 3.1A 3.2A +6.2{2,3} settled`},
	{"the exception: the one first at 2 and 3 is missing at 1", `
		1: +5.1{1,2,3} 3.1A ~6.1{1} +6.1{1} settled
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} settled
		3: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} settled`},
	{"the exception between two cuts, neither of which reached the messages", `
		1: +5.1{1,2,3} !1A end
		2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3}
		3: +5.1{1,2,3} !1A ~7.3{3} 3.1A +7.3{3} settled`},
	{"what a safe message in a transitional configuration is not", `
		1: +5.1{1,2,3} ~6.1{1,2} 3.1S +6.1{1,2} settled
		2: +5.1{1,2,3} ~6.1{1,2} 3.1S +6.1{1,2} settled
		3: +5.1{1,2,3} !1S ~6.3{3} 3.1S +6.3{3} settled`},
	{"a message that was queued goes into the next configuration", `
		1: +5.1{1,2} !1A ~6.1{1,2} +6.1{1,2} 1.1A settled
		2: +5.1{1,2} ~6.1{1,2} +6.1{1,2} 1.1A settled`},
	{"messages sent before there is a configuration", `
		1: !1A +5.1{1,2} 1.1A settled
		2: +5.1{1,2} 1.1A settled`},
	{"the record of a killed life lacks its end", `
		1: +5.1{1,2} !1A end
		2: +5.1{1,2} ~6.1{1,2} +6.1{1,2} 1.1A end`},
	{"a member that no file is about", `
		1: +5.1{1,9} !1S 1.1S ~6.1{1} +6.1{1} leave`},
	{"late lines of a file are lost: FIFO messages of another configuration", `
		1: +5.1{1,2} ~6.1{1} +6.1{1} !1A !2A end
		2: +5.1{1,2} ~6.2{2} +6.2{2} ~8.1{2} +8.1{1,2} 1.2A end`},
}

// exception is scenario 10: 1 orders 3's message first and nobody hears of it.
const exception = `
	1: +5.1{1,2,3} 3.1A 2.1A ~6.1{1} +6.1{1} settled
	2: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} settled
	3: +5.1{1,2,3} !1A ~6.2{2,3} 2.1A 3.1A +6.2{2,3} settled`

// TestPartialLives: with exact records, what a life may have been in whose end
// its application did not see is allowed for.
func TestPartialLives(t *testing.T) {
	c := New(Options{Exact: true})
	for _, text := range []string{`
		1: +5.1{1,2} !1S 1.1S 2.1A ~9.1{1} +9.1{1} end
		2: !1A partial`, `
		1: +6.1{1,2} !1S 1.1S 2.1A ~9.1{1} +9.1{1} end
		2: +4.2{2} !1A partial`} {
		s := parseScript(t, text)
		if violations := s.judge(t, c); len(violations) > 0 {
			t.Errorf("%s:\n%s", text, tell(violations))
		}
		s.partial = nil
		if got := broken(s.judge(t, c)); got != "sent safe-entered" && got != "safe-entered sent" {
			t.Errorf("%s: if it is not partial it broke %q", text, got)
		}
	}
}

func TestGoodTracesAreAccepted(t *testing.T) {
	c := New(Options{})
	for _, g := range good {
		if violations := parseScript(t, g.text).judge(t, c); len(violations) > 0 {
			t.Errorf("%s:\n%s", g.name, tell(violations))
		}
	}
}
