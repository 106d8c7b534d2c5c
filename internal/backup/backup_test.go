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
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/sqlite"
)

// instance is a data folder in use.
type instance struct {
	dir string
	db  *casestore.DB
	log *audit.Log
}

func open(t *testing.T, dir string) *instance {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, CaseworkFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	l, err := audit.Open(t.Context(), filepath.Join(dir, LogDir), audit.Options{
		Key: filepath.Join(dir, KeysDir, "log.key"), Origin: "akashi/test", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &instance{dir: dir, db: db, log: l}
}

func (i *instance) sources(posts *counter) Sources {
	return Sources{
		Casework: i.db, Posts: posts, LogDir: filepath.Join(i.dir, LogDir), KeysDir: filepath.Join(i.dir, KeysDir), Version: "test",
	}
}

// change makes change number n: it counts, in casework, and logs it. A post is
// there before the change that points to it.
func (i *instance) change(ctx context.Context, posts *counter) error {
	posts.add()
	return i.db.Change(ctx, func(tx *casestore.Tx) error { //nolint:wrapcheck // a test
		v, err := tx.Setting(ctx, "n")
		if err != nil && !errors.Is(err, casestore.ErrNotFound) {
			return err //nolint:wrapcheck // a test
		}
		n, _ := strconv.Atoi(v)
		if err := tx.Log(ctx, casestore.Line{Action: "test.change", Object: fmt.Sprintf("n:%d", n)}); err != nil {
			return err //nolint:wrapcheck // a test
		}
		return tx.SetSetting(ctx, "n", strconv.Itoa(n+1)) //nolint:wrapcheck // a test
	})
}

func (i *instance) changes(t *testing.T) (n int) {
	t.Helper()
	err := i.db.View(t.Context(), func(tx *casestore.Tx) error {
		v, err := tx.Setting(t.Context(), "n")
		if errors.Is(err, casestore.ErrNotFound) {
			return nil
		}
		n, _ = strconv.Atoi(v)
		return err //nolint:wrapcheck // a test
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// counter is a post store: it knows how many posts it has.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add() {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
}

func (c *counter) Backup(_ context.Context, dir string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return os.WriteFile(filepath.Join(dir, "posts.duckdb"), []byte(strconv.Itoa(c.n)), 0o600)
}

// Backups are made while changes are made and their lines drained; what is
// restored from each holds together, and goes on.
func TestWhileRunning(t *testing.T) {
	i := open(t, t.TempDir())
	posts := &counter{}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { i.log.Run(ctx, i.db) })
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := i.change(ctx, posts); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var paths []string
	for k := range 6 {
		path := filepath.Join(t.TempDir(), "backup")
		m, err := WriteFile(t.Context(), i.sources(posts), path)
		if err != nil {
			t.Fatal(err)
		}
		if m.Checkpoint == "" || m.Size() == 0 || m.Version != "test" {
			t.Errorf("backup %d: %+v", k, m)
		}
		paths = append(paths, path)
	}
	stop()
	wg.Wait()
	for _, path := range paths {
		dir := filepath.Join(t.TempDir(), "data")
		r, err := Restore(t.Context(), path, dir, false)
		if err != nil {
			t.Fatal(err)
		}
		back := open(t, dir)
		waiting, err := back.db.Waiting(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n, before := back.changes(t), back.log.Size()
		held := holds(t, back, n, r.Manifest.Checkpoint)
		t.Logf("%d changes, %d lines waited, log %d before and %d after draining", n, waiting, before, held)
		raw, err := os.ReadFile(filepath.Join(dir, "posts.duckdb"))
		if err != nil {
			t.Fatal(err)
		}
		if p, _ := strconv.Atoi(string(raw)); p < n {
			t.Errorf("%d posts for %d findings", p, n)
		}
		// It goes on, also after another start.
		for range 3 {
			if err := back.change(t.Context(), posts); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(back.log.Close(), back.db.Close()); err != nil {
			t.Fatal(err)
		}
		if after := holds(t, open(t, dir), n+3, r.Manifest.Checkpoint); after != held+3 {
			t.Errorf("the log went from %d to %d lines", held, after)
		}
	}
}

// holds drains and checks that each of n changes has its line, that no line is
// there twice, and that the log verifies. It gives the log's size.
func holds(t *testing.T, i *instance, n int, checkpoint string) int64 {
	t.Helper()
	if err := i.log.Drain(t.Context(), i.db); err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(t.Context(), filepath.Join(i.dir, LogDir), i.log.PublicKey(), checkpoint, i.log.Checkpoint())
	if err != nil || r.Kept != 2 || len(r.Notes) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	es, err := i.log.Read(t.Context(), 0, i.log.Size())
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]bool{}
	for _, e := range es {
		objects[e.Line.Object] = true
	}
	for k := range n {
		if !objects[fmt.Sprintf("n:%d", k)] {
			t.Fatalf("change %d of %d has no line", k, n)
		}
	}
	return i.log.Size()
}

// small writes a backup without a log: a few files, the same ones each time.
func small(t testing.TB) (path string, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	files = map[string]string{"keys/log.key": "secret", "keys/pseudonyms.key": "more", "spool/a/b": strings.Repeat("text ", 100), "spool/empty": ""}
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "c.yaml")
	if err := os.WriteFile(config, []byte("a: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	files[ConfigFile] = "a: 1"
	path = filepath.Join(dir, "backup.tar.zst")
	_, err := WriteFile(t.Context(), Sources{
		KeysDir: filepath.Join(dir, "keys"), ConfigPath: config, Extra: map[string]string{"spool": filepath.Join(dir, "spool")},
	}, path)
	if err != nil {
		t.Fatal(err)
	}
	return path, files
}

func TestRestore(t *testing.T) {
	path, files := small(t)
	ctx := t.Context()
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, %v", i.Mode(), err)
	}
	if _, err := WriteFile(ctx, Sources{}, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a backup was written over a backup: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".akashi-backup-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	m, err := Verify(ctx, path)
	if err != nil || len(m.Files) != len(files) {
		t.Errorf("%+v, %v", m, err)
	}
	parent := t.TempDir()
	check := func(dir string) {
		t.Helper()
		n := 0
		err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			n++
			rel, _ := filepath.Rel(dir, p)
			raw, err := os.ReadFile(p)
			if want, ok := files[filepath.ToSlash(rel)]; !ok || err != nil || want != string(raw) {
				t.Errorf("%s holds %q, %v", rel, raw, err)
			}
			if i, err := e.Info(); err != nil || i.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, %v", rel, i.Mode(), err)
			}
			return nil
		})
		if err != nil || n != len(files) {
			t.Errorf("%d files, %v", n, err)
		}
		if i, err := os.Stat(dir); err != nil || i.Mode().Perm() != 0o700 {
			t.Errorf("the folder has mode %v, %v", i.Mode(), err)
		}
	}
	fresh := filepath.Join(parent, "a", "b")
	if _, err := Restore(ctx, path, fresh, false); err != nil {
		t.Fatal(err)
	}
	check(fresh)
	empty := filepath.Join(parent, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(ctx, path, empty, false); err != nil {
		t.Fatal(err)
	}
	check(empty)
	mine := filepath.Join(empty, "mine")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(ctx, path, empty, false); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("got %v, want ErrNotEmpty", err)
	}
	r, err := Restore(ctx, path, empty, true)
	if err != nil {
		t.Fatal(err)
	}
	check(empty)
	if _, err := os.Stat(filepath.Join(r.Before, "mine")); err != nil {
		t.Errorf("what was there is gone: %v", err)
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := Restore(stopped, path, filepath.Join(parent, "c"), false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(parent, ".restoring-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestMoveUp(t *testing.T) {
	dir := t.TempDir()
	work := filepath.Join(dir, ".restoring-1")
	for _, f := range []string{CaseworkFile, "keys/a", "log/b"} {
		p := filepath.Join(work, f)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := moveUp(work, dir); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{CaseworkFile, "keys/a", "log/b"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
			t.Error(err)
		}
	}
}

// Any flipped bit and any missing end is found, and nothing is put in place.
func TestDamage(t *testing.T) {
	path, _ := small(t)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	wrong := filepath.Join(dir, "wrong")
	try := func(what string, at int, data []byte) {
		t.Helper()
		if err := os.WriteFile(wrong, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(t.Context(), wrong); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s at %d: %v", what, at, err)
		}
		if at%97 != 0 {
			return
		}
		if _, err := Restore(t.Context(), wrong, filepath.Join(dir, "data"), false); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s at %d: %v", what, at, err)
		}
		if list, _ := os.ReadDir(dir); len(list) != 1 {
			t.Errorf("%s at %d: a restore left %v", what, at, list)
		}
	}
	for at := range raw {
		data := bytes.Clone(raw)
		data[at] ^= 1 << (at % 8)
		try("flipped", at, data)
		try("cut", at, raw[:at])
	}
	try("longer", 0, append(bytes.Clone(raw), 0))
	try("twice", 0, append(bytes.Clone(raw), raw...))
}

type member struct {
	name string
	kind byte
	data string
	size int64 // claimed; 0: that of data
}

// forged writes an archive with a right seal: of somebody who knows how.
func forged(t testing.TB, members ...member) string {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Typeflag: m.kind, Size: int64(len(m.data)), Mode: 0o600}
		if m.kind == tar.TypeSymlink {
			h.Linkname, h.Size = m.data, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(m.data)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(out.Bytes())
	path := filepath.Join(t.TempDir(), "forged")
	if err := os.WriteFile(path, append(append(out.Bytes(), sealHead...), sum[:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func manifest(t testing.TB, change func(m *Manifest), members ...member) member {
	t.Helper()
	m := Manifest{Format: format}
	for _, f := range members {
		sum := sha256.Sum256([]byte(f.data))
		m.Files = append(m.Files, File{Path: f.name, Size: max(f.size, int64(len(f.data))), SHA256: hex.EncodeToString(sum[:])})
	}
	if change != nil {
		change(&m)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return member{name: manifestName, kind: tar.TypeReg, data: string(data)}
}

func TestHostile(t *testing.T) {
	file := func(name, data string) member { return member{name: name, kind: tar.TypeReg, data: data} }
	good := []member{file("a", "x"), file("b/c", "y")}
	all := func(head member, rest ...member) []member { return append([]member{head}, rest...) }
	cases := map[string][]member{
		"good":             all(manifest(t, nil, good...), good...),
		"no list":          good,
		"list only":        all(manifest(t, nil, good...)),
		"list last":        append(append([]member{}, good...), manifest(t, nil, good...)),
		"one missing":      all(manifest(t, nil, good...), good[0]),
		"one more":         all(manifest(t, nil, good[0]), good...),
		"another order":    all(manifest(t, nil, good...), good[1], good[0]),
		"another content":  all(manifest(t, nil, good...), file("a", "z"), good[1]),
		"another length":   all(manifest(t, nil, good...), file("a", "xx"), good[1]),
		"a link":           all(manifest(t, func(m *Manifest) { m.Files[0].Size = 0 }, good...), member{name: "a", kind: tar.TypeSymlink, data: "/etc/passwd"}, good[1]),
		"a folder":         all(manifest(t, func(m *Manifest) { m.Files[0].Size = 0 }, good...), member{name: "a", kind: tar.TypeDir}, good[1]),
		"another format":   all(manifest(t, func(m *Manifest) { m.Format = "akashi-backup/2" }, good...), good...),
		"no hash":          all(manifest(t, func(m *Manifest) { m.Files[0].SHA256 = "" }, good...), good...),
		"a negative size":  all(manifest(t, func(m *Manifest) { m.Files[0].Size = -1 }, good...), good...),
		"huge":             all(manifest(t, func(m *Manifest) { m.Files[0].Size = 1 << 62 }, good...), good...),
		"huge together":    all(manifest(t, func(m *Manifest) { m.Files[0].Size, m.Files[1].Size = 1<<62, 1<<62 }, good...), good...),
		"file and folder":  all(manifest(t, nil, file("b", "x"), good[1]), file("b", "x"), good[1]),
		"twice":            all(manifest(t, nil, good[0], good[0]), good[0], good[0]),
		"twice, otherwise": all(manifest(t, nil, good[0], file("A", "x")), good[0], file("A", "x")),
	}
	for _, name := range []string{
		"../x", "/x", "a/../../x", "a/../x", "./x", "a//x", "", ".", "..", `..\x`, `C:x`, "a\x00b", "a\nb", manifestName,
		strings.Repeat("x", 1000), strings.Repeat("x/", 50) + "x", "\xff", ".restoring-1/x",
	} {
		bad := file(name, "x")
		if name == "" || strings.ContainsRune(name, 0) { // no archive has such names
			bad.name = "x"
		}
		cases[fmt.Sprintf("path %.20q", name)] = all(manifest(t, func(m *Manifest) { m.Files[0].Path = name }, bad), bad)
	}
	for what, members := range cases {
		path := forged(t, members...)
		parent := t.TempDir()
		_, err := Restore(t.Context(), path, filepath.Join(parent, "data"), false)
		list, _ := os.ReadDir(parent)
		if what == "good" {
			if err != nil || len(list) != 1 {
				t.Errorf("good: %v, %v", err, list)
			}
			continue
		}
		if !errors.Is(err, ErrDamaged) || len(list) > 0 {
			t.Errorf("%s: %v, left %v", what, err, list)
		}
	}
	if _, err := Verify(t.Context(), t.TempDir()); !errors.Is(err, ErrDamaged) {
		t.Errorf("a folder: %v", err)
	}
}

// A small file that unpacks to very much is refused before it is unpacked.
func TestBomb(t *testing.T) {
	big := member{name: "a", kind: tar.TypeReg, data: "x", size: 1 << 45}
	path := forged(t, manifest(t, nil, big), big)
	if _, err := Verify(t.Context(), path); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if err := room(t.TempDir(), Manifest{Files: []File{{Size: 1 << 60}}}); !errors.Is(err, ErrRoom) {
		t.Errorf("got %v, want ErrRoom", err)
	}
	// A list of files without end.
	long := member{name: manifestName, kind: tar.TypeReg, data: strings.Repeat(" ", maxManifest+1)}
	if _, err := Verify(t.Context(), forged(t, long)); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

// What cannot be restored is not written.
func TestUnrestorable(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a:b"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "backup")
	if _, err := WriteFile(t.Context(), Sources{KeysDir: dir}, out); err == nil {
		t.Error("written")
	}
	link := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(link, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(t.Context(), Sources{KeysDir: link}, out); err == nil {
		t.Error("a link was followed")
	}
	if list, _ := os.ReadDir(filepath.Dir(out)); len(list) > 0 {
		t.Errorf("left: %v", list)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(manifest(f, nil, member{name: "a/b", data: "x"}).data))
	f.Add([]byte(`{"format":"akashi-backup/1","files":[{"path":"../x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data, 100)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
			return
		}
		if m.Size() < 0 || m.Size() > 100*maxRatio+maxFree {
			t.Errorf("%d bytes", m.Size())
		}
		for _, file := range m.Files {
			if p := filepath.Join(string(filepath.Separator)+"data", filepath.FromSlash(file.Path)); !strings.HasPrefix(p, "/data/") {
				t.Errorf("%q leads to %q", file.Path, p)
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	a := member{name: "a", kind: tar.TypeReg, data: "x"}
	raw, err := os.ReadFile(forged(f, manifest(f, nil, a), a))
	if err != nil {
		f.Fatal(err)
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	plain, err := z.DecodeAll(raw[:len(raw)-len(sealHead)-sha256.Size], nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		work := filepath.Join(dir, "work")
		_, err := unpack(t.Context(), bytes.NewReader(data), 1000, func(Manifest) error { return nil }, func(file File) (io.WriteCloser, error) {
			return create(work, file)
		})
		if err == nil {
			return
		}
		if list, _ := os.ReadDir(dir); len(list) > 1 || len(list) == 1 && list[0].Name() != "work" {
			t.Errorf("left %v", list)
		}
	})
}
