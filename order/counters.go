package order

// Counters count datagrams unless their name says otherwise. They belong to
// the goroutine that drives the session.
type Counters struct {
	Sent, SentData, SentStamps, SentAcks, SentNacks uint64
	Received, Acks, Nacks                           uint64

	Duplicates  uint64 // of a stream: already held
	Overrun     uint64 // beyond the history: its sender ignored the credit
	NoMemory    uint64 // no chunk left to keep it in
	Strangers   uint64 // not from a member
	Own         uint64 // this processor's, come back
	Invalid     uint64 // impossible though well formed: contradicts what its sender said before
	Undecodable uint64 // messages whose compressed body was not what it claimed

	Gaps        uint64 // datagrams found missing
	Requested   uint64 // datagrams asked for, each time counted
	Retransmits uint64 // datagrams sent again for others
	Lingered    uint64 // requests not answered because they just were
	Unheld      uint64 // requests for what is not held here

	Positions  uint64 // datagrams walked
	Deliveries uint64 // runs of messages handed over
	HandOffs   uint64 // of the order to another member, by this one
	CreditWait uint64 // steps that left data waiting for credit
	PoolWait   uint64 // deliveries put off for want of reassembly memory
}
