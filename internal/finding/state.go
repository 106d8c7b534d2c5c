package finding

import (
	"errors"
	"fmt"
	"slices"
)

// State is where a finding stands in its life.
type State string

// The states.
const (
	// StateNew was seen by no one yet, or came back after it was dismissed.
	StateNew State = "new"
	// StateTriaged was looked at and is being worked on.
	StateTriaged State = "triaged"
	// StateLinked belongs to an incident.
	StateLinked State = "linked"
	// StateDismissed needs nothing further, for a reason that is kept.
	StateDismissed State = "dismissed"
)

// States are all states, in the order in which they are shown.
var States = []State{StateNew, StateTriaged, StateLinked, StateDismissed}

// Reason is the code of why a finding was dismissed. It speaks of behaviour,
// never of what people believe.
type Reason string

// The reasons.
const (
	ReasonFans       Reason = "fan-activity"        // a fan community or its campaign
	ReasonNews       Reason = "news"                // outlets, or people sharing the same news
	ReasonAutomation Reason = "declared-automation" // alert bots and the like that say what they are
	ReasonCivic      Reason = "open-campaign"       // an openly organised campaign or event
	ReasonCommerce   Reason = "commerce"            // advertising, shops, games
	ReasonChance     Reason = "chance"              // shared topic or time, nothing else
	ReasonData       Reason = "data-error"          // wrong times, doubled records
	ReasonDuplicate  Reason = "duplicate"           // another finding shows the same
	ReasonMinor      Reason = "minor"               // coordinated, but of no weight
	ReasonOther      Reason = "other"               // as the text says
)

// Reasons are all reasons, in the order in which they are shown.
var Reasons = []Reason{
	ReasonFans, ReasonNews, ReasonAutomation, ReasonCivic, ReasonCommerce, ReasonChance, ReasonData,
	ReasonDuplicate, ReasonMinor, ReasonOther,
}

// Standing is the part of a finding that people decide on: what a change
// changes and an undo brings back.
type Standing struct {
	State State `json:"state"`
	// Reason and ReasonText say why the finding was dismissed.
	Reason     Reason `json:"reason,omitempty"`
	ReasonText string `json:"reason_text,omitempty"`
	// Link is the id of the incident that a linked finding belongs to.
	Link string `json:"link,omitempty"`
	// Owner is the id of the person who works on it; empty for nobody.
	Owner string `json:"owner,omitempty"`
	// Base is how many accounts the group had when it was dismissed.
	Base int `json:"base,omitempty"`
}

// Change is what a person decides on one or more findings.
type Change struct {
	// State is the new state; empty leaves it.
	State State `json:"state,omitempty"`
	// Reason is required for StateDismissed, ReasonText for ReasonOther (at most
	// 2,000 bytes).
	Reason     Reason `json:"reason,omitempty"`
	ReasonText string `json:"reason_text,omitempty"`
	// Link is required for StateLinked.
	Link string `json:"link,omitempty"`
	// Owner is the id of the new owner, "" for nobody; nil leaves it.
	Owner *string `json:"owner,omitempty"`
	// Versions are the versions of the findings that the person saw, by id as
	// given; those named are checked, and casestore.ErrConflict returned
	// where one is another.
	Versions map[string]int64 `json:"versions,omitempty"`
}

// ErrInvalid says that what was asked for cannot be; the text says why.
var ErrInvalid = errors.New("invalid")

func invalid(format string, a ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, a...))
}

// longest texts that people write here, in bytes.
const (
	reasonLimit = 2_000
	noteLimit   = 20_000
)

// check says whether a change can be.
func (c *Change) check() error {
	switch {
	case c.State == "" && c.Owner == nil:
		return invalid("a change of neither state nor owner")
	case c.State != "" && !slices.Contains(States, c.State):
		return invalid("no state %q", c.State)
	case c.State == StateDismissed && !slices.Contains(Reasons, c.Reason):
		return invalid("dismissing needs a reason; %q is none", c.Reason)
	case c.State == StateDismissed && c.Reason == ReasonOther && c.ReasonText == "":
		return invalid("the reason %q needs a text", c.Reason)
	case c.State != StateDismissed && (c.Reason != "" || c.ReasonText != ""):
		return invalid("only dismissing has a reason")
	case len(c.ReasonText) > reasonLimit:
		return invalid("a reason of more than %d bytes", reasonLimit)
	case c.State == StateLinked && c.Link == "":
		return invalid("linking needs what is linked to")
	case c.State != StateLinked && c.Link != "":
		return invalid("only the state %q has a link", StateLinked)
	case len(c.Link) > 200:
		return invalid("a link of more than 200 bytes")
	case c.Owner != nil && len(*c.Owner) > 200:
		return invalid("an owner's id of more than 200 bytes")
	}
	return nil
}

// on gives what a finding of so many accounts comes to by the change.
func (c *Change) on(s Standing, accounts int) Standing {
	if c.Owner != nil {
		s.Owner = *c.Owner
	}
	if c.State == "" {
		return s
	}
	s = Standing{State: c.State, Reason: c.Reason, ReasonText: c.ReasonText, Link: c.Link, Owner: s.Owner}
	if c.State == StateDismissed {
		s.Base = accounts
	}
	return s
}

// Regrown says whether a group of base accounts when its finding was dismissed
// has grown so much that the finding returns to new: by half, and by three
// accounts at least.
func Regrown(base, accounts int) bool {
	return accounts >= base+3 && 2*accounts >= 3*base
}
