package enrich

import (
	"fmt"
	"strings"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/normalise"
)

// Behaviours is a set of behaviours: bit b stands for coordination.Behaviour b.
type Behaviours uint16

// All is the set of every behaviour.
const All Behaviours = 1<<coordination.NumBehaviours - 1

// Of is the set of the behaviours given.
func Of(bs ...coordination.Behaviour) Behaviours {
	var set Behaviours
	for _, b := range bs {
		set |= 1 << b
	}
	return set
}

// ParseBehaviours reads names separated by commas, such as "url,hashtag";
// "all" is every behaviour. White space around names does not count.
func ParseBehaviours(s string) (Behaviours, error) {
	var set Behaviours
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name == "all" {
			set |= All
			continue
		}
		b, err := coordination.ParseBehaviour(name)
		if err != nil {
			return 0, fmt.Errorf("reading the behaviours %q: %w", s, err)
		}
		set |= 1 << b
	}
	return set, nil
}

// Has says that b is in the set.
func (s Behaviours) Has(b coordination.Behaviour) bool { return s>>b&1 != 0 }

// Names gives the names of the set's behaviours in the order in which they are
// shown.
func (s Behaviours) Names() []string {
	var names []string
	for i := range coordination.NumBehaviours {
		if b := coordination.Behaviour(i); s.Has(b) { //nolint:gosec // i < NumBehaviours
			names = append(names, b.String())
		}
	}
	return names
}

// String gives the names separated by commas: the inverse of
// [ParseBehaviours].
func (s Behaviours) String() string { return strings.Join(s.Names(), ",") }

// Parts says what of a post [Traces] reads for these behaviours and
// normalise.Post must therefore have completed. The time is always among it.
func (s Behaviours) Parts() normalise.Parts {
	parts := normalise.PartTime
	if s&(1<<coordination.URL|1<<coordination.Domain) != 0 {
		parts |= normalise.PartLinks
	}
	if s&(1<<coordination.Hashtag|1<<coordination.HashtagSequence) != 0 {
		parts |= normalise.PartHashtags
	}
	if s.Has(coordination.Mention) {
		parts |= normalise.PartMentions
	}
	return parts
}
