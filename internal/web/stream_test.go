package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// acting sets the clock of the pages to soon after a finding's last act.
func (w *world) acting(t *testing.T) finding.Finding {
	t.Helper()
	page, err := w.Findings.List(t.Context(), finding.Filter{Sort: finding.ByUpdated})
	must(t, err)
	newest := page.Findings[0]
	for _, f := range page.Findings {
		if f.Last.After(newest.Last) {
			newest = f
		}
	}
	w.Now = func() time.Time { return newest.Last.Add(10 * time.Minute) }
	return newest
}

// TestBrowserStream has posts come while the page is looked at.
func TestBrowserStream(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	w.acting(t)
	w.Stream.Observe("feed:one", make([]post.Post, 120))
	site.Start(t, w)
	ended := make(chan struct{})
	go func() { // posts come until the journey has seen them
		for {
			select {
			case <-time.After(200 * time.Millisecond):
				w.Stream.Observe("bluesky:two", make([]post.Post, 3))
			case <-ended:
				return
			}
		}
	}()
	defer close(ended)
	site.Run(t, "testdata/stream.cjs", map[string]any{"analyst": site.Enter(t, auth.Analyst)})
}

func TestStream(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w, site := inboxWorld(t, db, false)
		f := w.acting(t)
		w.Stream.Observe("feed:one", make([]post.Post, 7))
		analyst := reader(t, w.Service, site, auth.Analyst)
		status, body := analyst(http.MethodGet, "/live", "")
		for _, part := range []string{f.Short, "Acting", "feed:one", "/search?q=via", `data-events="/live/events"`, "7 posts in 60 minutes"} {
			if status != http.StatusOK || !strings.Contains(body, part) {
				t.Errorf("the page (%d) does not say %q", status, part)
			}
		}
		for _, private := range []string{"private_person", "Hidden Name", "⟦"} {
			if strings.Contains(body, private) {
				t.Errorf("the page shows %q", private)
			}
		}
		streamed := make(chan string)
		go func() {
			_, body := analyst(http.MethodGet, "/live/events", "")
			streamed <- body
		}()
		for listening := false; !listening; { // the stream has begun
			w.Stream.Observe("feed:late", make([]post.Post, 1))
			listening = w.Stream.Listening() > 0
		}
		w.Stop()
		if body := <-streamed; !strings.Contains(body, "event: progress") || strings.Contains(body, "private_person") {
			t.Errorf("the stream says %.500q", body)
		}
	})
}
