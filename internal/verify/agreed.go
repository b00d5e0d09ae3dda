package verify

import (
	"fmt"
	"slices"
	"strings"
)

// graph is the order of agreed and safe messages in one configuration, put
// together from the order of the configuration and the tails.
type graph struct {
	nodes []node
	edges []edge
	ready []int32
}

type node struct {
	message int32
	out     int32 // the first edge away
	in      int32 // how many lead here from nodes that are not yet taken
	why     int32 // one that is left, in a circle
}

type edge struct {
	from, to, next int32
	stay           int32 // at which it was seen
}

// judgeOrder judges whether what was delivered after transitional events fits
// into one order with everything else. Left out are the pairs of which it is
// promised that they may stand otherwise elsewhere: two messages of different
// senders in the unsure part of one tail.
func (c *Checker) judgeOrder() {
	w, g := &c.w, &c.w.graph
	if len(w.later) == 0 {
		return
	}
	g.nodes, g.edges, g.ready = g.nodes[:0], g.edges[:0], g.ready[:0]
	start := len(w.order)
	for i := range w.tails {
		start = min(start, int(w.tails[i].count))
	}
	c.makeNodes(start)
	prev := none
	for _, m := range w.order[start:] {
		prev = g.link(prev, c.messages[m].node, w.longest)
	}
	for i := range w.tails {
		c.linkTail(&w.tails[i], start)
	}
	if circle := g.findCircle(); circle != nil {
		c.tellGraph(circle)
	}
}

// tellGraph tells of edges that make a circle, those of one stay as one.
func (c *Checker) tellGraph(circle []int32) {
	g := &c.w.graph
	var runs []edge
	for _, i := range circle {
		e := g.edges[i]
		if n := len(runs); n > 0 && runs[n-1].stay == e.stay {
			runs[n-1].to = e.to
		} else {
			runs = append(runs, e)
		}
	}
	if n := len(runs); n > 1 && runs[0].stay == runs[n-1].stay {
		runs[0].from = runs[n-1].from
		runs = runs[:n-1]
	}
	var text []string
	for _, e := range runs {
		text = append(text, fmt.Sprintf("%v delivers %v before %v", c.who(e.stay), c.name(g.nodes[e.from].message), c.name(g.nodes[e.to].message)))
	}
	f := c.violate(Agreed, "%s", strings.Join(text, ", "))
	for _, e := range runs {
		f = f.delivers(e.stay, g.nodes[e.from].message).delivers(e.stay, g.nodes[e.to].message)
	}
}

// makeNodes makes a node of each message that a tail or the order behind start has.
func (c *Checker) makeNodes(start int) {
	mark := c.mark()
	for _, list := range [...][]int32{c.w.order[start:], c.w.later} {
		for _, m := range list {
			if msg := &c.messages[m]; msg.mark != mark {
				msg.mark, msg.node = mark, int32(len(c.w.graph.nodes))
				c.w.graph.nodes = append(c.w.graph.nodes, node{message: m, out: none, why: none})
			}
		}
	}
}

// linkTail links the messages of a tail. In its unsure part those of each
// sender follow each other, and all of them what was reached.
func (c *Checker) linkTail(t *tail, start int) {
	w, g := &c.w, &c.w.graph
	reached := none
	if int(t.count) > start {
		reached = c.messages[w.order[t.count-1]].node
	}
	for _, m := range w.later[t.from:t.unsure] {
		reached = g.link(reached, c.messages[m].node, t.stay)
	}
	prev, sender := reached, none
	for _, m := range w.later[t.unsure:t.to] {
		if msg := &c.messages[m]; msg.life != sender {
			prev, sender = reached, msg.life
		}
		prev = g.link(prev, c.messages[m].node, t.stay)
	}
}

// link says that at the stay one node came after another, if there is one, and
// returns it.
func (g *graph) link(from, to, stay int32) int32 {
	if from != none {
		g.edges = append(g.edges, edge{from, to, g.nodes[from].out, stay})
		g.nodes[from].out = int32(len(g.edges) - 1)
		g.nodes[to].in++
	}
	return to
}

// findCircle takes away nodes to which nothing leads, as long as there are
// any, and returns the edges of a circle among the rest.
func (g *graph) findCircle() (circle []int32) {
	for i := range g.nodes {
		if g.nodes[i].in == 0 {
			g.ready = append(g.ready, int32(i))
		}
	}
	taken := 0
	for ; taken < len(g.ready); taken++ {
		for e := g.nodes[g.ready[taken]].out; e != none; e = g.edges[e].next {
			to := g.edges[e].to
			if g.nodes[to].in--; g.nodes[to].in == 0 {
				g.ready = append(g.ready, to)
			}
		}
	}
	if taken == len(g.nodes) {
		return nil
	}
	// Something that is left leads to each node that is left.
	at := none
	for i := range g.edges {
		if e := &g.edges[i]; g.nodes[e.from].in > 0 && g.nodes[e.to].in > 0 {
			g.nodes[e.to].why = int32(i)
			at = e.to
		}
	}
	for range g.nodes { // back until surely in the circle
		at = g.edges[g.nodes[at].why].from
	}
	for first := at; ; {
		circle = append(circle, g.nodes[at].why)
		if at = g.edges[g.nodes[at].why].from; at == first {
			slices.Reverse(circle)
			return circle
		}
	}
}
