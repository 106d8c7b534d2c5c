package enrich

import (
	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

// Options say how [Traces] reads a post's objects.
type Options struct {
	// URLsAsGiven and HashtagsAsGiven are the options of the same names that
	// normalise.Post ran with; here they hold for Post.Object and for the
	// addresses of media.
	URLsAsGiven, HashtagsAsGiven bool
	// ObjectAs is the behaviour that Post.Object counts under. Under URL it
	// is brought to its canonical form, under Domain to its registrable
	// domain, under Hashtag to its normal form; under any other it counts as
	// it is.
	ObjectAs coordination.Behaviour
}

// sequenceLeast is how many distinct hashtags make a sequence (Pacheco et al.
// 2021 call for enough that agreement in order is no accident).
const sequenceLeast = 3

// Traces calls emit for each object that a post acts on under one of the
// behaviours, in the order of the behaviours and within one in the post's
// order; never twice for the same object under the same behaviour. The post
// must have been completed by normalise.Post for by.Parts.
//
//   - object: Post.Object, unless Options.ObjectAs has it count under another
//     behaviour; it is then the first object there.
//   - url: the links' addresses.
//   - domain: the links' registrable domains, but not those of shorteners, which
//     hide where a link points to, nor the platform's own.
//   - hashtag: the hashtags.
//   - hashtag-sequence: the hashtags in order, each where it first stands, as
//     "#a #b #c", if there are three or more.
//   - repost, reply: the id of the post repeated or answered; mention: the
//     account named. "platform:" stands before them where the platform is
//     known, since ids mean nothing elsewhere.
//   - text: what [TextObject] gives; nothing for a repost, whose text another
//     account wrote and which shows under repost.
//   - image: of each file the hash, else "platform:" and its id, else its address.
func Traces(p *post.Post, by Behaviours, o Options, emit func(b coordination.Behaviour, object string)) {
	if p.Object != "" && o.ObjectAs == coordination.Object && by.Has(coordination.Object) {
		emit(coordination.Object, p.Object)
	}
	each := func(b coordination.Behaviour, n int, object func(i int) string) {
		if !by.Has(b) || n == 0 && (p.Object == "" || o.ObjectAs != b) {
			return
		}
		var d distinct
		if p.Object != "" && o.ObjectAs == b {
			if s := stated(p, o); s != "" && d.add(s) {
				emit(b, s)
			}
		}
		for i := range n {
			if s := object(i); s != "" && d.add(s) {
				emit(b, s)
			}
		}
	}
	each(coordination.URL, len(p.Links), func(i int) string { return p.Links[i].URL })
	each(coordination.Domain, len(p.Links), func(i int) string { return domain(p.Platform, p.Links[i].URL) })
	each(coordination.Hashtag, len(p.Hashtags), func(i int) string { return p.Hashtags[i] })
	sequences := 0
	if len(p.Hashtags) >= sequenceLeast {
		sequences = 1
	}
	each(coordination.HashtagSequence, sequences, func(int) string { return sequence(p.Hashtags) })
	each(coordination.Repost, one(p.RepostOf), func(int) string { return native(p.Platform, p.RepostOf) })
	each(coordination.Reply, one(p.ReplyTo), func(int) string { return native(p.Platform, p.ReplyTo) })
	each(coordination.Mention, len(p.Mentions), func(i int) string { return native(p.Platform, p.Mentions[i]) })
	texts := 0
	if p.RepostOf == "" {
		texts = one(p.Text)
	}
	each(coordination.Text, texts, func(int) string { return TextObject(p.Text) })
	each(coordination.Image, len(p.Media), func(i int) string { return image(p, i, o) })
}

// one counts a value that is there or not.
func one(s string) int {
	if s == "" {
		return 0
	}
	return 1
}

// stated gives the object of a long table as the behaviour that it counts
// under has its objects.
func stated(p *post.Post, o Options) string {
	switch o.ObjectAs {
	case coordination.URL:
		return normalise.Address(p.Object, o.URLsAsGiven)
	case coordination.Domain:
		return domain(p.Platform, normalise.Address(p.Object, o.URLsAsGiven))
	case coordination.Hashtag:
		return normalise.Tag(p.Object, o.HashtagsAsGiven)
	}
	return p.Object
}

// domain gives the registrable domain of an address; nothing where that says
// nothing.
func domain(platform, address string) string {
	d := normalise.Domain(address)
	if d == "" || shortener(d) || own(platform, d) {
		return ""
	}
	return d
}

// sequence joins the distinct hashtags in order; nothing if they are too few.
func sequence(tags []string) string {
	var d distinct
	var room [256]byte
	out := room[:0]
	for _, t := range tags {
		if t == "" || !d.add(t) {
			continue
		}
		if len(out) > 0 {
			out = append(out, ' ')
		}
		out = append(out, '#')
		out = append(out, t...)
	}
	if d.n < sequenceLeast {
		return ""
	}
	return string(out)
}

// native gives an id that is the platform's own so that it is none elsewhere.
func native(platform, id string) string {
	if platform == "" || id == "" {
		return id
	}
	return platform + ":" + id
}

// image names a file so that visually equal ones have equal names as far as
// the source tells.
func image(p *post.Post, i int, o Options) string {
	switch m := &p.Media[i]; {
	case m.Hash != "":
		return m.Hash
	case m.ID != "":
		return native(p.Platform, m.ID)
	default:
		return normalise.Address(m.URL, o.URLsAsGiven)
	}
}

// distinct is a set of strings. Posts have few objects; the map is for those
// that were made to have many.
type distinct struct {
	few [16]string
	n   int
	all map[string]struct{} // all but the few, once they are full
}

// add says that s was not there before.
func (d *distinct) add(s string) bool {
	for i := range min(d.n, len(d.few)) {
		if d.few[i] == s {
			return false
		}
	}
	if d.n < len(d.few) {
		d.few[d.n] = s
		d.n++
		return true
	}
	if _, have := d.all[s]; have {
		return false
	}
	if d.all == nil {
		d.all = make(map[string]struct{})
	}
	d.all[s] = struct{}{}
	d.n++
	return true
}
