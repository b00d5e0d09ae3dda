package node

import (
	"testing"

	"stampede/evs"
)

func members(ids ...evs.ProcessorID) (list []evs.Member) {
	for _, id := range ids {
		list = append(list, evs.Member{ID: id, Incarnation: 10 + uint64(id)})
	}
	return list
}

func (m *meeting) hears(t *testing.T, who evs.Member, s stage) {
	t.Helper()
	if err := m.hear(who, []byte{byte(s)}); err != nil {
		t.Fatal(err)
	}
}

func wantMet(t *testing.T, m *meeting, s stage, want bool) {
	t.Helper()
	if got := isClosed(m.all[s]); got != want {
		t.Errorf("all on stage %d: %v, want %v", s, got, want)
	}
}

func TestMeetingNeedsAllMembers(t *testing.T) {
	all := members(1, 2, 3)
	m := newMeeting()
	m.hears(t, all[0], joined)
	wantMet(t, m, joined, false) // who the members are is not known yet
	m.change(all)
	m.hears(t, all[1], joined)
	m.hears(t, all[1], joined)
	wantMet(t, m, joined, false)
	m.hears(t, all[2], joined)
	wantMet(t, m, joined, true)
	wantMet(t, m, ready, false)
	for _, x := range all {
		m.hears(t, x, ready)
	}
	wantMet(t, m, ready, true)
	m.hears(t, all[0], ready) // once more does no harm
}

func TestReadyNodesHaveJoined(t *testing.T) {
	all := members(1, 2)
	m := newMeeting()
	m.change(all)
	m.hears(t, all[0], ready)
	m.hears(t, all[1], ready)
	wantMet(t, m, joined, true)
	wantMet(t, m, ready, true)
}

func TestNobodyWaitsForWhoIsNoMemberAnyMore(t *testing.T) {
	all := members(1, 2, 3)
	m := newMeeting()
	m.change(all)
	m.hears(t, all[0], joined)
	m.hears(t, all[2], joined)
	wantMet(t, m, joined, false)
	m.change(members(1, 3))
	wantMet(t, m, joined, true)
}

// A life that is gone does not speak for the next one.
func TestIncarnationsAreDifferentNodes(t *testing.T) {
	m := newMeeting()
	m.change(members(1))
	m.hears(t, evs.Member{ID: 1, Incarnation: 9}, joined)
	wantMet(t, m, joined, false)
}

func TestNewcomersAreToldOnce(t *testing.T) {
	all := members(1, 2)
	m := newMeeting()
	m.change(all)
	for _, x := range all {
		m.hears(t, x, joined)
		if len(m.asked) != 1 {
			t.Errorf("node %d is not told", x.ID)
		}
		<-m.asked
		m.hears(t, x, joined)
		if len(m.asked) != 0 {
			t.Errorf("node %d is told again", x.ID)
		}
	}
}

func TestForeignMessagesAreRefused(t *testing.T) {
	for _, said := range []string{"", "\x02", "\xff", "\x00\x00", "hello"} {
		if err := newMeeting().hear(members(1)[0], []byte(said)); err == nil {
			t.Errorf("%q was taken for a stage", said)
		}
	}
}

func TestLabels(t *testing.T) {
	for _, size := range []int{0, 1, 7, 8, 9, 100} {
		b := newPayload(size)
		label(b, 0x0102030405060708)
		if len(b) != size || !labelled(b, 0x0102030405060708) || size > 0 && labelled(b, 0x0102030405060709) {
			t.Errorf("%d bytes: % x", size, b)
		}
	}
}
