package duck

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/akashi-project/akashi/internal/poststore"
)

// Options say how a store is opened. The zero value will do.
type Options struct {
	// Alias gives an account's pseudonym. It must give the same one for the
	// same account for ever, since pseudonyms are stored to be found by. Nil
	// gives empty ones.
	Alias func(platform, accountID string) string
	// MemoryLimit is what DuckDB may use, as "2GB"; empty leaves DuckDB's own
	// limit, four fifths of the machine's memory. What the store itself holds
	// in memory (see the package) comes on top.
	MemoryLimit string
	// Threads is how many DuckDB uses; 0 means one for each processor.
	Threads int
	// Now gives the time of batches that do not say it; nil means time.Now.
	Now func() time.Time
	// TempDir is where sorts go that do not fit into memory; empty means
	// beside the file.
	TempDir string
	// Logger gets what an operator should know; nil means none of it.
	Logger *slog.Logger
}

// Store is a post store in a DuckDB file. Its methods may be called from several
// goroutines.
type Store struct {
	o    Options
	path string
	lock *os.File
	db   *sql.DB
	seed uint64

	// writing is held by the one batch, checkpoint or backup at a time; w is
	// its connection.
	writing sync.Mutex
	w       *sql.Conn
	// emptied says that a deletion waits for its checkpoint.
	emptied bool
	closed  bool

	names *names
	zip   *zstd.Encoder
	unzip *zstd.Decoder

	// mu guards what is held in memory. Readers begin their transaction
	// within it, so that both agree.
	mu       sync.RWMutex
	next     int64 // the seq of the next post
	blocks   []block
	tail     []uint64 // keys of the block that is not full
	keys     *keyTable
	accounts *accounts
	counts   rollup
	pending  map[uint64]pendingDeletion
	deleted  int64 // tombstones
}

type pendingDeletion struct {
	platform, id string
	time         int64
}

var _ poststore.Store = (*Store)(nil)

// checkpointAt is how large the log may grow before DuckDB writes it into the
// file, which takes about a second and holds up the batch that does it, not
// readers.
const checkpointAt = "256MB"

// Open opens the store in the file at path, or makes it. It gives
// poststore.ErrLocked where the file is open already, here or elsewhere.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Alias == nil {
		o.Alias = func(string, string) string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	l, err := lock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("opening the post store %s: %w", path, err)
	}
	s := &Store{
		o: o, path: path, lock: l, names: newNames(), keys: newKeyTable(0), accounts: newAccounts(),
		counts: newRollup(), pending: make(map[uint64]pendingDeletion),
	}
	if err := errors.Join(s.openZip(), s.open(ctx)); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("opening the post store %s: %w", path, err)
	}
	return s, nil
}

// openZip makes what packs raw records.
func (s *Store) openZip() (err error) {
	if s.zip, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
		return err
	}
	s.unzip, err = zstd.NewReader(nil)
	return err
}

func (s *Store) open(ctx context.Context) error {
	if strings.ContainsRune(s.path, '?') {
		return errors.New("the path has a question mark, which DuckDB takes for the start of options")
	}
	v := url.Values{}
	v.Set("threads", strconv.Itoa(s.o.Threads))
	v.Set("checkpoint_threshold", checkpointAt)
	v.Set("autoinstall_known_extensions", "false")
	v.Set("autoload_known_extensions", "false")
	v.Set("allow_community_extensions", "false")
	if s.o.MemoryLimit != "" {
		v.Set("memory_limit", s.o.MemoryLimit)
	}
	if s.o.TempDir != "" {
		v.Set("temp_directory", s.o.TempDir)
	}
	c, err := duckdb.NewConnector((&url.URL{Path: s.path}).EscapedPath()+"?"+v.Encode(), nil)
	if err != nil {
		if strings.Contains(err.Error(), "Could not set lock") {
			return errors.Join(poststore.ErrLocked, err)
		}
		return err
	}
	s.db = sql.OpenDB(c)
	if s.w, err = s.db.Conn(ctx); err != nil {
		return err
	}
	if err := s.prepareSchema(ctx); err != nil {
		return err
	}
	return s.load(ctx)
}

// prepareSchema makes the tables in a new file and looks at the version of
// others.
func (s *Store) prepareSchema(ctx context.Context) error {
	var n int
	if err := s.w.QueryRowContext(ctx,
		"SELECT count(*) FROM information_schema.tables WHERE table_name = 'meta' AND table_schema = 'main'").Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		var seed [8]byte
		_, _ = rand.Read(seed[:]) // never fails
		if _, err := s.w.ExecContext(ctx, "BEGIN;"+schema); err != nil {
			return fmt.Errorf("making the tables: %w", err)
		}
		if _, err := s.w.ExecContext(ctx, "INSERT INTO meta VALUES ('version', ?), ('seed', ?)",
			schemaVersion, int64(binary.LittleEndian.Uint64(seed[:]))); err != nil { //nolint:gosec // any bits do
			return fmt.Errorf("making the tables: %w", err)
		}
		if _, err := s.w.ExecContext(ctx, "COMMIT"); err != nil {
			return fmt.Errorf("making the tables: %w", err)
		}
	}
	var version, seed int64
	if err := s.w.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'version'").Scan(&version); err != nil {
		return fmt.Errorf("reading the version: %w", err)
	}
	if version != schemaVersion {
		return fmt.Errorf("the store has version %d, this program reads version %d", version, schemaVersion)
	}
	if err := s.w.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'seed'").Scan(&seed); err != nil {
		return fmt.Errorf("reading the seed: %w", err)
	}
	s.seed = uint64(seed) //nolint:gosec // any bits do
	// Edits and deletions of a batch wait here to be joined with the tables.
	_, err := s.w.ExecContext(ctx, `CREATE TEMP TABLE edit (
		seq BIGINT, content UBIGINT, seen BIGINT, deleted BIGINT, lang INTEGER, channel INTEGER, type UTINYINT,
		flags UTINYINT, versions INTEGER, folded VARCHAR, body BLOB)`)
	return err
}

// Ping says whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM meta").Scan(&one); err != nil {
		return fmt.Errorf("asking the post store: %w", err)
	}
	return nil
}

// Close waits for the batch under way and closes the file. Nothing may be asked
// of the store afterwards.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	if s.w != nil {
		errs = append(errs, s.w.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.unzip != nil {
		s.unzip.Close()
	}
	errs = append(errs, s.lock.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the post store: %w", err)
	}
	return nil
}

// bound gives the time in microseconds that t stands for as a bound, which if zero
// stands for def.
func bound(t time.Time, def int64) int64 {
	if t.IsZero() {
		return def
	}
	return t.UnixMicro()
}

const (
	always = math.MinInt64
	never  = math.MaxInt64
)

// at gives the time of microseconds.
func at(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
