package app

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/watch"
)

// TestHub has a hub confirm a subscription and push an article that the feed's
// document never has.
func TestHub(t *testing.T) {
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	_ = free.Close()
	c, err := config.Load("", map[string]any{
		"data.dir": t.TempDir(), "server.listen": at, "server.public_url": "http://" + at, "collect.allow": "127.0.0.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	var site *httptest.Server
	said := make(chan url.Values, 16)
	site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/feed":
			w.Header().Set("Content-Type", "application/rss+xml")
			w.Header().Add("Link", fmt.Sprintf(`<%s/hub>; rel="hub"`, site.URL))
			w.Header().Add("Link", fmt.Sprintf(`<%s/feed>; rel="self"`, site.URL))
			_, _ = io.WriteString(w, feedXML)
		case "/hub":
			_ = r.ParseForm()
			w.WriteHeader(http.StatusAccepted)
			said <- r.PostForm
		default:
			http.NotFound(w, r)
		}
	}))
	defer site.Close()
	a, err := Build(t.Context(), c, Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // a test
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(at string) { ready <- at }) }()
	<-ready
	ann, lee := &auth.Principal{ID: "ann"}, &auth.Principal{ID: "lee"}
	m, err := a.Collections.Draft(ctx, ann, mandate.CollectionText{
		Title: "t", Purpose: "p", Topics: []string{"x"}, LegalBasis: "l", Kinds: []string{"feed"}, Start: a.DB.Now(), End: a.DB.Now().Add(time.Hour),
	})
	if err == nil {
		m, err = a.Collections.Submit(ctx, ann, m.ID, m.Version)
	}
	if err == nil {
		m, err = a.Collections.Decide(ctx, lee, m.ID, m.Version, true, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Watch.Add(ctx, ann, watch.Input{Name: "Outlet", Kind: "feed", Mandate: m.ID, Settings: collect.Values{"url": site.URL + "/feed"}}); err != nil {
		t.Fatal(err)
	}
	var asked url.Values
	select {
	case asked = <-said:
	case <-ctx.Done():
		t.Fatal("nobody subscribed")
	}
	callback := asked.Get("hub.callback")
	if !strings.HasPrefix(callback, "http://"+at+"/websub/") || asked.Get("hub.secret") == "" {
		t.Fatalf("asked with %v", asked)
	}
	confirm := callback + "?" + url.Values{"hub.mode": {"subscribe"}, "hub.topic": {asked.Get("hub.topic")}, "hub.challenge": {"abc"}, "hub.lease_seconds": {"3600"}}.Encode()
	resp, err := http.Get(confirm) //nolint:gosec,noctx // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || string(body) != "abc" {
		t.Fatalf("the challenge was answered with %d %q", resp.StatusCode, body)
	}
	pushed := []byte(strings.NewReplacer("<guid>one", "<guid>two", "/one", "/two", "First", "Second").Replace(feedXML))
	push := func(secret string) int {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write(pushed)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, callback, bytes.NewReader(pushed))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/rss+xml")
		req.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(h.Sum(nil)))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	count := func() int {
		found, err := a.Posts.Search(ctx, poststore.Query{}, poststore.Position{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	push("somebody else's")
	if n := count(); n > 1 {
		t.Fatalf("%d posts after a push that was not signed by the hub", n)
	}
	if code := push(asked.Get("hub.secret")); code/100 != 2 {
		t.Fatalf("the push was answered with %d", code)
	}
	for count() < 2 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	if n := count(); n != 2 {
		t.Fatalf("%d posts are stored", n)
	}
	stop()
	<-ended
}
