package evs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"sync"

	"stampede/evs"
)

// alone opens a processor that is a cluster by itself: enough to try things.
func alone(name string) (*evs.Processor, *evs.Handle, evs.Group) {
	p, err := evs.Open(context.Background(), evs.Config{Cluster: name, ID: 1})
	if err != nil {
		log.Fatal(err)
	}
	h, err := p.Handle(evs.HandleOptions{})
	if err != nil {
		log.Fatal(err)
	}
	g, err := evs.GroupOf("news")
	if err != nil {
		log.Fatal(err)
	}
	if err := h.Join(g); err != nil {
		log.Fatal(err)
	}
	return p, h, g
}

// Three processors in one program form a configuration; all deliver the
// messages of all in one order.
func Example() {
	ctx := context.Background()
	group, _ := evs.GroupOf("bids")
	peers := []netip.AddrPort{
		netip.MustParseAddrPort("127.0.0.1:7601"),
		netip.MustParseAddrPort("127.0.0.1:7602"),
		netip.MustParseAddrPort("127.0.0.1:7603"),
	}
	logs := make([]string, len(peers))
	var wg, joined sync.WaitGroup
	joined.Add(len(peers)) // who joins later does not get what was sent before
	for i, bind := range peers {
		wg.Go(func() {
			p, err := evs.Open(ctx, evs.Config{
				Cluster: "auction", ID: evs.ProcessorID(i + 1), Start: []evs.ProcessorID{1, 2, 3},
				Bind: bind, Peers: peers,
			})
			if err != nil {
				log.Fatal(err)
			}
			defer p.Leave(ctx)
			h, err := p.Handle(evs.HandleOptions{})
			if err != nil {
				log.Fatal(err)
			}
			if err := h.Join(group); err != nil {
				log.Fatal(err)
			}
			joined.Done()
			joined.Wait()
			if _, err := h.McastJoined(ctx, evs.Agreed, fmt.Appendf(nil, "bid %d", i)); err != nil {
				log.Fatal(err)
			}
			seen := 0
			for e, err := range h.Events(ctx) {
				if err != nil {
					log.Fatal(err)
				}
				if e.Kind != evs.Deliver {
					continue
				}
				logs[i] += string(e.Payload) + ";"
				if seen++; seen == len(peers) {
					break
				}
			}
		})
	}
	wg.Wait()
	fmt.Println(len(logs[0]), logs[0] == logs[1] && logs[1] == logs[2])
	// Output: 18 true
}

// A handle's first event is the configuration; then come messages.
func ExampleHandle_Receive() {
	p, h, _ := alone("example-receive")
	defer p.Close()
	ctx := context.Background()
	if _, err := h.McastJoined(ctx, evs.Safe, []byte("hello, "), []byte("world")); err != nil {
		log.Fatal(err)
	}
	buf := make([]evs.Event, 16)
	for messages := 0; messages == 0; {
		n, err := h.Receive(ctx, buf)
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range buf[:n] {
			switch e.Kind {
			case evs.Regular:
				fmt.Println("configuration of", len(e.Config.Members))
			case evs.Deliver:
				fmt.Printf("%v message %d of %d: %s\n", e.Guarantee, e.Number, e.Sender, e.Payload)
				messages++
			}
		}
	}
	// Output:
	// configuration of 1
	// safe message 1 of 1: hello, world
}

// Lent memory is the caller's again with the event Released.
func ExampleHandle_LendGroups() {
	p, h, g := alone("example-lend")
	defer p.Close()
	ctx := context.Background()
	page := make([]byte, 64<<10)
	number, err := h.LendGroups(ctx, evs.Agreed, []evs.Group{g}, [][]byte{page})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range h.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if e.Kind == evs.Released && e.Number == number {
			fmt.Println("may be used again")
			break
		}
	}
	// Output: may be used again
}

// A replicated counter that lives on the loop's goroutine.
func ExampleHandle_Serve() {
	p, h, g := alone("example-serve")
	defer p.Close()
	ctx := context.Background()
	for range 3 {
		if _, err := h.McastGroups(ctx, evs.Agreed, []evs.Group{g}, []byte("+1")); err != nil {
			log.Fatal(err)
		}
	}
	done := errors.New("done")
	counter := 0
	err := h.Serve(ctx, func(events []evs.Event) error {
		for _, e := range events {
			if e.Kind == evs.Deliver {
				counter++
			}
		}
		if counter == 3 {
			return done
		}
		return nil
	})
	fmt.Println(counter, err)
	// Output: 3 done
}

// A sender need not have joined, nor wait.
func ExampleHandle_TryMcastGroups() {
	p, listener, g := alone("example-try")
	defer p.Close()
	sender, err := p.Handle(evs.HandleOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for sent := false; !sent; {
		switch _, err := sender.TryMcastGroups(evs.Agreed, []evs.Group{g}, []byte("from outside")); {
		case err == nil:
			sent = true
		case errors.Is(err, evs.ErrAgain): // the send queue is full: do something else first
		default:
			log.Fatal(err)
		}
	}
	for e, err := range listener.Events(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		if e.Kind == evs.Deliver {
			fmt.Println(string(e.Payload), len(e.Groups()))
			break
		}
	}
	// Output: from outside 1
}

// A program uses the processor of a daemon as it would its own, and finds it
// again when it was restarted.
func ExampleDial() {
	ctx := context.Background()
	h, err := evs.Dial(ctx, evs.DefaultSocket, evs.HandleOptions{})
	if err != nil {
		log.Fatal(err)
	}
	news, _ := evs.GroupOf("news")
	if err := h.Join(news); err != nil {
		log.Fatal(err)
	}
	for {
		for e, err := range h.Events(ctx) {
			if errors.Is(err, evs.ErrDisconnected) {
				log.Fatal(err) // an operator wanted it so
			}
			if err != nil {
				log.Print(err)
				break
			}
			if e.Kind == evs.Deliver {
				fmt.Printf("%d: %s\n", e.Sender, e.Payload)
			}
		}
		h.Close()
		if h, err = h.Redial(ctx); err != nil { // waits until it is there
			log.Fatal(err)
		}
	}
}
