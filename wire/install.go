package wire

// Hold is the body with which a processor says that it holds the union of what
// those of its old configuration hold: the ConfigID, 20 bytes.
type Hold struct {
	Proposal ConfigID // not zero
}

// AppendTo appends the body.
func (h *Hold) AppendTo(dst []byte) []byte { return appendConfig(dst, h.Proposal) }

// Parse reads the body b.
func (h *Hold) Parse(b []byte) Verdict {
	c := cursor{b: b}
	h.Proposal = c.someConfig()
	return c.done()
}

// Install is the body with which a representative installs a configuration:
// the ConfigID, 20 bytes.
type Install struct {
	Config ConfigID // not zero
}

// AppendTo appends the body.
func (i *Install) AppendTo(dst []byte) []byte { return appendConfig(dst, i.Config) }

// Parse reads the body b.
func (i *Install) Parse(b []byte) Verdict {
	c := cursor{b: b}
	i.Config = c.someConfig()
	return c.done()
}

// Leave is the body with which a processor says that it goes, on purpose:
// ConfigID | u64 incarnation.
type Leave struct {
	Config      ConfigID // that it leaves; zero if it was in none
	Incarnation uint64
}

// AppendTo appends the body.
func (l *Leave) AppendTo(dst []byte) []byte {
	return le.AppendUint64(appendConfig(dst, l.Config), l.Incarnation)
}

// Parse reads the body b.
func (l *Leave) Parse(b []byte) Verdict {
	c := cursor{b: b}
	l.Config = c.config()
	l.Incarnation = c.u64()
	return c.done()
}
