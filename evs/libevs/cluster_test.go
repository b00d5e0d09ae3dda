package libevs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"stampede/internal/lab"
	"stampede/internal/verify"
)

// site is three hosts, each with a daemon and two programs that were made with
// the installed library and outlive it. The residents live as long as the test,
// and what they are told is judged as `stampede verify` does. Visitors are
// killed; records_test.go judges them. All of them send.
type site struct {
	t         *testing.T
	lab       *lab.Lab // nil: all is on this machine
	hosts     []*labHost
	program   string
	dir       string
	residents []*witness
	visitors  [][]*witness // of each host, the last one lives
}

// perSecond is how many messages a program sends in a second.
const perSecond = "150"

// visitorMessages is more than a visitor sends: each begins with another number.
const visitorMessages = 1_000_000

// Daemons are killed and started again, one after the other, and programs too;
// the hosts are kept apart and come together. Whoever was in a configuration
// with another was told the same there.
func TestClusterOnThreeHosts(t *testing.T) {
	t.Parallel()
	for _, b := range builds() {
		if b == static { // what is installed is the shared library
			continue
		}
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			l, hosts := needLab(t, policy{`"witness", "witness"`, 64 << 20})
			s := newSite(t, b, hosts)
			s.lab = l
			s.open()
			s.throughDaemonsDeath(0)
			talk := s.listen(b)
			s.throughDaemonsDeath(1)
			s.throughDaemonsDeath(2)
			s.each((*site).throughVisitorsDeath)
			s.each((*site).throughPartition)
			talk.end()
			s.close()
			talk.judge(s.residents[0])
		})
	}
}

func TestClusterOnOneHost(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain, onThisMachine(t, policy{`"witness", "witness"`, 64 << 20}))
	s.open()
	s.each((*site).throughDaemonsDeath)
	s.each((*site).throughVisitorsDeath)
	s.close()
}

func newSite(t *testing.T, b *build, hosts []*labHost) *site {
	return &site{t: t, hosts: hosts, program: b.installed(t, "examples/witness.c"), dir: t.TempDir(), visitors: make([][]*witness, len(hosts))}
}

// each does it with each host.
func (s *site) each(do func(*site, int)) {
	s.t.Helper()
	for i := range s.hosts {
		do(s, i)
	}
}

// open starts everything, programs first.
func (s *site) open() {
	for i, h := range s.hosts {
		name := fmt.Sprint("resident", h.id)
		c, said := h.command(s.t, s.program, "--again", "--rate", perSecond, "--size", "300", "--guarantee", "agreed,safe,fifo,unordered")
		s.residents = append(s.residents, startWitness(s.t, name, s.dir, c, said))
		s.visit(i)
		h.start(s.t)
	}
	s.all(1, 2, 3)
}

func (s *site) visit(i int) {
	n := len(s.visitors[i])
	name := fmt.Sprintf("visitor%d-%d", s.hosts[i].id, n+1)
	c, said := s.hosts[i].command(s.t, s.program, "--again", "--rate", perSecond, "--size", "1000", "--guarantee", "agreed,safe",
		"--group", "visitors", "--first", fmt.Sprint(1+n*visitorMessages))
	s.visitors[i] = append(s.visitors[i], startWitness(s.t, name, s.dir, c, said))
}

// all waits until the programs at these hosts are in one configuration, and hear
// each other there.
func (s *site) all(ids ...uint32) {
	s.t.Helper()
	for _, id := range ids {
		s.residents[id-1].among(s.t, 20, ids...)
		s.visitor(int(id-1)).among(s.t, 20, ids...)
	}
}

func (s *site) visitor(i int) *witness { return s.visitors[i][len(s.visitors[i])-1] }

// others are the ids of all hosts but one.
func (s *site) others(i int) []uint32 {
	return slices.DeleteFunc([]uint32{1, 2, 3}, func(id uint32) bool { return id == s.hosts[i].id })
}

func (s *site) throughDaemonsDeath(i int) {
	s.t.Helper()
	s.hosts[i].kill()
	s.all(s.others(i)...)
	s.hosts[i].start(s.t)
	s.all(1, 2, 3)
}

func (s *site) throughVisitorsDeath(i int) {
	s.t.Helper()
	s.visitor(i).kill()
	for k := range s.hosts {
		s.residents[k].more(s.t, 50)
	}
	s.visit(i)
	s.visitor(i).among(s.t, 20, 1, 2, 3)
}

func (s *site) throughPartition(i int) {
	s.t.Helper()
	id := s.hosts[i].id
	if err := s.lab.Cut(s.t.Context(), lab.Between([]int{int(id)}, ints(s.others(i)))...); err != nil {
		s.t.Fatal(err)
	}
	s.all(s.others(i)...)
	s.all(id)
	if err := s.lab.Heal(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.all(1, 2, 3)
}

func ints(ids []uint32) (all []int) {
	for _, id := range ids {
		all = append(all, int(id))
	}
	return all
}

// close ends the programs, and judges what all of them were told.
func (s *site) close() {
	var paths []string
	for i := range s.hosts {
		s.visitor(i).stop(s.t)
	}
	for i := range s.hosts {
		s.residents[i].stop(s.t)
		paths = append(paths, s.residents[i].path)
		if lives := s.residents[i].at.lives; lives != 2 {
			s.t.Errorf("host %d: lives: %d; its daemon was killed once", s.hosts[i].id, lives)
		}
	}
	report, err := verify.Files(s.t.Context(), paths, verify.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, v := range report.Violations {
		s.t.Error(v.String())
	}
	s.t.Logf("residents: configurations: %d, messages: %d, deliveries: %d", report.Configurations, report.Messages, report.Deliveries)
	if found := judgeVisitors(slices.Concat(s.visitors...)); len(found) > 0 {
		s.t.Errorf("visitors:\n%s", strings.Join(found[:min(len(found), 20)], "\n"))
	}
}
