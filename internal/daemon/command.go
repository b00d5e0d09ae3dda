package daemon

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"stampede/internal/ipc"
)

// Reloaded is the answer to the command "reload".
type Reloaded struct {
	// Restart are the keys that changed and take effect at the next start only.
	Restart []string `json:"restart,omitempty"`
}

// command does what an operator says, if this client may: "reload",
// "log-level LEVEL", "disconnect CLIENT", "stop". The answer is JSON, or empty.
func (c *client) command(text string) ([]byte, error) {
	if policy := c.s.policy.Load(); !policy.admits(c.peer) {
		c.s.counters.Denied.Add(1)
		return nil, fmt.Errorf("uid %d: %w", c.peer.UID, errDenied)
	}
	word, argument, _ := strings.Cut(text, " ")
	c.s.logger.Info("command", "command", text, "pid", c.peer.PID, "uid", c.peer.UID)
	switch word {
	case "reload":
		restart, err := c.s.Reload()
		if err != nil {
			return nil, err
		}
		return json.Marshal(Reloaded{restart})
	case "log-level":
		return nil, c.s.setLevel(argument)
	case "disconnect":
		return nil, c.s.disconnect(argument, c.peer)
	case "stop":
		if c.s.options.Stop == nil {
			return nil, fmt.Errorf("stop: %w", errUnknown)
		}
		c.s.options.Stop()
		return nil, nil
	}
	return nil, fmt.Errorf("command %.32q: %w", word, errUnknown)
}

// Reload reads the configuration again and goes by its policy from now on;
// connections that are there remain.
func (s *Server) Reload() (restart []string, err error) {
	if s.options.Reload == nil {
		return nil, fmt.Errorf("reload: %w", errUnknown)
	}
	policy, restart, err := s.options.Reload()
	if err != nil {
		s.logger.Error("reload", "error", err)
		return nil, fmt.Errorf("everything stays as it was: %w", err)
	}
	policy = policy.withDefaults()
	s.policy.Store(&policy)
	s.logger.Info("reloaded", "policy", fmt.Sprintf("%+v", policy), "restart", restart)
	return restart, nil
}

func (s *Server) setLevel(name string) error {
	if s.options.Level == nil {
		return fmt.Errorf("log-level: %w", errUnknown)
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(name)); err != nil {
		return fmt.Errorf("%q is none of debug, info, warn, error", name)
	}
	s.options.Level.Set(l)
	return nil
}

// disconnect ends a client for an operator.
func (s *Server) disconnect(id string, operator credentials) error {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is no client's number", id)
	}
	for _, c := range s.all() {
		if c.id == n {
			c.kick(ipc.Disconnected, fmt.Sprintf("an operator, uid %d, has ended this connection", operator.UID))
			return nil
		}
	}
	return fmt.Errorf("there is no client %d", n)
}
