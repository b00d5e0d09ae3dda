// Command mutants runs worlds of internal/sim, one after the other, until one
// fails:
//
//	mutants FILE.sim|SEED|FIRST-LAST...
//
// It prints which world that was, the class of what it broke and what was
// seen, with tabs between, and its exit status is 3; 0 when none failed.
//
// Its test builds it once for every mutant of the protocol in rules/*.mutants:
// the protocol with one rule dropped, by replacing a piece of its source with
// go build -overlay. The simulator or one of the tests must notice each. The
// head of mutant_test.go says how a mutant is written down.
//
//	go test ./internal/sim/mutants -v                    what catches which
//	go test ./internal/sim/mutants -run TestMutants/NAME -budget 3000
//	                                                     look for something that catches it
//
// (It is not the verb sim of stampede only because that takes twice as long to
// build.)
//
// # Rules that are easily taken for superfluous
//
// Each was found because a model of the protocol broke without it. Sections
// are those of docs/protocol.md.
//
//	2   numbered datagrams never wait for credit     numbers-wait-for-credit
//	2   sent is what has its last number, and that   sent-with-its-first-fragment
//	    fixes its configuration                      holdings-without-the-own-tail
//	1   a repair is the very bytes                   a-repair-is-patched
//	3   first the stamped run, then the datagram     safe-one-datagram-early
//	                                                 the-datagram-before-its-stamped-runs
//	3   ACCEPT names its HANDOFF                     any-accept-past-a-gap-will-do
//	                                                 any-accept-will-do
//	3   a former sequencer delivers nothing of its   a-former-sequencer-goes-on
//	    own, and repeats its tail                    a-former-sequencer-is-silent
//	5   aru is what is held, not what is taken       a-slow-application-holds-its-aru-back
//	6   control never waits for credit               stamps-wait-for-credit
//	                                                 a-handoff-waits-for-credit
//	                                                 no-room-for-stamps
//	5   pieces that were moved count as taken        pieces-are-not-taken
//	6   who may be waiting for himself is told so    TestWouldBlock of package evs
//	7   linger is for each asker                     linger-for-everybody
//	11  Gather only if the set would differ, and     gather-for-everybody-who-is-heard
//	    does for two intervals                       gather-at-the-first-difference
//	10  largest block first; who is left over        ascending-ids-only
//	    repeats the rule                             who-is-left-over-is-alone
//	10  a stale seen is ignored                      stale-joins-count
//	12  who gave up, and what is a mere duplicate    who-gave-up-is-waited-for
//	                                                 every-join-ends-the-attempt
//	12  answers: only above, once, the same bytes    an-old-proposal-is-answered
//	                                                 an-answer-is-made-anew
//	12  from the answer on all is frozen             frozen-and-numbers
//	                                                 frozen-and-delivers
//	                                                 frozen-and-walks
//	                                                 frozen-and-the-line-moves
//	                                                 frozen-and-stamps
//	                                                 frozen-and-acknowledges
//	13  what is held beyond the union is dropped     holdings-beyond-the-union
//	13  the union is of this attempt's state alone   the-union-of-what-is-held-now
//	                                                 hold-of-an-earlier-union
//	13  O is T and the obligations reported          no-obligations
//	13  Hold adds T and the obligations reported     a-hold-that-promises-nothing
//	                                                 a-hold-that-promises-nothing-of-others
//	                                                 a-promise-ends-with-its-attempt
//	13  UNORDERED, FIFO and the walk as one loop     fifo-in-the-cut-only-before-the-walk
//	                                                 fifo-messages-wait-for-the-walk
//	13  the walk ends at its own first gap           the-walk-goes-on-past-its-own-gap
//	                                                 the-walk-goes-on-past-a-handoff
//	13  beyond the walk all of O, nothing of others  beyond-the-walk-messages-of-all
//	                                                 nothing-beyond-the-walk
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"stampede/internal/sim"
)

const exitCaught = 3

func main() {
	for _, what := range os.Args[1:] {
		name, failure, err := run(what)
		switch {
		case err != nil:
			fmt.Fprintln(os.Stderr, "mutants:", err)
			os.Exit(1)
		case failure != nil:
			fmt.Printf("%s\t%s\t%s\n", name, failure.Class, failure.Text)
			os.Exit(exitCaught)
		}
	}
}

// run runs what one argument names, and returns the name of the world that failed.
func run(what string) (string, *sim.Failure, error) {
	if strings.HasSuffix(what, ".sim") {
		text, err := os.ReadFile(what)
		if err != nil {
			return "", nil, err
		}
		s, err := sim.Parse(what, string(text))
		if err != nil {
			return "", nil, err
		}
		res := new(sim.Runner).Run(s, sim.Options{})
		return what, res.Failure, nil
	}
	from, to, many := strings.Cut(what, "-")
	first, err := strconv.ParseUint(from, 10, 32)
	last := first
	if err == nil && many {
		last, err = strconv.ParseUint(to, 10, 32)
	}
	if err != nil || last < first {
		return "", nil, fmt.Errorf("%q is no scenario, no seed and no range of seeds", what)
	}
	hunt := sim.Hunt{First: first, Seeds: int(last-first) + 1, Workers: 1}
	if _, found := hunt.Run(context.Background()); len(found) > 0 {
		return fmt.Sprint(found[0].Seed), found[0].Failure, nil
	}
	return "", nil, nil
}
