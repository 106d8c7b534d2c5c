package gdelt

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
)

var begin = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func open1(t *testing.T, base string) collect.Source {
	t.Helper()
	s, err := open(polltest.Env(polltest.NewClock(begin)), collect.Values{"query": "word", "base": base})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve lists an article each two minutes, at most 250 of them.
func serve(total int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _ := time.Parse(stamp, r.URL.Query().Get("startdatetime"))
		until, _ := time.Parse(stamp, r.URL.Query().Get("enddatetime"))
		list := []map[string]string{}
		for n := range total {
			at := begin.Add(-time.Duration(n) * 2 * time.Minute)
			if !at.Before(from) && !at.After(until) && len(list) < most {
				list = append(list, map[string]string{"url": fmt.Sprintf("https://a%d.example/x", n), "domain": fmt.Sprintf("a%d.example", n), "title": "words", "seendate": at.Format("20060102T150405Z")})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"articles": list})
	})
}

func TestFullAnswersAreDivided(t *testing.T) {
	const total = 600
	var want []string
	for n := range total {
		want = append(want, fmt.Sprintf("https://a%d.example/x", n))
	}
	collecttest.Run(t, 2, collecttest.Upstream{Platform: "web", Want: want, Source: func(t *testing.T) collect.Source {
		return open1(t, polltest.Serve(t, true, serve(total)))
	}})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"articles":[{"url":"https://a.example/x","seendate":"20260501T120000Z","title":"a"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		posts, n := parse(gjson.ParseBytes(b))
		if len(posts) > n {
			t.Errorf("%d posts of %d", len(posts), n)
		}
		for _, p := range posts {
			if p.ID == "" || p.Account.ID == "" || p.Time.IsZero() {
				t.Errorf("%+v", p)
			}
		}
	})
}
