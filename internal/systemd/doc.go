// Package systemd is what a service and the manager that has started it say to
// each other: sd_notify(3), its watchdog, and sd_listen_fds(3). It is a thin
// layer over github.com/coreos/go-systemd, which speaks to the manager's socket
// and takes its descriptors over: it adds the states that a service of ours has,
// and a judgement of what was passed.
//
// Without a manager everything here does nothing and returns no error. The
// functions read the environment of the process; Listeners and WatchdogInterval
// also clean it, so that no child takes it for its own. NOTIFY_SOCKET stays: a
// message may be sent at any time.
package systemd
