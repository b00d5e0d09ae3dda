package shm

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReaderCanHarmNobody: whoever has the file can read it, and nothing else.
func TestReaderCanHarmNobody(t *testing.T) {
	w, f, err := Create("test", 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer f.Close()
	fd := int(f.Fd())
	if _, err := unix.Mmap(fd, 0, 1<<16, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		t.Error("it can be mapped for writing")
	}
	if _, err := unix.Pwrite(fd, []byte("x"), 0); err == nil {
		t.Error("it can be written to")
	}
	for _, size := range []int64{0, 1, 1 << 17} {
		if err := unix.Ftruncate(fd, size); !errors.Is(err, unix.EPERM) {
			t.Errorf("it can have %d bytes: %v", size, err)
		}
	}
	if err := unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 4096); err == nil {
		t.Error("it can have a hole")
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE); err == nil {
		t.Error("it can be sealed once more")
	}
	b := append(w.Room(8), "the text"...)
	at := w.Commit(len(b))
	dup, err := unix.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	r := Open(os.NewFile(uintptr(dup), "test"))
	w.Close() // what the reader has stays
	got, err := r.Piece(at, 8)
	if err != nil || string(got) != "the text" {
		t.Errorf("%q, %v", got, err)
	}
	r.Idle()
	if string(got) != "the text" {
		t.Error("memory that somebody looks at was given back")
	}
	r.Close()
	r.Close()
}

// TestMemoryThatMayShrink: the other process could end this one with it.
func TestMemoryThatMayShrink(t *testing.T) {
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	memory := os.NewFile(uintptr(fd), "test")
	if err := memory.Truncate(1 << 16); err != nil {
		t.Fatal(err)
	}
	ordinary, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{memory, ordinary} {
		r := Open(f)
		if b, err := r.Piece(0, 8); err == nil {
			t.Errorf("%s: a piece of it: %x", f.Name(), b)
		}
		r.Close()
		if err := f.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s is open still: %v", f.Name(), err)
		}
	}
}

// TestIdleReader gives back what it never looked at.
func TestIdleReader(t *testing.T) {
	w, f, err := Create("test", 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r := Open(f)
	r.Idle()
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is open still: %v", err)
	}
	if _, err := r.Piece(0, 8); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a piece of memory that was given back: %v", err)
	}
	r.Close()
}
