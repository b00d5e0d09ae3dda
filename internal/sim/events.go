package sim

// what an event in the queue is about.
type what uint8

const (
	arrival  what = iota // of a datagram at a processor
	pass                 // of a processor's loop
	taking               // by a processor's application
	sending              // of the next message of a source
	drifting             // of a processor's clock
)

// event is something that is due.
type event struct {
	what   what
	node   *node
	life   int // of the node; an event of an earlier life means nothing
	parcel parcel
	source *source
}
