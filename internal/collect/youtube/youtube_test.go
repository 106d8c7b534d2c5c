package youtube

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
)

var begin = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const channel = "UCaaaaaaaaaaaaaaaaaaaaaa"

func open1(t *testing.T, base string, more collect.Values) *source {
	t.Helper()
	v := collect.Values{"key": "secret", "base": base, "lookback": "72h", "daily_searches": "100000", "daily_units": "1000000"}
	maps.Copy(v, more)
	s, err := open(polltest.Env(polltest.NewClock(begin)), v)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*source)
}

// upstream has videos, one each minute, in lists of per a page; a search gives
// at most gives. The first three have five comments each, of which every second
// has three replies, one of them beside it; on the fourth there are none
// allowed, and the fifth is gone when its comments are asked for.
type upstream struct {
	t                 *testing.T
	total, per, gives int
	asked             atomic.Int64
	refuse            atomic.Pointer[string] // the reason for which all is refused
}

func video(n int) string { return fmt.Sprintf("video%03d", n) }

func (u *upstream) at(n int) time.Time { return begin.Add(-time.Duration(n+1) * time.Minute) }

func (u *upstream) refused(w http.ResponseWriter, code int, reason string) {
	w.WriteHeader(code)
	polltest.Answer(u.t, w, map[string]any{"error": map[string]any{"code": code, "errors": []any{map[string]any{"reason": reason}}}})
}

func remark(id string, at time.Time) map[string]any {
	return map[string]any{"id": id, "snippet": map[string]any{"textDisplay": "words", "authorDisplayName": "@a", "authorChannelId": map[string]any{"value": "UCb"}, "publishedAt": at.Format(time.RFC3339)}}
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.asked.Add(1)
	q := r.URL.Query()
	if r.Header.Get("X-Goog-Api-Key") != "secret" || strings.Contains(r.URL.RawQuery, "secret") {
		u.t.Errorf("asked %s", r.URL)
	}
	if why := u.refuse.Load(); why != nil {
		u.refused(w, http.StatusForbidden, *why)
		return
	}
	var all []map[string]any
	per := u.per
	switch r.URL.Path {
	case "/search":
		from, _ := time.Parse(time.RFC3339, q.Get("publishedAfter"))
		until, _ := time.Parse(time.RFC3339, q.Get("publishedBefore"))
		for n := range u.total {
			if at := u.at(n); !at.Before(from) && !at.After(until) && len(all) < u.gives {
				all = append(all, map[string]any{"id": map[string]any{"videoId": video(n)}, "snippet": map[string]any{"publishedAt": at.Format(time.RFC3339)}})
			}
		}
	case "/channels":
		if id := q.Get("id") + q.Get("forHandle"); id == channel || id == "@name" {
			all = append(all, map[string]any{"contentDetails": map[string]any{"relatedPlaylists": map[string]any{"uploads": "UUx"}}})
		}
	case "/playlistItems":
		for n := range u.total {
			all = append(all, map[string]any{"contentDetails": map[string]any{"videoId": video(n), "videoPublishedAt": u.at(n).Format(time.RFC3339)}})
		}
	case "/videos":
		per = found
		for id := range strings.SplitSeq(q.Get("id"), ",") {
			n, _ := strconv.Atoi(strings.TrimPrefix(id, "video"))
			all = append(all, map[string]any{"id": id, "snippet": map[string]any{"channelId": channel, "channelTitle": "A", "publishedAt": u.at(n).Format(time.RFC3339), "title": "words"}})
		}
	case "/commentThreads":
		id := q.Get("videoId")
		switch {
		case id == video(3):
			u.refused(w, http.StatusForbidden, "commentsDisabled")
			return
		case id == video(4):
			u.refused(w, http.StatusNotFound, "videoNotFound")
			return
		case id > video(4):
			break
		default:
			for n := range 5 {
				c := map[string]any{"snippet": map[string]any{"videoId": id, "channelId": channel, "topLevelComment": remark(fmt.Sprintf("%s-c%d", id, n), u.at(n)), "totalReplyCount": n % 2 * 3}}
				if n%2 == 1 {
					c["replies"] = map[string]any{"comments": []any{remark(fmt.Sprintf("%s-c%d.0", id, n), u.at(n))}}
				}
				all = append(all, c)
			}
		}
		per = 2
	case "/comments":
		for n := range 3 {
			all = append(all, remark(fmt.Sprintf("%s.%d", q.Get("parentId"), n), begin.Add(-time.Second)))
		}
		per = 2
	default:
		u.t.Errorf("asked %s", r.URL)
	}
	skip := 0
	if p := q.Get("pageToken"); p != "" {
		var err error
		if skip, err = strconv.Atoi(p); err != nil || skip > len(all) {
			u.refused(w, http.StatusBadRequest, "invalidPageToken")
			return
		}
	}
	end := min(skip+per, len(all))
	v := map[string]any{"kind": "youtube#list", "items": polltest.Muddled(all[skip:end])}
	if end < len(all) {
		v["nextPageToken"] = strconv.Itoa(end)
	}
	polltest.Answer(u.t, w, v)
}

