//go:build !linux

package host

// Look returns ErrUnsupported.
func Look(device string) (*Machine, error) { return nil, ErrUnsupported }
