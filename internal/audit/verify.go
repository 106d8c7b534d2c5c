package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// Problem is something wrong with a file of the log.
type Problem struct {
	File string `json:"file"` // relative to the log's folder, with slashes
	What string `json:"what"`
}

func (p Problem) String() string { return p.File + ": " + p.What }

// Report says what Verify found.
type Report struct {
	Origin string `json:"origin"`
	// Lines is the number of lines that the checkpoint signs; Unsigned is
	// the number of further lines, which were written when the program was
	// stopped and will be signed at its next start.
	Lines    int64 `json:"lines"`
	Unsigned int64 `json:"unsigned,omitempty"`
	// First and Last are the times of the first and the last line.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Root is the root of the signed tree, base64.
	Root string `json:"root"`
	// Files and Bytes are what was read.
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
	// Kept is the number of older checkpoints that the log continues.
	Kept int `json:"kept,omitempty"`
	// Problems are reasons not to trust the log; at most 100 are listed,
	// More counts the others.
	Problems []Problem `json:"problems,omitempty"`
	More     int       `json:"more,omitempty"`
	// Notes are worth knowing and no reason: what a killed program left,
	// clocks that were set back.
	Notes []Problem `json:"notes,omitempty"`
}

// Verify reads a log's folder from the first to the last byte, without the
// program that writes it and without changing anything, and checks it with the
// public key:
//
//   - the checkpoint is signed with the key, and not a byte in it is different;
//   - every line hashes to what the tree has, every file of the tree to what the
//     file above has, and all together to the signed root;
//   - every line is a line, no id comes twice, times are after 2000 and not
//     after tomorrow;
//   - no file is missing, and there is none that does not belong there;
//   - where kept are checkpoints that somebody put aside earlier, the log
//     continues each of them: nothing that they cover was changed or taken away,
//     even with the signing key.
//
// The error is ErrBroken if the report has problems, and also ErrRolledBack if a
// kept checkpoint is not continued; another if the report could not be made.
// A log that is being written can be verified too.
func Verify(ctx context.Context, dir, publicKey string, kept ...string) (Report, error) {
	key, err := note.NewVerifier(publicKey)
	if err != nil {
		return Report{}, fmt.Errorf("reading the public key: %w", err)
	}
	v := &verification{dir: dir, report: Report{Origin: key.Name()}, now: time.Now()}
	if err := v.list(); err != nil {
		return Report{}, fmt.Errorf("reading the log in %s: %w", dir, err)
	}
	v.heads(key, kept)
	if err := v.tree(ctx); err != nil {
		return Report{}, fmt.Errorf("reading the log in %s: %w", dir, err)
	}
	v.conclude()
	if n := len(v.report.Problems) + v.report.More; n > 0 {
		err := ErrBroken
		if v.rolledBack {
			err = fmt.Errorf("%w: %w", ErrBroken, ErrRolledBack)
		}
		return v.report, fmt.Errorf("%w: %d problems, the first: %s", err, n, v.report.Problems[0])
	}
	return v.report, nil
}

type place struct {
	kind  kind
	level uint64
	index uint64
}

type verification struct {
	dir    string
	report Report
	now    time.Time

	// files are the files of lines and hashes that are there, by place.
	files map[place][]resource
	// signed is the checkpoint; written what tessera has written. whole is
	// the size that is checked.
	signed, written signedHead
	whole           uint64
	kept            []signedHead
	rolledBack      bool

	// byLines is the tree of the lines, byHashes that of the hashes that are
	// kept for them: which of them gives the signed root says which files
	// were changed where they differ.
	byLines, byHashes *recount
	differ            []Problem
	lines             lineCheck
	stopped           bool
}

func (v *verification) problem(file, format string, a ...any) {
	v.add(Problem{File: file, What: fmt.Sprintf(format, a...)})
}

func (v *verification) add(p Problem) {
	if slices.Contains(v.report.Problems, p) {
		return
	}
	if len(v.report.Problems) == 100 {
		v.report.More++
		return
	}
	v.report.Problems = append(v.report.Problems, p)
}

