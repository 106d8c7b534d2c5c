package folder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/collecttest"
	"github.com/akashi-project/akashi/internal/collect/poll/polltest"
)

func line(n int) string {
	return fmt.Sprintf(`{"platform":"forum","id":"%d","account":{"id":"a%d"},"time":"2026-05-01T12:00:00Z","text":"words %d"}`+"\n", n, n%3, n)
}

func lines(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		b.WriteString(line(n))
	}
	return b.String()
}

func ids(from, to int) (out []string) {
	for n := from; n < to; n++ {
		out = append(out, fmt.Sprint(n))
	}
	return out
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// opened makes a source of the folder "in" of an inbox.
func opened(t testing.TB, inbox string, v collect.Values) (s collect.Source, dir string) {
	t.Helper()
	dir = filepath.Join(inbox, "in")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	values := collect.Values{"path": "in"}
	for k, x := range v {
		values[k] = x
	}
	k := Kind()
	if err := k.Validate(values); err != nil {
		t.Fatal(err)
	}
	env := polltest.Env(polltest.NewClock(time.Now()))
	env.Inbox = inbox
	s, err := k.Open(env, values)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func TestNothingIsLostAndNothingTwice(t *testing.T) {
	inbox := t.TempDir()
	_, dir := opened(t, inbox, nil)
	write(t, dir, "a.ndjson", lines(0, 2300))
	write(t, dir, "b.ndjson", lines(2300, 2310)+"{broken\n"+lines(2310, 2320))
	write(t, dir, "c.csv", "platform,post_id,account_id,timestamp,content\nforum,x1,u,2026-05-01T00:00:00Z,hello\nforum,x2,u,2026-05-01T00:01:00Z,again\n")
	collecttest.Run(t, 4, collecttest.Upstream{Platform: "forum", Want: append(ids(0, 2320), "x1", "x2"), Source: func(t *testing.T) collect.Source {
		s, _ := opened(t, inbox, nil)
		return s
	}})
}

// played collects until the files named are done.
func played(t *testing.T, s collect.Source, from []byte, done ...string) (*polltest.Sink, []byte) {
	t.Helper()
	var last []byte
	to, _ := polltest.Collect(t, s, from, func(to *polltest.Sink) bool {
		last = to.Batches[len(to.Batches)-1].Cursor
		var c cursor
		if err := json.Unmarshal(last, &c); err != nil {
			t.Error(err)
		}
		return !slices.ContainsFunc(done, func(name string) bool { return !c.Files[name].Done })
	})
	return to, last
}

func got(to *polltest.Sink) (out []string) {
	for _, b := range to.Batches {
		for i := range b.Posts {
			out = append(out, b.Posts[i].ID)
		}
	}
	return out
}

func problems(to *polltest.Sink) (out []string) {
	for _, n := range to.Notes {
		if n.Err != nil {
			out = append(out, n.Err.Error())
		}
	}
	return out
}

func TestReadsOnInTheMiddle(t *testing.T) {
	s, dir := opened(t, t.TempDir(), nil)
	write(t, dir, "a.ndjson", lines(0, 2500))
	var first []byte
	_, _ = polltest.Collect(t, s, nil, func(to *polltest.Sink) bool { first = to.Batches[0].Cursor; return true })
	to, _ := played(t, s, first, "a.ndjson")
	if g := got(to); !slices.Equal(g, ids(1000, 2500)) {
		t.Errorf("%d posts came again from the middle", len(g))
	}
	if o := to.Batches[0].Posts[0].Origin; o.File != "a.ndjson" || o.Line != 1001 {
		t.Errorf("origin %v", o)
	}
}

func TestTouchedRenamedAndGrown(t *testing.T) {
	s, dir := opened(t, t.TempDir(), nil)
	write(t, dir, "a.ndjson", lines(0, 3))
	_, at := played(t, s, nil, "a.ndjson")
	if err := os.Chtimes(filepath.Join(dir, "a.ndjson"), time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "z.ndjson", lines(3, 4))
	to, at := played(t, s, at, "z.ndjson", "a.ndjson")
	if g := got(to); !slices.Equal(g, ids(3, 4)) {
		t.Errorf("a touched file brought %v", g)
	}
	if err := os.Rename(filepath.Join(dir, "a.ndjson"), filepath.Join(dir, "b.ndjson")); err != nil {
		t.Fatal(err)
	}
	to, at = played(t, s, at, "b.ndjson")
	if g := got(to); len(g) != 0 {
		t.Errorf("a renamed file brought %v", g)
	}
	write(t, dir, "b.ndjson", lines(0, 5))
	write(t, dir, "c.ndjson", lines(5, 6)) // its turn comes after b's
	to, at = played(t, s, at, "c.ndjson")
	if g := got(to); !slices.Equal(g, ids(0, 6)) {
		t.Errorf("a grown file brought %v", g)
	}
	// The old name is forgotten after a while.
	var c cursor
	_, err := polltest.Collect(t, s, at, func(to *polltest.Sink) bool {
		c = cursor{}
		_ = json.Unmarshal(to.Batches[0].Cursor, &c)
		return true
	})
	if !errors.Is(err, context.Canceled) || len(c.Files) != 3 {
		t.Errorf("%v; still known: %v", err, c.Files)
	}
}

func TestUnfinishedFilesWait(t *testing.T) {
	s, dir := opened(t, t.TempDir(), nil)
	write(t, dir, "growing.ndjson", line(1))
	for _, name := range []string{"a.ndjson.part", ".hidden.ndjson", "b.tmp"} {
		write(t, dir, name, line(7))
	}
	// The folder is looked at once before each note of contact.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	to := &grows{Sink: polltest.Sink{}, cancel: cancel, grow: func(n int) {
		switch {
		case n < 4:
			write(t, dir, "growing.ndjson", lines(0, n+1))
		case n == 6:
			if err := os.Rename(filepath.Join(dir, "a.ndjson.part"), filepath.Join(dir, "a.ndjson")); err != nil {
				t.Error(err)
			}
		}
	}}
	if err := s.Collect(ctx, nil, to); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// Look 4 is the first that sees it whole, look 5 the second; .part is
	// whole at the look after it was renamed.
	if want := []string{"growing@5", "a@7"}; !slices.Equal(to.read, want) {
		t.Errorf("read %q, want %q", to.read, want)
	}
}

