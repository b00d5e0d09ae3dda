package conf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"stampede/evs"
)

// What a daemon can be asked for.
const (
	DefaultSocket    = evs.DefaultSocket
	maxSocketPath    = 107 // sun_path of sockaddr_un less the zero behind it, unix(7)
	mostClients      = 1 << 16
	mostClientName   = 64 // what a daemon keeps of it, docs/ipc.md
	leastClientQueue = 64 << 10
	mostClientQueue  = 1 << 40
)

// Daemon are the keys of the table [daemon]: who may use a processor that a
// daemon runs for others, and how much of it. The keys of the processor are
// Settings.
type Daemon struct {
	Socket string     `toml:"socket"`
	Mode   Mode       `toml:"socket-mode"`
	Owner  OwnerUser  `toml:"socket-owner"`
	Group  OwnerGroup `toml:"socket-group"`

	AllowUsers  []User  `toml:"allow-users"`
	AllowGroups []Group `toml:"allow-groups"`
	HoldUsers   []User  `toml:"hold-users"`
	HoldGroups  []Group `toml:"hold-groups"`
	AdminUsers  []User  `toml:"admin-users"`
	AdminGroups []Group `toml:"admin-groups"`

	MaxClients      int      `toml:"max-clients"`
	FirstClients    []string `toml:"first-clients"`
	ClientQueue     int      `toml:"client-queue"`
	MaxClientQueue  int      `toml:"max-client-queue"`
	RaiseGuarantees bool     `toml:"raise-guarantees"`

	LogLevel  Level  `toml:"log-level"`
	LogFormat Format `toml:"log-format"`
}

func defaultDaemon() Daemon {
	return Daemon{
		Socket: DefaultSocket, Mode: Mode{0o660},
		HoldUsers: trusted(), AdminUsers: trusted(),
		MaxClients: 1024, ClientQueue: 64 << 20, MaxClientQueue: 256 << 20,
		LogLevel: levels[0].meaning, LogFormat: TextFormat,
	}
}

// trusted are root and the user of this process.
func trusted() []User {
	all := []User{{"0", 0}}
	if uid := os.Getuid(); uid > 0 {
		all = append(all, User{strconv.Itoa(uid), uint32(uid)})
	}
	return all
}

// judge returns what the keys of the table alone show to be wrong. A message
// has at most so many bytes.
func (d *Daemon) judge(maxMessage int) (all []error) {
	if err := d.judgeSocket(); err != nil {
		all = append(all, keyError{"daemon.socket", err})
	}
	within := func(key string, v, least, most int) {
		if v < least || v > most {
			all = append(all, keyError{key, fmt.Errorf("%d is not within %d to %d", v, least, most)})
		}
	}
	within("daemon.max-clients", d.MaxClients, 1, mostClients)
	if err := d.judgeFirst(); err != nil {
		all = append(all, keyError{"daemon.first-clients", err})
	}
	within("daemon.max-client-queue", d.MaxClientQueue, leastClientQueue, mostClientQueue)
	switch least := max(leastClientQueue, maxMessage); {
	case d.ClientQueue < least:
		all = append(all, keyError{"daemon.client-queue", fmt.Errorf("%d is less than %d: the longest message (max-message) must fit", d.ClientQueue, least)})
	case d.ClientQueue > d.MaxClientQueue:
		all = append(all, keyError{"daemon.client-queue", fmt.Errorf("%d is more than max-client-queue, %d", d.ClientQueue, d.MaxClientQueue)})
	}
	return all
}

// judgeFirst looks for names that no client can have, for which a daemon would
// wait in vain.
func (d *Daemon) judgeFirst() error {
	if n := len(d.FirstClients); n > d.MaxClients {
		return fmt.Errorf("%d names are more than max-clients, %d", n, d.MaxClients)
	}
	for _, name := range d.FirstClients {
		if name == "" || len(name) > mostClientName {
			return fmt.Errorf("%q is no client's name: it has 1 to %d bytes", name, mostClientName)
		}
	}
	return nil
}

func (d *Daemon) judgeSocket() error {
	path := d.Socket
	switch {
	case path == "":
		return errors.New("missing: clients find the daemon by it")
	case path[0] == '@' && len(d.AllowUsers)+len(d.AllowGroups) == 0:
		return fmt.Errorf("%q has no owner and no mode, so that anybody could use it: allow-users or allow-groups must say who may", path)
	case strings.ContainsRune(path, 0):
		return fmt.Errorf("%q has a zero byte", path)
	case strings.HasSuffix(path, "/") || filepath.Base(path) == "." || filepath.Base(path) == "..":
		return fmt.Errorf("%q is a directory's path", path)
	case len(path) > maxSocketPath:
		return fmt.Errorf("a path of %d bytes; a unix socket's has at most %d", len(path), maxSocketPath)
	}
	return nil
}
