package alert_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/alert"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/burst"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/watch"
	"github.com/akashi-project/akashi/internal/watchlist"
)

// world is a service with findings and a clock that tests set.
type world struct {
	*alert.Service
	mu       sync.Mutex
	now      time.Time
	findings []finding.Finding
	snapshot finding.Snapshot
	health   []collect.Health
	bursts   []burst.Burst
	post     *alert.Post
	fail     error // what sending gives instead
	sent     []alert.Message
}

func (w *world) Now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) List(context.Context, finding.Filter) (finding.Page, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return finding.Page{Findings: w.findings}, nil
}

func (w *world) Snapshot(context.Context, string, int64) (finding.Snapshot, error) {
	return w.snapshot, nil
}

var errDied = errors.New("died")

func (w *world) Send(ctx context.Context, c *alert.Channel, secret string, m alert.Message) error {
	if w.fail != nil {
		return w.fail
	}
	if err := w.post.Send(ctx, c, secret, m); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, m)
	return nil
}

var ann = &auth.Principal{ID: "ann"}

func newWorld(t *testing.T, db *casestore.DB) *world {
	t.Helper()
	key, err := watch.OpenKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{now: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)}
	w.post = &alert.Post{Client: http.DefaultClient, Now: w.Now}
	w.Service = alert.New(alert.Options{
		DB: db, Findings: w, Key: key, Sender: w, Base: "https://akashi.example", Now: w.Now, Jitter: func() float64 { return 1 },
		Bursts: func() []burst.Burst { return w.bursts },
		Sources: func(context.Context) ([]collect.Health, func(string) string, error) {
			return w.health, func(id string) string { return "Outlet " + id }, nil
		},
	})
	return w
}

// channel adds a webhook at a server.
func (w *world) channel(t *testing.T, to string, change func(*alert.Channel)) string {
	t.Helper()
	secret, err := w.Seal("shh")
	if err != nil {
		t.Fatal(err)
	}
	c := alert.Channel{Name: "desk", Medium: alert.Webhook, Target: to, Lang: "en", Zone: "Asia/Tokyo", Secret: secret}
	if change != nil {
		change(&c)
	}
	it, err := w.Channels.Draft(t.Context(), ann, c)
	if err != nil {
		t.Fatal(err)
	}
	return it.ID
}

func (w *world) rule(t *testing.T, r alert.Rule) string {
	t.Helper()
	it, err := w.Rules.Draft(t.Context(), ann, r)
	if err != nil {
		t.Fatal(err)
	}
	return it.ID
}

// turn looks and delivers once.
func (w *world) turn(t *testing.T) {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "system")
	if err := errors.Join(w.Look(ctx), w.Escalate(ctx), w.Deliver(ctx)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) pass(d time.Duration) { w.mu.Lock(); w.now = w.now.Add(d); w.mu.Unlock() }

func found(accounts int, posts int64) finding.Finding {
	return finding.Finding{ID: "f1", Short: "F-2026-0001", Accounts: accounts, Posts: posts, Risk: finding.Measure{Value: 0.5}, Platforms: []string{"x"}, Languages: []string{"ja"}}
}

// hook is a server that checks signatures, and answers as it is told.
type hook struct {
	mu     sync.Mutex
	answer int
	after  string
	got    []string // ids
	bodies []string
	bad    int
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	at := time.Now()
	var m struct{ Timestamp time.Time }
	_ = json.Unmarshal(body, &m)
	if err := alert.Verify([]byte("shh"), r.Header.Get(alert.HeaderID), r.Header.Get(alert.HeaderTimestamp), r.Header.Get(alert.HeaderSignature), body, at, 100*365*24*time.Hour); err != nil {
		h.bad++
	}
	if h.answer != 0 {
		if h.after != "" {
			w.Header().Set("Retry-After", h.after)
		}
		w.WriteHeader(h.answer)
		return
	}
	h.got, h.bodies = append(h.got, r.Header.Get(alert.HeaderID)), append(h.bodies, string(body))
}

