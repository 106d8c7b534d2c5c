package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect/bluesky/jetstreamtest"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// mailbox is a mail server that keeps what it gets.
type mailbox struct {
	mu  sync.Mutex
	got []string
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &letter{m}, nil }

type letter struct{ *mailbox }

func (l *letter) Mail(string, *smtp.MailOptions) error { return nil }
func (l *letter) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (l *letter) Reset()                               {}
func (l *letter) Logout() error                        { return nil }
func (l *letter) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, string(data))
	return err //nolint:wrapcheck // a test
}

// planted are posts of eight accounts on the same six pages, seconds apart,
// among those of others.
func planted(now time.Time) []jetstreamtest.Event {
	var out []jetstreamtest.Event
	add := func(did, key, url string, at time.Time) {
		out = append(out, jetstreamtest.Event{
			DID: "did:plc:" + did, Time: at, Collection: "app.bsky.feed.post", Key: key,
			Record: map[string]any{
				"$type": "app.bsky.feed.post", "text": "read this", "createdAt": at.UTC().Format(time.RFC3339Nano), "langs": []string{"en"},
				"embed": map[string]any{"$type": "app.bsky.embed.external", "external": map[string]any{"uri": url, "title": "t", "description": "d"}},
			},
		})
	}
	for page := range 6 {
		for twin := range 8 {
			at := now.Add(-time.Hour + time.Duration(page)*9*time.Minute + time.Duration(twin)*time.Second)
			add(fmt.Sprintf("twin%020d", twin), fmt.Sprintf("3k%d%d", page, twin), fmt.Sprintf("https://outlet.example/water/%d", page), at)
		}
	}
	for i := range 150 {
		add(fmt.Sprintf("person%018d", i), fmt.Sprintf("3p%d", i), fmt.Sprintf("https://blog.example/%d", i), now.Add(-time.Hour+time.Duration(i)*20*time.Second))
	}
	slices.SortFunc(out, func(a, b jetstreamtest.Event) int { return a.Time.Compare(b.Time) })
	return out
}

// TestBrowserWatch goes the whole way in a browser: a mandate, its approval by
// another person, a feed and a Bluesky source, and a planted operation that
// becomes a finding on the page of the stream, an alert, and an e-mail.
func TestBrowserWatch(t *testing.T) {
	site := webtest.At(t, "")
	box := &mailbox{}
	post := smtp.NewServer(box)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = post.Serve(listener) }()
	defer post.Close() //nolint:errcheck // a test
	outlet := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		_, _ = w.Write([]byte(feedXML))
	}))
	defer outlet.Close()
	sky := jetstreamtest.Serve(t, planted(time.Now())...)
	c, err := config.Load("", map[string]any{
		"data.dir": t.TempDir(), "server.listen": "127.0.0.1:0", "collect.allow": "127.0.0.1",
		"alert.smtp": listener.Addr().String(), "alert.smtp_tls": "none", "alert.from": "akashi@example.org",
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Build(t.Context(), c, Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // a test
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(at string) { ready <- at }) }()
	_, port, _ := strings.Cut(<-ready, ":")
	site.URL = "http://localhost:" + port
	enter := func(role auth.Role) string {
		t.Helper()
		ctx := casestore.WithActor(ctx, "cli:test")
		p, _, err := a.Auth.Invite(ctx, auth.NewPerson{Login: string(role), Name: string(role), Roles: []auth.Role{role}})
		if err != nil {
			t.Fatal(err)
		}
		link, err := a.Auth.OneTimeLogin(ctx, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, path, _ := strings.Cut(link, "/enter")
		return "/enter" + path
	}
	site.Run(t, filepath.Join("..", "web", "testdata", "watch.cjs"), map[string]any{
		"analyst": enter(auth.Analyst), "lead": enter(auth.Lead), "feed": outlet.URL + "/feed", "sky": strings.Replace(sky.URL, "http:", "ws:", 1),
	})
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopping: %v", err)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	if len(box.got) != 1 || !strings.Contains(box.got[0], "To: <desk@example.org>") {
		t.Errorf("%d e-mails: %v", len(box.got), box.got)
	}
}
