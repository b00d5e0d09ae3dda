package batch

import "stampede/wire"

// Datagrams lie in chunks like this: full ones right behind each other, so that
// a train of them is one element of an iovec; behind a short one the next
// begins at a multiple of 8. No datagram crosses the end of a chunk.
//
//	| full       | full       | short  ·| open …      end        limit  seal |
//	                                    ^start        ^          ^           ^start + Datagram

// shortAlign is where a datagram begins behind a short one.
const shortAlign = 8

// room is how many bytes of frames still go into the open datagram; 0 if none
// is open.
func (p *Packer) room() int { return p.limit - p.end }

// begin opens a datagram. None is open, and a chunk can be had.
func (p *Packer) begin() {
	p.seat(p.config.Datagram)
	p.end = p.start + wire.HeaderBytes
	p.limit = p.start + p.config.Datagram - p.seal
}

// seat sees to n contiguous bytes at p.start. None is open.
func (p *Packer) seat(n int) {
	if p.chunk != nil && !p.chunk.Shared() {
		p.start = 0 // all its datagrams came back: begin anew in warm memory
	}
	if p.chunk == nil || p.start+n > ChunkBytes {
		if p.chunk != nil {
			p.chunk.Release()
		}
		p.chunk = p.arena.Take()
		p.buf, p.start = p.chunk.Bytes, 0
	}
	p.end, p.limit = p.start, p.start
}

// settle closes the open datagram if a piece of a message in its room would
// not save anything: it is padded to full size, to fit into a train.
func (p *Packer) settle() {
	if p.room() <= p.slack {
		p.shut()
	}
}

// shut pads the open datagram, if there is one, to full size and closes it.
func (p *Packer) shut() {
	if p.end == p.start {
		return
	}
	clear(p.buf[p.end:p.limit])
	p.end = p.limit
	p.close()
}

// close puts the open datagram as it is into the queue.
func (p *Packer) close() {
	p.enqueue(p.end + p.seal)
}

// enqueue closes [start, stop) of the open chunk as a datagram.
func (p *Packer) enqueue(stop int) *Datagram {
	d := p.queue.push()
	d.Bytes, d.Chunk = p.buf[p.start:stop], p.chunk
	d.First, d.Messages, d.Through = p.first, uint16(p.messages), p.next-1
	d.Last, d.Begins = p.last, p.begins
	p.chunk.Keep()
	d.saved, p.saved = p.saved, 0
	p.queued += len(d.Bytes) + d.saved
	if len(d.Bytes) < p.config.Datagram {
		stop = min((stop+shortAlign-1)&^(shortAlign-1), ChunkBytes)
	}
	p.start, p.end, p.limit = stop, stop, stop
	p.first, p.messages, p.last, p.begins = 0, 0, false, false
	return d
}
