package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
)

// posts gives n posts in Akashi's own format.
func posts(n int) []byte {
	var out []byte
	for i := range n {
		out = file.AppendPost(out, &post.Post{
			Platform: "x", ID: fmt.Sprint(i), Account: post.Account{ID: fmt.Sprint(i % 7), Handle: fmt.Sprintf("secret_%d", i%7)},
			Time: time.Date(2026, 11, 1, 0, 0, i, 0, time.UTC), Text: fmt.Sprintf("処理水 %d https://Example.com/%d?utm_source=x #Tag", i, i),
		})
	}
	return out
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writer is a store whose Append a test looks at.
type writer struct {
	poststore.Store
	appended int
	before   func() error // nil: nothing
	after    func() error
}

func (w *writer) Append(ctx context.Context, b poststore.Batch) (poststore.Appended, error) {
	if w.before != nil {
		if err := w.before(); err != nil {
			return poststore.Appended{}, err
		}
	}
	done, err := w.Store.Append(ctx, b)
	w.appended += len(b.Posts)
	if err == nil && w.after != nil {
		err = w.after()
	}
	return done, err
}

func memory() *writer { return &writer{Store: poststoretest.NewMemory(nil)} }

func count(t *testing.T, s poststore.Store) int64 {
	t.Helper()
	n, err := s.Count(t.Context(), poststore.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// each runs a test with an empty store and casework database.
func each(t *testing.T, f func(t *testing.T, w *writer, s *Service)) {
	t.Helper()
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := memory()
		f(t, w, New(w, db, Options{Dir: filepath.Join(t.TempDir(), "spool"), MaxUpload: 1 << 20, Batch: 100}))
	})
}

func TestImport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *writer, s *Service) {
		ctx := casestore.WithActor(t.Context(), "user:anna")
		data := append(posts(450), "{broken\n{\"id\":\"no time, by hidden_handle\"}\n"...)
		path := write(t, t.TempDir(), "北海道.ndjson", append(data, posts(50)...)) // the last 50 are repeated
		told := Progress{}
		r := Request{Paths: []string{path}, Mandate: "exercise"}
		out, err := s.Import(ctx, r, func(p Progress) {
			if p.Read < told.Read || p.Posts < told.Posts {
				t.Errorf("progress goes back from %+v to %+v", told, p)
			}
			told = p
		})
		if err != nil {
			t.Fatal(err)
		}
		m := out.Imports[0]
		want := Counts{Rows: 502, Bad: 2, Posts: 500, New: 450, Same: 50}
		if m.Counts != want || out.Counts != want || m.Uncounted() != 0 {
			t.Errorf("counted %+v, want %+v", m.Counts, want)
		}
		if told.Counts != want || told.Read != told.Total || told.File != "北海道.ndjson" {
			t.Errorf("the last progress is %+v", told)
		}
		if m.State != Done || m.Who != "user:anna" || m.Source != "file:北海道.ndjson" || m.Mandate != "exercise" || m.Format != "akashi" ||
			m.Encoding != "UTF-8" || m.Finished.Before(m.Started) || m.Started.Before(m.Created) || m.Created.IsZero() {
			t.Errorf("the import is %+v", m)
		}
		if len(m.Reasons) != 2 || m.Reasons[0].File != "北海道.ndjson" || m.Reasons[0].Line != 451 {
			t.Errorf("reasons: %v", m.Reasons)
		}
		if n := count(t, w); n != 450 {
			t.Errorf("%d posts are in the store", n)
		}
		got, err := w.Get(ctx, []poststore.Key{poststore.KeyFor("x", "3")})
		if err != nil || len(got) != 1 || got[0].Source != "file:北海道.ndjson" || got[0].Origin.File != "北海道.ndjson" ||
			len(got[0].Links) != 1 || got[0].Links[0].URL == got[0].Links[0].Given || !slices.Equal(got[0].Hashtags, []string{"tag"}) {
			t.Errorf("a post is %+v, %v", got, err)
		}

		again, err := s.Import(ctx, r, nil)
		if err != nil || again.Imports[0].ID == m.ID || again.Counts != (Counts{Rows: 502, Bad: 2, Posts: 500, Same: 500}) {
			t.Errorf("the second time gave %+v, %v", again, err)
		}
		all, err := s.List(ctx, "", 10)
		if err != nil || len(all) != 2 || all[0].ID != again.Imports[0].ID || all[1].ID != m.ID {
			t.Errorf("List gives %+v, %v", all, err)
		}
		if rest, err := s.List(ctx, all[0].ID, 10); err != nil || len(rest) != 1 || rest[0].ID != m.ID {
			t.Errorf("behind the first List gives %+v, %v", rest, err)
		}

		lines, err := s.db.Outbox(ctx, 100)
		if err != nil || len(lines) != 4 {
			t.Fatalf("%d lines in the log: %v", len(lines), err)
		}
		for _, l := range lines {
			if s := string(l.Line); !strings.Contains(s, `"source.import"`) || !strings.Contains(s, `"user:anna"`) ||
				strings.Contains(s, "secret_") || strings.Contains(s, "hidden_") || strings.Contains(s, "処理水") {
				t.Errorf("the log has %s", s)
			}
		}
	})
}

