package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/akashi-project/akashi/internal/audit"
)

// The paths of the parts in a backup and in a restored data folder. What the
// post store writes lies beside them, under the names that it gives.
const (
	CaseworkFile = "casework.db"
	LogDir       = "log"
	KeysDir      = "keys"
	ConfigFile   = "config/akashi.yaml"
)

// Sources are the parts of a running instance. Empty ones are left out.
type Sources struct {
	// Casework writes a copy of the casework database to a file that is not
	// there (*casestore.DB).
	Casework interface {
		Backup(ctx context.Context, path string) error
	}
	// Posts writes a copy of the post store into an empty folder.
	Posts interface {
		Backup(ctx context.Context, dir string) error
	}
	// LogDir is the log's folder, KeysDir that of the keys, ConfigPath the
	// configuration, which a restore puts aside and nobody uses from there.
	LogDir, KeysDir, ConfigPath string
	// Extra are further folders, by their name in the data folder.
	Extra map[string]string
	// Version is the program's.
	Version string
}

// WriteFile writes a backup to the file path, which must not be there yet, and
// which only its owner may read. The copies are put beside it first, in a folder
// that is removed again: as much room as the data takes is needed there, and
// that of the backup.
func WriteFile(ctx context.Context, s Sources, path string) (_ Manifest, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the backup %s: %w", path, err)
		}
	}()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, errors.Join(err, fs.ErrExist)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Manifest{}, err //nolint:wrapcheck // wrapped above
	}
	work, err := os.MkdirTemp(dir, ".akashi-backup-*")
	if err != nil {
		return Manifest{}, err //nolint:wrapcheck // wrapped above
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	out, err := os.OpenFile(filepath.Join(work, "backup"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Manifest{}, err //nolint:wrapcheck // wrapped above
	}
	m, err := Write(ctx, s, out, work)
	if err == nil {
		err = out.Sync()
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return m, err
	}
	// A link, unlike a renaming, never takes the place of another file.
	if err := os.Link(out.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return m, err //nolint:wrapcheck // wrapped above
		}
		if err := os.Rename(out.Name(), path); err != nil { // no links here
			return m, err //nolint:wrapcheck // wrapped above
		}
	}
	return m, syncDir(dir)
}

// Write writes a backup to w. work is a folder for the copies, into which Write
// puts one of its own that it removes.
func Write(ctx context.Context, s Sources, w io.Writer, work string) (_ Manifest, err error) {
	m := Manifest{Format: format, Made: time.Now().UTC().Truncate(time.Second), Version: s.Version}
	stage, err := os.MkdirTemp(work, "copies-*")
	if err != nil {
		return m, fmt.Errorf("making a folder for the copies: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(stage)) }()
	if m.Checkpoint, err = copyParts(ctx, s, stage); err != nil {
		return m, err
	}
	if m.Files, err = list(ctx, stage); err != nil {
		return m, fmt.Errorf("reading the copies: %w", err)
	}
	manifest, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return m, fmt.Errorf("writing the list of files: %w", err)
	}
	if _, err := parseManifest(manifest, 1<<50); err != nil {
		return m, fmt.Errorf("a backup of these files could not be restored: %w", err)
	}
	sum := sha256.New()
	z, err := zstd.NewWriter(io.MultiWriter(w, sum), zstd.WithEncoderCRC(true))
	if err != nil {
		return m, fmt.Errorf("compressing: %w", err)
	}
	err = pack(ctx, z, m, manifest, stage)
	if err := errors.Join(err, z.Close()); err != nil {
		return m, err
	}
	if _, err := w.Write(append(slices.Clone(sealHead), sum.Sum(nil)...)); err != nil {
		return m, fmt.Errorf("writing: %w", err)
	}
	return m, nil
}

// sealHead begins the frame at the end: a skippable frame (RFC 8878, section
// 3.1.2) of 32 bytes.
var sealHead = []byte{0x5a, 0x2a, 0x4d, 0x18, 32, 0, 0, 0}

// copyParts copies the parts, in the order that the package's documentation
// gives reasons for.
func copyParts(ctx context.Context, s Sources, stage string) (checkpoint string, err error) {
	if s.Casework != nil {
		if err := s.Casework.Backup(ctx, filepath.Join(stage, CaseworkFile)); err != nil {
			return "", fmt.Errorf("copying the casework: %w", err)
		}
	}
	if s.Posts != nil {
		if err := copyPosts(ctx, s, stage); err != nil {
			return "", fmt.Errorf("copying the posts: %w", err)
		}
	}
	folders := map[string]string{}
	maps.Copy(folders, s.Extra)
	if s.KeysDir != "" {
		folders[KeysDir] = s.KeysDir
	}
	for name, dir := range folders {
		if err := copyFolder(ctx, dir, filepath.Join(stage, filepath.FromSlash(name))); err != nil {
			return "", fmt.Errorf("copying %s: %w", name, err)
		}
	}
	if s.ConfigPath != "" {
		if err := copyFile(s.ConfigPath, filepath.Join(stage, filepath.FromSlash(ConfigFile))); err != nil {
			return "", fmt.Errorf("copying the configuration: %w", err)
		}
	}
	if s.LogDir != "" {
		if checkpoint, err = audit.Copy(ctx, s.LogDir, filepath.Join(stage, LogDir)); err != nil {
			return "", err //nolint:wrapcheck // says it all
		}
	}
	return checkpoint, nil
}

// copyPosts has the post store write into a folder of its own and moves what it
// wrote beside the other parts.
func copyPosts(ctx context.Context, s Sources, stage string) error {
	dir := filepath.Join(stage, ".posts")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err //nolint:wrapcheck // wrapped by copyParts
	}
	if err := s.Posts.Backup(ctx, dir); err != nil {
		return err //nolint:wrapcheck // wrapped by copyParts
	}
	written, err := os.ReadDir(dir)
	if err != nil {
		return err //nolint:wrapcheck // wrapped by copyParts
	}
	for _, e := range written {
		to := filepath.Join(stage, e.Name())
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) || slices.Contains([]string{LogDir, KeysDir, "config"}, e.Name()) {
			return fmt.Errorf("%s: %w", e.Name(), fs.ErrExist)
		}
		if err := os.Rename(filepath.Join(dir, e.Name()), to); err != nil {
			return err //nolint:wrapcheck // wrapped by copyParts
		}
	}
	return os.Remove(dir) //nolint:wrapcheck // wrapped by copyParts
}

