package host

import (
	"net"
	"testing"
)

func TestThisMachineIsRead(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip("no interface lo")
	}
	m, err := Look("lo")
	if err != nil {
		t.Fatal(err)
	}
	if m.Card.MTU != lo.MTU || m.Card.Physical || m.Cores.Usable < 1 || m.Kernel.ReceiveMax == 0 || m.Kernel.Release == "" {
		t.Errorf("%+v", m)
	}
	// The loopback driver tells of its offloads wherever there is one.
	if f := m.Card.Features; f != nil && !f["tx-scatter-gather"].Active {
		t.Errorf("%v", f)
	}
}

func TestInterfaceThatIsNotThere(t *testing.T) {
	for _, device := range []string{"", "no-such-device-at-all", "../../../proc", "a/b", "*["} {
		m, err := Look(device)
		if err != nil || m.Card.MTU != 0 || m.Card.Features != nil {
			t.Errorf("%q: %+v, %v", device, m, err)
		}
	}
}
