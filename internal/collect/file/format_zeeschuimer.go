package file

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

// zeeschuimerFormat is what the browser extension Zeeschuimer captures: a
// platform's own object under data, with a note on where it was seen. 4CAT
// stores the same with the note under __import_meta and the object around it.
var zeeschuimerFormat = format{
	name:  "zeeschuimer",
	about: "Zeeschuimer capture (NDJSON): X, TikTok, Instagram, Truth Social, Threads, others as far as they can be read",
	match: func(v gjson.Result) bool {
		return v.Get("source_platform").Exists() && v.Get("data").IsObject() || v.Get("__import_meta").IsObject()
	},
	paths: map[role]string{
		rolePlatform: "source_platform", rolePost: "data (id)", roleAccount: "data (author)", roleTime: "data (time)", roleText: "data (text)",
	},
	read: func(e *entry, v gjson.Result) *rowError {
		meta, data := v, v.Get("data")
		if m := v.Get("__import_meta"); m.IsObject() {
			meta = m
			if !data.IsObject() || !v.Get("source_platform").Exists() {
				data = v
			}
		}
		source := meta.Get("source_platform").String()
		platform := platformOf(source)
		if platform == "" {
			platform = strings.TrimSuffix(strings.ToLower(source), ".com")
			if name, found := strings.CutSuffix(platform, "-comments"); found {
				platform = name
			}
		}
		var why *rowError
		switch {
		case data.Get("legacy").IsObject():
			why = captureTweet(e, data)
		case data.Get("createTime").Exists() && data.Get("desc").Exists():
			why = captureTikTok(e, data)
		case data.Get("aweme_id").Exists() && data.Get("cid").Exists():
			why = captureTikTokComment(e, data)
		case data.Get("code").Exists() && data.Get("user").IsObject() || data.Get("shortcode").Exists():
			why = captureMeta(e, data, platform)
		default:
			why = captureOther(e, data, scalar(meta.Get("item_id")))
		}
		if why == nil && platform != "" {
			e.out.posts[len(e.out.posts)-1].Platform = platform
		}
		return why
	},
}

// captureTweet reads a post as X's own pages get it.
func captureTweet(e *entry, v gjson.Result) *rowError {
	if t := v.Get("tweet"); t.IsObject() && t.Get("legacy").IsObject() {
		v = t // a post with limited visibility
	}
	p := e.add()
	p.Platform = "x"
	legacy := v.Get("legacy")
	if p.ID = firstText(v, "rest_id", "legacy.id_str", "id"); p.ID == "" {
		return bad("an id in data.rest_id", "nothing")
	}
	user := v.Get("core.user_results.result")
	p.Account = post.Account{
		ID:     firstText(v, "legacy.user_id_str", "core.user_results.result.rest_id", "user.id_str"),
		Handle: firstText(user, "core.screen_name", "legacy.screen_name"),
		Name:   firstText(user, "core.name", "legacy.name"),
	}
	if p.Account.Handle == "" {
		p.Account.Handle, p.Account.Name = firstText(v, "user.screen_name"), firstText(v, "user.name")
	}
	if p.Account.ID == "" {
		p.Account.ID = p.Account.Handle
	}
	p.Text = firstText(legacy, "full_text", "text")
	if long := v.Get("note_tweet.note_tweet_results.result.text"); long.Exists() {
		p.Text = long.String()
	}
	p.Lang = legacy.Get("lang").String()
	p.URL = "https://x.com/i/web/status/" + p.ID
	if p.Account.Handle != "" {
		p.URL = "https://x.com/" + p.Account.Handle + "/status/" + p.ID
	}
	p.ReplyTo = firstText(legacy, "in_reply_to_status_id_str")
	entities := legacy
	if original := unwrapTweet(legacy.Get("retweeted_status_result.result")); original.Exists() {
		p.RepostOf = firstText(original, "rest_id", "legacy.id_str")
		entities = original.Get("legacy")
		if text := entities.Get("full_text"); text.Exists() {
			handle := firstText(original, "core.user_results.result.core.screen_name", "core.user_results.result.legacy.screen_name")
			p.Text = "RT @" + handle + ": " + text.String()
		}
	} else if p.QuoteOf = firstText(legacy, "quoted_status_id_str"); p.QuoteOf == "" {
		p.QuoteOf = firstText(unwrapTweet(v.Get("quoted_status_result.result")), "rest_id", "legacy.id_str")
	}
	statusEntities(p, entities)
	return e.when(p, "data.legacy.created_at", legacy.Get("created_at"))
}

