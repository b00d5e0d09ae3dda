package conf

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// key is one key of a file, and the field of Settings that it sets.
type key struct {
	name  string // with its table: "daemon.socket"
	index []int
}

var (
	keys     = keysOf(reflect.TypeFor[Settings](), "", nil)
	keyNamed = func() map[string]*key {
		all := map[string]*key{}
		for i := range keys {
			all[keys[i].name] = &keys[i]
		}
		return all
	}()
)

// keysOf lists the keys of a table in the order of its fields, and those of the
// tables in it.
func keysOf(table reflect.Type, prefix string, index []int) (all []key) {
	for i := range table.NumField() {
		f := table.Field(i)
		name, at := prefix+f.Tag.Get("toml"), append(index[:len(index):len(index)], i)
		if f.Type == reflect.TypeFor[Daemon]() {
			all = append(all, keysOf(f.Type, name+".", at)...)
		} else {
			all = append(all, key{name, at})
		}
	}
	return all
}

// Keys are the names of all keys, a table's with the table's name before them:
// "daemon.socket".
func Keys() []string {
	all := make([]string, len(keys))
	for i := range keys {
		all[i] = keys[i].name
	}
	return all
}

// of is the field that k sets.
func (k *key) of(s *Settings) reflect.Value { return reflect.ValueOf(s).Elem().FieldByIndex(k.index) }

// Set gives a key the value that a text stands for: of a list, the values with
// commas between them, and no text for none. Where it fails the value stays.
func (s *Settings) Set(name, text string) error {
	k, ok := keyNamed[name]
	if !ok {
		return fmt.Errorf("unknown key %q", name)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%q is not UTF-8", text)
	}
	field := k.of(s)
	value := reflect.New(field.Type()).Elem()
	if err := assign(value, text); err != nil {
		return err
	}
	field.Set(value)
	return nil
}

func assign(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
	case reflect.Slice:
		return assignList(v, text)
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return notNumber(text, err)
		}
		v.SetInt(n)
	case reflect.Uint32:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return notNumber(text, err)
		}
		v.SetUint(n)
	default:
		return fmt.Errorf("conf: %s has no text", v.Type())
	}
	return nil
}

func notNumber(text string, err error) error {
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s is out of range", text)
	}
	return fmt.Errorf("%q is no number that fits", text)
}

func assignList(v reflect.Value, text string) error {
	list := reflect.MakeSlice(v.Type(), 0, 0)
	if text != "" {
		for word := range strings.SplitSeq(text, ",") {
			one := reflect.New(v.Type().Elem()).Elem()
			if err := assign(one, strings.TrimSpace(word)); err != nil {
				return err
			}
			list = reflect.Append(list, one)
		}
	}
	v.Set(list)
	return nil
}

// Text is a key's value as Set takes it, and "" where it is not set.
func (s *Settings) Text(name string) string {
	v := keyNamed[name].of(s)
	if v.IsZero() && !isWord(v) {
		return ""
	}
	return textOf(v)
}

func textOf(v reflect.Value) string {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			return err.Error() // a word that does not exist cannot be set
		}
		return string(text)
	}
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	words := make([]string, v.Len())
	for i := range words {
		words[i] = textOf(v.Index(i))
	}
	return strings.Join(words, ",")
}

// isWord tells whether the zero value is one that can be written.
func isWord(v reflect.Value) bool {
	switch v.Interface().(type) {
	case Transport, Socket, Switch, Wait, Compression, Level, Format:
		return true
	}
	return false
}

// Kind says what a key's values are, for descriptions.
func Kind(name string) string {
	var s Settings
	v := keyNamed[name].of(&s)
	switch v.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Slice:
		return "list"
	case reflect.Int, reflect.Uint32:
		return "number"
	case reflect.String:
		return "text"
	}
	switch v.Interface().(type) {
	case netip.AddrPort:
		return "address"
	case OwnerUser:
		return "user"
	case OwnerGroup:
		return "group"
	}
	if isWord(v) {
		return "word"
	}
	return strings.ToLower(v.Type().Name())
}
