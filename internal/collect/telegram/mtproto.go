package telegram

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/collect/telegram/peer"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

const (
	// callTime bounds one call, the connecting before it included.
	callTime = time.Minute
	// atOnce is how many messages or updates are asked for at once.
	atOnce = 100
)

// Kind is MTProto, Telegram's own interface, as a kind of source. The session is
// that of an account which was signed in elsewhere: a string session as the
// library Telethon writes it, or the JSON that gotd stores.
//
// Each channel is asked for what changed since the number of its state that the
// cursor has (updates.getChannelDifference), which is how Telegram lets clients
// follow public channels that they have not joined. New messages, edits and
// deletions come in order and without a gap; where too much has happened, the
// history is read from the last message on.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "telegram", Platform: Platform,
		Settings: []collect.Setting{
			{Key: "api_id", Type: collect.NumberSetting, Required: true},
			{Key: "api_hash", Type: collect.TextSetting, Required: true, Secret: true},
			{Key: "session", Type: collect.TextSetting, Required: true, Secret: true},
			channelsSetting(),
			{Key: "backfill", Type: collect.NumberSetting, Default: "100"},
			{Key: "every", Type: collect.DurationSetting, Default: "1m"},
		},
		Terms: &collect.Terms{Platform: Platform, Source: "https://core.telegram.org/api/terms"},
		Open: func(env collect.Env, v collect.Values) (collect.Source, error) {
			s, err := openMTProto(env, v)
			if err != nil {
				return nil, err
			}
			return s, nil
		},
	}
}

func openMTProto(env collect.Env, v collect.Values) (*source, error) {
	s := &source{clock: env.Clock, hash: v.Text("api_hash")}
	id, err := v.Number("api_id", 0)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if id <= 0 || id > 1<<31-1 {
		return nil, &collect.SettingError{Key: "api_id", Err: errors.New("the number that my.telegram.org gives is needed")}
	}
	s.id = int(id)
	if s.hash == "" {
		return nil, &collect.SettingError{Key: "api_hash", Err: errors.New("it is needed")}
	}
	if s.session, err = readSession(v.Text("session")); err != nil {
		return nil, err
	}
	if s.names, err = channels(v); err != nil {
		return nil, err
	}
	backfill, err := v.Number("backfill", 100)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if backfill < 0 || backfill > 1<<31-1 {
		return nil, &collect.SettingError{Key: "backfill", Err: errors.New("it is a number of messages")}
	}
	s.backfill = int(backfill)
	if s.every, err = v.Duration("every", time.Minute); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.every < time.Second {
		return nil, &collect.SettingError{Key: "every", Err: errors.New("it is a second or more")}
	}
	s.options.Resolver = dcs.Plain(dcs.PlainOptions{Dial: env.Programs.Dial})
	s.options.NoUpdates = true // asked for, not pushed
	return s, nil
}

// readSession reads a session in either form and gives it as gotd stores it.
// No error quotes it.
func readSession(text string) ([]byte, error) {
	bad := &collect.SettingError{Key: "session", Err: errors.New("a session of Telethon (a string) or of gotd (JSON) is needed")}
	if strings.HasPrefix(text, "{") {
		b := []byte(text)
		store := &session.StorageMemory{}
		if err := store.StoreSession(context.Background(), b); err != nil {
			return nil, bad
		}
		data, err := (&session.Loader{Storage: store}).Load(context.Background())
		if err != nil || len(data.AuthKey) == 0 {
			return nil, bad
		}
		return b, nil
	}
	data, err := session.TelethonSession(text)
	if err != nil {
		return nil, bad
	}
	store := &session.StorageMemory{}
	if err := (&session.Loader{Storage: store}).Save(context.Background(), data); err != nil {
		return nil, bad
	}
	b, err := store.LoadSession(context.Background())
	if err != nil {
		return nil, bad
	}
	return b, nil
}

type source struct {
	clock    collect.Clock
	id       int
	hash     string
	session  []byte
	names    []string
	backfill int
	every    time.Duration
	options  telegram.Options
}

// mtprotoCursor is where all channels stand, by name.
type mtprotoCursor struct {
	Channels map[string]*following `json:"channels"`
}

// following is where a channel stands.
type following struct {
	ID    int64  `json:"id"`
	Hash  int64  `json:"hash"`
	Title string `json:"title,omitempty"`
	// Pts is the number of the state up to which all changes were put.
	Pts int `json:"pts"`
	// Top is the newest message that was put.
	Top int `json:"top,omitempty"`
	// History is what is still to be read of the history; nil for nothing.
	History *history `json:"history,omitempty"`
}

