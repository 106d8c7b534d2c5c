package poststoretest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// testHandles says who goes by a handle: who goes by it now, in any case, on the
// platform; and the same once the store is opened again.
func testHandles(t *testing.T, open Open) {
	ctx := t.Context()
	dir := t.TempDir()
	s := open(t, dir)
	defer func() { _ = s.Close() }()
	turn := 0
	says := func(platform, id, handle string) post.Post {
		turn++
		p := post.Post{
			Platform: platform, ID: fmt.Sprint(turn), Account: post.Account{ID: id, Handle: handle, Name: "name of " + id},
			Time: day.Add(time.Duration(turn) * time.Minute), Text: "text",
		}
		normalise.Post(&p, normalise.Options{})
		return p
	}
	add := func(posts ...post.Post) {
		t.Helper()
		must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "test", Posts: posts}))
	}
	named := func(platform string, names ...string) []string {
		t.Helper()
		var out []string
		for _, a := range must[[]poststore.Account](t)(s.AccountsNamed(ctx, platform, names)) {
			if a.Posts != 0 || !a.First.IsZero() || a.Alias != Alias(a.Platform, a.ID) || a.Handle != "" && a.Name == "" {
				t.Errorf("an account by its handle: %+v", a)
			}
			out = append(out, a.Key)
		}
		return out
	}
	expect := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
	}
	add(says("x", "1", "Anna"), says("x", "2", "ボブ"), says("telegram", "1", "anna"), says("x", "3", ""), says("", "4", "anna"))
	for range 2 {
		expect("in another case, with @", named("x", "@ANNA"), "x:1")
		expect("of another platform", named("telegram", "anna"), "telegram:1")
		expect("of no platform", named("", "anna"), "4")
		expect("by id and by handle, twice", named("x", "2", "ボブ", "anna", "Anna", "3"), "x:1", "x:2", "x:3")
		expect("nothing and nobody", named("x", "", "@", "nobody"))
		expect("no names", named("x"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
	// One takes a handle over, one goes back to an earlier one.
	add(says("x", "1", "anna_old"), says("x", "5", "anna"))
	for range 2 {
		expect("taken over", named("x", "anna"), "x:5")
		expect("renamed", named("x", "anna_old"), "x:1")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
	add(says("x", "1", "anna"))
	add(says("x", "1", "anna_old"))
	add(says("x", "1", "ANNA"))
	expect("two of one handle", named("x", "anna"), "x:1", "x:5")
	expect("one that nobody has any more", named("x", "anna_old"))
	// The last post of an account goes, and its handle with it.
	gone := says("x", "6", "gone")
	add(gone)
	expect("before the deletion", named("x", "gone"), "x:6")
	must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "test", Deleted: []poststore.Deletion{{Platform: "x", ID: gone.ID}}}))
	expect("after the deletion", named("x", "gone"))
	// Very many go by one handle.
	var crowd []post.Post
	for i := range 40 {
		crowd = append(crowd, says("x", fmt.Sprintf("crowd%02d", i), "crowd"))
	}
	add(crowd...)
	if got := named("x", "crowd"); len(got) != poststore.MaxNamesakes || got[0] != "x:crowd00" || got[7] != "x:crowd07" {
		t.Fatalf("a crowd: %v", got)
	}
}
