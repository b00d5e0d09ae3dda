package wire

// bodies are what a door parses control bodies into, so that a body is judged
// by the code that reads it. Their slices stay within a few datagrams' size.
type bodies struct {
	ack      Ack
	nack     Nack
	join     Join
	proposal Proposal
	answer   Answer
	state    State
	hold     Hold
	install  Install
	leave    Leave
	probe    Probe
	piece    Piece
}

// parse judges b, the body of a control datagram of kind k.
func (s *bodies) parse(k Kind, b []byte) Verdict {
	switch k {
	case KindAck:
		return s.ack.Parse(b)
	case KindNack:
		return s.nack.Parse(b)
	case KindJoin, KindBeacon:
		return s.join.Parse(b)
	case KindPropose:
		return s.proposal.Parse(b)
	case KindAnswer:
		return s.answer.Parse(b)
	case KindState:
		return s.state.Parse(b)
	case KindHold:
		return s.hold.Parse(b)
	case KindInstall:
		return s.install.Parse(b)
	case KindLeave:
		return s.leave.Parse(b)
	case KindProbe:
		return s.probe.Parse(b)
	case KindPiece:
		return s.piece.Parse(b)
	}
	return BadKind
}
