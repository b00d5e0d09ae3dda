package sim

import (
	"fmt"
	"os"
	"testing"
)

func TestFounder(t *testing.T) {
	b, _ := os.ReadFile(os.Getenv("SCRIPT"))
	s, err := Parse("world", string(b))
	if err != nil {
		t.Fatal(err)
	}
	var r Runner
	res := r.Run(s, Options{Log: func(s string) { fmt.Println(s) }})
	fmt.Println(res.Failure)
}
func TestFounderDraw(t *testing.T) {
	var n uint64
	fmt.Sscan(os.Getenv("SEED"), &n)
	os.WriteFile(os.Getenv("SCRIPT"), []byte(Draw(n, Shape{})), 0644)
}

func TestFounderMany(t *testing.T) {
	var from, n uint64
	fmt.Sscan(os.Getenv("SEED"), &from, &n)
	var r Runner
	for seed := from; seed < from+n; seed++ {
		text := Draw(seed, Shape{})
		s, err := Parse("world", text)
		if err != nil {
			t.Fatal(err)
		}
		if res := r.Run(s, Options{}); res.Failure != nil {
			f := fmt.Sprint(res.Failure)
			if len(f) > 300 {
				f = f[:300]
			}
			fmt.Printf("SEED %d: %s\n", seed, f)
		}
	}
}
