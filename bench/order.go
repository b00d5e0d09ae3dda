package bench

import (
	"encoding/binary"
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

func newCheck(size, senders, clients int, g evs.Guarantee) *check {
	c := &check{size: size, ledgers: make([]ledger, senders), awaited: senders}
	switch g {
	case evs.Agreed, evs.Safe:
		c.scope = scopeAll
	case evs.FIFO:
		c.scope = scopeSender
	}
	for i := range c.ledgers {
		l := &c.ledgers[i]
		l.next, l.unmarked = 1, clients
		l.salt = salt(uint64(i+1), uint64(size))
		l.into = &l.chain
		if c.scope == scopeAll {
			l.into = &c.chain
		}
	}
	return c
}

// spare waits for no marker of a sender that will send none, host from 1.
func (c *check) spare(host int) {
	c.ledgers[host-1].whole = true
	c.awaited--
}

// deliver takes note of a delivered message and tells whether it is one of
// those that count: no marker, of a known sender.
func (c *check) deliver(e *evs.Event) bool {
	if uint64(e.Sender)-1 >= uint64(len(c.ledgers)) {
		c.foreign++
		return false
	}
	l := &c.ledgers[e.Sender-1]
	// The next number of its sender, as nearly all are.
	if p := e.Payload; e.Number == l.next && l.ahead == 0 && !l.marked && len(p) == c.size && len(p) >= trailerFrom {
		first := binary.LittleEndian.Uint64(p)
		if first != binary.LittleEndian.Uint64(p[len(p)-8:]) {
			c.damaged++
		}
		l.next++
		c.note(l, l.salt^hash(e.Number, first))
		return true
	}
	return c.deliverRare(l, e)
}

// note adds a message to what has to be the same everywhere.
func (c *check) note(l *ledger, h uint64) {
	if c.scope == scopeNone {
		l.chain += h
		return
	}
	*l.into = link(*l.into, h)
}

// deliverRare is deliver for every case.
func (c *check) deliverRare(l *ledger, e *evs.Event) bool {
	if e.Number < l.last() && c.scope != scopeNone {
		c.disordered++
	}
	fresh := l.see(e.Number)
	first := beginning(e.Payload)
	c.note(l, salt(uint64(e.Sender), uint64(len(e.Payload)))^hash(e.Number, first))
	marker := len(e.Payload) != c.size
	switch {
	case !marker:
		if ending(e.Payload) != first {
			c.damaged++
		}
	case len(e.Payload) != markerBytes(c.size) || first != 0:
		c.damaged++
	case fresh:
		l.marked = true
		l.unmarked--
		l.count += markerCount(e.Payload) + 1
	}
	if l.unmarked == 0 && !l.whole && l.distinct() == l.count {
		l.whole = true
		c.awaited--
	}
	return !marker
}

// complete tells that everything which was sent has been delivered.
func (c *check) complete() bool { return c.awaited == 0 }

// salt and hash together stand for one message: its sender and length, and
// its number and beginning. The constants are odd numbers without pattern (of
// the square roots of the first primes): to multiply by one is a permutation.
func salt(sender, length uint64) uint64 {
	return (sender<<32 | length) * 0xbb67ae8584caa73b
}

func hash(number, beginning uint64) uint64 {
	x := number*0x6a09e667f3bcc909 ^ beginning*0x3c6ef372fe94f82b
	return x ^ x>>32
}

// link adds h to a chain: the order of the links matters.
func link(chain, h uint64) uint64 {
	return (bits.RotateLeft64(chain, 23) ^ h) * 0xa54ff53a5f1d36f1
}

// ledger is what one host has seen of one sender.
type ledger struct {
	salt  uint64  // of the sender's messages, but for the marker
	into  *uint64 // the chain that its messages go to
	chain uint64  // its own, or the sum if there is no order

	next       uint64 // every number below it was delivered, or given up
	ahead      uint64 // delivered numbers from next on
	highest    uint64 // of those that came out of turn
	missing    uint64 // numbers given up
	duplicates uint64 // deliveries of a number that had been

	marked   bool   // a marker is here
	unmarked int    // how many are not: each of the sender's clients sends one
	count    uint64 // of messages, as those tell that are here
	whole    bool   // all is here

	seen []uint64 // bits of the numbers ahead, at number modulo window; nil until needed
}

// last is the highest number delivered.
func (l *ledger) last() uint64 { return max(l.next-1, l.highest) }

// distinct is how many numbers were delivered.
func (l *ledger) distinct() uint64 { return l.next - 1 - l.missing + l.ahead }

// window is how far a ledger remembers numbers one by one, beyond the first
// that is missing: more messages than a history holds. What falls out of it
// stays missing.
const window = 1 << 24

// see notes a number, and tells whether it is the first time.
func (l *ledger) see(number uint64) bool {
	if number == l.next && l.ahead == 0 {
		l.next++
		return true
	}
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
	l.highest = max(l.highest, number)
	l.flip(number)
	l.ahead++
	for l.ahead > 0 && l.bit(l.next) {
		l.flip(l.next)
		l.ahead--
		l.next++
	}
	return true
}

// slide gives up what is missing below next.
func (l *ledger) slide(next uint64) {
	gone := next - l.next
	for n := l.next; n < next && l.ahead > 0; n++ {
		if l.bit(n) {
			l.flip(n)
			l.ahead--
			gone--
		}
	}
	l.missing += gone
	l.next = next
}

func (l *ledger) bit(n uint64) bool { return l.seen[n%window/64]>>(n%64)&1 != 0 }
func (l *ledger) flip(n uint64)     { l.seen[n%window/64] ^= 1 << (n % 64) }

// digest is what a host tells of its check.
type digest struct {
	host                         int // from 1; the parent knows
	Chain                        uint64
	Senders                      []seen
	Damaged, Disordered, Foreign uint64
}

// seen is what a host tells of a ledger.
type seen struct {
	Distinct, Duplicates, Chain uint64
	Last                        uint64 // the highest number
}

func (c *check) digest() digest {
	d := digest{Chain: c.chain, Damaged: c.damaged, Disordered: c.disordered, Foreign: c.foreign}
	for i := range c.ledgers {
		l := &c.ledgers[i]
		d.Senders = append(d.Senders, seen{l.distinct(), l.duplicates, l.chain, l.last()})
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

// untold stands for what a sender sent that was killed.
const untold = ^uint64(0)

// judge compares the digests of all hosts. sent has the messages of each
// sender, its marker included. Of a sender that was killed all must have the
// same, and up to its end all.
func judge(digests []digest, sent []uint64) verdict {
	v := verdict{OrderOK: true}
	fault := func(d *digest, format string, args ...any) {
		if v.OrderOK {
			v.Fault = fmt.Sprintf("host %d: ", d.host) + fmt.Sprintf(format, args...)
		}
		v.OrderOK = false
	}
	for i := range digests {
		d := &digests[i]
		v.Damaged += d.Damaged
		switch {
		case d.Damaged > 0:
			fault(d, "%d damaged messages", d.Damaged)
		case d.Foreign > 0:
			fault(d, "%d messages of unknown senders", d.Foreign)
		case d.Disordered > 0:
			fault(d, "%d messages behind a later one of their sender", d.Disordered)
		case d.Chain != digests[0].Chain:
			fault(d, "not the order of host %d", digests[0].host)
		}
		for i, n := range sent {
			s, first := d.Senders[i], digests[0].Senders[i]
			v.Duplicates += s.Duplicates
			if n == untold {
				if n = first.Distinct; s.Last != s.Distinct {
					fault(d, "%d messages of sender %d, which was killed, up to number %d", s.Distinct, i+1, s.Last)
				}
			}
			if s.Distinct < n {
				v.Lost += n - s.Distinct
			}
			switch {
			case s.Distinct > n:
				fault(d, "%d messages of sender %d, which sent %d", s.Distinct, i+1, n)
			case s.Chain != first.Chain:
				fault(d, "not what host %d had of sender %d", digests[0].host, i+1)
			}
		}
	}
	return v
}
