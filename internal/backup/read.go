package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// Verify reads a backup from the first to the last byte and checks every hash,
// without putting anything anywhere. The error is ErrDamaged where it is not
// whole.
func Verify(ctx context.Context, path string) (Manifest, error) {
	m, err := read(ctx, path, func(Manifest) error { return nil }, func(File) (io.WriteCloser, error) { return discard{}, nil })
	if err != nil {
		return m, fmt.Errorf("verifying the backup %s: %w", path, err)
	}
	return m, nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// read reads a backup: begin hears what it claims to hold, and put gives where
// to write each file. What is written may be believed when read has returned
// without an error, and not before.
func read(ctx context.Context, path string, begin func(Manifest) error, put func(File) (io.WriteCloser, error)) (m Manifest, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, err //nolint:wrapcheck // wrapped by callers
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return m, err //nolint:wrapcheck // wrapped by callers
	}
	sealed := info.Size() - int64(len(sealHead)) - sha256.Size
	if !info.Mode().IsRegular() || sealed <= 0 {
		return m, fmt.Errorf("%w: it is too short, or not a file", ErrDamaged)
	}
	seal := make([]byte, len(sealHead)+sha256.Size)
	if _, err := f.ReadAt(seal, sealed); err != nil {
		return m, err //nolint:wrapcheck // wrapped by callers
	}
	if !bytes.HasPrefix(seal, sealHead) {
		return m, fmt.Errorf("%w: its end is missing", ErrDamaged)
	}
	sum := sha256.New()
	in := io.TeeReader(stoppable{ctx, io.LimitReader(f, sealed)}, sum)
	z, err := zstd.NewReader(in, zstd.WithDecoderMaxWindow(64<<20), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer z.Close()
	if m, err = unpack(ctx, z, info.Size(), begin, put); err != nil {
		return m, err
	}
	// What follows the archive's end is nothing, and all of it was sealed.
	if n, err := io.Copy(io.Discard, z); err != nil || n > 0 {
		return m, fmt.Errorf("%w: %d bytes follow its end (%w)", ErrDamaged, n, errors.Join(err, ctx.Err()))
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return m, err //nolint:wrapcheck // wrapped by callers
	}
	if !bytes.Equal(sum.Sum(nil), seal[len(sealHead):]) {
		return m, fmt.Errorf("%w: its bytes are not those that were written", ErrDamaged)
	}
	return m, nil
}

// unpack reads the archive: the list of files, and then exactly those.
func unpack(ctx context.Context, r io.Reader, archive int64, begin func(Manifest) error, put func(File) (io.WriteCloser, error)) (Manifest, error) {
	damaged := func(err error, doing string) error {
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // wrapped by callers
		}
		return fmt.Errorf("%w: %s: %w", ErrDamaged, doing, err)
	}
	t := tar.NewReader(r)
	h, err := t.Next()
	if err != nil {
		return Manifest{}, damaged(err, "reading its beginning")
	}
	if h.Name != manifestName || h.Typeflag != tar.TypeReg || h.Size > maxManifest {
		return Manifest{}, fmt.Errorf("%w: it does not begin with a list of its files", ErrDamaged)
	}
	data, err := io.ReadAll(t)
	if err != nil {
		return Manifest{}, damaged(err, "reading its list of files")
	}
	m, err := parseManifest(data, archive)
	if err != nil {
		return m, err
	}
	if err := begin(m); err != nil {
		return m, err
	}
	for _, f := range m.Files {
		h, err := t.Next()
		if err != nil {
			return m, damaged(err, "looking for "+f.Path)
		}
		if h.Name != f.Path || h.Typeflag != tar.TypeReg || h.Size != f.Size {
			return m, fmt.Errorf("%w: %.100q comes where %s is to come", ErrDamaged, h.Name, f.Path)
		}
		w, err := put(f)
		if err != nil {
			return m, err
		}
		sum := sha256.New()
		kept := &keeping{w: w}
		_, err = io.Copy(io.MultiWriter(kept, sum), t) //nolint:gosec // as much as the header says, which was compared with the bounded list
		if errClose := w.Close(); kept.err != nil || errClose != nil {
			return m, fmt.Errorf("writing %s: %w", f.Path, errors.Join(kept.err, errClose))
		}
		if err != nil {
			return m, damaged(err, "reading "+f.Path)
		}
		if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
			return m, fmt.Errorf("%w: %s is not what was written", ErrDamaged, f.Path)
		}
	}
	if _, err := t.Next(); err != io.EOF {
		return m, fmt.Errorf("%w: more follows than it lists", ErrDamaged)
	}
	return m, nil
}

// keeping keeps the error of a writer, to tell it from a reader's.
type keeping struct {
	w   io.Writer
	err error
}

func (k *keeping) Write(p []byte) (int, error) {
	n, err := k.w.Write(p)
	k.err = err
	return n, err //nolint:wrapcheck // the writer's own
}

// durable is a file that is on the disk when it is closed.
type durable struct{ *os.File }

func (d durable) Close() error { return errors.Join(d.Sync(), d.File.Close()) }

// create makes the file of a backup below a folder.
func create(dir string, f File) (io.WriteCloser, error) {
	path := filepath.Join(dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err //nolint:wrapcheck // wrapped by callers
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped by callers
	}
	return durable{out}, nil
}
