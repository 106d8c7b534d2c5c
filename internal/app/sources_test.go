package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/watch"
)

const feedXML = `<?xml version="1.0"?><rss version="2.0"><channel><title>Outlet</title><link>http://127.0.0.1/</link>
<item><guid>one</guid><title>First</title><link>http://127.0.0.1/one</link><pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate><description>What happened</description></item>
</channel></rss>`

// TestSources has a running instance collect a feed under an approved mandate,
// and refuse the same address where nobody allowed it.
func TestSources(t *testing.T) {
	outlet := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		_, _ = w.Write([]byte(feedXML))
	}))
	defer outlet.Close()
	for name, allow := range map[string][]string{"allowed": {"127.0.0.1"}, "not allowed": nil} {
		t.Run(name, func(t *testing.T) {
			c := settings(t, t.TempDir())
			c.Collect.Allow = allow
			a, err := Build(t.Context(), c, Options{Version: "test"})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			ctx, stop := context.WithCancel(t.Context())
			ready, ended := make(chan string, 1), make(chan error, 1)
			go func() { ended <- a.Run(ctx, func(at string) { ready <- at }) }()
			<-ready
			defer func() {
				stop()
				if err := <-ended; err != nil {
					t.Errorf("stopping: %v", err)
				}
			}()
			ann, lee := &auth.Principal{ID: "ann"}, &auth.Principal{ID: "lee"}
			m, err := a.Collections.Draft(ctx, ann, mandate.CollectionText{
				Title: "t", Purpose: "p", Topics: []string{"x"}, LegalBasis: "l", Kinds: []string{"feed"}, Start: a.DB.Now(), End: a.DB.Now().Add(time.Hour),
			})
			if err != nil {
				t.Fatal(err)
			}
			if m, err = a.Collections.Submit(ctx, ann, m.ID, m.Version); err != nil {
				t.Fatal(err)
			}
			if m, err = a.Collections.Decide(ctx, lee, m.ID, m.Version, true, ""); err != nil {
				t.Fatal(err)
			}
			s, err := a.Watch.Add(ctx, ann, watch.Input{Name: "Outlet", Kind: "feed", Mandate: m.ID, Settings: collect.Values{"url": outlet.URL + "/feed"}})
			if err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
				h := a.Watch.Health()[s.ID]
				found, err := a.Posts.Search(ctx, poststore.Query{}, poststore.Position{}, 10)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case len(found) > 0 && allow == nil:
					t.Fatalf("stored %+v", found)
				case len(found) == 1 && found[0].Labels[collect.MandateLabel] == m.ID && found[0].Source == s.ID:
					return
				case len(found) > 0:
					t.Fatalf("stored %+v", found)
				case allow == nil && h.State == collect.Wrong:
					return
				case time.Now().After(deadline):
					t.Fatalf("nothing came: %+v", h)
				}
			}
		})
	}
}
