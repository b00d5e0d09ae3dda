// Package conf is the configuration of a processor as an operator writes it:
// the keys of stampede.toml, which are also the flags of `stampede node`, and
// the words that some of them take. It turns them into an evs.Config.
//
// It is strict: a key that does not exist, a value of the wrong type, or a word
// that is none of those known, is an error that names the file and the line.
// examples/stampede.toml explains every key.
package conf