// history is a part of a channel's history: messages above Floor and below
// Below, or all above Floor where Below is zero. Left is how many at most; zero
// means all.
type history struct {
	Floor int `json:"floor"`
	Below int `json:"below"`
	Left  int `json:"left,omitempty"`
}

// again gives what is to be read of the history when changes were lost: all
// above the newest message that was put, and what was to be read before. A
// number of messages that was left becomes a bound, so that it does not end
// the reading within what was lost.
func (f *following) again(backfill int) *history {
	switch h := f.History; {
	case h != nil && h.Left == 0:
		return &history{Floor: h.Floor}
	case h != nil && h.Below > 0:
		return &history{Floor: max(0, h.Below-1-h.Left)}
	case h != nil && f.Top > 0:
		return &history{Floor: max(0, f.Top-h.Left)}
	case h != nil:
		return &history{Left: h.Left}
	case f.Top > 0:
		return &history{Floor: f.Top}
	default:
		return &history{Left: max(backfill, atOnce)}
	}
}

// WaitError says that Telegram asks to be left alone (FLOOD_WAIT).
type WaitError struct{ Until time.Time }

func (e *WaitError) Error() string {
	return "Telegram asks to wait until " + e.Until.UTC().Format(time.RFC3339)
}

// Kind is "rate limit".
func (*WaitError) Kind() string { return "rate limit" }

// RetryAt is when it may be asked again.
func (e *WaitError) RetryAt() time.Time { return e.Until }

// Collect connects and asks channel after channel.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	at := mtprotoCursor{}
	if err := poll.ReadCursor(from, &at); err != nil {
		return err //nolint:wrapcheck // says what it is
	}
	if at.Channels == nil {
		at.Channels = map[string]*following{}
	}
	for _, f := range at.Channels {
		if f == nil || f.ID <= 0 || f.Pts <= 0 {
			return &collect.ConfigError{Err: errors.New("the stored cursor is not one of this source")}
		}
	}
	o := s.options
	store := &session.StorageMemory{}
	if s.session != nil {
		if err := store.StoreSession(ctx, s.session); err != nil {
			return fmt.Errorf("reading the session: %w", err)
		}
	}
	o.SessionStorage = store
	client := telegram.NewClient(s.id, s.hash, o)
	run := &mtprotoRun{source: s, to: to, api: client.API(), at: at, hidden: map[string]time.Time{}}
	err := client.Run(ctx, run.loop)
	if ctx.Err() != nil {
		return ctx.Err() //nolint:wrapcheck // the context's end
	}
	// The client ends without an error, or with one of its own contexts, where
	// the server broke off: that is not the source's end.
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &fetch.NetworkError{Where: "Telegram", Err: cmp.Or(err, io.ErrUnexpectedEOF)}
	}
	return s.judge(err)
}

// judge gives errors of the interface the form in which the runner knows them.
func (s *source) judge(err error) error {
	if d, ok := tgerr.AsFloodWait(err); ok {
		return &WaitError{s.clock.Now().Add(d)}
	}
	if auth.IsUnauthorized(err) || tgerr.Is(err, "AUTH_KEY_DUPLICATED", "API_ID_INVALID", "API_ID_PUBLISHED_FLOOD", "SESSION_EXPIRED") {
		return &collect.ConfigError{Err: fmt.Errorf("Telegram refuses the session: %w", err)} //nolint:staticcheck // a name
	}
	return err
}

type mtprotoRun struct {
	*source
	to     collect.Sink
	api    *tg.Client
	at     mtprotoCursor
	hidden map[string]time.Time
}

func (r *mtprotoRun) loop(ctx context.Context) error {
	for {
		wait, seen := r.every, 0
		for _, name := range r.names {
			if r.clock.Now().Before(r.hidden[name]) {
				continue
			}
			seen++
			pause, err := r.channel(ctx, name)
			if err != nil {
				why := tgerrType(err)
				if why == "" {
					return err
				}
				r.hidden[name] = r.clock.Now().Add(hidden)
				r.to.Note(collect.Note{Err: &ChannelError{name, why}})
				continue
			}
			wait = max(wait, pause)
		}
		if seen == 0 && len(r.hidden) == len(r.names) {
			return &collect.ConfigError{Err: errors.New("no channel of the list can be read")}
		}
		jitter := time.Duration(rand.Float64() * float64(wait) / 10) //nolint:gosec // only spreads requests
		if err := collect.Sleep(ctx, r.clock, wait+jitter); err != nil {
			return err //nolint:wrapcheck // the context's end
		}
	}
}

