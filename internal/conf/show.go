package conf

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Value is one key with what it comes to.
type Value struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Origin string `json:"origin"`
}

// Values are all keys, in the order of the example. Where a default follows from
// other keys it has been worked out; where the machine decides, it is zero.
func (e *Effective) Values() []Value {
	s := e.filled()
	all := make([]Value, len(keys))
	for i := range keys {
		k := &keys[i]
		v := k.of(&s)
		if v.Kind() == reflect.Slice && v.IsNil() {
			v = reflect.MakeSlice(v.Type(), 0, 0)
		}
		all[i] = Value{k.name, v.Interface(), e.Origin(k.name)}
	}
	return all
}

// filled are the settings with the defaults of evs in place of zeros.
func (e *Effective) filled() Settings {
	s := e.Settings
	c, _ := s.Config() // where it is refused, the rest still holds
	c, _ = c.Resolve()
	from := reflect.ValueOf(c)
	to := reflect.ValueOf(&s).Elem()
	for i := range to.NumField() {
		field, name := to.Field(i), to.Type().Field(i).Name
		v := from.FieldByName(name)
		if !v.IsValid() {
			v = from.FieldByName(name + "Bytes")
		}
		switch {
		case !v.IsValid() || !field.IsZero():
		case field.Type() == v.Type():
			field.Set(v)
		case field.Kind() == reflect.Struct && field.Type().Field(0).Type == v.Type():
			field.Field(0).Set(v)
		}
	}
	return s
}

// Write writes values as a file that File reads, with their origins as comments
// if that is asked for.
func Write(to io.Writer, all []Value, origins bool) error {
	var text bytes.Buffer
	table := ""
	for i := range all {
		v := &all[i]
		name := v.Key
		if t, rest, ok := strings.Cut(v.Key, "."); ok {
			if name = rest; t != table {
				fmt.Fprintf(&text, "\n[%s]\n", t)
				table = t
			}
		}
		line, err := toml.Marshal(map[string]any{name: v.Value})
		if err != nil {
			return fmt.Errorf("conf: %s: %w", v.Key, err)
		}
		text.Write(bytes.TrimSuffix(line, []byte("\n")))
		if origins {
			fmt.Fprintf(&text, " # %s", strings.Map(printable, v.Origin))
		}
		text.WriteByte('\n')
	}
	_, err := to.Write(text.Bytes())
	return err
}

// printable leaves out of a file's path what a comment may not have.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '?'
	}
	return r
}
