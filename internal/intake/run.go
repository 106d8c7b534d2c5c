package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// cursor is what the post store keeps of an import, in one step with the posts
// that it speaks of.
type cursor struct {
	Import string `json:"import"`
	SHA256 string `json:"sha256"`
	// Posts of the file are in, from its beginning.
	Posts int64 `json:"posts"`
}

// Run does an import that was added, from where it is. It may be called again
// whatever became of it before: an import that has ended is left alone.
//
// Where ctx ends first the import is interrupted, and the next Run goes on with
// it. ErrRunning says that it runs already, ErrCancelled that Cancel ended it,
// ErrFile that the file is the trouble, so that trying again is of no use; any
// other error leaves the import interrupted, to be tried again. Imports of one
// source wait for one another.
func (s *Service) Run(ctx context.Context, id string, progress func(Progress)) error {
	if err := s.work(ctx, id, progress); err != nil {
		return fmt.Errorf("import %s: %w", id, err)
	}
	return nil
}

func (s *Service) work(ctx context.Context, id string, progress func(Progress)) error {
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{cancel: cancel}
	s.mu.Lock()
	busy := s.active[id] != nil
	if !busy {
		s.active[id] = r
	}
	s.mu.Unlock()
	if busy {
		return ErrRunning
	}
	defer func() {
		s.mu.Lock()
		delete(s.active, id)
		s.mu.Unlock()
	}()

	m, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if m.Ended() {
		return nil
	}
	free, err := s.turn(ctx, m.Source)
	if err != nil {
		return err
	}
	defer free()
	if m, err = s.begin(ctx, id); err != nil || m.Ended() {
		return err
	}
	g := &ingest{s: s, m: &m, run: r, progress: progress}
	err = g.all(ctx)
	s.o.Log.InfoContext(ctx, "import", "id", m.ID, "posts", m.Posts, "new", m.New, "bad", m.Bad, "ended", err == nil)
	// What it became is noted even if the caller waits no more.
	return s.end(context.WithoutCancel(outer), &m, err)
}

// turn waits until no other import of the source runs.
func (s *Service) turn(ctx context.Context, source string) (free func(), err error) {
	s.mu.Lock()
	place := s.sources[source]
	if place == nil {
		place = make(chan struct{}, 1)
		s.sources[source] = place
	}
	s.mu.Unlock()
	select {
	case place <- struct{}{}:
		return func() { <-place }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx) //nolint:wrapcheck // the caller's own
	}
}

// begin notes that an import runs, unless it has been cancelled.
func (s *Service) begin(ctx context.Context, id string) (m Import, err error) {
	err = s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
		if m, err = get(ctx, tx, id); err != nil || m.Ended() {
			return err
		}
		m.State, m.Problem, m.Started = Running, "", tx.Now()
		_, err = tx.Exec(ctx, `UPDATE imports SET state = ?, problem = '', started = ? WHERE id = ?`,
			string(m.State), casestore.Micros(m.Started), id)
		return err
	})
	return m, err //nolint:wrapcheck // wrapped by Run
}

// ingest is one run over a file. All of it happens on one goroutine.
type ingest struct {
	s        *Service
	m        *Import
	run      *run
	progress func(Progress)

	skip  int64 // posts still to be left out
	posts []post.Post
	bytes int
}

// batchBytes bounds a batch of large posts.
const batchBytes = 64 << 20

// all reads the file and appends its posts.
func (g *ingest) all(ctx context.Context) error {
	if err := g.resume(ctx); err != nil {
		return err
	}
	o := g.m.Options
	o.Prepare = func(p *post.Post) {
		p.Origin.File = g.m.File.Name
		normalise.Post(p, normalise.Options{})
	}
	o.Progress = func(read, _ int64) {
		g.m.Read = read
		g.tell()
	}
	summaries, err := file.Read(ctx, []string{g.m.File.Path}, o, func(posts []post.Post) error { return g.take(ctx, posts) })
	if err == nil {
		err = g.append(ctx)
	}
	if len(summaries) > 0 {
		g.summary(&summaries[0])
	}
	g.tell()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx) //nolint:wrapcheck // the caller's own
	case errors.As(err, new(storeError)):
		return err //nolint:wrapcheck // wrapped by Run
	case errors.As(err, new(*file.TooManyBadError)):
		return fmt.Errorf("%w: %d of the first %d records cannot be read", ErrFile, g.m.Bad, g.m.Rows)
	}
	// The reader's errors name the place where the file lies.
	return fmt.Errorf("%w: %s", ErrFile, strings.ReplaceAll(err.Error(), g.m.File.Path, g.m.File.Name))
}

// resume finds out how much of the file is in.
func (g *ingest) resume(ctx context.Context) error {
	data, err := g.s.posts.Cursor(ctx, g.m.Source)
	if err != nil {
		return fmt.Errorf("asking how far it is: %w", err)
	}
	var at cursor
	if len(data) > 0 {
		// What somebody else left there says nothing of this import.
		if err := json.Unmarshal(data, &at); err != nil || at.Import != g.m.ID || at.SHA256 != g.m.File.SHA256 {
			at = cursor{}
		}
	}
	before := g.m.Counts
	if before.Posts > at.Posts { // the store was restored to what it was before
		before = Counts{}
	}
	g.skip = at.Posts
	g.m.Found = Found{Counts: Counts{
		Posts: at.Posts, New: before.New, Changed: before.Changed, Same: before.Same, Collided: before.Collided,
	}}
	g.tell()
	// A file that lies elsewhere may be another by now.
	if at.Posts > 0 && !g.m.File.Spooled {
		now, err := Local(ctx, g.m.File.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: it is not there any more", ErrFile)
		case err != nil:
			return err
		case now.SHA256 != g.m.File.SHA256:
			return fmt.Errorf("%w: it was changed since its import began", ErrFile)
		}
	}
	return nil
}