func unwrapTweet(v gjson.Result) gjson.Result {
	if t := v.Get("tweet"); t.IsObject() {
		return t
	}
	return v
}

// captureTikTok reads a video as TikTok's own pages get it.
func captureTikTok(e *entry, v gjson.Result) *rowError {
	p := e.add()
	if p.ID = scalar(v.Get("id")); p.ID == "" {
		return bad("an id in data.id", "nothing")
	}
	if author := v.Get("author"); author.IsObject() {
		p.Account = post.Account{ID: firstText(author, "id", "uniqueId"), Handle: author.Get("uniqueId").String(), Name: author.Get("nickname").String()}
	} else {
		p.Account = post.Account{ID: firstText(v, "authorId", "author"), Handle: author.String(), Name: v.Get("nickname").String()}
	}
	if p.Account.Handle != "" {
		p.URL = "https://www.tiktok.com/@" + p.Account.Handle + "/video/" + p.ID
	}
	p.Text = v.Get("desc").String()
	p.Lang = v.Get("textLanguage").String()
	p.Hashtags, p.Mentions = []string{}, []string{}
	v.Get("textExtra").ForEach(func(_, t gjson.Result) bool {
		addTo(&p.Hashtags, t.Get("hashtagName").String())
		addTo(&p.Mentions, t.Get("userUniqueId").String())
		return true
	})
	if from := scalar(v.Get("duetInfo.duetFromId")); from != "" && from != "0" {
		p.QuoteOf = from
	}
	if video := v.Get("video"); video.IsObject() {
		if m := (post.Media{ID: scalar(video.Get("id")), URL: firstText(video, "cover", "originCover")}); m != (post.Media{}) {
			p.Media = append(p.Media, m)
		}
	}
	return e.when(p, "data.createTime", v.Get("createTime"))
}

func captureTikTokComment(e *entry, v gjson.Result) *rowError {
	p := e.add()
	p.ID = scalar(v.Get("cid"))
	p.Account = post.Account{ID: firstText(v, "user.uid", "user.unique_id"), Handle: firstText(v, "user.unique_id"), Name: firstText(v, "user.nickname")}
	p.Text = v.Get("text").String()
	p.Lang = v.Get("comment_language").String()
	if p.ReplyTo = scalar(v.Get("reply_id")); p.ReplyTo == "" || p.ReplyTo == "0" {
		p.ReplyTo = scalar(v.Get("aweme_id"))
	}
	return e.when(p, "data.create_time", v.Get("create_time"))
}

