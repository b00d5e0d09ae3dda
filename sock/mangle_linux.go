package sock

import (
	"strconv"
	"strings"
)

// manglesEvenTrains says whether a kernel is one of those that, with some
// devices, spoil the headers of trains whose segments are all of one length:
// since 7.0, mended in 7.1.5.
func manglesEvenTrains(release string) bool {
	var v [3]int
	for i, s := range strings.SplitN(release, ".", 3) {
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end >= 0 {
			s = s[:end]
		}
		v[i], _ = strconv.Atoi(s)
	}
	return v[0] == 7 && (v[1] == 0 || v[1] == 1 && v[2] < 5)
}
