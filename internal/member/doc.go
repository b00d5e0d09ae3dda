// Package member is a whole processor as a pure step machine: it finds the
// others, agrees with them on configurations, notices who fails, takes what was
// held of an old configuration into the cut, and drives the order of the
// present one.
//
//	                     nobody is silent, nobody new
//	                         ┌───────────┐
//	                         ▼           │
//	start ──► Gather ──► Commit ──► Recovery ──► Operational
//	           ▲  ▲        │           │             │
//	           │  └────────┴───────────┘             │
//	           │     no progress, one gave up        │
//	           └─────────────────────────────────────┘
//	             a suspicion, a leave, a join, foreigners who fit
//
// Gather (gather.go, rows.go, set.go): joins tell who hears whom; when that is
// at rest, all compute the same sets of processors that hear each other.
// Commit (commit.go, state.go): the representative, the lowest id of a set,
// proposes a ConfigID; the members answer with what they hold of their old
// configuration and from then on do nothing more in it; the representative
// hands all answers to all.
// Recovery (recovery.go): those of one old configuration fetch from each other
// what one of them holds, and tell the representative, which installs.
// Operational (operational.go, detect.go): the order of the configuration runs
// (package order), beacons look for others.
//
// The old configuration goes on until the Commit answer, and its last
// deliveries are handed out (depart.go) while the new one already runs: an
// application never holds up an installation.
//
// The design is that of Totem (Amir, Moser, Melliar-Smith, Agarwal, Ciarfella,
// "The Totem Single-Ring Ordering and Membership Protocol", ACM TOCS 1995) with
// a representative in the place of the token. docs/protocol.md has the rules.
//
// Nothing here has a clock, a goroutine, a lock or a socket. Time is an
// argument, in ns, and only differences of it matter.
package member
