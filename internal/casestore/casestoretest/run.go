package casestoretest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Opener opens the database in a folder, and makes it if it is not there.
type Opener func(ctx context.Context, dir string) (*casestore.DB, error)

// Run checks every guarantee of package casestore on an engine. The test that
// calls it must do nothing before: Run starts the same test again in processes
// that it kills.
func Run(t *testing.T, open Opener) {
	t.Helper()
	if dir := os.Getenv(crashDir); dir != "" {
		changeUntilKilled(t, open, dir)
		return
	}
	for _, c := range []struct {
		name string
		test func(t *testing.T, open Opener)
	}{
		{"a change happens whole or not at all", atomicity},
		{"a change without a line is undone", unlogged},
		{"lines are completed", lines},
		{"a line that the log cannot hold is refused", longLine},
		{"the outbox has the order of the commits", order},
		{"a view is one state and does not wait", views},
		{"a view cannot write", frozen},
		{"reopening keeps all", reopen},
		{"sent lines go and leave a mark", sent},
		{"numbers of lines are not used again", sequence},
		{"settings", settings},
		{"a copy is one state while changes go on", backup},
		{"what is missing and what is there already", errorsOf},
		{"a killed process loses nothing", crash},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// fresh opens an empty database.
func fresh(t *testing.T, open Opener) (db *casestore.DB, dir string) {
	t.Helper()
	dir = t.TempDir()
	return reopened(t, open, dir), dir
}

func reopened(t *testing.T, open Opener, dir string) *casestore.DB {
	t.Helper()
	db, err := open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some tests close it themselves
	return db
}

// set changes a setting and logs it: the change that the tests make.
func set(ctx context.Context, db *casestore.DB, name, value string) error {
	return db.Change(ctx, func(tx *casestore.Tx) error {
		if err := tx.SetSetting(ctx, name, value); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Action: "test.set", Object: "setting:" + name})
	})
}

func get(t *testing.T, db *casestore.DB, name string) string {
	t.Helper()
	var v string
	err := db.View(t.Context(), func(tx *casestore.Tx) (err error) {
		v, err = tx.Setting(t.Context(), name)
		return err
	})
	if err != nil && !errors.Is(err, casestore.ErrNotFound) {
		t.Fatal(err)
	}
	return v
}

// outbox gives the lines that wait.
func outbox(t *testing.T, db *casestore.DB) []casestore.Line {
	t.Helper()
	out, err := db.Outbox(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]casestore.Line, len(out))
	for i, o := range out {
		if err := json.Unmarshal(o.Line, &lines[i]); err != nil {
			t.Fatal(err)
		}
		if lines[i].ID != o.ID {
			t.Fatalf("line %d has id %q outside and %q inside", i, o.ID, lines[i].ID)
		}
		if i > 0 && out[i-1].Seq >= o.Seq {
			t.Fatalf("numbers of lines do not grow: %d, %d", out[i-1].Seq, o.Seq)
		}
	}
	return lines
}

var errTest = errors.New("the test's own")

func atomicity(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := t.Context()
	half := func(end func()) error {
		return db.Change(ctx, func(tx *casestore.Tx) error {
			if err := tx.SetSetting(ctx, "a", "1"); err != nil {
				return err
			}
			if err := tx.Log(ctx, casestore.Line{Action: "test.half"}); err != nil {
				return err
			}
			if err := tx.SetSetting(ctx, "b", "1"); err != nil {
				return err
			}
			end()
			return errTest
		})
	}
	untouched := func(how string) {
		t.Helper()
		if a, b, n := get(t, db, "a"), get(t, db, "b"), len(outbox(t, db)); a != "" || b != "" || n != 0 {
			t.Errorf("%s left a = %q, b = %q and %d lines", how, a, b, n)
		}
		select {
		case <-db.Lines():
			t.Errorf("%s told that lines wait", how)
		default:
		}
	}
	if err := half(func() {}); !errors.Is(err, errTest) {
		t.Errorf("the function's error became %v", err)
	}
	untouched("an error")

	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = half(func() { panic("in the middle") })
	}()
	untouched("a panic")

	stopped, stop := context.WithCancel(ctx)
	err := db.Change(stopped, func(tx *casestore.Tx) error {
		if err := tx.SetSetting(ctx, "a", "1"); err != nil {
			return err
		}
		if err := tx.Log(ctx, casestore.Line{Action: "test.half"}); err != nil {
			return err
		}
		stop()
		return nil
	})
	if err == nil {
		t.Error("a change whose context ended was committed")
	}
	untouched("a context that ended")

	if err := set(ctx, db, "a", "2"); err != nil {
		t.Fatalf("after failures nothing can be changed: %v", err)
	}
	if a, n := get(t, db, "a"), len(outbox(t, db)); a != "2" || n != 1 {
		t.Errorf("got %q and %d lines, want 2 and 1", a, n)
	}
	<-db.Lines() // told, without waiting
}

