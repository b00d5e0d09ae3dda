package sim

import "testing"

func TestFirst(t *testing.T) {
	s, err := Parse("first", `processors 1 2 3
set formation listed
start all
until all together
begin
send 2 agreed a
send 3 safe b
send 1 any m size 10..5000 times 50 every 1ms
wait 100ms
network loss 5% double 5% reorder 5% corrupt 2%
send 2 any times 50 every 1ms size 1..2000 set any
wait 100ms
`)
	if err != nil {
		t.Fatal(err)
	}
	var r Runner
	res := r.Run(s, Options{Log: func(s string) { t.Log(s) }})
	t.Logf("%+v", res)
	if res.Failure != nil {
		t.Fatal(res.Failure)
	}
}

func TestSome(t *testing.T) {
	var r Runner
	for seed := uint64(1); seed <= 300; seed++ {
		text := Draw(seed, Shape{Calm: true})
		s, err := Parse("world", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if s.Text() != text {
			t.Fatal("text")
		}
		if res := r.Run(s, Options{}); res.Failure != nil {
			t.Errorf("seed %d: %v\n%s", seed, res.Failure, text)
		}
	}
}
