package mandate

import (
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Of gives an account of the post store.
func Of(a *poststore.Account) Account { return Account{Platform: a.Platform, Account: a.Account} }

// Author gives the account that published a post.
func Author(p *post.Post) Account { return Account{Platform: p.Platform, Account: p.Account} }

// Post gives a post of the store as the viewer may see it: see Record. Key and
// Alias stay, so that pages can point to the post and its account.
func (v *Veil) Post(p *poststore.Post) poststore.Post {
	out := *p
	out.Post = v.Record(&p.Post)
	out.Source = v.Text(p.Platform, p.Source)
	out.Alias = v.Account(Author(&p.Post)).Alias
	return out
}

// Record gives a post as the viewer may see it. The account, mentions, the
// channel, addresses, ids and the text are veiled; the account of a veiled post
// has its pseudonym for an id, and neither handle nor name. The raw record and
// hand labels, in which anything may stand, are left out. The post itself is
// not changed.
func (v *Veil) Record(p *post.Post) post.Post {
	out := post.Post{
		Platform: p.Platform, Time: p.Time, Lang: p.Lang, Synthetic: p.Synthetic,
		ID:       v.PostID(p.Platform, p.ID),
		Text:     v.Text(p.Platform, p.Text),
		URL:      v.URL(p.Platform, p.URL),
		RepostOf: v.PostID(p.Platform, p.RepostOf),
		ReplyTo:  v.PostID(p.Platform, p.ReplyTo),
		QuoteOf:  v.PostID(p.Platform, p.QuoteOf),
		Object:   v.Text(p.Platform, p.Object),
		Hashtags: each(p.Hashtags, func(s string) string { return v.Text(p.Platform, s) }),
		Mentions: each(p.Mentions, func(s string) string { return v.Mention(p.Platform, s) }),
		Links: each(p.Links, func(l post.Link) post.Link {
			return post.Link{Given: v.URL(p.Platform, l.Given), URL: v.URL(p.Platform, l.URL)}
		}),
		Media: each(p.Media, func(m post.Media) post.Media {
			return post.Media{ID: v.PostID(p.Platform, m.ID), URL: v.URL(p.Platform, m.URL), Hash: m.Hash}
		}),
		Origin: post.Origin{File: v.Text(p.Platform, p.Origin.File), Line: p.Origin.Line},
	}
	author := v.Account(Author(p))
	if author.Named {
		out.Account = post.Account{ID: author.ID, Handle: author.Handle, Name: author.Name}
		if p.Channel != "" && (p.Channel == p.Account.ID || fold(p.Channel) == fold(p.Account.Handle)) {
			out.Channel = p.Channel
			return out
		}
	} else if p.Account.ID != "" || p.Account.Handle != "" || p.Account.Name != "" {
		out.Account = post.Account{ID: author.Alias}
	}
	out.Channel = v.Channel(p.Platform, p.Channel)
	return out
}

// each gives what f makes of each, in a list of its own; nil of nil.
func each[T any](list []T, f func(T) T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}
