package telegram

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/collect/telegram/peer"
	"github.com/akashi-project/akashi/internal/post"
)

const (
	previewAddress = "https://t.me"
	// pagesAtOnce is how many older pages of one channel are read before the
	// next channel has its turn.
	pagesAtOnce = 25
	// lookupsAtOnce is how many unknown channels, from which messages were
	// forwarded, are looked up for one page.
	lookupsAtOnce = 10
	// maxNames bounds the channels whose numbers are remembered.
	maxNames = 5000
	// maxHoles bounds the gaps of one channel that are remembered; with more,
	// the oldest are joined.
	maxHoles = 16
	// hidden is how long a channel without a preview is left alone.
	hidden = 6 * time.Hour
	// shortWait is how long a wait that the host asks for may be to be kept
	// here; longer ones are the runner's, which shows them.
	shortWait = time.Minute
)

// PreviewKind is the preview pages of public channels as a kind of source.
func PreviewKind() collect.Kind {
	return collect.Kind{
		Name: "telegram-preview", Platform: Platform,
		Settings: []collect.Setting{
			channelsSetting(),
			{Key: "backfill", Type: collect.NumberSetting, Default: "100"},
			{Key: "min_every", Type: collect.DurationSetting, Default: "2m"},
			{Key: "max_every", Type: collect.DurationSetting, Default: "1h"},
			poll.BaseSetting(previewAddress),
		},
		Terms: &collect.Terms{Platform: Platform, Source: "https://telegram.org/tos"},
		Open:  openPreview,
	}
}

func openPreview(env collect.Env, v collect.Values) (collect.Source, error) {
	s := &preview{client: env.Pages, clock: env.Clock, base: strings.TrimSuffix(cmp.Or(v.Text("base"), previewAddress), "/")}
	if u, err := url.Parse(s.base); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, &collect.SettingError{Key: "base", Err: errors.New("an address such as https://t.me is needed")}
	}
	var err error
	if s.names, err = channels(v); err != nil {
		return nil, err
	}
	if s.backfill, err = v.Number("backfill", 100); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.backfill < 0 {
		return nil, &collect.SettingError{Key: "backfill", Err: errors.New("it is a number of messages")}
	}
	if s.minEvery, err = v.Duration("min_every", 2*time.Minute); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.maxEvery, err = v.Duration("max_every", time.Hour); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.minEvery < 10*time.Second || s.maxEvery < s.minEvery {
		return nil, &collect.SettingError{Key: "min_every", Err: errors.New("it is ten seconds or more, and not above max_every")}
	}
	return s, nil
}

// preview reads the preview pages of channels.
type preview struct {
	client             *fetch.Client
	clock              collect.Clock
	base               string
	names              []string
	backfill           int64
	minEvery, maxEvery time.Duration
}

// previewCursor is where all channels stand, by name in lower case, and the
// numbers of channels that are forwarded from.
type previewCursor struct {
	Channels map[string]*standing `json:"channels"`
	Names    map[string]int64     `json:"names,omitempty"`
}

// standing is where a channel stands: everything up to Top was put, but for
// what lies in Holes.
type standing struct {
	ID    int64  `json:"id"`
	Top   int64  `json:"top"`
	Holes []hole `json:"holes,omitempty"`
	// Seen are the forms of what stood on the newest page.
	Seen []form `json:"seen,omitempty"`
}

// hole is a range of messages that are still to be read, without its bounds.
type hole [2]int64

// form is a message and what it said.
type form struct {
	ID   int64  `json:"id"`
	Hash uint64 `json:"hash"`
}

func (c *previewCursor) check() error {
	for _, s := range c.Channels {
		if s == nil || s.ID <= 0 || s.Top < 0 || slices.ContainsFunc(s.Holes, func(h hole) bool { return h[0] < 0 || h[1] <= h[0] }) {
			return &collect.ConfigError{Err: errors.New("the stored cursor is not one of this source")}
		}
	}
	return nil
}

// turn is when a channel is next asked, and how often.
type turn struct {
	name   string
	next   time.Time
	every  time.Duration
	hidden bool
}

// previewRun is a run's state.
type previewRun struct {
	*preview
	to collect.Sink
	at previewCursor
	// unknown are channels that could not be looked up in this run.
	unknown map[string]bool
}

// stopError is an error of the runner's: the run has to end.
type stopError struct{ error }

func (e stopError) Unwrap() error { return e.error }

