package drill

import (
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	const ms = time.Millisecond
	r := &Result{Formed: 70 * ms, Healed: 31 * ms, Done: []Done{
		{Fault: Fault{Kind: Sequencer, At: 1500 * ms, Last: 300 * ms, Hosts: []int{1}},
			Silences: []Silence{{3, 331 * ms, false}, {2, 330 * ms, false}}, Later: []Silence{{2, 12 * ms, false}}},
		{Fault: Fault{Kind: Sequencer, At: 3500 * ms, Last: 200 * ms, Hosts: []int{2}},
			Silences: []Silence{{3, 301 * ms, false}}, Later: []Silence{{3, 14 * ms, false}}},
		{Fault: Fault{Kind: Loss, At: 9 * time.Second, Last: 2 * time.Second, Hosts: []int{1, 3}, Percent: 5},
			Silences: []Silence{{1, 4 * time.Second, true}}},
	}}
	var b strings.Builder
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	want := `at       for    what                        longest silence             after its end
1.500 s  300ms  kill the sequencer, host 1  331.0 ms at host 3, 330.0 at 2  12.0 ms at host 2
3.500 s  200ms  kill the sequencer, host 2  301.0 ms at host 3          14.0 ms at host 3
9.000 s  2s     loss of 5 % at host 1,3     more than 4000.0 ms at host 1  -
sequencer  2 times  longest silence p50 301.0 ms, max 331.0 ms    after start p50 12.0 ms, max 14.0 ms
loss       1 times  longest silence p50 4000.0 ms, max 4000.0 ms  after no loss unknown
together 70ms after the start and 31ms after the last fault
`
	if got := b.String(); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("printed\n%swant\n%s", got, want)
	}
}
