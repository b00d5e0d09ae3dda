package sock

import (
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sendFault says what becomes of a send: an error, or at most limit messages
// taken, 0 = all.
type sendFault func(msgs []unix.Mmsghdr) (limit int, errno syscall.Errno)

// faulty is the real kernel but for what the test puts in front of it. A nil
// function lets the call through.
type faulty struct {
	system
	onSend    sendFault
	onReceive func(msgs []unix.Mmsghdr) syscall.Errno
	after     func(msgs []unix.Mmsghdr) // what was received
	onPoll    func(fds []unix.PollFd, d time.Duration) (ready int, errno syscall.Errno, done bool)
	onSet     func(level, option, value int) error
	onGet     func(level, option int) (value int, err error, done bool)
	onFilter  func() error
	onMemInfo func() error
	onEthtool func(words []uint32) error
	version   string
}

func (k *faulty) sendmmsg(fd int, msgs []unix.Mmsghdr) (int, syscall.Errno) {
	if k.onSend != nil {
		limit, errno := k.onSend(msgs)
		if errno != 0 {
			return 0, errno
		}
		if limit > 0 && limit < len(msgs) {
			msgs = msgs[:limit]
		}
	}
	return k.system.sendmmsg(fd, msgs)
}

func (k *faulty) recvmmsg(fd int, msgs []unix.Mmsghdr) (int, syscall.Errno) {
	if k.onReceive != nil {
		if errno := k.onReceive(msgs); errno != 0 {
			return 0, errno
		}
	}
	n, errno := k.system.recvmmsg(fd, msgs)
	if k.after != nil && n > 0 {
		k.after(msgs[:n])
	}
	return n, errno
}

func (k *faulty) poll(fds []unix.PollFd, d time.Duration) (int, syscall.Errno) {
	if k.onPoll != nil {
		if ready, errno, done := k.onPoll(fds, d); done {
			return ready, errno
		}
	}
	return k.system.poll(fds, d)
}

func (k *faulty) setsockopt(fd, level, option, value int) error {
	if k.onSet != nil {
		if err := k.onSet(level, option, value); err != nil {
			return err
		}
	}
	return k.system.setsockopt(fd, level, option, value)
}

func (k *faulty) getsockopt(fd, level, option int) (int, error) {
	if k.onGet != nil {
		if v, err, done := k.onGet(level, option); done {
			return v, err
		}
	}
	return k.system.getsockopt(fd, level, option)
}

func (k *faulty) attachFilter(fd int, program []unix.SockFilter) error {
	if k.onFilter != nil {
		return k.onFilter()
	}
	return k.system.attachFilter(fd, program)
}

func (k *faulty) memInfo(fd int) (memInfo, error) {
	if k.onMemInfo != nil {
		return memInfo{}, k.onMemInfo()
	}
	return k.system.memInfo(fd)
}

func (k *faulty) ethtool(fd int, device string, words []uint32) error {
	if k.onEthtool != nil {
		return k.onEthtool(words)
	}
	return k.system.ethtool(fd, device, words)
}

func (k *faulty) release() string {
	if k.version != "" {
		return k.version
	}
	return k.system.release()
}

// openOn opens a socket on a kernel, which may still be sound while it opens.
func openOn(t testing.TB, k *faulty, c Config) *Socket {
	t.Helper()
	s, err := tryOpenOn(k, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func tryOpenOn(k *faulty, c Config) (*Socket, error) {
	p, err := resolve(c)
	if err != nil {
		return nil, err
	}
	return openMmsg(p, k)
}