func want(total int) (all []string) {
	for n := range total {
		all = append(all, video(n))
	}
	return all
}

// wantSaid are the comments on the first videos with their replies.
func wantSaid() (all []string) {
	for v := range 3 {
		for n := range 5 {
			id := fmt.Sprintf("%s-c%d", video(v), n)
			all = append(all, id)
			if n%2 == 1 {
				all = append(all, id+".0", id+".1", id+".2")
			}
		}
	}
	return all
}

func TestCollecting(t *testing.T) {
	for name, c := range map[string]struct {
		settings      collect.Values
		want, deleted []string
	}{
		"search":   {collect.Values{"queries": "a\nb"}, want(30), nil},
		"channels": {collect.Values{"channels": channel + "\n@name\n@nobody"}, want(30), nil},
		"comments": {collect.Values{"channels": "https://www.youtube.com/channel/" + channel, "queries": "a", "comments": "true"}, append(want(30), wantSaid()...), []string{video(4)}},
	} {
		t.Run(name, func(t *testing.T) {
			collecttest.Run(t, 2, collecttest.Upstream{Platform: platform, Want: c.want, Deleted: c.deleted, Source: func(t *testing.T) collect.Source {
				return open1(t, polltest.Serve(t, true, &upstream{t: t, total: 30, per: 7, gives: most}), c.settings)
			}})
		})
	}
}

// What a search does not give in its five hundred videos is asked for before
// the oldest of them.
func TestMoreThanASearchGives(t *testing.T) {
	const total = 900
	s := open1(t, polltest.Serve(t, false, &upstream{t: t, total: total, per: found, gives: most}), collect.Values{"queries": "a"})
	to, _ := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool {
		return !strings.Contains(string(to.Batches[len(to.Batches)-1].Cursor), `"until"`)
	})
	if got, _ := to.IDs(); !slices.Equal(got, want(total)) {
		t.Errorf("%d videos of %d", len(got), total)
	}
}

// The day of the allowances ends at midnight in California, which has summer
// time in May.
func TestAllowances(t *testing.T) {
	midnight := time.Date(2026, 5, 2, 7, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		more   collect.Values
		reason string
		until  time.Time
		asked  int64
	}{
		"searches are counted":    {collect.Values{"daily_searches": "2"}, "", midnight, 4}, // with the videos of each
		"units are counted":       {collect.Values{"daily_units": "1"}, "", midnight, 3},
		"YouTube counts":          {nil, "quotaExceeded", midnight, 1},
		"YouTube counts the days": {nil, "dailyLimitExceeded", midnight, 1},
	} {
		u := &upstream{t: t, total: 30, per: 7, gives: most}
		if c.reason != "" {
			u.refuse.Store(&c.reason)
		}
		more := collect.Values{"queries": "a"}
		maps.Copy(more, c.more)
		s := open1(t, polltest.Serve(t, false, u), more)
		to, err := polltest.Collect(t, s, nil, nil)
		if e, ok := errors.AsType[*poll.ExhaustedError](err); !ok || !e.Until.Equal(c.until) {
			t.Errorf("%s: %v", name, err)
		}
		if got := u.asked.Load(); got != c.asked {
			t.Errorf("%s: asked %d times, not %d", name, got, c.asked)
		}
		if !slices.ContainsFunc(to.Notes, func(n collect.Note) bool { return n.Quota != nil && n.Quota.Left == 0 && n.Quota.Reset.Equal(midnight) }) {
			t.Errorf("%s: the allowance was not noted", name)
		}
	}
}

