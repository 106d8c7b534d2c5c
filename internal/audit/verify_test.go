package audit

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/casestore"
)

// settled gives a closed log of n lines, and its files.
func settled(t testing.TB, n int) (b *bench, files []string) {
	t.Helper()
	b = openBench(t, t.TempDir())
	b.record(t, 0, n)
	b.drain(t)
	if err := b.log.Close(); err != nil {
		t.Fatal(err)
	}
	err := walk(b.logDir(), func(path string, _ fs.DirEntry) error {
		files = append(files, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b, files
}

// Any changed byte is found, and the file is named: every byte of the small
// files and several thousand of the others, of each kind of file.
func TestVerifyFindsAnyByte(t *testing.T) {
	const n = 1500 // six files of lines, the last one not full
	b, files := settled(t, n)
	key := b.log.PublicKey()
	if r, err := Verify(t.Context(), b.logDir(), key); err != nil || r.Lines != n || r.Files != int64(len(files)) {
		t.Fatal(r, err)
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	tried := map[string]int{}
	try := func(file string, at int, flip byte) {
		t.Helper()
		path := filepath.Join(b.logDir(), file)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wrong := bytes.Clone(raw)
		wrong[at] ^= flip
		if err := os.WriteFile(path, wrong, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Verify(t.Context(), b.logDir(), key)
		blamed := slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.File != file })
		if !errors.Is(err, ErrBroken) || len(r.Problems) == 0 || blamed {
			t.Errorf("seed %d: byte %d of %s (xor %#x): %v, %v", seed, at, file, flip, err, r.Problems)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		kind := strings.Join(strings.SplitN(file, "/", 3)[:min(2, strings.Count(file, "/")+1)], "/")
		if strings.Contains(file, ".p/") {
			kind += " not full"
		}
		tried[kind]++
	}
	each := 200
	if testing.Short() {
		each = 20
	}
	for _, file := range files {
		raw, err := os.ReadFile(filepath.Join(b.logDir(), file))
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) <= 400 {
			for at := range raw {
				if file == treeStateFile {
					for bit := 0; bit < 8 && (!testing.Short() || bit == 0); bit++ { // another number of lines, too
						try(file, at, 1<<bit)
					}
				}
				if !testing.Short() || at%5 == 0 {
					try(file, at, 1<<random.IntN(8))
				}
			}
			continue
		}
		try(file, 0, 1)
		try(file, len(raw)-1, 1)
		for range each {
			try(file, random.IntN(len(raw)), byte(1+random.IntN(255)))
		}
	}
	t.Log(tried)
	for _, kind := range []string{"checkpoint", ".state/treeState", ".state/version", "tile/entries", "tile/entries not full", "tile/0", "tile/0 not full", "tile/1 not full"} {
		if tried[kind] == 0 {
			t.Errorf("no %s was tried: %v", kind, tried)
		}
	}
	if r, err := Verify(t.Context(), b.logDir(), key); err != nil {
		t.Error(r, err)
	}
}

// Files that are missing, cut, longer or too many are found and named.
func TestVerifyFindsFiles(t *testing.T) {
	b, files := settled(t, 600)
	key := b.log.PublicKey()
	find := func(what, file string) {
		t.Helper()
		r, err := Verify(t.Context(), b.logDir(), key)
		if !errors.Is(err, ErrBroken) || !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.File == file }) {
			t.Errorf("%s, %s: %v, %v", what, file, err, r.Problems)
		}
	}
	for _, file := range files {
		path := filepath.Join(b.logDir(), file)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		put := func(data []byte) {
			t.Helper()
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		put(append(bytes.Clone(raw), 0))
		find("longer", file)
		if len(raw) > 0 {
			put(raw[:len(raw)-1])
			find("cut", file)
			put(nil)
			find("empty", file)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, ".lock") {
			find("missing", file)
		}
		if err := os.Symlink("/dev/null", path); err != nil {
			t.Fatal(err)
		}
		find("a link", file)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		put(raw)
	}
	for _, file := range []string{
		"readme", "tile/0/000.bak", "tile/9/000", "tile/0/x000/001", "tile/entries/x001/000",
		"tile/0/300", "tile/entries/000.p/17", ".state/secret", "checkpoint.old", "tile/1/000.p/1",
	} {
		path := filepath.Join(b.logDir(), file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		find("extra", file)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	// Two files that changed places.
	a, c := filepath.Join(b.logDir(), "tile", "entries", "000"), filepath.Join(b.logDir(), "tile", "entries", "001")
	if err := errors.Join(os.Rename(a, a+"x"), os.Rename(c, a), os.Rename(a+"x", c)); err != nil {
		t.Fatal(err)
	}
	find("exchanged", "tile/entries/000")
	if err := errors.Join(os.Rename(a, a+"x"), os.Rename(c, a), os.Rename(a+"x", c)); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(t.Context(), b.logDir(), key); err != nil {
		t.Error(r, err)
	}
	other := openBench(t, t.TempDir())
	if _, err := Verify(t.Context(), b.logDir(), other.log.PublicKey()); !errors.Is(err, ErrBroken) {
		t.Errorf("another key: %v", err)
	}
	if _, err := Verify(t.Context(), b.logDir(), "no key"); err == nil || errors.Is(err, ErrBroken) {
		t.Errorf("no key: %v", err)
	}
	if _, err := Verify(t.Context(), t.TempDir(), key); !errors.Is(err, ErrBroken) {
		t.Errorf("an empty folder: %v", err)
	}
	if r, err := Verify(t.Context(), b.logDir(), key, other.log.Checkpoint()); !errors.Is(err, ErrBroken) {
		t.Errorf("a checkpoint of another log: %v, %v", r, err)
	}
}

// Whoever has the signing key can write another log; the checkpoint that
// somebody kept shows it.
func TestVerifyFindsAnotherHistory(t *testing.T) {
	b := openBench(t, t.TempDir())
	b.record(t, 0, 400)
	b.drain(t)
	kept := b.log.Checkpoint()
	if err := errors.Join(b.log.Close(), os.RemoveAll(b.logDir())); err != nil {
		t.Fatal(err)
	}
	b.openLog(t)
	lines := make([][]byte, 500)
	for i := range lines {
		lines[i] = []byte(`{"id":"` + casestore.NewID() + `","time":"2026-01-02T03:04:05Z","actor":"user:1","action":"x"}`)
	}
	if err := errors.Join(b.log.append(t.Context(), lines), b.log.publish(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), b.logDir(), b.log.PublicKey()); err != nil {
		t.Error(err)
	}
	if r, err := Verify(t.Context(), b.logDir(), b.log.PublicKey(), kept); !errors.Is(err, ErrRolledBack) || !errors.Is(err, ErrBroken) {
		t.Error(r, err)
	}
	// Nor does the log itself accept its casework, or sign anything else.
	b.record(t, 400, 401)
	if err := b.log.Drain(t.Context(), b.db); !errors.Is(err, ErrBroken) {
		t.Error(err)
	}
}

// Lines that are no lines are found even where they are signed.
func TestVerifyReadsLines(t *testing.T) {
	good := func(id string) string {
		return `{"id":"` + id + `","time":"2026-01-02T03:04:05Z","actor":"user:1","action":"x"}`
	}
	id := casestore.NewID()
	for name, c := range map[string]struct {
		lines []string
		what  string
	}{
		"good":     {[]string{good(id), good(casestore.NewID())}, ""},
		"twice":    {[]string{good(id), good(casestore.NewID()), good(id)}, "comes twice"},
		"no JSON":  {[]string{"x"}, "is not a line"},
		"empty":    {[]string{""}, "is not a line"},
		"no id":    {[]string{good("")}, "no id"},
		"no actor": {[]string{strings.Replace(good(id), "user:1", "", 1)}, "who did what"},
		"no time":  {[]string{strings.Replace(good(id), `"time"`, `"tame"`, 1)}, "has the time"},
		"future":   {[]string{strings.Replace(good(id), "2026", "3026", 1)}, "has the time"},
	} {
		b := openBench(t, t.TempDir())
		var lines [][]byte
		for _, l := range c.lines {
			lines = append(lines, []byte(l))
		}
		if err := errors.Join(b.log.append(t.Context(), lines), b.log.publish(t.Context())); err != nil {
			t.Fatal(err)
		}
		r, err := Verify(t.Context(), b.logDir(), b.log.PublicKey())
		if (c.what == "") != (err == nil) || c.what != "" && !strings.Contains(r.Problems[0].What, c.what) {
			t.Errorf("%s: %v, %v", name, err, r.Problems)
		}
	}
}

func TestCopy(t *testing.T) {
	b := openBench(t, t.TempDir())
	b.record(t, 0, 10)
	b.drain(t)
	stop := make(chan struct{})
	done := make(chan int)
	go func() {
		n := 10
		for {
			select {
			case <-stop:
				done <- n
				return
			default:
				b.record(t, n, n+9)
				n += 9
				b.drain(t)
			}
		}
	}()
	for range 20 {
		to := filepath.Join(t.TempDir(), "log")
		cp, err := Copy(t.Context(), b.logDir(), to)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Verify(t.Context(), to, b.log.PublicKey(), cp)
		if err != nil || r.Kept != 1 || r.Unsigned != 0 || len(r.Notes) != 0 {
			t.Errorf("the copy: %+v, %v", r, err)
		}
	}
	close(stop)
	b.holds(t, <-done)
}

// What a killed program leaves is said, and is no reason for mistrust.
func TestVerifyAfterKill(t *testing.T) {
	b := openBench(t, t.TempDir())
	b.record(t, 0, 300)
	b.drain(t)
	for _, left := range []string{"checkpoint4711", ".state/treeState99", "tile/0/001.p/442345678", "tile/entries/00112345"} {
		if err := os.WriteFile(filepath.Join(b.logDir(), left), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Appended but not signed.
	b.record(t, 300, 310)
	b.log.step = func(s string) error {
		if s == "appended" {
			return errors.ErrUnsupported
		}
		return nil
	}
	_ = b.log.Drain(t.Context(), b.db)
	b.log.step = func(string) error { return nil }
	r, err := Verify(t.Context(), b.logDir(), b.log.PublicKey())
	if err != nil || r.Lines != 300 || r.Unsigned != 10 || len(r.Notes) < 4 {
		t.Errorf("%+v, %v", r, err)
	}
	b.reopenLog(t)
	b.drain(t)
	b.holds(t, 310)
}

func BenchmarkDrain(b *testing.B) {
	bench := openBench(b, b.TempDir())
	const n = 20000
	at := 0
	for b.Loop() {
		b.StopTimer()
		bench.record(b, at, at+n)
		at += n
		b.StartTimer()
		bench.drain(b)
	}
	b.ReportMetric(float64(at)/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkOne(b *testing.B) {
	bench := openBench(b, b.TempDir())
	at := 0
	for b.Loop() {
		b.StopTimer()
		bench.record(b, at, at+1)
		at++
		b.StartTimer()
		bench.drain(b)
	}
}

func BenchmarkVerify(b *testing.B) {
	const n = 100000
	bench := openBench(b, b.TempDir())
	bench.record(b, 0, n)
	bench.drain(b)
	for b.Loop() {
		if _, err := Verify(b.Context(), bench.logDir(), bench.log.PublicKey()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