func TestOnceForEachStep(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, h := newWorld(t, db), &hook{}
		site := httptest.NewServer(h)
		defer site.Close()
		c := w.channel(t, site.URL, nil)
		w.rule(t, alert.Rule{Name: "big", On: alert.Found, Accounts: 10, Channels: []string{c}})
		w.rule(t, alert.Rule{Name: "growing", On: alert.Grown, Growth: 5, Accounts: 10, Channels: []string{c}})
		w.findings = []finding.Finding{found(9, 50)}
		w.turn(t)
		if len(h.got) != 0 {
			t.Fatalf("told of a finding below the threshold: %v", h.bodies)
		}
		for _, x := range []struct{ accounts, want int }{{12, 2}, {12, 2}, {16, 2}, {17, 3}, {18, 3}, {40, 4}} {
			w.findings = []finding.Finding{found(x.accounts, 50)}
			var wg sync.WaitGroup
			for range 8 { // whoever looks how often
				wg.Go(func() {
					if err := w.Look(casestore.WithActor(context.Background(), "system")); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			w.turn(t)
			if len(h.got) != x.want {
				t.Fatalf("with %d accounts %d were told, want %d: %v", x.accounts, len(h.got), x.want, h.bodies)
			}
		}
		if h.bad > 0 || !strings.Contains(h.bodies[0], "F-2026-0001 is at hand: 12 accounts act together") || !strings.Contains(h.bodies[0], "https://akashi.example/findings/F-2026-0001") {
			t.Errorf("%d bad signatures; %s", h.bad, h.bodies[0])
		}
	})
}

func TestTightNearAnEvent(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.rule(t, alert.Rule{Name: "big", On: alert.Found, Accounts: 10})
		w.findings = []finding.Finding{found(5, 50)}
		w.turn(t)
		if _, err := w.Events.Draft(t.Context(), ann, watchlist.Event{
			NameEN: "the vote", NameJA: "選挙", From: w.now.Add(24 * time.Hour), Until: w.now.Add(48 * time.Hour), Before: 3, Factor: 0.5,
		}); err != nil {
			t.Fatal(err)
		}
		if all, err := w.Service.List(t.Context(), alert.Filter{}); err != nil || len(all) != 0 {
			t.Fatalf("told without an event: %+v, %v", all, err)
		}
		w.turn(t)
		all, err := w.Service.List(t.Context(), alert.Filter{Open: true})
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		for lang, part := range map[string]string{"en": "The protected event “the vote” is near, so thresholds are multiplied by 0.5.", "ja": "保護対象行事「選挙」が近いため"} {
			if got := all[0].Sentence(lang); !strings.Contains(got, part) || strings.Contains(got, "⟦") {
				t.Errorf("%s: %s", lang, got)
			}
		}
	})
}

func TestLists(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.findings = []finding.Finding{found(5, 50)}
		w.snapshot = finding.Snapshot{
			Accounts: []finding.Account{{Key: "x:77"}},
			Objects:  []finding.Object{{Behaviour: "url", Object: "https://news.lookalike.example/ALPS-treated-water"}, {Behaviour: "hashtag", Object: "処理水"}},
		}
		for i, c := range []struct {
			entry watchlist.Entry
			told  bool
		}{
			{watchlist.Entry{Kind: watchlist.Domain, Value: "lookalike.example"}, true},
			{watchlist.Entry{Kind: watchlist.Domain, Value: "alike.example"}, false},
			{watchlist.Entry{Kind: watchlist.Hashtag, Value: "#処理水"}, true},
			{watchlist.Entry{Kind: watchlist.Hashtag, Value: "処理"}, false},
			{watchlist.Entry{Kind: watchlist.Channel, Platform: "x", Value: "77"}, true},
			{watchlist.Entry{Kind: watchlist.Channel, Platform: "x", Value: "7"}, false},
			{watchlist.Entry{Kind: watchlist.Topic, Value: "alps water"}, true},
			{watchlist.Entry{Kind: watchlist.Topic, Value: "alps election"}, false},
		} {
			list, err := w.Lists.Draft(t.Context(), ann, watchlist.Text{Name: fmt.Sprint("list ", i), Entries: []watchlist.Entry{c.entry}})
			if err != nil {
				t.Fatal(err)
			}
			id := w.rule(t, alert.Rule{Name: "list", On: alert.Found, Lists: []string{list.ID}})
			w.turn(t)
			all, err := w.Service.List(t.Context(), alert.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			told := false
			for _, a := range all {
				told = told || a.Rule == id && strings.Contains(a.Sentence("en"), fmt.Sprintf("“list %d”", i))
			}
			if told != c.told {
				t.Errorf("%+v: told is %v", c.entry, told)
			}
		}
	})
}

