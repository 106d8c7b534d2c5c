package poststoretest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// Open opens the store in a folder, which is empty at first; a store that was
// closed is there again. It must use [Alias].
type Open func(t testing.TB, dir string) poststore.Store

// Run checks an engine against the contract and against the store in memory.
// For what happens when a process is killed see [Crash].
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, Open){
		"append":     testAppend,
		"deletion":   testDeletion,
		"handles":    testHandles,
		"hostile":    testHostile,
		"big":        testBig,
		"refusals":   testRefusals,
		"cancelled":  testCancelled,
		"concurrent": testConcurrent,
		"backup":     testBackup,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("random/%d", seed), func(t *testing.T) {
			t.Parallel()
			testRandom(t, open, seed)
		})
	}
}

func start(t testing.TB, open Open) (poststore.Store, string) {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir)
	t.Cleanup(func() { _ = s.Close() })
	return s, dir
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		if len(d) > 4000 {
			d = d[:4000] + "…"
		}
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

var day = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

func simple(id, text string, minute int) post.Post {
	return post.Post{
		Platform: "x", ID: id, Account: post.Account{ID: "1", Handle: "anna"}, Time: day.Add(time.Duration(minute) * time.Minute),
		Text: text, Links: []post.Link{{Given: "https://example.com/" + id, URL: "https://example.com/" + id}}, Hashtags: []string{"tag"},
		Mentions: []string{"who"}, Raw: []byte("raw " + id + " " + text),
	}
}