// TestImportGoesOn interrupts an import at each batch, before it is stored,
// after that, and by the end of the context.
func TestImportGoesOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is full")
	for _, kind := range []string{"before", "after", "cancelled"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *writer, s *Service) {
				path := write(t, t.TempDir(), "a.ndjson", posts(1030))
				var id string
				want := Counts{Rows: 1030, Posts: 1030, New: 1030}
				for stop := 1; ; stop++ {
					if stop > 30 {
						t.Fatal("it never comes to its end")
					}
					ctx, cancel := context.WithCancelCause(t.Context())
					batches := 0
					trouble := func() error {
						if batches++; batches%3 != 2 {
							return nil
						}
						if kind == "cancelled" {
							cancel(broken)
							return nil
						}
						return broken
					}
					w.before, w.after = nil, nil
					if kind == "before" {
						w.before = trouble
					} else {
						w.after = trouble
					}
					out, err := s.Import(ctx, Request{Paths: []string{path}}, nil)
					cancel(nil)
					m := out.Imports[0]
					if id == "" {
						id = m.ID
					}
					if m.ID != id {
						t.Fatal("it did not go on but began again")
					}
					if err == nil {
						if kind == "after" { // what the store took and did not say
							want.New -= m.Uncounted()
						}
						if m.Counts != want || m.State != Done {
							t.Errorf("it ended %s with %+v, want %+v", m.State, m.Counts, want)
						}
						break
					}
					if !errors.Is(err, broken) || errors.Is(err, ErrFile) || m.State != Interrupted {
						t.Fatalf("it is %s after %v", m.State, err)
					}
				}
				if n := count(t, w); n != 1030 || w.appended != 1030 {
					t.Errorf("%d posts are in the store, %d were appended", n, w.appended)
				}
			})
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *writer, s *Service) {
		ctx := t.Context()
		f, err := s.Spool(ctx, "a.ndjson", bytes.NewReader(posts(1000)))
		if err != nil {
			t.Fatal(err)
		}
		add := func(f File) (m Import, err error) {
			err = s.db.Change(ctx, func(tx *casestore.Tx) error {
				m, err = s.Add(ctx, tx, f, Request{})
				return err
			})
			return m, err
		}
		m, err := add(f)
		if err != nil || m.State != Waiting {
			t.Fatal(m, err)
		}
		w.after = func() error {
			now, err := s.Get(ctx, m.ID)
			if err != nil || now.State != Running {
				t.Errorf("while it runs it is %s, %v", now.State, err)
			}
			if _, err := add(f); !errors.Is(err, ErrRunning) {
				t.Errorf("adding what runs gives %v", err)
			}
			if err := s.Run(ctx, m.ID, nil); !errors.Is(err, ErrRunning) {
				t.Errorf("running what runs gives %v", err)
			}
			return s.Cancel(ctx, m.ID)
		}
		if err := s.Run(ctx, m.ID, nil); !errors.Is(err, ErrCancelled) {
			t.Errorf("Run gives %v", err)
		}
		if m, err = s.Get(ctx, m.ID); err != nil || m.State != Cancelled || m.Posts != 100 {
			t.Errorf("it is %s with %d posts, %v", m.State, m.Posts, err)
		}
		if _, err := os.Stat(f.Path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the upload is still there: %v", err)
		}
		if err := s.Run(ctx, m.ID, nil); err != nil {
			t.Errorf("running what has ended gives %v", err)
		}
		if err := s.Cancel(ctx, m.ID); err != nil {
			t.Errorf("cancelling what has ended gives %v", err)
		}
		if err := s.Cancel(ctx, "nothing"); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("cancelling what is not there gives %v", err)
		}

		// The same upload again goes on, is cancelled while it waits, goes on.
		w.after = nil
		id := m.ID
		for _, cancel := range []bool{true, false} {
			if f, err = s.Spool(ctx, `C:\b.ndjson`, bytes.NewReader(posts(1000))); err != nil {
				t.Fatal(err)
			}
			f.Name = "a.ndjson"
			if m, err = add(f); err != nil || m.ID != id || m.State != Waiting {
				t.Fatal(m, err)
			}
			if cancel {
				if err := s.Cancel(ctx, id); err != nil {
					t.Error(err)
				}
			}
			if err := s.Run(ctx, id, nil); err != nil {
				t.Error(err)
			}
		}
		if m, err = s.Get(ctx, id); err != nil || m.State != Done || m.New != 1000 || w.appended != 1000 {
			t.Errorf("in the end it is %+v, %v", m, err)
		}
		if left, _ := os.ReadDir(s.o.Dir); len(left) > 0 {
			t.Errorf("%d uploads are left", len(left))
		}
	})
}

