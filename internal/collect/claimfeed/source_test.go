package claimfeed

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
)

var begin = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func env(timeout time.Duration) collect.Env {
	clock := polltest.NewClock(begin)
	return collect.Env{ID: "s", Clock: clock, Pages: fetch.New(fetch.Options{
		Allow: fetch.Allow([]string{"127.0.0.1"}), IgnoreRobots: true, HostInterval: -1, Timeout: timeout, Now: clock.Now,
		After: func(d time.Duration) <-chan time.Time { c, _ := clock.After(d); return c },
	})}
}

func open1(t *testing.T, base string) collect.Source {
	t.Helper()
	s, err := open(env(0), collect.Values{"url": base + "/feed"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// flaky fails every third request. A page that is answered with something else
// is a page without a claim, so that it never is, other than in polltest.Serve.
func flaky(h http.Handler) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := n.Add(1)
		switch {
		case i%3 != 0:
			h.ServeHTTP(w, r)
		case i%9 == 0:
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
		case i%9 == 3:
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("<html>"))
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	})
}

// serve has a feed of pages, each with two claims, but the fourth with none,
// which lie at the same host or at another. Entries come in no order and twice.
func serve(pages int, elsewhere ...string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/feed", func(w http.ResponseWriter, r *http.Request) {
		var items []string
		for n := range pages {
			host := append(elsewhere, "http://"+r.Host)[0]
			items = append(items, fmt.Sprintf("<item><title>t%d</title><link>%s/p/%d</link><pubDate>Fri, 01 May 2026 10:00:00 GMT</pubDate></item>", n, host, n))
		}
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = fmt.Fprintf(w, `<rss version="2.0"><channel><title>c</title>%s</channel></rss>`, strings.Join(polltest.Muddled(items), ""))
	})
	mux.HandleFunc("/p/{n}", func(w http.ResponseWriter, r *http.Request) {
		n := r.PathValue("n")
		if n == "3" {
			_, _ = w.Write([]byte("<h1>no claim</h1>"))
			return
		}
		_, _ = w.Write([]byte(script(`{"@graph":[{"@type":"ClaimReview","claimReviewed":"a` + n + `","datePublished":"2026-04-30","inLanguage":"en"},{"@type":"ClaimReview","claimReviewed":"b` + n + `","itemReviewed":{"appearance":"https://o.example/1"}}]}`)))
	})
	return mux
}

func want(host string, pages int) (all []string) {
	for n := range pages {
		if n != 3 {
			all = append(all, fmt.Sprintf("%s/p/%d#1", host, n), fmt.Sprintf("%s/p/%d#2", host, n))
		}
	}
	slices.Sort(all)
	return all
}

func TestClaimsAreCollected(t *testing.T) {
	const pages = 6
	host := polltest.Serve(t, false, flaky(serve(pages)))
	collecttest.Run(t, 2, collecttest.Upstream{
		Platform: Platform, Want: want(strings.Replace(host, "http:", "https:", 1), pages), Source: func(t *testing.T) collect.Source {
			return open1(t, polltest.Serve(t, true, serve(pages, host)))
		},
	})
}

func TestWhatIsKeptOfAClaim(t *testing.T) {
	base := polltest.Serve(t, false, serve(2))
	to, _ := polltest.Collect(t, open1(t, base), nil, func(to *polltest.Sink) bool { return len(to.Batches) == 3 })
	if got, _ := to.IDs(); !slices.Equal(got, want(strings.Replace(base, "http:", "https:", 1), 2)) {
		t.Fatalf("got %q", got)
	}
	p := to.Batches[0].Posts
	if len(p) != 2 || p[0].Account.Name != "Checkers" || p[0].Lang != "en" || !p[0].Time.Equal(time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)) || !p[1].Time.Equal(begin.Add(-2*time.Hour)) || len(p[1].Links) != 1 {
		t.Errorf("%+v", p)
	}
	for _, p := range p {
		var c Claim
		if err := json.Unmarshal(p.Raw, &c); err != nil || c.Statement != p.Text {
			t.Errorf("%s: %v", p.Raw, err)
		}
	}
}

// A page that has an error for a while is asked for again, one that is gone is
// not.
func TestPagesThatFail(t *testing.T) {
	var asked [3]atomic.Int64
	inner := serve(3)
	base := polltest.Serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/p/0":
			if asked[0].Add(1) < 3 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
		case "/p/1":
			asked[1].Add(1)
			w.WriteHeader(http.StatusGone)
			return
		case "/p/2":
			asked[2].Add(1)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	to, _ := polltest.Collect(t, open1(t, base), nil, func(to *polltest.Sink) bool {
		return strings.Contains(string(to.Batches[len(to.Batches)-1].Cursor), "etag")
	})
	if got, _ := to.IDs(); len(got) != 2 {
		t.Errorf("got %q", got)
	}
	for i, want := range []int64{3, 1, tries} {
		if got := asked[i].Load(); got != want {
			t.Errorf("page %d was asked for %d times, not %d", i, got, want)
		}
	}
}

func TestFeedsThatFail(t *testing.T) {
	for _, c := range []struct {
		code int
		kind string
	}{{http.StatusGone, "configuration"}, {http.StatusNotFound, "configuration"}, {http.StatusTooManyRequests, "rate limit"}} {
		base := polltest.Serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(c.code)
		}))
		_, err := polltest.Collect(t, open1(t, base), nil, nil)
		if collect.KindOf(err) != c.kind {
			t.Errorf("%d: %v (%s)", c.code, err, collect.KindOf(err))
		}
	}
}

func TestSlowPages(t *testing.T) {
	s, err := open(env(200*time.Millisecond), collect.Values{"url": polltest.Serve(t, false, polltest.Stalling(serve(1))) + "/feed"})
	if err != nil {
		t.Fatal(err)
	}
	to, _ := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool { ids, _ := to.IDs(); return len(ids) == 2 })
	if got, _ := to.IDs(); len(got) != 2 || len(to.Notes) == 0 || to.Notes[0].Err == nil {
		t.Errorf("got %q, noted %v", got, to.Notes)
	}
}

func TestSettings(t *testing.T) {
	for key, v := range map[string]collect.Values{
		"url":      {"url": "example.org"},
		"every":    {"url": "https://a.example/f", "every": "often"},
		"headings": {"url": "https://a.example/f", "headings": "verdict=Ours"},
	} {
		_, err := open(env(0), v)
		if wrong, ok := errors.AsType[*collect.SettingError](err); !ok || wrong.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
	h, err := headings([]string{"response = Our verdict:"})
	if err != nil || h.words()["our verdict"] != response {
		t.Errorf("%v %v", h, err)
	}
	if err := open1(t, "https://a.example").Collect(t.Context(), []byte(`{"other":1}`), &polltest.Sink{}); collect.KindOf(err) != "configuration" {
		t.Errorf("a foreign cursor: %v", err)
	}
}
