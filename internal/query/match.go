package query

import (
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

// Fold gives the form in which texts and most values are compared: NFKC with
// case folded, without invisible characters, every run of white space one
// space and none at the ends, U+FFFD for what is not UTF-8. Punctuation and
// addresses stay. Folding a folded string changes nothing. An engine that
// keeps texts in this form finds with a plain "contains".
func Fold(s string) string { return normalise.Folded(s) }

// Doc is what a condition is asked about: a post with what its store knows
// of it.
type Doc struct {
	// Post is the newest version; of a deleted post what is left of it. It
	// has been completed by normalise.Post with all parts.
	Post *post.Post
	// Source brought the first version.
	Source string
	// Alias is the pseudonym of Post.Account; Mentions are those of
	// Post.Mentions, as the same function gives them for the post's platform.
	Alias    string
	Mentions []string
	// Deleted says that the post is a tombstone.
	Deleted bool
	// Versions is how many versions there are.
	Versions int
	// Folded is Fold(Post.Text); Match fills it in where it is empty.
	Folded string
}

// text gives the folded text.
func (d *Doc) text() string {
	if d.Folded == "" {
		d.Folded = Fold(d.Post.Text)
	}
	return d.Folded
}

// Match says whether a post meets a condition; nil is met by every post. It
// is the definition of the language:
//
//   - A tombstone is meant only by a condition that speaks of state:deleted
//     (see [AsksDeleted]), whatever else it says.
//   - Text is met where Fold(Post.Text) contains Fold(Value).
//   - Since and Until compare times cut to the microsecond.
//   - Is is met where one of the post's values of the field (see [Values]) is
//     Canonical(Field, Value); for Lang, where one begins with it and "-" too.
func Match(e Expr, d *Doc) bool {
	if d.Deleted && !AsksDeleted(e) {
		return false
	}
	return met(e, d)
}

func met(e Expr, d *Doc) bool {
	switch e := e.(type) {
	case nil:
		return true
	case And:
		for _, x := range e {
			if !met(x, d) {
				return false
			}
		}
		return true
	case Or:
		for _, x := range e {
			if met(x, d) {
				return true
			}
		}
		return false
	case Not:
		return !met(e.X, d)
	case Text:
		return strings.Contains(d.text(), Fold(e.Value))
	case Since:
		return d.Post.Time.UnixMicro() >= e.Time.UnixMicro()
	case Until:
		return d.Post.Time.UnixMicro() < e.Time.UnixMicro()
	case Is:
		v := Canonical(e.Field, e.Value)
		if e.Field == Lang && v != "" {
			t := Fold(d.Post.Lang)
			return t == v || strings.HasPrefix(t, v+"-")
		}
		return slices.Contains(Values(e.Field, d), v)
	}
	return false
}

// AsksDeleted says whether a condition speaks of state:deleted anywhere, be it
// to exclude it.
func AsksDeleted(e Expr) bool {
	switch e := e.(type) {
	case And:
		return slices.ContainsFunc(e, AsksDeleted)
	case Or:
		return slices.ContainsFunc(e, AsksDeleted)
	case Not:
		return AsksDeleted(e.X)
	case Is:
		return e.Field == State && Canonical(State, e.Value) == "deleted"
	}
	return false
}

// Canonical gives the form in which a value of a field is compared. Values of
// Source, Channel and ID stand for themselves; URL is a canonical address and
// Domain a registrable domain where the value can be brought to one; Hashtag
// has no '#', Account and Mention no '@'; all others are folded.
func Canonical(f Field, v string) string {
	switch f {
	case Source, Channel, ID:
		return v
	case URL:
		return normalise.Address(v, false)
	case Domain:
		if d := normalise.Domain(v); d != "" {
			return d
		}
	case Hashtag:
		return normalise.Hashtag(v)
	case Account, Mention:
		return strings.TrimLeft(Fold(v), "@ ")
	}
	return Fold(v)
}

// Values gives a post's values of a field in the form of [Canonical], without
// order of meaning. Platform, Source, Account, Channel and Lang have one value,
// which is empty where nothing is known; Type has one; the others have any
// number.
func Values(f Field, d *Doc) []string {
	p := d.Post
	switch f {
	case Platform:
		return []string{Fold(p.Platform)}
	case Source:
		return []string{d.Source}
	case Account:
		return []string{Canonical(Account, d.Alias)}
	case Channel:
		return []string{p.Channel}
	case Lang:
		return []string{Fold(p.Lang)}
	case URL:
		return each(len(p.Links), func(i int) string { return p.Links[i].URL })
	case Domain:
		return each(len(p.Links), func(i int) string { return normalise.Domain(p.Links[i].URL) })
	case Hashtag:
		return each(len(p.Hashtags), func(i int) string { return normalise.Hashtag(p.Hashtags[i]) })
	case Mention:
		return each(len(d.Mentions), func(i int) string { return Canonical(Mention, d.Mentions[i]) })
	case Type:
		return []string{TypeOf(p)}
	case Has:
		return marks(
			mark{"link", len(p.Links) > 0}, mark{"media", len(p.Media) > 0}, mark{"hashtag", len(p.Hashtags) > 0},
			mark{"mention", len(p.Mentions) > 0}, mark{"text", d.text() != ""})
	case State:
		return marks(mark{"deleted", d.Deleted}, mark{"edited", d.Versions > 1}, mark{"synthetic", p.Synthetic})
	case ID:
		switch {
		case p.ID == "":
			return nil
		case p.Platform == "":
			return []string{p.ID}
		}
		return []string{p.ID, p.Platform + ":" + p.ID}
	}
	return nil
}

// each gives the distinct values that are not empty.
func each(n int, value func(i int) string) []string {
	var out []string
	for i := range n {
		if v := value(i); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// mark is a name and whether it holds.
type mark struct {
	name  string
	holds bool
}

func marks(all ...mark) []string {
	var out []string
	for _, m := range all {
		if m.holds {
			out = append(out, m.name)
		}
	}
	return out
}

// TypeOf gives the type of a post: "repost", "quote", "reply" or "post", the
// first that holds.
func TypeOf(p *post.Post) string {
	switch {
	case p.RepostOf != "":
		return "repost"
	case p.QuoteOf != "":
		return "quote"
	case p.ReplyTo != "":
		return "reply"
	}
	return "post"
}
