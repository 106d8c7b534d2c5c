package mediacloud

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
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
	v := collect.Values{"token": "secret", "query": "a OR b", "base": base, "lookback": "72h"}
	maps.Copy(v, more)
	s, err := open(polltest.Env(polltest.NewClock(begin)), v)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*source)
}

var asked = regexp.MustCompile(`^\(a OR b\) AND indexed_date:\[(\S+) TO (\S+)\]$`)

// serve lists an article for every seventy minutes before the beginning, five a
// page, newest first but for a muddle. Tokens hold once.
func serve(t *testing.T, total int) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		m := asked.FindStringSubmatch(q.Get("q"))
		if r.URL.Path != endpoint || r.Header.Get("Authorization") != "Token secret" || m == nil || q.Get("start") == "" || q.Get("end") == "" {
			t.Errorf("asked %s", r.URL)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		from, _ := time.Parse(stamp, m[1])
		until, _ := time.Parse(stamp, m[2])
		list := []map[string]any{}
		for n := range total {
			if at := begin.Add(-time.Duration(n)*70*time.Minute - time.Second); !at.Before(from) && !at.After(until) {
				list = append(list, map[string]any{
					"id": strconv.Itoa(n), "url": fmt.Sprintf("https://a%d.example/x", n), "media_name": fmt.Sprintf("a%d.example", n), "title": "words",
					"publish_date": at.Format(time.DateOnly), "indexed_date": at.Format("2006-01-02T15:04:05.000000"), "language": "en",
				})
			}
		}
		skip, _ := strconv.Atoi(q.Get("pagination_token"))
		skip = min(skip, len(list))
		end := min(skip+5, len(list))
		var next any
		if end < len(list) {
			next = strconv.Itoa(end)
		}
		polltest.Answer(t, w, map[string]any{"stories": polltest.Muddled(list[skip:end]), "pagination_token": next})
	})
}

func want(total int) (all []string) {
	for n := range total {
		all = append(all, fmt.Sprintf("https://a%d.example/x", n))
	}
	slices.Sort(all)
	return all
}

func TestWindowsArePaged(t *testing.T) {
	const total = 60
	collecttest.Run(t, 2, collecttest.Upstream{Platform: "web", Want: want(total), Source: func(t *testing.T) collect.Source {
		return open1(t, polltest.Serve(t, true, serve(t, total)), nil)
	}})
}

func TestSlowAnswers(t *testing.T) {
	s := open1(t, polltest.Serve(t, false, polltest.Stalling(serve(t, 3))), nil)
	s.api.Timeout = 200 * time.Millisecond
	to, _ := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool { return len(to.Batches) >= 3 })
	if got, _ := to.IDs(); !slices.Equal(got, want(3)) {
		t.Errorf("got %q", got)
	}
	if !slices.ContainsFunc(to.Notes, func(n collect.Note) bool { return n.Err != nil && collect.KindOf(n.Err) == "network" }) {
		t.Error("the stalled answer was not noted")
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		code   int
		header string
		kind   string
	}{
		{http.StatusUnauthorized, "", "configuration"},
		{http.StatusForbidden, "", "configuration"},
		{http.StatusTooManyRequests, "3600", "rate limit"},
	} {
		s := open1(t, polltest.Serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			w.WriteHeader(c.code)
		})), nil)
		_, err := polltest.Collect(t, s, nil, nil)
		if collect.KindOf(err) != c.kind {
			t.Errorf("%d: %v (%s)", c.code, err, collect.KindOf(err))
		}
		if at := collect.RetryAt(err); (c.header != "") != !at.IsZero() {
			t.Errorf("%d: again at %s", c.code, at)
		}
	}
}

// A token that is refused begins its window again; it is not a wrong setting.
func TestOldToken(t *testing.T) {
	inner := serve(t, 12)
	s := open1(t, polltest.Serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("pagination_token") == "old" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		inner.ServeHTTP(w, r)
	})), nil)
	stale := polltest.JSON(t, cursor{Until: begin.Add(-24 * time.Hour), Begin: begin.Add(-25 * time.Hour), End: begin, Token: "old"})
	to, _ := polltest.Collect(t, s, stale, func(to *polltest.Sink) bool { ids, _ := to.IDs(); return len(ids) == 12 })
	if got, _ := to.IDs(); !slices.Equal(got, want(12)) {
		t.Errorf("got %q", got)
	}
}

func TestSettings(t *testing.T) {
	env := polltest.Env(polltest.NewClock(begin))
	for key, v := range map[string]collect.Values{
		"token":       {"query": "a"},
		"query":       {"token": "a"},
		"collections": {"query": "a", "token": "a", "collections": "US"},
		"outlets":     {"query": "a", "token": "a", "outlets": "-1"},
		"every":       {"query": "a", "token": "a", "every": "often"},
		"lookback":    {"query": "a", "token": "a", "lookback": "20000h"},
		"base":        {"query": "a", "token": "a", "base": "ftp://a"},
	} {
		_, err := open(env, v)
		if wrong, ok := errors.AsType[*collect.SettingError](err); !ok || wrong.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
	s := open1(t, "https://a.example", nil)
	for _, b := range []string{`{"until":"2026-05-01T00:00:00Z","more":1}`, `[]`, `{}{}`} {
		if err := s.Collect(t.Context(), []byte(b), &polltest.Sink{}); collect.KindOf(err) != "configuration" {
			t.Errorf("%s: %v", b, err)
		}
	}
}

func TestTimes(t *testing.T) {
	for given, want := range map[string]string{
		`{"publish_date":"2026-05-01","indexed_date":"2026-05-01T10:11:12.5"}`:     "2026-05-01T10:11:12Z",
		`{"publish_date":"2026-05-01","indexed_date":"2026-05-01T10:11:12+09:00"}`: "2026-05-01T01:11:12Z",
		`{"publish_date":"2026-04-01","indexed_date":"2026-05-01 10:11:12"}`:       "2026-04-01T00:00:00Z",
		`{"indexed_date":"2026-05-01 10:11:12"}`:                                   "2026-05-01T10:11:12Z",
		`{"publish_date":"2026-04-01"}`:                                            "2026-04-01T00:00:00Z",
		`{"publish_date":"2026-04-01T02:03:04"}`:                                   "2026-04-01T02:03:04Z",
		`{"publish_date":null,"indexed_date":"yesterday"}`:                         "",
	} {
		at, ok := when(gjson.Parse(given))
		if got := at.Truncate(time.Second).Format(time.RFC3339); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s, %v", given, got, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"stories":[{"url":"https://a.example/x","publish_date":"2026-05-01","title":"a","media_name":"a.example"}]}`))
	f.Add([]byte(`{"stories":[{"url":"https://a.example/x","indexed_date":"2026-05-01T01:01:01","title":"a"}],"pagination_token":"x"}`))
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