type grows struct {
	polltest.Sink
	cancel context.CancelFunc
	grow   func(look int)
	looks  int
	read   []string
}

func (g *grows) Note(n collect.Note) {
	if n.Contact {
		g.looks++
		g.grow(g.looks)
	}
}

func (g *grows) Put(_ context.Context, b collect.Batch) error {
	if len(b.Posts) > 0 {
		name, _, _ := strings.Cut(b.Posts[0].Origin.File, ".")
		g.read = append(g.read, fmt.Sprintf("%s@%d", name, g.looks))
		if name == "a" {
			g.cancel()
		}
	}
	return nil
}

func TestNothingOutsideIsRead(t *testing.T) {
	inbox, outside := t.TempDir(), t.TempDir()
	write(t, outside, "secret.ndjson", line(666))
	s, dir := opened(t, inbox, nil)
	write(t, inbox, "other.ndjson", line(667))
	for to, name := range map[string]string{
		filepath.Join(outside, "secret.ndjson"): "link.ndjson", "../other.ndjson": "up.ndjson", outside: "folder", "/dev/zero": "zero",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.ndjson"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "z.ndjson", line(1))
	to, _ := played(t, s, nil, "z.ndjson")
	if g := got(to); !slices.Equal(g, []string{"1"}) {
		t.Errorf("read %v", g)
	}
	for _, path := range []string{"../x", "/etc", "a/../../b", "", ".."} {
		k := Kind()
		var wrong *collect.SettingError
		if _, err := k.Open(collect.Env{Inbox: inbox}, collect.Values{"path": path}); !errors.As(err, &wrong) || wrong.Key != "path" {
			t.Errorf("path %q gave %v", path, err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(inbox, "out")); err != nil {
		t.Fatal(err)
	}
	k := Kind()
	env := polltest.Env(polltest.NewClock(time.Now()))
	env.Inbox = inbox
	s, err := k.Open(env, collect.Values{"path": "out"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := polltest.Collect(t, s, nil, nil); collect.KindOf(err) != "configuration" {
		t.Errorf("a folder that leads out gave %v", err)
	}
}

// TestSwappedForALink: a file that has become a link since it was looked at is
// not followed.
func TestSwappedForALink(t *testing.T) {
	inbox := t.TempDir()
	_, dir := opened(t, inbox, nil)
	write(t, dir, "a", line(1))
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	if err := os.Symlink("a", filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	r := &run{root: root}
	if f, _, err := r.open("b"); err == nil {
		_ = f.Close()
		t.Error("a link was opened")
	}
	if f, _, err := r.open("a"); err != nil {
		t.Error(err)
	} else {
		_ = f.Close()
	}
}

func TestBadFilesAreToldOfWithoutTheirText(t *testing.T) {
	s, dir := opened(t, t.TempDir(), nil)
	write(t, dir, "a.ndjson", lines(0, 30)+`{"id":"private words"}`+"\n"+lines(30, 31))
	write(t, dir, "b.pdf", "%PDF-1.7")
	write(t, dir, "c.ndjson", strings.Repeat("{private words\n", 300))
	write(t, dir, "d.ndjson", "")
	write(t, dir, "z.ndjson", strings.Replace(line(50), `"platform":"forum",`, "", 1))
	to, _ := played(t, s, nil, "a.ndjson", "b.pdf", "c.ndjson", "d.ndjson", "z.ndjson")
	if g := got(to); !slices.Equal(g, ids(0, 31)) {
		t.Errorf("read %v", g)
	}
	all := strings.Join(problems(to), "\n")
	if strings.Contains(all, "private") {
		t.Errorf("text of posts is told: %s", all)
	}
	for _, want := range []string{"a.ndjson:31: ", "b.pdf: ", "c.ndjson: ", "d.ndjson: ", "z.ndjson: 1 posts"} {
		if !strings.Contains(all, want) {
			t.Errorf("no word of %q in\n%s", want, all)
		}
	}
}

func TestSettings(t *testing.T) {
	s, dir := opened(t, t.TempDir(), collect.Values{"platform": "board", "format": "akashi"})
	write(t, dir, "a.ndjson", strings.Replace(line(1), `"platform":"forum",`, "", 1)+line(2))
	to, _ := played(t, s, nil, "a.ndjson")
	if p := to.Batches[0].Posts; len(p) != 2 || p[0].Platform != "board" || p[1].Platform != "forum" {
		t.Errorf("got %+v", p)
	}
	for key, v := range map[string]string{"format": "nothing", "every": "1ms"} {
		k := Kind()
		var wrong *collect.SettingError
		if _, err := k.Open(collect.Env{Inbox: t.TempDir()}, collect.Values{"path": "in", key: v}); !errors.As(err, &wrong) || wrong.Key != key {
			t.Errorf("%s %q gave %v", key, v, err)
		}
	}
	k := Kind()
	if _, err := k.Open(collect.Env{}, collect.Values{"path": "in"}); collect.KindOf(err) != "configuration" {
		t.Errorf("no inbox gave %v", err)
	}
	for _, c := range []string{"{}", "[]", `{"files":{},"more":1}`, `{"files":{}} {}`} {
		if _, err := polltest.Collect(t, s, []byte(c), nil); collect.KindOf(err) != "configuration" {
			t.Errorf("cursor %s gave %v", c, err)
		}
	}
}

// TestRowsWithoutIDs: what another file of the same name brings is not taken for
// new versions of what was there, and what is there again not for new.
func TestRowsWithoutIDs(t *testing.T) {
	const header = "platform,account_id,timestamp,content\n"
	row := func(n int) string { return fmt.Sprintf("forum,u%d,2026-05-01T00:0%d:00Z,hello %d\n", n, n, n) }
	s, dir := opened(t, t.TempDir(), nil)
	write(t, dir, "export.csv", header+row(1)+row(2))
	first, at := played(t, s, nil, "export.csv")
	write(t, dir, "export.csv", header+row(2)+row(3)+row(4))
	write(t, dir, "z.ndjson", line(1)) // its turn comes afterwards
	second, _ := played(t, s, at, "z.ndjson")
	a, b := got(first), got(second)
	if len(a) != 2 || len(b) != 4 || a[1] != b[0] || slices.Contains(a, b[1]) || b[1] == b[2] || !strings.HasPrefix(a[0], "row:") {
		t.Errorf("ids %q, then %q", a, b)
	}
}
