package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// beRadio makes this binary, started again on a host, send the datagrams that
// it is told to on its standard input and tell of those that arrive.
const beRadio = "LAB_TEST_BE_RADIO"

const (
	radioPort  = ":7000"
	groupPort  = ":7001"
	radioGroup = "239.77.0.1"
)

// radioBuffer holds all that a test sends at once, of which the kernel charges
// less than 1 KiB each.
const radioBuffer = 8 << 20

// radio is a plain user of UDP on one host.
type radio struct {
	t     *testing.T
	say   io.Writer
	sent  chan string // a line for each send
	heard chan string // what arrived, and an end when the radio has ended
}

// startRadio returns when the radio listens, to its address and to the group.
func startRadio(t *testing.T, h *Host) *radio {
	t.Helper()
	cmd := h.Command(context.Background(), os.Args[0]) // its end is the radio's own
	cmd.Env = append(os.Environ(), beRadio+"=1")
	cmd.Stderr = os.Stderr
	say, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &radio{t, say, make(chan string, 10), make(chan string, 10_000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.read(out)
	}()
	t.Cleanup(func() {
		say.Close()
		<-ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("radio: %v", err)
		}
	})
	if line := <-r.sent; line != "ready" {
		t.Fatalf("radio told %q", line)
	}
	return r
}

// read sorts what the radio tells.
func (r *radio) read(from io.Reader) {
	defer close(r.sent)
	defer close(r.heard)
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if text, arrived := strings.CutPrefix(lines.Text(), "heard "); arrived {
			r.heard <- text
		} else {
			r.sent <- lines.Text()
		}
	}
}

// send sends text to an address, so many times, and tells how that went.
func (r *radio) send(times int, to, text string) (how string) {
	fmt.Fprintln(r.say, times, to, text)
	return <-r.sent
}

// must sends where nothing of the host's own may stand in the way.
func (r *radio) must(times int, to, text string) {
	r.t.Helper()
	if how := r.send(times, to, text); how != "sent" {
		r.t.Fatalf("sending %q to %s: %s", text, to, how)
	}
}

// next is what arrived next.
func (r *radio) next() string {
	r.t.Helper()
	text, ok := <-r.heard
	if !ok {
		r.t.Fatal("the radio has ended")
	}
	return text
}

func (r *radio) want(text string) {
	r.t.Helper()
	if got := r.next(); got != text {
		r.t.Errorf("%q arrived, want %q", got, text)
	}
}

// radioMain is the radio's process. It ends with its input.
func radioMain() error {
	link, err := net.InterfaceByName(Interface)
	if err != nil {
		return err
	}
	groupAddress, err := net.ResolveUDPAddr("udp4", radioGroup+groupPort)
	if err != nil {
		return err
	}
	group, err := net.ListenMulticastUDP("udp4", link, groupAddress)
	if err != nil {
		return err
	}
	addresses, err := link.Addrs()
	if err != nil {
		return err
	}
	address, err := net.ResolveUDPAddr("udp4", addresses[0].(*net.IPNet).IP.String()+radioPort)
	if err != nil {
		return err
	}
	own, err := net.ListenUDP("udp4", address)
	if err != nil {
		return err
	}
	for _, c := range []*net.UDPConn{group, own} {
		if err := widen(c); err != nil {
			return err
		}
		go hear(c, own.LocalAddr().String())
	}
	fmt.Println("ready")
	for {
		var times int
		var to, text string
		if _, err := fmt.Scanln(&times, &to, &text); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		address := groupAddress
		if to != radioGroup {
			if address, err = net.ResolveUDPAddr("udp4", to+radioPort); err != nil {
				return err
			}
		}
		how := "sent"
		for range times {
			if _, err := own.WriteToUDP([]byte(text), address); err != nil {
				how = "refused: " + err.Error()
			}
		}
		fmt.Println(how)
	}
}

// widen gives a socket room that its user's limits do not.
func widen(c *net.UDPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	const rcvBufForce = 33 // SO_RCVBUFFORCE, asm-generic/socket.h
	var set error
	err = raw.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, rcvBufForce, radioBuffer)
	})
	return errors.Join(err, set)
}

// hear tells what arrives from others.
func hear(c *net.UDPConn, own string) {
	b := make([]byte, 2000)
	for {
		n, from, err := c.ReadFromUDP(b)
		if err != nil {
			fmt.Println(err)
			return
		}
		if from.String() != own {
			fmt.Printf("heard %s\n", b[:n])
		}
	}
}
