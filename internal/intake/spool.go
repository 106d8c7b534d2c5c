package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/akashi-project/akashi/internal/casestore"
)

// ErrTooLarge says that an upload is larger than Options.MaxUpload.
var ErrTooLarge = errors.New("the file is larger than an upload may be")

// File is a file to be imported.
type File struct {
	// Name is what people call it: the last part of its path, without
	// control characters.
	Name string
	// Path is where it lies; Spooled says that it is a copy which the
	// import removes when it ends.
	Path    string
	Spooled bool
	// Size is in bytes; SHA256 is of the whole content, in hexadecimal.
	Size   int64
	SHA256 string
}

// Local looks at a file where it lies.
func Local(ctx context.Context, path string) (File, error) {
	in, err := os.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("opening the file to import: %w", err)
	}
	defer in.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	n, err := io.Copy(hash, patient{ctx, in})
	if err != nil {
		return File{}, fmt.Errorf("reading %s: %w", path, err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return File{}, fmt.Errorf("finding the file to import: %w", err)
	}
	return File{Name: fileName(path), Path: path, Size: n, SHA256: hex.EncodeToString(hash.Sum(nil))}, nil
}

// spoolSuffix ends the names of spooled files.
const spoolSuffix = ".upload"

// MaxUpload is how many bytes an upload may have.
func (s *Service) MaxUpload() int64 { return s.o.MaxUpload }

// Spool writes an upload to a file in Options.Dir that its owner alone may
// read, for Add. ErrTooLarge says that it has more than Options.MaxUpload bytes.
// A file that is never added is removed by Sweep, or at once by Discard.
func (s *Service) Spool(ctx context.Context, name string, r io.Reader) (File, error) {
	f, err := s.spool(ctx, name, r)
	if err != nil {
		return File{}, fmt.Errorf("keeping an upload: %w", err)
	}
	return f, nil
}

func (s *Service) spool(ctx context.Context, name string, r io.Reader) (f File, err error) {
	if err := os.MkdirAll(s.o.Dir, 0o700); err != nil {
		return f, err //nolint:wrapcheck // wrapped by Spool
	}
	f = File{Name: fileName(name), Path: filepath.Join(s.o.Dir, casestore.NewID()+spoolSuffix), Spooled: true}
	if f.Path, err = filepath.Abs(f.Path); err != nil {
		return f, err //nolint:wrapcheck // wrapped by Spool
	}
	out, err := os.OpenFile(f.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return f, err //nolint:wrapcheck // wrapped by Spool
	}
	defer func() {
		err = errors.Join(err, out.Close())
		if err != nil {
			_ = os.Remove(f.Path)
		}
	}()
	hash := sha256.New()
	f.Size, err = io.Copy(io.MultiWriter(out, hash), io.LimitReader(patient{ctx, r}, s.o.MaxUpload+1))
	if err != nil {
		return f, err //nolint:wrapcheck // wrapped by Spool
	}
	if f.Size > s.o.MaxUpload {
		return f, fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, s.o.MaxUpload)
	}
	f.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return f, out.Sync() //nolint:wrapcheck // wrapped by Spool
}

// Discard removes a spooled file that was not added.
func (s *Service) Discard(f File) {
	if f.Spooled {
		_ = os.Remove(f.Path)
	}
}

// unclaimed is how old a spooled file is that nobody will add any more.
const unclaimed = 24 * time.Hour

// Sweep removes spooled files that belong to no import which may go on. It is
// for the start of the program and for once in a while.
func (s *Service) Sweep(ctx context.Context) error {
	files, err := filepath.Glob(filepath.Join(s.o.Dir, "*"+spoolSuffix))
	if err != nil {
		return fmt.Errorf("looking for spooled files: %w", err)
	}
	wanted := map[string]bool{}
	all, err := s.list(ctx, `WHERE spooled = 1 AND state IN ('waiting', 'running', 'interrupted')`)
	if err != nil {
		return fmt.Errorf("looking for spooled files: %w", err)
	}
	for i := range all {
		wanted[filepath.Base(all[i].File.Path)] = true
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || wanted[filepath.Base(f)] || s.db.Now().Sub(info.ModTime()) < unclaimed {
			continue
		}
		if err := os.Remove(f); err != nil {
			return fmt.Errorf("removing a spooled file: %w", err)
		}
	}
	return nil
}

// fileName gives the last part of a path as it may be shown.
func fileName(path string) string {
	path = strings.ToValidUTF8(path, "\ufffd")
	path = path[strings.LastIndexAny(path, `/\`)+1:]
	name := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, path)))
	const longest = 200
	if len(name) > longest {
		name = name[len(name)-longest:]
	}
	if len(name) == 0 {
		return "-"
	}
	return string(name)
}

// patient reads until its context is done.
type patient struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call
	r   io.Reader
}

// Read is io.Reader's.
func (p patient) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, context.Cause(p.ctx) //nolint:wrapcheck // the caller's own
	}
	return p.r.Read(b) //nolint:wrapcheck // an io.Reader passes io.EOF on
}
