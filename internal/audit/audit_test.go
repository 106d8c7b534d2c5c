package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/sqlite"
)

// bench is a casework database and a log in one folder, as an instance has.
type bench struct {
	dir string
	db  *casestore.DB
	log *Log
}

func (b *bench) logDir() string { return filepath.Join(b.dir, "log") }

func openBench(t testing.TB, dir string) *bench {
	t.Helper()
	b := &bench{dir: dir}
	b.openDB(t)
	b.openLog(t)
	return b
}

func (b *bench) openDB(t testing.TB) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(b.dir, "casework.db"))
	if err != nil {
		t.Fatal(err)
	}
	b.db = db
	t.Cleanup(func() { _ = db.Close() })
}

func (b *bench) openLog(t testing.TB) {
	t.Helper()
	l, err := Open(t.Context(), b.logDir(), b.options())
	if err != nil {
		t.Fatal(err)
	}
	b.log = l
	t.Cleanup(func() { _ = l.Close() })
}

func (b *bench) options() Options {
	return Options{Key: filepath.Join(b.dir, "keys", "log"), Origin: "akashi/test", Logger: slog.New(slog.DiscardHandler)}
}

func (b *bench) reopenLog(t testing.TB) {
	t.Helper()
	if err := b.log.Close(); err != nil {
		t.Fatal(err)
	}
	b.openLog(t)
}

