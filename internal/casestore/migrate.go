package casestore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings a database's tables up to what this version of the program
// needs, and gives the version they are at. Files in migrations are numbered
// and never changed once released.
func Migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB) (int64, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, fmt.Errorf("reading the migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		return 0, fmt.Errorf("reading the migrations: %w", err)
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
