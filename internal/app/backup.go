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
	work, err := os.MkdirTemp(a.Config.Data.Dir, ".backup-*")
	if err != nil {
		return fmt.Errorf("making a folder for the copies: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	_, err = backup.Write(ctx, a.Sources(), w, work)
	return err //nolint:wrapcheck // says it all
}
