package casestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// ErrNewer says that a newer version of the program has migrated the database.
var ErrNewer = errors.New("the database was made by a newer version of Akashi")

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings a database's tables up to what this version of the program
// needs, and gives the version they are at. Files in migrations are numbered
// and never changed once released. Running it again changes nothing. A
// database whose tables are newer than the program is left as it is (ErrNewer).
func Migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB) (int64, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, fmt.Errorf("reading the migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		return 0, fmt.Errorf("reading the migrations: %w", err)
	}
	at, last, err := p.GetVersions(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the version of the casework database: %w", err)
	}
	if at > last {
		return 0, fmt.Errorf("%w: its tables are at version %d, this program knows %d; use the newer program, or restore a backup made before it",
			ErrNewer, at, last)
	}
	if _, err := p.Up(ctx); err != nil {
		return 0, fmt.Errorf("migrating the casework database: %w", err)
	}
	v, err := p.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the version of the casework database: %w", err)
	}
	return v, nil
}
