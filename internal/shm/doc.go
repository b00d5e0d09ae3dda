// Package shm is memory that two processes share: one writes pieces into it, one
// after another, around its end; the other, which can only read, is told where
// they are and tells how far it has taken them. How they tell is the caller's
// matter: docs/ipc.md says how the daemon and its clients do.
//
//	position: counts bytes for ever; position mod size is the place
//
//	     taken          next
//	───────┬──────────────┬──────────────
//	 free  │ with reader  │     free
//	───────┴──────────────┴──────────────
//
// A piece never goes around the end: what is left there is skipped.
//
// The memory is a sealed memfd (memfd_create(2), F_SEAL_FUTURE_WRITE, Linux 5.1):
// the reader can neither write to it nor shorten it, so it can do the writer no
// harm, and the writer's end leaves the reader's memory as it was.
package shm
