package sock

import (
	"math/bits"

	"stampede/batch"
)

// trainOverhead is what a train was charged over veth, in parts of 100 of its
// bytes (Linux 6.18; over the loopback interface it was 101).
const trainOverhead = 110

// complete puts estimates where nothing was measured, and where the loopback
// interface is not the rule. whole says that trains arrive in one piece;
// otherwise, or if frames come one by one from a card's ring, each of a
// train's datagrams is charged as if it were alone.
func (c *Charge) complete(datagram int, whole bool) {
	c.Measured = c.Small > 0 && c.Datagram > 0
	if !c.Measured {
		c.Small, c.Datagram = loneCharge(1), loneCharge(datagram)
	}
	count := max(1, min(batch.MaxSegments, batch.MaxTrainBytes/datagram))
	c.TrainBytes = count * datagram
	c.Train = max(c.Train, c.TrainBytes*trainOverhead/100)
	if !whole {
		c.Train = max(c.Train, count*c.Datagram)
	}
}

// loneCharge is what the kernel charges for a datagram in one piece of memory
// (SKB_TRUESIZE): struct sk_buff, and a power of two that holds the headers,
// the payload and struct skb_shared_info. 2304 for 1400 bytes.
func loneCharge(payload int) int {
	const skb, headroom, sharedInfo = 256, 96, 320
	return skb + 1<<bits.Len(uint(payload+headroom+sharedInfo-1))
}
