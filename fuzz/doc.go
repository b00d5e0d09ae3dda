// Package fuzz has the fuzz targets that cross packages: what the network may
// bring goes through the door into a whole processor. Targets for one codec
// stand beside it, in its own package. It has no code but tests.
package fuzz