// captureMeta reads a post of Instagram or Threads, in any of the forms in
// which their pages get it.
func captureMeta(e *entry, v gjson.Result, platform string) *rowError {
	if v.Get("product_type").String() == "ad" {
		return bad("", "advertisement")
	}
	p := e.add()
	p.Platform = platform
	p.ID = firstText(v, "code", "shortcode")
	user := v.Get("user")
	if !user.IsObject() {
		user = v.Get("owner")
	}
	p.Account = post.Account{ID: firstText(user, "id", "pk", "username"), Handle: user.Get("username").String(), Name: user.Get("full_name").String()}
	p.Text = firstText(v, "caption.text", "edge_media_to_caption.edges.0.node.text")
	if platform == "threads" {
		p.URL = "https://www.threads.com/@" + p.Account.Handle + "/post/" + p.ID
		info := v.Get("text_post_app_info")
		p.QuoteOf = firstText(info, "share_info.quoted_post.code")
		p.RepostOf = firstText(info, "share_info.reposted_post.code")
		addLink(p, firstText(info, "link_preview_attachment.url"))
	} else {
		p.URL = "https://www.instagram.com/p/" + p.ID
	}
	v.Get("usertags.in.#.user.username").ForEach(func(_, name gjson.Result) bool {
		addTo(&p.Mentions, name.String())
		return true
	})
	parts := v.Get("carousel_media").Array()
	if len(parts) == 0 {
		parts = []gjson.Result{v}
	}
	for _, part := range parts {
		m := post.Media{ID: firstText(part, "pk", "id"), URL: firstText(part, "image_versions2.candidates.0.url", "display_url", "display_uri", "video_versions.0.url")}
		if m.URL != "" {
			p.Media = append(p.Media, m)
		}
	}
	if partial := v.Get("_zs_partial"); partial.Bool() && !v.Get("taken_at").Exists() {
		return bad("", "partial capture without a time")
	}
	return e.when(p, "data.taken_at", v.Get("taken_at"), v.Get("taken_at_timestamp"))
}

// captureOther looks for a post's parts where most platforms have them.
func captureOther(e *entry, v gjson.Result, id string) *rowError {
	p := e.add()
	if p.ID = firstText(v, "id", "id_str", "pk", "uri", "urn", "aweme_id", "awemeId", "postId", "post_id", "shortcode", "code", "i", "note_id"); p.ID == "" {
		p.ID = id
	}
	if p.ID == "" {
		return bad("an id in data", "none")
	}
	for _, where := range []string{"account", "author", "user", "creator", "owner", "actor", "authorInfo", "ai"} {
		u := v.Get(where)
		if s := scalar(u); s != "" {
			p.Account = post.Account{ID: s, Handle: s}
			break
		}
		if u.IsObject() {
			p.Account = post.Account{
				ID:     firstText(u, "id", "id_str", "pk", "uid", "userId", "user_id", "did", "uniqueId", "username", "i", "login"),
				Handle: firstText(u, "acct", "username", "screen_name", "handle", "uniqueId", "unique_id", "un", "login", "name"),
				Name:   firstText(u, "display_name", "displayName", "nickname", "full_name", "fullName", "dn", "name"),
			}
		}
		if p.Account.ID == "" {
			p.Account.ID = p.Account.Handle
		}
		if p.Account.ID != "" {
			break
		}
	}
	if p.Account.ID == "" && e.given[roleAccount] == "" {
		return bad("an author in data", "none that is known")
	}
	p.Text = firstText(v, "text", "content", "body", "desc", "description", "message.text", "message", "caption.text", "caption", "title", "c", "commentary.text.text")
	p.Lang = firstText(v, "language", "lang")
	p.URL = firstText(v, "url", "permalink", "link", "wwwURL")
	p.ReplyTo = firstText(v, "in_reply_to_id", "in_reply_to_status_id_str", "parent_id")
	p.RepostOf = firstText(v, "reblog.id")
	p.QuoteOf = firstText(v, "quote_id", "quote.id")
	v.Get("tags").ForEach(func(_, t gjson.Result) bool {
		addTo(&p.Hashtags, words(t.Get("name")))
		return true
	})
	v.Get("mentions").ForEach(func(_, m gjson.Result) bool {
		addTo(&p.Mentions, firstText(m, "acct", "username"))
		return true
	})
	v.Get("media_attachments").ForEach(func(_, m gjson.Result) bool {
		p.Media = append(p.Media, post.Media{ID: scalar(m.Get("id")), URL: firstText(m, "url", "preview_url")})
		return true
	})
	addLink(p, firstText(v, "card.url"))
	return e.when(p, "data", v.Get("created_at"), v.Get("createdAt"), v.Get("createTime"), v.Get("create_time"), v.Get("creation_time"),
		v.Get("taken_at"), v.Get("timestamp"), v.Get("time"), v.Get("published_at"), v.Get("publishedAt"), v.Get("creationTs"), v.Get("created"), v.Get("ca"), v.Get("date"))
}
