package order

import "stampede/perf"

// Counters count datagrams unless their name says otherwise. They belong to
// the goroutine that drives the session. A histogram gets at most one value a
// step, and its times are those that the session is told: of passes.
type Counters struct {
	Sent, SentData, SentStamps, SentAcks, SentNacks uint64
	Received, Acks, Nacks                           uint64

	Duplicates  uint64 // of a stream: already held
	Overrun     uint64 // beyond the history: its sender ignored the credit
	NoMemory    uint64 // no chunk left to keep it in
	NoControl   uint64 // own stamps put off: no control memory left
	Strangers   uint64 // not from a member
	Own         uint64 // this processor's, come back
	Invalid     uint64 // impossible though well formed: contradicts what its sender said before
	Undecodable uint64 // messages whose compressed body was not what it claimed

	Gaps        uint64 // datagrams found missing
	Requested   uint64 // datagrams asked for, each time counted
	Retransmits uint64 // datagrams sent again for others
	Lingered    uint64 // requests not answered because they just were
	Unheld      uint64 // requests for what is not held here
	Unasked     uint64 // requests dropped: too many were waiting

	Kept       uint64 // of others, into the history
	Positions  uint64 // datagrams walked
	Deliveries uint64 // runs of messages handed over
	HandOffs   uint64 // of the order to another member, by this one
	CreditWait uint64 // steps that left data waiting for credit
	SlotWait   uint64 // of these, because a member has no slot for one more
	PoolWait   uint64 // deliveries put off for want of reassembly memory

	// WalkLag is how many datagrams are held, after a step, that the walk has
	// not come to: they wait for a gap before them, or for their stamp.
	WalkLag perf.Histogram
	// StampDelay is for how long, in ns, the oldest datagram that a step of the
	// sequencer stamps has been there: 0 = it came in this very pass. What a
	// gap has held back counts from the last stamp of its sender.
	StampDelay perf.Histogram
	// AckDelay is for how long, in ns, something to acknowledge had waited when
	// it was told: 0 = it came up in this very pass.
	AckDelay perf.Histogram
}
