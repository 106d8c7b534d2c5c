package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/akashi-project/akashi/internal/backup"
)

// Sources are what a backup of this instance copies: it may be running.
func (a *App) Sources() backup.Sources {
	return backup.Sources{
		Casework: a.DB, Posts: a.Posts, LogDir: a.Config.LogDir(), KeysDir: filepath.Dir(a.Config.KeyFile()),
		ConfigPath: a.options.ConfigFile, Version: a.options.Version,
	}
}

// copiesName is how folders are called in which a backup makes its copies.
const copiesName = ".backup-*"

// sweepCopies removes the folders of backups that were killed.
func sweepCopies(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for unfinished backups: %w", err)
	}
	for _, e := range entries {
		if ok, err := filepath.Match(copiesName, e.Name()); err != nil || !ok {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("removing an unfinished backup: %w", err)
		}
	}
	return nil
}

// Backup writes a backup to w while everything goes on. The copies are made
// beside the data first, where as much room as the data takes is needed;
// nothing is written to w before they are whole. One backup is made at a time.
func (a *App) Backup(ctx context.Context, w io.Writer) (err error) {
	select {
	case a.copying <- struct{}{}:
		defer func() { <-a.copying }()
	case <-ctx.Done():
		return fmt.Errorf("waiting for another backup: %w", ctx.Err())
	}
	work, err := os.MkdirTemp(a.Config.Data.Dir, copiesName)
	if err != nil {
		return fmt.Errorf("making a folder for the copies: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	_, err = backup.Write(ctx, a.Sources(), w, work)
	return err //nolint:wrapcheck // says it all
}
