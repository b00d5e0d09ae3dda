package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"stampede/internal/lab"
)

// Record is a directory that keeps a run for others to look at:
//
//	YYYY-MM-DD-HHMM/
//	  table.txt        what was shown
//	  result.json      see WriteJSON
//	  benchstat.txt    see WriteBenchstat
//	  hdr/             see WriteHdr
//	  environment.txt  machine, versions, and the command
type Record struct {
	Dir   string
	table *os.File
	env   bytes.Buffer
}

// NewRecord makes the directory for a run that begins now, below another. The
// command is what was typed; inLab tells which interface it is about.
func NewRecord(ctx context.Context, below string, now time.Time, command []string, version string, inLab bool) (*Record, error) {
	r := &Record{Dir: filepath.Join(below, now.Format("2006-01-02-1504"))}
	if err := describe(ctx, &r.env, command, version, inLab); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(below, 0o777); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	err := os.Mkdir(r.Dir, 0o777)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("record: %s is there already; a minute later it has another name", r.Dir)
	}
	if err == nil {
		r.table, err = os.Create(filepath.Join(r.Dir, "table.txt"))
	}
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return r, nil
}

// Table is where the table goes too.
func (r *Record) Table() io.Writer { return r.table }

// Commit writes the results, of as many runs as were planned or fewer.
func (r *Record) Commit(results []Result, planned int) error {
	fmt.Fprintf(&r.env, "\nruns      %d of %d\n", len(results), planned)
	write := func(name string, f func(io.Writer) error) error {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(r.Dir, name), b.Bytes(), 0o666)
	}
	err := errors.Join(
		r.table.Close(),
		write("result.json", func(w io.Writer) error { return WriteJSON(w, results) }),
		write("benchstat.txt", func(w io.Writer) error { return WriteBenchstat(w, results) }),
		write("environment.txt", func(w io.Writer) error { _, err := w.Write(r.env.Bytes()); return err }),
		WriteHdr(filepath.Join(r.Dir, "hdr"), results),
	)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// Abandon leaves nothing of a record without results.
func (r *Record) Abandon() {
	r.table.Close()
	os.RemoveAll(r.Dir)
}

// describe writes what figures depend on.
func describe(ctx context.Context, w io.Writer, command []string, version string, inLab bool) error {
	e := newEnvironment(version)
	row := func(name string, v any) { fmt.Fprintf(w, "%-9s %v\n", name, v) }
	row("command", shell(command))
	row("stampede", version)
	row("commit", commit(ctx))
	row("go", runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
	row("kernel", e.Kernel)
	row("processor", procLine("/proc/cpuinfo", "model name"))
	row("cores", e.Cores)
	row("memory", procLine("/proc/meminfo", "MemTotal"))
	row("rmem_max", e.RmemMax)
	row("wmem_max", readLine("/proc/sys/net/core/wmem_max"))
	mtu, offloads, err := interfaceOf(ctx, inLab)
	if err != nil {
		return err
	}
	row("mtu", mtu)
	fmt.Fprintf(w, "\n%s\n", offloads)
	return nil
}

// interfaceOf tells of the interface that the hosts use.
func interfaceOf(ctx context.Context, inLab bool) (mtu, offloads string, err error) {
	command := func(name string, arg ...string) *exec.Cmd { return exec.CommandContext(ctx, name, arg...) }
	name := "lo"
	if inLab {
		l, err := lab.New(ctx, 1)
		if err != nil {
			return "", "", err
		}
		defer l.Close()
		name, mtu = lab.Interface, fmt.Sprintf("%d (%s in a namespace)", lab.MTU, lab.Interface)
		command = func(name string, arg ...string) *exec.Cmd { return l.Hosts[0].Command(ctx, name, arg...) }
	} else if lo, err := net.InterfaceByName(name); err == nil {
		mtu = fmt.Sprintf("%d (%s); 1500 is what is used of it unless --mtu says otherwise", lo.MTU, name)
	}
	if _, err := exec.LookPath("ethtool"); err != nil {
		return mtu, "offloads are not known: there is no ethtool", nil
	}
	out, err := command("ethtool", "-k", name).Output()
	if err != nil {
		return mtu, "offloads are not known: " + err.Error(), nil
	}
	return mtu, string(fixedOff.ReplaceAll(bytes.TrimSpace(out), nil)), nil
}

// fixedOff matches what an interface does not have.
var fixedOff = regexp.MustCompile(`(?m)\n.*: off \[fixed\].*$`)

// procLine is the value of the first line of a file that begins with a name.
func procLine(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "not known"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "not known"
}

// commit is that of the directory that the program runs in: go run, which
// builds from there, puts none into the program.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "not known"
	}
	text := strings.TrimSpace(string(out))
	if changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no").Output(); err != nil || len(changed) > 0 {
		text += " with changes"
	}
	return text
}

// shell writes a command as one would type it.
func shell(words []string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:@%+"
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = w; w == "" || strings.Trim(w, plain) != "" {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// Machine is this machine in a line: processor, cores, kernel, Go.
func Machine() string {
	e := newEnvironment("")
	return fmt.Sprintf("%s, %d cores, kernel %s, %s", procLine("/proc/cpuinfo", "model name"), e.Cores, e.Kernel, runtime.Version())
}
