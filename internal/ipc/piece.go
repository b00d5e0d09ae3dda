package ipc

import "fmt"

// Piece is where in shared memory the next events are, a record of the kind
// Shared: whole records, the first of them at Position, which counts the bytes
// that were ever shared and is, modulo the size of the memory, the place.
//
//	 0      4 5 8        16    20 24
//	┌──────┬─┬─┬────────┬─────┬──┐
//	│length│5│0│position│bytes│0 │
//	└──────┴─┴─┴────────┴─────┴──┘
type Piece struct {
	Position uint64
	Bytes    uint32
}

// Parse reads a record, as Inbox gives it.
func (p *Piece) Parse(b []byte) error {
	if len(b) < pieceBytes {
		return errShort
	}
	p.Position, p.Bytes = le.Uint64(b[8:]), le.Uint32(b[16:])
	if p.Bytes%align != 0 || p.Position%align != 0 {
		return fmt.Errorf("%w: a piece of %d bytes at %d", ErrRecord, p.Bytes, p.Position)
	}
	return nil
}

// AppendTo appends the record.
func (p *Piece) AppendTo(b []byte) []byte {
	b = append(le.AppendUint32(b, pieceBytes), byte(Shared), 0, 0, 0)
	b = le.AppendUint64(b, p.Position)
	b = le.AppendUint32(b, p.Bytes)
	return le.AppendUint32(b, 0)
}

// Cut cuts the next record off a piece's memory, which is nil behind the last
// one. No record may be longer than most bytes, or end behind the piece.
func Cut(piece []byte, most int) (record, rest []byte, err error) {
	record, rest, err = cut(piece, most)
	if record == nil && err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: a piece ends within it", ErrRecord)
	}
	return record, rest, err
}

// TakenBytes is the length of what a program sends on the event socket: the
// position up to which it needs the shared memory no more.
const TakenBytes = 8

// AppendTaken appends it.
func AppendTaken(b []byte, position uint64) []byte { return le.AppendUint64(b, position) }

// ParseTaken reads it; b has that length.
func ParseTaken(b []byte) (position uint64) { return le.Uint64(b) }