// Collect reads channels one after another, each when it is due.
func (s *preview) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	run := &previewRun{preview: s, to: to, unknown: map[string]bool{}}
	if err := poll.ReadCursor(from, &run.at); err != nil {
		return err //nolint:wrapcheck // says what it is
	}
	if err := run.at.check(); err != nil {
		return err
	}
	if run.at.Channels == nil {
		run.at.Channels = map[string]*standing{}
	}
	if run.at.Names == nil {
		run.at.Names = map[string]int64{}
	}
	now := s.clock.Now()
	turns := make([]*turn, len(s.names))
	for i, name := range s.names {
		turns[i] = &turn{name: name, next: now, every: s.minEvery}
	}
	// Where the host's patience ends before all had their turn, it is not
	// always the same channels that go without.
	rand.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	for {
		t := slices.MinFunc(turns, func(a, b *turn) int { return a.next.Compare(b.next) })
		if wait := t.next.Sub(s.clock.Now()); wait > 0 {
			if err := collect.Sleep(ctx, s.clock, wait); err != nil {
				return err //nolint:wrapcheck // the context's end
			}
		}
		fresh, err := run.channel(ctx, t.name)
		if err := run.after(ctx, t, fresh, err); err != nil {
			return err
		}
		if !slices.ContainsFunc(turns, func(t *turn) bool { return !t.hidden }) {
			return &collect.ConfigError{Err: errors.New("no channel of the list has a public preview")}
		}
	}
}

// after says when a channel is asked again. An error ends the run.
func (r *previewRun) after(ctx context.Context, t *turn, fresh bool, err error) error {
	now := r.clock.Now()
	t.hidden = false
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // the context's end
		}
		if stop, ok := errors.AsType[stopError](err); ok {
			return stop.error
		}
		until := collect.RetryAt(err)
		switch {
		case !until.IsZero() && until.Sub(now) >= shortWait:
			return err
		case is[*fetch.RefusedError](err), is[*fetch.DisallowedError](err):
			return &collect.ConfigError{Err: err}
		}
		r.to.Note(collect.Note{Err: err})
		t.hidden = is[*ChannelError](err)
		switch {
		case t.hidden:
			t.every = hidden
		case !until.IsZero():
			// The whole host is to be left alone.
			return sleepUntil(ctx, r.clock, until)
		default:
			t.every = min(2*t.every, r.maxEvery)
		}
	} else if fresh {
		t.every = max(min(t.every, r.maxEvery)/2, r.minEvery)
	} else {
		t.every = min(t.every+t.every/2, r.maxEvery)
	}
	t.next = now.Add(t.every + time.Duration(rand.Float64()*float64(t.every)/10)) //nolint:gosec // only spreads requests
	return nil
}

func sleepUntil(ctx context.Context, c collect.Clock, until time.Time) error {
	return collect.Sleep(ctx, c, max(until.Sub(c.Now()), time.Second)) //nolint:wrapcheck // the context's end
}

