package sock

import (
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// address is a struct sockaddr_in or sockaddr_in6 as system calls take it.
type address struct {
	raw  unix.RawSockaddrInet6 // 28 bytes; sockaddr_in is its first 16
	size uint32                // of what is used of raw
}

func (a *address) pointer() *byte { return (*byte)(unsafe.Pointer(&a.raw)) }

func (a *address) inet4() *unix.RawSockaddrInet4 {
	return (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw))
}

// set makes a the form of to. It says false if the family is another than that
// of the socket.
func (a *address) set(to netip.AddrPort, v6 bool, zones *zones) bool {
	ip := to.Addr()
	if ip.Is4In6() {
		ip = ip.Unmap()
	}
	if !ip.IsValid() || ip.Is6() != v6 {
		return false
	}
	if v6 {
		a.raw = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: ip.As16(), Scope_id: zones.scope(ip)}
		a.size = unix.SizeofSockaddrInet6
	} else {
		*a.inet4() = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: ip.As4()}
		a.size = unix.SizeofSockaddrInet4
	}
	port := (*[2]byte)(unsafe.Pointer(&a.raw.Port)) // network order
	port[0], port[1] = byte(to.Port()>>8), byte(to.Port())
	return true
}

// get is the inverse of set: IPv4 in IPv6 becomes IPv4, and only link-local
// addresses have a zone.
func (a *address) get(zones *zones) netip.AddrPort {
	b := (*[2]byte)(unsafe.Pointer(&a.raw.Port))
	port := uint16(b[0])<<8 | uint16(b[1])
	switch a.raw.Family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4(a.inet4().Addr), port)
	case unix.AF_INET6:
		ip := netip.AddrFrom16(a.raw.Addr).Unmap()
		if a.raw.Scope_id != 0 && ip.IsLinkLocalUnicast() {
			ip = ip.WithZone(zones.name(a.raw.Scope_id))
		}
		return netip.AddrPortFrom(ip, port)
	}
	return netip.AddrPort{}
}

// zones remembers which interface has which number. Looking it up allocates
// and asks the kernel, so it happens once for each interface.
type zones struct {
	known []zone
}

type zone struct {
	id   uint32
	name string
}

// maxZones bounds what addresses out of the network can make it remember.
const maxZones = 64

func (z *zones) name(id uint32) string {
	for i := range z.known {
		if z.known[i].id == id {
			return z.known[i].name
		}
	}
	name := strconv.FormatUint(uint64(id), 10)
	if ifi, err := net.InterfaceByIndex(int(id)); err == nil {
		name = ifi.Name
	}
	z.add(id, name)
	return name
}

// scope is the number of ip's zone, 0 without one.
func (z *zones) scope(ip netip.Addr) uint32 {
	name := ip.Zone()
	if name == "" {
		return 0
	}
	for i := range z.known {
		if z.known[i].name == name {
			return z.known[i].id
		}
	}
	var id uint32
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		id = uint32(n)
	} else if ifi, err := net.InterfaceByName(name); err == nil {
		id = uint32(ifi.Index)
	}
	z.add(id, name)
	return id
}

func (z *zones) add(id uint32, name string) {
	if len(z.known) < maxZones {
		z.known = append(z.known, zone{id, name})
	}
}
