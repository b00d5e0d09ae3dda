package systemd

import (
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Ready tells the manager that the service does its work, from the start or
// again after Reloading, and what a person should read of it.
func Ready(status string) error { return notify(daemon.SdNotifyReady + "\n" + statusLine(status)) }

// Reloading tells the manager that the service reads its configuration again.
// Ready ends that, whatever came of it. The time is that of the manager's clock,
// as Type=notify-reload wants it.
func Reloading() error {
	return notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// Stopping tells the manager that the service is about to end by itself.
func Stopping(status string) error {
	return notify(daemon.SdNotifyStopping + "\n" + statusLine(status))
}

// Status is a line for people to read, in `systemctl status`.
func Status(text string) error { return notify(statusLine(text)) }

// Alive feeds the manager's watchdog.
func Alive() error { return notify(daemon.SdNotifyWatchdog) }

// WatchdogInterval is after how much silence the manager takes the service for
// dead; 0 if it never does.
func WatchdogInterval() (time.Duration, error) {
	d, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		return 0, fmt.Errorf("systemd: WATCHDOG_USEC, WATCHDOG_PID: %w", err)
	}
	return d, nil
}

// statusLine is one line whatever the text is.
func statusLine(text string) string {
	return "STATUS=" + strings.Join(strings.Fields(text), " ") + "\n"
}

func notify(state string) error {
	if _, err := daemon.SdNotify(false, state); err != nil {
		return fmt.Errorf("systemd: NOTIFY_SOCKET: %w", err)
	}
	return nil
}
