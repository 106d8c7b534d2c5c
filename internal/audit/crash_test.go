package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/akashi-project/akashi/internal/casestore"
)

// crashDir tells a process that it is one to be killed, and where to work.
const crashDir = "AKASHI_AUDIT_CRASH"

// TestCrash kills processes (SIGKILL) that change casework and drain it, at
// random moments, also between the steps of a drain. Afterwards the log has the
// line of every change, once, in the order of the changes, and of each that was
// acknowledged; and it verifies at once, before anything has put it in order.
func TestCrash(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		workUntilKilled(t, dir)
		return
	}
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2))
	dir := t.TempDir()
	acknowledged, kept := 0, []string(nil)
	left, doubled := 0, 0 // what the kills met
	for round := range rounds {
		ctx, kill := context.WithCancel(t.Context())
		child := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestCrash$") //nolint:gosec // this program
		child.Env = append(os.Environ(), crashDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		said := 1 + random.IntN(150)
		for in := bufio.NewScanner(out); in.Scan(); {
			var n int
			if c, _ := fmt.Sscanf(in.Text(), "ack %d", &n); c == 1 {
				acknowledged = max(acknowledged, n)
			}
			if said--; said == 0 {
				kill() // what it said before it died is still read
			}
		}
		_ = child.Wait()
		kill()
		if said > 0 {
			t.Fatalf("seed %d, round %d: the child ended by itself", seed, round)
		}

		b := &bench{dir: dir}
		public, err := os.ReadFile(b.options().Key + ".pub")
		if err == nil {
			r, err := Verify(t.Context(), b.logDir(), string(public[:len(public)-1]), kept...)
			if err != nil {
				t.Fatalf("seed %d, round %d: %v, %v", seed, round, err, r.Problems)
			}
			left += len(r.Notes)
		}
		b.openDB(t)
		waiting, err := b.db.Waiting(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.openLog(t)
		before := b.log.Size()
		b.drain(t)
		n := changes(t, b.db)
		if n < acknowledged {
			t.Fatalf("seed %d, round %d: %d changes were acknowledged, %d are there", seed, round, acknowledged, n)
		}
		if before+waiting > int64(n) {
			doubled++
		}
		b.holds(t, n)
		kept = []string{b.log.Checkpoint()}
		if err := errors.Join(b.log.Close(), b.db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d changes; %d files left by the kills; in %d of %d rounds lines were in outbox and log", acknowledged, left, doubled, rounds)
}

func changes(t *testing.T, db *casestore.DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *casestore.Tx) error {
		v, err := tx.Setting(t.Context(), "changes")
		if errors.Is(err, casestore.ErrNotFound) {
			return nil
		}
		n, err = strconv.Atoi(v)
		return err //nolint:wrapcheck // a test
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// workUntilKilled is the process that TestCrash kills.
func workUntilKilled(t *testing.T, dir string) {
	t.Helper()
	b := openBench(t, dir)
	var out sync.Mutex
	say := func(format string, a ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format+"\n", a...)
	}
	b.log.batch = 50
	b.log.step = func(s string) error {
		say("step %s", s)
		return nil
	}
	ctx := context.Background() //nolint:usetesting // it is killed
	go b.log.Run(ctx, b.db)
	n := changes(t, b.db)
	for {
		first := n
		err := b.db.Change(ctx, func(tx *casestore.Tx) error {
			for range 1 + first%5 {
				if err := tx.Log(ctx, casestore.Line{Action: "test.change", Object: fmt.Sprintf("n:%d", n)}); err != nil {
					return err
				}
				n++
			}
			return tx.SetSetting(ctx, "changes", strconv.Itoa(n))
		})
		if err != nil {
			t.Fatal(err)
		}
		say("ack %d", n)
	}
}
