package batch

import "stampede/wire"

// Announce gives keys the short name id, for messages appended from now on, in
// as many GroupSet frames as it takes; keys are copied. A name is never given
// to other keys: that, and the number of names, is the caller's to see to. All
// or nothing; errors are ErrKeys and ErrFull, as for Append.
func (p *Packer) Announce(id uint16, keys []wire.Group) error {
	if len(keys) == 0 || len(keys) > wire.MaxSetKeys {
		return ErrKeys
	}
	rest := max(len(keys)-keysIn(p.room()), 0)
	each := keysIn(p.capacity)
	if !p.admits(wire.GroupSetOverhead + len(keys)*wire.GroupBytes) {
		return ErrFull
	}
	if p.chunksForFull((rest+each-1)/each) > p.free() {
		return ErrFull
	}
	p.announce(id, keys)
	return nil
}

// announce is Announce where there is memory enough.
func (p *Packer) announce(id uint16, keys []wire.Group) {
	for offset := 0; offset < len(keys); {
		n := min(keysIn(p.room()), len(keys)-offset)
		if n == 0 {
			p.shut()
			p.begin()
			continue
		}
		b := wire.AppendGroupSet(p.buf[:p.end], id, uint16(len(keys)), uint16(offset), keys[offset:offset+n])
		p.end = len(b)
		offset += n
	}
}

// keysIn is how many keys a GroupSet frame in so much room has.
func keysIn(room int) int {
	return max(room-wire.GroupSetOverhead, 0) / wire.GroupBytes
}
