package casestoretest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/akashi-project/akashi/internal/casestore"
)

// crashDir tells a process that it is one to be killed, and where the database
// is.
const crashDir = "AKASHI_CASESTORE_CRASH"

// crash starts the test again in processes of its own that change the database
// and say after each change which one was acknowledged, and kills them
// (SIGKILL) at a random acknowledgement. Then every change that was
// acknowledged is there, and changes and lines are the same.
func crash(t *testing.T, open Opener) {
	const rounds, workers = 12, 4
	dir := t.TempDir()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	acknowledged := map[int]int{} // by worker
	for round := range rounds {
		ctx, kill := context.WithCancel(t.Context())
		root, _, _ := strings.Cut(t.Name(), "/")
		child := exec.CommandContext(ctx, os.Args[0], "-test.run", "^"+root+"$") //nolint:gosec // this program
		child.Env = append(os.Environ(), crashDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		left := 1 + random.IntN(60)
		for in := bufio.NewScanner(out); in.Scan(); {
			var worker, n int
			if c, err := fmt.Sscanf(in.Text(), "ack %d %d", &worker, &n); c != 2 || err != nil {
				t.Fatalf("the child said %q", in.Text())
			}
			acknowledged[worker] = max(acknowledged[worker], n)
			if left--; left == 0 {
				kill() // what it said before it died is still read
			}
		}
		_ = child.Wait()
		kill()
		if left > 0 {
			t.Fatalf("round %d: the child ended by itself", round)
		}

		db := reopened(t, open, dir)
		logged := map[int]int{}
		for _, l := range outbox(t, db) {
			var worker, n int
			if c, err := fmt.Sscanf(l.Object, "worker:%d.%d", &worker, &n); c != 2 || err != nil {
				t.Fatalf("a line of %q", l.Object)
			}
			if n != logged[worker]+1 {
				t.Fatalf("seed %d, round %d: worker %d logged %d after %d", seed, round, worker, n, logged[worker])
			}
			logged[worker] = n
		}
		for worker := range workers {
			n, _ := strconv.Atoi(get(t, db, fmt.Sprint("worker", worker)))
			if n < acknowledged[worker] {
				t.Errorf("seed %d, round %d: worker %d was told %d, the database has %d", seed, round, worker, acknowledged[worker], n)
			}
			if n != logged[worker] {
				t.Errorf("seed %d, round %d: worker %d made %d changes and %d lines", seed, round, worker, n, logged[worker])
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// changeUntilKilled is the process that crash kills.
func changeUntilKilled(t *testing.T, open Opener, dir string) {
	t.Helper()
	ctx := context.Background() //nolint:usetesting // it outlives nothing: it is killed
	db, err := open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for {
				var n int
				err := db.Change(ctx, func(tx *casestore.Tx) (err error) {
					if n, err = next(ctx, tx, fmt.Sprint("worker", worker)); err != nil {
						return err
					}
					return tx.Log(ctx, casestore.Line{Action: "test.next", Object: fmt.Sprintf("worker:%d.%d", worker, n)})
				})
				if err != nil {
					t.Error(err)
					return
				}
				out.Lock()
				fmt.Printf("ack %d %d\n", worker, n)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}
