// Package nowait reads and writes sockets once, without waiting and without an
// allocation: what package net does not offer beside its deadlines. Where
// nothing can be read or written just now, the error is syscall.EAGAIN. Neither a
// Reader nor a Writer is for two goroutines at a time.
package nowait
