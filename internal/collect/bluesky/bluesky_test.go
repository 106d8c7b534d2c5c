package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/bluesky/jetstreamtest"
	"github.com/akashi-project/akashi/internal/collect/bluesky/record"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
	"github.com/akashi-project/akashi/internal/post"
)

type (
	happening = jetstreamtest.Event
	m         = map[string]any
)

func did(n int) string { return fmt.Sprintf("did:plc:%d", n) }

func wrote(n int, at time.Time, text string) happening {
	return happening{DID: did(n % 5), Time: at, Collection: record.Post, Key: fmt.Sprint("k", n), Record: m{
		"$type": record.Post, "text": text, "langs": []string{"ja"}, "createdAt": at.Add(-time.Second).Format(time.RFC3339Nano),
	}}
}

func id(e happening) string { return record.URI(e.DID, e.Collection, e.Key) }

// script is an hour's events of all kinds.
func script() (events []happening, want, deleted []string) {
	at := time.Now().Add(-time.Hour).Truncate(time.Microsecond).UTC()
	for n := range 40 {
		at = at.Add(time.Second)
		e := wrote(n, at, fmt.Sprint("words ", n))
		switch n % 10 {
		case 3:
			e.Collection, e.Record = record.Repost, m{"subject": m{"uri": "at://x/y/z"}, "createdAt": at.Format(time.RFC3339)}
		case 4:
			events = append(events, happening{DID: e.DID, Time: at, Kind: "identity"}, happening{DID: e.DID, Time: at, Kind: "account"})
		case 5:
			events = append(events, happening{DID: e.DID, Time: at, Collection: "app.bsky.feed.like", Key: "l", Record: m{}})
		}
		events, want = append(events, e), append(want, id(e))
		if n%10 == 6 {
			e.Operation = "update"
			events = append(events, e)
		}
		if n%10 == 7 {
			e.Operation = "delete"
			events, deleted = append(events, e), append(deleted, id(e))
		}
	}
	return events, want, deleted
}

