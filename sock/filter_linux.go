package sock

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Offsets for a filter on a UDP socket: its data begins with the UDP header,
// and SKF_NET_OFF leads to the IP header (linux/filter.h).
const (
	skfNetOff      = 0xfff00000 // SKF_NET_OFF, -0x100000
	udpSource      = 0
	ipv4Source     = 12
	ipv6Source     = 8
	acceptAll      = 0xffffffff // bytes of the packet to keep
	bpfLoadHalf    = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
	bpfLoadWord    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	bpfJumpEqual   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	bpfReturn      = unix.BPF_RET | unix.BPF_K
	filterMaxWords = 4
)

// ownFilter is a classic BPF program that drops what comes from own, address
// and port both: another host may well use the same port. With own the
// kernel does not even wake us for our own datagrams, and they take no room.
//
//	ldh  [source port]      ; jne own port, accept
//	ld   [source address]   ; jne word of own address, accept    (1 or 4 times)
//	ret  #0                 ; own: drop
//	accept: ret #-1
func ownFilter(own netip.AddrPort) []unix.SockFilter {
	ip, at := own.Addr().AsSlice(), uint32(ipv4Source)
	if own.Addr().Is6() {
		at = ipv6Source
	}
	words := len(ip) / 4
	program := make([]unix.SockFilter, 0, 4+2*filterMaxWords)
	check := func(load uint16, offset, value uint32) {
		rest := 2*(1+words) - len(program) - 2 // instructions up to the drop
		program = append(program,
			unix.SockFilter{Code: load, K: offset},
			unix.SockFilter{Code: bpfJumpEqual, K: value, Jf: uint8(rest + 1)})
	}
	check(bpfLoadHalf, udpSource, uint32(own.Port()))
	for i := range words {
		check(bpfLoadWord, skfNetOff+at+uint32(4*i), binary.BigEndian.Uint32(ip[4*i:]))
	}
	return append(program,
		unix.SockFilter{Code: bpfReturn, K: 0},
		unix.SockFilter{Code: bpfReturn, K: acceptAll})
}
