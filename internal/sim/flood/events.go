package flood

// event is something that is due: a train has come to the switch or to a
// receiver, or a host's pass is over, or its loop wants to run, or it
// begins to send.
type event struct {
	kind  kind
	host  *host // whom it is about; of a train at the switch, the sender
	train *train
}

type kind uint8

const (
	switched kind = iota
	arrived
	over
	due
	beginning
)