func TestUnwellSource(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.rule(t, alert.Rule{Name: "quiet", On: alert.Unwell, Minutes: 10})
		w.health = []collect.Health{{ID: "feed:1", State: collect.BackingOff, Since: w.now}, {ID: "feed:2", State: collect.Running, Since: w.now}}
		for range 30 {
			w.turn(t)
			w.pass(time.Minute)
		}
		all, err := w.Service.List(t.Context(), alert.Filter{})
		if err != nil || len(all) != 1 || !strings.Contains(all[0].Sentence("en"), "“Outlet feed:1” has brought nothing for 10 minutes: its server fails") {
			t.Fatalf("%+v, %v", all, err)
		}
	})
}

// TestTriedUntilTaken has the server fail in several ways, and the program die
// between sending and noting it.
func TestTriedUntilTaken(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, h := newWorld(t, db), &hook{answer: 500}
		site := httptest.NewServer(h)
		defer site.Close()
		c := w.channel(t, site.URL, nil)
		w.rule(t, alert.Rule{Name: "any", On: alert.Found, Channels: []string{c}})
		w.findings = []finding.Finding{found(5, 50)}
		w.turn(t)
		delivery := func() alert.Delivery {
			t.Helper()
			all, err := w.Service.List(t.Context(), alert.Filter{})
			if err != nil || len(all) != 1 || len(all[0].Deliveries) != 1 {
				t.Fatalf("%+v, %v", all, err)
			}
			return all[0].Deliveries[0]
		}
		if d := delivery(); d.State != alert.Waiting || d.Attempts != 1 || !strings.Contains(d.Error, "500") || !d.Due.After(w.now) {
			t.Fatalf("after an error: %+v", d)
		}
		w.turn(t)
		if d := delivery(); d.Attempts != 1 {
			t.Fatal("tried again at once")
		}
		h.answer, h.after = 429, "600"
		w.pass(time.Minute)
		w.turn(t)
		if d := delivery(); d.Due.Sub(w.now) < 9*time.Minute {
			t.Fatalf("Retry-After was not kept: %v", d.Due.Sub(w.now))
		}
		// Sent, but not noted.
		h.answer, h.after = 0, ""
		w.pass(time.Hour)
		dying, cancel := context.WithCancel(casestore.WithActor(t.Context(), "system"))
		w.post.Client = &http.Client{Transport: dies{http.DefaultTransport}}
		_ = w.Deliver(dying)
		cancel()
		if len(h.got) != 1 || delivery().State != alert.Waiting {
			t.Fatalf("%d were sent, and it is %+v", len(h.got), delivery())
		}
		w.post.Client = http.DefaultClient
		w.pass(time.Hour)
		w.turn(t)
		if d := delivery(); d.State != alert.Sent || len(h.got) != 2 || h.got[0] != h.got[1] || h.bad > 0 {
			t.Fatalf("%+v; ids %v; %d bad signatures", d, h.got, h.bad)
		}
	})
}

// dies loses the answer of what was sent.
type dies struct{ http.RoundTripper }

func (d dies) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	return nil, errDied
}

