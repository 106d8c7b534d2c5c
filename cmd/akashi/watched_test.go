package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	instance "github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/watch"
)

// kills is how often TestWatchingSurvivesKills kills; AKASHI_KILLS says
// otherwise.
const kills = 5

// pusher sends posts to an instance until it answers that they are stored.
type pusher struct {
	mu     sync.Mutex
	to     string
	stored map[string]bool // acknowledged
	tried  map[string]bool
}

// send pushes a batch and says whether it was acknowledged.
func (p *pusher) send(ctx context.Context, ids []string) bool {
	var body []byte
	for _, id := range ids {
		body = append(file.AppendPost(body, &post.Post{
			Platform: "sim-x", ID: id, Account: post.Account{ID: "a" + id[len(id)-1:]}, Time: time.Now(), Text: "post " + id, Synthetic: true,
			Links: []post.Link{{URL: "https://outlet.example/" + id[:2]}},
		}), '\n')
	}
	p.mu.Lock()
	to := p.to
	for _, id := range ids {
		p.tried[id] = true
	}
	p.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdef")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		p.stored[id] = true
	}
	return true
}

// TestWatchingSurvivesKills kills an instance again and again while four clients
// push posts to it, as load: what it said is stored is there, and nothing is
// there twice.
func TestWatchingSurvivesKills(t *testing.T) {
	times := kills
	if s := os.Getenv("AKASHI_KILLS"); s != "" {
		var err error
		if times, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "data")
	c, err := config.Load("", map[string]any{"data.dir": dir, "server.listen": "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	source := ""
	inside := func(f func(a *instance.App)) {
		t.Helper()
		a, err := instance.Build(t.Context(), c, instance.Options{Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		f(a)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	inside(func(a *instance.App) {
		one, other := &auth.Principal{ID: "one"}, &auth.Principal{ID: "other"}
		m, err := a.Collections.Draft(t.Context(), one, mandate.CollectionText{
			Title: "t", Purpose: "p", Topics: []string{"x"}, LegalBasis: "l", Kinds: []string{"push"}, Start: a.DB.Now(), End: a.DB.Now().Add(24 * time.Hour),
		})
		if err == nil {
			m, err = a.Collections.Submit(t.Context(), one, m.ID, m.Version)
		}
		if err == nil {
			m, err = a.Collections.Decide(t.Context(), other, m.ID, m.Version, true, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := a.Watch.Add(t.Context(), one, watch.Input{Name: "x", Kind: "push", Mandate: m.ID, Settings: collect.Values{"token": "0123456789abcdef0123456789abcdef"}})
		if err != nil {
			t.Fatal(err)
		}
		source = s.ID
	})
	p := &pusher{stored: map[string]bool{}, tried: map[string]bool{}}
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // reproducible
	address := regexp.MustCompile(`http://[^\s/"]+`)
	for kill := range times {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := program(ctx, "serve", "--data", dir, "--listen", "127.0.0.1:0")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = cmd.Stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		base := ""
		lines := bufio.NewScanner(out)
		for base == "" && lines.Scan() {
			base = address.FindString(lines.Text())
		}
		if base == "" {
			t.Fatal("the service printed no address")
		}
		go func() { _, _ = io.Copy(io.Discard, out) }()
		p.mu.Lock()
		p.to = base + "/push/" + url.PathEscape(source)
		before := len(p.stored)
		p.mu.Unlock()
		var wg sync.WaitGroup
		first := make(chan struct{})
		var once sync.Once
		for client := range 4 {
			wg.Go(func() {
				for n := 0; ctx.Err() == nil; {
					ids := make([]string, 50)
					for i := range ids {
						ids[i] = fmt.Sprintf("%02d-%d-%d-%d", kill, client, n, i)
					}
					if p.send(ctx, ids) {
						n++ // else the same again
						once.Do(func() { close(first) })
					}
				}
			})
		}
		select {
		case <-first: // something is stored, and more is on its way
		case <-time.After(time.Minute):
			t.Fatal("nothing was taken")
		}
		time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond) // a moment like any other
		_ = cmd.Process.Kill()
		cancel()
		wg.Wait()
		_ = cmd.Wait()
		if len(p.stored) == before {
			t.Fatalf("nothing was stored before kill %d", kill)
		}
	}
	inside(func(a *instance.App) {
		seen := map[string]int{}
		at := poststore.Position{}
		for {
			found, err := a.Posts.Search(t.Context(), poststore.Query{}, at, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for i := range found {
				seen[found[i].ID]++
			}
			if len(found) < 1000 {
				break
			}
			last := found[len(found)-1]
			at = poststore.Position{Time: last.Time, Key: last.Key}
		}
		for id := range p.stored {
			if seen[id] != 1 {
				t.Errorf("the post %s, said to be stored, is there %d times", id, seen[id])
			}
		}
		for id, n := range seen {
			if n > 1 || !p.tried[id] {
				t.Errorf("the post %s is there %d times; it was sent: %v", id, n, p.tried[id])
			}
		}
		t.Logf("%d kills; %d posts acknowledged, %d there, %d sent", times, len(p.stored), len(seen), len(p.tried))
	})
}
