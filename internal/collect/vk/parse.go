package vk

import (
	"fmt"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

// parse reads the response of newsfeed.search or wall.get with extended=1; n is
// how many posts it has, readable or not.
func parse(v gjson.Result) (posts []post.Post, n int) {
	accounts := map[int64]post.Account{}
	v.Get("profiles").ForEach(func(_, u gjson.Result) bool {
		id := u.Get("id").Int()
		a := account(id)
		a.Name = strings.TrimSpace(u.Get("first_name").String() + " " + u.Get("last_name").String())
		if s := u.Get("screen_name").String(); s != "" {
			a.Handle = s
		}
		accounts[id] = a
		return true
	})
	v.Get("groups").ForEach(func(_, g gjson.Result) bool {
		id := -g.Get("id").Int()
		a := account(id)
		a.Name = g.Get("name").String()
		if s := g.Get("screen_name").String(); s != "" {
			a.Handle = s
		}
		accounts[id] = a
		return true
	})
	v.Get("items").ForEach(func(_, item gjson.Result) bool {
		n++
		if p, ok := one(item, accounts); ok {
			posts = append(posts, p)
		}
		return true
	})
	return posts, n
}

// account is what is known of an account by its number alone.
func account(id int64) post.Account {
	handle := fmt.Sprintf("id%d", id)
	if id < 0 {
		handle = fmt.Sprintf("club%d", -id)
	}
	return post.Account{ID: fmt.Sprint(id), Handle: handle}
}

// identity is a post's id: owner_post.
func identity(item gjson.Result) (id string, owner int64) {
	owner = item.Get("owner_id").Int()
	number := item.Get("id").Int()
	if owner == 0 || number <= 0 {
		return "", 0
	}
	return fmt.Sprintf("%d_%d", owner, number), owner
}

func one(item gjson.Result, accounts map[int64]post.Account) (p post.Post, ok bool) {
	id, owner := identity(item)
	date := item.Get("date").Int()
	if id == "" || date <= 0 || date > 1<<35 {
		return p, false
	}
	from := item.Get("from_id").Int()
	if from == 0 {
		from = owner
	}
	by, known := accounts[from]
	if !known {
		by = account(from)
	}
	p = post.Post{
		Platform: platform, ID: id, Account: by, Time: time.Unix(date, 0).UTC(), Text: item.Get("text").String(),
		URL: "https://vk.com/wall" + id, Raw: []byte(item.Raw),
	}
	if owner != from {
		p.Channel = fmt.Sprint(owner)
	}
	if of, _ := identity(item.Get("copy_history.0")); of != "" {
		p.RepostOf = of
	}
	// A comment that the search finds names the post that it answers.
	if to := item.Get("post_id").Int(); item.Get("post_type").String() == "reply" && to > 0 {
		p.ReplyTo = fmt.Sprintf("%d_%d", owner, to)
		p.URL = fmt.Sprintf("https://vk.com/wall%s?reply=%d", p.ReplyTo, item.Get("id").Int())
	}
	for _, address := range normalise.Links(p.Text) {
		p.Links = append(p.Links, post.Link{Given: address})
	}
	item.Get("attachments").ForEach(func(_, a gjson.Result) bool {
		kind := a.Get("type").String()
		of := a.Get(gjson.Escape(kind))
		switch kind {
		case "link":
			if u := of.Get("url").String(); u != "" {
				p.Links = append(p.Links, post.Link{Given: u})
			}
		case "photo", "video", "doc", "audio":
			m := post.Media{URL: file(kind, of)}
			if name, _ := identity(of); name != "" {
				m.ID = kind + name
			}
			if m != (post.Media{}) {
				p.Media = append(p.Media, m)
			}
		}
		return true
	})
	return p, true
}

// file is where an attachment lies: the largest form of a photo, the page of a
// video, the file of a document.
func file(kind string, v gjson.Result) (address string) {
	if kind == "video" {
		if id, _ := identity(v); id != "" {
			return "https://vk.com/video" + id
		}
		return ""
	}
	if kind != "photo" {
		return v.Get("url").String()
	}
	var width int64 = -1
	v.Get("sizes").ForEach(func(_, s gjson.Result) bool {
		if w := s.Get("width").Int(); w > width && s.Get("url").String() != "" {
			width, address = w, s.Get("url").String()
		}
		return true
	})
	return address
}
