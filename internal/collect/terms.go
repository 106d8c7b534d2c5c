package collect

import (
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/post"
)

// Terms are a platform's rules as far as software can keep them. The runner
// removes what may not be kept; collectors build their limiters from Rates.
type Terms struct {
	// Platform is the platform they are for, as posts name it.
	Platform string
	// Rates bound requests by endpoint, under the names that the collector
	// gives them; "" is for all others.
	Rates map[string]Rate
	// Omit are the parts of a post that may not be kept.
	Omit []Field
	// NoMatching says that accounts may not be matched with those of other
	// platforms. Whoever joins accounts asks it; the runner does not.
	NoMatching bool
	// Source is where the terms can be read.
	Source string
}

// Rate is a number of requests in a time.
type Rate struct {
	Requests int
	Per      time.Duration
}

// Field is a part of a post that terms may forbid to keep.
type Field string

// The fields.
const (
	FieldText     Field = "text"
	FieldMedia    Field = "media"
	FieldNames    Field = "names" // the account's handle and display name
	FieldMentions Field = "mentions"
	FieldRaw      Field = "raw"
)

// Fields are all fields that terms can name.
func Fields() []Field {
	return []Field{FieldText, FieldMedia, FieldNames, FieldMentions, FieldRaw}
}

// Forbid says whether a field may not be kept.
func (t *Terms) Forbid(f Field) bool { return slices.Contains(t.Omit, f) }

// apply removes what may not be kept. The raw record may hold any of it, so
// that it goes with the first field.
func (t *Terms) apply(p *post.Post) {
	for _, f := range t.Omit {
		p.Raw = nil
		switch f {
		case FieldText:
			p.Text = ""
		case FieldMedia:
			p.Media = nil
		case FieldNames:
			p.Account.Handle, p.Account.Name = "", ""
		case FieldMentions:
			p.Mentions = []string{}
		case FieldRaw:
		}
	}
}
