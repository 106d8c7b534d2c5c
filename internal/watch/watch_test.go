package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/sqlite"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/duck"
)

// ticker is a source that brings a post whenever it is told to.
type ticker struct{ ticks chan int }

func (s ticker) Collect(ctx context.Context, _ []byte, to collect.Sink) error {
	for {
		select {
		case n := <-s.ticks:
			err := to.Put(ctx, collect.Batch{Cursor: []byte("1"), Posts: []post.Post{{
				Platform: "test", ID: fmt.Sprint(n), Account: post.Account{ID: "a"}, Time: time.Now(), Text: "text",
			}}})
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

const secret = "hunter2-secret-token"

// TestSources adds a source before its mandate is approved, has it collect once
// it is, and stop when it is withdrawn; and looks for its secret everywhere.
func TestSources(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db, err := sqlite.Open(ctx, filepath.Join(dir, "casework.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	posts, err := duck.Open(ctx, filepath.Join(dir, "posts.duckdb"), duck.Options{Alias: func(p, a string) string { return p + a }})
	if err != nil {
		t.Fatal(err)
	}
	defer posts.Close()
	key, err := OpenKey(filepath.Join(dir, "keys", "sources.key"))
	if err != nil {
		t.Fatal(err)
	}
	mandates := mandate.NewCollections(db)
	runner := collect.NewRunner(posts, mandates, collect.Options{BatchTime: time.Millisecond, MinPause: time.Millisecond, MaxPause: 5 * time.Millisecond, Log: log})
	defer runner.Close()
	src := ticker{ticks: make(chan int)}
	opened := ""
	kinds := []collect.Kind{{
		Name: "ticker", Settings: []collect.Setting{{Key: "url", Required: true}, {Key: "token", Secret: true, Required: true}},
		Open: func(_ collect.Env, v collect.Values) (collect.Source, error) {
			if v.Text("url") == "bad" {
				return nil, &collect.SettingError{Key: "url", Err: errors.New("it is bad")}
			}
			opened = v.Text("token")
			return src, nil
		},
	}, {Name: "other", Open: func(collect.Env, collect.Values) (collect.Source, error) { return src, nil }}}
	o := Options{DB: db, Key: key, Kinds: kinds, Mandates: mandates, Runner: runner, Env: func(id string) collect.Env { return collect.Env{ID: id} }}
	s := New(o)
	ann, lee := &auth.Principal{ID: "ann"}, &auth.Principal{ID: "lee"}
	m, err := mandates.Draft(ctx, ann, mandate.CollectionText{
		Title: "t", Purpose: "p", Topics: []string{"x"}, LegalBasis: "l", Kinds: []string{"ticker"}, Start: db.Now(), End: db.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	good := Input{Name: "Ticks", Kind: "ticker", Mandate: m.ID, Settings: collect.Values{"url": "https://example.org", "token": secret}}
	with := func(f func(*Input)) Input {
		in := good
		in.Settings = collect.Values{"url": "https://example.org", "token": secret}
		f(&in)
		return in
	}
	for name, in := range map[string]struct {
		in   Input
		want error
	}{
		"no mandate":            {with(func(i *Input) { i.Mandate = "none" }), ErrPermit},
		"a kind not permitted":  {with(func(i *Input) { i.Kind, i.Settings = "other", nil }), ErrPermit},
		"a kind that is not":    {with(func(i *Input) { i.Kind = "nothing" }), ErrKind},
		"no name":               {with(func(i *Input) { i.Name = " " }), ErrName},
		"a missing secret":      {with(func(i *Input) { delete(i.Settings, "token") }), new(collect.SettingError)},
		"an unknown setting":    {with(func(i *Input) { i.Settings["x"] = "y" }), new(collect.SettingError)},
		"a setting that is bad": {with(func(i *Input) { i.Settings["url"] = "bad" }), new(collect.SettingError)},
	} {
		_, err := s.Add(ctx, ann, in.in)
		var setting *collect.SettingError
		if want := errors.As(in.want, &setting); want != errors.As(err, &setting) || !want && !errors.Is(err, in.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells the secret", name)
		}
	}
	for name, p := range map[string]*auth.Principal{"nobody": nil, "a token": {ID: "ann", Token: "t"}} {
		if _, err := s.Add(ctx, p, good); !errors.Is(err, ErrPerson) {
			t.Errorf("%s adds: %v", name, err)
		}
	}
	added, err := s.Add(ctx, ann, good)
	if err != nil {
		t.Fatal(err)
	}
	state := func(want collect.State) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); s.Health()[added.ID].State != want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it is %q, not %q", s.Health()[added.ID].State, want)
			}
		}
	}
	state(collect.NoMandate)
	if m, err = mandates.Submit(ctx, ann, m.ID, m.Version); err != nil {
		t.Fatal(err)
	}
	if m, err = mandates.Decide(ctx, lee, m.ID, m.Version, true, ""); err != nil {
		t.Fatal(err)
	}
	// Resuming asks for the mandate at once; left alone it is asked within a
	// minute.
	if added, err = s.SetState(ctx, ann, added.ID, added.Version, Paused); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetState(ctx, ann, added.ID, added.Version-1, Active); !errors.Is(err, casestore.ErrConflict) {
		t.Errorf("an older version is changed: %v", err)
	}
	if added, err = s.SetState(ctx, ann, added.ID, added.Version, Active); err != nil {
		t.Fatal(err)
	}
	state(collect.Running)
	src.ticks <- 1
	count := func() int64 {
		n, err := posts.Count(ctx, poststore.Query{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for deadline := time.Now().Add(30 * time.Second); count() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was stored")
		}
	}
	found, err := posts.Search(ctx, poststore.Query{}, poststore.Position{}, 1)
	if err != nil || found[0].Labels[collect.MandateLabel] != m.ID || found[0].Source != added.ID {
		t.Errorf("stored %+v, %v", found, err)
	}
	// An edit without the secret keeps it.
	opened = ""
	if added, err = s.Edit(ctx, lee, added.ID, added.Version, with(func(i *Input) { i.Name = "Tocks"; delete(i.Settings, "token") })); err != nil {
		t.Fatal(err)
	}
	if opened != secret || added.Name != "Tocks" || added.ChangedBy != lee.ID || len(added.Secrets) != 1 {
		t.Errorf("edited to %+v, opened with %q", added, opened)
	}
	state(collect.Running)
	// Another process begins what is active.
	runner.Close()
	opened = ""
	o.Runner = collect.NewRunner(posts, mandates, collect.Options{BatchTime: time.Millisecond, Log: log})
	s = New(o)
	if err := s.Start(ctx); err != nil || opened != secret {
		t.Errorf("starting: %v, opened with %q", err, opened)
	}
	state(collect.Running)
	// After a withdrawal what comes is not stored.
	if _, err := mandates.Withdraw(ctx, lee, m.ID, m.Version, "enough"); err != nil {
		t.Fatal(err)
	}
	src.ticks <- 2
	state(collect.NoMandate)
	if n := count(); n != 1 {
		t.Errorf("%d posts are stored", n)
	}
	// Nobody is told the secret.
	shown, err := json.Marshal(added)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(shown)+said.String(), secret) {
		t.Error("the secret is shown")
	}
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the secret stands in %s", filepath.Base(path))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if added, err = s.SetState(ctx, ann, added.ID, added.Version, Removed); err != nil || len(added.Secrets) != 0 {
		t.Errorf("removed: %+v, %v", added, err)
	}
	if _, err := s.SetState(ctx, ann, added.ID, added.Version, Active); !errors.Is(err, ErrRemoved) {
		t.Errorf("it comes back: %v", err)
	}
	o.Runner.(*collect.Runner).Close()
}

// TestKey looks at secrets that are put elsewhere or opened with another key.
func TestKey(t *testing.T) {
	dir := t.TempDir()
	a, err := OpenKey(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenKey(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := OpenKey(filepath.Join(dir, "b"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := a.Seal("s", collect.Values{"k": secret})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := again.Open("s", sealed); err != nil || v["k"] != secret {
		t.Errorf("%v, %v", v, err)
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for name, f := range map[string]func() (collect.Values, error){
		"another source": func() (collect.Values, error) { return a.Open("t", sealed) },
		"another key":    func() (collect.Values, error) { return other.Open("s", sealed) },
		"a changed byte": func() (collect.Values, error) { return a.Open("s", flipped) },
		"a short one":    func() (collect.Values, error) { return a.Open("s", sealed[:5]) },
	} {
		if v, err := f(); !errors.Is(err, errSealed) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "c"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(filepath.Join(dir, "c")); err == nil {
		t.Error("a key of five bytes is taken")
	}
}
