package backup

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrDamaged says that a file is not a backup, or not a whole one, or was
// changed since it was written.
var ErrDamaged = errors.New("the backup is damaged")

const (
	format       = "akashi-backup/1"
	manifestName = "manifest.json"
	maxManifest  = 64 << 20 // bytes
	maxFiles     = 500_000
	// A backup holds no more than so many times its own size, and a gigabyte:
	// real ones hold ten times as much, a file made to fill a disk more.
	maxRatio, maxFree = 1000, 1 << 30
)

// Manifest says what a backup holds.
type Manifest struct {
	Format string `json:"format"`
	// Made is when the backup was begun, UTC.
	Made time.Time `json:"made"`
	// Version is the program's that made it.
	Version string `json:"version"`
	// Checkpoint is that of the log in the backup; empty without a log.
	Checkpoint string `json:"checkpoint,omitempty"`
	Files      []File `json:"files"`
}

// File is a file in a backup.
type File struct {
	Path   string `json:"path"` // in the data folder, with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Size is the number of bytes that the backup's files have together.
func (m Manifest) Size() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// parseManifest reads a manifest that may come from anybody; archive is the size
// of the file that it is in.
func parseManifest(data []byte, archive int64) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%w: reading its list of files: %w", ErrDamaged, err)
	}
	if m.Format != format {
		return m, fmt.Errorf("%w: its format is %.40q, expected %s", ErrDamaged, m.Format, format)
	}
	if len(m.Files) > maxFiles {
		return m, fmt.Errorf("%w: it lists %d files", ErrDamaged, len(m.Files))
	}
	allowed := archive*maxRatio + maxFree
	names, folders := map[string]bool{}, map[string]bool{}
	for _, f := range m.Files {
		if !safe(f.Path) {
			return m, fmt.Errorf("%w: it lists a file %.100q, which has no place in a data folder", ErrDamaged, f.Path)
		}
		// Some file systems know no difference between a and A.
		name := strings.ToLower(f.Path)
		if names[name] {
			return m, fmt.Errorf("%w: it lists %.100q twice", ErrDamaged, f.Path)
		}
		names[name] = true
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			folders[dir] = true
		}
		sum, err := hex.DecodeString(f.SHA256)
		if err != nil || len(sum) != 32 || strings.ToLower(f.SHA256) != f.SHA256 {
			return m, fmt.Errorf("%w: %.100q has no SHA-256", ErrDamaged, f.Path)
		}
		if f.Size < 0 || f.Size > allowed {
			return m, fmt.Errorf("%w: its files are to have far more bytes than it can hold", ErrDamaged)
		}
		allowed -= f.Size
	}
	for name := range names {
		if folders[name] {
			return m, fmt.Errorf("%w: it lists %.100q as a file and as a folder", ErrDamaged, name)
		}
	}
	return m, nil
}

// safe says whether a path stays in the folder that it is put into, on any
// system.
func safe(p string) bool {
	return p != manifestName && len(p) <= 400 && strings.Count(p, "/") < 16 && utf8.ValidString(p) &&
		path.Clean(p) == p && filepath.IsLocal(p) && p != "." && !strings.HasPrefix(p, ".restor") &&
		!strings.ContainsFunc(p, func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`\:*?"<>|`, r) })
}
