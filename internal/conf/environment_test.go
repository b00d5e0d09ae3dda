package conf

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestEveryKeyHasItsVariable(t *testing.T) {
	file := New()
	if err := file.File(write(t, all)); err != nil {
		t.Fatal(err)
	}
	var environ []string
	for _, key := range Keys() {
		if v := Variable(key); v != "" {
			environ = append(environ, v+"="+file.Text(key))
		} else if key != "socket" {
			t.Errorf("no variable sets %s", key)
		}
	}
	e := New()
	if err := e.Environment(environ); err != nil {
		t.Fatal(err)
	}
	e.Socket = file.Socket
	if !reflect.DeepEqual(e.Settings, file.Settings) {
		t.Errorf("environment %+v\nfile        %+v", e.Settings, file.Settings)
	}
}

func TestVariables(t *testing.T) {
	e := New()
	if err := e.Environment([]string{"STAMPEDE_CONFIG=/x", "STAMPEDE_SOCKET=/y", "STAMPEDE=1", "stampede_id=x", "PATH=/bin",
		"STAMPEDE_PEERS=", "STAMPEDE_DAEMON_HOLD_USERS=", "STAMPEDE_START=1, 2", "STAMPEDE_CLUSTER=a=b"}); err != nil {
		t.Fatal(err)
	}
	if given := strings.Join(e.given(), " "); given != "cluster start peers daemon.hold-users" {
		t.Errorf("set: %s", given)
	}
	if len(e.Peers) != 0 || len(e.Daemon.HoldUsers) != 0 || fmt.Sprint(e.Start) != "[1 2]" || e.Cluster != "a=b" {
		t.Errorf("%+v", e.Settings)
	}
}

func TestVariablesThatAreRefused(t *testing.T) {
	e := New()
	err := e.Environment([]string{"STAMPEDE_IDD=1", "STAMPEDE_ID=x", "STAMPEDE_MTU=", "STAMPEDE_DAEMON=1", "STAMPEDE_id=1", "STAMPEDE_DAEMON_SOCKET_MODE=660"})
	for _, want := range []string{"STAMPEDE_IDD: unknown variable", `STAMPEDE_ID: "x" is no number`, `STAMPEDE_MTU: "" is no number`,
		"STAMPEDE_DAEMON: unknown variable", "STAMPEDE_id: unknown variable", `STAMPEDE_DAEMON_SOCKET_MODE: "660" are no permissions`} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}
