package node

import "testing"

func TestLabels(t *testing.T) {
	for _, size := range []int{0, 1, 7, 8, 9, 100} {
		b := newPayload(size)
		label(b, 0x0102030405060708)
		if len(b) != size || !labelled(b, 0x0102030405060708) || size > 0 && labelled(b, 0x0102030405060709) {
			t.Errorf("%d bytes: % x", size, b)
		}
	}
}
