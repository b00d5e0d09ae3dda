//go:build !race

package evs

const raceEnabled = false
