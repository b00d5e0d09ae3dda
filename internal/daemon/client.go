package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"stampede/evs"
	"stampede/internal/ipc"
	"stampede/internal/shm"
)

// client is one connection. Its request socket is read by run's goroutine, its
// event socket is written by another.
type client struct {
	s     *Server
	id    uint64
	conn  *net.UnixConn
	peer  credentials
	name  string
	since time.Time

	handle *evs.Handle                // nil for control only; of run and deliver
	opened atomic.Pointer[evs.Handle] // the same, for others
	hold   bool                       // the group waits for this client

	everything bool // it is given the messages of all groups

	events *outlet                // nil likewise
	shared *shm.Writer            // memory in which it reads events, nil = none; of deliver
	outlet atomic.Pointer[outlet] // the same, for others
	inbox  *ipc.Inbox
	groups []evs.Group // of the last message it sent
	joined bool        // something, at some time

	stalled uint64 // bytes of events that had been written when it took no more

	writing sync.Mutex // of answers
	answers []byte     // not written yet; of run's goroutine
	once    sync.Once
	kicked  chan struct{} // closed when the daemon has ended it
	flushes chan struct{} // who waits in Flush

	greeted                atomic.Bool // what others may know of it is there
	sent, sentBytes, taken atomic.Uint64
}

// Times that a client has.
const (
	helloWithin = 5 * time.Second        // to say who it is
	byeWithin   = 100 * time.Millisecond // to take a last word
)

// maxFlushes is how many Flush requests of one client may wait side by side.
const maxFlushes = 64

func newClient(s *Server, conn *net.UnixConn) *client {
	return &client{s: s, conn: conn, since: time.Now(), kicked: make(chan struct{}), flushes: make(chan struct{}, maxFlushes)}
}

func (c *client) run() {
	defer c.s.forget(c)
	defer c.conn.Close()
	if err := c.greet(); err != nil {
		c.s.logger.Info("client refused", "client", c.id, "pid", c.peer.PID, "uid", c.peer.UID, "name", c.name, "why", err)
		return
	}
	delivered := make(chan struct{})
	if c.handle == nil {
		close(delivered)
	} else {
		go func() { defer close(delivered); c.deliver() }()
	}
	c.s.logger.Debug("client", "client", c.id, "pid", c.peer.PID, "uid", c.peer.UID, "name", c.name, "hold", c.hold)
	err := c.serve()
	if c.handle != nil {
		c.handle.Close()
	}
	if c.joined {
		c.s.hasJoined(c.name, -1)
	}
	<-delivered
	c.kick(ipc.Closed, "") // one that has gone itself does not hear it
	c.s.logger.Debug("client ended", "client", c.id, "why", err)
}

// refusal is why a client gets no welcome.
type refusal struct {
	status ipc.Status
	text   string
}

func (r refusal) Error() string { return r.status.String() + ": " + r.text }

// greet reads the hello and answers it.
func (c *client) greet() error {
	err := c.judge()
	if r := (refusal{}); errors.As(err, &r) {
		counter := map[ipc.Status]*atomic.Uint64{ipc.Denied: &c.s.counters.Denied, ipc.Busy: &c.s.counters.Busy,
			ipc.BadVersion: &c.s.counters.BadVersion, ipc.Malformed: &c.s.counters.Malformed}[r.status]
		if counter != nil {
			counter.Add(1)
		}
		c.bye(r.status, r.text)
	}
	return err
}

func (c *client) judge() (err error) {
	if c.peer, err = peerOf(c.conn); err != nil {
		return refusal{ipc.Failed, fmt.Sprintf("the daemon cannot tell who you are: %v", err)}
	}
	policy := c.s.policy.Load()
	if !policy.allows(c.peer) {
		return refusal{ipc.Denied, fmt.Sprintf("uid %d, gid %d is not among those who may connect (allow-users, allow-groups)", c.peer.UID, c.peer.GID)}
	}
	c.conn.SetReadDeadline(time.Now().Add(helloWithin))
	r, hello, err := c.hello()
	if err != nil {
		return err
	}
	c.conn.SetReadDeadline(time.Time{})
	c.name = hello.Name
	if hello.Least > ipc.Version || hello.Most < ipc.Version {
		return refusal{ipc.BadVersion, fmt.Sprintf("this daemon speaks version %d, the program %d to %d", ipc.Version, hello.Least, hello.Most)}
	}
	if r.Flags&ipc.Hold != 0 {
		if !policy.holds(c.peer) {
			return refusal{ipc.Denied, fmt.Sprintf("uid %d may not hold up the group (hold-users, hold-groups)", c.peer.UID)}
		}
		c.hold = true
	}
	if r.Flags&ipc.Control != 0 {
		return c.welcome(r, 0, nil)
	}
	if r.Flags&ipc.Everything != 0 {
		if !policy.admits(c.peer) {
			return refusal{ipc.Denied, fmt.Sprintf("uid %d may not receive what is sent to all groups (admin-users, admin-groups)", c.peer.UID)}
		}
		c.everything = true
	}
	return c.open(r, hello, policy)
}

// hello reads the first request.
func (c *client) hello() (r ipc.Request, hello ipc.Hello, err error) {
	c.inbox = ipc.NewInbox(ipc.LongestHello)
	b, err := c.next()
	if err == nil {
		err = r.Parse(b)
	}
	if err == nil && r.Op != ipc.OpHello {
		err = fmt.Errorf("the first request is %v, not hello", r.Op)
	}
	if err == nil {
		err = hello.Parse(r.Body)
	}
	if os.IsTimeout(err) {
		err = fmt.Errorf("no hello within %v", helloWithin)
	}
	if err != nil {
		return r, hello, refusal{ipc.Malformed, err.Error()}
	}
	return r, hello, nil
}

