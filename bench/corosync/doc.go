// Package corosync runs Debian's Corosync on the hosts of a lab, each with a
// load client of its own, so that a bench can compare with it on the same
// machine in the same run.
//
//	parent                  each host, a process in a network namespace
//	Build: the client,      Start: a mount namespace with an empty /run,
//	compiled by gcc                /dev/shm and /var/lib/corosync
//	                          ├── corosync -f, its configuration by Conf
//	                          └── client: floods or paces, checks, times
//
// The client is package cclient's. Both processes are killed by the kernel when
// the host ends, however it ends, and the mounts go with the last of them.
package corosync
