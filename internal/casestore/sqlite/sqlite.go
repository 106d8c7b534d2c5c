// Package sqlite keeps casework in one SQLite file.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver

	"github.com/akashi-project/akashi/internal/casestore"
)

// Open opens the database in the file path, makes it if it is not there, and
// brings its tables up to date.
func Open(ctx context.Context, path string) (*casestore.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the casework database: %w", err)
	}
	// The file holds hashed passwords and who looked at what: nobody else's.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the casework database: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("opening the casework database: %w", err)
	}
	write, err := open(path, "&_txlock=immediate", 1)
	if err != nil {
		return nil, err
	}
	if _, err := casestore.Migrate(ctx, goose.DialectSQLite3, write); err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	read, err := open(path, "&_pragma=query_only(1)", 8)
	if err != nil {
		_ = write.Close()
		return nil, err
	}
	return casestore.New(casestore.Engine{
		Name: "sqlite", Read: read, Write: write,
		Backup: func(ctx context.Context, to string) error {
			// The copy is as private as the database. VACUUM INTO takes an
			// empty file, and would make one that everybody may read.
			f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
			if err != nil {
				return fmt.Errorf("copying the casework database: %w", err)
			}
			defer f.Close() //nolint:errcheck // Sync said it
			// VACUUM INTO reads one state of the database, on a connection
			// of its own: one that may write, and that nobody waits for.
			copier, err := open(path, "", 1)
			if err != nil {
				return err
			}
			defer copier.Close() //nolint:errcheck // it changed nothing here
			if _, err := copier.ExecContext(ctx, `VACUUM INTO ?`, to); err != nil {
				_ = os.Remove(to)
				return fmt.Errorf("copying the casework database: %w", err)
			}
			if err := f.Sync(); err != nil {
				return fmt.Errorf("copying the casework database: %w", err)
			}
			return nil
		},
	}), nil
}

// open opens a pool of at most n connections. synchronous=FULL makes a
// committed transaction survive the machine, not only the process.
func open(path, more string, n int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=busy_timeout(10000)"+more)
	if err != nil {
		return nil, fmt.Errorf("opening the casework database: %w", err)
	}
	db.SetMaxOpenConns(n)
	return db, nil
}
