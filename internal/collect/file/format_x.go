package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

// xAPIFormat is what version 2 of the X API answers: a page with data and
// includes, in one document or one a line, or single posts one a line, with or
// without what twarc unfolds into them (an author object).
var xAPIFormat = format{
	name: "x-api", platform: "x",
	about: "X (Twitter) API v2: pages with data and includes, or posts one a line",
	match: func(v gjson.Result) bool {
		return isPage(v) || isTweet(v)
	},
	paths: map[role]string{
		rolePost: "id", roleAccount: "author_id", roleHandle: "includes.users.username", roleName: "includes.users.name",
		roleTime: "created_at", roleText: "text, note_tweet.text", roleLang: "lang", roleURL: "entities.urls.expanded_url",
		roleHashtag: "entities.hashtags.tag", roleMention: "entities.mentions.username", roleRepost: "referenced_tweets (retweeted)",
		roleReply: "referenced_tweets (replied_to)", roleQuote: "referenced_tweets (quoted)", roleImage: "attachments.media_keys",
	},
	read: func(e *entry, v gjson.Result) *rowError {
		if !isPage(v) {
			return readTweet(e, v, v)
		}
		data := v.Get("data")
		if data.IsArray() {
			e.pages(data.Array(), func(t gjson.Result) *rowError { return readTweet(e, t, v) })
			return nil
		}
		if !data.Exists() {
			return bad("", "page without posts")
		}
		e.pages([]gjson.Result{data}, func(t gjson.Result) *rowError { return readTweet(e, t, v) })
		return nil
	},
}

func isTweet(v gjson.Result) bool {
	return v.Get("author_id").Exists() && v.Get("id").Exists() && v.Get("text").Exists() && v.Get("created_at").Exists() &&
		(v.Get("edit_history_tweet_ids").Exists() || v.Get("entities").Exists() || v.Get("public_metrics").Exists() ||
			v.Get("conversation_id").Exists() || v.Get("referenced_tweets").Exists() || v.Get("lang").Exists())
}

func isPage(v gjson.Result) bool {
	data := v.Get("data")
	switch {
	case data.IsArray():
		return data.Get("0.id").Exists() && data.Get("0.text").Exists() && (data.Get("0.author_id").Exists() || v.Get("includes").Exists() || v.Get("meta.result_count").Exists())
	case data.IsObject():
		return data.Get("id").Exists() && data.Get("text").Exists() && data.Get("author_id").Exists()
	}
	return v.Get("meta.result_count").Exists()
}

// readTweet reads one post; page is what its includes stand in.
func readTweet(e *entry, v, page gjson.Result) *rowError {
	p := e.add()
	if p.ID = scalar(v.Get("id")); p.ID == "" {
		return bad("an id in id", "nothing")
	}
	p.Account.ID = scalar(v.Get("author_id"))
	if p.Account.ID == "" && e.given[roleAccount] == "" {
		return bad("an account in author_id (ask the API for tweet.fields=author_id)", "nothing")
	}
	if e.need.has(NeedMeta) {
		user := v.Get("author") // as twarc unfolds it
		if !user.IsObject() {
			user = include(page, "users", "id", p.Account.ID)
		}
		p.Account.Handle, p.Account.Name = user.Get("username").String(), user.Get("name").String()
		p.Lang = v.Get("lang").String()
		p.URL = "https://x.com/i/web/status/" + p.ID
		if p.Account.Handle != "" {
			p.URL = "https://x.com/" + p.Account.Handle + "/status/" + p.ID
		}
	}
	source := v
	v.Get("referenced_tweets").ForEach(func(_, r gjson.Result) bool {
		id := scalar(r.Get("id"))
		switch r.Get("type").String() {
		case "retweeted":
			p.RepostOf = id
			// The text of a repost is cut off; the original's is whole.
			if original := include(page, "tweets", "id", id); original.Exists() {
				source = original
			}
		case "replied_to":
			p.ReplyTo = id
		case "quoted":
			p.QuoteOf = id
		}
		return true
	})
	p.Text = v.Get("text").String()
	if long := v.Get("note_tweet.text"); long.Exists() {
		p.Text = long.String()
	}
	entities := source.Get("entities")
	if long := source.Get("note_tweet.entities"); long.Exists() && !entities.Get("urls").Exists() {
		entities = long
	}
	p.Links, p.Hashtags, p.Mentions = []post.Link{}, []string{}, []string{}
	entities.Get("urls").ForEach(func(_, u gjson.Result) bool {
		if !u.Get("media_key").Exists() { // the post's own picture
			addLink(p, firstText(u, "unwound_url", "expanded_url", "url"))
		}
		return true
	})
	entities.Get("hashtags").ForEach(func(_, h gjson.Result) bool {
		addTo(&p.Hashtags, h.Get("tag").String())
		return true
	})
	v.Get("entities.mentions").ForEach(func(_, m gjson.Result) bool {
		addTo(&p.Mentions, m.Get("username").String())
		return true
	})
	if e.need.has(NeedMedia) {
		source.Get("attachments.media_keys").ForEach(func(_, k gjson.Result) bool {
			m := include(page, "media", "media_key", k.String())
			p.Media = append(p.Media, post.Media{ID: k.String(), URL: firstText(m, "url", "preview_image_url")})
			return true
		})
	}
	return e.when(p, "created_at", v.Get("created_at"))
}

