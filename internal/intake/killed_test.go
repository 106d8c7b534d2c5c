package intake

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/poststore"
)

// ledger is a durable store of no more than which posts were appended how
// often, and of cursors.
type ledger struct{ db *casestore.DB }

func openLedger(ctx context.Context, dir string) (*ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	db, err := casestoretest.Engines["sqlite"](ctx, dir)
	if err != nil {
		return nil, err
	}
	return &ledger{db}, db.Housekeep(ctx, func(tx *casestore.Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS ledger (post TEXT PRIMARY KEY, times INTEGER NOT NULL)`)
		if err == nil {
			_, err = tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS cursors (source TEXT PRIMARY KEY, at BLOB NOT NULL)`)
		}
		return err
	})
}

func (l *ledger) Append(ctx context.Context, b poststore.Batch) (done poststore.Appended, err error) {
	err = l.db.Housekeep(ctx, func(tx *casestore.Tx) error {
		for i := range b.Posts {
			if _, err := tx.Exec(ctx, `INSERT INTO ledger (post, times) VALUES (?, 1) ON CONFLICT (post) DO UPDATE SET times = ledger.times + 1`,
				b.Posts[i].ID); err != nil {
				return err
			}
			done.New++
		}
		_, err := tx.Exec(ctx, `INSERT INTO cursors (source, at) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET at = excluded.at`,
			b.Source, b.Cursor)
		return err
	})
	if err == nil {
		fmt.Println("appended")
	}
	return done, err
}

func (l *ledger) Cursor(ctx context.Context, source string) (at []byte, err error) {
	err = l.db.View(ctx, func(tx *casestore.Tx) error {
		return tx.Get(ctx, `SELECT at FROM cursors WHERE source = ?`, []any{source}, []any{&at})
	})
	if errors.Is(err, casestore.ErrNotFound) {
		return nil, nil
	}
	return at, err
}

// killDir tells a process that it is one to be killed, and where its files are.
const killDir = "AKASHI_INTAKE_KILL"

const killPosts = 6007

// TestKilled imports a file in processes that are killed (SIGKILL) at random
// batches, until one comes to the end. Each post was then appended once.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		importUntilKilled(t, dir)
		return
	}
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.ndjson", posts(killPosts))
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	killed := 0
	for ended := false; !ended; {
		ctx, kill := context.WithCancel(t.Context())
		child := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestKilled$") //nolint:gosec // this program
		child.Env = append(os.Environ(), killDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		left := 1 + random.IntN(12)
		for in := bufio.NewScanner(out); in.Scan(); {
			switch in.Text() {
			case "appended":
				if left--; left == 0 {
					kill()
				}
			case "ended":
				ended = true
			}
		}
		err = child.Wait()
		kill()
		if ended {
			break
		}
		if left > 0 {
			t.Fatalf("seed %d: the child ended by itself: %v", seed, err)
		}
		killed++
	}
	ctx := t.Context()
	l, err := openLedger(ctx, filepath.Join(dir, "posts"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.db.Close() //nolint:errcheck // it was only read
	db, err := casestoretest.Engines["sqlite"](ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	var n, most int64
	if err := l.db.View(ctx, func(tx *casestore.Tx) error {
		return tx.Get(ctx, `SELECT count(*), max(times) FROM ledger`, nil, []any{&n, &most})
	}); err != nil {
		t.Fatal(err)
	}
	if n != killPosts || most != 1 {
		t.Errorf("seed %d: %d posts, one of them %d times", seed, n, most)
	}
	all, err := New(l, db, Options{}).List(ctx, "", 10)
	if err != nil || len(all) != 1 {
		t.Fatalf("seed %d: %d imports, %v", seed, len(all), err)
	}
	m := all[0]
	if m.State != Done || m.Posts != killPosts || m.Rows != killPosts || m.New+m.Uncounted() != killPosts || m.Uncounted() > int64(killed)*100 {
		t.Errorf("seed %d: the import is %+v", seed, m)
	}
	t.Logf("killed %d times, %d posts uncounted", killed, m.Uncounted())
}

// importUntilKilled is the process that TestKilled kills.
func importUntilKilled(t *testing.T, dir string) {
	t.Helper()
	ctx := context.Background() //nolint:usetesting // it outlives nothing: it is killed
	l, err := openLedger(ctx, filepath.Join(dir, "posts"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := casestoretest.Engines["sqlite"](ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	s := New(l, db, Options{Dir: dir, Batch: 100})
	if _, err := s.Import(ctx, Request{Paths: []string{filepath.Join(dir, "a.ndjson")}}, nil); err != nil {
		t.Fatal(err)
	}
	fmt.Println("ended")
}