func is[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// get fetches a page; before is the message before which it ends, or zero.
func (r *previewRun) get(ctx context.Context, name string, before int64) (*Page, error) {
	address := r.base + "/s/" + name
	if before > 0 {
		address += "?before=" + peer.Number(before)
	}
	resp, err := r.client.Do(ctx, fetch.Request{URL: address, Header: http.Header{"Accept": {"text/html"}, "Accept-Language": {"en"}}})
	if err != nil {
		if status, ok := errors.AsType[*fetch.StatusError](err); ok && (status.Code == http.StatusNotFound || status.Code == http.StatusGone) {
			return nil, &ChannelError{name, "there is no such channel"}
		}
		return nil, err //nolint:wrapcheck // says where and what
	}
	r.to.Note(collect.Note{Contact: true})
	if !strings.Contains(resp.URL.Path, "/s/") {
		return nil, &ChannelError{name, "it has no public preview, or there is no such channel"}
	}
	p, err := ParsePage(resp.Body)
	if err != nil {
		return nil, err
	}
	if p.Bad > 0 {
		r.to.Note(collect.Note{Err: &poll.FormatError{Where: "the preview of " + name, Why: fmt.Sprintf("%d messages could not be read", p.Bad)}})
	}
	return p, nil
}

// channel reads the newest page of a channel, and then what lies between it
// and what was read before. fresh says that there was something new.
func (r *previewRun) channel(ctx context.Context, name string) (fresh bool, err error) {
	p, err := r.get(ctx, name, 0)
	if err != nil {
		return false, err
	}
	was := r.at.Channels[name]
	switch {
	case len(p.Messages) == 0:
		return false, nil
	case p.Channel == 0 && was != nil:
		p.Channel = was.ID // the pages said it before
	case p.Channel == 0:
		return false, &poll.FormatError{Where: "the preview of " + name, Why: "the page does not state the channel's number"}
	}
	low, top := p.Messages[0].ID, p.Messages[len(p.Messages)-1].ID
	next := &standing{ID: p.Channel, Top: top}
	floor := max(0, top-r.backfill)
	if was != nil && was.ID == p.Channel { // else the name belongs to another channel now
		floor = was.Top
		next.Top, next.Holes = max(top, was.Top), slices.Clone(was.Holes)
	} else {
		was = &standing{}
	}
	if low > floor+1 {
		next.Holes = append(next.Holes, hole{floor, low})
	}
	if n := len(next.Holes) - maxHoles; n > 0 {
		slices.SortFunc(next.Holes, func(a, b hole) int { return cmp.Compare(a[0], b[0]) })
		next.Holes = slices.Replace(next.Holes, 0, n+1, hole{next.Holes[0][0], next.Holes[n][1]})
	}
	posts := r.posts(ctx, name, p, 0)
	known := map[form]bool{}
	for _, f := range was.Seen {
		known[f] = true
	}
	posts = slices.DeleteFunc(posts, func(e entry) bool {
		f := form{e.number, e.hash()}
		next.Seen = append(next.Seen, f)
		return known[f]
	})
	if len(posts) > 0 || next.Top != was.Top || len(next.Holes) != len(was.Holes) {
		if err := r.put(ctx, name, next, posts); err != nil {
			return false, err
		}
	} else {
		r.at.Channels[name] = next
	}
	return len(posts) > 0, r.fill(ctx, name)
}

// fill reads the holes of a channel, the newest first, from their upper end.
func (r *previewRun) fill(ctx context.Context, name string) error {
	for range pagesAtOnce {
		was := r.at.Channels[name]
		if len(was.Holes) == 0 {
			return nil
		}
		next := *was
		next.Holes = slices.Clone(was.Holes)
		h := &next.Holes[len(next.Holes)-1]
		p, err := r.get(ctx, name, h[1])
		if err != nil {
			return err
		}
		if p.Channel != 0 && p.Channel != was.ID {
			return &poll.FormatError{Where: "the preview of " + name, Why: "its pages are of several channels"}
		}
		p.Channel = was.ID
		some := len(p.Messages) > 0
		p.Messages = slices.DeleteFunc(p.Messages, func(m Message) bool { return m.ID >= h[1] })
		if some && len(p.Messages) == 0 {
			return &poll.FormatError{Where: "the preview of " + name, Why: "an older page shows newer messages only"}
		}
		low := h[0] // where nothing is older
		if some {
			low = p.Messages[0].ID
		}
		posts := r.posts(ctx, name, p, h[0])
		if h[1] = low; low <= h[0]+1 {
			next.Holes = next.Holes[:len(next.Holes)-1]
		}
		if err := r.put(ctx, name, &next, posts); err != nil {
			return err
		}
	}
	return nil
}

// put puts posts, and then stands where next says.
func (r *previewRun) put(ctx context.Context, name string, next *standing, entries []entry) error {
	was, there := r.at.Channels[name]
	r.at.Channels[name] = next
	cursor, err := json.Marshal(r.at)
	if err != nil {
		return stopError{fmt.Errorf("writing the cursor: %w", err)}
	}
	posts := make([]post.Post, len(entries))
	for i := range entries {
		posts[i] = entries[i].Post
	}
	if err := r.to.Put(ctx, collect.Batch{Posts: posts, Cursor: cursor}); err != nil {
		if r.at.Channels[name] = was; !there {
			delete(r.at.Channels, name)
		}
		return stopError{err}
	}
	return nil
}

// entry is a post and its number in the channel.
type entry struct {
	post.Post
	number int64
}

// hash stands for what a post says.
func (e *entry) hash() uint64 {
	var h xxh3.Hasher
	add := func(s ...string) {
		for _, s := range s {
			_, _ = h.WriteString(s)
			_, _ = h.WriteString("\x00")
		}
		_, _ = h.WriteString("\x01")
	}
	add(e.Text, e.URL, e.RepostOf, e.ReplyTo)
	for _, l := range e.Links {
		add(l.Given)
	}
	for _, m := range e.Media {
		add(m.ID)
	}
	add(e.Hashtags...)
	add(e.Mentions...)
	return h.Sum64()
}

// posts gives the messages of a page above floor as posts.
func (r *previewRun) posts(ctx context.Context, name string, p *Page, floor int64) []entry {
	lookups := lookupsAtOnce
	r.at.Names[name] = p.Channel
	handle := cmp.Or(p.Name, name)
	var all []entry
	for i := range p.Messages {
		m := &p.Messages[i]
		if m.Service || m.ID <= floor {
			continue
		}
		var repost, from string
		if f := m.Forward; f != nil {
			if f.Channel == 0 && f.Name != "" {
				f.Channel = r.number(ctx, f.Name, &lookups)
			}
			chat := peer.Number(f.Channel)
			switch {
			case f.Channel == 0 && f.Name == "":
				from = f.Title
			case f.Channel == 0:
				chat, from = f.Name, f.Name
			default:
				from = peer.Channel(chat)
			}
			if f.Message != 0 {
				repost = peer.Post(chat, peer.Number(f.Message))
			}
		}
		all = append(all, entry{m.post(p.Channel, handle, p.Title, repost, from), m.ID})
	}
	return all
}

// number gives the number of a channel of which only the name is known, or
// zero where that cannot be found out: the name stands for it then.
func (r *previewRun) number(ctx context.Context, name string, lookups *int) int64 {
	if s := r.at.Channels[name]; s != nil {
		return s.ID
	}
	if n := r.at.Names[name]; n != 0 {
		return n
	}
	if r.unknown[name] || *lookups == 0 || len(r.at.Names) >= maxNames {
		return 0
	}
	*lookups--
	p, err := r.get(ctx, name, 0)
	if err != nil || p.Channel == 0 {
		r.unknown[name] = true
		return 0
	}
	r.at.Names[name] = p.Channel
	return p.Channel
}
