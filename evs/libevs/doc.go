// Package libevs has no Go code. It is the place of a library in C, by which
// programs written for Corosync's EVS service use a stampede daemon: the sources
// are in src, the headers in include, the manual in man, and the Makefile
// builds them. The tests of this package build all that, and programs in C, and
// run those against daemons.
package libevs
