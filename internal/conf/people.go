package conf

import (
	"fmt"
	"io/fs"
	"math"
	"os/user"
	"strconv"
)

// User is an account as it was written, by name or by number, with its uid. A
// number need not have an account.
type User struct {
	text string
	ID   uint32
}

// Group is the same of a group.
type Group struct {
	text string
	ID   uint32
}

// OwnerUser is who is to own a file; the empty text leaves the owner as it is.
type OwnerUser struct{ User }

// OwnerGroup is the same of a group.
type OwnerGroup struct{ Group }

func (u *User) UnmarshalText(text []byte) error {
	id, err := number("user", string(text), func(name string) (string, error) {
		a, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return a.Uid, nil
	})
	if err == nil {
		*u = User{string(text), id}
	}
	return err
}

func (g *Group) UnmarshalText(text []byte) error {
	id, err := number("group", string(text), func(name string) (string, error) {
		a, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return a.Gid, nil
	})
	if err == nil {
		*g = Group{string(text), id}
	}
	return err
}

// number is the id of a name, or the text itself if it is one.
func number(kind, text string, look func(string) (string, error)) (uint32, error) {
	if text == "" {
		return 0, fmt.Errorf("a %s without a name", kind)
	}
	found := text
	if text[0] < '0' || text[0] > '9' {
		var err error
		if found, err = look(text); err != nil {
			return 0, fmt.Errorf("%q is no %s of this machine (%w)", text, kind, err)
		}
	}
	id, err := strconv.ParseUint(found, 10, 32)
	if err != nil || id == math.MaxUint32 { // which stands for none, chown(2)
		return 0, fmt.Errorf("%q is no number of a %s", found, kind)
	}
	return uint32(id), nil
}

func (o *OwnerUser) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*o = OwnerUser{}
		return nil
	}
	return o.User.UnmarshalText(text)
}

func (o *OwnerGroup) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*o = OwnerGroup{}
		return nil
	}
	return o.Group.UnmarshalText(text)
}

// Number is what chown takes: -1 leaves the owner as it is.
func (o OwnerUser) Number() int { return orUnchanged(o.text, o.ID) }

// Number is what chown takes: -1 leaves the group as it is.
func (o OwnerGroup) Number() int { return orUnchanged(o.text, o.ID) }

func orUnchanged(text string, id uint32) int {
	if text == "" {
		return -1
	}
	return int(id)
}

func (u User) MarshalText() ([]byte, error)  { return []byte(u.text), nil }
func (g Group) MarshalText() ([]byte, error) { return []byte(g.text), nil }

// Mode are the permissions of a file, written as chmod takes them, in octal with
// a zero in front: "0660". A number of TOML would be taken for decimal.
type Mode struct{ fs.FileMode }

func (m *Mode) UnmarshalText(text []byte) error {
	bits, err := strconv.ParseUint(string(text), 8, 32)
	if err != nil || text[0] != '0' || bits > uint64(fs.ModePerm) {
		return fmt.Errorf(`%q are no permissions such as "0660", octal, up to "0777"`, text)
	}
	m.FileMode = fs.FileMode(bits)
	return nil
}

func (m Mode) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%#04o", uint32(m.FileMode)), nil
}