func copyFolder(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error { //nolint:wrapcheck // wrapped by copyParts
		if err = errors.Join(err, ctx.Err()); err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err //nolint:wrapcheck // wrapped by copyParts
		}
		return copyFile(path, filepath.Join(to, rel))
	})
}

var errPlain = errors.New("not a plain file")

func copyFile(from, to string) error {
	if i, err := os.Lstat(from); err != nil {
		return err //nolint:wrapcheck // wrapped by copyParts
	} else if !i.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", from, errPlain)
	}
	in, err := os.Open(from)
	if err != nil {
		return err //nolint:wrapcheck // wrapped by copyParts
	}
	defer in.Close() //nolint:errcheck // it was only read
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err //nolint:wrapcheck // wrapped by copyParts
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err //nolint:wrapcheck // wrapped by copyParts
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// list gives the files below a folder with their hashes, by path.
func list(ctx context.Context, dir string) ([]File, error) {
	var out []File
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || e.IsDir() {
			return err
		}
		if !e.Type().IsRegular() {
			return fmt.Errorf("%s: %w", path, errPlain)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err //nolint:wrapcheck // wrapped by Write
		}
		in, err := os.Open(path) //nolint:gosec // the folder was made by Write, for itself alone
		if err != nil {
			return err //nolint:wrapcheck // wrapped by Write
		}
		defer in.Close() //nolint:errcheck // it was only read
		sum := sha256.New()
		n, err := io.Copy(sum, stoppable{ctx, in})
		out = append(out, File{Path: filepath.ToSlash(rel), Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))})
		return err //nolint:wrapcheck // wrapped by Write
	})
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return out, err //nolint:wrapcheck // wrapped by Write
}

// stoppable ends reading when its context ends.
type stoppable struct {
	ctx context.Context //nolint:containedctx // it lives as long as one copying
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err //nolint:wrapcheck // the reader's own
	}
	return s.r.Read(p) //nolint:wrapcheck // the reader's own
}

// pack writes the archive.
func pack(ctx context.Context, w io.Writer, m Manifest, manifest []byte, stage string) error {
	t := tar.NewWriter(w)
	add := func(name string, size int64, r io.Reader) error {
		err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: m.Made, Format: tar.FormatPAX})
		if err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		if _, err := io.Copy(t, r); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		return nil
	}
	if err := add(manifestName, int64(len(manifest)), bytes.NewReader(manifest)); err != nil {
		return err
	}
	for _, f := range m.Files {
		in, err := os.Open(filepath.Join(stage, filepath.FromSlash(f.Path)))
		if err != nil {
			return fmt.Errorf("writing %s: %w", f.Path, err)
		}
		err = add(f.Path, f.Size, stoppable{ctx, in})
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return fmt.Errorf("writing the archive's end: %w", err)
	}
	return nil
}

// syncDir makes what was renamed in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening a folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
