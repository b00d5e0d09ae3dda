package sim

import (
	"fmt"
	"slices"
	"time"
)

// faults writes what happens to processors and links: of each kind something
// or nothing.
func (d *draw) faults() {
	kinds := []struct {
		chance int
		draw   func()
	}{
		{55, d.crashes}, {30, d.pauses}, {20, d.leaves}, {35, d.partitions},
		{25, d.cuts}, {35, d.traps}, {35, d.losses}, {15, d.badLinks}, {30, d.handOffs},
	}
	for _, k := range kinds {
		if !d.chance(k.chance) {
			continue
		}
		k.draw()
		for d.chance(35) {
			k.draw()
		}
	}
	if d.chance(40) {
		d.troubles()
	}
	if d.n >= 3 && d.chance(30) {
		d.cascade()
	}
}

// cascade writes a change in which one representative after the other installs
// and crashes, while the others miss it. What is in the streams before was held
// by some only: there are holes, and messages without a place in the order.
func (d *draw) cascade() {
	t := d.some()
	for range d.rng.IntN(4) {
		a, b := d.pair()
		what := pick(d, "stream of %d to %d", "with stamp of %d to %d", "with data of %d to %d")
		d.at(t, "drop "+what+" as hole", a, b)
	}
	for _, id := range d.ids {
		if d.chance(70) {
			d.at(t, "send %d %s times %d size 20", id, pick(d, "agreed", "agreed", "safe", "any"), 1+d.rng.IntN(4))
		}
	}
	t += time.Duration(d.rng.Int64N(int64(d.delay)*10 + 1))
	ids := slices.Clone(d.ids) // who leads is the lowest of those that are left
	if d.chance(30) {
		d.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	}
	if d.chance(30) {
		a, b := ids[0], ids[1+d.rng.IntN(len(ids)-1)]
		d.at(t-d.delay, "handoff %d to %d", a, b)
	}
	d.at(t, "%s %d", pick(d, "crash", "crash", "crash", "leave", "pause"), ids[0])
	d.at(t, "lift hole")
	if asleep := ids[len(ids)-1]; d.chance(50) { // it comes to the second attempt
		d.at(t, "pause %d", asleep)
		d.at(t+d.detect*time.Duration(4+d.rng.IntN(8))/8, "resume %d", asleep)
	}
	for _, id := range ids[1 : 1+d.rng.IntN(len(ids)-1)] {
		var others []int
		for _, other := range ids {
			if other != id && d.chance(75) {
				others = append(others, other)
			}
		}
		if len(others) > 0 {
			d.at(t, "drop install from %d to %s", id, list(others))
			d.at(t, "drop stream ack new from %d to %s", id, list(others))
		}
		d.at(t, "when %d sent install do %s %d", id, pick(d, "crash", "crash", "pause"), id)
	}
	d.length = max(d.length, t+4*d.detect)
}

// troubles write a change of the membership, and traps for those who try to
// make it.
func (d *draw) troubles() {
	for range 1 + d.rng.IntN(3) {
		t := d.some()
		switch a, b := d.pair(); d.rng.IntN(4) {
		case 0:
			d.at(t, "crash %d", a)
		case 1:
			d.at(t, "restart %d", a)
		case 2:
			d.at(t, "cut %d-%d", a, b)
			d.at(t+d.detect*3, "mend %d-%d", a, b)
		case 3:
			d.partitions()
		}
		for range 1 + d.rng.IntN(4) {
			d.trap(t)
		}
		if d.chance(50) {
			a, b := d.pair()
			d.at(t, "drop %s from %d to %d times %d", pick(d, "install", "install", "hold", "state", "answer", "propose", "stream new"), a, b, pick(d, 1, 3, 20))
		}
	}
}

// crashes writes a crash, and perhaps a restart.
func (d *draw) crashes() {
	t, id := d.some(), d.id()
	if d.chance(30) {
		d.at(t, "crash %d sending %d", id, d.rng.IntN(4))
	} else {
		d.at(t, "crash %d", id)
	}
	if d.chance(60) {
		d.at(t+d.gap(), "restart %d", id)
	}
}

