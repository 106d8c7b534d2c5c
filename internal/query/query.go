// Package query reads the filter language that people type into search boxes
// and says which posts it means.
//
//	lang:ja source:telegram after:2026-11-01 "処理水" (iaea OR fukushima) -type:repost
//
// Package poststore's engines translate a [Expr] to their own language;
// [Match] is the definition that they are tested against.
package query

import "time"

// Expr is a condition on posts: And, Or, Not, Text, Is, or Since and Until.
// An empty And is met by every post, an empty Or by none.
type Expr interface{ expr() }

type (
	// And is met where all of its parts are.
	And []Expr
	// Or is met where one of its parts is.
	Or []Expr
	// Not is met where X is not.
	Not struct{ X Expr }
	// Text is met where the post's text contains Value, both folded (see
	// [Fold]). It is a part of a text, not a word: languages without spaces
	// have no words to look for.
	Text struct{ Value string }
	// Is is met where the post's field has the value.
	Is struct {
		Field Field
		Value string
	}
	// Since is met by posts published at the time or after it.
	Since struct{ Time time.Time }
	// Until is met by posts published before the time.
	Until struct{ Time time.Time }
)

func (And) expr()   {}
func (Or) expr()    {}
func (Not) expr()   {}
func (Text) expr()  {}
func (Is) expr()    {}
func (Since) expr() {}
func (Until) expr() {}

// Field is something of a post that can be asked for.
type Field string

// The fields. A value is compared in the form that [Canonical] gives it with
// those that [Values] finds in a post.
const (
	Platform Field = "platform" // Post.Platform, also written source:
	Source   Field = "via"      // the import or collector that brought the post
	Account  Field = "account"  // the account's pseudonym
	Channel  Field = "channel"  // Post.Channel
	Lang     Field = "lang"     // Post.Lang: "zh" means zh-Hant too
	URL      Field = "url"      // a link's canonical address
	Domain   Field = "domain"   // a link's registrable domain
	Hashtag  Field = "hashtag"  // also written #tag
	Mention  Field = "mention"  // the pseudonym of an account that the post names
	Type     Field = "type"     // "post", "repost", "reply", "quote"
	Has      Field = "has"      // "link", "media", "hashtag", "mention", "text"
	State    Field = "state"    // "deleted", "edited", "synthetic"
	ID       Field = "id"       // Post.ID, or platform:ID
)