// open opens the client's handle and passes it the event socket.
func (c *client) open(r ipc.Request, hello ipc.Hello, policy *Policy) error {
	if !c.s.reserve() {
		return refusal{ipc.Busy, fmt.Sprintf("%d clients, as many as there may be (max-clients)", policy.MaxClients)}
	}
	own, theirs, err := eventPair()
	if err == nil {
		defer theirs.Close()
		var h *evs.Handle
		// A client that is behind without holding up the group is copied
		// aside: the handle itself always waits.
		if h, err = c.s.p.Handle(evs.HandleOptions{Everything: c.everything}); err == nil {
			c.handle = h
			c.opened.Store(h)
		} else {
			own.Close()
		}
	}
	if err != nil {
		c.s.release()
		return refusal{ipc.Failed, err.Error()}
	}
	limit := policy.MaxQueueBytes
	if asked := cmp.Or(hello.QueueBytes, uint64(policy.QueueBytes)); asked < uint64(limit) {
		limit = int(asked)
	}
	if c.events, err = newOutlet(own, limit, c.hold, &c.s.counters.Behind); err != nil {
		own.Close()
	} else {
		c.outlet.Store(c.events)
		passed := []*os.File{theirs}
		if memory := c.share(r.Flags); memory != nil {
			defer memory.Close()
			passed = append(passed, memory)
		}
		err = c.welcome(r, limit, passed)
	}
	if err != nil {
		c.handle.Close()
		c.unshare()
		if c.events != nil {
			c.events.close()
		}
	}
	return err
}

// share makes memory in which the client can read events, if it wants any. One
// that gets none has all of them through its socket.
func (c *client) share(flags uint8) *os.File {
	if flags&ipc.Share == 0 {
		return nil
	}
	memory, file, err := shm.Create("stampede-events", sharedBytes)
	if err != nil {
		c.s.logger.Debug("no shared memory", "client", c.id, "error", err)
		return nil
	}
	c.shared = memory
	return file
}

func (c *client) unshare() {
	if c.shared != nil {
		c.shared.Close()
		c.shared = nil
	}
}

// welcome answers the hello.
func (c *client) welcome(r ipc.Request, limit int, passed []*os.File) error {
	self, longest := c.s.p.Self(), c.s.p.MaxMessageBytes()
	w := ipc.Welcome{Version: ipc.Version, Processor: uint32(self.ID), Incarnation: self.Incarnation,
		MaxMessage: uint32(longest), MaxKeys: evs.MaxGroups, QueueBytes: uint64(limit), Daemon: c.s.options.Version}
	var oob []byte
	if c.handle != nil {
		w.Origin = c.handle.Origin()
		oob = rights(passed)
	}
	a := ipc.Answer{Op: ipc.OpHello, ID: r.ID, Body: w.AppendTo(nil)}
	c.inbox.Allow(w.LongestRequest())
	c.greeted.Store(true)
	_, _, err := c.conn.WriteMsgUnix(a.AppendTo(nil), oob, nil)
	return err
}

// describe is what an operator may know, of a client that was welcomed.
func (c *client) describe() (Client, bool) {
	if !c.greeted.Load() {
		return Client{}, false
	}
	x := Client{ID: c.id, Name: c.name, PID: c.peer.PID, UID: c.peer.UID, GID: c.peer.GID, Since: c.since, Holds: c.hold,
		Sent: c.sent.Load(), SentBytes: c.sentBytes.Load(), Events: c.taken.Load(), Control: c.handle == nil, Everything: c.everything}
	if c.handle != nil {
		x.Origin, x.Groups = c.handle.Origin(), len(c.handle.Groups())
		x.QueuedBytes, x.Behind = c.events.queued()
		x.LimitBytes = c.events.limit
	}
	return x, true
}

// next reads one request.
func (c *client) next() ([]byte, error) {
	b, err := c.inbox.Next()
	if b != nil || err != nil {
		return b, err
	}
	if err := c.flushAnswers(); err != nil {
		return nil, err
	}
	b, err = c.inbox.Await(c.conn)
	if err == io.EOF && c.inbox.Pending() > 0 {
		c.s.counters.Interrupted.Add(1)
	}
	return b, err
}

// answer is written with what else is to be answered, before the next read.
func (c *client) answer(a *ipc.Answer) { c.answers = a.AppendTo(c.answers) }

func (c *client) flushAnswers() error {
	if len(c.answers) == 0 {
		return nil
	}
	err := c.write(c.answers)
	c.answers = c.answers[:0]
	if cap(c.answers) > 1<<20 {
		c.answers = nil
	}
	return err
}

// write writes answers. Any goroutine.
func (c *client) write(b []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.conn.Write(b)
	return err
}

// bye is the last word.
func (c *client) bye(status ipc.Status, text string) {
	c.conn.SetWriteDeadline(time.Now().Add(byeWithin)) // whoever writes now gets through, or not
	a := ipc.Answer{Op: ipc.Bye, Status: status, Body: []byte(text)}
	c.write(a.AppendTo(nil))
}

// kick ends the client from this side.
func (c *client) kick(status ipc.Status, text string) {
	c.once.Do(func() {
		c.bye(status, text)
		close(c.kicked)
		c.conn.Close() // who was not welcomed yet will not be
		switch events := c.outlet.Load(); {
		case events == nil:
		case status == ipc.Closed, status == ipc.Disconnected:
			events.finish()
		default:
			events.close()
		}
	})
}
