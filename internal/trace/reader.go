package trace

import (
	"bytes"
	"fmt"
	"io"
)

// MaxLine is the greatest length of a line in bytes: far more than the largest
// event takes, one with 1,024 groups.
const MaxLine = 1 << 20

// Error tells where a trace is damaged.
type Error struct {
	File   string
	Line   int // from 1
	Column int // in bytes from 1; 0 if the line as a whole is meant
	Reason string
}

func (e *Error) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Reason)
}

// Reader reads events one by one. It holds one line, whatever the length of
// the trace.
type Reader struct {
	name   string
	r      io.Reader
	buf    []byte // what was read; [at:] was not yet returned
	at     int
	end    bool  // r has no more
	err    error // what the last Next returned
	line   int
	torn   bool
	parser parser
}

// NewReader reads from r, which is called name in errors and events.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{name: name, r: r, buf: make([]byte, 0, bufferBytes), parser: parser{groups: map[string]string{}}}
}

// Torn tells, after io.EOF, that the last line was half a line and was left out.
func (r *Reader) Torn() bool { return r.torn }

// Next reads an event into e, whose slices it reuses. At the end it returns
// io.EOF, for a damaged line an *Error; either is returned again by later calls.
// Half a line is no damage if it is the last one and has no newline.
func (r *Reader) Next(e *Event) error {
	if r.err != nil {
		return r.err
	}
	line, ended, err := r.next()
	if err == nil {
		err = r.parse(line, ended, e)
	}
	r.err = err
	return err
}

func (r *Reader) parse(line []byte, ended bool, e *Event) error {
	r.line++
	if len(line) > MaxLine {
		return &Error{r.name, r.line, 0, errTooLong.Error()}
	}
	err := r.parser.parse(line, e)
	switch {
	case err == nil:
		e.File, e.Line = r.name, r.line
		return nil
	case err == errTorn && !ended:
		r.torn = true
		return io.EOF
	case r.parser.err != nil:
		return &Error{r.name, r.line, r.parser.column(), err.Error()}
	}
	return &Error{r.name, r.line, 0, err.Error()}
}

var errTooLong = fmt.Errorf("the line is longer than %d bytes", MaxLine)

// next returns the next line without its newline, and whether it had one; or
// as much of it as shows that it is too long.
func (r *Reader) next() (line []byte, ended bool, err error) {
	for searched := 0; ; {
		rest := r.buf[r.at:]
		if i := bytes.IndexByte(rest[searched:], '\n'); i >= 0 {
			r.at += searched + i + 1
			return rest[:searched+i], true, nil
		}
		if len(rest) > MaxLine || r.end && len(rest) > 0 {
			r.at = len(r.buf)
			return rest, false, nil
		}
		if r.end {
			return nil, false, io.EOF
		}
		searched = len(rest)
		if err := r.fill(); err != nil {
			return nil, false, fmt.Errorf("%s: %w", r.name, err)
		}
	}
}

// fill reads more behind what was not yet returned.
func (r *Reader) fill() error {
	if len(r.buf) == cap(r.buf) {
		if r.at == 0 {
			r.buf = append(r.buf, 0)[:len(r.buf)]
		}
		r.buf = r.buf[:copy(r.buf, r.buf[r.at:])]
		r.at = 0
	}
	for range 100 {
		n, err := r.r.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		r.end = err == io.EOF
		if r.end || n > 0 && err == nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}