func TestFilesThatCannotBeImported(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *writer, s *Service) {
		dir := t.TempDir()
		bad := bytes.Repeat([]byte("{\"text\":\"of secret_1\"}\n"), 60)
		for name, data := range map[string][]byte{
			"bad.ndjson": append(posts(300), bad...), "empty.csv": nil, "a.zip": []byte("PK\x03\x04"),
		} {
			out, err := s.Import(t.Context(), Request{Paths: []string{write(t, dir, name, data)}}, nil)
			if !errors.Is(err, ErrFile) || strings.Contains(err.Error(), "secret_1") {
				t.Errorf("%s gives %v", name, err)
				continue
			}
			m := out.Imports[0]
			if m.State != Failed || m.Problem == "" || strings.Contains(m.Problem, dir) || m.Finished.IsZero() {
				t.Errorf("%s is %+v", name, m)
			}
		}
		if n := count(t, w); n != 0 {
			t.Errorf("%d posts are in, of a file whose first part is refused", n)
		}
		if _, err := s.Import(t.Context(), Request{Paths: []string{filepath.Join(dir, "none")}}, nil); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file that is not there gives %v", err)
		}

		path := write(t, dir, "changes.ndjson", posts(500))
		w.after = func() error { return errors.New("not now") }
		out, err := s.Import(t.Context(), Request{Paths: []string{path}}, nil)
		if err == nil {
			t.Fatal("no error")
		}
		write(t, dir, "changes.ndjson", posts(400))
		if err := s.Run(t.Context(), out.Imports[0].ID, nil); !errors.Is(err, ErrFile) {
			t.Errorf("a file that was changed gives %v", err)
		}
	})
}

func TestSpool(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ *writer, s *Service) {
		ctx := t.Context()
		if _, err := s.Spool(ctx, "big", bytes.NewReader(make([]byte, 1<<20+1))); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a large upload gives %v", err)
		}
		f, err := s.Spool(ctx, "../a/\u202eb\n.csv ", strings.NewReader("x"))
		if err != nil || f.Name != "b.csv" || f.Size != 1 || filepath.Dir(f.Path) != s.o.Dir ||
			f.SHA256 != "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" {
			t.Errorf("Spool gives %+v, %v", f, err)
		}
		if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the upload is %v, %v", info.Mode(), err)
		}
		if left, _ := os.ReadDir(s.o.Dir); len(left) != 1 {
			t.Errorf("%d files are left", len(left))
		}
		stdin, err := s.Import(ctx, Request{Paths: []string{"-"}, Source: "stdin", Options: file.Options{Stdin: bytes.NewReader(posts(3))}}, nil)
		if err != nil || stdin.Counts.New != 3 || stdin.Imports[0].Source != "stdin" {
			t.Errorf("standard input gives %+v, %v", stdin, err)
		}

		wanted, err := s.Spool(ctx, "wanted", bytes.NewReader(posts(3)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.db.Change(ctx, func(tx *casestore.Tx) error {
			_, err := s.Add(ctx, tx, wanted, Request{})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		fresh, err := s.Spool(ctx, "fresh", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-2 * unclaimed)
		for _, p := range []string{f.Path, wanted.Path} {
			if err := os.Chtimes(p, old, old); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		for path, kept := range map[string]bool{f.Path: false, wanted.Path: true, fresh.Path: true} {
			if _, err := os.Stat(path); (err == nil) != kept {
				t.Errorf("%s: kept is not %v", path, kept)
			}
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Asia/Tokyo", "+09:00", "UTC"} {
		z, err := zone(name)
		if err != nil {
			t.Fatal(err)
		}
		o := file.Options{Format: "table", Map: map[string]string{"b": "2", "a": "1"}, Zone: z, MaxBad: 0.5, Labels: []string{"x"}}
		kept, err := writeOptions(&o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readOptions(kept)
		if err != nil || got.Zone.String() != name || got.Map["a"] != "1" || got.MaxBad != 0.5 || got.Format != "table" || len(got.Labels) != 1 {
			t.Errorf("%s becomes %+v, %v", kept, got, err)
		}
	}
	if _, err := writeOptions(&file.Options{Zone: time.FixedZone("nowhere", 1)}); err == nil {
		t.Error("a zone that cannot be found again is kept")
	}
}

func BenchmarkImport(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.ndjson")
	const n = 100_000
	if err := os.WriteFile(path, posts(n), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		db, err := casestoretest.Engines["sqlite"](b.Context(), b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		s := New(poststoretest.NewMemory(nil), db, Options{})
		out, err := s.Import(b.Context(), Request{Paths: []string{path}}, nil)
		if err != nil || out.Counts.New != n {
			b.Fatal(out, err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "posts/s")
}