func TestGivenUpAndTriedAgain(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.fail = errDied
		c := w.channel(t, "https://hook.example", nil)
		w.rule(t, alert.Rule{Name: "any", On: alert.Found, Channels: []string{c}})
		w.findings = []finding.Finding{found(5, 50)}
		for range 200 {
			w.turn(t)
			w.pass(10 * time.Minute)
		}
		all, err := w.Service.List(t.Context(), alert.Filter{Failed: true})
		if err != nil || len(all) != 1 || all[0].Deliveries[0].State != alert.Failed {
			t.Fatalf("%+v, %v", all, err)
		}
		if err := w.Retry(t.Context(), &auth.Principal{ID: "a", Token: "t"}, all[0].Deliveries[0].ID); !errors.Is(err, watchlist.ErrPerson) {
			t.Errorf("a token had it tried again: %v", err)
		}
		if err := w.Retry(t.Context(), ann, all[0].Deliveries[0].ID); err != nil {
			t.Fatal(err)
		}
		h := &hook{}
		site := httptest.NewServer(h)
		defer site.Close()
		w.fail, w.post.Client = nil, &http.Client{Transport: to(site.URL)}
		w.turn(t)
		if len(h.got) != 1 {
			t.Fatal("it was not tried again")
		}
	})
}

// to sends every request to one server.
type to string

func (x to) RoundTrip(r *http.Request) (*http.Response, error) {
	r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(string(x), "http://")
	return http.DefaultTransport.RoundTrip(r)
}

func TestQuietDigestAndEscalation(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, h := newWorld(t, db), &hook{}
		site := httptest.NewServer(h)
		defer site.Close()
		quiet := w.channel(t, site.URL+"/quiet", func(c *alert.Channel) { c.QuietFrom, c.QuietUntil = "11:00", "13:00" }) // noon in Tokyo
		daily := w.channel(t, site.URL+"/daily", func(c *alert.Channel) { c.Digest, c.At = alert.Daily, "18:00" })
		boss := w.channel(t, site.URL+"/boss", nil)
		w.rule(t, alert.Rule{Name: "a", On: alert.Found, Channels: []string{quiet, daily}, EscalateAfter: 30, EscalateTo: []string{boss}})
		w.rule(t, alert.Rule{Name: "b", On: alert.Found, Channels: []string{daily}})
		w.rule(t, alert.Rule{Name: "c", On: alert.Found, Channels: []string{quiet}, Urgent: true})
		w.findings = []finding.Finding{found(5, 50)}
		w.turn(t)
		if len(h.got) != 1 { // the urgent one alone
			t.Fatalf("%d told at noon, want the urgent one", len(h.got))
		}
		w.pass(31 * time.Minute)
		w.turn(t)
		w.turn(t)
		if len(h.got) != 2 {
			t.Fatalf("%d told, want the escalated one too", len(h.got))
		}
		w.pass(30 * time.Minute) // 13:01
		w.turn(t)
		if len(h.got) != 3 {
			t.Fatalf("%d told after the quiet hours", len(h.got))
		}
		w.pass(5 * time.Hour) // 18:01
		w.turn(t)
		if len(h.got) != 4 || strings.Count(h.bodies[3], `"sentence"`) != 2 {
			t.Fatalf("%d told; the digest: %s", len(h.got), h.bodies[len(h.bodies)-1])
		}
		all, err := w.Service.List(t.Context(), alert.Filter{Open: true})
		if err != nil || len(all) != 3 {
			t.Fatalf("%d open, %v", len(all), err)
		}
		if err := w.Acknowledge(t.Context(), ann, all[0].ID); err != nil {
			t.Fatal(err)
		}
		if open, err := w.Service.List(t.Context(), alert.Filter{Open: true}); err != nil || len(open) != 2 {
			t.Fatalf("%d open after one was acknowledged, %v", len(open), err)
		}
	})
}

// mailbox is a mail server that refuses the first tries.
type mailbox struct {
	mu     sync.Mutex
	refuse int
	got    []string
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{m}, nil }

type mailSession struct{ *mailbox }

func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *mailSession) Reset()                               {}
func (s *mailSession) Logout() error                        { return nil }
func (s *mailSession) Data(r io.Reader) error {
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse > 0 {
		s.refuse--
		return &smtp.SMTPError{Code: 451, Message: "try again later"}
	}
	s.got = append(s.got, b.String())
	return nil
}

