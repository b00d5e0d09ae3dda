package perf

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// Each calls f once for every number in v, a struct or a pointer to one, in
// the order of its fields:
//
//   - unsigned and signed integers (a negative one as 0), booleans as 0 and 1;
//   - a nested struct with its field's name and "_" in front, an embedded one
//     without;
//   - an array or a slice with the index behind: "dropped_0", "dropped_1";
//   - a Histogram as count, sum, p50, p99, p999 and max.
//
// Names are the fields' in snake_case (GSOTrains: "gso_trains"). The tag
// `perf:"name"` gives another, `perf:"-"` leaves the field out. Unexported
// fields, nil pointers and all other kinds are passed over. It works by
// reflection and allocates: for snapshots, not for the hot path.
func Each(v any, f func(name string, value uint64)) {
	walk("", reflect.ValueOf(v), f)
}

func walk(name string, v reflect.Value, f func(string, uint64)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(name, v.Elem(), f)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Histogram]() {
			eachOf(name, v, f)
			return
		}
		walkFields(name, v, f)
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			walk(join(name, strconv.Itoa(i)), v.Index(i), f)
		}
	case reflect.Bool:
		var n uint64
		if v.Bool() {
			n = 1
		}
		f(name, n)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		f(name, uint64(max(v.Int(), 0)))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		f(name, v.Uint())
	}
}

func walkFields(prefix string, v reflect.Value, f func(string, uint64)) {
	t := v.Type()
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("perf")
		if tag == "-" || !field.IsExported() {
			continue
		}
		name := prefix
		switch {
		case tag != "":
			name = join(prefix, tag)
		case !field.Anonymous:
			name = join(prefix, snake(field.Name))
		}
		walk(name, v.Field(i), f)
	}
}

func eachOf(name string, v reflect.Value, f func(string, uint64)) {
	h := v.Interface().(Histogram)
	f(join(name, "count"), h.Count())
	f(join(name, "sum"), h.Sum())
	f(join(name, "p50"), uint64(h.Quantile(0.5)))
	f(join(name, "p99"), uint64(h.Quantile(0.99)))
	f(join(name, "p999"), uint64(h.Quantile(0.999)))
	f(join(name, "max"), uint64(h.Max()))
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "_" + name
}

// snake turns a Go name into snake_case. A run of capitals is one word, whose
// last letter begins the next word if a small letter follows ("GSOTrains":
// gso_trains), but for the s of a plural ("NACKs": nacks).
func snake(name string) string {
	var out strings.Builder
	r := []rune(name)
	for i, c := range r {
		if unicode.IsUpper(c) && i > 0 {
			afterSmall := !unicode.IsUpper(r[i-1])
			beforeSmall := i+1 < len(r) && unicode.IsLower(r[i+1]) && !plural(r, i+1)
			if afterSmall || beforeSmall || i > 1 && plural(r, i-1) {
				out.WriteByte('_')
			}
		}
		out.WriteRune(unicode.ToLower(c))
	}
	return out.String()
}

// plural says whether r[i] is an s that ends a word of capitals.
func plural(r []rune, i int) bool {
	return r[i] == 's' && unicode.IsUpper(r[i-1]) && (i+1 == len(r) || unicode.IsUpper(r[i+1]))
}
