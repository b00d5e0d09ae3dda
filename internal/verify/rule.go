package verify

import "fmt"

// Rule is one thing that is promised. Each has a name, the property of the
// paper that it belongs to, and a sentence; docs/promises.md has them all.
type Rule uint8

const (
	Precedence Rule = iota + 1
	Sent
	SentOnce
	Unchanged
	DeliveredOnce
	OneConfiguration
	InConfiguration
	ChangeOrder
	SameView
	OwnView
	EnteredOnce
	ExactChange
	SameEnd
	SelfDelivery
	Atomicity
	FIFO
	Causal
	Agreed
	NoGap
	Safe
	SafeEntered
	rules
)

var ruleTexts = [rules]struct{ name, property, promise string }{
	Precedence:       {"precedence", "1.1", "all events of all processors can be told in one order in which every message is sent before it is delivered and every configuration is entered by all at once"},
	Sent:             {"sent", "1.3", "a message that is delivered was sent before, by that life of its sender, which was in the configuration that it is delivered in and had not left it"},
	SentOnce:         {"sent-once", "1.4", "a message is sent once; the numbers of a life ascend"},
	Unchanged:        {"unchanged", "1.3", "a message is delivered with the guarantee and to the groups that it was sent with"},
	DeliveredOnce:    {"delivered-once", "1.4", "no processor delivers a message twice"},
	OneConfiguration: {"one-configuration", "1.4", "all who deliver a message do so in one regular configuration or in transitional ones that follow it"},
	InConfiguration:  {"in-configuration", "2.3", "a delivery belongs to the configuration that its processor is in"},
	ChangeOrder:      {"change-order", "2", "a life enters a first regular configuration; every other one follows one transitional event that names it"},
	SameView:         {"same-view", "2", "all who enter a configuration are told the same of it"},
	OwnView:          {"own-view", "2", "a processor is a member of what it enters"},
	EnteredOnce:      {"entered-once", "2", "no configuration comes back"},
	ExactChange:      {"exact-change", "2", "a change is told with exactly those who come along, left and joined"},
	SameEnd:          {"same-end", "2.1", "once nothing changes any more, the members of a configuration are all in it"},
	SelfDelivery:     {"self-delivery", "3", "a processor delivers what it sent unless it fails"},
	Atomicity:        {"atomicity", "4", "those who go together from one configuration to the next deliver the same messages before the transitional event, and the same after it"},
	FIFO:             {"fifo", "", "before a message of FIFO or more everything of FIFO or more is delivered that its sender sent earlier in the configuration"},
	Causal:           {"causal", "5", "before an agreed or safe message everything agreed or safe is delivered that its sender had delivered when it sent it"},
	Agreed:           {"agreed", "6.1, 6.2", "agreed and safe messages stand in one order everywhere, but for those whose place nobody knew who made the cut"},
	NoGap:            {"no-gap", "6.3", "in the order of agreed and safe messages nothing is left out but messages of senders that are not in the configuration"},
	Safe:             {"safe", "7.1", "a safe message is delivered by every member of the configuration that it is delivered in unless it fails"},
	SafeEntered:      {"safe-entered", "7.2", "a safe message is delivered in a regular configuration after all members have entered it"},
}

// Rules are all of them, in the order of the paper.
func Rules() []Rule {
	all := make([]Rule, 0, rules-1)
	for r := Rule(1); r < rules; r++ {
		all = append(all, r)
	}
	return all
}

func (r Rule) String() string {
	if r == 0 || r >= rules {
		return fmt.Sprint("?", uint8(r))
	}
	return ruleTexts[r].name
}

// Property is the number that Moser, Amir, Melliar-Smith and Agarwal give it,
// or nothing: FIFO is not theirs.
func (r Rule) Property() string { return ruleTexts[r%rules].property }

// Promise is what the rule says.
func (r Rule) Promise() string { return ruleTexts[r%rules].promise }

// MarshalText writes the name.
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
