package duck_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/duck"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
	"github.com/akashi-project/akashi/internal/query"
)

// The benchmarks work on a store of AKASHI_BENCH_POSTS generated posts (200,000
// where that is not set), which BenchmarkAppend makes in the folder
// AKASHI_BENCH_DIR (where that is not set, one that is removed). A store that
// is there is used as it is.

func benchPosts() int {
	if n, err := strconv.Atoi(os.Getenv("AKASHI_BENCH_POSTS")); err == nil {
		return n
	}
	return 200_000
}

// benchStore gives the store, filled.
func benchStore(b *testing.B) poststore.Store {
	b.Helper()
	dir := os.Getenv("AKASHI_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	began := time.Now()
	s := open(b, dir)
	b.Cleanup(func() { _ = s.Close() })
	b.Logf("opened in %v", time.Since(began).Round(time.Millisecond))
	span, err := s.Span(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if span.Posts == 0 {
		fill(b, s, benchPosts())
	}
	return s
}

// fill appends generated posts and says how fast that was, without the making.
func fill(b *testing.B, s poststore.Store, n int) {
	b.Helper()
	var spent, slowest time.Duration
	poststoretest.Generate(1, n, func(posts []post.Post) {
		began := time.Now()
		if _, err := s.Append(b.Context(), poststore.Batch{Source: "file:generated.ndjson", Posts: posts}); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		spent += took
		slowest = max(slowest, took)
	})
	span, err := s.Span(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d posts: %.0f appended a second, slowest batch %v, %d bytes each",
		n, float64(n)/spent.Seconds(), slowest.Round(time.Millisecond), span.Bytes/int64(n))
}

// BenchmarkAppend appends batches of 20,000 posts to the store. An operation is
// a post.
func BenchmarkAppend(b *testing.B) {
	s := benchStore(b)
	span, err := s.Span(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var made [][]post.Post
	poststoretest.Generate(uint64(span.Posts), b.N, func(posts []post.Post) { made = append(made, posts) }) //nolint:gosec // not negative
	for _, posts := range made {
		for i := range posts {
			posts[i].ID = fmt.Sprint("more-", span.Posts, "-", posts[i].ID)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, posts := range made {
		if _, err := s.Append(b.Context(), poststore.Batch{Source: "bench", Posts: posts}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
	// The same again adds nothing.
	began := time.Now()
	for _, posts := range made {
		if got, err := s.Append(b.Context(), poststore.Batch{Source: "bench", Posts: posts}); err != nil || got.Same != int64(len(posts)) {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "again/s")
}

// beside appends batches of 1,000 posts, so many posts a second, until it is
// stopped; 0 means as fast as it can.
func beside(b *testing.B, s poststore.Store, rate int) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	var posts int
	began := time.Now()
	wg.Go(func() {
		defer func() { _ = recover() }()                                                      // Generate has no other way to end early
		poststoretest.Generate(uint64(began.UnixNano()), 20_000_000, func(made []post.Post) { //nolint:gosec // not negative
			for part := range slices.Chunk(made, 1000) {
				for i := range part {
					part[i].ID = fmt.Sprint("beside-", began.UnixNano(), "-", part[i].ID)
					part[i].Time = part[i].Time.Add(poststoretest.GenerateSpan)
				}
				if _, err := s.Append(ctx, poststore.Batch{Source: "beside", Posts: part}); err != nil {
					panic(err)
				}
				posts += len(part)
				if rate > 0 {
					due := began.Add(time.Duration(posts) * time.Second / time.Duration(rate))
					select {
					case <-ctx.Done():
						panic(ctx.Err())
					case <-time.After(time.Until(due)):
					}
				}
			}
		})
	})
	return func() {
		cancel()
		wg.Wait()
		b.Logf("appended beside: %.0f posts/s", float64(posts)/time.Since(began).Seconds())
	}
}

// question is a kind of question that pages ask, with other words each time.
type question struct {
	name string
	ask  func(ctx context.Context, s poststore.Store, r *rand.Rand) error
}

func questions() []question {
	word := func(from, to int) func(*rand.Rand) query.Expr {
		return func(r *rand.Rand) query.Expr {
			return query.Text{Value: poststoretest.Word(1, []string{"ja", "en", "ru"}[r.IntN(3)], from+r.IntN(to-from))}
		}
	}
	frequent, middling, rare := word(0, 20), word(500, 1000), word(20_000, 50_000)
	absent := func(r *rand.Rand) query.Expr { return query.Text{Value: fmt.Sprint("処理水qzx", r.IntN(1000))} }
	hashtag := func(r *rand.Rand) query.Expr {
		return query.Is{Field: query.Hashtag, Value: fmt.Sprint("tag", 100+r.IntN(2000))}
	}
	account := func(r *rand.Rand) query.Expr {
		return query.Is{Field: query.Account, Value: poststoretest.Alias("x", strconv.Itoa(500_100+r.IntN(5000)))}
	}
	ja := func(*rand.Rand) query.Expr {
		return query.And{query.Is{Field: query.Lang, Value: "ja"}, query.Is{Field: query.Platform, Value: "telegram"}}
	}
	both := func(a, b func(*rand.Rand) query.Expr) func(*rand.Rand) query.Expr {
		return func(r *rand.Rand) query.Expr { return query.And{a(r), b(r)} }
	}
	week := func(e query.Expr, r *rand.Rand) poststore.Query {
		from := poststoretest.GenerateStart.Add(time.Duration(r.Int64N(int64(poststoretest.GenerateSpan))))
		return poststore.Query{Where: e, From: from, To: from.Add(7 * 24 * time.Hour)}
	}
	search := func(where func(*rand.Rand) query.Expr) func(context.Context, poststore.Store, *rand.Rand) error {
		return func(ctx context.Context, s poststore.Store, r *rand.Rand) error {
			_, err := s.Search(ctx, poststore.Query{Where: where(r)}, poststore.Position{}, 50)
			return err
		}
	}
	count := func(where func(*rand.Rand) query.Expr) func(context.Context, poststore.Store, *rand.Rand) error {
		return func(ctx context.Context, s poststore.Store, r *rand.Rand) error {
			_, err := s.Count(ctx, poststore.Query{Where: where(r)})
			return err
		}
	}
	histogram := func(where func(*rand.Rand) query.Expr) func(context.Context, poststore.Store, *rand.Rand) error {
		return func(ctx context.Context, s poststore.Store, r *rand.Rand) error {
			_, err := s.Histogram(ctx, poststore.Query{Where: where(r)}, 24*time.Hour, query.Lang, 8)
			return err
		}
	}
	top := func(f query.Field, where func(*rand.Rand) query.Expr, bounded bool) func(context.Context, poststore.Store, *rand.Rand) error {
		return func(ctx context.Context, s poststore.Store, r *rand.Rand) error {
			q := poststore.Query{Where: where(r)}
			if bounded {
				q = week(q.Where, r)
			}
			_, err := s.Top(ctx, q, f, 20)
			return err
		}
	}
	none := func(*rand.Rand) query.Expr { return nil }
	return []question{
		{"search/all", search(none)},
		{"search/frequent", search(frequent)},
		{"search/middling", search(middling)},
		{"search/rare", search(rare)},
		{"search/absent", search(absent)},
		{"search/hashtag", search(hashtag)},
		{"search/account", search(account)},
		{"search/ja-telegram", search(ja)},
		{"search/frequent+rare", search(both(frequent, rare))},
		{"search/week-rare", func(ctx context.Context, s poststore.Store, r *rand.Rand) error {
			_, err := s.Search(ctx, week(rare(r), r), poststore.Position{}, 50)
			return err
		}},
		{"count/all", count(none)},
		{"count/ja-telegram", count(ja)},
		{"count/rare", count(rare)},
		{"count/hashtag", count(hashtag)},
		{"count/account", count(account)},
		{"count/middling", count(middling)},
		{"count/frequent", count(frequent)},
		{"count/frequent+rare", count(both(frequent, rare))},
		{"count/week-frequent", func(ctx context.Context, s poststore.Store, r *rand.Rand) error {
			_, err := s.Count(ctx, week(frequent(r), r))
			return err
		}},
		{"histogram/all", histogram(none)},
		{"histogram/ja-telegram", histogram(ja)},
		{"histogram/rare", histogram(rare)},
		{"histogram/hashtag", histogram(hashtag)},
		{"histogram/frequent", histogram(frequent)},
		{"top/lang", top(query.Lang, none, false)},
		{"top/hashtag", top(query.Hashtag, none, false)},
		{"top/domain", top(query.Domain, none, false)},
		{"top/account", top(query.Account, none, false)},
		{"top/hashtag-week", top(query.Hashtag, none, true)},
		{"top/domain-rare", top(query.Domain, rare, false)},
		{"top/hashtag-week-ja", top(query.Hashtag, ja, true)},
		{"get/50", func(ctx context.Context, s poststore.Store, r *rand.Rand) error {
			var keys []poststore.Key
			for range 50 {
				for _, p := range []string{"x", "telegram", "facebook", "bluesky"} {
					keys = append(keys, poststore.KeyFor(p, strconv.Itoa(1_000_000_000_000+r.IntN(benchPosts()))))
				}
			}
			_, err := s.Get(ctx, keys)
			return err
		}},
	}
}

// BenchmarkPages asks what pages ask: alone, with 5,000 posts a second appended
// beside, and with as many as can be.
func BenchmarkPages(b *testing.B) {
	s := benchStore(b)
	for _, rate := range []int{-1, 5000, 0} {
		b.Run(map[int]string{-1: "alone", 5000: "beside5k", 0: "besideAll"}[rate], func(b *testing.B) {
			if rate >= 0 {
				defer beside(b, s, rate)()
			}
			for _, q := range questions() {
				b.Run(q.name, func(b *testing.B) {
					r := rand.New(rand.NewPCG(uint64(b.N), 3)) //nolint:gosec // the same numbers again
					took := make([]time.Duration, 0, b.N)
					for b.Loop() {
						began := time.Now()
						if err := q.ask(b.Context(), s, r); err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(began))
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
					b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
				})
			}
		})
	}
}

// BenchmarkTraces reads the traces of all posts, and BenchmarkEach the posts. An
// operation is the whole store.
func BenchmarkTraces(b *testing.B) {
	s := benchStore(b)
	for name, by := range map[string]enrich.Behaviours{
		"all": enrich.All, "url+hashtag": enrich.Of(coordination.URL, coordination.Hashtag),
	} {
		b.Run(name, func(b *testing.B) {
			span, err := s.Span(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			traces := 0
			for b.Loop() {
				if err := s.Traces(b.Context(), poststore.Query{}, by, enrich.Options{}, func(ts []coordination.Trace) error {
					traces += len(ts)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(span.Posts)*float64(b.N)/b.Elapsed().Seconds(), "posts/s")
			b.ReportMetric(float64(traces)/b.Elapsed().Seconds(), "traces/s")
		})
	}
}

func BenchmarkEach(b *testing.B) {
	s := benchStore(b)
	for _, raw := range []bool{false, true} {
		b.Run(fmt.Sprintf("raw=%v", raw), func(b *testing.B) {
			n := 0
			for b.Loop() {
				if err := s.Each(b.Context(), poststore.Query{}, raw, func(ps []poststore.Post) error {
					n += len(ps)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "posts/s")
		})
	}
}

// BenchmarkBackup copies the store.
func BenchmarkBackup(b *testing.B) {
	s := benchStore(b)
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "backup")
		if err := s.Backup(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
		if i, err := os.Stat(filepath.Join(dir, duck.BackupFile)); err == nil {
			b.ReportMetric(float64(i.Size()), "bytes")
		}
	}
}

// BenchmarkNamed finds the accounts that a page of 30 posts mentions, 90 by
// handle and 90 that are not there, among 100,000.
func BenchmarkNamed(b *testing.B) {
	s := open(b, b.TempDir())
	b.Cleanup(func() { _ = s.Close() })
	const accounts, batch = 100_000, 20_000
	for first := 0; first < accounts; first += batch {
		posts := make([]post.Post, batch)
		for i := range posts {
			n := first + i
			posts[i] = post.Post{
				Platform: "x", ID: strconv.Itoa(n), Account: post.Account{ID: "id" + strconv.Itoa(n), Handle: "Person_" + strconv.Itoa(n), Name: "Person"},
				Time: time.Unix(int64(1_700_000_000+n), 0), Text: "text",
			}
			normalise.Post(&posts[i], normalise.Options{})
		}
		if _, err := s.Append(b.Context(), poststore.Batch{Source: "file", Posts: posts}); err != nil {
			b.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a benchmark
	for b.Loop() {
		var names []string
		for range 90 {
			n := strconv.Itoa(r.IntN(accounts))
			names = append(names, "person_"+n, "nobody_"+n)
		}
		found, err := s.AccountsNamed(b.Context(), "x", names)
		if err != nil {
			b.Fatal(err)
		}
		if len(found) < 80 {
			b.Fatalf("%d found", len(found))
		}
	}
}
