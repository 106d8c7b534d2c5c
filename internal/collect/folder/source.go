package folder

import (
	"bytes"
	"context"
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

	"github.com/akashi-project/akashi/internal/collect"
)

// maxFiles is how many files a folder may hold: each is in the cursor.
const maxFiles = 10_000

// longGone is after how many looks a file that is not there is forgotten.
const longGone = 3

// source is a watched folder.
type source struct {
	inbox, path      string
	format, platform string
	every            time.Duration
	clock            collect.Clock
}

// known is what the cursor says of a file.
type known struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	// Hash is the SHA-256 of its bytes, in hex.
	Hash string `json:"hash"`
	// Posts is how many of its posts are stored; Done says that these are all.
	Posts int64 `json:"posts"`
	Done  bool  `json:"done,omitempty"`
}

type cursor struct {
	Files map[string]known `json:"files"`
}

// look is a file as it was when the folder was last looked at.
type look struct {
	size     int64
	modified time.Time
}

// run is one call of Collect.
type run struct {
	*source
	to   collect.Sink
	root *os.Root
	at   cursor
	seen map[string]look
	// gone counts for how many looks files of the cursor have not been there.
	gone map[string]int
}

// FileError says what is wrong with a file.
type FileError struct {
	Name string
	// Line is where; zero means the file as a whole.
	Line int64
	Why  string
}

func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.Why)
	}
	return e.Name + ": " + e.Why
}

// Kind is "file".
func (*FileError) Kind() string { return "file" }

// Collect looks at the folder from time to time and reads what is new.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	r := &run{source: s, to: to, seen: map[string]look{}, gone: map[string]int{}}
	if from != nil {
		d := json.NewDecoder(bytes.NewReader(from))
		d.DisallowUnknownFields()
		if err := d.Decode(&r.at); err != nil || r.at.Files == nil || d.More() {
			return &collect.ConfigError{Err: errors.New("the stored cursor is not a folder's")}
		}
	} else {
		r.at.Files = map[string]known{}
	}
	var err error
	if r.root, err = openRoot(s.inbox, s.path); err != nil {
		return err
	}
	defer func() { _ = r.root.Close() }()
	for {
		if err := r.look(ctx); err != nil {
			return err
		}
		if err := collect.Sleep(ctx, s.clock, s.every); err != nil {
			return err //nolint:wrapcheck // the caller's own
		}
	}
}

// openRoot opens the folder, which is made where it is not there. A link that
// leads out of the inbox is refused.
func openRoot(inbox, path string) (*os.Root, error) {
	if err := os.MkdirAll(inbox, 0o700); err != nil {
		return nil, fmt.Errorf("making the inbox: %w", err)
	}
	all, err := os.OpenRoot(inbox)
	if err != nil {
		return nil, fmt.Errorf("opening the inbox: %w", err)
	}
	defer func() { _ = all.Close() }()
	if err := all.MkdirAll(path, 0o700); err != nil {
		return nil, &collect.SettingError{Key: "path", Err: fmt.Errorf("making the folder: %w", err)}
	}
	root, err := all.OpenRoot(path)
	if err != nil {
		return nil, &collect.SettingError{Key: "path", Err: fmt.Errorf("opening the folder: %w", err)}
	}
	return root, nil
}

// passedOver says that a name is not that of a whole file.
func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains([]string{".part", ".tmp", ".crdownload"}, strings.ToLower(filepath.Ext(name)))
}

// look reads the files that have become whole since the last look.
func (r *run) look(ctx context.Context) error {
	entries, err := r.list()
	if err != nil {
		return err
	}
	r.to.Note(collect.Note{Contact: true})
	before := r.seen
	r.seen = make(map[string]look, len(entries))
	var whole []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // gone since
		}
		now := look{info.Size(), info.ModTime().UTC()}
		r.seen[e.Name()] = now
		if passedOver(e.Name()) || r.done(e.Name(), now) {
			continue
		}
		_, renamed := before[e.Name()+".part"]
		if then, ok := before[e.Name()]; ok && then == now || renamed {
			whole = append(whole, e.Name())
		}
	}
	slices.Sort(whole)
	for _, name := range whole {
		if err := r.read(ctx, name); err != nil {
			return err
		}
	}
	return r.forget(ctx)
}

// list gives the regular files that are there.
func (r *run) list() ([]fs.DirEntry, error) {
	dir, err := r.root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("looking at the folder: %w", err)
	}
	defer func() { _ = dir.Close() }()
	entries, err := dir.ReadDir(maxFiles + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("looking at the folder: %w", err)
	}
	if len(entries) > maxFiles {
		r.to.Note(collect.Note{Err: &FileError{Name: r.path, Why: fmt.Sprintf("it holds more than %d files: the others are left", maxFiles)}})
		entries = entries[:maxFiles]
	}
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.Type().IsRegular() }), nil
}

func (r *run) done(name string, now look) bool {
	k, ok := r.at.Files[name]
	return ok && k.Done && k.Size == now.size && k.Modified.Equal(now.modified)
}

// forget leaves files out of the cursor that have not been there for some
// looks. Until then one that was renamed is known by its hash.
func (r *run) forget(ctx context.Context) error {
	next := cursor{maps.Clone(r.at.Files)}
	for name := range next.Files {
		if _, ok := r.seen[name]; ok {
			delete(r.gone, name)
		} else if r.gone[name]++; r.gone[name] > longGone {
			delete(next.Files, name)
			delete(r.gone, name)
		}
	}
	if len(next.Files) == len(r.at.Files) {
		return nil
	}
	return r.put(ctx, collect.Batch{}, next)
}

// put puts a batch after which the cursor is next.
func (r *run) put(ctx context.Context, b collect.Batch, next cursor) error {
	var err error
	if b.Cursor, err = json.Marshal(next); err != nil {
		return fmt.Errorf("writing the cursor: %w", err)
	}
	if err := r.to.Put(ctx, b); err != nil {
		return err //nolint:wrapcheck // the runner's
	}
	r.at = next
	return nil
}
