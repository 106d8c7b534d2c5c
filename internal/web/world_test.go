package web

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/alert"
	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/feed"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/x"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/live"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
	"github.com/akashi-project/akashi/internal/search"
	"github.com/akashi-project/akashi/internal/simulate"
	"github.com/akashi-project/akashi/internal/watch"
)

// world is an instance for tests of the pages: the scenario "small" with its
// operations found, and accounts that act together with hostile posts.
type world struct {
	*Server
	Service   *auth.Service
	DB        *casestore.DB
	Store     poststore.Store
	Queue     *job.Queue
	Detection finding.Detection
	Run       finding.Run
	// Stream is the detector of the stream, which is not running.
	Stream *live.Service
	// Spool is where uploads lie, of 1 MiB at most.
	Spool string
}

// fixedKey makes the pseudonyms of tests, so that they never change.
const fixedKey = "0123456789abcdef0123456789abcdef"

// newWorld makes an instance on a database, without a detection run where bare.
func newWorld(t *testing.T, service *auth.Service, db *casestore.DB, bare bool) *world {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "cli:test")
	names, err := mandate.NewNames([]byte(fixedKey))
	must(t, err)
	w := &world{Service: service, DB: db, Store: poststoretest.NewMemory(names.Alias), Spool: t.TempDir()}
	veils, err := mandate.New(ctx, db, names, mandate.Options{Finder: mandate.Find(w.Store)})
	must(t, err)
	if !bare {
		w.fill(t)
	}
	w.Queue, err = job.New(ctx, db, job.Options{Grace: time.Millisecond, Retry: func(int) time.Duration { return 0 }})
	must(t, err)
	findings := finding.New(finding.Options{DB: db, Posts: w.Store, Jobs: w.Queue, Program: "test", Dir: t.TempDir(), Workers: 2})
	w.Stream = live.New(live.Options{Posts: w.Store, Findings: findings})
	uploads := intake.New(w.Store, db, intake.Options{Dir: w.Spool, MaxUpload: 1 << 20})
	type importArgs = worldImport
	job.Register(w.Queue, func(ctx context.Context, task *job.Task[importArgs]) error {
		return uploads.Run(ctx, task.Args.Import, func(intake.Progress) {})
	})
	log, err := audit.Open(ctx, filepath.Join(t.TempDir(), "log"), audit.Options{Key: filepath.Join(t.TempDir(), "key"), Origin: "akashi/test"})
	must(t, err)
	draining, cancel := context.WithCancel(context.WithoutCancel(ctx))
	drained := make(chan struct{})
	go func() { defer close(drained); log.Run(draining, db) }()
	t.Cleanup(func() { cancel(); <-drained; _ = log.Close() })
	must(t, w.Queue.Start(ctx))
	t.Cleanup(func() { _ = w.Queue.Stop(context.WithoutCancel(ctx)) })
	must(t, findings.Start(ctx))
	collections := mandate.NewCollections(db)
	key, err := watch.OpenKey(filepath.Join(t.TempDir(), "sources.key"))
	must(t, err)
	runner := collect.NewRunner(w.Store, collections, collect.Options{})
	t.Cleanup(runner.Close)
	w.Server, err = New(Deps{
		Collections: collections, Watch: watch.New(watch.Options{
			DB: db, Key: key, Kinds: []collect.Kind{feed.Kind(nil), x.Kind()}, Mandates: collections, Runner: runner,
			Env: func(id string) collect.Env {
				return collect.Env{ID: id, Pages: fetch.New(fetch.Options{}), Programs: fetch.New(fetch.Options{}), Clock: collect.RealTime()}
			},
		}),
		Auth: service, Posts: w.Store, Mandate: veils, Searches: search.New(db), Casework: db, Workspace: "影響工作分析室", TLP: "AMBER",
		Findings: findings, Stream: w.Stream, Alerts: w.alerts(t, db, findings), Intake: uploads, Jobs: w.Queue, Audit: log, Version: "test",
		QueueImport: func(ctx context.Context, tx *casestore.Tx, id string) error {
			_, _, err := w.Queue.Enqueue(ctx, tx, importArgs{Import: id}, job.Once{Unique: true})
			return err
		},
	})
	must(t, err)
	if !bare {
		w.detect(t)
	}
	return w
}

// worldImport is the job that brings an upload in.
type worldImport struct {
	Import string `json:"import"`
}

// Kind names the job.
func (worldImport) Kind() string { return "import" }

// fill puts the posts into the store.
func (w *world) fill(t *testing.T) {
	t.Helper()
	s, err := simulate.Load("small")
	must(t, err)
	var all []post.Post
	_, err = s.Run(t.Context(), func(p *post.Post) error {
		normalise.Post(p, normalise.Options{})
		all = append(all, *p)
		return nil
	})
	must(t, err)
	last := all[len(all)-1].Time
	for i, hostile := range hostilePosts() {
		for a := range 5 {
			for turn := range 4 {
				p := hostile
				p.ID = fmt.Sprintf("%s-%d-%d", hostile.ID, a, turn)
				p.Account = post.Account{ID: fmt.Sprint(7700 + a), Handle: fmt.Sprintf("private_person_%d", a), Name: "Hidden Name"}
				p.Time = last.Add(-time.Duration(i*7+turn*3+1) * time.Hour).Add(time.Duration(a*11) * time.Second)
				p.Text = fmt.Sprintf("%s https://hostile.example/%d-%d", hostile.Text, i, turn)
				if len(p.Text) > 100_000 {
					p.Text = fmt.Sprintf("https://hostile.example/%d-%d %s", i, turn, hostile.Text)
				}
				normalise.Post(&p, normalise.Options{})
				all = append(all, p)
			}
		}
	}
	_, err = w.Store.Append(t.Context(), poststore.Batch{Source: "test", Posts: all})
	must(t, err)
}

// detect runs a detection to its end.
func (w *world) detect(t *testing.T) {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "cli:test")
	var err error
	w.Detection, err = w.Findings.AddDetection(ctx, finding.Detection{Name: "全投稿の協調行動", Enabled: true})
	must(t, err)
	w.Run, err = w.Findings.StartRun(ctx, w.Detection.ID)
	must(t, err)
	for end := time.Now().Add(time.Minute); w.Run.State != finding.RunDone; time.Sleep(5 * time.Millisecond) {
		w.Run, err = w.Findings.Run(ctx, w.Run.ID)
		must(t, err)
		if w.Run.State == finding.RunFailed || time.Now().After(end) {
			t.Fatalf("the run is %s: %s", w.Run.State, w.Run.Error)
		}
	}
}

// must ends the test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// alerts makes what tells people, without anything to send with.
func (w *world) alerts(t *testing.T, db *casestore.DB, findings *finding.Service) *alert.Service {
	t.Helper()
	key, err := watch.OpenKey(filepath.Join(t.TempDir(), "sources.key"))
	must(t, err)
	return alert.New(alert.Options{DB: db, Findings: findings, Key: key, Base: "https://akashi.example", Now: func() time.Time {
		if w.Server != nil && w.Now != nil {
			return w.Now()
		}
		return time.Now()
	}})
}
