package telegram

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/collect/telegram/peer"
	"github.com/akashi-project/akashi/internal/post"
)

// Page is a page of the preview of a public channel (https://t.me/s/NAME).
type Page struct {
	// Channel is the channel's number; zero where no message states it.
	Channel int64
	// Name is the channel's name in addresses, Title its name for readers.
	Name, Title string
	// Messages are what the page shows, by ascending number, each once.
	Messages []Message
	// Bad counts messages that could not be read.
	Bad int
}

// Message is a message on a preview page.
type Message struct {
	ID   int64
	Time time.Time
	// Service says that the channel's software speaks: "pinned", "renamed".
	Service bool
	// Text is the text, or a poll's question and answers; Links, Hashtags
	// and Mentions (channels and people by name) are what is marked in it.
	Text               string
	Links              []string
	Hashtags, Mentions []string
	// Views is how often it was seen, as far as the page says ("1.2M").
	Views int64
	// Edited says that the page calls the message edited.
	Edited bool
	// Reply is the number of the message of this channel that it answers.
	Reply int64
	// Forward says where the message comes from; nil where it is original.
	Forward *Forward
	// Media are the kinds of what it carries, in order: "photo", "video",
	// "document", "voice", "sticker", "location", "poll", "unsupported".
	Media []string
	// Raw is the message's part of the page.
	Raw []byte
}

// Forward is what a page says of where a message was forwarded from.
type Forward struct {
	// Title is the name for readers: all that is there for people who hide.
	Title string
	// Name is the channel's name in addresses; Channel is its number, where
	// the address has that; Message is the message's number there.
	Name             string
	Channel, Message int64
}

// tail is how much of a page is searched for its end: a comment with the time
// that it took to make the page follows.
const tail = 1024

// ParsePage reads a preview page. A page that was cut short is an error: what is
// missing could not be told from what was never there.
func ParsePage(b []byte) (*Page, error) {
	if !bytes.Contains(b[max(0, len(b)-tail):], []byte("</html>")) {
		return nil, &poll.FormatError{Where: "the preview", Why: "the page was cut short"}
	}
	root, err := html.Parse(bytes.NewReader(b))
	if err != nil {
		return nil, &poll.FormatError{Where: "the preview", Why: "the page is no HTML"}
	}
	p := &Page{}
	known := false
	each(root, func(n *html.Node) bool {
		switch {
		case has(n, "js-widget_message"), has(n, "tgme_widget_message") && attribute(n, "data-post") != "":
			known = true
			p.add(n)
			return false
		case has(n, "tgme_channel_info"):
			known = true
		case has(n, "tgme_channel_info_header_title"):
			p.Title = strings.TrimSpace(textOf(n))
		case has(n, "tgme_channel_info_header_username"):
			p.Name = strings.TrimPrefix(strings.TrimSpace(textOf(n)), "@")
		}
		return true
	})
	if !known {
		return nil, errNotPreview
	}
	slices.SortStableFunc(p.Messages, func(a, b Message) int { return int(min(max(a.ID-b.ID, -1), 1)) })
	p.Messages = slices.CompactFunc(p.Messages, func(a, b Message) bool { return a.ID == b.ID })
	return p, nil
}

var errNotPreview = &poll.FormatError{Where: "the preview", Why: "the page previews no channel"} //nolint:gochecknoglobals // an error that is compared

// add reads a message.
func (p *Page) add(n *html.Node) {
	name, number, _ := strings.Cut(attribute(n, "data-post"), "/")
	id, err := strconv.ParseInt(number, 10, 32) // messages have 31 bits
	if err != nil || id <= 0 || name == "" {
		p.Bad++
		return
	}
	if channel := channelOf(n); channel != 0 {
		switch p.Channel {
		case 0:
			p.Channel = channel
		case channel:
		default:
			p.Bad++ // another channel's message has no place here
			return
		}
	}
	if p.Name == "" {
		p.Name = name
	}
	m := Message{ID: id, Service: has(n, "service_message")}
	m.read(n)
	if m.Time.IsZero() && !m.Service {
		p.Bad++
		return
	}
	var raw bytes.Buffer
	if err := html.Render(&raw, n); err != nil {
		p.Bad++
		return
	}
	m.Raw = raw.Bytes()
	p.Messages = append(p.Messages, m)
}

