package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"stampede/evs"
)

// Nodes meet before they send, and part before they leave. A handle receives
// what is delivered after it has joined, and processors come to that at
// different times: nobody sends before all have joined, or those who came last
// would miss the first messages. And while no configuration goes on without a
// member, nobody leaves before all have what they expect.
//
// A node says on which stage it is, in one byte to a group of its own, when it
// comes to the stage and whenever it first hears of another node: that one may
// have joined only now, and hears it then.
//
// None of this is in the trace, which so begins with the first message that
// all receive.
type stage byte

const (
	joined stage = iota // it receives what is delivered from now on
	ready               // it has all that it expects, and its own messages are ordered
	stages
)

const meetingGroup = "stampede node meeting"

var meetingPlace, _ = evs.GroupOf(meetingGroup)

// partLimit is how long a node waits for the others to be ready to leave: as
// long as evs.Processor.Leave does.
const partLimit = 2 * time.Second

// meeting knows who is on which stage. The receiving goroutine tells it, the
// sending one waits for it.
type meeting struct {
	asked chan struct{}         // something in it: a node came that is to be told
	all   [stages]chan struct{} // closed when all members are on the stage
	stage stage                 // of this node; the sending goroutine's

	mu      sync.Mutex
	members []evs.Member
	heard   [stages]map[evs.Member]bool
}

func newMeeting() *meeting {
	m := &meeting{asked: make(chan struct{}, 1)}
	for s := range m.all {
		m.all[s], m.heard[s] = make(chan struct{}), map[evs.Member]bool{}
	}
	return m
}

// change tells who the members are.
func (m *meeting) change(members []evs.Member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.members = members
	m.judge()
}

// hear tells what a member said.
func (m *meeting) hear(who evs.Member, said []byte) error {
	if len(said) != 1 || stage(said[0]) >= stages {
		return fmt.Errorf("node: processor %d said %x in group %q: it is no node of this kind", who.ID, said, meetingGroup)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.heard[joined][who] {
		select {
		case m.asked <- struct{}{}:
		default: // the sending goroutine will tell, and this node hears it too
		}
	}
	for s := range stage(said[0]) + 1 {
		m.heard[s][who] = true
	}
	m.judge()
	return nil
}

// judge closes the stages that all members have come to.
func (m *meeting) judge() {
	for s, heard := range m.heard {
		complete := len(m.members) > 0
		for _, x := range m.members {
			complete = complete && heard[x]
		}
		if complete && !isClosed(m.all[s]) {
			close(m.all[s])
		}
	}
}

// tell says on which stage this node is.
func (n *node) tell(ctx context.Context) error {
	return n.mcast(ctx, evs.Agreed, meetingPlace, []byte{byte(n.meeting.stage)})
}

// meet waits until all members receive.
func (n *node) meet(ctx context.Context) error {
	if err := n.tell(ctx); err != nil {
		return err
	}
	return attend(ctx, n, n.meeting.all[joined])
}

var errPart = errors.New("others are not ready to leave yet")

// part waits until all members are ready to leave, but not for long.
func (n *node) part(ctx context.Context) error {
	n.meeting.stage = ready
	if err := n.tell(ctx); err != nil {
		return err
	}
	limited, stop := context.WithTimeoutCause(ctx, partLimit, errPart)
	defer stop()
	err := attend(limited, n, n.meeting.all[ready])
	if errors.Is(err, errPart) {
		n.o.Logger.Warn("leaving", "error", err)
		return nil
	}
	return err
}
