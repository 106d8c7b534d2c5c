package web

import (
	"fmt"
	"html/template"
	"time"

	"github.com/akashi-project/akashi/internal/poststore"
)

// Limits of what a post card shows of a long text. The rest is on the post's
// own page.
const (
	cardText  = 480    // characters at first
	cardMost  = 20_000 // characters when unfolded
	cardLinks = 8
	cardTags  = 20
)

// PostCard is a post as pages show it; the template "post" draws it. Nothing in
// it can act: text is text, addresses are text, media are counted.
type PostCard struct {
	// ID is the element's id; Link leads to the post's page.
	ID, Link string
	// Author is the account's pseudonym, or its name where it may be shown:
	// Named says so. AuthorLink leads to the account.
	Author, AuthorLink string
	Named              bool
	Platform, Channel  string
	Time               time.Time
	// Kind is "post", "repost", "reply" or "quote".
	Kind string
	Lang string
	// Head is the text as far as it is shown at first, Rest what unfolds,
	// Cut how many characters more the text has.
	Head, Rest string
	Cut        int
	Links      []string
	MoreLinks  int
	Hashtags   []string
	Media      int
	// Original is the post's address on its platform.
	Original string
	// Why says why the post stands here.
	Why       template.HTML
	Synthetic bool
	Deleted   time.Time
	Versions  int
	Seen      time.Time
	// Translation is the text in the reader's language, by a machine, and
	// By which; empty where there is none. It is folded at first.
	Translation, By string
	// Label is the name of the card for people who hear the page.
	Heading int
}

// cardOf makes the card of a post. The author is shown by pseudonym; who may
// show a name sets Author and Named afterwards.
func cardOf(p poststore.Post) PostCard {
	c := PostCard{
		ID: fmt.Sprintf("post-%016x", uint64(p.Key)), Author: p.Alias, Platform: p.Platform, Channel: p.Channel, Time: p.Time,
		Kind: "post", Lang: p.Lang, Hashtags: p.Hashtags, Media: len(p.Media), Original: p.URL,
		Synthetic: p.Synthetic, Deleted: p.Deleted, Versions: p.Versions, Seen: p.Seen,
	}
	switch {
	case p.RepostOf != "":
		c.Kind = "repost"
	case p.ReplyTo != "":
		c.Kind = "reply"
	case p.QuoteOf != "":
		c.Kind = "quote"
	}
	c.setText(p.Text)
	for i, l := range p.Links {
		if i == cardLinks {
			c.MoreLinks = len(p.Links) - cardLinks
			break
		}
		address := l.URL
		if address == "" {
			address = l.Given
		}
		c.Links = append(c.Links, address)
	}
	if len(c.Hashtags) > cardTags {
		c.Hashtags = c.Hashtags[:cardTags]
	}
	return c
}

// setText folds the text.
func (c *PostCard) setText(text string) {
	var over string
	c.Head, c.Rest = fold(text, cardText)
	c.Rest, over = fold(c.Rest, cardMost)
	c.Cut = len([]rune(over))
}