// channelOf gives the number of the channel from the mark by which the page
// counts views, or from the peer's ("c1234_…").
func channelOf(n *html.Node) int64 {
	view := strings.TrimRight(attribute(n, "data-view"), "=")
	if b, err := base64.RawStdEncoding.DecodeString(view); err == nil && gjson.ValidBytes(b) {
		if c := peer.Bare(gjson.GetBytes(b, "c").Int()); c != 0 {
			return c
		}
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(attribute(n, "data-peer"), "c"), "_")
	c, _ := strconv.ParseInt(number, 10, 64)
	return peer.Bare(c)
}

// mediaKinds are the kinds of what a message carries, by class.
var mediaKinds = map[string]string{ //nolint:gochecknoglobals // a table
	"tgme_widget_message_photo_wrap":        "photo",
	"tgme_widget_message_video_player":      "video",
	"tgme_widget_message_roundvideo_player": "video",
	"tgme_widget_message_document_wrap":     "document",
	"tgme_widget_message_voice_player":      "voice",
	"tgme_widget_message_sticker_wrap":      "sticker",
	"tgme_widget_message_location_wrap":     "location",
	"tgme_widget_message_poll":              "poll",
	"message_media_not_supported":           "unsupported",
}

func (m *Message) read(n *html.Node) {
	var text, question *html.Node
	var answers []string
	each(n, func(n *html.Node) bool {
		for _, class := range classes(n) {
			if kind := mediaKinds[class]; kind != "" {
				m.Media = append(m.Media, kind)
				return kind == "poll"
			}
			switch class {
			case "tgme_widget_message_reply":
				if _, _, id := messageAt(attribute(n, "href")); id > 0 {
					m.Reply = id
				}
				return false
			case "tgme_widget_message_forwarded_from":
				m.Forward = forward(n)
				return false
			case "js-message_text":
				if text == nil {
					text = n
				}
				return false
			case "tgme_widget_message_poll_question":
				question = n
			case "tgme_widget_message_poll_option_text":
				answers = append(answers, strings.TrimSpace(textOf(n)))
			case "tgme_widget_message_views":
				m.Views = count(textOf(n))
			case "tgme_widget_message_meta":
				first := n.FirstChild
				m.Edited = m.Edited || first != nil && first.Type == html.TextNode && strings.HasPrefix(strings.TrimSpace(first.Data), "edited")
			}
		}
		if n.DataAtom == atom.Time && m.Time.IsZero() {
			if at, err := time.Parse(time.RFC3339, attribute(n, "datetime")); err == nil {
				m.Time = at.UTC()
			}
		}
		return true
	})
	if text != nil {
		m.entities(text)
	}
	if question != nil && m.Text == "" {
		m.Text = strings.Join(append([]string{strings.TrimSpace(textOf(question))}, answers...), "\n")
	}
}

// entities reads the text with what is marked in it.
func (m *Message) entities(text *html.Node) {
	m.Text = strings.TrimSpace(textOf(text))
	each(text, func(n *html.Node) bool {
		if n.DataAtom != atom.A {
			return true
		}
		href, label := attribute(n, "href"), strings.TrimSpace(textOf(n))
		switch {
		case strings.HasPrefix(href, "?q="):
			if tag := strings.TrimPrefix(label, "#"); tag != label && tag != "" {
				m.Hashtags = append(m.Hashtags, tag)
			}
		case strings.HasPrefix(label, "@") && !strings.ContainsAny(label, " \n"):
			m.Mentions = append(m.Mentions, label[1:])
		case href != "" && !strings.HasPrefix(href, "?") && !strings.HasPrefix(href, "#"):
			m.Links = append(m.Links, href)
		}
		return false
	})
}

