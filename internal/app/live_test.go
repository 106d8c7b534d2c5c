package app

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/live"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// wave is a source of posts that are there already.
type wave struct{ posts []post.Post }

func (w wave) Collect(ctx context.Context, _ []byte, to collect.Sink) error {
	return to.Put(ctx, collect.Batch{Posts: w.posts}) //nolint:wrapcheck // a test
}

// coordinated are posts of some accounts on the same pages, seconds apart, among
// posts of others on pages of their own.
func coordinated(from, accounts int, at time.Time) []post.Post {
	var out []post.Post
	add := func(account, url string, at time.Time) {
		out = append(out, post.Post{
			Platform: "sim-a", ID: fmt.Sprintf("%s-%s", account, url), Account: post.Account{ID: account}, Time: at,
			Text: "x " + url, Links: []post.Link{{URL: url}},
		})
	}
	for page := range 6 {
		for a := range accounts {
			at := at.Add(time.Duration(page)*10*time.Minute + time.Duration(a)*time.Second)
			add(fmt.Sprint("twin", from+a), fmt.Sprintf("https://outlet.example/p%d", page), at)
		}
	}
	for a := range 200 {
		add(fmt.Sprint("person", a), fmt.Sprintf("https://blog.example/%d/%d", from, a), at.Add(time.Duration(a)*17*time.Second))
	}
	return out
}

// TestLive has a wave of coordinated posts pass a running instance: a finding
// appears, grows, and is still one after a restart.
func TestLive(t *testing.T) {
	c := settings(t, t.TempDir())
	var m mandate.Collection
	start := time.Now().Add(-2 * time.Hour)
	run := func(f func(ctx context.Context, a *App)) {
		t.Helper()
		a, err := Build(t.Context(), c, Options{Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close() //nolint:errcheck // a test
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		ready, ended := make(chan string, 1), make(chan error, 1)
		go func() { ended <- a.Run(ctx, func(at string) { ready <- at }) }()
		<-ready
		f(ctx, a)
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stopping: %v", err)
		}
	}
	// taken waits until as many accounts are in the one finding.
	taken := func(ctx context.Context, a *App, news <-chan struct{}, accounts int) finding.Finding {
		t.Helper()
		for {
			page, err := a.Findings.List(ctx, finding.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Findings) > 1 {
				t.Fatalf("%d findings of one group: %+v", len(page.Findings), page.Findings)
			}
			if len(page.Findings) == 1 && page.Findings[0].Accounts == accounts {
				return page.Findings[0]
			}
			select {
			case <-news:
			case <-ctx.Done():
				t.Fatalf("no finding of %d accounts: %+v, %+v", accounts, page.Findings, a.Live.Status())
			}
		}
	}
	var first finding.Finding
	run(func(ctx context.Context, a *App) {
		news, end := a.Live.Listen()
		defer end()
		ann, lee := &auth.Principal{ID: "ann"}, &auth.Principal{ID: "lee"}
		var err error
		m, err = a.Collections.Draft(ctx, ann, mandate.CollectionText{
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
		if err := a.Runner.Start(collect.Spec{ID: "feed:one", Mandate: m.ID, Source: wave{coordinated(0, 8, start)}}); err != nil {
			t.Fatal(err)
		}
		first = taken(ctx, a, news, 8)
		if first.Detection != finding.LiveDetection || first.Why["en"] == "" || first.Why["ja"] == "" || first.Posts != 48 {
			t.Errorf("the finding is %+v", first)
		}
		snapshot, err := a.Findings.Snapshot(ctx, first.ID, 0)
		if err != nil || len(snapshot.Objects) != 6 || len(snapshot.Examples) == 0 {
			t.Errorf("the evidence has %d objects, %v", len(snapshot.Objects), err)
		}
		rates := a.Live.Rates()
		if len(rates) != 1 || rates[0].Source != "feed:one" || rates[0].Counts[live.Minutes-1]+rates[0].Counts[live.Minutes-2] != 248 {
			t.Errorf("rates %+v", rates)
		}
	})
	run(func(ctx context.Context, a *App) {
		news, end := a.Live.Listen()
		defer end()
		if err := a.Runner.Start(collect.Spec{ID: "feed:two", Mandate: m.ID, Source: wave{coordinated(8, 4, start.Add(8*time.Second))}}); err != nil {
			t.Fatal(err)
		}
		grown := taken(ctx, a, news, 12)
		if grown.ID != first.ID {
			t.Errorf("the group grew into another finding: %s, was %s", grown.ID, first.ID)
		}
		if s := a.Live.Status(); s.State != live.Following || s.Traces < 248+224 {
			t.Errorf("after a restart: %+v", s)
		}
	})
}

// TestBursts has an object flare up in a stream with a past in the store.
func TestBursts(t *testing.T) {
	a, err := Build(t.Context(), settings(t, t.TempDir()), Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // a test
	now := time.Now()
	var past, burst []post.Post
	add := func(to *[]post.Post, tag string, at time.Time) {
		p := post.Post{Platform: "sim-a", ID: fmt.Sprint(len(past), "-", len(burst)), Account: post.Account{ID: fmt.Sprint("a", len(past)+len(burst))}, Time: at, Text: "x", Hashtags: []string{tag}}
		normalise.Post(&p, normalise.Options{})
		*to = append(*to, p)
	}
	for hour := range 24 * 20 { // three weeks of two ordinary tags
		for _, tag := range []string{"calm", "other"} {
			for range 3 {
				add(&past, tag, now.Add(-time.Duration(hour)*time.Hour-40*time.Minute))
			}
		}
	}
	if _, err := a.Posts.Append(t.Context(), poststore.Batch{Source: "x", Posts: past}); err != nil {
		t.Fatal(err)
	}
	for range 60 {
		add(&burst, "calm", now.Add(-time.Minute))
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if _, err := a.Posts.Append(ctx, poststore.Batch{Source: "x", Posts: burst}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); a.Live.Run(ctx) }()
	for len(a.Live.Bursts()) == 0 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	got := a.Live.Bursts()
	if len(got) != 1 || got[0].Object != "calm" || got[0].Posts != 60 || got[0].Expected > 10 {
		t.Errorf("%+v, %+v", got, a.Live.Status())
	}
	stop()
	<-done
}

func TestActivity(t *testing.T) {
	now := time.Now()
	for ago, want := range map[time.Duration]finding.Activity{time.Minute: finding.Growing, 2 * time.Hour: finding.Cooling, 30 * time.Hour: finding.Closed} {
		f := finding.Finding{Last: now.Add(-ago)}
		if got := f.ActivityAt(now); got != want {
			t.Errorf("%v after its last co-action a group is %s, want %s", ago, got, want)
		}
	}
}