// include finds an object of a page's includes.
func include(page gjson.Result, kind, key, value string) gjson.Result {
	var out gjson.Result
	page.Get("includes." + kind).ForEach(func(_, v gjson.Result) bool {
		if scalar(v.Get(key)) == value {
			out = v
			return false
		}
		return true
	})
	return out
}

// firstText gives the first of the members that holds something.
func firstText(v gjson.Result, keys ...string) string {
	for _, k := range keys {
		if s := scalar(v.Get(k)); s != "" {
			return s
		}
	}
	return ""
}

// xArchiveFormat is tweets.js of the archive that X gives an account's holder.
var xArchiveFormat = format{
	name: "x-archive", platform: "x",
	about: "X (Twitter) archive: tweets.js, with account.js beside it",
	match: func(v gjson.Result) bool {
		return v.Get("tweet.id_str").Exists() && v.Get("tweet.created_at").Exists()
	},
	paths: map[role]string{
		roleAccount: "account.js accountId", roleHandle: "account.js username", rolePost: "tweet.id_str", roleTime: "tweet.created_at",
		roleText: "tweet.full_text", roleLang: "tweet.lang", roleURL: "tweet.entities.urls.expanded_url", roleHashtag: "tweet.entities.hashtags.text",
		roleMention: "tweet.entities.user_mentions.screen_name", roleReply: "tweet.in_reply_to_status_id_str", roleImage: "tweet.extended_entities.media",
	},
	read: func(e *entry, v gjson.Result) *rowError {
		t := v.Get("tweet")
		if !t.Exists() {
			t = v
		}
		return readStatus(e, t, e.owner)
	},
}

// xStatusFormat is what version 1.1 of the API gave, with the account in each
// post; twarc and many archives of the time have it one a line.
var xStatusFormat = format{
	name: "x-v1", platform: "x",
	about: "X (Twitter) API v1.1: posts with a user object, one a line or in an array",
	match: func(v gjson.Result) bool {
		return v.Get("id_str").Exists() && v.Get("user.screen_name").Exists() && (v.Get("full_text").Exists() || v.Get("text").Exists())
	},
	paths: map[role]string{
		roleAccount: "user.id_str", roleHandle: "user.screen_name", roleName: "user.name", rolePost: "id_str", roleTime: "created_at",
		roleText: "full_text, text", roleLang: "lang", roleURL: "entities.urls.expanded_url", roleHashtag: "entities.hashtags.text",
		roleMention: "entities.user_mentions.screen_name", roleRepost: "retweeted_status.id_str", roleReply: "in_reply_to_status_id_str",
		roleQuote: "quoted_status_id_str", roleImage: "extended_entities.media",
	},
	read: func(e *entry, v gjson.Result) *rowError {
		if v.Get("delete.status").Exists() || v.Get("limit").IsObject() && !v.Get("id_str").Exists() {
			return bad("", "not a post: notice of the stream")
		}
		return readStatus(e, v, post.Account{})
	},
}

