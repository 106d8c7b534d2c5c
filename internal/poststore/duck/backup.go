package duck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/akashi-project/akashi/internal/poststore"
)

// BackupFile is the name of the store in a backup's folder. It is a store as any
// other: to restore it, put it in the place of the file.
const BackupFile = "posts.duckdb"

func size(path string) int64 {
	if i, err := os.Stat(path); err == nil {
		return i.Size()
	}
	return 0
}

// Backup writes the store as it is now to BackupFile in the folder. It copies in
// one transaction, beside which posts are appended and read, and only what is
// there: nothing that was deleted.
func (s *Store) Backup(ctx context.Context, dir string) (err error) {
	if err := poststore.EmptyDir(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, BackupFile)
	if err := s.copyTo(ctx, path); err != nil {
		return errors.Join(fmt.Errorf("backing up the post store: %w", err), remove(path), remove(path+".wal"))
	}
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Store) copyTo(ctx context.Context, path string) error {
	c, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	var main string
	if err := c.QueryRowContext(ctx, "SELECT current_database()").Scan(&main); err != nil {
		return err
	}
	quoted := func(v string, q string) string { return q + strings.ReplaceAll(v, q, q+q) + q }
	// A statement that names files and databases takes no arguments.
	if _, err := c.ExecContext(ctx, "ATTACH "+quoted(path, "'")+" AS backup"); err != nil {
		return err
	}
	copyErr := copyAll(ctx, c, quoted(main, `"`))
	// The file is closed whatever happens.
	_, err = c.ExecContext(context.WithoutCancel(ctx), "DETACH backup")
	return errors.Join(copyErr, err)
}

func copyAll(ctx context.Context, c *sql.Conn, main string) error {
	for _, step := range []string{"BEGIN TRANSACTION", "COPY FROM DATABASE " + main + " TO backup", "COMMIT", "CHECKPOINT backup"} {
		if _, err := c.ExecContext(ctx, step); err != nil {
			_, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
			return err
		}
	}
	return nil
}
