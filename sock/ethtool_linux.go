package sock

import (
	"time"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

// Words of struct ethtool_ringparam and struct ethtool_coalesce
// (linux/ethtool.h), the command being word 0.
const (
	ringWords    = 9
	ringRxMax    = 1
	ringRx       = 5
	coalesceSize = 23
	coalesceRxUs = 1
	coalesceRxN  = 2
)

// probeNIC asks the driver for its receive ring and its interrupt delay. Many
// do not answer (loopback, veth: EOPNOTSUPP): then the fields stay zero.
func probeNIC(k kernel, fd int, device string) (n NIC) {
	ring := make([]uint32, ringWords)
	ring[0] = unix.ETHTOOL_GRINGPARAM
	if k.ethtool(fd, device, ring) == nil {
		n.RxRing, n.RxRingMax = int(ring[ringRx]), int(ring[ringRxMax])
	}
	coalesce := make([]uint32, coalesceSize)
	coalesce[0] = unix.ETHTOOL_GCOALESCE
	if k.ethtool(fd, device, coalesce) == nil {
		n.RxDelay = time.Duration(coalesce[coalesceRxUs]) * time.Microsecond
		n.RxFrames = int(coalesce[coalesceRxN])
	}
	return n
}

// Bounds of how long Adaptive spins before it blocks.
const (
	leastSpin = 50 * time.Microsecond // a blocked loop's wake-up costs about as much
	mostSpin  = 200 * time.Microsecond
)

// tune sets batch, ring and spin from the card, where it told, and the
// configuration, which wins.
//
//   - One system call asks for what one poll of the card brings: 64 frames
//     (NAPI), or what it gathers before an interrupt if that is more.
//   - One Receive empties what the card's ring can hold; with GRO a slot holds
//     dozens of frames, and one batch of slots is more than any ring.
//   - Adaptive spins over two of the card's interrupt delays.
func tune(f *Facts, p *plan) {
	if f.Batch = p.Batch; f.Batch == 0 {
		f.Batch = min(max(napiWeight, f.NIC.RxFrames), 4*napiWeight)
	}
	if f.RingSlots = p.RingSlots; f.RingSlots == 0 {
		f.RingSlots = f.Batch
		if f.GRO.Mode != ModeOn {
			f.RingSlots = min(max(f.Batch, f.NIC.RxRing, 4*napiWeight), 1024)
		}
		if p.Arena != nil { // leave most of it to the others
			per := max(1, batch.ChunkBytes/f.SlotBytes)
			f.RingSlots = min(f.RingSlots, max(per*p.Arena.Len()/4, 1))
		}
	}
	f.Batch = min(f.Batch, f.RingSlots)
	f.Spin = min(max(leastSpin, 2*f.NIC.RxDelay), mostSpin)
}
