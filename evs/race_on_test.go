//go:build race

package evs

const raceEnabled = true
