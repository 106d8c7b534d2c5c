package app

import (
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// TestRetention has a whole instance delete what a mandate no longer allows to
// keep, and say so in its log.
func TestRetention(t *testing.T) {
	ctx := t.Context()
	a, err := Build(ctx, settings(t, t.TempDir()), Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	author := &auth.Principal{ID: "a"}
	c, err := a.Collections.Draft(ctx, author, mandate.CollectionText{
		Title: "t", Purpose: "p", Topics: []string{"x"}, LegalBasis: "l", Kinds: []string{"feed"}, Retention: 10,
		Start: a.DB.Now(), End: a.DB.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	old := a.DB.Now().Add(-11 * 24 * time.Hour)
	for _, id := range []string{"over", "kept"} {
		p := post.Post{Platform: "web", ID: id, Account: post.Account{ID: "example.org"}, Time: old, Text: "text", Labels: map[string]string{collect.MandateLabel: c.ID}}
		normalise.Post(&p, normalise.Options{})
		seen := old
		if id == "kept" {
			seen = old.Add(2 * 24 * time.Hour)
		}
		if _, err := a.Posts.Append(ctx, poststore.Batch{Source: "feed", Posts: []post.Post{p}, Seen: seen}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is nothing to do, nor to log
		if err := a.sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	found, err := a.Posts.Search(ctx, poststore.Query{}, poststore.Position{}, 10)
	if err != nil || len(found) != 1 || found[0].ID != "kept" {
		t.Errorf("left are %v, %v", found, err)
	}
	if err := a.Audit.Drain(ctx, a.DB); err != nil {
		t.Fatal(err)
	}
	entries, err := a.Audit.Read(ctx, 0, a.Audit.Size())
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, e := range entries {
		if e.Line.Action == "retention.sweep" {
			lines++
		}
	}
	if lines != 1 {
		t.Errorf("%d lines in the log say what was deleted", lines)
	}
}