// What was used today stays used after a restart, and is new the day after.
func TestUsedAllowances(t *testing.T) {
	u := &upstream{t: t, total: 3, per: 7, gives: most}
	for day, asked := range map[string]bool{"2026-05-01": false, "2026-04-30": true} {
		s := open1(t, polltest.Serve(t, false, u), collect.Values{"queries": "a", "daily_searches": "5"})
		at := polltest.JSON(t, cursor{Used: used{Day: day, Searches: 5}})
		before := u.asked.Load()
		_, _ = polltest.Collect(t, s, at, func(*polltest.Sink) bool { return true })
		if got := u.asked.Load() > before; got != asked {
			t.Errorf("%s: asked: %v", day, got)
		}
	}
}

// A channel goes on while there are no searches left.
func TestChannelsWithoutSearches(t *testing.T) {
	u := &upstream{t: t, total: 10, per: 7, gives: most}
	s := open1(t, polltest.Serve(t, false, u), collect.Values{"queries": "a", "channels": channel, "daily_searches": "1"})
	at := polltest.JSON(t, cursor{Used: used{Day: "2026-05-01", Searches: 1}})
	to, _ := polltest.Collect(t, s, at, func(to *polltest.Sink) bool { return len(to.Batches) == 4 })
	if got, _ := to.IDs(); !slices.Equal(got, want(10)) {
		t.Errorf("got %q", got)
	}
}

func TestRefusals(t *testing.T) {
	for reason, kind := range map[string]string{"accessNotConfigured": "configuration", "keyExpired": "configuration", "rateLimitExceeded": ""} {
		u := &upstream{t: t, total: 3, per: 7, gives: most}
		u.refuse.Store(&reason)
		s := open1(t, polltest.Serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if u.asked.Load() == 2 {
				u.refuse.Store(nil) // it was only for a moment
			}
			u.ServeHTTP(w, r)
		})), collect.Values{"queries": "a"})
		to, err := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool { return len(to.Batches) > 0 })
		if kind != "" && collect.KindOf(err) != kind {
			t.Errorf("%s: %v (%s)", reason, err, collect.KindOf(err))
		}
		if got, _ := to.IDs(); kind == "" && len(got) != 3 {
			t.Errorf("%s: got %q", reason, got)
		}
	}
}

// A page's token that is no longer one begins its walk again.
func TestOldPages(t *testing.T) {
	u := &upstream{t: t, total: 10, per: 7, gives: most}
	old := walk{Since: begin.Add(-time.Hour), Until: begin, End: begin, Page: "old", Uploads: "UUx"}
	s := open1(t, polltest.Serve(t, false, u), collect.Values{"queries": "a", "channels": channel})
	at := polltest.JSON(t, cursor{Queries: map[string]walk{"a": old}, Channels: map[string]walk{channel: old}})
	to, _ := polltest.Collect(t, s, at, func(to *polltest.Sink) bool { return len(to.Batches) == 4 })
	if got, _ := to.IDs(); !slices.Equal(got, want(10)) {
		t.Errorf("got %q", got)
	}
}

func TestSlowAnswers(t *testing.T) {
	s := open1(t, polltest.Serve(t, false, polltest.Stalling(&upstream{t: t, total: 3, per: 7, gives: most})), collect.Values{"queries": "a"})
	s.api.Timeout = 200 * time.Millisecond
	to, _ := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool { ids, _ := to.IDs(); return len(ids) == 3 })
	if got, _ := to.IDs(); !slices.Equal(got, want(3)) {
		t.Errorf("got %q", got)
	}
	if !slices.ContainsFunc(to.Notes, func(n collect.Note) bool { return n.Err != nil && collect.KindOf(n.Err) == "network" }) {
		t.Error("the stalled answer was not noted")
	}
}

