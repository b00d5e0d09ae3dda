package bench

import (
	"fmt"
	"math/bits"

	"stampede/evs"
)

// check follows the deliveries of one host. Per message it costs some
// multiplications; hosts that saw the same end with the same digest.
type check struct {
	size    int
	scope   scope
	chain   uint64   // over all, when the scope is scopeAll
	ledgers []ledger // of senders 1, 2, …
	awaited int      // ledgers that still lack something

	damaged    uint64 // messages of another length, or whose end is another's
	disordered uint64 // messages behind a later one of their sender, though FIFO was promised
	foreign    uint64 // messages of senders that do not exist
}

// scope is what has the same order at all hosts.
type scope uint8

const (
	scopeNone   scope = iota // unordered: only the sum counts
	scopeSender              // fifo: one chain a sender
	scopeAll                 // agreed, safe: one chain
)

func newCheck(size, senders int, g evs.Guarantee) *check {
	c := &check{size: size, ledgers: make([]ledger, senders), awaited: senders}
	switch g {
	case evs.Agreed, evs.Safe:
		c.scope = scopeAll
	case evs.FIFO:
		c.scope = scopeSender
	}
	for i := range c.ledgers {
		c.ledgers[i].next = 1
	}
	return c
}

// deliver takes note of a delivered message and tells whether it is one of
// those that count: no marker, of a known sender.
func (c *check) deliver(e *evs.Event) bool {
	if uint64(e.Sender)-1 >= uint64(len(c.ledgers)) {
		c.foreign++
		return false
	}
	l := &c.ledgers[e.Sender-1]
	if e.Number < l.last && c.scope != scopeNone {
		c.disordered++
	}
	fresh := l.see(e.Number)
	h := hash(uint64(e.Sender), e.Number, e.Payload)
	switch c.scope {
	case scopeAll:
		c.chain = link(c.chain, h)
	case scopeSender:
		l.chain = link(l.chain, h)
	default:
		l.chain += h
	}
	marker := len(e.Payload) != c.size
	if marker || l.marked {
		c.end(l, e, marker, fresh)
	} else if ending(e.Payload) != beginning(e.Payload) {
		c.damaged++
	}
	return !marker
}

// end handles what is rare: a sender's marker, and what comes after it.
func (c *check) end(l *ledger, e *evs.Event, marker, fresh bool) {
	if marker && (len(e.Payload) != markerBytes(c.size) || beginning(e.Payload) != 0) {
		c.damaged++
		return
	}
	if marker && fresh {
		l.marked, l.count = true, markerCount(e.Payload)
	}
	if l.marked && !l.whole && l.distinct == l.count+1 {
		l.whole = true
		c.awaited--
	}
}

// complete tells that everything which was sent has been delivered.
func (c *check) complete() bool { return c.awaited == 0 }

// hash stands for one message. The constants are odd numbers without pattern
// (from the square roots of 2, 3, 5 and 7): multiplication by them is a
// permutation.
func hash(sender, number uint64, payload []byte) uint64 {
	x := number*0x6a09e667f3bcc909 ^ (sender<<32|uint64(len(payload)))*0xbb67ae8584caa73b ^
		beginning(payload)*0x3c6ef372fe94f82b
	return x ^ x>>32
}

// link adds h to a chain: the order of the links matters.
func link(chain, h uint64) uint64 {
	return (bits.RotateLeft64(chain, 23) ^ h) * 0xa54ff53a5f1d36f1
}

// ledger is what one host has seen of one sender.
type ledger struct {
	next       uint64 // every number below it was delivered
	last       uint64 // the highest delivered
	distinct   uint64 // numbers delivered
	duplicates uint64 // deliveries of a number that had been
	chain      uint64 // the scope's: a chain or a sum

	marked bool   // the marker is here
	count  uint64 // and tells this
	whole  bool   // all is here

	ahead uint64   // delivered numbers from next on
	seen  []uint64 // their bits, at number modulo window; nil until needed
}

// window is how far a ledger remembers numbers one by one, beyond the first
// that is missing: more messages than a history holds. What falls out of it
// stays missing.
const window = 1 << 24

// see notes a number, and tells whether it is the first time.
func (l *ledger) see(number uint64) bool {
	l.last = max(l.last, number)
	if number == l.next && l.ahead == 0 {
		l.next++
		l.distinct++
		return true
	}
	return l.seeOutOfTurn(number)
}

func (l *ledger) seeOutOfTurn(number uint64) bool {
	if l.seen == nil {
		l.seen = make([]uint64, window/64)
	}
	if number >= l.next+window {
		l.slide(number - window + 1)
	}
	if number < l.next || l.bit(number) {
		l.duplicates++
		return false
	}
	l.flip(number)
	l.ahead++
	l.distinct++
	for l.ahead > 0 && l.bit(l.next) {
		l.flip(l.next)
		l.ahead--
		l.next++
	}
	return true
}

// slide gives up what is missing below next.
func (l *ledger) slide(next uint64) {
	if next-l.next >= window {
		clear(l.seen)
		l.ahead = 0
	}
	for n := l.next; n < next && l.ahead > 0; n++ {
		if l.bit(n) {
			l.flip(n)
			l.ahead--
		}
	}
	l.next = next
}

func (l *ledger) bit(n uint64) bool { return l.seen[n%window/64]>>(n%64)&1 != 0 }
func (l *ledger) flip(n uint64)     { l.seen[n%window/64] ^= 1 << (n % 64) }

// digest is what a host tells of its check.
type digest struct {
	Chain                        uint64
	Senders                      []seen
	Damaged, Disordered, Foreign uint64
}

// seen is what a host tells of a ledger.
type seen struct {
	Distinct, Duplicates, Chain uint64
}

func (c *check) digest() digest {
	d := digest{Chain: c.chain, Damaged: c.damaged, Disordered: c.disordered, Foreign: c.foreign}
	for i := range c.ledgers {
		l := &c.ledgers[i]
		d.Senders = append(d.Senders, seen{l.distinct, l.duplicates, l.chain})
	}
	return d
}

// verdict is what the digests of all hosts say together.
type verdict struct {
	OrderOK          bool
	Fault            string // why not
	Lost, Duplicates uint64 // deliveries, over all hosts
	Damaged          uint64
}

// judge compares the digests of all hosts. sent has the messages of each
// sender, its marker included.
func judge(digests []digest, sent []uint64) verdict {
	v := verdict{OrderOK: true}
	fault := func(host int, format string, args ...any) {
		if v.OrderOK {
			v.Fault = fmt.Sprintf("host %d: ", host+1) + fmt.Sprintf(format, args...)
		}
		v.OrderOK = false
	}
	for host, d := range digests {
		v.Damaged += d.Damaged
		switch {
		case d.Damaged > 0:
			fault(host, "%d damaged messages", d.Damaged)
		case d.Foreign > 0:
			fault(host, "%d messages of unknown senders", d.Foreign)
		case d.Disordered > 0:
			fault(host, "%d messages behind a later one of their sender", d.Disordered)
		case d.Chain != digests[0].Chain:
			fault(host, "not the order of host 1")
		}
		for i, n := range sent {
			s, first := d.Senders[i], digests[0].Senders[i]
			v.Duplicates += s.Duplicates
			if s.Distinct < n {
				v.Lost += n - s.Distinct
			}
			switch {
			case s.Distinct > n:
				fault(host, "%d messages of sender %d, which sent %d", s.Distinct, i+1, n)
			case s.Chain != first.Chain:
				fault(host, "not what host 1 had of sender %d", i+1)
			}
		}
	}
	return v
}
