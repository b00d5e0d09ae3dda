package drill

import (
	"os"
	"path/filepath"
	"testing"
)

const (
	alone      = `{"t":1,"proc":2,"inc":7,"ev":"config","kind":"regular","config":"8.2","members":[2],"joined":[2]}` + "\n"
	toBoth     = `{"t":2,"proc":2,"inc":7,"ev":"config","kind":"transitional","config":"9.1","from":"8.2","members":[2]}` + "\n"
	both       = `{"t":3,"proc":2,"inc":7,"ev":"config","kind":"regular","config":"9.1","from":"8.2","members":[1,2],"joined":[1]}` + "\n"
	ownMessage = `{"t":4,"proc":2,"inc":7,"ev":"deliver","msg":"2.7.1","guarantee":"agreed","groups":["g"],"config":"9.1"}` + "\n"
	message    = `{"t":5,"proc":2,"inc":7,"ev":"deliver","msg":"1.5.1","guarantee":"agreed","groups":["g"],"config":"9.1"}` + "\n"
)

func TestTailFollowsAGrowingTrace(t *testing.T) {
	tl := tail{path: filepath.Join(t.TempDir(), "trace")}
	members := []uint32{1, 2}
	read := func(added, where string, in bool) {
		t.Helper()
		if added != "" {
			f, err := os.OpenFile(tl.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			f.WriteString(added)
			f.Close()
		}
		if err := tl.read(); err != nil {
			t.Fatal(err)
		}
		if tl.String() != where || tl.in(members) != in {
			t.Errorf("%v, together %v, want %s, %v", &tl, tl.in(members), where, in)
		}
	}
	read("", "in no configuration yet", false) // there is no file
	read(alone[:20], "in no configuration yet", false)
	read(alone[20:], "in configuration 8.2 [2], hears 0", false)
	read(toBoth, "on its way from configuration 8.2 [2]", false)
	read(both+ownMessage+message[:9], "in configuration 9.1 [1 2], hears 1", false)
	read("", "in configuration 9.1 [1 2], hears 1", false)
	read(message[9:], "in configuration 9.1 [1 2], hears 2", true)
	if tl.in([]uint32{1, 2, 3}) || tl.in([]uint32{2}) {
		t.Error("in a configuration of others")
	}
}

func TestTailTellsDamage(t *testing.T) {
	tl := tail{path: filepath.Join(t.TempDir(), "trace")}
	if err := os.WriteFile(tl.path, []byte(alone+"no trace\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tl.read(); err == nil {
		t.Error("a damaged trace was read")
	}
}

// The sequencer is looked for in the largest configuration, and among those
// who live.
func TestLeader(t *testing.T) {
	at := func(members ...uint32) *host { return &host{run: &process{}, tail: tail{members: members}} }
	dead := func(members ...uint32) *host { return &host{tail: tail{members: members}} }
	for name, c := range map[string]struct {
		hosts  []*host
		leader int
	}{
		"one configuration": {[]*host{at(1, 2, 3), at(1, 2, 3), at(1, 2, 3)}, 1},
		"a partition":       {[]*host{at(1), at(2, 3), at(2, 3)}, 2},
		"nobody":            {[]*host{at(), dead(1, 2), at()}, 0},
		"a dead one":        {[]*host{dead(1, 2, 3), at(2, 3), at(2, 3)}, 2},
		"just killed":       {[]*host{dead(1, 2, 3), at(1, 2, 3), at(3)}, 3},
	} {
		cl := &cluster{hosts: append([]*host{nil}, c.hosts...)}
		for i, h := range c.hosts {
			h.id, h.tail.path = i+1, filepath.Join(t.TempDir(), "none")
		}
		if got, err := cl.leader(); err != nil || got != c.leader {
			t.Errorf("%s: %d, %v, want %d", name, got, err, c.leader)
		}
	}
}
