package host

// Judge says of everything that was read whether it will do. The findings
// come in the order of a message's way: the socket, the kernel's network, the
// card, the processors, the memory.
func Judge(m *Machine, s *Socket, n *Need) []Finding {
	r := &report{}
	if s.Err != nil {
		r.bad("socket", "%v", s.Err).change("without a socket there is no processor", "correct the setting that is named")
	} else {
		r.socket(m, s, n)
	}
	r.softirq(&m.Kernel, &m.Card)
	if s.Err == nil && !s.Facts.Loopback {
		r.card(m, s, n)
	}
	r.cores(&m.Cores, n)
	r.clock(&m.Cores)
	r.governor(&m.Cores)
	r.memory(&m.Memory)
	return r.all
}
