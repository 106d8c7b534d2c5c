package reddit

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
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

func open1(t *testing.T, base string, more collect.Values) *source {
	t.Helper()
	v := collect.Values{"client_id": "id", "client_secret": "secret", "username": "u/somebody", "base": base, "login": base, "lookback": "72h"}
	maps.Copy(v, more)
	s, err := open(polltest.Env(polltest.NewClock(begin)), v)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*source)
}

// upstream has entries, one each minute, in lists of per a page. Every tenth is
// deleted, and so is what deleted names. Tokens hold for uses requests.
type upstream struct {
	t          *testing.T
	total, per int
	uses       int64
	n, tokens  atomic.Int64
	mu         sync.Mutex
	deleted    map[string]bool
}

func (u *upstream) entry(kind string, n int) map[string]any {
	name := fmt.Sprintf("%s_%x", kind, n+1)
	v := map[string]any{
		"name": name, "author": "a", "author_fullname": "t2_a", "subreddit": "Words", "created_utc": float64(begin.Unix() - int64(u.total-n)*60),
		"title": "words", "body": "words", "parent_id": "t3_1", "permalink": "/r/Words/" + name, "is_self": true,
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if n%10 == 9 || u.deleted[name] {
		v["author"], v["body"] = "[deleted]", "[removed]"
	}
	return map[string]any{"kind": kind, "data": v}
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.UserAgent() != "server:akashi:1 (by /u/somebody)" {
		u.t.Errorf("User-Agent %q", r.UserAgent())
	}
	answer := func(v any) { polltest.Answer(u.t, w, v) }
	if r.URL.Path == "/api/v1/access_token" {
		if id, secret, _ := r.BasicAuth(); id != "id" || secret != "secret" || r.PostFormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(map[string]any{"access_token": fmt.Sprint(u.tokens.Add(1)), "expires_in": 86400})
		return
	}
	if u.n.Add(1)%u.uses == 0 {
		u.tokens.Add(1) // the one that was given holds no longer
	}
	if r.Header.Get("Authorization") != fmt.Sprintf("Bearer %d", u.tokens.Load()) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("X-Ratelimit-Remaining", "99.0")
	w.Header().Set("X-Ratelimit-Used", "1")
	w.Header().Set("X-Ratelimit-Reset", "30")
	children := []any{}
	var after any
	q := r.URL.Query()
	switch r.URL.Path {
	case "/api/info":
		for id := range strings.SplitSeq(q.Get("id"), ",") {
			var kind string
			var n int
			_, _ = fmt.Sscanf(strings.Replace(id, "_", " ", 1), "%s %x", &kind, &n)
			children = append(children, u.entry(kind, n-1))
		}
	case "/r/closed/new":
		w.WriteHeader(http.StatusForbidden)
		return
	default:
		kind := "t3"
		if strings.HasSuffix(r.URL.Path, "/comments") {
			kind = "t1"
		}
		n := u.total - 1
		if a := q.Get("after"); a != "" {
			if _, err := fmt.Sscanf(a, kind+"_%x", &n); err != nil {
				n = 0
			}
			n -= 2
		}
		last := max(n-u.per+1, 0)
		for ; n >= last; n-- {
			children = append(children, u.entry(kind, n))
			after = fmt.Sprintf("%s_%x", kind, n+1)
		}
		if last == 0 {
			after = nil
		}
		children = polltest.Muddled(children)
	}
	answer(map[string]any{"kind": "Listing", "data": map[string]any{"children": children, "after": after}})
}

func want(kind string, total int) (all []string) {
	for n := range total {
		if n%10 != 9 {
			all = append(all, fmt.Sprintf("%s_%x", kind, n+1))
		}
	}
	slices.Sort(all)
	return all
}

func TestLists(t *testing.T) {
	for name, c := range map[string]struct {
		settings collect.Values
		want     []string
	}{
		"communities": {collect.Values{"communities": "closed\nr/Words"}, want("t3", 40)},
		"search":      {collect.Values{"queries": "a b"}, want("t3", 40)},
		"comments":    {collect.Values{"communities": "Words", "comments": "true"}, append(want("t3", 40), want("t1", 40)...)},
	} {
		t.Run(name, func(t *testing.T) {
			collecttest.Run(t, 2, collecttest.Upstream{Platform: platform, Want: c.want, Source: func(t *testing.T) collect.Source {
				return open1(t, polltest.Serve(t, true, &upstream{t: t, total: 40, per: 7, uses: 11}), c.settings)
			}})
		})
	}
}

// What is deleted after it was collected is learnt of by looking it up again.
func TestDeletions(t *testing.T) {
	u := &upstream{t: t, total: 30, per: 10, uses: 1000}
	s := open1(t, polltest.Serve(t, false, u), collect.Values{"communities": "words"})
	var gone []string
	to, _ := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool {
		u.mu.Lock()
		if posts, _ := to.IDs(); len(posts) == 27 {
			u.deleted = map[string]bool{"t3_2": true, "t3_3": true}
		}
		u.mu.Unlock()
		_, gone = to.IDs()
		return slices.Contains(gone, "t3_2") && slices.Contains(gone, "t3_3")
	})
	if !slices.Equal(gone, []string{"t3_14", "t3_1e", "t3_2", "t3_3", "t3_a"}) {
		t.Errorf("gone: %q", gone)
	}
	var at cursor
	if err := json.Unmarshal(to.Batches[len(to.Batches)-1].Cursor, &at); err != nil || slices.Contains(at.Recent, "t3_2") || len(at.Recent) != 25 {
		t.Errorf("to be looked up again: %q, %v", at.Recent, err)
	}
}

