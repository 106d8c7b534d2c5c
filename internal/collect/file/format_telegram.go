package file

import (
	"path"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect/telegram/peer"
	"github.com/akashi-project/akashi/internal/post"
)

// telegramFormat is what Telegram Desktop exports as JSON: one chat, or all of
// them. A message's id is unique only within its chat, so that a post's id is
// "chat/message". The export names the author of a forwarded message but not
// the message, so that RepostOf stays empty; the author is a mention.
var telegramFormat = format{
	name: "telegram", platform: "telegram",
	about: "Telegram Desktop export, result.json of one chat or of all",
	match: func(v gjson.Result) bool {
		return v.Get("date").Exists() && v.Get("type").Exists() && v.Get("id").Exists() &&
			(v.Get("text").Exists() && v.Get("from_id").Exists() || v.Get("actor_id").Exists() || v.Get("date_unixtime").Exists())
	},
	paths: map[role]string{
		roleAccount: "from_id", roleName: "from", rolePost: "(chat) id / id", roleChannel: "(chat) id", roleTime: "date_unixtime, date",
		roleText: "text", roleURL: "text[].href, text", roleHashtag: "text[]", roleMention: "text[], forwarded_from",
		roleReply: "reply_to_message_id", roleImage: "photo, file",
	},
	read: readTelegram,
}

func readTelegram(e *entry, v gjson.Result) *rowError {
	if kind := v.Get("type").String(); kind != "message" {
		return bad("", "not a post: "+shortWord(kind)+" message")
	}
	id := scalar(v.Get("id"))
	if id == "" {
		return bad("a message id in id", "nothing")
	}
	p := e.add()
	chat := container{}
	if e.context != nil {
		chat = *e.context
	}
	p.ID, p.Channel = peer.Post(chat.id, id), chat.id
	p.Account.Name = v.Get("from").String()
	p.Account.ID = scalar(v.Get("from_id"))
	switch {
	case p.Account.ID != "":
	case strings.HasSuffix(chat.kind, "channel") && chat.id != "":
		p.Account.ID, p.Account.Name = peer.Channel(chat.id), chat.name
	case p.Account.Name != "":
		p.Account.ID = p.Account.Name
	default:
		return bad("", "message of a deleted account")
	}
	telegramText(p, v)
	if reply := scalar(v.Get("reply_to_message_id")); reply != "" {
		p.ReplyTo = peer.Post(chat.id, reply)
		if other := scalar(v.Get("reply_to_peer_id")); other != "" {
			p.ReplyTo = peer.Post(peer.Chat(other), reply)
		}
	}
	if from := v.Get("forwarded_from"); from.Type == gjson.String {
		if named := scalar(v.Get("forwarded_from_id")); named != "" {
			addTo(&p.Mentions, named)
		} else {
			addTo(&p.Mentions, from.Str)
		}
	}
	for _, key := range []string{"photo", "file"} {
		// A file that was not exported has a sentence in brackets here.
		if name := v.Get(key).String(); name != "" && !strings.HasPrefix(name, "(") {
			p.Media = append(p.Media, post.Media{ID: path.Base(name)})
		}
	}
	return e.when(p, "date_unixtime", v.Get("date_unixtime"), v.Get("date"))
}

// telegramText reads a text, which is a string or a list of strings and
// entities.
func telegramText(p *post.Post, v gjson.Result) {
	p.Links, p.Hashtags, p.Mentions = []post.Link{}, []string{}, []string{}
	entity := func(t gjson.Result) {
		text := t.Get("text").String()
		switch t.Get("type").String() {
		case "link":
			addLink(p, text)
		case "text_link":
			addLink(p, t.Get("href").String())
		case "hashtag":
			addTo(&p.Hashtags, strings.TrimPrefix(text, "#"))
		case "mention":
			addTo(&p.Mentions, strings.TrimPrefix(text, "@"))
		case "mention_name":
			if id := scalar(t.Get("user_id")); id != "" {
				p.Mentions = append(p.Mentions, peer.User(id))
			}
		}
	}
	text := v.Get("text")
	if !text.IsArray() {
		p.Text = text.String()
		if entities := v.Get("text_entities"); len(entities.Array()) > 0 {
			entities.ForEach(func(_, t gjson.Result) bool { entity(t); return true })
		} else {
			// An old export says nothing of a text without entities: the
			// lists are left for others to take from the text.
			p.Links, p.Hashtags, p.Mentions = nil, nil, nil
		}
		return
	}
	var b strings.Builder
	text.ForEach(func(_, t gjson.Result) bool {
		if t.Type == gjson.String {
			b.WriteString(t.Str)
			return true
		}
		b.WriteString(t.Get("text").String())
		entity(t)
		return true
	})
	p.Text = b.String()
}

