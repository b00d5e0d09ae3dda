package console

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Prompt is a line of a terminal that is edited at the bottom while others
// appear above it.
type Prompt struct {
	terminal *term.Terminal
	in       *os.File
	before   *term.State
}

// NewPrompt takes a terminal over, until Close.
func NewPrompt(in, out *os.File) (*Prompt, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, err
	}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "> ")
	return &Prompt{terminal: t, in: in, before: before}, nil
}

// Line is the next line; io.EOF after Ctrl-D and Ctrl-C.
func (p *Prompt) Line() (string, error) {
	if width, height, err := term.GetSize(int(p.in.Fd())); err == nil && width > 0 && height > 0 {
		p.terminal.SetSize(width, height)
	}
	return p.terminal.ReadLine()
}

// Write shows lines above the one that is typed.
func (p *Prompt) Write(b []byte) (int, error) { return p.terminal.Write(b) }

// Close gives the terminal back as it was.
func (p *Prompt) Close() error { return term.Restore(int(p.in.Fd()), p.before) }

// Both says whether a conversation can be held at a terminal: both files are one.
func Both(in, out *os.File) bool {
	return term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))
}