func testAppend(t *testing.T, open Open) {
	ctx := t.Context()
	s, dir := start(t, open)
	add := func(b poststore.Batch, want poststore.Appended) {
		t.Helper()
		same(t, "appended", must[poststore.Appended](t)(s.Append(ctx, b)), want)
	}
	one, two := simple("1", "first", 0), simple("2", "second", 1)
	add(poststore.Batch{Source: "a", Posts: []post.Post{one, two, one}, Cursor: []byte("c1"), Seen: day}, poststore.Appended{New: 2, Same: 1})
	add(poststore.Batch{Source: "b", Posts: []post.Post{two, one}, Seen: day}, poststore.Appended{Same: 2})
	// An edit, and the first form again, which is there already.
	edited := simple("1", "first, corrected", 0)
	edited.Account.Handle = "anna2"
	add(poststore.Batch{Source: "b", Posts: []post.Post{edited, one, edited}, Seen: day.Add(time.Hour)}, poststore.Appended{Changed: 1, Same: 2})
	// Another dress of the same content.
	dress := two
	dress.Raw, dress.Labels, dress.Origin = []byte("other"), map[string]string{"a": "b"}, post.Origin{File: "f", Line: 3}
	add(poststore.Batch{Source: "a", Posts: []post.Post{dress}}, poststore.Appended{Same: 1})
	// The key of platform x, id 1, but not the post.
	clash := simple("x:1", "clash", 5)
	clash.Platform = ""
	add(poststore.Batch{Source: "a", Posts: []post.Post{clash}, Deleted: []poststore.Deletion{{Platform: "", ID: "x:2"}}},
		poststore.Appended{Collided: 2})

	for range 2 {
		got := must[[]poststore.Post](t)(s.Search(ctx, poststore.Query{}, poststore.Position{}, 10))
		if len(got) != 2 || got[0].ID != "2" || got[1].Text != "first, corrected" || got[1].Version != 2 || got[1].Source != "a" || got[1].Raw != nil {
			t.Fatalf("searched: %+v", got)
		}
		vs := must[[]poststore.Post](t)(s.Versions(ctx, poststore.KeyFor("x", "1")))
		if len(vs) != 2 || vs[0].Text != "first" || string(vs[0].Raw) != "raw 1 first" || string(vs[1].Raw) != "raw 1 first, corrected" ||
			!vs[0].Seen.Equal(day) || !vs[1].Seen.Equal(day.Add(time.Hour)) {
			t.Fatalf("versions: %+v", vs)
		}
		for text, n := range map[string]int64{"first": 1, "corrected": 1, "second": 1, "clash": 0, "": 2} {
			if got := must[int64](t)(s.Count(ctx, poststore.Query{Where: query.Text{Value: text}})); got != n {
				t.Fatalf("%q is found %d times, want %d", text, got, n)
			}
		}
		if got := must[[]byte](t)(s.Cursor(ctx, "a")); string(got) != "c1" {
			t.Fatalf("cursor %q", got)
		}
		if got := must[[]byte](t)(s.Cursor(ctx, "none")); got != nil {
			t.Fatalf("cursor %q of no source", got)
		}
		a := must[poststore.Account](t)(s.AccountByAlias(ctx, Alias("x", "1")))
		if a.Handle != "anna" || a.Posts != 2 || !a.First.Equal(one.Time) || !a.Last.Equal(two.Time) {
			t.Fatalf("account: %+v", a)
		}
		if _, err := s.AccountByAlias(ctx, "nobody"); !errors.Is(err, poststore.ErrNotFound) {
			t.Fatalf("nobody: %v", err)
		}
		if _, err := s.Versions(ctx, 12345); !errors.Is(err, poststore.ErrNotFound) {
			t.Fatalf("no post: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func testDeletion(t *testing.T, open Open) {
	ctx := t.Context()
	s, dir := start(t, open)
	one, two, later := simple("1", "first", 0), simple("2", "second", 1), simple("3", "third", 2)
	later.Account = post.Account{ID: "2", Name: "B"}
	edited := simple("1", "changed", 0)
	gone := day.Add(5 * time.Hour)
	must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "a", Posts: []post.Post{one, two, edited}}))
	got := must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "a", Deleted: []poststore.Deletion{
		{Platform: "x", ID: "1", Time: gone}, {Platform: "x", ID: "3", Time: gone}, {Platform: "x", ID: "1", Time: day},
	}}))
	same(t, "deleted", got, poststore.Appended{Deleted: 1})
	got = must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "b", Posts: []post.Post{one, later, later}}))
	same(t, "came again", got, poststore.Appended{Same: 2, Deleted: 1})
	for range 2 {
		for _, p := range must[[]poststore.Post](t)(s.Get(ctx, []poststore.Key{poststore.KeyFor("x", "1"), poststore.KeyFor("x", "3")})) {
			want := poststore.Tombstone(&p.Post)
			same(t, "tombstone", p.Post, want)
			if !p.Deleted.Equal(gone) {
				t.Fatalf("deleted at %v", p.Deleted)
			}
			vs := must[[]poststore.Post](t)(s.Versions(ctx, p.Key))
			if len(vs) != 1 || vs[0].Text != "" || vs[0].Raw != nil {
				t.Fatalf("versions of a deleted post: %+v", vs)
			}
		}
		if n := must[int64](t)(s.Count(ctx, poststore.Query{})); n != 1 {
			t.Fatalf("%d posts left", n)
		}
		if n := must[int64](t)(s.Count(ctx, poststore.Query{Where: query.Is{Field: query.State, Value: "deleted"}})); n != 2 {
			t.Fatalf("%d tombstones", n)
		}
		vs := must[[]poststore.Post](t)(s.Versions(ctx, poststore.KeyFor("x", "2")))
		if string(vs[0].Raw) != "raw 2 second" {
			t.Fatalf("the raw record beside a deleted one: %q", vs[0].Raw)
		}
		as := must[[]poststore.Account](t)(s.Accounts(ctx, []string{"x:2", "x:9", "x:1"}))
		if len(as) != 2 || as[0].ID != "2" || as[0].Name != "" || as[0].Posts != 0 || as[1].Handle != "anna" || as[1].Posts != 1 {
			t.Fatalf("accounts: %+v", as)
		}
		for _, f := range []query.Field{query.URL, query.Hashtag} {
			if top := must[[]poststore.Counted](t)(s.Top(ctx, poststore.Query{}, f, 5)); len(top) != 1 || top[0].Posts != 1 {
				t.Fatalf("top %s: %+v", f, top)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func testHostile(t *testing.T, open Open) {
	ctx := t.Context()
	s, _ := start(t, open)
	p := post.Post{
		Platform: "x\xff", ID: "\xfe\x00'", Account: post.Account{ID: "\"; --", Handle: "h\xff", Name: "\u202e<script>"}, Time: day,
		Text: "nul\x00 bad\xff\xfe '); DROP TABLE post; --", Lang: "\xff", Links: []post.Link{{Given: "\xff", URL: "\xff"}},
		Hashtags: []string{"\xff#"}, Mentions: []string{"\x00"}, Media: []post.Media{{ID: "\xff"}}, Labels: map[string]string{"\xff": "\xfe"},
		Raw: []byte("\xff\x00raw"),
	}
	must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "s\xff'", Posts: []post.Post{p}, Cursor: []byte("\xff\x00")}))
	if got := must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "s\xff'", Posts: []post.Post{p}})); got.Same != 1 {
		t.Fatalf("again: %+v", got)
	}
	want := p
	poststore.Clean(&want)
	got := must[[]poststore.Post](t)(s.Search(ctx, poststore.Query{Where: query.Text{Value: "NUL\x00 bad\ufffd '); drop"}}, poststore.Position{}, 1))
	if len(got) != 1 {
		t.Fatal("not found")
	}
	vs := must[[]poststore.Post](t)(s.Versions(ctx, got[0].Key))
	same(t, "the post", vs[0].Post, want)
	if c := must[[]byte](t)(s.Cursor(ctx, "s\ufffd'")); string(c) != "\xff\x00" {
		t.Fatalf("cursor %q", c)
	}
}

