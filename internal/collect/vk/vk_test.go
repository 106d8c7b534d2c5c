package vk

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

func open1(t *testing.T, base string, more collect.Values) *source {
	t.Helper()
	v := collect.Values{"token": "secret", "base": base, "lookback": "72h"}
	maps.Copy(v, more)
	s, err := open(polltest.Env(polltest.NewClock(begin)), v)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*source)
}

// upstream has posts of community 7, one each minute, found by search and on
// its wall; a search gives at most gives of them in pages of per.
type upstream struct {
	t                 *testing.T
	total, gives, per int
	// codes are errors to be answered with first.
	codes atomic.Pointer[[]int]
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(v any) { polltest.Answer(u.t, w, v) }
	if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.PostFormValue("v") != version {
		u.t.Errorf("asked %s %s", r.Method, r.URL)
	}
	if r.PostFormValue("access_token") != "secret" {
		answer(map[string]any{"error": map[string]any{"error_code": 5}})
		return
	}
	if c := u.codes.Load(); c != nil && len(*c) > 0 {
		rest := (*c)[1:]
		u.codes.Store(&rest)
		answer(map[string]any{"error": map[string]any{"error_code": (*c)[0], "error_msg": "words"}})
		return
	}
	number := func(key string) int { n, _ := strconv.Atoi(r.PostFormValue(key)); return n }
	var all []map[string]any
	search := strings.HasSuffix(r.URL.Path, "/newsfeed.search")
	for n := range u.total {
		at := int(begin.Unix()) - 60*(n+1)
		if !search || at >= number("start_time") && at <= number("end_time") {
			all = append(all, map[string]any{"id": u.total - n, "owner_id": -7, "from_id": 5, "date": at, "text": "words"})
		}
	}
	skip := number("offset")
	if search {
		all = all[:min(u.gives, len(all))]
		skip = number("start_from")
	} else if r.PostFormValue("owner_id") != "-7" {
		answer(map[string]any{"error": map[string]any{"error_code": 15}})
		return
	}
	skip = min(skip, len(all))
	page := all[skip:min(skip+u.per, len(all))]
	v := map[string]any{"items": polltest.Muddled(page), "count": len(all), "profiles": []any{map[string]any{"id": 5, "first_name": "A", "last_name": "B", "screen_name": "ab"}}}
	if !search {
		v["items"] = page // pages of a wall are counted by offset
	}
	if skip+u.per < len(all) {
		v["next_from"] = fmt.Sprint(skip + u.per)
	}
	answer(map[string]any{"response": v})
}

func want(total int) (all []string) {
	for n := range total {
		all = append(all, fmt.Sprintf("-7_%d", n+1))
	}
	slices.Sort(all)
	return all
}

func TestSearch(t *testing.T) {
	collecttest.Run(t, 2, collecttest.Upstream{Platform: platform, Want: want(60), Source: func(t *testing.T) collect.Source {
		return open1(t, polltest.Serve(t, true, &upstream{t: t, total: 60, gives: 1000, per: 15}), collect.Values{"queries": "a"})
	}})
}

func TestWalls(t *testing.T) {
	collecttest.Run(t, 2, collecttest.Upstream{Platform: platform, Want: want(60), Source: func(t *testing.T) collect.Source {
		return open1(t, polltest.Serve(t, true, &upstream{t: t, total: 60, per: 15}), collect.Values{"walls": "-7\n-8"})
	}})
}

// What a search does not give in its thousand posts is asked for before the
// oldest of them.
func TestMoreThanASearchGives(t *testing.T) {
	const total = 2500
	s := open1(t, polltest.Serve(t, false, &upstream{t: t, total: total, gives: most, per: found}), collect.Values{"queries": "a"})
	to, _ := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool {
		return !strings.Contains(string(to.Batches[len(to.Batches)-1].Cursor), `"until"`)
	})
	if got, _ := to.IDs(); !slices.Equal(got, want(total)) {
		t.Errorf("%d posts of %d", len(got), total)
	}
}

