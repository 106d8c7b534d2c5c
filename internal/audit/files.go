package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/transparency-dev/tessera/api/layout"
)

const (
	checkpointFile = layout.CheckpointPath
	stateDir       = ".state"
	treeStateFile  = stateDir + "/treeState"
	versionFile    = stateDir + "/version"
	version        = "1"
	ownerFile      = stateDir + "/akashi.lock"
	width          = layout.TileWidth
	// levels of tiles, and lines of a log, at most; so that no sum here
	// can overflow.
	levels  = 6
	maxSize = uint64(1) << (8 * levels)
)

// treeState is tessera's own file: the tree that is written, whether or not a
// checkpoint is signed for it.
type treeState struct {
	Size uint64 `json:"size"`
	Root []byte `json:"root"`
}

// kind is what a file of the log is.
type kind int

const (
	other    kind = iota // no file of the log
	leftover             // of a write that was cut off; holds nothing that counts
	state                // below .state
	head                 // the checkpoint
	entries              // lines
	hashes               // a tile of the tree
)

// resource is a file of lines or hashes.
type resource struct {
	kind    kind
	level   uint64 // of hashes
	index   uint64
	partial uint8 // number of lines or hashes in a file that is not full; 0: full
}

func (r resource) path() string {
	if r.kind == entries {
		return layout.EntriesPath(r.index, r.partial)
	}
	return layout.TilePath(r.level, r.index, r.partial)
}

// count is the number of lines or hashes in the file.
func (r resource) count() int {
	if r.partial == 0 {
		return width
	}
	return int(r.partial)
}

// end is the size of tree from which on the file can be there.
func (r resource) end() uint64 {
	return (r.index*width + uint64(r.count())) << (8 * r.level)
}

// classify says what the file with this path, relative to the log's folder and
// with slashes, is.
func classify(path string) resource {
	switch path {
	case checkpointFile:
		return resource{kind: head}
	case treeStateFile, versionFile, ownerFile, stateDir + "/treeState.lock", stateDir + "/publish.lock":
		return resource{kind: state}
	}
	if r, ok := parseResource(path); ok {
		return r
	}
	// Files are written under their name with a number behind it, and renamed.
	for cut := len(path) - 1; cut > 0 && path[cut] >= '0' && path[cut] <= '9'; cut-- {
		if name := path[:cut]; name == checkpointFile || strings.HasPrefix(name, stateDir+"/") && classify(name).kind == state {
			return resource{kind: leftover}
		} else if _, ok := parseResource(name); ok {
			return resource{kind: leftover}
		}
	}
	return resource{kind: other}
}

func parseResource(path string) (resource, bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return resource{}, false
	}
	level, number, ok := strings.Cut(rest, "/")
	if !ok {
		return resource{}, false
	}
	r := resource{kind: hashes}
	var err error
	if level == "entries" {
		r.kind = entries
	} else if r.level, err = layout.ParseTileLevel(level); err != nil || r.level >= levels {
		return resource{}, false
	}
	if r.index, r.partial, err = layout.ParseTileIndexPartial(number); err != nil || r.index >= maxSize>>8>>(8*r.level) {
		return resource{}, false
	}
	return r, r.path() == path // written the one right way
}

// edge gives the files at the right edge of a tree: those that are not full.
func edge(size uint64) []resource {
	var out []resource
	for level := range uint64(levels) {
		n := size >> (8 * level)
		if n == 0 {
			break
		}
		if n%width == 0 {
			continue
		}
		r := resource{kind: hashes, level: level, index: n / width, partial: uint8(n % width)}
		out = append(out, r)
		if level == 0 {
			r.kind = entries
			out = append(out, r)
		}
	}
	return out
}

// full calls f for the full files of a tree.
func full(size uint64, f func(resource) error) error {
	for level := range uint64(levels) {
		n := size >> (8 * level) / width
		for index := range n {
			if err := f(resource{kind: hashes, level: level, index: index}); err != nil {
				return err
			}
			if level > 0 {
				continue
			}
			if err := f(resource{kind: entries, index: index}); err != nil {
				return err
			}
		}
		if n == 0 {
			break
		}
	}
	return nil
}

// walk calls f for every file below dir, with its path relative to dir.
func walk(dir string, f func(path string, e fs.DirEntry) error) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error { //nolint:wrapcheck // wrapped by callers
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && path != dir {
				return nil // a file that was replaced while we looked
			}
			return err
		}
		if e.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err //nolint:wrapcheck // wrapped by callers
		}
		return f(filepath.ToSlash(rel), e)
	})
}

// writeFile puts a file in place whole, and returns when it is durable.
func writeFile(path string, data []byte, mode fs.FileMode) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	temporary := path + strconv.Itoa(os.Getpid()) // looks like tessera's: see classify
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes what was renamed in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening a folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
