// Package perf counts and measures: a histogram cheap enough for every
// message, and a walk over snapshot structs that turns their fields into named
// values for text, JSON or Prometheus.
//
// Counters themselves are no type: a component has a struct of uint64 fields,
// named for what happened, raises them with ++ on the one goroutine that owns
// it, and hands out copies of the whole struct. Whoever shows them calls Each.
// So a counter costs an increment of memory that is in the cache anyway, and
// nothing has to be registered.
//
// Nothing here is safe for concurrent use, takes a lock or reads a clock: the
// owner records, and publishes a copy when it has a moment. Record does not
// allocate.
package perf
