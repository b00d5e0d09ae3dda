package shm

import "fmt"

// Writer is the side that owns the memory. One goroutine at a time.
type Writer struct {
	mem         []byte
	next, taken uint64 // taken <= next <= taken + len(mem)
	told        uint64 // what the reader said last, no more than taken
}

// Room is memory for a piece of at least n bytes, as much of it as there is in one
// stretch; nil when there is not enough. It is empty, with that capacity, and the
// caller's until Commit, or the next call.
func (w *Writer) Room(n int) []byte {
	size := uint64(len(w.mem))
	if n > len(w.mem) {
		return nil
	}
	if w.next == w.taken { // from the start again: memory that caches know
		w.next += (size - w.next%size) % size
		w.taken = w.next
	}
	free, at := w.taken+size-w.next, w.next%size
	if rest := size - at; uint64(n) > rest {
		if free < rest+uint64(n) {
			return nil
		}
		w.next += rest
		free, at = free-rest, 0
	}
	if uint64(n) > free {
		return nil
	}
	end := min(at+free, size)
	return w.mem[at:at:end]
}

// Commit makes the first n bytes of what Room gave a piece, and says where it is.
func (w *Writer) Commit(n int) (position uint64) {
	position = w.next
	w.next += uint64(n)
	return position
}

// Taken is told up to where the reader has taken everything. It may hear the same
// again, also when Room has skipped what is behind it.
func (w *Writer) Taken(position uint64) error {
	if position < w.told || position > w.next {
		return fmt.Errorf("shared memory: taken up to %d, not within %d to %d", position, w.told, w.next)
	}
	w.told, w.taken = position, max(w.taken, position)
	return nil
}

// Out is how many bytes the reader has not taken, those that were skipped included.
func (w *Writer) Out() int { return int(w.next - w.taken) }