func (v *verification) note(file, format string, a ...any) {
	if len(v.report.Notes) < 100 {
		v.report.Notes = append(v.report.Notes, Problem{File: file, What: fmt.Sprintf(format, a...)})
	}
}

// read reads a file; nil where it is not there.
func (v *verification) read(path string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(v.dir, path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped by Verify
	}
	return append([]byte{}, raw...), nil // not nil where it is empty
}

// list looks at the names of all files.
func (v *verification) list() error {
	v.files = map[place][]resource{}
	return walk(v.dir, func(path string, e fs.DirEntry) error {
		r := classify(path)
		v.report.Files++
		if i, err := e.Info(); err == nil {
			v.report.Bytes += i.Size()
		}
		switch {
		case !e.Type().IsRegular():
			v.problem(path, "is not a plain file")
		case r.kind == other:
			v.problem(path, "is not a file of the log")
		case r.kind == leftover:
			v.note(path, "was left by a write that was cut off; the next start removes it")
		case r.kind == state:
			return v.state(path)
		case r.kind != head:
			p := place{r.kind, r.level, r.index}
			v.files[p] = append(v.files[p], r)
		}
		return nil
	})
}

func (v *verification) state(path string) error {
	if path == treeStateFile {
		return nil // read with the checkpoint
	}
	raw, err := v.read(path)
	if err != nil {
		return err
	}
	want := ""
	if path == versionFile {
		want = version
	}
	if string(raw) != want {
		v.problem(path, "holds %d bytes that are not what it has to hold", len(raw))
	}
	return nil
}

