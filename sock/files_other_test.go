//go:build !linux

package sock

import "testing"

// openFiles cannot be counted here.
func openFiles(*testing.T) int { return 0 }
