//go:build race

package wire

// raceBuild: under the race detector sync.Pool drops at random what is put
// back, and so the compressors allocate.
const raceBuild = true
