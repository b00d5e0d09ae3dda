package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// bufferBytes is how much a Writer collects before it writes: some 400 events,
// so that a write costs less than the events in it.
const bufferBytes = 64 << 10

// Writer writes the events of a processor. It may be used by several
// goroutines; the order of the lines is the order of the calls.
//
// Deliveries are collected; a send, a start and a leave are written at once,
// with all that was collected before them, and are in the file when Write
// returns. What was collected is lost when the process is killed.
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	buf  []byte
	err  error
	file *os.File // w, if it is to be closed
}

// NewWriter writes to w. Close flushes it and leaves w open.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: w, buf: make([]byte, 0, bufferBytes)}
}

// Open writes to the end of a file, which is made if it is not there. Half a
// line at its end, left by an earlier life that was killed, is cut off: the
// event did not happen, as far as anybody can tell.
func Open(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	if err := cutHalfLine(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("trace: %w", err)
	}
	w := NewWriter(f)
	w.file = f
	return w, nil
}

func cutHalfLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err // a pipe has no past
	}
	var buf [4096]byte
	end := info.Size()
	for end > 0 {
		n := min(end, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			end += int64(i) + 1 - n
			break
		}
		end -= n
	}
	if end == info.Size() {
		return nil
	}
	return f.Truncate(end)
}

// Write records an event; e is not kept. It blocks as long as the file does.
// After an error every later call returns that error, and nothing more is
// written: a trace with a gap would prove nothing.
func (w *Writer) Write(e *Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.buf = e.AppendTo(w.buf)
	if e.Kind == Send || e.Kind == Start || e.Kind == Leave || len(w.buf) >= bufferBytes-maxShortLine {
		return w.flush()
	}
	return nil
}

// maxShortLine is more than the line of a delivery to a few groups takes, so
// that the buffer does not grow for it.
const maxShortLine = 1 << 10

// Flush writes what was collected.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	n, err := w.w.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	w.buf = w.buf[:0]
	if err != nil {
		w.err = fmt.Errorf("trace: %w", err)
	}
	return w.err
}

// Close flushes, and closes the file if Open opened it. Later calls of Write
// return os.ErrClosed.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.err
	if errors.Is(err, os.ErrClosed) {
		return err
	}
	if err == nil {
		err = w.flush()
	}
	w.err = fmt.Errorf("trace: %w", os.ErrClosed)
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
	}
	return err
}
