package sock_test

import (
	"fmt"
	"net/netip"
	"time"

	"stampede/batch"
	"stampede/sock"
)

// Two sockets of one process exchange a train over the loopback interface.
func Example() {
	config := sock.Config{
		Bind:  netip.MustParseAddrPort("127.0.0.1:0"),
		Group: netip.MustParseAddrPort("239.255.76.1:17400"),
	}
	from, err := sock.Open(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer from.Close()
	to, err := sock.Open(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer to.Close()

	everybody := netip.AddrPort{}
	var burst batch.Burst
	for _, word := range []string{"four", "plus", "five", "is", "nine"} {
		burst.Add(everybody, &batch.Datagram{Bytes: []byte(word)})
	}
	if err := from.Send(&burst); err != nil {
		fmt.Println(err)
		return
	}

	arrivals := make([]batch.Arrival, 16)
	for words := 0; words < 5; {
		if err := to.Wait(time.Second); err != nil {
			fmt.Println(err)
			return
		}
		n, err := to.Receive(arrivals)
		if err != nil {
			fmt.Println(err)
			return
		}
		for i := range arrivals[:n] {
			a := &arrivals[i]
			for word, rest := []byte(nil), a.Bytes; len(rest) > 0; words++ {
				word, rest = a.Next(rest)
				fmt.Println(string(word))
			}
		}
	}
	// Output:
	// four
	// plus
	// five
	// is
	// nine
}
