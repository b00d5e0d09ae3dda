package batch

// LendAnyway is Lend without the question whether it gains anything.
func (p *Packer) LendAnyway(m *Message, iov [][]byte, loan *Loan) (uint64, error) {
	n := 0
	for _, part := range iov {
		n += len(part)
	}
	loan.Number, loan.left = 0, 0
	return p.lend(m, iov, n, loan)
}
