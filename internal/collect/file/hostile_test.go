package file_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
)

func write(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

const header = "id,timestamp,author,text\n"

// rows makes a table of n rows.
func rows(n int) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range n {
		fmt.Fprintf(&b, "p%d,%d,a%d,\"text, %d\"\n", i, 1600000000+i, i%7, i)
	}
	return b.String()
}

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.Bytes()
}

func TestCompressions(t *testing.T) {
	plain, _ := collect(t, file.Options{}, write(t, "a.csv", []byte(rows(5000))))
	z, _ := zstd.NewWriter(nil)
	for kind, data := range map[string][]byte{"gzip": gzipped(rows(5000)), "zstd": z.EncodeAll([]byte(rows(5000)), nil)} {
		posts, sums := collect(t, file.Options{}, write(t, "a.csv", data))
		if sums[0].Compression != kind || len(posts) != len(plain) || posts[4999].Text != plain[4999].Text {
			t.Errorf("%s: %d posts, %+v", kind, len(posts), sums[0])
		}
		// Cut in the middle: what was whole is read, and the error says why.
		posts, sums, err := tryCollect(file.Options{}, write(t, "a.csv", data[:len(data)/2]))
		if err == nil || !strings.Contains(err.Error(), kind) || len(sums) != 1 {
			t.Errorf("truncated %s: %d posts, error %v", kind, len(posts), err)
		}
		// Two streams one after the other are one.
		posts, _ = collect(t, file.Options{}, write(t, "a.csv", append(bytes.Clone(data), gzipOrZstd(kind, "z,1600000000,a,x\n")...)))
		if len(posts) != 5001 {
			t.Errorf("two %s streams: %d posts", kind, len(posts))
		}
	}
}

func gzipOrZstd(kind, s string) []byte {
	if kind == "gzip" {
		return gzipped(s)
	}
	z, _ := zstd.NewWriter(nil)
	return z.EncodeAll([]byte(s), nil)
}

func TestTruncatedDelivers(t *testing.T) {
	data := gzipped(rows(200000))
	posts, sums, err := tryCollect(file.Options{}, write(t, "a.csv.gz", data[:len(data)*9/10]))
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(posts) < 100000 || sums[0].Posts != int64(len(posts)) || sums[0].Bad != 0 {
		t.Errorf("%d posts, %v", len(posts), err)
	}
}

