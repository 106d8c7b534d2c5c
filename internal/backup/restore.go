package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrNotEmpty says that there is something in the folder to restore into.
var ErrNotEmpty = errors.New("the folder is not empty")

// ErrRoom says that the disk has not enough room.
var ErrRoom = errors.New("there is not enough room")

// Restored says what a restore did.
type Restored struct {
	Manifest Manifest
	// Dir is the data folder; Before is where the one that was there before
	// was put, empty where there was none.
	Dir, Before string
}

// Restore puts a backup in place as the data folder dir. All of it is unpacked
// beside dir and checked to the last byte before anything is put in place, in
// one renaming. A folder that is not empty is refused (ErrNotEmpty); with force
// it is renamed to DIR.before-TIME first. Nobody may use dir meanwhile.
//
// Where dir is a disk of its own, it has to be empty; the files are unpacked in
// it and moved up at the end, part by part, the casework last.
func Restore(ctx context.Context, path, dir string, force bool) (_ Restored, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("restoring %s into %s: %w", path, dir, err)
		}
	}()
	if dir, err = filepath.Abs(dir); err != nil {
		return Restored{}, err //nolint:wrapcheck // wrapped above
	}
	out := Restored{Dir: dir}
	there, err := look(dir)
	if err != nil {
		return out, err
	}
	if there.entries && (!force || there.mounted) {
		return out, ErrNotEmpty
	}
	parent := filepath.Dir(dir)
	if there.mounted {
		parent = dir
	} else if err := os.MkdirAll(parent, 0o700); err != nil {
		return out, err //nolint:wrapcheck // wrapped above
	}
	work, err := os.MkdirTemp(parent, ".restoring-*")
	if err != nil {
		return out, err //nolint:wrapcheck // wrapped above
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }() // gone if it was renamed
	out.Manifest, err = read(ctx, path, func(m Manifest) error { return room(work, m) }, func(f File) (io.WriteCloser, error) { return create(work, f) })
	if err != nil {
		return out, err
	}
	if err := syncDirs(work); err != nil {
		return out, err
	}
	if there.mounted {
		return out, moveUp(work, dir)
	}
	if there.entries {
		out.Before = dir + ".before-" + time.Now().UTC().Format("20060102T150405Z")
		if err := os.Rename(dir, out.Before); err != nil {
			return out, err //nolint:wrapcheck // wrapped above
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, err //nolint:wrapcheck // wrapped above
	}
	if err := os.Rename(work, dir); err != nil {
		if out.Before != "" {
			err = errors.Join(err, os.Rename(out.Before, dir))
		}
		return out, err
	}
	return out, syncDir(parent)
}

// folder is what there is where the data folder is to be.
type folder struct{ entries, mounted bool }

func look(dir string) (folder, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return folder{}, nil
	}
	if err != nil {
		return folder{}, err //nolint:wrapcheck // wrapped by Restore
	}
	out := folder{}
	for _, e := range list {
		out.entries = out.entries || e.Name() != "lost+found"
	}
	var own, above syscall.Stat_t
	if err := errors.Join(syscall.Stat(dir, &own), syscall.Stat(filepath.Dir(dir), &above)); err != nil {
		return out, err
	}
	out.mounted = own.Dev != above.Dev
	return out, nil
}

// room says ErrRoom where a backup's files do not fit on the disk.
func room(dir string, m Manifest) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return fmt.Errorf("asking for free room: %w", err)
	}
	if free := s.Bavail * uint64(s.Bsize); uint64(m.Size()) > free {
		return fmt.Errorf("%w: %d bytes are needed, %d are free", ErrRoom, m.Size(), free)
	}
	return nil
}

// moveUp moves what is in work to the folder dir, in which work is.
func moveUp(work, dir string) error {
	list, err := os.ReadDir(work)
	if err != nil {
		return err //nolint:wrapcheck // wrapped by Restore
	}
	last := ""
	for _, e := range list {
		if e.Name() == CaseworkFile {
			last = e.Name()
			continue
		}
		if err := os.Rename(filepath.Join(work, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err //nolint:wrapcheck // wrapped by Restore
		}
	}
	if last != "" {
		if err := os.Rename(filepath.Join(work, last), filepath.Join(dir, last)); err != nil {
			return err //nolint:wrapcheck // wrapped by Restore
		}
	}
	return syncDir(dir)
}

// syncDirs makes the names of all files below a folder durable.
func syncDirs(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error { //nolint:wrapcheck // wrapped by Restore
		if err != nil || !e.IsDir() {
			return err
		}
		return syncDir(path)
	})
}
