package wire

// Verdict is what was made of a datagram or body. Anything but OK means that
// it is dropped and counted, one counter a verdict. As an error a Verdict is a
// sentinel: compare with == or errors.Is. Beware that OK put into an error
// variable is not nil; Err converts.
type Verdict uint8

const (
	OK          Verdict = iota
	Short               // fewer bytes than a header
	BadVersion          // another version of this format, or foreign traffic
	BadCluster          // another cluster's
	BadLength           // header's length is not the datagram's
	BadKind             // no such kind
	BadFlags            // reserved bits are set
	BadSeal             // sealed, and there is no key here
	BadCheck            // CRC-32C differs: damaged on the way
	BadSender           // sender 0
	BadNumber           // a number is 0, runs over, or contradicts its neighbour
	BadFrame            // unknown type, or a frame reaches beyond the end
	BadOrder            // frames stand in an order that is not allowed
	BadPadding          // padding that is not zero
	BadMessage          // a Message frame breaks a rule of its own; and so on
	BadFragment         //
	BadGroupSet         //
	BadStamp            //
	BadHandoff          //
	BadAccept           //
	BadSystem           //
	BadBody             // a control body breaks a rule of its own
	NumVerdicts         // bounds arrays indexed by Verdict
)

var verdictNames = [NumVerdicts]string{
	"ok", "short", "bad_version", "bad_cluster", "bad_length", "bad_kind", "bad_flags",
	"bad_seal", "bad_check", "bad_sender", "bad_number", "bad_frame", "bad_order",
	"bad_padding", "bad_message", "bad_fragment", "bad_group_set", "bad_stamp",
	"bad_handoff", "bad_accept", "bad_system", "bad_body",
}

// String is the verdict in snake_case, fit for the name of a counter.
func (v Verdict) String() string { return nameOf(verdictNames[:], int(v), "verdict ") }

func (v Verdict) Error() string { return "wire: " + v.String() }

// Err is nil for OK and v otherwise.
func (v Verdict) Err() error {
	if v == OK {
		return nil
	}
	return v
}
