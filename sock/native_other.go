//go:build !linux

package sock

// openNative: no other system has a way to send and receive many datagrams in
// one call that is worth its code here.
func openNative(p *plan) (*Socket, error) { return openPortable(p) }
