package conf

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// shown is what is written of settings.
func shown(t *testing.T, e *Effective, origins bool) string {
	t.Helper()
	var text strings.Builder
	if err := Write(&text, e.Values(), origins); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// What is shown is a file, and says the same.
func TestWhatIsShownIsAFile(t *testing.T) {
	for _, text := range []string{all, "id = 1\n", "", "id = 1\ndetect = \"1s\"\nmax-message = 67108864\ncluster = \"it's \\\"\\u0001\\u007f\\\\ äöü\"\n",
		"id = 1\n[daemon]\nhold-users = []\nadmin-users = []\n"} {
		e := New()
		if err := e.File(write(t, text)); err != nil {
			t.Fatal(err)
		}
		for _, origins := range []bool{false, true} {
			again := New()
			if err := again.File(write(t, shown(t, e, origins))); err != nil {
				t.Errorf("%v\n%s", err, shown(t, e, origins))
				continue
			}
			if given := again.given(); !reflect.DeepEqual(given, Keys()) {
				t.Errorf("shown: %s", given)
			}
			if a, b := fmt.Sprint(again.Check()), fmt.Sprint(e.Check()); (a == "<nil>") != (b == "<nil>") {
				t.Errorf("check says %s of what is shown, and %s of the file", a, b)
			}
			if a, b := values(again), values(e); !reflect.DeepEqual(a, b) {
				t.Errorf("shown: %v\nfile:  %v", a, b)
			}
			if a, b := resolved(again), resolved(e); a != b {
				t.Errorf("a processor's: %s\nof the file:   %s", a, b)
			}
		}
	}
}

// resolved is what a processor would be opened with.
func resolved(e *Effective) string {
	c, _ := e.Settings.Config()
	c, _ = c.Resolve()
	return fmt.Sprintf("%+v", c)
}

func values(e *Effective) (all []string) {
	for _, v := range e.Values() {
		all = append(all, fmt.Sprint(v.Key, "=", v.Value))
	}
	return all
}

func TestShownDefaultsAreWorkedOut(t *testing.T) {
	e := New()
	if err := e.File(write(t, "id = 1\ndetect = \"100ms\"\nstart = [1, 2]\nmax-message = 1000\n")); err != nil {
		t.Fatal(err)
	}
	text := shown(t, e, false)
	for _, want := range []string{"members = 2\n", "history = 16777216\n", "heartbeat = '12.5ms'\n", "beacon = '50ms'\n", "cluster = 'stampede'\n",
		"bind = '127.0.0.1:0'\n", "window = 1572864\n", "multicast = ''\n", "peers = []\n", "\n[daemon]\nsocket = '/run/stampede/stampede.sock'\n",
		"no-check = false\n", "socket-mode = '0660'\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestOriginsAreShown(t *testing.T) {
	e := New()
	path := write(t, "# mine\nid = 1\n")
	if err := e.File(path); err != nil {
		t.Fatal(err)
	}
	if err := e.Environment([]string{"STAMPEDE_TTL=2"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Set("daemon.max-clients", "5", "--daemon-max-clients"); err != nil {
		t.Fatal(err)
	}
	text := shown(t, e, true)
	for _, want := range []string{"id = 1 # " + path + ":2\n", "ttl = 2 # STAMPEDE_TTL\n", "max-clients = 5 # --daemon-max-clients\n", "gso = 'auto' # default\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if text := shown(t, e, false); strings.Contains(text, "#") {
		t.Errorf("origins are shown where they are not wanted:\n%s", text)
	}
}

func TestValuesAsJSON(t *testing.T) {
	e := New()
	if err := e.File(write(t, all)); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(e.Values())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"key":"id","value":7,`, `{"key":"peers","value":["10.0.0.8:1","[fd00::1]:2"],`, `"value":"2m0s"`,
		`{"key":"daemon.allow-users","value":["root","1"],`, `{"key":"daemon.socket-mode","value":"0604",`, `{"key":"wait","value":"spin",`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}
