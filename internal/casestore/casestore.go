// Package casestore keeps casework: people, findings, detections, settings and
// the lines that go to the log. It is small and transactional; posts are in
// package poststore.
//
// The package gives transactions; the packages that own a part of casework
// (auth, finding, mandate, …) write their own statements against [Tx] and
// bring their tables as a file in migrations. Statements are written once for
// all engines:
//
//   - placeholders are "?"; the engine rewrites them where it must;
//   - ids are text (see [NewID]), times are BIGINT microseconds since 1970 in
//     UTC (see [Micros] and [Time]), truth values are INTEGER 0 or 1, JSON is
//     TEXT, bytes are BLOB in migrations (rewritten where the engine has
//     another name for it);
//   - upserts are INSERT … ON CONFLICT (…) DO UPDATE SET x = excluded.x;
//   - no triggers, no functions beyond coalesce, lower, length, count, sum, min
//     and max, no dependence on the order of rows without ORDER BY.
//
// # Guarantees
//
//   - A change is atomic and durable: when Change returns nil, the change and
//     its lines for the log survive the process and the machine.
//   - Nothing changes without a line: Change refuses with [ErrUnlogged], and
//     undoes everything, where the function logged nothing.
//   - Changes happen one after another. A view sees one state of the database
//     from its beginning to its end, and never waits for a change.
//   - Lines are given to the log in the order of their transactions.
//
// Package casestoretest checks them; every engine must pass.
package casestore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"
)

// ErrUnlogged says that a change logged no line and was therefore undone. It
// is a mistake in the program.
var ErrUnlogged = errors.New("a change without a line in the log")

// ErrNotFound says that there is no such row; ErrConflict that a row was
// changed by somebody else in between, or exists already.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("changed in between")
)

// Line is one line of the log: who did what to what. It holds no text of a
// post, no secret, and no name of an account that is shown by pseudonym.
type Line struct {
	// ID identifies the line for ever; Log fills it in.
	ID string `json:"id"`
	// Time is when it happened, UTC; Log fills it in where it is zero.
	Time time.Time `json:"time"`
	// Actor is who did it: "user:ID", "token:ID", "system", "cli:LOGIN".
	Actor string `json:"actor"`
	// Action is what was done: the name of a right ("finding.dismiss") or of
	// an event ("login.failed").
	Action string `json:"action"`
	// Object is what it was done to, as "kind:ID"; empty where there is none.
	Object string `json:"object,omitempty"`
	// Detail says more: reasons, values before and after, parameters.
	Detail map[string]any `json:"detail,omitempty"`
}

// Engine is what differs between databases. Packages sqlite and, later,
// postgres make a [DB] from it.
type Engine struct {
	// Name is "sqlite" or "postgres".
	Name string
	// Read and Write are pools of connections; Write has one at most. They
	// may be the same where the database isolates readers by itself.
	Read, Write *sql.DB
	// Rebind rewrites "?" placeholders; nil leaves statements as they are.
	Rebind func(string) string
	// Backup writes a consistent copy of the whole database to a file that
	// does not exist yet, while changes go on.
	Backup func(ctx context.Context, path string) error
	// Now gives the time; nil means time.Now.
	Now func() time.Time
}

// DB is a casework database.
type DB struct {
	e Engine
	// wake tells that a change wrote lines: see Lines.
	wake chan struct{}
}

// New makes a database from an engine whose tables are there (see Migrate).
func New(e Engine) *DB {
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.Rebind == nil {
		e.Rebind = func(s string) string { return s }
	}
	return &DB{e: e, wake: make(chan struct{}, 1)}
}

// Engine gives the engine's name: "sqlite" or "postgres".
func (db *DB) Engine() string { return db.e.Name }

// Now gives the time in UTC, cut to microseconds, as the database keeps it.
func (db *DB) Now() time.Time { return db.e.Now().UTC().Truncate(time.Microsecond) }

// Pool gives the pool that writes, for a library that brings its own
// statements and tables (the job queue). Nothing else uses it.
func (db *DB) Pool() *sql.DB { return db.e.Write }

// Close closes the pools.
func (db *DB) Close() error {
	err := db.e.Write.Close()
	if db.e.Read != db.e.Write {
		err = errors.Join(err, db.e.Read.Close())
	}
	if err != nil {
		return fmt.Errorf("closing the casework database: %w", err)
	}
	return nil
}

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.e.Read.PingContext(ctx); err != nil {
		return fmt.Errorf("asking the casework database: %w", err)
	}
	return nil
}

// Backup writes a consistent copy to a file that does not exist yet.
func (db *DB) Backup(ctx context.Context, path string) error { return db.e.Backup(ctx, path) }

// Tx is a transaction.
type Tx struct {
	tx     *sql.Tx
	db     *DB
	lines  int
	frozen bool // a view
}

