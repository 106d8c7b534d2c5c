package x_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
	"github.com/akashi-project/akashi/internal/collect/x"
)

var begin = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// id is an id of the time n minutes before the beginning.
func id(n int) uint64 {
	return uint64(begin.Add(-time.Duration(n)*time.Minute).UnixMilli()-1288834974657) << 22
}

func tweet(n int) string {
	return fmt.Sprintf(`{"id":"%d","author_id":"7","text":"words %d","created_at":%q,"edit_history_tweet_ids":["%d"]}`,
		id(n), n, begin.Add(-time.Duration(n)*time.Minute).Format(time.RFC3339), id(n))
}

const users = `"includes":{"users":[{"id":"7","username":"seven","name":"Seven"}]}`

// server speaks version 2 of the API for the posts of the last total minutes.
type server struct {
	total int
	mu    sync.Mutex
	rules []map[string]string
	seen  []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer key" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("X-Rate-Limit-Limit", "450")
	w.Header().Set("X-Rate-Limit-Remaining", "440")
	w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10))
	switch r.URL.Path {
	case "/2/tweets/search/recent":
		s.search(w, r)
	case "/2/tweets/search/stream/rules":
		s.change(w, r)
	case "/2/tweets/search/stream":
		for _, line := range []string{"", `{"broken"`, `{"data":` + tweet(-2) + `,"matching_rules":[{"tag":"another's"}]}`,
			`{"data":` + tweet(-1) + `,` + users + `,"matching_rules":[{"tag":"akashi:s"}]}`} {
			_, _ = fmt.Fprintf(w, "%s\r\n", line)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	}
}

func (s *server) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, _ := strconv.Atoi(q.Get("next_token"))
	since, _ := strconv.ParseUint(q.Get("since_id"), 10, 64)
	var data []json.RawMessage
	next := ""
	for n := from; n < s.total && id(n) > since; n++ {
		if len(data) == 4 {
			next = strconv.Itoa(n)
			break
		}
		data = append(data, json.RawMessage(tweet(n)))
		if n%3 == 0 {
			data = append(data, json.RawMessage(tweet(n))) // twice
		}
	}
	b, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintf(w, `{"data":%s,%s,"meta":{"next_token":%q}}`, b, users, next)
}

func (s *server) change(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPost {
		b, _ := io.ReadAll(r.Body)
		var c struct {
			Add    []map[string]string
			Delete struct{ IDs []string }
		}
		_ = json.Unmarshal(b, &c)
		for _, gone := range c.Delete.IDs {
			for i, rule := range s.rules {
				if rule["id"] == gone {
					s.rules = append(s.rules[:i:i], s.rules[i+1:]...)
					break
				}
			}
		}
		for _, a := range c.Add {
			a["id"] = strconv.Itoa(len(s.rules) + 100)
			s.rules = append(s.rules, a)
		}
	}
	b, err := json.Marshal(s.rules)
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintf(w, `{"data":%s}`, b)
}

func open(t *testing.T, clock collect.Clock, v collect.Values) collect.Source {
	t.Helper()
	k := x.Kind()
	if err := k.Validate(v); err != nil {
		t.Fatal(err)
	}
	s, err := k.Open(polltest.Env(clock), v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSearchLosesNothing(t *testing.T) {
	const total = 23
	var want []string
	for n := range total {
		want = append(want, strconv.FormatUint(id(n), 10))
	}
	collecttest.Run(t, 6, collecttest.Upstream{Platform: "x", Want: want, Source: func(t *testing.T) collect.Source {
		address := polltest.Serve(t, true, &server{total: total})
		return open(t, polltest.NewClock(begin.Add(time.Minute)), collect.Values{"bearer": "key", "queries": "word", "base": address})
	}})
}

func TestStreamFillsItsGapAndKeepsOthersRules(t *testing.T) {
	up := &server{total: 3, rules: []map[string]string{
		{"id": "1", "value": "another's", "tag": "other"}, {"id": "2", "value": "old", "tag": "akashi:s"}, {"id": "3", "value": "b", "tag": "akashi:s"},
	}}
	address := polltest.Serve(t, false, up)
	s := open(t, collect.RealTime(), collect.Values{"bearer": "key", "queries": "a\nb", "mode": "stream", "base": address})
	got := map[string]bool{}
	_, err := polltest.Collect(t, s, nil, func(to *polltest.Sink) bool {
		for _, p := range to.Batches[len(to.Batches)-1].Posts {
			got[p.ID] = true
			if p.Account.Handle != "seven" || len(p.Raw) == 0 {
				t.Errorf("%+v", p)
			}
		}
		return got[strconv.FormatUint(id(-1), 10)]
	})
	if len(got) != 4 {
		t.Errorf("got %v: %v", got, err)
	}
	values := map[string]bool{}
	for _, r := range up.rules {
		values[r["value"]] = true
	}
	if len(values) != 3 || !values["another's"] || !values["a"] || !values["b"] {
		t.Errorf("rules: %v", up.rules)
	}
}

func TestRefusals(t *testing.T) {
	for _, code := range []int{400, 401, 402, 403} {
		address := polltest.Serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		s := open(t, polltest.NewClock(begin), collect.Values{"bearer": "key", "queries": "a", "base": address})
		var wrong *collect.ConfigError
		if _, err := polltest.Collect(t, s, nil, nil); !errors.As(err, &wrong) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestWaitsForTheWindow(t *testing.T) {
	address := polltest.Serve(t, false, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Rate-Limit-Limit", "450")
		w.Header().Set("X-Rate-Limit-Remaining", "0")
		w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10))
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	s := open(t, polltest.NewClock(begin), collect.Values{"bearer": "key", "queries": "a", "base": address})
	_, err := polltest.Collect(t, s, nil, nil)
	if at := collect.RetryAt(err); at.Sub(begin) < 9*time.Minute || at.Sub(begin) > 11*time.Minute {
		t.Errorf("asks again at %v: %v", at, err)
	}
}