// heads reads the signed and the written size and root.
func (v *verification) heads(key note.Verifier, kept []string) {
	raw, err := v.read(checkpointFile)
	switch {
	case err != nil:
		v.problem(checkpointFile, "cannot be read: %v", err)
	case raw == nil:
		v.problem(checkpointFile, "is missing")
	default:
		if v.signed, err = openHead(raw, key); err != nil {
			v.problem(checkpointFile, "%v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(v.dir, versionFile)); err != nil {
		v.problem(versionFile, "is missing")
	}
	state, err := v.read(treeStateFile)
	if state == nil || err != nil {
		v.problem(treeStateFile, "is missing or cannot be read")
	} else if tree, err := readTree(v.dir); err != nil {
		v.problem(treeStateFile, "%v", err)
	} else {
		v.written.Size, v.written.Hash, v.written.raw = tree.Size, tree.Root, state
		if tree.Size < v.signed.Size {
			v.problem(treeStateFile, "has %d lines, but %d are signed", tree.Size, v.signed.Size)
		}
	}
	v.whole = max(v.signed.Size, v.written.Size)
	if file := v.unfounded(); file != "" {
		v.problem(treeStateFile, "says that there are %d lines, but %d are signed and there is no %s", v.written.Size, v.signed.Size, file)
		v.whole, v.written = v.signed.Size, signedHead{}
	}
	for i, raw := range kept {
		name := fmt.Sprintf("kept checkpoint %d", i+1)
		old, err := openHead([]byte(raw), key)
		switch {
		case err != nil:
			v.problem(name, "%v", err)
		case v.signed.raw == nil:
			// nothing to compare with
		case old.Size > v.signed.Size:
			v.behind(name, "covers %d lines, but the log has only %d: lines were taken away, or the folder is an older copy", old.Size, v.signed.Size)
		default:
			v.kept = append(v.kept, old)
			old.Origin = name
			v.kept[len(v.kept)-1] = old
		}
	}
}

// unfounded names a file that has to be there if as many lines are written as
// the tree's state says beyond the signed ones; empty where there are all.
func (v *verification) unfounded() string {
	if v.signed.raw == nil || v.written.Size <= v.signed.Size {
		return ""
	}
	there := func(r resource) bool {
		_, err := os.Stat(filepath.Join(v.dir, r.path()))
		for r.partial > 0 && err != nil { // a fuller one may have replaced it
			r.partial++
			_, err = os.Stat(filepath.Join(v.dir, r.path()))
		}
		return err == nil
	}
	for index := v.signed.Size / width; index < v.written.Size/width; index++ {
		for _, k := range []kind{entries, hashes} {
			if r := (resource{kind: k, index: index}); !there(r) {
				return r.path()
			}
		}
	}
	for _, r := range edge(v.written.Size) {
		if !there(r) {
			return r.path()
		}
	}
	return ""
}

func (v *verification) behind(name, format string, a ...any) {
	v.rolledBack = true
	v.problem(name, format, a...)
}

// tree reads all lines and hashes.
func (v *verification) tree(ctx context.Context) error {
	v.byLines, v.byHashes = newRecount(v), newRecount(v)
	for index := uint64(0); index*width < v.whole; index++ {
		if err := ctx.Err(); err != nil {
			return err //nolint:wrapcheck // wrapped by Verify
		}
		n := int(min(width, v.whole-index*width))
		lines, file, err := v.bundle(index, n)
		if err != nil {
			return err
		}
		stored, tile, err := v.tile(0, index, n)
		if err != nil {
			return err
		}
		if lines == nil && stored == nil {
			v.stopped = true // nothing to go on with; it was said why
			return nil
		}
		for i := range n {
			var leaf, kept []byte
			if lines != nil {
				leaf = rfc6962.DefaultHasher.HashLeaf(lines[i])
				kept = leaf
				v.lines.check(v, file, index*width+uint64(i), lines[i])
			}
			if stored != nil {
				kept = stored[i*rfc6962.DefaultHasher.Size():][:rfc6962.DefaultHasher.Size()]
			}
			if leaf == nil {
				leaf = kept
			}
			if !bytes.Equal(leaf, kept) {
				at := index*width + uint64(i)
				v.differ = append(v.differ, Problem{File: file,
					What: fmt.Sprintf("line %d is not the one whose hash is in %s", at, tile)})
				v.byLines.problems = append(v.byLines.problems, Problem{File: tile,
					What: fmt.Sprintf("hash %d is not that of line %d in %s", i, at, file)})
			}
			if err := v.byLines.append(leaf); err != nil {
				return err
			}
			if err := v.byHashes.append(kept); err != nil {
				return err
			}
		}
	}
	if err := v.byLines.flush(); err != nil {
		return err
	}
	if err := v.byHashes.flush(); err != nil {
		return err
	}
	return v.beyond()
}

// bundle reads the file with n lines at a place, and compares the others there
// with it. Lines are nil where there is no such file, or it is no such file.
func (v *verification) bundle(index uint64, n int) (lines [][]byte, file string, err error) {
	r := resource{kind: entries, index: index, partial: uint8(n % width)}
	raw, r, err := v.required(r)
	if err != nil || raw == nil {
		return nil, r.path(), err
	}
	all, err := parseBundle(r, raw)
	if err != nil {
		v.problem(r.path(), "cannot be cut into lines: %v", err)
		return nil, r.path(), nil
	}
	ends := make([]int, len(all)+1)
	for i, line := range all {
		ends[i+1] = ends[i] + 2 + len(line)
	}
	return all[:n], r.path(), v.others(r, raw, ends)
}

// tile reads the file with n hashes at a place, likewise.
func (v *verification) tile(level, index uint64, n int) (sums []byte, file string, err error) {
	r := resource{kind: hashes, level: level, index: index, partial: uint8(n % width)}
	raw, r, err := v.required(r)
	if err != nil || raw == nil {
		return nil, r.path(), err
	}
	size := rfc6962.DefaultHasher.Size()
	if len(raw) != r.count()*size {
		v.problem(r.path(), "has %d bytes instead of %d", len(raw), r.count()*size)
		return nil, r.path(), nil
	}
	ends := make([]int, r.count()+1)
	for i := range ends {
		ends[i] = i * size
	}
	return raw[:n*size], r.path(), v.others(r, raw, ends)
}

// required reads a file that the tree needs. Where the log is being written, a
// fuller one may have replaced it; then that one is read.
func (v *verification) required(r resource) ([]byte, resource, error) {
	raw, err := v.read(r.path())
	if raw != nil || err != nil {
		return raw, r, err
	}
	for n := r.count() + 1; n <= width && r.partial > 0; n++ {
		fuller := r
		fuller.partial = uint8(n % width)
		if raw, err := v.read(fuller.path()); raw != nil || err != nil {
			return raw, fuller, err
		}
	}
	v.problem(r.path(), "is missing")
	return nil, r, nil
}

// others compares the other files at the same place with the one that was read:
// they hold a part of the same, up to ends[n] for n lines or hashes.
func (v *verification) others(is resource, raw []byte, ends []int) error {
	p := place{is.kind, is.level, is.index}
	for _, r := range v.files[p] {
		if r == is {
			continue
		}
		part, err := v.read(r.path())
		if err != nil {
			return err
		}
		if part == nil {
			continue // replaced while we looked
		}
		n := min(r.count(), is.count())
		switch {
		case len(part) < ends[n] || !bytes.Equal(part[:ends[n]], raw[:ends[n]]):
			v.problem(r.path(), "is not what %s holds", is.path())
		case r.count() <= is.count() && len(part) > ends[n]:
			v.problem(r.path(), "has %d bytes too many", len(part)-ends[n])
		case r.count() > is.count():
			v.note(r.path(), "goes beyond what was written whole: a write was cut off, or goes on")
		}
	}
	delete(v.files, p)
	return nil
}

// beyond looks at files at places where the tree has nothing. A write that was
// cut off leaves some, directly behind the tree.
func (v *verification) beyond() error {
	for _, at := range v.files {
		for _, r := range at {
			if r.end() <= v.whole+maxBatch+width<<(8*r.level) && (r.index*width)<<(8*r.level) >= v.whole&^(width<<(8*r.level)-1) {
				v.note(r.path(), "is behind the tree: a write was cut off, or goes on; the next start removes it")
			} else {
				v.problem(r.path(), "does not belong to the tree")
			}
		}
	}
	return nil
}

// conclude says, from the roots, which files are wrong.
func (v *verification) conclude() {
	r := &v.report
	r.Lines, r.Unsigned = int64(v.signed.Size), int64(v.whole-v.signed.Size)
	r.First, r.Last = v.lines.first, v.lines.last
	r.Root = base64.StdEncoding.EncodeToString(v.signed.Hash)
	v.lines.conclude(v)
	if v.stopped {
		return
	}
	trusted := v.signed
	if trusted.raw == nil {
		trusted = v.written
	}
	linesHold := bytes.Equal(v.byLines.roots[trusted.Size], trusted.Hash)
	hashesHold := bytes.Equal(v.byHashes.roots[trusted.Size], trusted.Hash)
	if !linesHold {
		for _, p := range v.differ {
			v.add(p)
		}
		for _, p := range v.byHashes.problems {
			v.add(p)
		}
	}
	if linesHold || !hashesHold {
		for _, p := range v.byLines.problems {
			v.add(p)
		}
	}
	if !linesHold && !hashesHold && trusted.raw != nil {
		v.problem(checkpointFile, "neither the lines nor the hashes give the root of its %d lines", trusted.Size)
	}
	best := v.byLines
	if !linesHold && hashesHold {
		best = v.byHashes
	}
	if v.written.raw != nil && v.written.Size >= v.signed.Size && !bytes.Equal(best.roots[v.written.Size], v.written.Hash) {
		v.problem(treeStateFile, "its root is not that of its %d lines", v.written.Size)
	}
	for _, old := range v.kept {
		if bytes.Equal(best.roots[old.Size], old.Hash) {
			r.Kept++
			continue
		}
		v.behind(old.Origin, "covers %d lines that are not the log's first %d: what it covers was changed", old.Size, old.Size)
	}
}
