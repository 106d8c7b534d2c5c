package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/session"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
	"github.com/gotd/td/tgtest"
	"github.com/gotd/td/tgtest/cluster"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
)

// cloud is a server with one channel, @harbour, numbered 1234: a history of
// messages, and changes after it, each of which moves the state on by one.
type cloud struct {
	mu      sync.Mutex
	history int
	first   int // the state that a client begins with
	changes []tg.UpdateClass
	long    bool // the first difference is too long
	wait    bool // the first call is to wait
	drop    int  // after so many calls the connection breaks, once
	calls   int
}

func message(id int, text string) *tg.Message {
	m := &tg.Message{ID: id, PeerID: &tg.PeerChannel{ChannelID: 1234}, Date: int(begin.Unix()) + id, Message: text, Post: true}
	m.SetFlags()
	return m
}

func (c *cloud) answer(req bin.Decoder) (bin.Encoder, error) {
	switch req := req.(type) {
	case *tg.ContactsResolveUsernameRequest:
		if req.Username != "harbour" {
			return nil, tgerr.New(400, "USERNAME_NOT_OCCUPIED")
		}
		return &tg.ContactsResolvedPeer{Peer: &tg.PeerChannel{ChannelID: 1234}, Chats: []tg.ChatClass{
			&tg.Channel{ID: 1234, AccessHash: 5, Title: "Harbour", Photo: &tg.ChatPhotoEmpty{}, Username: "harbour"},
		}}, nil
	case *tg.ChannelsGetFullChannelRequest:
		return &tg.MessagesChatFull{FullChat: &tg.ChannelFull{ID: 1234, Pts: c.first, ChatPhoto: &tg.PhotoEmpty{}, NotifySettings: tg.PeerNotifySettings{}}}, nil
	case *tg.MessagesGetHistoryRequest:
		out := &tg.MessagesChannelMessages{}
		for id := c.history; id > req.MinID && len(out.Messages) < min(req.Limit, 20); id-- {
			if req.OffsetID == 0 || id < req.OffsetID {
				out.Messages = append(out.Messages, message(id, fmt.Sprintf("message %d", id)))
			}
		}
		return out, nil
	case *tg.UpdatesGetChannelDifferenceRequest:
		if c.long {
			c.long = false
			dialog := &tg.Dialog{Peer: &tg.PeerChannel{ChannelID: 1234}}
			dialog.SetPts(c.first + len(c.changes) + 1)
			return &tg.UpdatesChannelDifferenceTooLong{Final: true, Dialog: dialog}, nil
		}
		n := req.Pts - c.first
		if n < 0 || n >= len(c.changes) {
			return &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: req.Pts, Timeout: 1}, nil
		}
		until := min(n+2, len(c.changes))
		out := &tg.UpdatesChannelDifference{Pts: c.first + until, Final: until == len(c.changes), Timeout: 1}
		for _, u := range c.changes[n:until] {
			if u, ok := u.(*tg.UpdateNewChannelMessage); ok {
				out.NewMessages = append(out.NewMessages, u.Message)
				continue
			}
			out.OtherUpdates = append(out.OtherUpdates, u)
		}
		return out, nil
	}
	return nil, tgerr.New(400, "METHOD_INVALID")
}

func (c *cloud) handle(req func() bin.Decoder) tgtest.HandlerFunc {
	return func(s *tgtest.Server, r *tgtest.Request) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		v := req()
		if err := v.Decode(r.Buf); err != nil {
			return err
		}
		c.calls++
		if c.calls == c.drop {
			s.ForceDisconnect(r.Session)
			return nil
		}
		if c.wait {
			c.wait = false
			return s.SendErr(r, tgerr.New(420, "FLOOD_WAIT_300"))
		}
		out, err := c.answer(v)
		if refused, ok := errors.AsType[*tgerr.Error](err); ok {
			return s.SendErr(r, refused)
		}
		return s.SendResult(r, out)
	}
}

