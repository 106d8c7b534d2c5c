package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/backup"
	"github.com/akashi-project/akashi/internal/casestore"
)

type backupCmd struct {
	File string `arg:"" optional:"" name:"FILE" help:"The file to write; it must not be there. [a name with the time, in the folder of backup.dir]"`

	InstanceFlags `embed:""`
}

// Help is the manual's text.
func (*backupCmd) Help() string {
	return `Writes everything of an instance into one file: casework, posts, keys, configuration, log. The file holds the ` +
		`posts and the keys: keep it as you keep the data itself. In this version the service must be stopped meanwhile.`
}

// Run backs up.
func (b *backupCmd) Run(ctx context.Context, a *app) error {
	built, err := b.open(ctx, a, nil)
	if err != nil {
		return err
	}
	c := built.Config
	if b.File == "" {
		b.File = filepath.Join(c.Backup.Dir, "akashi-"+time.Now().UTC().Format("20060102T150405Z")+".tar.zst")
		if err := os.MkdirAll(c.Backup.Dir, 0o700); err != nil {
			return closing(built, outputError(fmt.Errorf("making the folder of backups: %w", err)))
		}
	}
	err = built.DB.Record(onThisMachine(ctx), casestore.Line{Action: string(auth.OperateBackup)})
	if err == nil {
		_, err = backup.WriteFile(ctx, backup.Sources{
			Casework: built.DB, Posts: built.Posts, LogDir: c.LogDir(), KeysDir: filepath.Dir(c.KeyFile()),
			ConfigPath: b.Config, Version: version().String(),
		}, b.File)
	}
	if err == nil {
		fmt.Fprintf(a.stdout, "%s\n", b.File)
	}
	return closing(built, outputError(err))
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