func TestNotText(t *testing.T) {
	for want, data := range map[string][]byte{
		"ZIP":                 []byte("PK\x03\x04\x14\x00\x06\x00"),
		"image":               []byte("\x89PNG\r\n\x1a\n\x00\x00"),
		"binary":              bytes.Repeat([]byte{0, 1, 2, 3, 0xff, 7}, 1000),
		"empty":               {},
		"white space":         []byte(" \n\n"),
		"SQLite":              []byte("SQLite format 3\x00abc"),
		"neither JSON":        []byte("just a line\nand another\n"),
		"no posts":            []byte("window.YTD.like.part0 = [ ]"),
		"never ends":          []byte("\"id,author\n1,2\n"),
		"JSON document ends":  []byte(`[{"id":1,"author":"a","time":1600000000},{"id":2,"auth`),
		"--map account":       []byte("a1,b1,timestamp\n1,2,1600000000\n"),
		"--map time":          []byte("author,text\na,b\n"),
		"holds nothing":       []byte("\n"),
		"gzip file within":    gzipped(string(gzipped("x"))),
		"several columns":     []byte("author,sent,seen\na,2020-01-01 10:00:00,2020-01-01 10:00:01\n"),
		"account.js":          []byte("window.YTD.tweets.part0 = [ ]"),
		"its gzip header":     []byte("\x1f\x8b\x09\x09zzzzzzzzzzz"),
		"expected a JSON":     []byte("{\"account\":\"a\",\"time\":1600000000}\n{\"account\":\n{\"account\":\n{\"account\":\"b\",\"time\":1600000000}\n"),
		"a folder":            nil,
		"members":             []byte("{}\n{}\n"),
		"its first line \"{b": []byte("{b"),
	} {
		path := write(t, "f", data)
		if data == nil {
			path = t.TempDir()
		}
		if want == "its first line \"{b" {
			want = "JSON"
		}
		if _, _, err := tryCollect(file.Options{}, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if _, _, err := tryCollect(file.Options{}, filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestMapErrors(t *testing.T) {
	path := write(t, "a.csv", []byte(rows(3)))
	for want, o := range map[string]file.Options{
		`no column "nick" for account: the columns are id, timestamp, author, text`: {Map: map[string]string{"account": "nick"}},
		"unknown role":     {Map: map[string]string{"colour": "id"}},
		"for label":        {Labels: []string{"wave"}},
		"unknown format":   {Format: "nothing"},
		"unknown encoding": {Encoding: "nothing"},
	} {
		if _, _, err := tryCollect(o, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	posts, sums := collect(t, file.Options{Map: map[string]string{"account": "=me", "platform": "=telegram", "hashtags": "author"}, Labels: []string{"id"}}, path)
	if p := posts[0]; p.Account.ID != "me" || p.Platform != "telegram" || p.Hashtags[0] != "a0" || p.Labels["id"] != "p0" {
		t.Errorf("%+v %+v", p, sums[0].Mapping)
	}
}

// texts in each encoding, long enough to be told apart, as short files are.
var encodings = []struct {
	name string
	enc  encoding.Encoding
	text string
}{
	{"Shift_JIS", japanese.ShiftJIS, "港に霧が出ています。船の出発は遅れる見込みです。ご注意ください。"},
	{"EUC-JP", japanese.EUCJP, "港に霧が出ています。船の出発は遅れる見込みです。ご注意ください。"},
	{"GB18030", simplifiedchinese.GBK, "今天港口有大雾，轮船将会晚点出发，请大家注意安全。"},
	{"Big5", traditionalchinese.Big5, "今天港口有大霧，輪船將會晚點出發，請大家注意安全。"},
	{"EUC-KR", korean.EUCKR, "오늘 항구에 안개가 짙어 배가 늦게 출발합니다. 주의해 주세요."},
	{"windows-1251", charmap.Windows1251, "Сегодня в порту туман, корабль выйдет позже. Будьте осторожны."},
	{"windows-1252", charmap.Windows1252, "Aujourd’hui le port est fermé à cause du brouillard épais, l’été est passé."},
	{"UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "港に霧が出ています。Fog in the harbour."},
	{"UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "港に霧が出ています。Fog in the harbour."},
	{"UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "Fog in the harbour, é à."},
	{"UTF-8", unicode.UTF8BOM, "港に霧が出ています。"},
	{"UTF-8", unicode.UTF8, "港に霧が出ています。"},
}

func TestEncodings(t *testing.T) {
	for _, c := range encodings {
		for _, far := range []bool{false, true} {
			table := header
			if far { // ASCII for longer than anybody looks ahead
				table = rows(12000)
			}
			table += strings.Repeat("q,1600000000,a,\""+c.text+"\"\n", 5)
			data, err := c.enc.NewEncoder().Bytes([]byte(table))
			if err != nil {
				t.Fatal(err)
			}
			path := write(t, "a.csv", data)
			posts, sums := collect(t, file.Options{}, path)
			if s := sums[0]; s.Encoding != c.name || posts[len(posts)-1].Text != c.text || s.Bad != 0 || s.Replaced != 0 {
				t.Errorf("%s (far %v): read as %s: %q, %+v", c.name, far, s.Encoding, posts[len(posts)-1].Text, s)
			}
			posts, sums = collect(t, file.Options{Encoding: c.name}, path)
			if s := sums[0]; s.Encoding != c.name || posts[len(posts)-1].Text != c.text || posts[0].ID == "" {
				t.Errorf("%s named: read as %s: %q", c.name, s.Encoding, posts[len(posts)-1].Text)
			}
		}
	}
}

func TestInvalidUTF8IsKeptAndCounted(t *testing.T) {
	table := rows(200) + "x,1600000000,a,霧 \xff\xfe 霧 \x00 end\n" + strings.Repeat("y,1600000000,a,霧の港\n", 10)
	posts, sums := collect(t, file.Options{}, write(t, "a.csv", []byte(table)))
	if s := sums[0]; s.Encoding != "UTF-8" || s.Replaced != 3 || s.Bad != 0 || posts[200].Text != "霧 \uFFFD\uFFFD 霧 \uFFFD end" {
		t.Errorf("%q, %+v", posts[200].Text, s)
	}
}

func TestBadRows(t *testing.T) {
	table := header + "p1,1600000000,a,one\np2,yesterday,a,two\np3,1600000001,,three\np4,1600000002,a\np5,1600000003,a,\"two\nlines\"\np6,1600000004,a,six\n,,,\n\n"
	posts, sums := collect(t, file.Options{MaxBad: 0.6}, write(t, "a.csv", []byte(table)))
	s := sums[0]
	if len(posts) != 3 || s.Bad != 3 || s.Rows != 7 || s.Skipped != 1 || posts[2].Origin.Line != 8 || posts[1].Text != "two\nlines" {
		t.Errorf("%d posts, %+v", len(posts), s)
	}
	var got []string
	for _, r := range s.Reasons {
		got = append(got, fmt.Sprintf("%d %s|%s", r.Line, r.Expected, r.Found))
	}
	want := []string{
		`3 a time with date and clock in column timestamp|"yesterday"`,
		`4 an account in column author|nothing`,
		`5 4 columns|3 in "p4,1600000002,a\n"`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("reasons %q", got)
	}
	_, _, err := tryCollect(file.Options{}, write(t, "a.csv", []byte(table)))
	var many *file.TooManyBadError
	if !errors.As(err, &many) || !strings.Contains(err.Error(), "yesterday") {
		t.Errorf("too many bad rows: %v", err)
	}
}

func TestUnclosedQuotes(t *testing.T) {
	// The quote of q swallows what follows up to the next quoted cell.
	table := rows(50) + "q,1600000000,a,\"never closed\nr,1600000001,a,plain\ns,1600000002,a,\"closed\"\n" + strings.TrimPrefix(rows(50), header)
	posts, sums := collect(t, file.Options{}, write(t, "a.csv", []byte(table)))
	if s := sums[0]; len(posts) != 102 || s.Bad != 1 || s.Reasons[0].Line != 52 || posts[50].ID != "r" || posts[51].Text != "closed" || posts[52].Origin.Line != 55 {
		t.Errorf("%d posts, %+v", len(posts), s)
	}
	// Nothing ever closes it.
	table = header + strings.Repeat("p,1600000000,a,plain\n", 30000) + "q,1600000000,a,\"never closed\n" + strings.Repeat("p,1600000000,a,plain\n", 30000)
	for _, limit := range []int{0, 64 << 10} {
		posts, sums = collect(t, file.Options{MaxRecord: limit}, write(t, "a.csv", []byte(table)))
		if s := sums[0]; len(posts) != 60000 || s.Bad != 1 || s.Reasons[0].Line != 30002 || posts[59999].Origin.Line != 60002 {
			t.Errorf("limit %d: %d posts, %+v", limit, len(posts), s)
		}
	}
	// Every line opens one.
	table = header + strings.Repeat("\"p,1600000000,a,plain\n", 100000)
	_, sums, _ = tryCollect(file.Options{MaxBad: 1, MaxRecord: 1 << 20}, write(t, "a.csv", []byte(table)))
	if s := sums[0]; s.Rows != 100000 || s.Posts != 0 || s.Bad != 100000 {
		t.Errorf("%+v", s)
	}
}

func hugeLine(start, end string, n int64) io.Reader {
	return io.MultiReader(strings.NewReader(start), io.LimitReader(filler{}, n), strings.NewReader(end))
}

type filler struct{}

var fill = strings.Repeat("x", 64<<10)

func (filler) Read(p []byte) (int, error) { return copy(p, fill), nil }

func TestGiganticRecords(t *testing.T) {
	for name, in := range map[string]io.Reader{
		"table":    hugeLine(rows(2)+"big,1600000000,a,", "\nlast,1600000009,a,end\n", 96<<20),
		"quoted":   hugeLine(rows(2)+"big,1600000000,a,\"", "\"\nlast,1600000009,a,end\n", 96<<20),
		"lines":    hugeLine(`{"id":"1","account":"a","time":1600000000}`+"\n"+`{"id":"1","account":"`, "\"}\n{\"id\":\"last\",\"account\":\"a\",\"time\":1600000000}\n", 96<<20),
		"document": hugeLine(`[{"id":"1","account":"a","time":1600000000},{"id":"1","account":"`, "\"},\n{\"id\":\"last\",\"account\":\"a\",\"time\":1600000000}]\n", 96<<20),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		posts, sums := collect(t, file.Options{Stdin: in, MaxBad: 1}, "-")
		runtime.ReadMemStats(&after)
		s := sums[0]
		if s.Bad != 1 || posts[len(posts)-1].ID != "last" || !strings.Contains(s.Reasons[0].String(), "16 MiB") {
			t.Errorf("%s: %d posts, %+v", name, len(posts), s)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 80<<20 {
			t.Errorf("%s: %d MiB allocated for a record that is skipped", name, grown>>20)
		}
	}
}

func TestDeepNesting(t *testing.T) {
	deep := `{"id":"x","account":"a","time":1600000000,"d":` + strings.Repeat("[", 5<<20) + strings.Repeat("]", 5<<20) + "}\n"
	lines := strings.Repeat(`{"id":"1","account":"a","time":1600000000}`+"\n", 20) + deep
	posts, sums := collect(t, file.Options{MaxBad: 1}, write(t, "a.ndjson", []byte(lines)))
	if len(posts) != 20 || sums[0].Bad != 1 {
		t.Errorf("%d posts, %+v", len(posts), sums[0])
	}
	_, _, err := tryCollect(file.Options{}, write(t, "b.ndjson", []byte(deep)))
	if err == nil || !strings.Contains(err.Error(), "nested") {
		t.Errorf("a file of one deep object: %v", err)
	}
}

// TestHugeDocument streams a Telegram export, an archive and an array that are
// longer than a block many times over.
func TestHugeDocument(t *testing.T) {
	var chat, array strings.Builder
	chat.WriteString(`{"name":"N","type":"public_channel","id":5,"messages":[`)
	array.WriteString("[\n")
	const n = 60000
	for i := range n {
		if i > 0 {
			chat.WriteString(",\n")
			array.WriteString(",\n")
		}
		fmt.Fprintf(&chat, `{"id":%d,"type":"message","date_unixtime":"%d","from":"A","from_id":"user%d","text":["x \"]}[{ ",{"type":"bold","text":"y"}]}`, i, 1600000000+i, i%9)
		fmt.Fprintf(&array, `{"id":"p%d","author":"a%d","created_at":%d,"text":"x \\\"]}"}`, i, i%9, 1600000000+i)
	}
	for name, in := range map[string]string{"chat": chat.String() + "]}", "array": array.String() + "]"} {
		var most int
		count := 0
		sums, err := file.Read(t.Context(), []string{"-"}, file.Options{Stdin: strings.NewReader(in)}, func(b []post.Post) error {
			most = max(most, len(b))
			for i := range b {
				if b[i].Origin.Line != int64(count+1) || b[i].Time.Unix() != int64(1600000000+count) {
					return fmt.Errorf("post %d is %+v", count, b[i])
				}
				count++
			}
			return nil
		})
		if err != nil || count != n || most > n/4 {
			t.Errorf("%s: %d posts, at most %d at once, %v, %+v", name, count, most, err, sums)
		}
		_, _, err = tryCollect(file.Options{Stdin: strings.NewReader(in[:len(in)/2])}, "-")
		if err == nil || !strings.Contains(err.Error(), "ends early") {
			t.Errorf("truncated %s: %v", name, err)
		}
	}
}

// TestParallelEqualsSequential reads the same with one worker and with many.
func TestParallelEqualsSequential(t *testing.T) {
	table := rows(20000) + "q,1600000000,a,\"never closed\n" + strings.TrimPrefix(rows(20000), header) + "bad,no time,a,b\n"
	path := write(t, "a.csv", []byte(table))
	for _, need := range []file.Fields{0, file.NeedText} {
		one, oneSum := collect(t, file.Options{Workers: 1, Need: need}, path)
		many, manySum := collect(t, file.Options{Workers: 8, Need: need}, path)
		if !reflect.DeepEqual(one, many) || !reflect.DeepEqual(oneSum, manySum) {
			t.Errorf("need %b: %d and %d posts, %+v and %+v", need, len(one), len(many), oneSum, manySum)
		}
		for i, p := range one {
			if (need == 0) != (p.Raw != nil) {
				t.Fatalf("post %d has raw %q", i, p.Raw)
			}
		}
	}
}

func TestSeveralFilesAndProgress(t *testing.T) {
	a, b := write(t, "a.csv", []byte(rows(30000))), write(t, "b.csv", gzipped(rows(100)))
	var read, total int64
	posts, sums := collect(t, file.Options{
		Progress: func(r, all int64) {
			if r < read {
				t.Errorf("progress goes back from %d to %d", read, r)
			}
			read, total = r, all
		},
		Prepare: func(p *post.Post) { p.Lang = "xx" },
	}, a, b)
	if len(sums) != 2 || len(posts) != 30100 || read != total || posts[30000].Origin.File != b || posts[7].Lang != "xx" {
		t.Errorf("%d posts, %d of %d bytes", len(posts), read, total)
	}
	stop := errors.New("enough")
	_, err := file.Read(t.Context(), []string{a}, file.Options{}, func([]post.Post) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("yield's error is %v", err)
	}
}

func TestAppendPostRoundTrip(t *testing.T) {
	posts, _ := collect(t, file.Options{}, filepath.Join("testdata", "akashi.ndjson"))
	posts = append(posts, post.Post{ID: "3", Account: post.Account{ID: "a"}, Time: posts[0].Time, Text: "\x00\x1f\"\\\u2028\t", Mentions: []string{}})
	var b bytes.Buffer
	for i := range posts {
		if err := file.Encode(&b, &posts[i]); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := collect(t, file.Options{}, write(t, "a.ndjson", b.Bytes()))
	for i := range posts {
		for _, p := range []*post.Post{&posts[i], &again[i]} {
			p.Raw, p.Origin = nil, post.Origin{}
		}
	}
	if !reflect.DeepEqual(posts, again) {
		t.Errorf("wrote %+v, read %+v", posts, again)
	}
}

// TestCancel stops a reading whose input makes it wait.
func TestCancel(t *testing.T) {
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = io.WriteString(w, rows(50000))
		cancel()
	}()
	_, err := file.Read(ctx, []string{"-"}, file.Options{Stdin: r}, func([]post.Post) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled reading ended with %v", err)
	}
}
