package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/backup"
	"github.com/akashi-project/akashi/internal/casestore"
)

type backupCmd struct {
	File   string `arg:"" optional:"" name:"FILE" help:"The file to write; it must not be there. [akashi-TIME in the folder backup.dir]"`
	Output string `short:"o" placeholder:"FILE" help:"The file to write, said by a flag."`
	Server string `group:"Server" placeholder:"URL" help:"Have this server write the backup, while it runs."`

	TokenFlags    `embed:""`
	InstanceFlags `embed:""`
}

// Help is the manual's text.
func (*backupCmd) Help() string {
	return `Writes everything of an instance into one file: casework, posts, keys, configuration, log. The file holds the ` +
		`posts and the keys: keep it as you keep the data itself. While a service runs on the data, ask it: with --server.

Examples:
  akashi backup /srv/backup/akashi-2026-11-01
  akashi backup --server http://localhost:8470 --token-file token -o /srv/backup/akashi-2026-11-01`
}

// Run backs up.
func (b *backupCmd) Run(ctx context.Context, a *app) error {
	switch {
	case b.File != "" && b.Output != "":
		return usagef("say once which file to write: FILE or --output FILE")
	case b.File == "" && b.Output == "" && b.Server != "":
		return usagef("say which file to write: FILE or --output FILE")
	case b.File == "":
		b.File = b.Output
	}
	if b.Server != "" {
		return b.ask(ctx, a)
	}
	built, err := b.open(ctx, a, nil)
	if err != nil {
		return locked(err, "akashi backup", auth.OperateBackup)
	}
	if b.File == "" {
		b.File = filepath.Join(built.Config.Backup.Dir, "akashi-"+time.Now().UTC().Format("20060102T150405Z")+".tar.zst")
		if err := os.MkdirAll(built.Config.Backup.Dir, 0o700); err != nil {
			return closing(built, outputError(fmt.Errorf("making the folder of backups: %w", err)))
		}
	}
	err = built.DB.Record(onThisMachine(ctx), casestore.Line{Action: string(auth.OperateBackup)})
	if err == nil {
		_, err = backup.WriteFile(ctx, built.Sources(), b.File)
	}
	if err == nil {
		fmt.Fprintf(a.stdout, "%s\n", b.File)
	}
	return closing(built, outputError(err))
}

// ask has a server write the backup. What came is checked to the last byte
// before it has its name.
func (b *backupCmd) ask(ctx context.Context, a *app) (err error) {
	s, err := b.dial(b.Server)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(b.File); !errors.Is(err, fs.ErrNotExist) {
		return outputError(fmt.Errorf("%s: %w", b.File, errors.Join(err, fs.ErrExist)))
	}
	partial := b.File + ".partial"
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return outputError(fmt.Errorf("creating: %w", err))
	}
	defer func() {
		if err != nil {
			_ = os.Remove(partial)
		}
	}()
	_, err = s.Download(ctx, "/backup", nil, f)
	if err != nil {
		return errors.Join(refused(err), f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return outputError(fmt.Errorf("writing %s: %w", partial, err))
	}
	if _, err := backup.Verify(ctx, partial); err != nil {
		return inputError(err)
	}
	if err := os.Rename(partial, b.File); err != nil {
		return outputError(fmt.Errorf("naming the backup: %w", err))
	}
	_, err = fmt.Fprintln(a.stdout, b.File)
	return outputError(err)
}

type restoreCmd struct {
	File  string `arg:"" name:"FILE" help:"A file that \"akashi backup\" wrote."`
	Force bool   `help:"Put a data folder that is not empty aside, under another name."`

	InstanceFlags `embed:""`
}

// Run checks the whole file, then restores it.
func (r *restoreCmd) Run(ctx context.Context, a *app) error {
	c, err := r.load(nil)
	if err != nil {
		return err
	}
	done, err := backup.Restore(ctx, r.File, c.Data.Dir, r.Force)
	if err != nil {
		return inputError(err)
	}
	fmt.Fprintf(a.stdout, "restored into %s\n", done.Dir)
	return nil
}
