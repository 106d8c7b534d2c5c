package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/poststore"
)

var (
	// ErrRunning says that the import runs already.
	ErrRunning = errors.New("the file is being imported already")
	// ErrFile says that the file cannot be imported as it is: trying again is
	// of no use. What was in before stays.
	ErrFile = errors.New("the file cannot be imported")
	// ErrCancelled says that somebody cancelled the import.
	ErrCancelled = errors.New("the import was cancelled")
)

// Options say how files are brought in.
type Options struct {
	// Dir is where uploads are kept until they are in.
	Dir string
	// MaxUpload is how many bytes an upload may have; 0 means 4 GiB.
	MaxUpload int64
	// Batch is how many posts are appended at once; 0 means 20,000.
	Batch int
	// Log takes what operators want to know; nil discards it.
	Log *slog.Logger
}

// Service brings files in and keeps what became of them.
type Service struct {
	posts poststore.Writer
	db    *casestore.DB
	o     Options

	mu      sync.Mutex
	active  map[string]*run          // by import
	sources map[string]chan struct{} // by source: full while one of its imports runs
}

// run is an import that this process works on.
type run struct {
	mu     sync.Mutex
	found  Found
	cancel context.CancelCauseFunc
}

// New makes the service.
func New(posts poststore.Writer, db *casestore.DB, o Options) *Service {
	if o.MaxUpload == 0 {
		o.MaxUpload = 4 << 30
	}
	if o.Batch == 0 {
		o.Batch = 20_000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{posts: posts, db: db, o: o, active: map[string]*run{}, sources: map[string]chan struct{}{}}
}

// Request says how files are to be brought in.
type Request struct {
	// Paths are the files; "-" is standard input. Only Import reads it.
	Paths []string
	// Options say how they are read. Need, Workers, Prepare and Progress are
	// set here; functions and Stdin are not kept.
	Options file.Options
	// Source is the name that the posts have as their source; empty means
	// "file:" and the file's name.
	Source string
	// Mandate says on what ground the posts are collected.
	Mandate string
}

// Add notes that a file is to be imported, as part of a change, and logs it. Run
// then does it: a job for that can be put in the queue in the same change. Where
// an import of the same content, source and options has not ended well, Add
// gives that one, to be continued; ErrRunning where it runs right now.
func (s *Service) Add(ctx context.Context, tx *casestore.Tx, f File, r Request) (Import, error) {
	m, err := s.add(ctx, tx, f, r)
	if err != nil {
		return Import{}, fmt.Errorf("adding a file to import: %w", err)
	}
	return m, nil
}

func (s *Service) add(ctx context.Context, tx *casestore.Tx, f File, r Request) (Import, error) {
	kept, err := writeOptions(&r.Options)
	if err != nil {
		return Import{}, err
	}
	source := r.Source
	if source == "" {
		source = "file:" + f.Name
	}
	source = strings.ToValidUTF8(source, "\ufffd")
	before, err := unended(ctx, tx, f.SHA256, source, kept)
	if err != nil {
		return Import{}, err
	}
	m := Import{ID: casestore.NewID(), Created: tx.Now()}
	continues := before != nil
	if continues {
		if s.running(before.ID) {
			return Import{}, fmt.Errorf("import %s: %w", before.ID, ErrRunning)
		}
		m = *before
	}
	m.Who, m.Source, m.Mandate, m.File, m.Options = casestore.ActorOf(ctx), source, r.Mandate, f, r.Options
	m.State, m.Problem, m.Finished = Waiting, "", time.Time{}
	found, err := json.Marshal(m.Found)
	if err != nil {
		return Import{}, fmt.Errorf("keeping an import: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO imports (`+columns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET who = excluded.who, mandate = excluded.mandate, file_name = excluded.file_name,
			file_path = excluded.file_path, spooled = excluded.spooled, state = excluded.state, problem = excluded.problem,
			finished = excluded.finished`,
		m.ID, m.Who, m.Source, m.Mandate, m.File.Name, m.File.Path, truth(m.File.Spooled), m.File.Size, m.File.SHA256,
		kept, string(m.State), m.Problem, string(found), casestore.Micros(m.Created), casestore.Micros(m.Started),
		casestore.Micros(m.Finished)); err != nil {
		return Import{}, err
	}
	err = s.log(ctx, tx, &m, map[string]any{
		"did": "add", "continues": continues, "file": m.File.Name, "size": m.File.Size, "sha256": m.File.SHA256,
		"source": m.Source, "mandate": m.Mandate,
	})
	return m, err
}

// unended gives the last import of a content that did not end well; nil if
// there is none.
func unended(ctx context.Context, tx *casestore.Tx, sha256, source, kept string) (*Import, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM imports WHERE sha256 = ? AND source = ? AND options = ?
		ORDER BY created DESC, id DESC LIMIT 1`, sha256, source, kept)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var m *Import
	for rows.Next() {
		m = new(Import)
		if err := m.scan(rows); err != nil {
			return nil, err
		}
	}
	if m != nil && m.State == Done {
		m = nil
	}
	return m, rows.Err() //nolint:wrapcheck // wrapped by Add
}

// Cancel ends an import: at once where it waits, soon where it runs. Posts that
// are in stay. It changes nothing where the import has ended.
func (s *Service) Cancel(ctx context.Context, id string) error {
	var m Import
	err := s.db.Change(ctx, func(tx *casestore.Tx) (err error) {
		if m, err = get(ctx, tx, id); err != nil {
			return err
		}
		if m.Ended() {
			return errEnded
		}
		if _, err := tx.Exec(ctx, `UPDATE imports SET state = ?, finished = ? WHERE id = ?`,
			string(Cancelled), casestore.Micros(tx.Now()), id); err != nil {
			return err
		}
		return s.log(ctx, tx, &m, map[string]any{"did": "cancel"})
	})
	if errors.Is(err, errEnded) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cancelling import %s: %w", id, err)
	}
	s.mu.Lock()
	r := s.active[id]
	s.mu.Unlock()
	if r != nil {
		r.cancel(ErrCancelled) // it removes the spooled file
		return nil
	}
	s.Discard(m.File)
	return nil
}

// errEnded undoes a change that has nothing to do.
var errEnded = errors.New("it has ended")

// Get gives an import, with the newest counts where it runs;
// casestore.ErrNotFound where there is none.
func (s *Service) Get(ctx context.Context, id string) (m Import, err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		m, err = get(ctx, tx, id)
		return err
	})
	if err != nil {
		return Import{}, fmt.Errorf("reading import %s: %w", id, err)
	}
	s.current(&m)
	return m, nil
}

