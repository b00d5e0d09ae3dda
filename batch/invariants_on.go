//go:build race || invariants

package batch

// Invariants is true in builds with the race detector or the tag
// "invariants": memory that comes back is then spoiled, so that a late reader
// sees rubbish at once instead of somebody else's message now and then.
const Invariants = true
