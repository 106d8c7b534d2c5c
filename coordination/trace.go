package coordination

import (
	"fmt"
	"strings"
	"time"

	"github.com/zeebo/xxh3"
)

// Behaviour is a way of acting on something: the layer of the network that a
// trace belongs to. Traces of different behaviours never co-act.
type Behaviour uint8

// The behaviours, in the order in which they are shown.
const (
	// Object is what a long table (object, account, content, time) states
	// without saying what kind of thing its objects are.
	Object Behaviour = iota
	// URL is pointing to the same address.
	URL
	// Domain is pointing to the same registrable domain.
	Domain
	// Hashtag is using the same hashtag.
	Hashtag
	// HashtagSequence is using the same hashtags (three or more) in the
	// same order (Pacheco et al. 2021).
	HashtagSequence
	// Repost is repeating the same post.
	Repost
	// Reply is answering the same post.
	Reply
	// Mention is naming the same account.
	Mention
	// Text is publishing the same text.
	Text
	// Image is publishing the same image.
	Image

	// NumBehaviours is how many behaviours there are.
	NumBehaviours = int(Image) + 1
)

var behaviourNames = [NumBehaviours]string{
	"object", "url", "domain", "hashtag", "hashtag-sequence",
	"repost", "reply", "mention", "text", "image",
}

// String gives the behaviour's name as it is written in files and flags.
func (b Behaviour) String() string {
	if int(b) < len(behaviourNames) {
		return behaviourNames[b]
	}
	return fmt.Sprintf("behaviour(%d)", uint8(b))
}

// ParseBehaviour is the inverse of [Behaviour.String].
func ParseBehaviour(s string) (Behaviour, error) {
	for i, n := range behaviourNames {
		if n == s {
			return Behaviour(i), nil //nolint:gosec // i < NumBehaviours
		}
	}
	return 0, fmt.Errorf("unknown behaviour %q: want one of %s", s, strings.Join(behaviourNames[:], ", "))
}

// Trace says that an account acted on an object at a time, in a post. It is
// the unit that the engine reads.
type Trace struct {
	// Account names who acted. Equal strings are the same account.
	Account string
	// Behaviour is how the account acted.
	Behaviour Behaviour
	// Object is what it acted on: an address, a hashtag, a post's id.
	// Equal strings under the same behaviour are the same object.
	Object string
	// Time is when. The engine works in whole microseconds.
	Time time.Time
	// Post is the [Key] of the post that shows it. A post may give any
	// number of traces; equal keys are the same post.
	Post PostKey
}

// PostKey stands for a post in the engine, which never looks into posts: it
// only compares them and names them as evidence. The caller keeps the way
// back from key to post.
type PostKey uint64

// Key gives the key of a post's id: its XXH3 hash. Among a hundred million
// posts the chance that any two share a key is below one in three thousand.
func Key(id string) PostKey { return PostKey(xxh3.HashString(id)) }
