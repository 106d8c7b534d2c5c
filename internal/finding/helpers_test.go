package finding

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
	"github.com/akashi-project/akashi/internal/simulate"
)

// bench is a service on an empty database with a scenario's posts.
type world struct {
	t     testing.TB
	db    *casestore.DB
	posts poststore.Store
	jobs  *job.Queue
	s     *Service
	truth simulate.Truth
	all   []post.Post
}

func onEach(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.start()
		f(t, w)
	})
}

func newWorld(t testing.TB, db *casestore.DB) *world {
	t.Helper()
	w := &world{t: t, db: db}
	w.posts = poststoretest.NewMemory(func(platform, id string) string { return "alias-of-" + platform + "-" + id })
	w.service()
	return w
}

// service makes a service as a new process would.
func (w *world) service() {
	w.t.Helper()
	q, err := job.New(w.t.Context(), w.db, job.Options{Grace: time.Millisecond, Retry: func(int) time.Duration { return 0 }})
	if err != nil {
		w.t.Fatal(err)
	}
	w.jobs = q
	w.s = New(Options{DB: w.db, Posts: w.posts, Jobs: q, Program: "test", Dir: w.t.TempDir(), Workers: 2})
}

func (w *world) start() {
	w.t.Helper()
	if err := w.jobs.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	q := w.jobs
	w.t.Cleanup(func() {
		if err := q.Stop(context.WithoutCancel(w.t.Context())); err != nil {
			w.t.Error(err)
		}
	})
	if err := w.s.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// play puts a scenario's posts into the store, those before until only; zero
// means all.
func (w *world) play(scenario string) {
	w.t.Helper()
	s, err := simulate.Load(scenario)
	if err != nil {
		w.t.Fatal(err)
	}
	w.truth, err = s.Run(w.t.Context(), func(p *post.Post) error {
		normalise.Post(p, normalise.Options{})
		w.all = append(w.all, *p)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) append(posts ...post.Post) {
	w.t.Helper()
	if _, err := w.posts.Append(w.t.Context(), poststore.Batch{Source: "test", Posts: posts}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) detection(p Params) Detection {
	w.t.Helper()
	d, err := w.s.AddDetection(w.ctx(), Detection{Name: "all", Params: p, Enabled: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) ctx() context.Context { return casestore.WithActor(w.t.Context(), "user:A") }

// run runs a detection to its end.
func (w *world) run(d Detection) Run {
	w.t.Helper()
	r, err := w.s.StartRun(w.ctx(), d.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.ended(r.ID, RunDone)
}

// ended waits for a run to come to a state.
func (w *world) ended(id string, state RunState) Run {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		r, err := w.s.Run(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		if r.State == state {
			return r
		}
		if time.Now().After(end) || r.State == RunFailed {
			w.t.Fatalf("the run is %s after a minute: %s", r.State, r.Error)
		}
	}
}

func (w *world) list(f Filter) Page {
	w.t.Helper()
	if f.N == 0 {
		f.N = 500
	}
	p, err := w.s.List(w.t.Context(), f)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) get(id string) Finding {
	w.t.Helper()
	f, err := w.s.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func (w *world) snapshot(id string, version int64) Snapshot {
	w.t.Helper()
	s, err := w.s.Snapshot(w.t.Context(), id, version)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) events(id string) []Event {
	w.t.Helper()
	e, err := w.s.Events(w.t.Context(), id, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) kinds(id string) string {
	var out []string
	for _, e := range w.events(id) {
		out = append(out, string(e.Kind))
	}
	return strings.Join(out, " ")
}

// dump gives everything in the finding tables but lists of runs.
func (w *world) dump() map[string][]string {
	w.t.Helper()
	out := map[string][]string{}
	err := w.db.View(w.t.Context(), func(tx *casestore.Tx) error {
		for _, q := range []string{
			`SELECT id || state || version || risk || novelty || tempo || accounts || digest || updated || snapshot || merged FROM findings ORDER BY id`,
			`SELECT finding || data FROM finding_summaries ORDER BY 1`,
			`SELECT finding || account FROM finding_members ORDER BY 1`, `SELECT finding || object FROM finding_objects ORDER BY 1`,
			`SELECT finding || version || length(data) FROM finding_snapshots ORDER BY 1`, `SELECT id || kind || detail FROM finding_events ORDER BY 1`,
		} {
			err := each(w.t.Context(), tx, q, nil, func(scan func(...any) error) error {
				var s string
				err := scan(&s)
				out[q] = append(out[q], s)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// push is one joint action: accounts post the same address, a second apart.
func push(n int, at time.Time, accounts ...string) []post.Post {
	var out []post.Post
	for i, a := range accounts {
		p := post.Post{
			Platform: "sim-x", ID: at.Format("0102150405") + "-" + a + "-" + string(rune('a'+n%26)), Account: post.Account{ID: a, Handle: "handle-" + a},
			Time: at.Add(time.Duration(i) * time.Second), Text: "read this", Lang: "en",
			Links: []post.Link{{Given: "https://news.example/" + at.Format("0102150405") + string(rune('a'+n%26))}}, Synthetic: true,
		}
		normalise.Post(&p, normalise.Options{})
		out = append(out, p)
	}
	return out
}

// crowd are ordinary accounts, each alone with its addresses: without any, a
// group would be everybody and no surprise.
func crowd(n int, from time.Time, days int) []post.Post {
	var out []post.Post
	for i := range n {
		name := "crowd" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26))
		for d := range days {
			at := from.Add(time.Duration(d)*24*time.Hour + time.Duration(i*977%86_400)*time.Second)
			out = append(out, push(i+d, at, name)...)
		}
	}
	return out
}

var day0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func names(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, prefix+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	return out
}

// acts has accounts act together some times on a day.
func acts(day, times int, accounts ...string) []post.Post {
	var out []post.Post
	for i := range times {
		out = append(out, push(i, day0.Add(time.Duration(day)*24*time.Hour+time.Duration(i)*97*time.Minute), accounts...)...)
	}
	return out
}
