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
	"github.com/akashi-project/akashi/internal/post"
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

func TestActivity(t *testing.T) {
	now := time.Now()
	for ago, want := range map[time.Duration]finding.Activity{time.Minute: finding.Growing, 2 * time.Hour: finding.Cooling, 30 * time.Hour: finding.Closed} {
		f := finding.Finding{Last: now.Add(-ago)}
		if got := f.ActivityAt(now); got != want {
			t.Errorf("%v after its last co-action a group is %s, want %s", ago, got, want)
		}
	}
}
