// Package sim runs processors in worlds of its own.
package sim