func TestSettings(t *testing.T) {
	env := polltest.Env(polltest.NewClock(begin))
	whole := collect.Values{"key": "a", "queries": "b"}
	for key, value := range map[string]string{
		"key": "", "queries": "", "channels": "name", "every": "often", "lookback": "long", "daily_searches": "0", "daily_units": "many", "base": "x",
	} {
		v := maps.Clone(whole)
		v[key] = value
		_, err := open(env, v)
		if wrong, ok := errors.AsType[*collect.SettingError](err); !ok || wrong.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := open1(t, "https://a.example", whole).Collect(t.Context(), []byte(`{"other":1}`), &polltest.Sink{}); collect.KindOf(err) != "configuration" {
		t.Errorf("a foreign cursor: %v", err)
	}
}

const threads = `{"kind":"x","items":[{"snippet":{"videoId":"video001","channelId":"UCa","totalReplyCount":1,"topLevelComment":{"id":"comment1","snippet":{"textDisplay":"a","authorDisplayName":"@b","authorChannelId":{"value":"UCb"},"publishedAt":"2026-05-01T00:00:00Z"}}},
"replies":{"comments":[{"id":"comment1.1","snippet":{"textOriginal":"c","authorDisplayName":"D","authorChannelId":{"value":"UCd"},"publishedAt":"2026-05-01T00:01:00Z"}}]}},
{"snippet":{"videoId":"video001","totalReplyCount":9,"topLevelComment":{"id":"comment2","snippet":{"authorChannelId":{"value":"UCb"},"publishedAt":"2026-05-01T00:00:01Z"}}}},
{"snippet":{"videoId":"video001","topLevelComment":{"id":"comment3","snippet":{"publishedAt":"2026-05-01T00:00:01Z"}}}}]}`

func TestParseThreads(t *testing.T) {
	got := parseThreads(gjson.Parse(threads))
	if got.n != 3 || got.bad != 1 || len(got.posts) != 3 || len(got.threads) != 1 || got.threads[0].Parent != "comment2" {
		t.Fatalf("%+v", got)
	}
	a, b := got.posts[0], got.posts[1]
	if a.ReplyTo != "video001" || a.Channel != "UCa" || a.Account.ID != "UCb" || a.Account.Handle != "b" || a.URL != "https://www.youtube.com/watch?v=video001&lc=comment1" {
		t.Errorf("%+v", a)
	}
	if b.ReplyTo != "comment1" || b.Text != "c" || b.Account.Handle != "" {
		t.Errorf("%+v", b)
	}
}

const videos = `{"kind":"x","items":[{"id":"video001","snippet":{"publishedAt":"2026-05-01T00:00:00Z","channelId":"UCa","channelTitle":"A","title":"t","description":"d https://a.example #b","defaultLanguage":"en","thumbnails":{"high":{"url":"https://i.example/1"}}}},{"id":"video002"}]}`

func TestParseVideos(t *testing.T) {
	posts, n := parseVideos(gjson.Parse(videos))
	if n != 2 || len(posts) != 1 {
		t.Fatalf("%d of %d", len(posts), n)
	}
	if p := posts[0]; p.Text != "t\n\nd https://a.example #b" || p.Lang != "en" || len(p.Media) != 1 || p.Account.Name != "A" {
		t.Errorf("%+v", p)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(threads))
	f.Add([]byte(videos))
	f.Add([]byte(`{"items":[{"id":{"videoId":"video001"},"snippet":{"publishedAt":"2026-05-01T00:00:00Z"},"contentDetails":{"videoId":"video001","videoPublishedAt":"2026-05-01T00:00:00Z"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !poll.Valid(b) {
			return
		}
		v := gjson.ParseBytes(b)
		said := parseThreads(v)
		seen, n := parseVideos(v)
		replies, m := parseReplies(v, thread{Parent: "comment1", Video: "video001"})
		if len(seen) > n || len(replies) > m || len(said.threads) > said.n {
			t.Errorf("more than there is: %d of %d, %d of %d", len(seen), n, len(replies), m)
		}
		for _, p := range slices.Concat(said.posts, seen, replies) {
			if p.ID == "" || p.Account.ID == "" || p.Time.IsZero() || len(p.Raw) == 0 {
				t.Errorf("%+v", p)
			}
		}
		for _, l := range []list{parseSearch(v), parsePlaylist(v, begin)} {
			if len(l.ids) > l.n {
				t.Errorf("%+v", l)
			}
		}
	})
}
