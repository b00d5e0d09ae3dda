package main

import (
	"strings"
	"testing"
)

func TestLabRefusesWhatMakesNoSense(t *testing.T) {
	for flags, says := range map[string]string{
		"--hosts 1":                            "hosts",
		"--hosts 251":                          "hosts",
		"--rate 0":                             "rate",
		"--rate -1":                            "rate",
		"--duration -1s":                       "duration",
		"--rest -1s":                           "rest",
		"--settle -1s":                         "settle",
		"--detect -1s":                         "detect",
		"--ip 5":                               "ip",
		"--transport pigeon":                   "transport",
		"--faults kill,flood":                  "flood",
		"--guarantee most":                     "most",
		"--client ls":                          "client: ls is a daemon's",
		"--daemon --client /no/such/program":   "client",
		"--figure speed":                       "speed",
		"--figure failover --faults kill":      "faults",
		"--figure failover --times -1":         "times",
		"--figure coldstart --hosts 1":         "hosts",
		"word":                                 "word",
		"word -- --start 1":                    "word",
		"--dir /proc/self/fd --hosts 2":        "dir",
		"--dir /proc/no/such/place --hosts 2":  "dir",
		"--figure change --dir /proc/self/fd ": "dir",
	} {
		o := run(t, append([]string{"lab"}, strings.Fields(flags)...)...)
		if o.status != 1 || !strings.Contains(o.stderr, says) {
			t.Errorf("%s: %+v", flags, o)
		}
	}
}
