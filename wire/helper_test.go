package wire

// finish makes the bytes b, with room for the header in front, a datagram of
// processor 1 with header h and a good check.
func finish(b []byte, h Header) []byte {
	h.Length = uint16(len(b))
	if h.Sender == 0 {
		h.Sender = 1
	}
	PutHeader(b, &h)
	PutCheck(b)
	return b
}