// tgerrType says why one channel alone cannot be read; empty where it is no
// such error.
func tgerrType(err error) string {
	switch {
	case tgerr.Is(err, "USERNAME_NOT_OCCUPIED", "USERNAME_INVALID"), errors.Is(err, errNoChannel):
		return "there is no such channel"
	case tgerr.Is(err, "CHANNEL_INVALID", "CHANNEL_PRIVATE", "CHANNEL_PUBLIC_GROUP_NA", "CHAT_ADMIN_REQUIRED"):
		return "it is not public"
	}
	return ""
}

var errNoChannel = errors.New("the name is not a channel's")

// call asks within bounds of time, and notes that an answer came.
func call[T any](ctx context.Context, r *mtprotoRun, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	v, err := ask(ctx)
	if err == nil {
		r.to.Note(collect.Note{Contact: true})
	}
	return v, err
}

// channel brings a channel up to date. pause is how long Telegram asks to leave
// it alone.
func (r *mtprotoRun) channel(ctx context.Context, name string) (pause time.Duration, err error) {
	if r.at.Channels[name] == nil {
		if err := r.begin(ctx, name); err != nil {
			return 0, err
		}
	}
	for {
		pause, final, err := r.difference(ctx, name)
		if tgerr.Is(err, "CHANNEL_INVALID") { // the account is another one now
			return 0, r.begin(ctx, name)
		}
		if err != nil {
			return 0, err
		}
		if final {
			return pause, r.past(ctx, name)
		}
	}
}

// begin finds a channel by its name, and its state.
func (r *mtprotoRun) begin(ctx context.Context, name string) error {
	found, err := call(ctx, r, func(ctx context.Context) (*tg.ContactsResolvedPeer, error) {
		return r.api.ContactsResolveUsername(ctx, &tg.ContactsResolveUsernameRequest{Username: name})
	})
	if err != nil {
		return fmt.Errorf("finding %s: %w", name, err)
	}
	next := &following{}
	for _, c := range found.Chats {
		if c, ok := c.(*tg.Channel); ok {
			next.ID, next.Hash, next.Title = c.ID, c.AccessHash, c.Title
		}
	}
	if next.ID == 0 {
		return errNoChannel
	}
	full, err := call(ctx, r, func(ctx context.Context) (*tg.MessagesChatFull, error) {
		return r.api.ChannelsGetFullChannel(ctx, &tg.InputChannel{ChannelID: next.ID, AccessHash: next.Hash})
	})
	if err != nil {
		return fmt.Errorf("asking for %s: %w", name, err)
	}
	state, ok := full.FullChat.(*tg.ChannelFull)
	if !ok {
		return errNoChannel
	}
	next.Pts = max(state.Pts, 1)
	if was := r.at.Channels[name]; was != nil && was.ID == next.ID {
		next.Pts, next.Top, next.History = was.Pts, was.Top, was.History
	} else if r.backfill > 0 {
		next.History = &history{Left: r.backfill}
	}
	return r.put(ctx, name, next, collect.Batch{})
}

