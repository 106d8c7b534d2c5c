package retention

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/duck"
	"github.com/akashi-project/akashi/internal/query"
)

type fixed map[string]time.Duration

func (f fixed) Periods(context.Context) (map[string]time.Duration, error) { return f, nil }

type holds map[string][]finding.Hold

func (h holds) Holds(context.Context) (map[string][]finding.Hold, error) { return h, nil }

var start = time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)

// TestSweep plants one post for each rule and looks at what is left.
func TestSweep(t *testing.T) {
	ctx := t.Context()
	store, err := duck.Open(ctx, filepath.Join(t.TempDir(), "posts.duckdb"), duck.Options{Alias: func(p, a string) string { return p + a }})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	const day = 24 * time.Hour
	put := func(id, account, mandate string, published, seen time.Time) {
		p := post.Post{Platform: "bluesky", ID: id, Account: post.Account{ID: account}, Time: published, Text: "text of " + id}
		if mandate != "" {
			p.Labels = map[string]string{collect.MandateLabel: mandate}
		}
		normalise.Post(&p, normalise.Options{Parts: normalise.AllParts})
		if _, err := store.Append(ctx, poststore.Batch{Source: "s", Posts: []post.Post{p}, Seen: seen}); err != nil {
			t.Fatal(err)
		}
	}
	put("old", "a", "short", start, start)
	put("old-long", "a", "long", start, start)
	put("found-late", "a", "short", start, start.Add(100*day))
	put("held", "member", "short", start, start)
	put("held-end", "member", "short", start.Add(time.Hour), start)
	put("member-elsewhen", "member", "short", start.Add(2*time.Hour), start)
	put("imported", "a", "", start, start)
	put("unknown", "a", "nobody knows", start, start)

	var logged []Result
	s := &Sweeper{
		Posts: store, Mandates: fixed{"short": 30 * day, "long": 365 * day}, Log: slog.New(slog.DiscardHandler),
		Findings: holds{"bluesky:member": {{From: start, To: start.Add(time.Hour)}}},
		Record:   func(_ context.Context, r Result) error { logged = append(logged, r); return nil },
	}
	left := func() []string {
		var ids []string
		if err := store.Each(ctx, poststore.Query{}, false, func(posts []poststore.Post) error {
			for _, p := range posts {
				ids = append(ids, p.ID)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(ids)
		return ids
	}
	all := left()
	// A second before the period ends nothing goes.
	if got, err := s.Sweep(ctx, start.Add(30*day-time.Second)); err != nil || len(got) != 0 {
		t.Fatalf("before the end: %v, %v", got, err)
	}
	if got := left(); !slices.Equal(got, all) {
		t.Fatalf("before the end only %v are left of %v", got, all)
	}
	got, err := s.Sweep(ctx, start.Add(31*day))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Count{Deleted: 2, Held: 2}); got["short"] != want || len(got) != 1 {
		t.Errorf("counted %v, not %v", got, want)
	}
	if want := []string{"found-late", "held", "held-end", "imported", "old-long", "unknown"}; !slices.Equal(left(), want) {
		t.Errorf("left are %v, not %v", left(), want)
	}
	if len(logged) != 1 {
		t.Errorf("%d lines logged", len(logged))
	}
	// What is deleted stays deleted, also when it is collected again, and
	// nothing of it can be found.
	put("old", "a", "short", start, start.Add(40*day))
	where, err := query.Parse("state:deleted")
	if err != nil {
		t.Fatal(err)
	}
	gone, err := store.Search(ctx, poststore.Query{Where: where}, poststore.Position{}, 10)
	if err != nil || len(gone) != 2 {
		t.Fatalf("%d deleted posts, %v", len(gone), err)
	}
	for _, p := range gone {
		if p.Text != "" || p.Account.Handle != "" {
			t.Errorf("%s still says something", p.ID)
		}
	}
	// Once the finding is dismissed its posts go too.
	s.Findings = holds{}
	if got, err = s.Sweep(ctx, start.Add(31*day)); err != nil || got["short"].Deleted != 2 {
		t.Errorf("without the hold: %v, %v", got, err)
	}
}