func TestErrorsOfVK(t *testing.T) {
	for _, c := range []struct {
		code int
		kind string
		wait time.Duration
	}{{5, "configuration", 0}, {14, "configuration", 0}, {27, "configuration", 0}, {9, "rate limit", flood}, {29, "rate limit", exhausted}} {
		u := &upstream{t: t, total: 3, gives: 10, per: 10}
		u.codes.Store(&[]int{c.code})
		clock := polltest.NewClock(begin)
		s := open1(t, polltest.Serve(t, false, u), collect.Values{"queries": "a"})
		s.api.Clock = clock
		_, err := polltest.Collect(t, s, nil, nil)
		if collect.KindOf(err) != c.kind {
			t.Errorf("%d: %v (%s)", c.code, err, collect.KindOf(err))
		}
		if at := collect.RetryAt(err); c.wait != 0 && !at.Equal(clock.Now().Add(c.wait)) || c.wait == 0 && !at.IsZero() {
			t.Errorf("%d: again at %s", c.code, at)
		}
	}
	u := &upstream{t: t, total: 3, gives: 10, per: 10}
	u.codes.Store(&[]int{6, 10, 6, 1})
	s := open1(t, polltest.Serve(t, false, u), collect.Values{"queries": "a"})
	to, _ := polltest.Collect(t, s, nil, func(*polltest.Sink) bool { return true })
	if got, _ := to.IDs(); !slices.Equal(got, want(3)) {
		t.Errorf("after errors that pass: %q", got)
	}
}

func TestSlowAnswers(t *testing.T) {
	s := open1(t, polltest.Serve(t, false, polltest.Stalling(&upstream{t: t, total: 3, gives: 10, per: 10})), collect.Values{"queries": "a"})
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
	for key, v := range map[string]collect.Values{
		"token":    {"queries": "a"},
		"queries":  {"token": "a"},
		"walls":    {"token": "a", "walls": "https://example.org/x"},
		"every":    {"token": "a", "queries": "a", "every": "often"},
		"lookback": {"token": "a", "queries": "a", "lookback": "long"},
	} {
		_, err := open(env, v)
		if wrong, ok := errors.AsType[*collect.SettingError](err); !ok || wrong.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
	s := open1(t, "https://a.example", collect.Values{"walls": "https://vk.com/name\n@name\n-1"})
	if !slices.Equal(s.walls, []string{"-1", "name"}) {
		t.Errorf("walls %q", s.walls)
	}
	if err := s.Collect(t.Context(), []byte(`{"other":1}`), &polltest.Sink{}); collect.KindOf(err) != "configuration" {
		t.Errorf("a foreign cursor: %v", err)
	}
}

const page = `{"items":[
{"id":2,"owner_id":-7,"from_id":5,"date":1777636800,"text":"see https://a.example/x","copy_history":[{"id":9,"owner_id":-8,"from_id":-8,"date":1777636000,"text":"first"}],
 "attachments":[{"type":"link","link":{"url":"https://b.example"}},{"type":"photo","photo":{"id":3,"owner_id":-7,"sizes":[{"width":1,"url":"https://i.example/1"},{"width":9,"url":"https://i.example/9"}]}},{"type":"video","video":{"id":4,"owner_id":-7}},{"type":"sticker"}]},
{"id":3,"owner_id":-7,"from_id":-7,"date":1777636801,"text":"c","post_type":"reply","post_id":2},
{"id":0,"owner_id":-7,"date":1},{"id":4,"owner_id":-7}],
"profiles":[{"id":5,"first_name":"A","last_name":"B","screen_name":"ab"}],"groups":[{"id":7,"name":"G","screen_name":"g"}]}`

func TestParse(t *testing.T) {
	posts, n := parse(gjson.Parse(page))
	if n != 4 || len(posts) != 2 {
		t.Fatalf("%d of %d posts", len(posts), n)
	}
	p := posts[0]
	if p.ID != "-7_2" || p.Account.ID != "5" || p.Account.Handle != "ab" || p.Account.Name != "A B" || p.Channel != "-7" || p.RepostOf != "-8_9" || p.URL != "https://vk.com/wall-7_2" {
		t.Errorf("%+v", p)
	}
	if len(p.Links) != 2 || p.Links[1].Given != "https://b.example" || len(p.Media) != 2 || p.Media[0].ID != "photo-7_3" || p.Media[0].URL != "https://i.example/9" {
		t.Errorf("%+v %+v", p.Links, p.Media)
	}
	if q := posts[1]; q.Channel != "" || q.Account.Name != "G" || q.ReplyTo != "-7_2" {
		t.Errorf("%+v", q)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(page))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !poll.Valid(b) {
			return
		}
		posts, n := parse(gjson.ParseBytes(b))
		if len(posts) > n {
			t.Errorf("%d posts of %d", len(posts), n)
		}
		for _, p := range posts {
			if p.ID == "" || p.Account.ID == "" || p.Time.IsZero() || len(p.Raw) == 0 {
				t.Errorf("%+v", p)
			}
		}
	})
}