// record writes lines into the outbox: object n:FROM to n:TO-1.
func (b *bench) record(t testing.TB, from, to int) {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "user:1")
	err := b.db.Change(ctx, func(tx *casestore.Tx) error {
		for n := from; n < to; n++ {
			action := []string{"finding.read", "finding.triage", "post.raw"}[n%3]
			l := casestore.Line{Action: action, Object: fmt.Sprintf("n:%d", n), Detail: map[string]any{"理由": strings.Repeat("x", n%50)}}
			if err := tx.Log(ctx, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) drain(t testing.TB) {
	t.Helper()
	if err := b.log.Drain(t.Context(), b.db); err != nil {
		t.Fatal(err)
	}
}

// holds checks that the log has the lines n:0 to n:N-1 in order and passes
// verification.
func (b *bench) holds(t testing.TB, n int) {
	t.Helper()
	es, err := b.log.Read(t.Context(), 0, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	if len(es) != n || b.log.Size() != int64(n) {
		t.Fatalf("the log has %d lines, says %d, want %d", len(es), b.log.Size(), n)
	}
	for i, e := range es {
		if e.Index != int64(i) || e.Line.Object != fmt.Sprintf("n:%d", i) {
			t.Fatalf("line %d is %d %s", i, e.Index, e.Line.Object)
		}
	}
	r, err := Verify(t.Context(), b.logDir(), b.log.PublicKey(), b.log.Checkpoint())
	if err != nil {
		t.Fatalf("%v\n%v", err, r.Problems)
	}
	if r.Lines != int64(n) || r.Unsigned != 0 || r.Kept != 1 || r.Origin != "akashi/test" || len(r.Notes) != 0 {
		t.Fatalf("the report is %+v", r)
	}
}

func TestDrain(t *testing.T) {
	b := openBench(t, t.TempDir())
	b.holds(t, 0)
	b.drain(t)
	at := 0
	// Around the ends of files of 256, of batches and of the second level.
	for _, n := range []int{1, 1, 253, 1, 1, 255, 300, 5000, 1, 60000, 2} {
		b.record(t, at, at+n)
		at += n
		b.drain(t)
		if testing.Short() || n > 1000 {
			continue
		}
		b.holds(t, at)
	}
	b.holds(t, at)
	if n, err := b.db.Waiting(t.Context()); n != 0 || err != nil || b.log.Waiting() != 0 {
		t.Errorf("%d lines wait, %v", n, err)
	}
	kept := b.log.Checkpoint()
	b.reopenLog(t)
	if b.log.Checkpoint() != kept {
		t.Error("reopening signed again")
	}
	b.record(t, at, at+1)
	b.drain(t)
	b.holds(t, at+1)
	if r, err := Verify(t.Context(), b.logDir(), b.log.PublicKey(), kept); err != nil || r.Kept != 1 {
		t.Error(r, err)
	}
	// Files that fuller ones replaced are gone.
	partial := 0
	err := walk(b.logDir(), func(path string, _ os.DirEntry) error {
		if classify(path).partial > 0 {
			partial++
		}
		return nil
	})
	if err != nil || partial > 4 {
		t.Errorf("%d files are not full, %v", partial, err)
	}
}

func TestBatches(t *testing.T) {
	b := openBench(t, t.TempDir())
	b.log.batch = 7
	b.record(t, 0, 100)
	b.drain(t)
	b.holds(t, 100)
}

// Faults between any two steps of a drain, with and without a new start, lose
// nothing and double nothing.
func TestFaults(t *testing.T) {
	b := openBench(t, t.TempDir())
	errFault := errors.New("a fault")
	at := 0
	for _, step := range []string{"read", "appended", "published", "sent"} {
		for _, restart := range []bool{false, true} {
			for _, n := range []int{1, 20, 300} {
				b.log.batch = 128
				b.record(t, at, at+n)
				at += n
				left := 1 + n/256 // in the second batch where there is one
				b.log.step = func(s string) error {
					if s == step {
						if left--; left == 0 {
							return errFault
						}
					}
					return nil
				}
				if err := b.log.Drain(t.Context(), b.db); !errors.Is(err, errFault) {
					t.Fatalf("%s: got %v", step, err)
				}
				b.log.step = func(string) error { return nil }
				if restart {
					b.reopenLog(t)
				}
				// More lines come before the next try.
				b.record(t, at, at+3)
				at += 3
				b.drain(t)
				b.holds(t, at)
			}
		}
	}
}

// A disk that cannot be written to: nothing is lost, and it goes on afterwards.
func TestUnwritable(t *testing.T) {
	b := openBench(t, t.TempDir())
	b.record(t, 0, 10)
	b.drain(t)
	entries := filepath.Join(b.logDir(), "tile", "entries")
	if err := os.Rename(entries, entries+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(entries, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.record(t, 10, 20)
	if err := b.log.Drain(t.Context(), b.db); err == nil {
		t.Fatal("a folder that is not there was written to")
	}
	if err := errors.Join(os.Remove(entries), os.Rename(entries+"-away", entries)); err != nil {
		t.Fatal(err)
	}
	b.drain(t)
	b.holds(t, 20)
}

func TestRun(t *testing.T) {
	b := openBench(t, t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	b.record(t, 0, 3)
	done := make(chan struct{})
	signed := make(chan int64, 100)
	b.log.step = func(s string) error {
		if s == "sent" {
			signed <- b.log.Size()
		}
		return nil
	}
	go func() { b.log.Run(ctx, b.db); close(done) }()
	wait := func(n int64) {
		for <-signed < n {
		}
	}
	wait(3)
	b.record(t, 3, 5)
	wait(5)
	b.db.Lines() // nobody else listens
	stop()
	b.record(t, 5, 9) // at the last moment
	<-done
	b.log.step = func(string) error { return nil }
	b.drain(t) // what came after the last draining
	b.holds(t, 9)
}

func TestOpen(t *testing.T) {
	b := openBench(t, t.TempDir())
	b.record(t, 0, 5)
	b.drain(t)
	ctx := t.Context()
	if _, err := Open(ctx, b.logDir(), b.options()); !errors.Is(err, ErrBusy) {
		t.Errorf("two have the log open: %v", err)
	}
	key := b.options().Key
	for path, mode := range map[string]os.FileMode{key: 0o600, key + ".pub": 0o644} {
		if i, err := os.Stat(path); err != nil || i.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, i, err)
		}
	}
	if public, err := os.ReadFile(key + ".pub"); err != nil || strings.TrimSpace(string(public)) != b.log.PublicKey() {
		t.Errorf("the public key is %q, %v", public, err)
	}
	if !strings.HasPrefix(b.log.Checkpoint(), "akashi/test\n5\n") {
		t.Errorf("the checkpoint is %q", b.log.Checkpoint())
	}
	if err := b.log.Close(); err != nil {
		t.Fatal(err)
	}
	fails := func(what string, want error, change func(o *Options)) {
		t.Helper()
		o := b.options()
		change(&o)
		l, err := Open(ctx, b.logDir(), o)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v", what, err)
		}
		if l != nil {
			_ = l.Close()
		}
	}
	fails("another name", ErrKey, func(o *Options) { o.Origin = "akashi/other" })
	fails("another key", ErrKey, func(o *Options) { o.Key += "-other" })
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	fails("an open key", ErrKey, func(*Options) {})
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	fails("a name with a space", ErrKey, func(o *Options) { o.Origin = "akashi test" })
	b.openLog(t)
	b.holds(t, 5)
}

// Whoever puts an older folder in place is noticed, and nothing is appended to
// it; with the right folder back all goes on.
func TestRolledBack(t *testing.T) {
	b := openBench(t, t.TempDir())
	b.record(t, 0, 300)
	b.drain(t)
	old := b.logDir() + "-old"
	if err := os.CopyFS(old, os.DirFS(b.logDir())); err != nil {
		t.Fatal(err)
	}
	b.record(t, 300, 400)
	b.drain(t)
	kept := b.log.Checkpoint()
	swap := func() {
		t.Helper()
		if err := b.log.Close(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Rename(b.logDir(), b.logDir()+"-x"), os.Rename(old, b.logDir()), os.Rename(b.logDir()+"-x", old)); err != nil {
			t.Fatal(err)
		}
		b.openLog(t)
	}
	swap()
	b.record(t, 400, 410)
	if err := b.log.Drain(t.Context(), b.db); !errors.Is(err, ErrRolledBack) {
		t.Errorf("got %v, want ErrRolledBack", err)
	}
	if r, err := Verify(t.Context(), b.logDir(), b.log.PublicKey()); err != nil {
		t.Error("an older copy is sound in itself", r, err)
	}
	r, err := Verify(t.Context(), b.logDir(), b.log.PublicKey(), kept)
	if !errors.Is(err, ErrRolledBack) || len(r.Problems) != 1 {
		t.Errorf("got %v, %v, want ErrRolledBack", err, r.Problems)
	}
	swap()
	b.drain(t)
	b.holds(t, 410)

	// A log that was made anew, even with the same key, is another one.
	if err := errors.Join(b.log.Close(), os.RemoveAll(b.logDir())); err != nil {
		t.Fatal(err)
	}
	b.openLog(t)
	b.record(t, 410, 411)
	if err := b.log.Drain(t.Context(), b.db); !errors.Is(err, ErrRolledBack) {
		t.Errorf("got %v, want ErrRolledBack", err)
	}
}

func TestPage(t *testing.T) {
	b := openBench(t, t.TempDir())
	const n = 1000
	b.record(t, 0, n)
	b.drain(t)
	ctx := t.Context()
	all, err := b.log.Read(ctx, 0, n)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]Filter{
		"all":      {},
		"action":   {Action: "post.raw"},
		"area":     {Action: "finding."},
		"object":   {Object: "n:17"},
		"kind":     {Object: "n:"},
		"actor":    {Actor: "user:1"},
		"people":   {Actor: "user:"},
		"nobody":   {Actor: "user:2"},
		"both":     {Actor: "user:1", Action: "post.raw"},
		"later":    {Since: all[n-1].Line.Time.Add(time.Hour)},
		"much":     {Since: all[0].Line.Time.Add(48 * time.Hour)},
		"earlier":  {Until: all[0].Line.Time},
		"no later": {Until: all[n-1].Line.Time.Add(time.Second), Since: all[0].Line.Time},
	} {
		var want []int64
		for i := n - 1; i >= 0; i-- {
			if f.wants(all[i].Line) {
				want = append(want, int64(i))
			}
		}
		for _, limit := range []int{1, 7, 300, 5000} {
			if limit == 1 && len(want) > 300 {
				continue
			}
			for _, scan := range []int64{1, 100, 1 << 40} {
				var got []int64
				before := int64(-1)
				for {
					p, err := b.log.Page(ctx, before, f, limit, scan)
					if err != nil {
						t.Fatal(err)
					}
					if len(p.Entries) > limit || p.Scanned > scan || p.Scanned == 0 {
						t.Fatalf("%s: %d entries of %d lines", name, len(p.Entries), p.Scanned)
					}
					for _, e := range p.Entries {
						got = append(got, e.Index)
					}
					if before = p.Next; p.Done {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%s, %d, %d: got %d lines, want %d", name, limit, scan, len(got), len(want))
				}
			}
		}
	}
	if es, err := b.log.Read(ctx, n-3, 100); err != nil || len(es) != 3 {
		t.Error(es, err)
	}
	for _, from := range []int64{-1, n, 1 << 60} {
		if es, err := b.log.Read(ctx, from, 100); err != nil || len(es) != 0 {
			t.Error(es, err)
		}
	}
}

// Reading goes on while lines come.
func TestReadWhileDraining(t *testing.T) {
	b := openBench(t, t.TempDir())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b.log.Size() < 600 {
			n := b.log.Size()
			es, err := b.log.Read(t.Context(), 0, n)
			if err != nil || int64(len(es)) != n {
				t.Error(len(es), n, err)
				return
			}
			if n > 0 {
				if _, err := b.log.Proof(t.Context(), n-1); err != nil {
					t.Error(err)
					return
				}
			}
			if r, err := Verify(t.Context(), b.logDir(), b.log.PublicKey()); err != nil {
				t.Error(err, r.Problems)
				return
			}
		}
	}()
	for n := 0; n < 600; n += 5 {
		b.record(t, n, n+5)
		b.drain(t)
	}
	<-done
	b.holds(t, 600)
}

func TestProof(t *testing.T) {
	b := openBench(t, t.TempDir())
	const n = 700
	b.record(t, 0, n)
	b.drain(t)
	for _, at := range []int64{0, 1, 255, 256, 511, 512, n - 1} {
		p, err := b.log.Proof(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		e, err := VerifyProof(p, b.log.PublicKey())
		if err != nil || e.Index != at || e.Line.Object != fmt.Sprintf("n:%d", at) {
			t.Errorf("%d: %v, %v", at, e, err)
		}
		for name, change := range map[string]func(p *Proof){
			"index":      func(p *Proof) { p.Index ^= 1 },
			"negative":   func(p *Proof) { p.Index = -1 },
			"beyond":     func(p *Proof) { p.Index = n },
			"line":       func(p *Proof) { p.Line = strings.Replace(p.Line, "user:1", "user:2", 1) },
			"space":      func(p *Proof) { p.Line += " " },
			"hash":       func(p *Proof) { p.Hashes[2][5] ^= 1 },
			"fewer":      func(p *Proof) { p.Hashes = p.Hashes[1:] },
			"more":       func(p *Proof) { p.Hashes = append(p.Hashes, p.Hashes[0]) },
			"none":       func(p *Proof) { p.Hashes = nil },
			"size":       func(p *Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "700", "701", 1) },
			"unsigned":   func(p *Proof) { p.Checkpoint, _, _ = strings.Cut(p.Checkpoint, "—") },
			"checkpoint": func(p *Proof) { p.Checkpoint = "" },
		} {
			wrong := p
			wrong.Hashes = nil
			for _, h := range p.Hashes {
				wrong.Hashes = append(wrong.Hashes, slices.Clone(h))
			}
			change(&wrong)
			if _, err := VerifyProof(wrong, b.log.PublicKey()); !errors.Is(err, ErrProof) {
				t.Errorf("%s: got %v, want ErrProof", name, err)
			}
		}
	}
	for _, at := range []int64{-1, n} {
		if _, err := b.log.Proof(t.Context(), at); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("%d: got %v", at, err)
		}
	}
}
