// Package conf is the configuration of a processor, and of a daemon that runs
// one for others, as an operator writes it: the keys of stampede.toml, which are
// also variables of the environment and flags of the command, and the words that
// some of them take. It remembers where each value is from, and turns them into
// an evs.Config. It reads no environment by itself: the command hands it over.
//
// It is strict: a key or a variable that does not exist, a value of the wrong
// type, a word that is none of those known, or an account that the machine does
// not have, is an error that names the file and the line, or the variable.
// examples/stampede.toml explains every key.
package conf