// serve runs the cloud and gives what opens sources on it.
func (c *cloud) serve(t *testing.T) func(t *testing.T, names string) collect.Source {
	t.Helper()
	cl := cluster.NewCluster(cluster.Options{})
	d := cl.Dispatch(2, "dc")
	d.HandleFunc(tg.ContactsResolveUsernameRequestTypeID, c.handle(func() bin.Decoder { return &tg.ContactsResolveUsernameRequest{} }))
	d.HandleFunc(tg.ChannelsGetFullChannelRequestTypeID, c.handle(func() bin.Decoder { return &tg.ChannelsGetFullChannelRequest{} }))
	d.HandleFunc(tg.MessagesGetHistoryRequestTypeID, c.handle(func() bin.Decoder { return &tg.MessagesGetHistoryRequest{} }))
	d.HandleFunc(tg.UpdatesGetChannelDifferenceRequestTypeID, c.handle(func() bin.Decoder { return &tg.UpdatesGetChannelDifferenceRequest{} }))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = cl.Up(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	<-cl.Ready()
	return func(t *testing.T, names string) collect.Source {
		t.Helper()
		s, err := openMTProto(polltest.Env(polltest.NewClock(begin)), collect.Values{"api_id": "1", "api_hash": "x", "session": someSession(t), "channels": names})
		if err != nil {
			t.Fatal(err)
		}
		s.session = nil // the server gives a key
		s.options.PublicKeys, s.options.DCList, s.options.DC = cl.Keys(), cl.List(), 2
		return s
	}
}

func someSession(t *testing.T) string {
	t.Helper()
	store := &session.StorageMemory{}
	if err := (&session.Loader{Storage: store}).Save(t.Context(), &session.Data{DC: 2, AuthKey: make([]byte, 256), AuthKeyID: make([]byte, 8)}); err != nil {
		t.Fatal(err)
	}
	b, err := store.LoadSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func changes() []tg.UpdateClass {
	fwd := message(53, "said elsewhere")
	fwd.SetFwdFrom(tg.MessageFwdHeader{FromID: &tg.PeerChannel{ChannelID: 99}, ChannelPost: 7})
	return []tg.UpdateClass{
		&tg.UpdateNewChannelMessage{Message: message(51, "new")},
		&tg.UpdateEditChannelMessage{Message: message(50, "message 50, corrected")},
		&tg.UpdateNewChannelMessage{Message: message(52, "soon gone")},
		&tg.UpdateNewChannelMessage{Message: fwd},
		&tg.UpdateDeleteChannelMessages{ChannelID: 1234, Messages: []int{52, 3}},
	}
}

func TestMTProtoKilledAnywhere(t *testing.T) {
	c := &cloud{history: 50, first: 10, changes: changes()}
	open := c.serve(t)
	var want []string
	for id := range 53 {
		want = append(want, fmt.Sprintf("1234/%d", id+1))
	}
	collecttest.Run(t, 3, collecttest.Upstream{
		Platform: "telegram", Want: want, Deleted: []string{"1234/52", "1234/3"},
		Source: func(t *testing.T) collect.Source { return open(t, "harbour") },
	})
}

func TestMTProtoChanges(t *testing.T) {
	c := &cloud{history: 50, first: 10, changes: changes()}
	s, _ := polltest.Collect(t, c.serve(t)(t, "harbour\nnowhere"), nil, func(s *polltest.Sink) bool { return len(collected(s)) == 53 })
	if got := collected(s)["1234/50"]; !slices.Contains(got, "message 50, corrected") {
		t.Errorf("the edited message: %q", got)
	}
	for _, b := range s.Batches {
		for _, p := range b.Posts {
			if p.ID == "1234/53" && (p.RepostOf != "99/7" || !slices.Contains(p.Mentions, "channel99")) {
				t.Errorf("the forwarded message: %+v", p)
			}
		}
	}
}

func TestMTProtoTooLong(t *testing.T) {
	// After the state was lost, the history closes the gap above message 20.
	c := &cloud{history: 90, first: 10, long: true}
	s, _ := polltest.Collect(t, c.serve(t)(t, "harbour"), []byte(`{"channels":{"harbour":{"id":1234,"hash":5,"pts":5,"top":20}}}`), func(s *polltest.Sink) bool {
		return len(collected(s)) == 70
	})
	if all := collected(s); len(all) != 70 || all["1234/20"] != nil || all["1234/21"] == nil {
		t.Errorf("%d posts", len(all))
	}
}

func TestHistoryAgain(t *testing.T) {
	for name, c := range map[string]struct {
		f    following
		want history
	}{
		"nothing was put":          {following{}, history{Left: 300}},
		"all was put":              {following{Top: 40}, history{Floor: 40}},
		"a gap was being read":     {following{Top: 90, History: &history{Floor: 40, Below: 70}}, history{Floor: 40}},
		"the past was being read":  {following{Top: 90, History: &history{Below: 71, Left: 20}}, history{Floor: 50}},
		"the past was to be read":  {following{Top: 90, History: &history{Left: 20}}, history{Floor: 70}},
		"less than all was wanted": {following{History: &history{Left: 20}}, history{Left: 20}},
	} {
		if got := c.f.again(300); *got != c.want {
			t.Errorf("%s: %+v, want %+v", name, *got, c.want)
		}
	}
}

func TestMTProtoWaits(t *testing.T) {
	c := &cloud{history: 5, first: 10, wait: true}
	_, err := polltest.Collect(t, c.serve(t)(t, "harbour"), nil, nil)
	if until := collect.RetryAt(err); until.Before(begin.Add(299 * time.Second)) {
		t.Errorf("FLOOD_WAIT ended in %v", err)
	}
}

func TestMTProtoNoChannel(t *testing.T) {
	c := &cloud{history: 5, first: 10}
	_, err := polltest.Collect(t, c.serve(t)(t, "nowhere"), nil, nil)
	if _, ok := errors.AsType[*collect.ConfigError](err); !ok {
		t.Errorf("no channel: %v", err)
	}
}

func TestMTProtoDropped(t *testing.T) {
	c := &cloud{history: 50, first: 10, changes: changes(), drop: 5}
	open := c.serve(t)
	all := map[string]bool{}
	var cursor []byte
	for range 3 { // as the runner does: again from the cursor
		s, err := polltest.Collect(t, open(t, "harbour"), cursor, func(s *polltest.Sink) bool { return len(all)+len(collected(s)) >= 53 })
		if err == nil {
			t.Error("a lost connection was taken for the end")
		}
		for id := range collected(s) {
			all[id] = true
		}
		if len(all) == 53 {
			return
		}
		if n := len(s.Batches); n > 0 {
			cursor = s.Batches[n-1].Cursor
		}
	}
	t.Errorf("%d posts", len(all))
}

func TestMTProtoSettings(t *testing.T) {
	good := collect.Values{"api_id": "1", "api_hash": "x", "session": someSession(t), "channels": "harbour"}
	env := polltest.Env(polltest.NewClock(begin))
	if _, err := Kind().Open(env, good); err != nil {
		t.Fatal(err)
	}
	for key, bad := range map[string][]string{
		"api_id": {"", "x", "-1", "99999999999"}, "api_hash": {""}, "channels": {"", "https://t.me/+abc"},
		"session": {"", "1", "{}", `{"Version":1,"Data":{}}`, "1abc"}, "backfill": {"-1"}, "every": {"1ms"},
	} {
		for _, value := range bad {
			v := collect.Values{}
			for k := range good {
				v[k] = good[k]
			}
			v[key] = value
			s, err := Kind().Open(env, v)
			if wrong, ok := errors.AsType[*collect.SettingError](err); !ok || wrong.Key != key {
				t.Errorf("%s %q: %v, %v", key, value, s, err)
			}
		}
	}
}

func TestMTProtoReachesPublicHostsOnly(t *testing.T) {
	c := &cloud{history: 5, first: 10}
	s := c.serve(t)(t, "harbour").(*source)
	strict, err := openMTProto(collect.Env{Clock: collect.RealTime(), Programs: fetch.New(fetch.Options{})},
		collect.Values{"api_id": "1", "api_hash": "x", "session": someSession(t), "channels": "harbour"})
	if err != nil {
		t.Fatal(err)
	}
	s.options.Resolver = strict.options.Resolver
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dc := s.options.DCList
	_, err = s.options.Resolver.Primary(ctx, 2, dc)
	if _, ok := errors.AsType[*fetch.RefusedError](err); !ok {
		t.Errorf("loopback was answered with %v", err)
	}
}

func FuzzMessage(f *testing.F) {
	m := message(5, "Fog 🌁 at the #pier")
	m.SetEntities([]tg.MessageEntityClass{&tg.MessageEntityHashtag{Offset: 14, Length: 5}})
	var b bin.Buffer
	if err := m.Encode(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Raw())
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m tg.Message
		if m.Decode(&bin.Buffer{Buf: raw}) != nil {
			return
		}
		p, ok, err := messagePost(&m, 1234, "harbour", "Harbour")
		if err == nil && ok && (p.ID != fmt.Sprintf("1234/%d", m.ID) || p.Account.ID == "" || len(p.Raw) == 0) {
			t.Errorf("%+v", p)
		}
	})
}

func TestMessageEntities(t *testing.T) {
	m := message(5, "🌁 #pier 霧 example.org")
	m.SetEntities([]tg.MessageEntityClass{
		&tg.MessageEntityHashtag{Offset: 3, Length: 5}, &tg.MessageEntityURL{Offset: 11, Length: 11},
		&tg.MessageEntityTextURL{Offset: 9, Length: 1, URL: "https://example.org/fog"}, &tg.MessageEntityMentionName{Offset: 0, Length: 2, UserID: 8},
		&tg.MessageEntityURL{Offset: 20, Length: 1 << 30}, &tg.MessageEntityURL{Offset: -1, Length: 1},
	})
	p, ok, err := messagePost(m, 1234, "harbour", "Harbour")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if !slices.Equal(p.Hashtags, []string{"pier"}) || !slices.Equal(p.Mentions, []string{"user8"}) ||
		len(p.Links) != 2 || p.Links[0].Given != "example.org" || p.Links[1].Given != "https://example.org/fog" {
		t.Errorf("%+v", p)
	}
	if _, ok, _ := messagePost(m, 99, "other", ""); ok {
		t.Error("another channel's message was taken")
	}
}