func forward(n *html.Node) *Forward {
	f := &Forward{}
	each(n, func(n *html.Node) bool {
		if !has(n, "tgme_widget_message_forwarded_from_name") {
			return true
		}
		f.Title = strings.TrimSpace(textOf(n))
		f.Name, f.Channel, f.Message = messageAt(attribute(n, "href"))
		return false
	})
	return f
}

// messageAt reads the address of a channel or message: https://t.me/NAME/12,
// https://t.me/c/1234/12 where only members can read it, https://t.me/NAME.
func messageAt(address string) (name string, channel, message int64) {
	u, err := url.Parse(address)
	if err != nil {
		return "", 0, 0
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if parts[0] == "s" {
		parts = parts[1:]
	}
	if len(parts) > 1 && parts[0] == "c" {
		channel, _ = strconv.ParseInt(parts[1], 10, 64)
		parts, channel = parts[1:], peer.Bare(channel)
	} else if len(parts) > 0 {
		name, _ = ChannelName(parts[0])
	}
	if len(parts) > 1 && (name != "" || channel != 0) {
		// The last number is the message; a topic's may stand before it.
		message, _ = strconv.ParseInt(parts[len(parts)-1], 10, 32)
	}
	return name, channel, max(message, 0)
}

// count reads a number as pages round it: "873", "12.4K", "1.2M".
func count(s string) int64 {
	s = strings.TrimSpace(s)
	times := 1.0
	switch {
	case strings.HasSuffix(s, "K"):
		times = 1e3
	case strings.HasSuffix(s, "M"):
		times = 1e6
	case strings.HasSuffix(s, "B"):
		times = 1e9
	}
	f, err := strconv.ParseFloat(strings.TrimRight(s, "KMB"), 64)
	if err != nil || !(f >= 0 && f < 1e6) {
		return 0
	}
	return int64(f*times + 0.5)
}

// each walks a tree in the order of the document, below a node only where
// visit says so.
func each(n *html.Node, visit func(*html.Node) bool) {
	for c := range n.ChildNodes() {
		if c.Type != html.ElementNode || visit(c) {
			each(c, visit)
		}
	}
}

// textOf gives the text of a node with its line breaks.
func textOf(n *html.Node) string {
	var b strings.Builder
	writeText(&b, n)
	return b.String()
}

func writeText(b *strings.Builder, n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		b.WriteString(n.Data)
	case n.DataAtom == atom.Br:
		b.WriteByte('\n')
	case n.DataAtom == atom.Style, n.DataAtom == atom.Script:
		return
	}
	for c := range n.ChildNodes() {
		writeText(b, c)
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func classes(n *html.Node) []string {
	if n.Type != html.ElementNode {
		return nil
	}
	return strings.Fields(attribute(n, "class"))
}

func has(n *html.Node, class string) bool {
	return strings.Contains(attribute(n, "class"), class) && slices.Contains(classes(n), class)
}

// post gives a message as a post. repost is the id of the post that it
// forwards, from its author; both may be empty.
func (m *Message) post(channel int64, name, title, repost, from string) post.Post {
	chat := peer.Number(channel)
	p := post.Post{
		Platform: Platform, ID: peer.Message(channel, m.ID), Channel: chat,
		Account: post.Account{ID: peer.Channel(chat), Handle: name, Name: title},
		Time:    m.Time, Text: m.Text, URL: peer.Link(name, m.ID), RepostOf: repost,
		Links: make([]post.Link, len(m.Links)), Hashtags: append([]string{}, m.Hashtags...), Mentions: append([]string{}, m.Mentions...),
		Raw: m.Raw,
	}
	for i, l := range m.Links {
		p.Links[i].Given = l
	}
	if from != "" {
		p.Mentions = append(p.Mentions, from)
	}
	if m.Reply != 0 {
		p.ReplyTo = peer.Message(channel, m.Reply)
	}
	// The addresses of files change from page to page and are no part of the
	// post; which file it is the page does not say.
	for i, kind := range m.Media {
		p.Media = append(p.Media, post.Media{ID: kind + "/" + p.ID + "/" + strconv.Itoa(i)})
	}
	return p
}