func testBig(t *testing.T, open Open) {
	ctx := t.Context()
	s, dir := start(t, open)
	p := simple("1", strings.Repeat("大きな文章 Big Text 🙂 ", 40_000)+"needle針", 0)
	p.Raw = []byte(strings.Repeat("x", 2<<20))
	for i := range 2000 {
		p.Hashtags = append(p.Hashtags, fmt.Sprint("t", i))
	}
	must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "a", Posts: []post.Post{p, simple("2", "small", 1)}}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer func() { _ = s.Close() }()
	got := must[[]poststore.Post](t)(s.Search(ctx, poststore.Query{Where: query.Text{Value: "NEEDLE針"}}, poststore.Position{}, 5))
	if len(got) != 1 || got[0].Text != p.Text {
		t.Fatal("the big post is not found whole")
	}
	vs := must[[]poststore.Post](t)(s.Versions(ctx, got[0].Key))
	same(t, "the post", vs[0].Post, p)
}

func testRefusals(t *testing.T, open Open) {
	ctx := t.Context()
	s, dir := start(t, open)
	if _, err := s.Append(ctx, poststore.Batch{Source: "a", Posts: []post.Post{simple("1", "a", 1)}, Deleted: []poststore.Deletion{{Platform: "x"}}}); err == nil {
		t.Error("a deletion without id is taken")
	}
	if n := must[int64](t)(s.Count(ctx, poststore.Query{})); n != 0 {
		t.Errorf("%d posts of a refused batch", n)
	}
	for _, f := range []query.Field{query.Account, query.Hashtag, "what"} {
		if _, err := s.Histogram(ctx, poststore.Query{}, time.Hour, f, 3); !errors.Is(err, poststore.ErrField) {
			t.Errorf("histogram by %s: %v", f, err)
		}
	}
	for _, f := range []query.Field{query.Mention, query.ID, "", "what"} {
		if _, err := s.Top(ctx, poststore.Query{}, f, 3); !errors.Is(err, poststore.ErrField) {
			t.Errorf("top %s: %v", f, err)
		}
	}
	for _, bin := range []time.Duration{0, -time.Hour, time.Nanosecond} {
		if _, err := s.Histogram(ctx, poststore.Query{}, bin, "", 3); !errors.Is(err, poststore.ErrBins) {
			t.Errorf("bins of %v: %v", bin, err)
		}
	}
	must[poststore.Appended](t)(s.Append(ctx, poststore.Batch{Source: "a", Posts: []post.Post{simple("1", "a", 0), simple("2", "a", 10_000)}}))
	if _, err := s.Histogram(ctx, poststore.Query{}, time.Second, "", 3); !errors.Is(err, poststore.ErrBins) {
		t.Errorf("too many bins: %v", err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
	stop := errors.New("stop")
	if err := s.Each(ctx, poststore.Query{}, true, func([]poststore.Post) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("each, stopped: %v", err)
	}
	if err := s.Backup(ctx, dir); err == nil {
		t.Error("a backup into a folder that is not empty")
	}
}

func testCancelled(t *testing.T, open Open) {
	s, _ := start(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, poststore.Batch{Source: "a", Posts: []post.Post{simple("1", "a", 1)}}); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	if _, err := s.Count(ctx, poststore.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("count: %v", err)
	}
	got := must[poststore.Appended](t)(s.Append(t.Context(), poststore.Batch{Source: "a", Posts: []post.Post{simple("1", "a", 1)}}))
	same(t, "after a cancelled one", got, poststore.Appended{New: 1})
}

// testConcurrent has readers look while batches of ten posts come, each with
// one text of its own and an edit of the batch before.
func testConcurrent(t *testing.T, open Open) {
	ctx := t.Context()
	s, _ := start(t, open)
	const batches, size = 40, 10
	var acknowledged struct {
		sync.Mutex
		n int64
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				acknowledged.Lock()
				least := acknowledged.n
				acknowledged.Unlock()
				n, err := s.Count(ctx, poststore.Query{})
				if err != nil || n%size != 0 || n < least {
					t.Errorf("counted %d, at least %d were acknowledged: %v", n, least, err)
					return
				}
				seen := make(map[string]int)
				if err := s.Each(ctx, poststore.Query{}, false, func(ps []poststore.Post) error {
					for _, p := range ps {
						seen[p.Text]++
					}
					return nil
				}); err != nil {
					t.Error(err)
					return
				}
				edited := 0
				for text, n := range seen {
					if strings.HasPrefix(text, "edit") {
						edited += n
					}
				}
				// Each batch but the first edits one post of the one before.
				if got := len(seen) - edited; edited != max(got-1, 0) {
					t.Errorf("%d batches, %d edits", got, edited)
				}
				ps, err := s.Search(ctx, poststore.Query{}, poststore.Position{}, 2*size)
				if err != nil || len(ps)%size != 0 {
					t.Errorf("searched %d posts: %v", len(ps), err)
					return
				}
			}
		})
	}
	for b := range batches {
		batch := poststore.Batch{Source: "a"}
		for i := range size {
			batch.Posts = append(batch.Posts, simple(fmt.Sprint(b, "-", i), fmt.Sprint("batch ", b), b))
		}
		if b > 0 {
			batch.Posts = append(batch.Posts, simple(fmt.Sprint(b-1, "-", 0), fmt.Sprint("edit ", b), b-1))
		}
		if _, err := s.Append(ctx, batch); err != nil {
			t.Error(err)
			break
		}
		acknowledged.Lock()
		acknowledged.n += size
		acknowledged.Unlock()
	}
	close(done)
	wg.Wait()
}

