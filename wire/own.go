package wire

// Number is the number that the next Message frame will have.
func (f *Frames) Number() uint64 { return f.number }

// Summarize fills in h's summary of frames that this processor packed itself:
// what Check does for those that arrive. frames may be the head of a lent
// datagram.
func (h *Header) Summarize(frames []byte) {
	h.Messages, h.Guarantees, h.Contents, h.Set, h.OneSet, h.Unfinished = 0, 0, 0, 0, false, false
	h.checkFrames(frames)
	if h.Contents != 0 && h.Messages != 0 {
		return
	}
	it := NewFrames(frames, h.First)
	var fr Frame
	for it.Next(&fr) {
		h.Contents |= 1 << fr.Type
		switch fr.Type {
		case FrameMessage:
			h.Guarantees |= 1 << fr.Guarantee
			h.Messages++
		case FrameFragment:
			if fr.Last() {
				h.Guarantees |= 1 << fr.Guarantee
			}
		}
	}
}

// CheckBatch judges a decoded batch: count whole messages of one guarantee,
// and nothing else.
func CheckBatch(b []byte, count int, g Guarantee) bool {
	h := Header{First: 1}
	return h.checkFrames(b) == OK && h.Contents == 1<<FrameMessage &&
		int(h.Messages) == count && h.Guarantees == 1<<g
}
