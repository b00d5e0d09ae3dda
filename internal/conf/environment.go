package conf

import (
	"errors"
	"fmt"
	"strings"
)

// The environment's names: STAMPEDE_MAX_MESSAGE is the key max-message, and
// STAMPEDE_DAEMON_LOG_LEVEL the key log-level of the table [daemon].
const (
	variables  = "STAMPEDE_"
	FileVar    = variables + "CONFIG" // the path of the file
	AddressVar = variables + "SOCKET" // where clients find the daemon; the key socket has no variable
)

// Variable is the name of the variable that sets a key, and "" if none does.
func Variable(name string) string {
	v := variables + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
	if v == FileVar || v == AddressVar {
		return ""
	}
	return v
}

// Environment puts what an environment says, as os.Environ has it, over what
// holds so far. It returns all that it cannot accept, unknown variables of
// Stampede's among them.
func (e *Effective) Environment(environ []string) error {
	var all []error
	for _, line := range environ {
		variable, text, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(variable, variables) || variable == FileVar || variable == AddressVar {
			continue
		}
		name, ok := keyOfVariable[variable]
		if !ok {
			all = append(all, fmt.Errorf("conf: %s: unknown variable: no key has this name", variable))
			continue
		}
		if err := e.Set(name, text, variable); err != nil {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

var keyOfVariable = func() map[string]string {
	all := map[string]string{}
	for i := range keys {
		if v := Variable(keys[i].name); v != "" {
			all[v] = keys[i].name
		}
	}
	return all
}()
