package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"stampede/evs"
	"stampede/internal/ipc"
)

// ServerOptions say what a server does besides serving.
type ServerOptions struct {
	Policy  Policy
	Reload  func() (Policy, []string, error) // nil = there is nothing to reload
	Level   *slog.LevelVar                   // nil = it cannot be changed
	Logger  *slog.Logger                     // nil = nothing is told
	Version string
	Stop    func() // ends the daemon; nil = nobody can
}

// Server lets clients share a processor.
type Server struct {
	p       *evs.Processor
	options ServerOptions
	policy  atomic.Pointer[Policy]
	logger  *slog.Logger
	started time.Time

	ctx    context.Context // of everything that clients do
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	listener *net.UnixListener
	clients  map[*client]struct{}
	handles  int            // of them
	leading  bool           // a client's events are delivered on the loop's goroutine
	awaited  map[string]int // clients that first must join something, by name
	there    chan struct{}  // closed when they have
	next     uint64
	closed   bool
	refusing atomic.Bool   // the daemon ends
	gone     chan struct{} // a client is

	counters Counters
}

// Counters of a server, since it began.
type Counters struct {
	Connected   atomic.Uint64 // connections that were accepted
	Ended       atomic.Uint64 // of them, those that are gone
	Denied      atomic.Uint64 // refused, for who they were
	Busy        atomic.Uint64 // refused, since there were too many
	BadVersion  atomic.Uint64 // refused, for the version they spoke
	Malformed   atomic.Uint64 // closed, for what they said
	Slow        atomic.Uint64 // closed, since they were too far behind
	Unknown     atomic.Uint64 // requests that the daemon does not know
	Refused     atomic.Uint64 // requests that ended with an error
	Requests    atomic.Uint64 // messages not counted
	Messages    atomic.Uint64 // sent
	Bytes       atomic.Uint64 // of them
	Events      atomic.Uint64 // delivered
	EventBytes  atomic.Uint64 // of them, as they were written
	SharedBytes atomic.Uint64 // of those, by shared memory
	Behind      atomic.Uint64 // times that a client did not take at once what there was
	Interrupted atomic.Uint64 // requests that were not there as a whole when their client died
}

// New returns a server of p, which remains the caller's.
func New(p *evs.Processor, o ServerOptions) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{p: p, options: o, logger: o.Logger, started: time.Now(), clients: map[*client]struct{}{}, gone: make(chan struct{}, 1)}
	policy := o.Policy.withDefaults()
	s.policy.Store(&policy)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// controls is how many connections there may be besides those of clients, and
// how many more for operators, whom nobody else is to keep out.
const controls = 64

// Serve accepts clients until the server is closed, or the listener fails.
func (s *Server) Serve(l *net.UnixListener) error {
	s.mu.Lock()
	s.listener = l
	closed := s.closed
	s.mu.Unlock()
	if closed {
		l.Close()
	}
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			if s.ended() {
				return nil
			}
			if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() || exhausted(err) {
				// Out of descriptors, say: those who are there go on, and there
				// will be some again when one of them goes.
				s.logger.Warn("accept", "error", err)
				time.Sleep(50 * time.Millisecond)
				continue
			}
			return err
		}
		s.admit(conn)
	}
}

func (s *Server) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || s.listener == nil
}

// admit lets a connection in, or sends it away.
func (s *Server) admit(conn *net.UnixConn) {
	s.counters.Connected.Add(1)
	c := newClient(s, conn)
	s.mu.Lock()
	full := len(s.clients) >= s.room(conn)
	ended := s.closed
	if !full && !ended {
		s.next++
		c.id = s.next
		s.clients[c] = struct{}{}
		s.wg.Add(1)
	}
	s.mu.Unlock()
	switch {
	case ended:
		conn.Close()
	case full:
		s.counters.Busy.Add(1)
		c.bye(ipc.Busy, "as many connections as this daemon may have")
		conn.Close()
	default:
		go c.run()
	}
}

// room is how many connections there may be when this one comes. The lock is
// held: who it is is asked for only where it matters.
func (s *Server) room(conn *net.UnixConn) int {
	policy := s.policy.Load()
	n := policy.MaxClients + controls
	if len(s.clients) < n {
		return n
	}
	if who, err := peerOf(conn); err == nil && policy.operates(who) {
		n += controls
	}
	return n
}

// forget is told by a client that it has ended.
func (s *Server) forget(c *client) {
	s.mu.Lock()
	delete(s.clients, c)
	if c.handle != nil {
		s.handles--
	}
	s.mu.Unlock()
	s.counters.Ended.Add(1)
	s.wg.Done()
	select {
	case s.gone <- struct{}{}:
	default:
	}
}

// reserve counts a handle, if there may be one more.
func (s *Server) reserve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handles >= s.policy.Load().MaxClients {
		return false
	}
	s.handles++
	return true
}

// release takes a reservation back.
func (s *Server) release() {
	s.mu.Lock()
	s.handles--
	s.mu.Unlock()
}

// lead says whether a client's events may be delivered on the loop's goroutine.
// One client's may: of several, each is served by one of its own, side by side.
func (s *Server) lead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leading {
		return false
	}
	s.leading = true
	return true
}

// yield lets another client have that.
func (s *Server) yield() {
	s.mu.Lock()
	s.leading = false
	s.mu.Unlock()
}

// expect returns what is closed when clients of these names, each as often as it
// is listed, have joined something and are there together.
func (s *Server) expect(names []string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited, s.there = map[string]int{}, make(chan struct{})
	for _, name := range names {
		s.awaited[name]++
	}
	return s.there
}

// hasJoined counts a client that has joined something for the first time; by -1
// that it is gone again.
func (s *Server) hasJoined(name string, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, first := s.awaited[name]
	if !first {
		return
	}
	s.awaited[name] = n - by
	for _, n := range s.awaited {
		if n > 0 {
			return
		}
	}
	s.awaited = nil // and whoever goes now is not waited for again
	close(s.there)
}

// Clients is how many there are, with a handle.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handles
}

// all are the clients of this moment.
func (s *Server) all() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*client, 0, len(s.clients))
	for c := range s.clients {
		list = append(list, c)
	}
	return list
}

// refuse accepts no client and no request any more.
func (s *Server) refuse() {
	s.refusing.Store(true)
	s.mu.Lock()
	l := s.listener
	s.listener = nil
	s.mu.Unlock()
	if l != nil {
		l.Close()
	}
	for _, c := range s.all() {
		c.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// awaitTaken waits, when the processor has left, until the clients have what it
// delivered: then they go by themselves.
func (s *Server) awaitTaken(ctx context.Context) {
	for s.Clients() > 0 {
		select {
		case <-s.gone:
		case <-ctx.Done():
			return
		}
	}
}

// Close tells all clients that the daemon ends, and returns when they are gone.
func (s *Server) Close() {
	s.refuse()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, c := range s.all() {
		c.kick(ipc.Closed, errEnded.Error())
	}
	s.cancel()
	s.wg.Wait()
}
