package main

import (
	"reflect"
	"slices"
	"testing"

	"stampede/internal/conf"
	"stampede/internal/daemon"
)

func TestPolicyIsThatOfTheSettings(t *testing.T) {
	e := conf.New()
	for key, text := range map[string]string{"allow-users": "1,2", "allow-groups": "3", "hold-users": "4", "hold-groups": "5", "admin-users": "6",
		"admin-groups": "7,8", "max-clients": "9", "client-queue": "10", "max-client-queue": "11", "raise-guarantees": "true"} {
		if err := e.Set("daemon."+key, text, "test"); err != nil {
			t.Fatal(err)
		}
	}
	want := daemon.Policy{
		Allow: daemon.Peers{UIDs: []uint32{1, 2}, GIDs: []uint32{3}}, Hold: daemon.Peers{UIDs: []uint32{4}, GIDs: []uint32{5}},
		Admin:      daemon.Peers{UIDs: []uint32{6}, GIDs: []uint32{7, 8}},
		MaxClients: 9, QueueBytes: 10, MaxQueueBytes: 11, RaiseGuarantees: true,
	}
	if got := policyOf(&e.Daemon); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	d := conf.Default().Daemon
	if got := policyOf(&d); got.MaxClients != daemon.DefaultMaxClients || got.QueueBytes != daemon.DefaultQueueBytes || got.MaxQueueBytes != daemon.DefaultMaxQueueBytes {
		t.Errorf("%+v", got)
	}
}

func TestLiveKeysAreKeys(t *testing.T) {
	for _, key := range liveKeys {
		if !slices.Contains(conf.Keys(), key) {
			t.Errorf("there is no key %s", key)
		}
	}
}
