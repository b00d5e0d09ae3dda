package reach

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Print writes a table of the links.
func (r *Result) Print(w io.Writer) error {
	for i := range r.Hosts {
		fmt.Fprintf(w, "host %d: %s\n", i+1, r.Hosts[i].String())
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nfrom → to\tmulticast: short\t%d B\ttrain\tunicast: short\t%d B\ttrain\tlargest\tround trip p50 / max\n", r.Datagram, r.Datagram)
	for i := range r.Links {
		l := &r.Links[i]
		fmt.Fprintf(t, "%d → %d", l.From+1, l.To+1)
		for way, h := range l.Heard {
			switch {
			case h.Received > 0:
				fmt.Fprintf(t, "\t%.3g %%", 100*h.Share())
			case Way(way) < Unicast && !r.Multicast:
				fmt.Fprint(t, "\t-")
			default:
				fmt.Fprint(t, "\tnone")
			}
		}
		fmt.Fprintf(t, "\t%d B\t%s\n", l.Largest, l.trip())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	c := &r.Counters
	if refused := c.Foreign + c.Damaged + c.Absurd; refused+c.Clusters+c.Strangers > 0 {
		_, err := fmt.Fprintf(w, "also arrived: datagrams of nothing that is known here %d, of other clusters %d, of hosts beyond %d\n", refused, c.Clusters, c.Strangers)
		return err
	}
	return nil
}

func (l *Link) trip() string {
	trip := l.UnicastTrip
	if trip == (Trip{}) {
		trip = l.MulticastTrip
	}
	if trip == (Trip{}) {
		return ""
	}
	return fmt.Sprintf("%v / %v", trip.P50.Round(time.Microsecond), trip.Max.Round(time.Microsecond))
}
