package telegram

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"

	"github.com/akashi-project/akashi/internal/collect/telegram/peer"
	"github.com/akashi-project/akashi/internal/post"
)

// raw is a message as it is kept: the bytes of the interface, and for readers
// the same as JSON.
type raw struct {
	TL      []byte      `json:"tl"`
	Message *tg.Message `json:"message"`
}

// messagePost gives a message of a channel as a post; ok is false where it is
// of another chat. name and title are the channel's.
func messagePost(m *tg.Message, channel int64, name, title string) (p post.Post, ok bool, err error) {
	if in, is := m.PeerID.(*tg.PeerChannel); !is || in.ChannelID != channel || m.ID <= 0 {
		return p, false, nil
	}
	var b bin.Buffer
	if err := m.Encode(&b); err != nil {
		return p, false, fmt.Errorf("writing a message: %w", err)
	}
	record, err := json.Marshal(raw{b.Raw(), m})
	if err != nil {
		return p, false, fmt.Errorf("writing a message: %w", err)
	}
	chat := peer.Number(channel)
	p = post.Post{
		Platform: Platform, ID: peer.Message(channel, int64(m.ID)), Channel: chat,
		Account: post.Account{ID: peer.Channel(chat), Handle: name, Name: title},
		Time:    time.Unix(int64(m.Date), 0).UTC(), Text: m.Message, URL: peer.Link(name, int64(m.ID)), Raw: record,
	}
	if from, is := m.FromID.(*tg.PeerUser); is { // a person in a public group
		p.Account = post.Account{ID: peer.User(peer.Number(from.UserID))}
	}
	messageEntities(&p, m)
	if f, there := m.GetFwdFrom(); there {
		forwarded(&p, &f)
	}
	if h, is := m.ReplyTo.(*tg.MessageReplyHeader); is && h.ReplyToMsgID != 0 {
		in := channel
		if other, is := h.ReplyToPeerID.(*tg.PeerChannel); is {
			in = other.ChannelID
		}
		p.ReplyTo = peer.Message(in, int64(h.ReplyToMsgID))
	}
	switch media := m.Media.(type) {
	case *tg.MessageMediaPhoto:
		if photo, is := media.Photo.(*tg.Photo); is {
			p.Media = append(p.Media, post.Media{ID: peer.Number(photo.ID)})
		}
	case *tg.MessageMediaDocument:
		if document, is := media.Document.(*tg.Document); is {
			p.Media = append(p.Media, post.Media{ID: peer.Number(document.ID)})
		}
	}
	return p, true, nil
}

func forwarded(p *post.Post, f *tg.MessageFwdHeader) {
	switch from := f.FromID.(type) {
	case *tg.PeerChannel:
		p.Mentions = append(p.Mentions, peer.Channel(peer.Number(from.ChannelID)))
		if f.ChannelPost != 0 {
			p.RepostOf = peer.Message(from.ChannelID, int64(f.ChannelPost))
		}
	case *tg.PeerUser:
		p.Mentions = append(p.Mentions, peer.User(peer.Number(from.UserID)))
	default:
		if f.FromName != "" {
			p.Mentions = append(p.Mentions, f.FromName)
		}
	}
}

// messageEntities reads what is marked in the text. Places count UTF-16 units.
func messageEntities(p *post.Post, m *tg.Message) {
	p.Links, p.Hashtags, p.Mentions = []post.Link{}, []string{}, []string{}
	units := utf16.Encode([]rune(m.Message))
	for _, e := range m.Entities {
		from, n := e.GetOffset(), e.GetLength()
		if from < 0 || n < 0 || from > len(units) || n > len(units)-from {
			continue
		}
		text := string(utf16.Decode(units[from : from+n]))
		switch e := e.(type) {
		case *tg.MessageEntityURL:
			p.Links = append(p.Links, post.Link{Given: text})
		case *tg.MessageEntityTextURL:
			p.Links = append(p.Links, post.Link{Given: e.URL})
		case *tg.MessageEntityHashtag:
			p.Hashtags = append(p.Hashtags, strings.TrimPrefix(text, "#"))
		case *tg.MessageEntityMention:
			p.Mentions = append(p.Mentions, strings.TrimPrefix(text, "@"))
		case *tg.MessageEntityMentionName:
			p.Mentions = append(p.Mentions, peer.User(peer.Number(e.UserID)))
		}
	}
	p.Links = slices.DeleteFunc(p.Links, func(l post.Link) bool { return l.Given == "" })
}