// take collects posts until a batch is full.
func (g *ingest) take(ctx context.Context, posts []post.Post) error {
	n := min(g.skip, int64(len(posts)))
	g.skip -= n
	for _, p := range posts[n:] {
		if g.posts == nil {
			g.posts = make([]post.Post, 0, g.s.o.Batch)
		}
		g.posts = append(g.posts, p)
		if g.bytes += len(p.Raw) + len(p.Text); len(g.posts) >= g.s.o.Batch || g.bytes >= batchBytes {
			if err := g.append(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// storeError is an error that is not the file's.
type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

// append stores the batch and the cursor, and then notes what it did.
func (g *ingest) append(ctx context.Context) error {
	if len(g.posts) == 0 {
		return nil
	}
	posts := g.m.Posts + int64(len(g.posts))
	data, err := json.Marshal(cursor{Import: g.m.ID, SHA256: g.m.File.SHA256, Posts: posts})
	if err != nil {
		return storeError{fmt.Errorf("writing how far it is: %w", err)}
	}
	done, err := g.s.posts.Append(ctx, poststore.Batch{Source: g.m.Source, Posts: g.posts, Cursor: data, Seen: g.s.db.Now()})
	if err != nil {
		return storeError{fmt.Errorf("appending posts: %w", err)}
	}
	g.m.Posts = posts
	g.m.New += done.New
	g.m.Changed += done.Changed
	g.m.Same += done.Same + done.Deleted // a post that was deleted before it came adds nothing
	g.m.Collided += done.Collided
	g.posts, g.bytes = nil, 0
	g.tell()
	if err := g.s.db.Housekeep(ctx, func(tx *casestore.Tx) error { return g.s.save(ctx, tx, g.m) }); err != nil {
		return storeError{fmt.Errorf("noting how far it is: %w", err)}
	}
	return nil
}

// tell says how far it is.
func (g *ingest) tell() {
	g.run.mu.Lock()
	g.run.found = g.m.Found
	g.run.mu.Unlock()
	if g.progress != nil {
		g.progress(Progress{Import: g.m.ID, File: g.m.File.Name, Read: g.m.Read, Total: g.m.File.Size, Counts: g.m.Counts})
	}
}

// summary takes over what the reader found.
func (g *ingest) summary(s *file.Summary) {
	f := &g.m.Found
	f.Rows, f.Bad, f.Skipped, f.Replaced = s.Rows, s.Bad, s.Skipped, s.Replaced
	f.Format, f.Encoding, f.Compression, f.Guessed = s.Format, s.Encoding, s.Compression, s.Guessed
	f.Mapping, f.SkippedWhy = maps.Clone(s.Mapping), maps.Clone(s.SkippedWhy)
	f.Reasons = slices.Clone(s.Reasons)
	for i := range f.Reasons {
		f.Reasons[i].File = g.m.File.Name
	}
	f.First, f.Last, f.Read = s.First, s.Last, s.Bytes
}

// save writes what was found to the database.
func (s *Service) save(ctx context.Context, tx *casestore.Tx, m *Import) error {
	found, err := json.Marshal(m.Found)
	if err != nil {
		return fmt.Errorf("keeping an import: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE imports SET found = ? WHERE id = ?`, string(found), m.ID)
	return err //nolint:wrapcheck // wrapped by the callers
}

// end notes what became of a run and gives its error.
func (s *Service) end(ctx context.Context, m *Import, err error) error {
	state, problem := Done, ""
	switch {
	case err == nil:
	case errors.Is(err, ErrCancelled):
		state = Cancelled
	case errors.Is(err, ErrFile):
		state, problem = Failed, err.Error()
	default:
		state, problem = Interrupted, err.Error()
	}
	note := func(tx *casestore.Tx) error {
		now, gone := get(ctx, tx, m.ID)
		if gone != nil {
			return gone
		}
		if now.State == Cancelled { // even where it came to its end in the meantime
			state, problem = Cancelled, ""
		}
		if e := s.save(ctx, tx, m); e != nil {
			return e
		}
		finished := tx.Now()
		if state == Interrupted {
			finished = time.Time{}
		}
		if _, e := tx.Exec(ctx, `UPDATE imports SET state = ?, problem = ?, finished = ? WHERE id = ?`,
			string(state), problem, casestore.Micros(finished), m.ID); e != nil {
			return e
		}
		if state == Interrupted {
			return nil
		}
		return s.log(ctx, tx, m, map[string]any{
			"did": "end", "state": state, "asked_by": m.Who, "rows": m.Rows, "bad": m.Bad, "skipped": m.Skipped, "posts": m.Posts,
			"new": m.New, "changed": m.Changed, "same": m.Same, "collided": m.Collided, "uncounted": m.Uncounted(),
		})
	}
	write := s.db.Change
	if state == Interrupted {
		write = s.db.Housekeep
	}
	if e := write(ctx, note); e != nil {
		return errors.Join(err, fmt.Errorf("noting its end: %w", e))
	}
	if state != Interrupted {
		s.Discard(m.File)
	}
	if state == Cancelled {
		return ErrCancelled
	}
	return err
}
