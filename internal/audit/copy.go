package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	checkpoints "github.com/transparency-dev/formats/log"
)

// Copy writes the log in the folder dir, as its checkpoint is at one moment, to
// the folder to, which is made, and gives that checkpoint. The log may be
// written meanwhile: full files never change, and where one at the right edge
// is replaced before it was copied, Copy begins again with the checkpoint that
// replaced it. What is copied is what Verify accepts; Copy itself checks
// nothing.
func Copy(ctx context.Context, dir, to string) (checkpoint string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("copying the log in %s: %w", dir, err)
		}
	}()
	if err := os.MkdirAll(filepath.Join(to, stateDir), 0o700); err != nil {
		return "", err //nolint:wrapcheck // wrapped above
	}
	for {
		raw, err := os.ReadFile(filepath.Join(dir, checkpointFile))
		if err != nil {
			return "", err //nolint:wrapcheck // wrapped above
		}
		var cp checkpoints.Checkpoint
		if _, err := cp.Unmarshal(raw); err != nil {
			return "", err //nolint:wrapcheck // wrapped above
		}
		if cp.Size >= maxSize {
			return "", fmt.Errorf("%w: %d lines", ErrBroken, cp.Size)
		}
		moved, err := copyEdge(dir, to, raw, cp.Size)
		if err != nil {
			return "", err
		}
		if moved {
			continue
		}
		err = full(cp.Size, func(r resource) error {
			if err := ctx.Err(); err != nil {
				return err //nolint:wrapcheck // wrapped above
			}
			return copyFile(filepath.Join(dir, r.path()), filepath.Join(to, r.path()))
		})
		if err != nil {
			return "", err
		}
		if err := writeTree(to, treeState{Size: cp.Size, Root: cp.Hash}); err != nil {
			return "", err
		}
		return string(raw), writeFile(filepath.Join(to, checkpointFile), raw, 0o644)
	}
}

// copyEdge copies the files at the right edge of a tree. It says whether the log
// has moved on before all were copied, and removes those then.
func copyEdge(dir, to string, checkpoint []byte, size uint64) (moved bool, err error) {
	var done []string
	for _, r := range edge(size) {
		path := filepath.Join(to, r.path())
		err = copyFile(filepath.Join(dir, r.path()), path)
		if err == nil {
			done = append(done, path)
			continue
		}
		if now, errNow := os.ReadFile(filepath.Join(dir, checkpointFile)); errNow != nil || bytes.Equal(now, checkpoint) ||
			!errors.Is(err, fs.ErrNotExist) {
			return false, err // it did not move on: the file is missing
		}
		for _, path := range done {
			if err := os.Remove(path); err != nil {
				return false, err //nolint:wrapcheck // wrapped by Copy
			}
		}
		return true, nil
	}
	return false, nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from) // a few dozen kilobytes, see package layout
	if err != nil {
		return err //nolint:wrapcheck // wrapped by Copy
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err //nolint:wrapcheck // wrapped by Copy
	}
	return os.WriteFile(to, data, 0o600) //nolint:wrapcheck // wrapped by Copy
}