// An entry that a walk was to go on after may be gone.
func TestLostPlace(t *testing.T) {
	u := &upstream{t: t, total: 30, per: 10, uses: 1000}
	s := open1(t, polltest.Serve(t, false, u), collect.Values{"communities": "words"})
	at := polltest.JSON(t, cursor{Lists: map[string]walk{"/r/words/new": {Since: begin.Add(-time.Hour).Unix(), Until: begin.Unix(), After: "t3_0"}}})
	to, _ := polltest.Collect(t, s, at, func(to *polltest.Sink) bool { posts, _ := to.IDs(); return len(posts) == 27 })
	if got, _ := to.IDs(); !slices.Equal(got, want("t3", 30)) {
		t.Errorf("got %q", got)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		h    func(w http.ResponseWriter, r *http.Request)
		kind string
		wait time.Duration
	}{
		"the client is not known": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "configuration", 0},
		"the grant is refused": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"error":"unsupported_grant_type"}`))
		}, "configuration", 0},
		"the token is refused": {func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "access_token") {
				_, _ = w.Write([]byte(`{"access_token":"a","expires_in":10}`))
				return
			}
			w.WriteHeader(http.StatusUnauthorized)
		}, "configuration", 0},
		"the allowance is used up": {func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "access_token") {
				_, _ = w.Write([]byte(`{"access_token":"a","expires_in":1000}`))
				return
			}
			for k, v := range map[string]string{"Remaining": "0.0", "Used": "1000", "Reset": "300"} {
				w.Header().Set("X-Ratelimit-"+k, v)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		}, "rate limit", 300 * time.Second},
	} {
		s := open1(t, polltest.Serve(t, false, http.HandlerFunc(c.h)), collect.Values{"queries": "a"})
		_, err := polltest.Collect(t, s, nil, nil)
		if collect.KindOf(err) != c.kind {
			t.Errorf("%s: %v (%s)", name, err, collect.KindOf(err))
		}
		if at := collect.RetryAt(err); c.wait != 0 && at.Sub(s.api.Clock.Now()) != c.wait {
			t.Errorf("%s: again at %s", name, at)
		}
	}
}

func TestSlowAnswers(t *testing.T) {
	s := open1(t, polltest.Serve(t, false, polltest.Stalling(&upstream{t: t, total: 3, per: 7, uses: 1000})), collect.Values{"queries": "a"})
	s.api.Timeout, s.door.Timeout = 200*time.Millisecond, 200*time.Millisecond
	to, _ := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool { ids, _ := to.IDs(); return len(ids) == 3 })
	if got, _ := to.IDs(); !slices.Equal(got, want("t3", 3)) {
		t.Errorf("got %q", got)
	}
	if !slices.ContainsFunc(to.Notes, func(n collect.Note) bool { return n.Err != nil && collect.KindOf(n.Err) == "network" }) {
		t.Error("the stalled answer was not noted")
	}
}

func TestSettings(t *testing.T) {
	env := polltest.Env(polltest.NewClock(begin))
	whole := collect.Values{"client_id": "a", "client_secret": "b", "username": "somebody", "queries": "c"}
	for key, value := range map[string]string{
		"client_id": "", "client_secret": "", "username": "a b", "communities": "r/a b", "every": "often", "lookback": "long", "base": "x", "login": "x",
	} {
		v := maps.Clone(whole)
		v[key] = value
		_, err := open(env, v)
		if wrong, ok := errors.AsType[*collect.SettingError](err); !ok || wrong.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := open1(t, "https://a.example", collect.Values{"queries": "a"}).Collect(t.Context(), []byte(`{"other":1}`), &polltest.Sink{}); collect.KindOf(err) != "configuration" {
		t.Errorf("a foreign cursor: %v", err)
	}
}

const listing = `{"kind":"Listing","data":{"after":"t3_b","children":[
{"kind":"t3","data":{"name":"t3_a","author":"x","author_fullname":"t2_x","subreddit":"Words","title":"see https://a.example/1","selftext":"","created_utc":1777636800.0,"url":"https://b.example/2","is_self":false,"permalink":"/r/Words/comments/a/","crosspost_parent":"t3_9"}},
{"kind":"t1","data":{"name":"t1_b","author":"x","body":"words","parent_id":"t1_a","subreddit":"Words","created_utc":1777636801}},
{"kind":"t3","data":{"name":"t3_c","author":"x","selftext":"[removed]","created_utc":1777636802}},
{"kind":"t3","data":{"name":"t3_d","author":"x","removed_by_category":"moderator","created_utc":1777636802}},
{"kind":"t3","data":{"name":"t3_e"}},{"kind":"more","data":{}}]}}`

func TestParse(t *testing.T) {
	f := parse(gjson.Parse(listing))
	if f.n != 6 || len(f.posts) != 2 || len(f.gone) != 2 || f.oldest != 1777636800 {
		t.Fatalf("%+v", f)
	}
	p, c := f.posts[0], f.posts[1]
	if p.Account.ID != "t2_x" || p.Channel != "words" || len(p.Links) != 2 || p.RepostOf != "t3_9" || p.URL != "https://www.reddit.com/r/Words/comments/a/" {
		t.Errorf("%+v", p)
	}
	if c.ReplyTo != "t1_a" || c.Account.ID != "x" || c.Text != "words" {
		t.Errorf("%+v", c)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(listing))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !poll.Valid(b) {
			return
		}
		got := parse(gjson.ParseBytes(b))
		if len(got.posts)+len(got.gone) > got.n {
			t.Errorf("%+v", got)
		}
		for _, p := range got.posts {
			if p.ID == "" || p.Account.ID == "" || p.Time.IsZero() || len(p.Raw) == 0 {
				t.Errorf("%+v", p)
			}
		}
		for _, d := range got.gone {
			if d.ID == "" {
				t.Error("a deletion of nothing")
			}
		}
	})
}