// Change runs f in a transaction that writes. All of it happens, with its lines
// for the log, or nothing. f may be run only once; it logs with Tx.Log.
func (db *DB) Change(ctx context.Context, f func(tx *Tx) error) error {
	return db.write(ctx, f, true)
}

// Housekeep runs f in a transaction that writes and needs no line in the log:
// for state that no person answers for, such as when a session was last seen.
func (db *DB) Housekeep(ctx context.Context, f func(tx *Tx) error) error {
	return db.write(ctx, f, false)
}

// Record logs something that changes nothing here: a sensitive reading, a
// refused login.
func (db *DB) Record(ctx context.Context, l Line) error {
	return db.Change(ctx, func(tx *Tx) error { return tx.Log(ctx, l) })
}

func (db *DB) write(ctx context.Context, f func(tx *Tx) error, logged bool) error {
	tx, err := db.e.Write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a change: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	t := &Tx{tx: tx, db: db}
	if err := f(t); err != nil {
		return err
	}
	if logged && t.lines == 0 {
		return ErrUnlogged
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing a change: %w", err)
	}
	if t.lines > 0 {
		select {
		case db.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// View runs f in a transaction that reads one state of the database.
func (db *DB) View(ctx context.Context, f func(tx *Tx) error) error {
	tx, err := db.e.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return f(&Tx{tx: tx, db: db, frozen: true})
}

// Now gives the time in UTC, cut to microseconds, as the database keeps it.
func (t *Tx) Now() time.Time { return t.db.Now() }

// SQL gives the transaction itself, for a library that takes part in it (the
// job queue).
func (t *Tx) SQL() *sql.Tx { return t.tx }

// Exec runs a statement and gives the number of rows that it changed.
func (t *Tx) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(ctx, t.db.e.Rebind(q), args...)
	if err != nil {
		return 0, fmt.Errorf("running %.40q…: %w", q, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("counting changed rows: %w", err)
	}
	return n, nil
}

// Query runs a query. The caller closes the rows and looks at their error.
func (t *Tx) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	rows, err := t.tx.QueryContext(ctx, t.db.e.Rebind(q), args...)
	if err != nil {
		return nil, fmt.Errorf("running %.40q…: %w", q, err)
	}
	return rows, nil
}

// Get runs a query for one row and scans it; ErrNotFound where there is none.
func (t *Tx) Get(ctx context.Context, q string, args, dest []any) error {
	err := t.tx.QueryRowContext(ctx, t.db.e.Rebind(q), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("running %.40q…: %w", q, err)
	}
	return nil
}

// Log writes lines for the log as part of the transaction. Where an Actor is
// empty it is the one that ctx carries (see WithActor).
func (t *Tx) Log(ctx context.Context, lines ...Line) error {
	for _, l := range lines {
		l.ID = NewID()
		if l.Time.IsZero() {
			l.Time = t.Now()
		}
		if l.Actor == "" {
			l.Actor = ActorOf(ctx)
		}
		data, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("writing a line for the log: %w", err)
		}
		if _, err := t.Exec(ctx, `INSERT INTO outbox (id, line) VALUES (?, ?)`, l.ID, string(data)); err != nil {
			return err
		}
		t.lines++
	}
	return nil
}

// Outgoing is a line that waits for the log.
type Outgoing struct {
	// Seq orders the lines; it only grows.
	Seq int64
	ID  string
	// Line is the JSON of a Line, byte for byte what the log keeps.
	Line []byte
}

// Outbox gives up to n lines that wait for the log, in order.
func (db *DB) Outbox(ctx context.Context, n int) ([]Outgoing, error) {
	var out []Outgoing
	err := db.View(ctx, func(tx *Tx) error {
		rows, err := tx.Query(ctx, `SELECT seq, id, line FROM outbox ORDER BY seq LIMIT ?`, n)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var o Outgoing
			var line string
			if err := rows.Scan(&o.Seq, &o.ID, &line); err != nil {
				return fmt.Errorf("reading a line for the log: %w", err)
			}
			o.Line = []byte(line)
			out = append(out, o)
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return out, nil
}

// Sent removes the lines up to seq, which the log has made durable.
func (db *DB) Sent(ctx context.Context, seq int64) error {
	return db.Housekeep(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM outbox WHERE seq <= ?`, seq)
		return err
	})
}

// Lines tells, by a value on the channel, that lines may wait for the log.
func (db *DB) Lines() <-chan struct{} { return db.wake }

type actorKey struct{}

// WithActor has ctx carry who acts: "user:ID", "token:ID", "system", …
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorOf gives who acts; "system" where ctx does not say.
func ActorOf(ctx context.Context) string {
	if a, ok := ctx.Value(actorKey{}).(string); ok {
		return a
	}
	return "system"
}

// NewID gives a new id: a ULID, which sorts by time of making.
func NewID() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }

// Micros gives a time as the database keeps it; 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of Micros.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