func unlogged(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := t.Context()
	write := func(tx *casestore.Tx) error { return tx.SetSetting(ctx, "a", "1") }
	if err := db.Change(ctx, write); !errors.Is(err, casestore.ErrUnlogged) {
		t.Errorf("got %v, want ErrUnlogged", err)
	}
	if a := get(t, db, "a"); a != "" {
		t.Errorf("the change was kept: %q", a)
	}
	if err := db.Housekeep(ctx, write); err != nil {
		t.Errorf("keeping house needs no line, but: %v", err)
	}
	if a := get(t, db, "a"); a != "1" {
		t.Errorf("got %q, want 1", a)
	}
}

func lines(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := casestore.WithActor(t.Context(), "user:1")
	before := db.Now()
	if err := db.Record(ctx, casestore.Line{Action: "post.raw", Object: "post:x", Detail: map[string]any{"reason": "理由 <&>\u2028"}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Record(ctx, casestore.Line{Actor: "cli:root", Action: "login.failed"}); err != nil {
		t.Fatal(err)
	}
	if err := db.Record(t.Context(), casestore.Line{Action: "job.done"}); err != nil {
		t.Fatal(err)
	}
	got := outbox(t, db)
	for i, actor := range []string{"user:1", "cli:root", "system"} {
		l := got[i]
		if l.Actor != actor {
			t.Errorf("line %d has the actor %q, want %q", i, l.Actor, actor)
		}
		if l.ID == "" || l.Time.Before(before) || l.Time.After(db.Now()) || l.Time.Location().String() != "UTC" {
			t.Errorf("line %d has id %q and time %v", i, l.ID, l.Time)
		}
	}
	if r := got[0].Detail["reason"]; r != "理由 <&>\u2028" {
		t.Errorf("the detail became %q", r)
	}
}

func longLine(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := t.Context()
	long := func(n int) error {
		return db.Record(ctx, casestore.Line{Action: "test.long", Detail: map[string]any{"x": strings.Repeat("x", n)}})
	}
	if err := long(casestore.MaxLine); !errors.Is(err, casestore.ErrLong) {
		t.Errorf("got %v, want ErrLong", err)
	}
	if n := len(outbox(t, db)); n != 0 {
		t.Errorf("%d lines wait", n)
	}
	if err := long(casestore.MaxLine - 1000); err != nil {
		t.Error(err)
	}
}

// order lets many change at once: each change takes the next number from the
// database, so that the numbers say in which order the changes happened.
func order(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := t.Context()
	const workers, each = 8, 25
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				err := db.Change(ctx, func(tx *casestore.Tx) error {
					n, err := next(ctx, tx, "n")
					if err != nil {
						return err
					}
					for part := range n%3 + 1 {
						err := tx.Log(ctx, casestore.Line{Action: "test.next", Object: fmt.Sprintf("n:%d.%d", n, part)})
						if err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var want []string
	for n := 1; n <= workers*each; n++ {
		for part := range n%3 + 1 {
			want = append(want, fmt.Sprintf("n:%d.%d", n, part))
		}
	}
	got := outbox(t, db)
	if len(got) != len(want) {
		t.Fatalf("%d lines wait, want %d", len(got), len(want))
	}
	ids := map[string]bool{}
	for i, l := range got {
		if l.Object != want[i] {
			t.Fatalf("line %d is of %s, want %s", i, l.Object, want[i])
		}
		ids[l.ID] = true
	}
	if len(ids) != len(got) {
		t.Errorf("%d lines have %d ids", len(got), len(ids))
	}
	some, err := db.Outbox(ctx, 7)
	if err != nil || len(some) != 7 || some[6].ID != got[6].ID {
		t.Errorf("asked for 7 lines, got %d, %v", len(some), err)
	}
}

// next counts a setting up and gives the new number.
func next(ctx context.Context, tx *casestore.Tx, name string) (int, error) {
	v, err := tx.Setting(ctx, name)
	if err != nil && !errors.Is(err, casestore.ErrNotFound) {
		return 0, err
	}
	var n int
	if v != "" {
		if _, err := fmt.Sscan(v, &n); err != nil {
			return 0, fmt.Errorf("reading a number: %w", err)
		}
	}
	n++
	return n, tx.SetSetting(ctx, name, fmt.Sprint(n))
}

func views(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := t.Context()
	if err := set(ctx, db, "a", "old"); err != nil {
		t.Fatal(err)
	}

	// While a change is under way, views see the state before it. Would they
	// wait for it, this would never end.
	err := db.Change(ctx, func(tx *casestore.Tx) error {
		if err := tx.SetSetting(ctx, "a", "new"); err != nil {
			return err
		}
		for range 20 {
			if a := get(t, db, "a"); a != "old" {
				t.Errorf("a view saw what is not committed: %q", a)
			}
		}
		return tx.Log(ctx, casestore.Line{Action: "test.set"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := get(t, db, "a"); a != "new" {
		t.Errorf("got %q after the change", a)
	}

	// While a view is under way, changes happen, and the view does not see
	// them; nor do they wait for it.
	err = db.View(ctx, func(tx *casestore.Tx) error {
		for i := range 5 {
			a, err := tx.Setting(ctx, "a")
			if err != nil {
				return err
			}
			if a != "new" {
				t.Errorf("the view's state changed to %q", a)
			}
			if err := set(ctx, db, "a", fmt.Sprint(i)); err != nil {
				return err
			}
		}
		var lines int
		if err := tx.Get(ctx, `SELECT count(*) FROM outbox`, nil, []any{&lines}); err != nil {
			return err
		}
		if lines != 2 {
			t.Errorf("the view saw %d lines, want 2", lines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := get(t, db, "a"); a != "4" {
		t.Errorf("got %q after the view", a)
	}
}

func frozen(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := t.Context()
	for name, write := range map[string]func(tx *casestore.Tx) error{
		"Exec": func(tx *casestore.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ('a', '1')`)
			if !errors.Is(err, casestore.ErrFrozen) {
				t.Errorf("Exec: got %v, want ErrFrozen", err)
			}
			return err
		},
		"Log": func(tx *casestore.Tx) error { return tx.Log(ctx, casestore.Line{Action: "test.view"}) },
		"SQL": func(tx *casestore.Tx) error {
			_, err := tx.SQL().ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ('a', '1')`)
			return err //nolint:wrapcheck // the test looks at it
		},
	} {
		if err := db.View(ctx, write); err == nil {
			t.Errorf("%s: a view wrote", name)
		}
	}
	if a, n := get(t, db, "a"), len(outbox(t, db)); a != "" || n != 0 {
		t.Errorf("views left a = %q and %d lines", a, n)
	}
}

func reopen(t *testing.T, open Opener) {
	db, dir := fresh(t, open)
	ctx := t.Context()
	if err := set(ctx, db, "a", "1"); err != nil {
		t.Fatal(err)
	}
	before := outbox(t, db)
	for range 3 { // migrating again changes nothing
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = reopened(t, open, dir)
		if a := get(t, db, "a"); a != "1" {
			t.Errorf("got %q, want 1", a)
		}
		after := outbox(t, db)
		if len(after) != 1 || after[0].ID != before[0].ID {
			t.Errorf("got lines %v, want %v", after, before)
		}
	}
	if err := db.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func sent(t *testing.T, open Opener) {
	db, dir := fresh(t, open)
	ctx := t.Context()
	if m, err := db.Mark(ctx); m != "" || err != nil {
		t.Errorf("an empty database has the mark %q, %v", m, err)
	}
	for i := range 5 {
		if err := set(ctx, db, "a", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := db.Waiting(ctx); n != 5 || err != nil {
		t.Errorf("%d lines wait, %v", n, err)
	}
	out, err := db.Outbox(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // twice is once
		if err := db.Sent(ctx, out[2].Seq, "mark 3\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = reopened(t, open, dir)
	rest, err := db.Outbox(ctx, 10)
	if err != nil || len(rest) != 2 || rest[0].Seq <= out[2].Seq {
		t.Errorf("left: %v, %v", rest, err)
	}
	if m, err := db.Mark(ctx); m != "mark 3\n" || err != nil {
		t.Errorf("got the mark %q, %v", m, err)
	}
}

// sequence: a number that came again after its line was sent could take an
// unsent line away with a late Sent.
func sequence(t *testing.T, open Opener) {
	db, dir := fresh(t, open)
	ctx := t.Context()
	var last int64
	for range 3 {
		if err := set(ctx, db, "a", "1"); err != nil {
			t.Fatal(err)
		}
		out, err := db.Outbox(ctx, 1)
		if err != nil || len(out) != 1 {
			t.Fatal(out, err)
		}
		if out[0].Seq <= last {
			t.Errorf("number %d after %d", out[0].Seq, last)
		}
		last = out[0].Seq
		if err := db.Sent(ctx, last, ""); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = reopened(t, open, dir)
	}
}

func settings(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := t.Context()
	err := db.View(ctx, func(tx *casestore.Tx) error {
		_, err := tx.Setting(ctx, "none")
		return err
	})
	if !errors.Is(err, casestore.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	for _, v := range []string{"1", "", "長い値 with ' and \" and ?", strings.Repeat("x", 1<<20)} {
		if err := set(ctx, db, "a'?", v); err != nil {
			t.Fatal(err)
		}
		if got := get(t, db, "a'?"); got != v {
			t.Errorf("%.40q became %.40q", v, got)
		}
	}
}

// backup copies while two settings are changed together, over and over: in a
// copy they are equal, and there are as many lines as changes.
func backup(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	began := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			err := db.Change(ctx, func(tx *casestore.Tx) error {
				n, err := next(ctx, tx, "n")
				if err != nil {
					return err
				}
				if err := tx.Log(ctx, casestore.Line{Action: "test.next"}); err != nil {
					return err
				}
				return tx.SetSetting(ctx, "m", fmt.Sprint(n))
			})
			if err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
			if i == 0 {
				close(began)
			}
		}
	})
	<-began
	dirs := make([]string, 5)
	for i := range dirs {
		dirs[i] = t.TempDir()
		path := filepath.Join(dirs[i], backupName)
		if err := db.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if err := db.Backup(t.Context(), path); err == nil {
			t.Error("a copy was written over a copy")
		}
		if f, err := os.Stat(path); err != nil || f.Mode().Perm() != 0o600 {
			t.Errorf("others may read the copy: %v, %v", f, err)
		}
	}
	stop()
	wg.Wait()
	for _, dir := range dirs {
		copied := reopened(t, open, dir)
		n, m, lines := get(t, copied, "n"), get(t, copied, "m"), len(outbox(t, copied))
		if n == "" || n != m || n != fmt.Sprint(lines) {
			t.Errorf("the copy has n = %q, m = %q and %d lines", n, m, lines)
		}
		if err := set(t.Context(), copied, "a", "1"); err != nil {
			t.Errorf("the copy cannot be changed: %v", err)
		}
	}
}

// backupName is what an Opener calls its file; an engine without a file has a
// suite of its own for copies.
const backupName = "casework.db"

func errorsOf(t *testing.T, open Opener) {
	db, _ := fresh(t, open)
	ctx := t.Context()
	err := db.Change(ctx, func(tx *casestore.Tx) error {
		if err := tx.SetSetting(ctx, "a", "1"); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE settings SET value = ? WHERE name = ?`, "2", "b")
		if n != 0 || err != nil {
			t.Errorf("changed %d rows, %v", n, err)
		}
		n, err = tx.Exec(ctx, `UPDATE settings SET value = ? WHERE name = ?`, "2", "a")
		if n != 1 || err != nil {
			t.Errorf("changed %d rows, %v", n, err)
		}
		rows, err := tx.Query(ctx, `SELECT name FROM settings WHERE name = ?`, "a")
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // a test
		if !rows.Next() {
			t.Error("a change does not see its own writing")
		}
		if err := rows.Err(); err != nil {
			return err //nolint:wrapcheck // a test
		}
		return tx.Log(ctx, casestore.Line{Action: "test.set"})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(ctx, func(tx *casestore.Tx) error {
		_, err := tx.Query(ctx, `SELECT no_such_column FROM settings`) //nolint:rowserrcheck,sqlclosecheck,gocritic // it fails
		return err
	})
	if err == nil {
		t.Error("a wrong statement gave no error")
	}
}