// difference takes what changed since the channel's state.
func (r *mtprotoRun) difference(ctx context.Context, name string) (pause time.Duration, final bool, err error) {
	was := r.at.Channels[name]
	answer, err := call(ctx, r, func(ctx context.Context) (tg.UpdatesChannelDifferenceClass, error) {
		return r.api.UpdatesGetChannelDifference(ctx, &tg.UpdatesGetChannelDifferenceRequest{
			Channel: &tg.InputChannel{ChannelID: was.ID, AccessHash: was.Hash},
			Filter:  &tg.ChannelMessagesFilterEmpty{}, Pts: was.Pts, Limit: atOnce,
		})
	})
	if err != nil {
		return 0, false, fmt.Errorf("asking what changed in %s: %w", name, err)
	}
	next := *was
	var b collect.Batch
	switch d := answer.(type) {
	case *tg.UpdatesChannelDifferenceEmpty:
		// Nothing was put: the number alone is not worth storing.
		return time.Duration(d.Timeout) * time.Second, true, nil
	case *tg.UpdatesChannelDifference:
		if d.Pts <= was.Pts && !d.Final {
			return 0, false, &poll.FormatError{Where: "Telegram", Why: "the state of a channel does not move on"}
		}
		next.Pts = max(d.Pts, was.Pts)
		messages := d.NewMessages
		for _, u := range d.OtherUpdates {
			switch u := u.(type) {
			case *tg.UpdateNewChannelMessage:
				messages = append(messages, u.Message)
			case *tg.UpdateEditChannelMessage:
				messages = append(messages, u.Message)
			case *tg.UpdateDeleteChannelMessages:
				if u.ChannelID != was.ID {
					continue
				}
				for _, id := range u.Messages {
					b.Deleted = append(b.Deleted, poststore.Deletion{Platform: Platform, ID: peer.Message(was.ID, int64(id))})
				}
			}
		}
		if b.Posts, err = r.posts(messages, name, &next); err != nil {
			return 0, false, err
		}
		return time.Duration(d.Timeout) * time.Second, d.Final, r.put(ctx, name, &next, b)
	case *tg.UpdatesChannelDifferenceTooLong:
		dialog, ok := d.Dialog.(*tg.Dialog)
		if !ok || dialog.Pts <= was.Pts {
			return 0, false, &poll.FormatError{Where: "Telegram", Why: "a channel's state is missing"}
		}
		next.Pts = dialog.Pts
		next.History = was.again(r.backfill)
		return time.Duration(d.Timeout) * time.Second, true, r.put(ctx, name, &next, b)
	default:
		return 0, false, &poll.FormatError{Where: "Telegram", Why: "the answer is of an unknown kind"}
	}
}

// past reads what is to be read of a channel's history, the newest first.
func (r *mtprotoRun) past(ctx context.Context, name string) error {
	for {
		was := r.at.Channels[name]
		h := was.History
		if h == nil {
			return nil
		}
		limit := atOnce
		if h.Left > 0 {
			limit = min(limit, h.Left)
		}
		answer, err := call(ctx, r, func(ctx context.Context) (tg.MessagesMessagesClass, error) {
			return r.api.MessagesGetHistory(ctx, &tg.MessagesGetHistoryRequest{
				Peer:     &tg.InputPeerChannel{ChannelID: was.ID, AccessHash: was.Hash},
				OffsetID: h.Below, MinID: h.Floor, Limit: limit,
			})
		})
		if err != nil {
			return fmt.Errorf("reading the history of %s: %w", name, err)
		}
		all, ok := answer.(*tg.MessagesChannelMessages)
		if !ok {
			return &poll.FormatError{Where: "Telegram", Why: "the answer is of an unknown kind"}
		}
		low, n := 0, 0
		for _, m := range all.Messages {
			if id := m.GetID(); id > h.Floor && (h.Below == 0 || id < h.Below) {
				n++
				if low == 0 || id < low {
					low = id
				}
			}
		}
		next := *was
		switch {
		case n == 0, low <= h.Floor+1, h.Left > 0 && h.Left <= n:
			next.History = nil
		default:
			next.History = &history{Floor: h.Floor, Below: low, Left: h.Left}
			if h.Left > 0 {
				next.History.Left -= n
			}
		}
		var b collect.Batch
		if b.Posts, err = r.posts(all.Messages, name, &next); err != nil {
			return err
		}
		if err := r.put(ctx, name, &next, b); err != nil {
			return err
		}
	}
}

// posts gives messages as posts, service messages left out.
func (r *mtprotoRun) posts(messages []tg.MessageClass, name string, next *following) ([]post.Post, error) {
	var posts []post.Post
	for _, m := range messages {
		m, ok := m.(*tg.Message)
		if !ok {
			continue
		}
		p, ok, err := messagePost(m, next.ID, name, next.Title)
		if err != nil {
			return nil, err
		}
		if ok {
			posts = append(posts, p)
			next.Top = max(next.Top, m.ID)
		}
	}
	return posts, nil
}

// put puts a batch, after which the channel stands where next says.
func (r *mtprotoRun) put(ctx context.Context, name string, next *following, b collect.Batch) error {
	r.at.Channels[name] = next
	cursor, err := json.Marshal(r.at)
	if err != nil {
		return fmt.Errorf("writing the cursor: %w", err)
	}
	b.Cursor = cursor
	return r.to.Put(ctx, b) //nolint:wrapcheck // the runner's
}
