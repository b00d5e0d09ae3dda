// Package reach tries which hosts hear which, and how: it runs at the same time
// on several hosts, on ports beside those of a cluster, and speaks a small
// protocol of its own.
//
// A few times a second every host multicasts probes, and sends probes to every
// host that it has heard of: short ones, full datagrams, trains, and datagrams
// of ever smaller sizes. Short ones are answered at once, for the round trip
// time. Every host counts what it hears of each other one, and reports that to
// all. So each comes to know, of every pair, what arrives.
//
//	 0        4       5      6        8       12     13            16
//	┌────────┬───────┬──────┬────────┬───────┬──────┬─────────────┐
//	│ "Srch" │version│ kind │ length │ check │ way  │ 0 0 0       │
//	├────────┴───────┴──────┴────────┼───────┴──────┴─────────────┤ 16
//	│ cluster                        │ sender, of this run        │
//	├────────────────────────────────┼────────────────────────────┤ 32
//	│ to whom, 0 = everybody         │ sent: the prober's clock   │
//	├───────────────┬───────┬────┬───┼────────────────────────────┤ 48
//	│ number        │entries│name│ 0 │ name, then entries or 0 …  │
//	└───────────────┴───────┴────┴───┴────────────────────────────┘ 56
//
// Little-endian. Length is that of the datagram; check is CRC-32C of all of it
// with 0 in its place. The first byte is none that package wire begins with:
// should the two meet on one port, each drops and counts what is the other's.
//
// Whatever arrives may be hostile: it is refused and counted, takes memory for
// at most MaxHosts hosts, and gets at most as many answers, none longer than
// what was sent.
package reach