// readStatus reads a post in the form of version 1.1 of the API.
func readStatus(e *entry, v gjson.Result, owner post.Account) *rowError {
	p := e.add()
	if p.ID = firstText(v, "id_str", "id"); p.ID == "" {
		return bad("an id in id_str", "nothing")
	}
	p.Account = owner
	if u := v.Get("user"); u.IsObject() {
		p.Account = post.Account{ID: firstText(u, "id_str", "id"), Handle: u.Get("screen_name").String(), Name: u.Get("name").String()}
	} else if p.Account.ID == "" {
		p.Account.ID = firstText(v, "user_id_str")
	}
	p.Text = firstText(v, "extended_tweet.full_text", "full_text", "text")
	p.Lang = v.Get("lang").String()
	p.ReplyTo = firstText(v, "in_reply_to_status_id_str", "in_reply_to_status_id")
	p.QuoteOf = firstText(v, "quoted_status_id_str", "quoted_status_id")
	p.RepostOf = firstText(v.Get("retweeted_status"), "id_str", "id")
	if e.need.has(NeedMeta) {
		p.URL = "https://x.com/i/web/status/" + p.ID
		if p.Account.Handle != "" {
			p.URL = "https://x.com/" + p.Account.Handle + "/status/" + p.ID
		}
	}
	// The entities of a repost, and of the short form of a long post, are cut
	// off with the text.
	whole := v
	if original := v.Get("retweeted_status"); original.IsObject() {
		whole = original
	}
	if long := whole.Get("extended_tweet"); long.IsObject() {
		whole = long
	}
	statusEntities(p, whole)
	return e.when(p, "created_at", v.Get("created_at"))
}

// statusEntities reads the entities of version 1.1 of the API.
func statusEntities(p *post.Post, v gjson.Result) {
	p.Links, p.Hashtags, p.Mentions = []post.Link{}, []string{}, []string{}
	entities := v.Get("entities")
	entities.Get("urls").ForEach(func(_, u gjson.Result) bool {
		addLink(p, firstText(u, "expanded_url", "url"))
		return true
	})
	entities.Get("hashtags").ForEach(func(_, h gjson.Result) bool {
		addTo(&p.Hashtags, h.Get("text").String())
		return true
	})
	entities.Get("user_mentions").ForEach(func(_, m gjson.Result) bool {
		addTo(&p.Mentions, m.Get("screen_name").String())
		return true
	})
	media := v.Get("extended_entities.media")
	if !media.IsArray() {
		media = entities.Get("media")
	}
	media.ForEach(func(_, m gjson.Result) bool {
		p.Media = append(p.Media, post.Media{ID: firstText(m, "id_str", "media_key"), URL: firstText(m, "media_url_https", "media_url")})
		return true
	})
}

// archiveOwner finds whose archive a file belongs to: account.js among the
// paths, else beside the file.
func archiveOwner(file string, paths []string) (post.Account, error) {
	candidates := []string{}
	for _, p := range paths {
		if filepath.Base(p) == "account.js" && filepath.Dir(p) == filepath.Dir(file) {
			candidates = append([]string{p}, candidates...)
		} else if filepath.Base(p) == "account.js" {
			candidates = append(candidates, p)
		}
	}
	if slices.Contains(paths, file) && file != "-" { // else the name is no path
		candidates = append(candidates, filepath.Join(filepath.Dir(file), "account.js"))
	}
	for _, p := range candidates {
		b, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		_, list, _ := strings.Cut(string(b), "=")
		if !gjson.Valid(list) || depth([]byte(list)) > deepest {
			return post.Account{}, fmt.Errorf("%s beside it is not the account of a Twitter archive", p)
		}
		v := gjson.Parse(list).Get("0.account")
		a := post.Account{ID: firstText(v, "accountId"), Handle: v.Get("username").String(), Name: v.Get("accountDisplayName").String()}
		if a.ID == "" {
			return a, fmt.Errorf("%s beside it names no accountId", p)
		}
		return a, nil
	}
	return post.Account{}, errors.New("the archive's posts do not say whose they are: put its account.js beside it, or name the account with --map account==ID")
}
