package reddit

import (
	"regexp"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// fullname is an id with its kind: t1 is a comment, t3 a post.
var fullname = regexp.MustCompile(`^t[13]_[a-z0-9]{1,16}$`)

// parse reads a list.
func parse(v gjson.Result) (f found) {
	v.Get("data.children").ForEach(func(_, child gjson.Result) bool {
		f.n++
		d := child.Get("data")
		id := d.Get("name").String()
		created := d.Get("created_utc").Int()
		if !fullname.MatchString(id) || created <= 0 || created > 1<<35 {
			return true
		}
		if f.oldest == 0 || created < f.oldest {
			f.oldest = created
		}
		if gone(d) {
			f.gone = append(f.gone, poststore.Deletion{Platform: platform, ID: id})
			return true
		}
		if p, ok := one(id, created, d); ok {
			f.posts = append(f.posts, p)
		}
		return true
	})
	return f
}

// gone says whether an entry has been deleted by its author or removed by the
// community or by Reddit, or its author's account is no more: nobody can say
// then whose it was.
func gone(d gjson.Result) bool {
	for _, part := range []string{"selftext", "body", "author"} {
		switch d.Get(part).String() {
		case "[deleted]", "[removed]", "[ Removed by Reddit ]", "[deleted by user]":
			return true
		}
	}
	return d.Get("removed_by_category").String() != ""
}

func one(id string, created int64, d gjson.Result) (p post.Post, ok bool) {
	name := d.Get("author").String()
	by := post.Account{ID: d.Get("author_fullname").String(), Handle: name}
	if by.ID == "" {
		by.ID = name
	}
	if by.ID == "" {
		return p, false
	}
	p = post.Post{
		Platform: platform, ID: id, Account: by, Channel: strings.ToLower(d.Get("subreddit").String()), Time: time.Unix(created, 0).UTC(),
		Raw: []byte(d.Raw),
	}
	if link := d.Get("permalink").String(); strings.HasPrefix(link, "/") {
		p.URL = "https://www.reddit.com" + link
	}
	if strings.HasPrefix(id, "t1_") {
		p.Text = d.Get("body").String()
		if to := d.Get("parent_id").String(); fullname.MatchString(to) {
			p.ReplyTo = to
		}
		return p, true
	}
	p.Text = strings.TrimSpace(d.Get("title").String() + "\n\n" + d.Get("selftext").String())
	for _, address := range normalise.Links(p.Text) {
		p.Links = append(p.Links, post.Link{Given: address})
	}
	if to := d.Get("url").String(); to != "" && !d.Get("is_self").Bool() && strings.HasPrefix(to, "http") {
		p.Links = append(p.Links, post.Link{Given: to})
		if d.Get("post_hint").String() == "image" {
			p.Media = []post.Media{{URL: to}}
		}
	}
	if of := d.Get("crosspost_parent").String(); fullname.MatchString(of) {
		p.RepostOf = of
	}
	return p, true
}
