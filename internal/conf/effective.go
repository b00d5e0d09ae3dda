package conf

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"stampede/evs"
)

// FromDefault is the origin of a value that nobody has set.
const FromDefault = "default"

// Effective are settings together with where each is from: a file, over it an
// environment, over it flags, in the order in which they were put there.
type Effective struct {
	Settings
	origins map[string]string
}

// New has the defaults.
func New() *Effective { return &Effective{Settings: Default(), origins: map[string]string{}} }

// Origin says where a key's value is from: "default", "FILE:LINE", or as Set was
// told, the name of a variable or of a flag.
func (e *Effective) Origin(name string) string {
	if o, ok := e.origins[name]; ok {
		return o
	}
	return FromDefault
}

// Set is Settings.Set that notes where the value is from, and names it in its
// error.
func (e *Effective) Set(name, text, origin string) error {
	if err := e.Settings.Set(name, text); err != nil {
		return fmt.Errorf("conf: %s: %w", origin, err)
	}
	e.origins[name] = origin
	return nil
}

// Changed lists the keys whose values differ.
func (e *Effective) Changed(from *Effective) (all []string) {
	for i := range keys {
		if k := &keys[i]; textOf(k.of(&e.Settings)) != textOf(k.of(&from.Settings)) {
			all = append(all, k.name)
		}
	}
	return all
}

// keyError is what is wrong with a key.
type keyError struct {
	key string
	error
}

func (e keyError) Error() string { return e.key + ": " + e.error.Error() }
func (e keyError) Unwrap() error { return e.error }

// Config is what the settings say, once nothing is wrong with them that shows
// without asking the machine. An error names the key and where its value is
// from.
func (e *Effective) Config() (evs.Config, error) {
	c, err := e.Settings.Config()
	if err != nil {
		return c, e.place(err)
	}
	if _, err := c.Resolve(); err != nil {
		return c, e.place(fieldError(err))
	}
	return c, e.place(judgeAddresses(&c))
}

// Check returns all that is wrong with the settings of a processor and of its
// daemon, and shows without asking the machine.
func (e *Effective) Check() error {
	c, err := e.Config()
	c, _ = c.Resolve()
	all := []error{err}
	for _, err := range e.Daemon.judge(c.MaxMessageBytes) {
		all = append(all, e.place(err))
	}
	return errors.Join(all...)
}

// place says where the value is from that an error is about. A flag or a
// variable has the key's name already.
func (e *Effective) place(err error) error {
	var about keyError
	if err == nil || !errors.As(err, &about) {
		return err
	}
	switch o := e.Origin(about.key); {
	case o == FromDefault:
		return fmt.Errorf("conf: %w", about)
	case strings.Contains(o, ":"):
		return fmt.Errorf("conf: %s: %w", o, about)
	default:
		return fmt.Errorf("conf: %s: %w", o, about.error)
	}
}

// fieldError is an error of evs about a field of its Config as one about the key
// that sets it.
func fieldError(err error) error {
	rest, ok := strings.CutPrefix(err.Error(), "evs: Config.")
	field, text, isField := strings.Cut(rest, ": ")
	if !ok || !isField {
		return err
	}
	for i := range keys {
		k := &keys[i]
		if f := reflect.TypeFor[Settings]().FieldByIndex(k.index); len(k.index) == 1 && f.Name == strings.TrimSuffix(field, "Bytes") {
			return keyError{k.name, errors.New(text)}
		}
	}
	return err
}

// judgeAddresses refuses what is no address of its kind on any machine.
func judgeAddresses(c *evs.Config) error {
	if m := c.Multicast; m.IsValid() && (!m.Addr().Unmap().IsMulticast() || m.Port() == 0) {
		return keyError{"multicast", fmt.Errorf("%v is not a multicast address and port", m)}
	}
	if c.Bind.IsValid() && c.Bind.Addr().Unmap().IsMulticast() {
		return keyError{"bind", fmt.Errorf("%v is a multicast address", c.Bind)}
	}
	for _, p := range c.Peers {
		if a := p.Addr().Unmap(); a.IsUnspecified() || a.IsMulticast() || p.Port() == 0 {
			return keyError{"peers", fmt.Errorf("%v is not one processor's address and port", p)}
		}
	}
	return nil
}