func testBackup(t *testing.T, open Open) {
	ctx := t.Context()
	s, _ := start(t, open)
	model := NewMemory(Alias)
	c := newChance(99)
	for range 3 {
		b := c.batch(300, 500)
		must[poststore.Appended](t)(s.Append(ctx, b))
		must[poststore.Appended](t)(model.Append(ctx, b))
	}
	dir := t.TempDir() + "/backup"
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // appends go on
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				if _, err := s.Append(ctx, poststore.Batch{Source: "later", Posts: []post.Post{simple(fmt.Sprint("later", i), "later", i)}}); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	err := s.Backup(ctx, dir)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	back := open(t, dir)
	defer func() { _ = back.Close() }()
	q := poststore.Query{Where: query.Not{X: query.Is{Field: query.Source, Value: "later"}}}
	same(t, "posts", all(t, back, q), all(t, model, q))
	// It is a store like any other.
	got := must[poststore.Appended](t)(back.Append(ctx, poststore.Batch{Source: "b", Posts: []post.Post{simple("new one", "new", 1)}}))
	same(t, "appended to the copy", got, poststore.Appended{New: 1})
}

func all(t testing.TB, s poststore.Store, q poststore.Query) []poststore.Post {
	t.Helper()
	var out []poststore.Post
	if err := s.Each(t.Context(), q, true, func(ps []poststore.Post) error {
		out = append(out, slices.Clone(ps)...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// testRandom does the same to an engine and to the model and compares answers.
func testRandom(t *testing.T, open Open, seed uint64) {
	ctx := t.Context()
	s, dir := start(t, open)
	defer func() { _ = s.Close() }()
	model := NewMemory(Alias)
	c := newChance(seed)
	rounds, size := 25, []int{3, 40, 400, 3000}[seed%4]
	for round := range rounds {
		b := c.batch(size, 4*size)
		if c.IntN(3) == 0 {
			slices.SortFunc(b.Posts, func(a, b post.Post) int { return a.Time.Compare(b.Time) })
		}
		want := must[poststore.Appended](t)(model.Append(ctx, b))
		same(t, "appended", must[poststore.Appended](t)(s.Append(ctx, b)), want)
		if c.IntN(6) == 0 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir)
		}
		if size > 1000 && round%5 != 4 {
			continue
		}
		same(t, "sources", must[[]poststore.Source](t)(s.Sources(ctx)), must[[]poststore.Source](t)(model.Sources(ctx)))
		span := must[poststore.Span](t)(s.Span(ctx))
		span.Bytes = 0
		same(t, "span", span, must[poststore.Span](t)(model.Span(ctx)))
		for range 12 {
			compareQuery(t, c, s, model)
		}
		comparePosts(t, c, s, model, 4*size)
	}
}

// comparePosts compares what is asked by key.
func comparePosts(t *testing.T, c *chance, s, model poststore.Store, ids int) {
	t.Helper()
	ctx := t.Context()
	var keys []poststore.Key
	for range 20 {
		keys = append(keys, poststore.KeyFor(one(c, "x", "telegram", ""), fmt.Sprint(c.IntN(ids))))
	}
	want := must[[]poststore.Post](t)(model.Get(ctx, keys))
	same(t, "got", must[[]poststore.Post](t)(s.Get(ctx, keys)), want)
	for _, p := range want {
		same(t, "versions", must[[]poststore.Post](t)(s.Versions(ctx, p.Key)), must[[]poststore.Post](t)(model.Versions(ctx, p.Key)))
	}
	names := []string{"x:1", "telegram:2", "2", "bluesky:4", "nobody", "x:bad\ufffd"}
	same(t, "accounts", must[[]poststore.Account](t)(s.Accounts(ctx, names)), must[[]poststore.Account](t)(model.Accounts(ctx, names)))
	for _, platform := range []string{"x", "telegram", "", "bluesky"} {
		var called []string
		for range 1 + c.IntN(6) {
			called = append(called, one(c, "@", "")+one(c, "ANNA", "anna", "user1", "User2", fmt.Sprint(c.IntN(6)), "nobody"))
		}
		for _, p := range want {
			called = append(called, strings.ToUpper(p.Account.Handle), p.Account.ID)
		}
		same(t, "accounts named", must[[]poststore.Account](t)(s.AccountsNamed(ctx, platform, called)),
			must[[]poststore.Account](t)(model.AccountsNamed(ctx, platform, called)))
	}
}

func compareQuery(t *testing.T, c *chance, s, model poststore.Store) {
	t.Helper()
	ctx := t.Context()
	q := c.query()
	what := fmt.Sprintf("%#v from %v to %v", q.Where, q.From, q.To)
	n := must[int64](t)(model.Count(ctx, q))
	if got := must[int64](t)(s.Count(ctx, q)); got != n {
		t.Fatalf("count %s: %d, want %d", what, got, n)
	}
	var pages, want []poststore.Post
	var after poststore.Position
	page := 1 + c.IntN(60)
	for {
		ps := must[[]poststore.Post](t)(s.Search(ctx, q, after, page))
		if pages = append(pages, ps...); len(ps) < page || len(pages) > 400 {
			break
		}
		last := ps[len(ps)-1]
		after = poststore.Position{Time: last.Time, Key: last.Key}
	}
	want = must[[]poststore.Post](t)(model.Search(ctx, q, poststore.Position{}, len(pages)))
	same(t, "search "+what, pages, want)
	bin := one(c, time.Hour, 24*time.Hour, 7*24*time.Hour, 90*time.Minute, 6*time.Hour)
	by := one(c, "", query.Platform, query.Lang, query.Type, query.Source)
	k := c.IntN(4)
	h, err := s.Histogram(ctx, q, bin, by, k)
	wantH, wantErr := model.Histogram(ctx, q, bin, by, k)
	if err != nil || wantErr != nil {
		t.Fatalf("histogram: %v, %v", err, wantErr)
	}
	same(t, fmt.Sprintf("histogram of %v by %q, %s", bin, by, what), h, wantH)
	f := one(c, query.Platform, query.Source, query.Account, query.Channel, query.Lang, query.URL, query.Domain, query.Hashtag, query.Type)
	k = c.IntN(12)
	same(t, fmt.Sprintf("top %d %s, %s", k, f, what), must[[]poststore.Counted](t)(s.Top(ctx, q, f, k)),
		must[[]poststore.Counted](t)(model.Top(ctx, q, f, k)))
	if c.IntN(4) > 0 {
		return
	}
	same(t, "each "+what, all(t, s, q), all(t, model, q))
	traces := func(s poststore.Store) []coordination.Trace {
		var out []coordination.Trace
		if err := s.Traces(ctx, q, enrich.All, enrich.Options{}, func(ts []coordination.Trace) error {
			out = append(out, ts...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	same(t, "traces "+what, traces(s), traces(model))
}