func TestEmail(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		box := &mailbox{refuse: 1}
		server := smtp.NewServer(box)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = server.Serve(listener) }()
		defer server.Close()
		w := newWorld(t, db)
		w.post.SMTP = alert.SMTP{Server: listener.Addr().String(), TLS: "none", From: "akashi@example.org"}
		c := w.channel(t, "desk@example.org", func(c *alert.Channel) { c.Medium, c.Lang, c.Secret = alert.Email, "ja", nil })
		w.rule(t, alert.Rule{Name: "any", On: alert.Found, Channels: []string{c}})
		w.findings = []finding.Finding{found(5, 50)}
		w.turn(t)
		if len(box.got) != 0 {
			t.Fatal("the refused mail is there")
		}
		w.pass(time.Minute)
		w.turn(t)
		if len(box.got) != 1 || !strings.Contains(box.got[0], "To: <desk@example.org>") || !strings.Contains(box.got[0], "Message-ID: <") {
			t.Fatalf("%d mails: %v", len(box.got), box.got)
		}
	})
}

func TestWhatCannotBe(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		for _, r := range []alert.Rule{{}, {Name: "x", On: "opinion"}, {Name: "x", On: alert.Grown}, {Name: "x", On: alert.Unwell}, {Name: "x", On: alert.Found, Risk: 2}, {Name: "x", On: alert.Found, EscalateAfter: 3}} {
			if _, err := w.Rules.Draft(t.Context(), ann, r); !errors.Is(err, alert.ErrRule) {
				t.Errorf("%+v: %v", r, err)
			}
		}
		good := alert.Channel{Name: "x", Medium: alert.Email, Target: "a@example.org", Lang: "en", Zone: "Asia/Tokyo"}
		for _, change := range []func(*alert.Channel){
			func(c *alert.Channel) { c.Target = "nobody" }, func(c *alert.Channel) { c.Medium = alert.Webhook }, func(c *alert.Channel) { c.Medium = alert.Chat },
			func(c *alert.Channel) { c.Lang = "tlh" }, func(c *alert.Channel) { c.Zone = "Mars" }, func(c *alert.Channel) { c.QuietFrom = "22:00" },
			func(c *alert.Channel) { c.Digest = alert.Daily }, func(c *alert.Channel) { c.QuietFrom, c.QuietUntil = "22", "23" },
		} {
			c := good
			change(&c)
			if _, err := w.Channels.Draft(t.Context(), ann, c); !errors.Is(err, alert.ErrChannel) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		if _, err := w.Rules.Draft(t.Context(), &auth.Principal{ID: "a", Token: "t"}, alert.Rule{Name: "x", On: alert.Found}); !errors.Is(err, watchlist.ErrPerson) {
			t.Errorf("a token made a rule: %v", err)
		}
	})
}

// TestBursts tells of each object once a day, and of an address its host alone.
func TestBursts(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.rule(t, alert.Rule{Name: "bursts", On: alert.Burst, Posts: 30})
		for range 3 {
			w.bursts = []burst.Burst{
				{Behaviour: coordination.Hashtag, Object: "処理水", From: w.now.Add(-burst.Window), To: w.now, Posts: 60, Expected: 4.2},
				{Behaviour: coordination.URL, Object: "https://social.example/@private_person/1", From: w.now.Add(-burst.Window), To: w.now, Posts: 40, Expected: 1},
				{Behaviour: coordination.Hashtag, Object: "few", From: w.now.Add(-burst.Window), To: w.now, Posts: 29},
			}
			w.turn(t)
			w.pass(time.Hour)
		}
		all, err := w.Service.List(t.Context(), alert.Filter{})
		if err != nil || len(all) != 2 {
			t.Fatalf("%+v, %v", all, err)
		}
		said := all[0].Sentence("en") + all[1].Sentence("en") + all[0].Sentence("ja") + all[1].Sentence("ja")
		for _, part := range []string{"60 posts about #処理水 within 30 minutes, where its past makes 4.2 expected", "about social.example", "30分間に60件"} {
			if !strings.Contains(said, part) {
				t.Errorf("%q is not said in %s", part, said)
			}
		}
		if strings.Contains(said, "private_person") {
			t.Error("a name is told")
		}
	})
}