// gap is between a fault and its end: from nothing to a few detections.
func (d *draw) gap() time.Duration {
	return time.Duration(d.rng.Int64N(int64(d.detect)*int64(pick(d, 1, 1, 3)))) / time.Duration(pick(d, 1, 1, 10))
}

func (d *draw) pauses() {
	t, id := d.some(), d.id()
	d.at(t, "pause %d", id)
	d.at(t+d.gap()*2, "resume %d", id)
}

func (d *draw) leaves() {
	t, id := d.some(), d.id()
	d.at(t, "leave %d", id)
	if d.chance(40) {
		d.at(t+d.gap()*2, "restart %d", id)
	}
}

func (d *draw) partitions() {
	t := d.some()
	sides := make([][]int, 2+d.rng.IntN(2))
	for _, id := range d.ids {
		i := d.rng.IntN(len(sides))
		sides[i] = append(sides[i], id)
	}
	text := ""
	for _, s := range sides {
		if len(s) > 0 && text != "" {
			text += " | "
		}
		if len(s) > 0 {
			text += list(s)
		}
	}
	d.at(t, "partition %s", text)
	if d.chance(70) {
		d.at(t+d.gap()*2, "partition %s", list(d.ids))
	}
}

func (d *draw) pair() (a, b int) {
	a, b = d.id(), d.id()
	for a == b && d.n > 1 {
		b = d.id()
	}
	return a, b
}

func (d *draw) cuts() {
	a, b := d.pair()
	t, how := d.some(), pick(d, ">", ">", "-")
	d.at(t, "cut %d%s%d", a, how, b)
	for d.chance(60) {
		t += d.gap()
		d.at(t, "mend %d%s%d", a, how, b)
		if d.chance(50) {
			break
		}
		t += d.gap()
		d.at(t, "cut %d%s%d", a, how, b)
	}
}

// traps write what happens as soon as somebody has come to a phase of a change.
func (d *draw) traps() { d.trap(d.some()) }

func (d *draw) trap(t time.Duration) {
	a, b := d.id(), d.id()
	kind := pick(d, "join", "propose", "answer", "answer", "state", "hold", "hold", "install", "install", "handoff", "accept", "leave")
	do := fmt.Sprintf("crash %d", b)
	switch x, y := d.pair(); d.rng.IntN(8) {
	case 0:
		do = fmt.Sprintf("crash %d sending %d", b, d.rng.IntN(4))
	case 1:
		do = fmt.Sprintf("cut %d-%d", x, y)
	case 2:
		do = fmt.Sprintf("pause %d", b)
	case 3:
		do = fmt.Sprintf("partition %d | %d", x, y)
	case 4:
		do = fmt.Sprintf("send %d any times %d size 1..500", b, 1+d.rng.IntN(5))
	}
	d.at(t, "when %d %s %s %d do %s", a, pick(d, "sent", "received"), kind, 1+d.rng.IntN(3), do)
}

// losses write that some datagrams of one kind are lost or late.
func (d *draw) losses() {
	kind := pick(d, "stream", "ack", "nack", "join", "beacon", "propose", "answer", "state", "hold", "install", "stream new", "with stamp", "with handoff", "with accept")
	t, what := d.some(), pick(d, "drop", "drop", "delay 5ms", fmt.Sprintf("delay %v", d.detect), "twice")
	a, b := d.pair()
	who := pick(d, fmt.Sprintf("from %d", a), fmt.Sprintf("to %d", b), fmt.Sprintf("from %d to %d", a, b))
	if d.chance(50) {
		who += fmt.Sprintf(" times %d", 1+d.rng.IntN(6))
	}
	name := fmt.Sprintf("r%d", len(d.dated))
	d.at(t, "%s %s %s as %s", what, kind, who, name)
	d.at(t+d.gap()*2, "lift %s", name)
}

func (d *draw) badLinks() {
	a, b := d.pair()
	d.at(d.some(), "link %d>%d loss %d%%", a, b, pick(d, 20, 50, 90))
}

func (d *draw) handOffs() {
	a, b := d.pair()
	d.at(d.some(), "handoff %d to %d", a, b)
}