// telethonFormat is what 4CAT's Telegram source stores: messages as Telethon,
// a client library, has them. Ids are those of 4CAT, "chat-message".
var telethonFormat = format{
	name: "telethon", platform: "telegram",
	about: "Telegram messages as 4CAT or Telethon write them (NDJSON)",
	match: func(v gjson.Result) bool {
		return v.Get("message").Exists() && v.Get("date").Exists() && v.Get("id").Exists() &&
			(v.Get("peer_id").Exists() || v.Get("to_id").Exists() || v.Get("_chat").Exists())
	},
	paths: map[role]string{
		roleAccount: "_sender.id, from_id", roleHandle: "_sender.username", rolePost: "_chat.username - id", roleChannel: "_chat.username",
		roleTime: "date", roleText: "message", roleURL: "entities, media.webpage.url", roleReply: "reply_to.reply_to_msg_id",
		roleRepost: "fwd_from.from_id.channel_id - fwd_from.channel_post",
	},
	read: readTelethon,
}

func readTelethon(e *entry, v gjson.Result) *rowError {
	id := scalar(v.Get("id"))
	if id == "" {
		return bad("a message id in id", "nothing")
	}
	p := e.add()
	for _, where := range []string{"_chat.username", "_chat.id", "peer_id.channel_id", "peer_id.chat_id", "to_id.channel_id", "_chat_peer.channel_id"} {
		if p.Channel = scalar(v.Get(where)); p.Channel != "" {
			break
		}
	}
	chat := p.Channel
	if chat == "" {
		chat = "unknown"
	}
	p.ID = chat + "-" + id
	for _, where := range []string{"_sender.id", "from_id.user_id", "from_id.channel_id", "from_id", "peer_id.channel_id", "peer_id.user_id"} {
		if p.Account.ID = scalar(v.Get(where)); p.Account.ID != "" {
			break
		}
	}
	if p.Account.ID == "" {
		p.Account.ID = p.Channel // a channel speaks as itself
	}
	p.Account.Handle = v.Get("_sender.username").String()
	p.Account.Name = strings.TrimSpace(v.Get("_sender.first_name").String() + " " + v.Get("_sender.last_name").String())
	p.Text = v.Get("message").String()
	if reply := scalar(v.Get("reply_to.reply_to_msg_id")); reply != "" {
		p.ReplyTo = chat + "-" + reply
	}
	if from, at := scalar(v.Get("fwd_from.from_id.channel_id")), scalar(v.Get("fwd_from.channel_post")); from != "" && at != "" {
		p.RepostOf = from + "-" + at
	}
	// Addresses written out stand in the text, from where they are taken
	// later; only where one hides behind other words or is attached is the
	// list given here.
	v.Get("entities").ForEach(func(_, t gjson.Result) bool {
		addLink(p, t.Get("url").String())
		return true
	})
	if p.Links != nil || v.Get("media.webpage.url").Exists() {
		for word := range strings.FieldsSeq(p.Text) {
			if looksURL(word) {
				addLink(p, word)
			}
		}
		addLink(p, v.Get("media.webpage.url").String())
	}
	for _, kind := range []string{"photo", "document"} {
		addMedia(p, scalar(v.Get("media."+kind+".id")))
	}
	return e.when(p, "date", v.Get("date"))
}