// List gives up to n imports, the newest first, from behind the one whose id
// is before ("" for the first).
func (s *Service) List(ctx context.Context, before string, n int) ([]Import, error) {
	all, err := s.list(ctx, `WHERE id < ? OR ? = '' ORDER BY id DESC LIMIT ?`, before, before, n)
	if err != nil {
		return nil, fmt.Errorf("listing imports: %w", err)
	}
	return all, nil
}

func (s *Service) list(ctx context.Context, where string, args ...any) (out []Import, err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+columns+` FROM imports `+where, args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var m Import
			if err := m.scan(rows); err != nil {
				return err
			}
			out = append(out, m)
		}
		return rows.Err() //nolint:wrapcheck // wrapped by the callers
	})
	for i := range out {
		s.current(&out[i])
	}
	return out, err //nolint:wrapcheck // wrapped by the callers
}

// get reads one import.
func get(ctx context.Context, tx *casestore.Tx, id string) (m Import, err error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM imports WHERE id = ?`, id)
	if err != nil {
		return m, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return m, err //nolint:wrapcheck // wrapped by the callers
		}
		return m, casestore.ErrNotFound
	}
	err = m.scan(rows)
	return m, err
}

// current brings what the database has up to what this process knows: only one
// process imports, so an import that is said to run and does not was
// interrupted.
func (s *Service) current(m *Import) {
	s.mu.Lock()
	r := s.active[m.ID]
	s.mu.Unlock()
	switch {
	case r != nil && !m.Ended():
		r.mu.Lock()
		m.Found = r.found
		r.mu.Unlock()
	case r == nil && m.State == Running:
		m.State = Interrupted
	}
}

func (s *Service) running(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active[id] != nil
}

// log writes a line about an import. It holds neither reasons nor problems,
// which may quote the file.
func (s *Service) log(ctx context.Context, tx *casestore.Tx, m *Import, detail map[string]any) error {
	//nolint:wrapcheck // wrapped by the callers
	return tx.Log(ctx, casestore.Line{Action: string(auth.SourceImport), Object: "import:" + m.ID, Detail: detail})
}

// Progress is how far an import is.
type Progress struct {
	// Import is its id, File its file's name.
	Import, File string
	// Read of Total bytes of the file have been turned into posts.
	Read, Total int64
	Counts
}

// Result is what became of the files of a Request, in their order.
type Result struct {
	Imports []Import
	// Counts are those of all of them together.
	Counts Counts
}

// Import brings files in, one after the other, and returns when they are in.
// Imports of the same files that were interrupted go on. progress, where given,
// is told how far it is, on this goroutine. At an error the files after that one
// are left alone; the Result has those until then.
func (s *Service) Import(ctx context.Context, r Request, progress func(Progress)) (Result, error) {
	var out Result
	for _, path := range r.Paths {
		m, err := s.one(ctx, path, r, progress)
		if m.ID != "" {
			if now, err := s.Get(context.WithoutCancel(ctx), m.ID); err == nil {
				m = now
			}
			out.Imports = append(out.Imports, m)
			out.Counts.add(m.Counts)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func (s *Service) one(ctx context.Context, path string, r Request, progress func(Progress)) (m Import, err error) {
	var f File
	if path == "-" {
		in := r.Options.Stdin
		if in == nil {
			in = os.Stdin
		}
		f, err = s.Spool(ctx, "-", in)
	} else {
		f, err = Local(ctx, path)
	}
	if err != nil {
		return m, err
	}
	if err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		m, err = s.Add(ctx, tx, f, r)
		return err
	}); err != nil {
		s.Discard(f)
		return Import{}, err //nolint:wrapcheck // Add says what it is about
	}
	return m, s.Run(ctx, m.ID, progress)
}

// add adds up.
func (c *Counts) add(d Counts) {
	for i, n := range d.all() {
		*c.all()[i] += *n
	}
}

func (c *Counts) all() []*int64 {
	return []*int64{&c.Rows, &c.Bad, &c.Skipped, &c.Replaced, &c.Posts, &c.New, &c.Changed, &c.Same, &c.Collided}
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
