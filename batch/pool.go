package batch

import (
	"math/bits"
	"unsafe"
)

// minBlock is the smallest block of a pool, and its unit of account.
const (
	minBlockBits = 10
	minBlock     = 1 << minBlockBits
)

// What a pool knows about a unit, beside the order of the block it begins.
const (
	unitInside = -1   // not the first unit of a block
	unitUsed   = 0x40 // first unit of a block that was given out; | its order
)

// Pool gives out contiguous buffers, in which fragments become messages again.
// It is a buddy allocator: blocks are powers of two, halved on demand, and two
// free halves become one again, so that memory does not crumble over time. It
// allocates in NewPool and Grow only; its books take 9 bytes a KiB. Not safe for
// concurrent use.
type Pool struct {
	mem     []byte
	top     int     // order of the largest block: minBlock << top bytes
	heads   []int32 // by order: first unit of a free block, -1 = none
	next    []int32 // by unit, of free blocks: neighbours in the list of their order
	prev    []int32
	state   []int8 // by unit: order of the free block it begins, unitUsed|order, or unitInside
	waiting int    // bytes in free blocks
	more    *Pool  // where to look when there is none: memory that came later
}

// NewPool returns a pool over mem that can serve buffers of up to largest
// bytes, if mem holds one. Sizes are rounded up to a power of two of at least
// 1 KiB; what is left of mem beyond a multiple of 1 KiB is not used. It
// touches none of mem, and from now on the pool is its only user.
func NewPool(mem []byte, largest int) *Pool {
	units := len(mem) >> minBlockBits
	p := &Pool{
		mem:   mem,
		top:   order(largest),
		next:  make([]int32, units),
		prev:  make([]int32, units),
		state: make([]int8, units),
	}
	p.heads = make([]int32, p.top+1)
	for i := range p.heads {
		p.heads[i] = -1
	}
	for i := range p.state {
		p.state[i] = unitInside
	}
	p.divide(units)
	return p
}

// Largest is the length of the longest buffer that the pool serves, in bytes.
func (p *Pool) Largest() int { return minBlock << p.top }

// Grow gives the pool memory for more buffers of the sizes that it serves, as
// NewPool does.
func (p *Pool) Grow(mem []byte) {
	last := p
	for last.more != nil {
		last = last.more
	}
	last.more = NewPool(mem, minBlock<<p.top)
}

// divide makes free blocks of all units, the largest first in memory; pushed
// from the end, so that the lowest are given out first.
func (p *Pool) divide(units int) {
	whole := units &^ (1<<p.top - 1)
	for at := units; at > whole; {
		o := bits.TrailingZeros(uint(at))
		at -= 1 << o
		p.push(at, o)
	}
	for at := whole; at > 0; {
		at -= 1 << p.top
		p.push(at, p.top)
	}
}

// order is that of the smallest block of at least n bytes.
func order(n int) int {
	return max(bits.Len(uint(max(n, 1)-1)), minBlockBits) - minBlockBits
}

// Get gives a buffer of n bytes (contents undefined), or nil if no block of
// that size is free now. Its capacity is the block's.
func (p *Pool) Get(n int) []byte {
	want := order(n)
	have := want
	for have <= p.top && p.heads[have] < 0 {
		have++
	}
	if n < 0 {
		return nil
	}
	if have > p.top {
		if p.more != nil {
			return p.more.Get(n)
		}
		return nil
	}
	unit := int(p.heads[have])
	p.remove(unit, have)
	for have > want {
		have--
		p.push(unit+1<<have, have)
	}
	p.state[unit] = unitUsed | int8(want)
	start, size := unit<<minBlockBits, minBlock<<want
	return p.mem[start : start+n : start+size]
}

// Put takes a buffer back that Get gave, resliced at its end at most. One that
// is not out (foreign, or put twice) is a fault of the program and would hand
// the same memory to two owners: it panics.
func (p *Pool) Put(b []byte) {
	unit := p.unitOf(b)
	if unit < 0 && p.more != nil {
		p.more.Put(b)
		return
	}
	if unit < 0 || p.state[unit] < 0 || p.state[unit]&unitUsed == 0 {
		panic("batch: buffer put into a pool that it is not out of")
	}
	o := int(p.state[unit] &^ unitUsed)
	if Invariants {
		start := unit << minBlockBits
		spoil(p.mem[start : start+minBlock<<o])
	}
	p.state[unit] = unitInside
	for o < p.top {
		buddy := unit ^ 1<<o
		if buddy+1<<o > len(p.state) || int(p.state[buddy]) != o {
			break
		}
		p.remove(buddy, o)
		unit &^= 1 << o
		o++
	}
	p.push(unit, o)
}

// unitOf is the unit at which b begins, -1 if it begins at none.
func (p *Pool) unitOf(b []byte) int {
	if cap(b) == 0 || len(p.state) == 0 {
		return -1
	}
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(b))) - uintptr(unsafe.Pointer(unsafe.SliceData(p.mem)))
	if offset%minBlock != 0 || offset>>minBlockBits >= uintptr(len(p.state)) {
		return -1 // also what lies before mem: the difference wraps around
	}
	return int(offset >> minBlockBits)
}

// Free is the number of bytes in free blocks; the largest buffer that Get can
// give may be smaller.
func (p *Pool) Free() int {
	n := 0
	for ; p != nil; p = p.more {
		n += p.waiting
	}
	return n
}

// Len is the number of bytes in all blocks, free or not.
func (p *Pool) Len() int {
	n := 0
	for ; p != nil; p = p.more {
		n += len(p.state) << minBlockBits
	}
	return n
}

// push puts a free block on the list of its order.
func (p *Pool) push(unit, o int) {
	p.state[unit] = int8(o)
	head := p.heads[o]
	p.next[unit], p.prev[unit] = head, -1
	if head >= 0 {
		p.prev[head] = int32(unit)
	}
	p.heads[o] = int32(unit)
	p.waiting += minBlock << o
}

// remove takes a free block off the list of its order.
func (p *Pool) remove(unit, o int) {
	next, prev := p.next[unit], p.prev[unit]
	if next >= 0 {
		p.prev[next] = prev
	}
	if prev >= 0 {
		p.next[prev] = next
	} else {
		p.heads[o] = next
	}
	p.state[unit] = unitInside
	p.waiting -= minBlock << o
}
