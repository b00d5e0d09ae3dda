package conf

import (
	"os"
	"os/user"
	"testing"
)

func TestNamesAreLookedUp(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Skip("this process has no account: ", err)
	}
	e := New()
	if err := e.File(write(t, "[daemon]\nsocket-owner = \""+me.Username+"\"\nsocket-group = \""+me.Gid+"\"\nallow-users = [\"root\", \""+me.Username+"\", 4711]\n")); err != nil {
		t.Fatal(err)
	}
	d := &e.Daemon
	if len(d.AllowUsers) != 3 || d.AllowUsers[0].ID != 0 || int(d.AllowUsers[1].ID) != os.Getuid() || d.AllowUsers[2].ID != 4711 {
		t.Errorf("%+v", d.AllowUsers)
	}
	if d.Owner.Number() != os.Getuid() || d.Group.Number() != os.Getgid() {
		t.Errorf("%+v %+v", d.Owner, d.Group)
	}
}

func TestWhoIsTrustedByDefault(t *testing.T) {
	d := Default().Daemon
	if d.Owner.Number() != -1 || d.Group.Number() != -1 || len(d.AllowUsers)+len(d.AllowGroups)+len(d.HoldGroups)+len(d.AdminGroups) != 0 {
		t.Errorf("%+v", d)
	}
	for _, all := range [][]User{d.HoldUsers, d.AdminUsers} {
		has := map[int]bool{}
		for _, u := range all {
			has[int(u.ID)] = true
		}
		want := map[int]bool{0: true, os.Getuid(): true}
		if len(all) != len(want) || !has[0] || !has[os.Getuid()] {
			t.Errorf("%+v", all)
		}
	}
}

// Who may do what stays what it was when a file takes it from everybody.
func TestNobodyMay(t *testing.T) {
	e := New()
	if err := e.File(write(t, "[daemon]\nhold-users = []\nadmin-users = []\n")); err != nil {
		t.Fatal(err)
	}
	if len(e.Daemon.HoldUsers)+len(e.Daemon.AdminUsers) != 0 {
		t.Errorf("%+v", e.Daemon)
	}
	if d := Default().Daemon; len(d.HoldUsers) == 0 || d.HoldUsers[0].ID != 0 {
		t.Errorf("%+v", d)
	}
}
