package flood

// cores are what hosts run on: each its own, or all together a few. Who finds
// none free waits behind who came before.
type cores struct {
	free    int
	waiting []*host
}

// ask lets a host's loop run as soon as a core is free.
func (w *world) ask(h *host) {
	if h.state != asleep {
		return
	}
	h.state = ready
	if c := h.cores; c.free > 0 {
		c.free--
		w.begin(h)
	} else {
		c.waiting = append(c.waiting, h)
	}
}

// begin runs a pass, which is over when its price is paid, and what it sent
// fits the socket's buffer.
func (w *world) begin(h *host) {
	h.state = running
	cost := w.pass(h)
	h.busy += cost
	end := w.now + cost
	if w.run.Link > 0 {
		end = max(end, h.port.out-int64(sendBuffer*8/w.run.Link*1e9))
	}
	w.queue.Add(end, event{kind: over, host: h})
}

// over frees the core, and sees when the loop wants to run again.
func (w *world) over(h *host) {
	c := h.cores
	c.free++
	if len(c.waiting) > 0 {
		next := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.free--
		w.begin(next)
	}
	h.state = asleep
	at := h.machine.Deadline()
	switch {
	case len(h.inbox) > 0 || h.more || at <= w.now:
		w.ask(h)
	default:
		h.slept = true
		h.wakeAt = at
		if at < never {
			w.queue.Add(at, event{kind: due, host: h})
		}
	}
}
