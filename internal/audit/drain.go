package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"

	"github.com/akashi-project/akashi/internal/casestore"
)

// ErrRolledBack says that the log is an older state than one that is known: its
// folder was replaced, or lines were taken from its end.
var ErrRolledBack = errors.New("the log is older than it was before")

// Run moves lines from the outbox of db into the log whenever there are some,
// until ctx ends; then it drains once more, for ten seconds at most, and
// returns. What fails is told to the logger and tried again, in order, after a
// time that grows from 100 ms to 30 s.
func (l *Log) Run(ctx context.Context, db *casestore.DB) {
	const first, most = 100 * time.Millisecond, 30 * time.Second
	// Lines of another process (a command beside the service) are told by
	// nobody: they are looked for now and then.
	look := time.NewTicker(15 * time.Second)
	defer look.Stop()
	pause := first
	for {
		err := l.Drain(ctx, db)
		var again <-chan time.Time
		switch {
		case ctx.Err() != nil:
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			if err := l.Drain(last, db); err != nil {
				l.logger.Error("lines stay in the outbox until the next start", "error", err)
			}
			cancel()
			return
		case err != nil:
			l.logger.Error("lines wait for the log", "error", err, "waiting", l.Waiting(), "again_in", pause)
			again = time.After(pause)
			pause = min(2*pause, most)
		default:
			pause = first
		}
		if again != nil {
			select {
			case <-ctx.Done():
			case <-again:
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-db.Lines():
		case <-look.C:
		}
	}
}

// Drain moves the lines that wait in the outbox of db into the log, in order,
// and returns when all are signed and have left the outbox. After an error
// nothing is lost, and the next Drain continues.
func (l *Log) Drain(ctx context.Context, db *casestore.DB) (err error) {
	l.drain.Lock()
	defer l.drain.Unlock()
	defer func() {
		if err != nil {
			l.known = nil
			err = fmt.Errorf("moving lines into the log: %w", err)
		}
	}()
	for {
		waiting, err := db.Waiting(ctx)
		if err != nil {
			return err //nolint:wrapcheck // says it all
		}
		l.waiting.Store(waiting)
		if l.known == nil {
			if err := l.recover(ctx, db); err != nil {
				return err
			}
		}
		if waiting == 0 {
			return nil
		}
		out, err := db.Outbox(ctx, l.batch)
		if err != nil {
			return err //nolint:wrapcheck // says it all
		}
		fresh := make([][]byte, 0, len(out))
		for _, o := range out {
			if !l.known[o.ID] {
				fresh = append(fresh, o.Line)
			}
		}
		if err := l.step("read"); err != nil {
			return err
		}
		if len(fresh) > 0 {
			if err := l.append(ctx, fresh); err != nil {
				return err
			}
			if err := l.step("appended"); err != nil {
				return err
			}
			if err := l.publish(ctx); err != nil {
				return err
			}
			if err := l.step("published"); err != nil {
				return err
			}
		}
		// Lines that are in both places are the first ones of the outbox.
		// As long as there may be more of them the mark stays before them.
		mark := l.Checkpoint()
		if len(fresh) == 0 {
			if mark, err = db.Mark(ctx); err != nil {
				return err //nolint:wrapcheck // says it all
			}
		}
		if err := db.Sent(ctx, out[len(out)-1].Seq, mark); err != nil {
			return err //nolint:wrapcheck // says it all
		}
		if len(fresh) > 0 {
			clear(l.known)
		}
		l.waiting.Add(-int64(len(out)))
		if err := l.step("sent"); err != nil {
			return err
		}
	}
}

// append adds lines to the tree, as a whole or not at all.
//
// Tessera is given a batch that is full with exactly these lines, so that it
// writes them together and in this order (its queue, flushed by time, promises
// neither). Its own checkpoints, its rounds of cleaning and the tickers that go
// with them would run for ever beside it; this appender lives for one batch,
// publish signs, and forget cleans.
func (l *Log) append(ctx context.Context, lines [][]byte) error {
	const never = 100 * 365 * 24 * time.Hour
	for _, line := range lines {
		if len(line) > casestore.MaxLine {
			return fmt.Errorf("%w: %d bytes", casestore.ErrLong, len(line))
		}
	}
	// What tessera has begun is waited for: an appender that was left in the
	// middle could still write when the next one begins.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	driver, err := posix.New(ctx, posix.Config{Path: l.dir})
	if err != nil {
		return fmt.Errorf("opening the tree: %w", err)
	}
	appender, _, tree, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(l.signer).
		WithBatching(uint(len(lines)), never).
		WithCheckpointInterval(never).
		WithCheckpointRepublishInterval(0).
		WithGarbageCollectionInterval(0))
	if err != nil {
		return fmt.Errorf("opening the tree: %w", err)
	}
	size, err := tree.IntegratedSize(ctx)
	if err != nil {
		return fmt.Errorf("opening the tree: %w", err)
	}
	futures := make([]tessera.IndexFuture, len(lines))
	for i, line := range lines {
		futures[i] = appender.Add(ctx, tessera.NewEntry(line))
	}
	for i, f := range futures {
		at, err := f()
		if err != nil {
			return fmt.Errorf("appending %d lines: %w", len(lines), err)
		}
		if at.Index != size+uint64(i) {
			return fmt.Errorf("%w: a line came to place %d instead of %d", ErrBroken, at.Index, size+uint64(i))
		}
	}
	return nil
}

// recover finds out, on start and after an error, which lines behind the
// outbox's mark are in the log already, and puts the folder in order.
func (l *Log) recover(ctx context.Context, db *casestore.DB) error {
	if err := l.publish(ctx); err != nil {
		return err
	}
	mark, err := db.Mark(ctx)
	if err != nil {
		return err //nolint:wrapcheck // says it all
	}
	var from uint64
	if mark != "" {
		old, err := openHead([]byte(mark), l.key)
		if err != nil {
			return fmt.Errorf("the outbox's mark: %w", err)
		}
		tree := treeState{Size: l.head.Size, Root: l.head.Hash}
		if err := continues(ctx, client.FileFetcher{Root: l.dir}, old.Checkpoint, tree); err != nil {
			return fmt.Errorf("the casework database knows another log: put the newest copy of the log's folder back: %w", err)
		}
		from = old.Size
	}
	if err := l.tidy(); err != nil {
		return err
	}
	known := map[string]bool{}
	err = l.each(ctx, from, l.head.Size, func(_ uint64, raw []byte) error {
		var line struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(raw, &line); err != nil {
			return fmt.Errorf("%w: reading a line: %w", ErrBroken, err)
		}
		known[line.ID] = true
		return nil
	})
	if err != nil {
		return err
	}
	l.known = known
	return nil
}

// tidy removes what a program that was killed in the middle of writing left:
// files that are not in place yet, files beyond the tree, and files at its
// right edge that fuller ones replaced.
func (l *Log) tidy() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	keep := map[resource]bool{}
	for _, r := range edge(l.head.Size) {
		keep[r] = true
	}
	err := walk(l.dir, func(path string, _ fs.DirEntry) error {
		r := classify(path)
		switch {
		case r.kind == leftover:
		case r.kind != entries && r.kind != hashes:
			return nil
		case r.partial > 0 && keep[r], r.partial == 0 && r.end() <= l.head.Size:
			return nil
		}
		l.logger.Info("removing a file of a write that was cut off", "file", path)
		return os.Remove(filepath.Join(l.dir, path)) //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return fmt.Errorf("putting the log's folder in order: %w", err)
	}
	return nil
}