func opened(t testing.TB, clock collect.Clock, v collect.Values) collect.Source {
	t.Helper()
	k := Kind()
	if err := k.Validate(v); err != nil {
		t.Fatal(err)
	}
	s, err := k.Open(polltest.Env(clock), v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNothingIsLostAndNothingTwice(t *testing.T) {
	events, want, deleted := script()
	for _, version := range []string{v1, v2} {
		t.Run(version, func(t *testing.T) {
			collecttest.Run(t, 4, collecttest.Upstream{Platform: Platform, Want: want, Deleted: deleted, Source: func(t *testing.T) collect.Source {
				up := jetstreamtest.Serve(t, events...)
				up.Trouble = jetstreamtest.Trouble{DropAfter: 25, Repeat: 3, Swap: 7, Garble: 4}
				return opened(t, collect.RealTime(), collect.Values{"endpoint": up.URL, "version": version, "backfill": "2h"})
			}})
		})
	}
}

// seen are the posts that were put.
func seen(s *polltest.Sink) (posts []post.Post) {
	for _, b := range s.Batches {
		posts = append(posts, b.Posts...)
	}
	return posts
}

func until(n int) func(*polltest.Sink) bool {
	return func(s *polltest.Sink) bool { return len(seen(s)) >= n }
}

func position(t *testing.T, s *polltest.Sink) []byte {
	t.Helper()
	for _, b := range slices.Backward(s.Batches) {
		if b.Cursor != nil {
			return b.Cursor
		}
	}
	t.Fatal("no batch had a cursor")
	return nil
}

func gaps(s *polltest.Sink) (all []*GapError) {
	for _, n := range s.Notes {
		var g *GapError
		if errors.As(n.Err, &g) {
			all = append(all, g)
		}
	}
	return all
}

func TestFilters(t *testing.T) {
	at := time.Now().Add(-time.Minute)
	events := []happening{
		wrote(0, at, "ＡＫＡＳＨＩ in full width"),
		wrote(1, at, "nothing of it"),
		wrote(2, at, "akashi, but said by another"),
		wrote(3, at, "by its link"),
		wrote(5, at, "akashi in English"),
		wrote(10, at, "Akashi's last"),
	}
	events[3].DID = did(0)
	events[3].Record.(m)["embed"] = m{"external": m{"uri": "https://AKASHI.example/x"}}
	events[4].DID = did(0)
	events[4].Record.(m)["langs"] = []string{"en-GB"}
	for _, version := range []string{v1, v2} {
		up := jetstreamtest.Serve(t, events...)
		s := opened(t, collect.RealTime(), collect.Values{
			"endpoint": up.URL, "version": version, "backfill": "1h", "words": "Akashi\nother", "dids": did(0) + "\n" + did(3), "languages": "ja-JP",
		})
		got, _ := polltest.Collect(t, s, nil, until(3))
		var texts []string
		for _, p := range seen(got) {
			texts = append(texts, p.Text)
		}
		if want := []string{"ＡＫＡＳＨＩ in full width", "by its link", "Akashi's last"}; !slices.Equal(texts, want) {
			t.Errorf("%s: got %q, want %q", version, texts, want)
		}
		q, err := url.ParseQuery(up.Requests()[0])
		if err != nil {
			t.Fatal(err)
		}
		collections, dids := q["wantedCollections"], q["wantedDids"]
		if version == v2 {
			collections, dids = q["collections"], q["dids"]
		}
		if len(collections) != 2 || !slices.Equal(dids, []string{did(0), did(3)}) {
			t.Errorf("%s: the server was asked %v", version, q)
		}
	}
}

func TestV1SaysWhatTheServerForgot(t *testing.T) {
	now := time.Now()
	up := jetstreamtest.Serve(t, wrote(1, now.Add(-50*time.Hour), "forgotten"), wrote(2, now.Add(-30*time.Hour), "kept"), wrote(3, now, "new"))
	s := opened(t, collect.RealTime(), collect.Values{"endpoint": up.URL})
	from := now.Add(-60 * time.Hour)
	got, _ := polltest.Collect(t, s, fmt.Appendf(nil, `{"time_us":%d}`, from.UnixMicro()), until(2))
	if p := seen(got); len(p) != 2 || p[0].Text != "kept" || p[1].Text != "new" {
		t.Errorf("got %v", p)
	}
	g := gaps(got)
	if len(g) != 1 || g[0].From.Unix() != from.Unix() || g[0].To.Sub(g[0].From).Round(time.Minute) != 24*time.Hour {
		t.Errorf("gaps %v, want one of 24 h", g)
	}
}

func TestV2GoesOnWhereTheServersMemoryBegins(t *testing.T) {
	now := time.Now()
	at := now.Add(-50 * time.Hour)
	up := jetstreamtest.Serve(t, wrote(1, at, "had"))
	up.Memory = 100 * time.Hour
	s := opened(t, collect.RealTime(), collect.Values{"endpoint": up.URL, "version": v2})
	start := fmt.Appendf(nil, `{"time_us":%d}`, at.Add(-time.Hour).UnixMicro())
	first, _ := polltest.Collect(t, s, start, until(1))
	up.Add(wrote(2, now.Add(-40*time.Hour), "forgotten"), wrote(3, now.Add(-30*time.Hour), "kept"))
	up.Memory = 36 * time.Hour
	second, _ := polltest.Collect(t, s, position(t, first), until(1))
	if p := seen(second); len(p) != 1 || p[0].Text != "kept" {
		t.Errorf("got %v", p)
	}
	g := gaps(second)
	if len(g) != 1 || g[0].To.Sub(g[0].From).Round(time.Minute) != 20*time.Hour {
		t.Errorf("gaps %v, want one of 20 h", g)
	}
	if q := up.Requests(); len(q) != 3 || !strings.Contains(q[1], "cursor=1&") || strings.Contains(q[2], "cursor=1&") {
		t.Errorf("asked with %q, want by number, then by time", q)
	}
	if len(gaps(first)) != 0 {
		t.Error("a gap where nothing was missing")
	}
	// Afterwards it stands at a number again. A little before it lies what the
	// server forgot, but nothing is missing.
	up.Add(wrote(4, now, "new"))
	third, _ := polltest.Collect(t, s, position(t, second), until(2))
	if p := seen(third); len(p) != 2 || p[1].Text != "new" || len(gaps(third)) != 0 {
		t.Errorf("got %v, gaps %v", p, gaps(third))
	}
}

func TestV2AnotherServerIsAskedByTime(t *testing.T) {
	now := time.Now()
	one := jetstreamtest.Serve(t, wrote(1, now.Add(-time.Minute), "one"))
	one.First, one.Boot = 9000, "a"
	s := opened(t, collect.RealTime(), collect.Values{"endpoint": one.URL, "version": v2, "backfill": "1h"})
	first, _ := polltest.Collect(t, s, nil, until(1))
	var c cursor
	if err := json.Unmarshal(position(t, first), &c); err != nil || c.Seq != 9001 || c.Boot != "a" {
		t.Fatalf("cursor %+v, %v", c, err)
	}
	other := jetstreamtest.Serve(t, wrote(1, now.Add(-time.Minute), "one"), wrote(2, now, "two"))
	s2 := opened(t, collect.RealTime(), collect.Values{"endpoint": other.URL, "version": v2})
	second, _ := polltest.Collect(t, s2, position(t, first), until(2))
	if err := json.Unmarshal(position(t, second), &c); err != nil || c.Seq != 2 {
		t.Errorf("cursor %+v, %v: want the other server's number", c, err)
	}
	one.Boot, one.First = "b", 0 // it has lost its numbers
	one.Add(wrote(3, now, "three"))
	third, _ := polltest.Collect(t, s, position(t, first), until(2))
	if p := seen(third); len(p) != 2 || p[1].Text != "three" {
		t.Errorf("got %v", p)
	}
}

func TestTimesThatCannotBe(t *testing.T) {
	at := time.Now().Add(-time.Minute).Truncate(time.Microsecond).UTC()
	for _, c := range []struct {
		stated any
		want   time.Time
	}{
		{at.Add(-24 * time.Hour).Format(time.RFC3339Nano), at.Add(-24 * time.Hour)},
		{at.Add(time.Hour).Format(time.RFC3339Nano), at},
		{"0001-01-01T00:00:00Z", at},
		{"1970-01-01T00:00:00Z", at},
		{"yesterday", at},
		{7, at},
		{nil, at},
	} {
		e := wrote(1, at, "x")
		e.Record.(m)["createdAt"] = c.stated
		f := filter{collections: []string{record.Post}}
		got, why := f.read([]byte((*jetstreamtest.Server)(nil).Message(e, 1, true)))
		if why != "" || got.post == nil || !got.post.Time.Equal(c.want) {
			t.Errorf("%v: got %+v %s, want %s", c.stated, got.post, why, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	up := jetstreamtest.Serve(t)
	up.Trouble = jetstreamtest.Trouble{Refuse: 1, RetryAfter: "120"}
	s := opened(t, collect.RealTime(), collect.Values{"endpoint": up.URL})
	before := time.Now()
	_, err := polltest.Collect(t, s, nil, nil)
	if at := collect.RetryAt(err); at.Before(before.Add(100*time.Second)) || collect.KindOf(err) != "rate limit" {
		t.Errorf("429 gave %v at %v", err, at)
	}
	up.Trouble.Code = http.StatusBadGateway
	got, err := polltest.Collect(t, opened(t, polltest.NewClock(before), collect.Values{"endpoint": up.URL}), nil, nil)
	if collect.KindOf(err) != "status" || len(got.Notes) != attempts {
		t.Errorf("502 gave %v after %d notes", err, len(got.Notes))
	}
	var wrong *collect.ConfigError
	for _, c := range []string{`{"seq":1}`, `{`, `{"time_us":1,"other":2}`, `[]`, `{"time_us":1} {}`} {
		if _, err := polltest.Collect(t, s, []byte(c), nil); !errors.As(err, &wrong) {
			t.Errorf("cursor %s gave %v", c, err)
		}
	}
	for key, v := range map[string]collect.Values{
		"endpoint":    {"endpoint": "ftp://example.org"},
		"version":     {"version": "v3"},
		"collections": {"collections": "app.bsky.feed.like"},
		"dids":        {"dids": "alice.bsky.social"},
		"backfill":    {"backfill": "37h"},
	} {
		k := Kind()
		var setting *collect.SettingError
		if _, err := k.Open(polltest.Env(collect.RealTime()), v); !errors.As(err, &setting) || setting.Key != key {
			t.Errorf("%v gave %v", v, err)
		}
	}
}

// TestPrivateAddresses: nothing on loopback is reached that nobody allowed.
func TestPrivateAddresses(t *testing.T) {
	up := jetstreamtest.Serve(t)
	k := Kind()
	env := polltest.Env(collect.RealTime())
	env.Programs = closed()
	s, err := k.Open(env, collect.Values{"endpoint": up.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = polltest.Collect(t, s, nil, nil)
	var wrong *collect.ConfigError
	if !errors.As(err, &wrong) || len(up.Requests()) != 0 {
		t.Errorf("got %v, %d requests", err, len(up.Requests()))
	}
}

// TestServerThatFallsSilent: a connection on which nobody answers is given up.
func TestServerThatFallsSilent(t *testing.T) {
	up := jetstreamtest.Serve(t)
	up.Trouble.Mute = true
	s := opened(t, polltest.NewClock(time.Now()), collect.Values{"endpoint": up.URL})
	s.(*source).patience = 20 * time.Millisecond
	to, err := polltest.Collect(t, s, nil, nil)
	if collect.KindOf(err) != "network" || !strings.Contains(err.Error(), "does not answer") || len(up.Requests()) != attempts+1 {
		t.Errorf("gave up with %v after %d connections", err, len(up.Requests()))
	}
	again := 0
	for _, n := range to.Notes {
		if n.Reconnected {
			again++
		}
	}
	if again != attempts {
		t.Errorf("%d reconnections were noted", again)
	}
}

func TestStopsWithItsContext(t *testing.T) {
	up := jetstreamtest.Serve(t)
	s := opened(t, collect.RealTime(), collect.Values{"endpoint": up.URL})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	to := &contact{polltest.Sink{}, make(chan struct{}, 10)}
	go func() { done <- s.Collect(ctx, nil, to) }()
	<-to.came
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

type contact struct {
	polltest.Sink
	came chan struct{}
}

func (c *contact) Note(collect.Note) { c.came <- struct{}{} }

func FuzzEvent(f *testing.F) {
	events, _, _ := script()
	for i, e := range events[:12] {
		f.Add([]byte((*jetstreamtest.Server)(nil).Message(e, uint64(i+1), i%2 == 0)))
	}
	f.Add([]byte(`{"$type":"error","error":"ConsumerTooSlow"}`))
	f.Add([]byte(`{"$type":"message","payload":{"$type":"#info","name":"OutdatedCursor"}}`))
	all := filter{collections: []string{record.Post, record.Repost}}
	some := filter{collections: all.collections, words: []string{"words"}, languages: []string{"ja"}, dids: map[string]bool{did(1): true}}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, why := all.read(b)
		if why != "" && (e.post != nil || e.deleted != nil || strings.Contains(why, "words")) {
			t.Errorf("%q is refused and read: %s", b, why)
		}
		if p := e.post; p != nil {
			if p.Platform != Platform || !strings.HasPrefix(p.ID, "at://") || p.Account.ID == "" || p.Time.IsZero() || len(p.Raw) == 0 || !json.Valid(p.Raw) {
				t.Errorf("%q gave %+v", b, p)
			}
		}
		if len(e.info)+len(e.failure) > 40 {
			t.Errorf("%q gives a long name", b)
		}
		if s, _ := some.read(b); s.post != nil && e.post == nil {
			t.Errorf("%q is chosen by the narrower filter alone", b)
		}
	})
}

func BenchmarkEvent(b *testing.B) {
	e := wrote(1, time.Now(), strings.Repeat("a post of an ordinary length ", 5))
	e.Record.(m)["facets"] = []m{{"features": []m{{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.org/a"}}}}
	message := []byte((*jetstreamtest.Server)(nil).Message(e, 1, false))
	f := filter{collections: []string{record.Post}}
	b.ReportAllocs()
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		if got, _ := f.read(message); got.post == nil {
			b.Fatal("no post")
		}
	}
}

func closed() *fetch.Client { return fetch.New(fetch.Options{IgnoreRobots: true}) }

// BenchmarkStream is from a server on loopback to batches that are put.
func BenchmarkStream(b *testing.B) {
	at := time.Now().Add(-time.Minute)
	events := make([]happening, 20_000)
	for n := range events {
		events[n] = wrote(n, at, strings.Repeat("a post of an ordinary length ", 5))
	}
	up := jetstreamtest.Serve(b, events...)
	s := opened(b, collect.RealTime(), collect.Values{"endpoint": up.URL, "backfill": "1h"})
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		to := &counting{want: len(events), done: cancel}
		if err := s.Collect(ctx, nil, to); to.n != len(events) {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(events)*b.N)/b.Elapsed().Seconds(), "posts/s")
}

type counting struct {
	n, want int
	done    func()
}

func (c *counting) Put(_ context.Context, b collect.Batch) error {
	if c.n += len(b.Posts); c.n >= c.want {
		c.done()
	}
	return nil
}

func (*counting) Note(collect.Note) {}
