package file

import (
	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

// akashiFormat is what [AppendPost] writes.
var akashiFormat = format{
	name:  "akashi",
	about: "Akashi's own NDJSON: platform, id, account{id, handle, name}, time, text, links, hashtags, …",
	match: func(v gjson.Result) bool {
		return v.Get("account.id").Exists() && v.Get("time").Exists() && v.Get("id").Exists() &&
			!v.Get("created_at").Exists()
	},
	paths: map[role]string{
		rolePlatform: "platform", rolePost: "id", roleAccount: "account.id", roleHandle: "account.handle", roleName: "account.name",
		roleChannel: "channel", roleTime: "time", roleText: "text", roleLang: "lang", rolePermalink: "url", roleURL: "links",
		roleHashtag: "hashtags", roleMention: "mentions", roleImage: "media", roleRepost: "repost_of", roleReply: "reply_to",
		roleQuote: "quote_of", roleObject: "object",
	},
	read: readAkashi,
}

func readAkashi(e *entry, v gjson.Result) *rowError {
	p := e.add()
	var when gjson.Result
	v.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "platform":
			p.Platform = value.String()
		case "id":
			p.ID = value.String()
		case "account":
			value.ForEach(func(key, value gjson.Result) bool {
				switch key.Str {
				case "id":
					p.Account.ID = value.String()
				case "handle":
					p.Account.Handle = value.String()
				case "name":
					p.Account.Name = value.String()
				}
				return true
			})
		case "channel":
			p.Channel = value.String()
		case "time":
			when = value
		case "text":
			p.Text = value.String()
		case "lang":
			p.Lang = value.String()
		case "url":
			p.URL = value.String()
		case "links":
			if e.need.has(NeedLinks) {
				p.Links = []post.Link{}
				value.ForEach(func(_, v gjson.Result) bool {
					p.Links = append(p.Links, post.Link{Given: v.String()})
					return true
				})
			}
		case "hashtags":
			if e.need.has(NeedHashtags) {
				p.Hashtags = texts(value)
			}
		case "mentions":
			if e.need.has(NeedMentions) {
				p.Mentions = texts(value)
			}
		case "media":
			if e.need.has(NeedMedia) {
				p.Media = []post.Media{}
				value.ForEach(func(_, v gjson.Result) bool {
					p.Media = append(p.Media, post.Media{ID: v.Get("id").String(), URL: v.Get("url").String(), Hash: v.Get("hash").String()})
					return true
				})
			}
		case "repost_of":
			p.RepostOf = value.String()
		case "reply_to":
			p.ReplyTo = value.String()
		case "quote_of":
			p.QuoteOf = value.String()
		case "object":
			p.Object = value.String()
		case "labels":
			if value.IsObject() {
				p.Labels = map[string]string{}
				value.ForEach(func(key, value gjson.Result) bool {
					p.Labels[key.String()] = value.String()
					return true
				})
			}
		case "synthetic":
			p.Synthetic = value.Bool()
		}
		return true
	})
	if p.ID == "" && e.given[rolePost] == "" {
		return bad("an id in id", "nothing")
	}
	if p.Account.ID == "" && e.given[roleAccount] == "" {
		return bad("an account in account.id", "nothing")
	}
	return e.when(p, "time", when)
}

// texts gives the strings of a list; empty and not nil where there are none.
func texts(list gjson.Result) []string {
	out := []string{}
	list.ForEach(func(_, v gjson.Result) bool {
		if s := scalar(v); s != "" {
			out = append(out, s)
		}
		return true
	})
	return out
}
