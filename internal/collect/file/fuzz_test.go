package file

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/post"
)

// seeds adds the fixtures that match to a fuzz target.
func seeds(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join("testdata", filepath.FromSlash(pattern)))
		if err != nil || len(paths) == 0 {
			f.Fatalf("no fixtures %s: %v", pattern, err)
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
}

// mustHold reads data and checks what holds for every input.
func mustHold(t *testing.T, data []byte, o Options) {
	t.Helper()
	o.Stdin, o.MaxBad, o.MaxRecord = bytes.NewReader(data), 1, 1<<16
	var n int64
	var all []byte
	sums, err := Read(context.Background(), []string{"-"}, o, func(batch []post.Post) error {
		for i := range batch {
			p := &batch[i]
			n++
			if p.Account.ID == "" || p.ID == "" || p.Time.IsZero() || p.Time.Location().String() != "UTC" || p.Origin.Line < 1 || p.Raw == nil {
				t.Errorf("post without a part that all have: %+v", p)
			}
			if !utf8.ValidString(p.Text) || !utf8.Valid(p.Raw) || !utf8.ValidString(p.Account.ID) || !utf8.ValidString(p.URL) {
				t.Errorf("post that is not UTF-8: %+v", p)
			}
			all = AppendPost(all, p)
		}
		return nil
	})
	if err != nil && len(sums) == 0 {
		return
	}
	s := sums[0]
	if s.Posts != n || err == nil && s.Rows != s.Posts+s.Bad+s.Skipped {
		t.Errorf("the summary does not add up: %d posts, %+v", n, s)
	}
	if err != nil || n == 0 {
		return
	}
	// What was read can be written and read again.
	var again []byte
	_, err = Read(context.Background(), []string{"-"}, Options{Format: "akashi", Stdin: bytes.NewReader(all), MaxRecord: 1 << 24}, func(batch []post.Post) error {
		for i := range batch {
			again = AppendPost(again, &batch[i])
		}
		return nil
	})
	if err != nil || !bytes.Equal(all, again) {
		t.Errorf("wrote\n%s\nread\n%s\n%v", all, again, err)
	}
}

func fuzzFormat(f *testing.F, o Options, patterns ...string) {
	f.Helper()
	seeds(f, patterns...)
	f.Fuzz(func(t *testing.T, data []byte) { mustHold(t, data, o) })
}

func FuzzCSV(f *testing.F)     { fuzzFormat(f, Options{}, "*.csv", "*.tsv") }
func FuzzNDJSON(f *testing.F)  { fuzzFormat(f, Options{}, "*.ndjson", "*.json") }
func FuzzAkashi(f *testing.F)  { fuzzFormat(f, Options{Format: "akashi"}, "akashi.ndjson") }
func FuzzLong(f *testing.F)    { fuzzFormat(f, Options{Format: "cooRTweet"}, "long*") }
func FuzzIRA(f *testing.F)     { fuzzFormat(f, Options{Format: "ira"}, "ira*") }
func FuzzFourCat(f *testing.F) { fuzzFormat(f, Options{Format: "4cat"}, "4cat*") }
func FuzzCrowdTangle(f *testing.F) {
	fuzzFormat(f, Options{Format: "crowdtangle-facebook"}, "crowdtangle*")
}
func FuzzZeeschuimer(f *testing.F) { fuzzFormat(f, Options{Format: "zeeschuimer"}, "zeeschuimer*") }
func FuzzXArchive(f *testing.F) {
	fuzzFormat(f, Options{Map: map[string]string{"account": "=me"}}, "archive/*")
}
func FuzzXAPI(f *testing.F)      { fuzzFormat(f, Options{Format: "x-api"}, "x-api*") }
func FuzzTelegram(f *testing.F)  { fuzzFormat(f, Options{Format: "telegram"}, "telegram*") }
func FuzzTelethon(f *testing.F)  { fuzzFormat(f, Options{Format: "telethon"}, "telethon*") }
func FuzzJetstream(f *testing.F) { fuzzFormat(f, Options{Format: "jetstream"}, "jetstream*") }
func FuzzObjects(f *testing.F) {
	fuzzFormat(f, Options{Format: "objects"}, "unknown.ndjson", "long-objects.json")
}

// FuzzEncoding reads bytes in every encoding.
func FuzzEncoding(f *testing.F) {
	seeds(f, "*.csv")
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"utf-16le", "shift_jis", "gb18030", "euc-kr", "windows-1252"} {
			mustHold(t, data, Options{Encoding: name})
		}
	})
}

// FuzzSplit compares the splitting of tables with encoding/csv.
func FuzzSplit(f *testing.F) {
	seeds(f, "*.csv", "*.tsv")
	for _, s := range []string{"a,\"b\"\"c\"\r\nd", "\"a\"b\",c\n", "a\"b,c\r", "\"a\r\nb\",\"\"\n\n,\n", "\"x\"\r\ry,\"\r\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, sep := range []byte{',', ';', '\t'} {
			d := dialect{sep}
			r := csv.NewReader(bytes.NewReader(data))
			r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(sep), true, -1
			var cells []cell
			line := int64(1)
			for rest := data; len(rest) > 0; {
				var n int
				var open bool
				cells, n, open = d.split(rest, cells[:0])
				if n <= 0 {
					t.Fatalf("no progress at %q", rest)
				}
				record := rest[:n]
				rest = rest[n:]
				start := line
				line += int64(bytes.Count(record, newline))
				if open {
					return // encoding/csv takes the rest; we do not
				}
				if len(cells) == 1 && len(cells[0].b) == 0 && !bytes.Contains(record, []byte{'"'}) {
					continue // it skips empty lines
				}
				want, err := r.Read()
				if err != nil {
					t.Fatalf("encoding/csv: %v at %q", err, record)
				}
				at, _ := r.FieldPos(0)
				got := make([]string, len(cells))
				for i, c := range cells {
					got[i] = c.text()
				}
				if !reflect.DeepEqual(got, want) || int64(at) != start {
					t.Fatalf("%q at line %d is %q, want %q at line %d", record, start, got, want, at)
				}
			}
			if _, err := r.Read(); err != io.EOF {
				t.Fatalf("encoding/csv has more: %v", err)
			}
		}
	})
}

// FuzzCut checks that a table cut into small chunks has the records that it
// has as a whole.
func FuzzCut(f *testing.F) {
	seeds(f, "*.csv", "*.tsv")
	f.Add([]byte("\"a\r"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := dialect{','}
		c := &recordCutter{src: bytes.NewReader(data), last: d.last, maxRecord: 1 << 20, line: 1, mayQuote: true}
		c.block = func(int) []byte { return make([]byte, len(c.carry)+16) }
		var got []string
		line := int64(1)
		if err := c.run(func(k *chunk) error {
			if k.first != line {
				t.Errorf("a chunk on line %d says %d", line, k.first)
			}
			line += int64(bytes.Count(k.data, newline))
			for b := k.data; len(b) > 0; {
				_, n, _ := d.split(b, nil)
				got = append(got, string(b[:n]))
				b = b[n:]
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var want []string
		for b := data; len(b) > 0; {
			_, n, _ := d.split(b, nil)
			want = append(want, string(b[:n]))
			b = b[n:]
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q is cut into %q, want %q", data, got, want)
		}
	})
}

// FuzzDocument compares the records of an array with encoding/json, with a
// buffer that is too small for them.
func FuzzDocument(f *testing.F) {
	seeds(f, "*.json", "archive/*")
	f.Add([]byte(`[{"a":"\\\"]"}, [1,2],"x" , 3,null]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &documentCutter{src: bytes.NewReader(data), maxRecord: 1 << 20, buf: make([]byte, 8)}
		var got []string
		err := d.run(func(c *chunk) error {
			from := 0
			for _, end := range c.ends {
				got = append(got, string(c.data[from:end]))
				from = end
			}
			return nil
		})
		var want []json.RawMessage
		if json.Unmarshal(data, &want) != nil || bytes.HasPrefix(bytes.TrimSpace(data), []byte("null")) {
			return
		}
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q: %d records, want %d, %v", data, len(got), len(want), err)
		}
		for i := range got {
			if got[i] != string(want[i]) {
				t.Errorf("record %d is %q, want %q", i, got[i], want[i])
			}
		}
	})
}

// FuzzLists checks that what is taken out of a list was in it.
func FuzzLists(f *testing.F) {
	f.Add([]byte("['#a', \"b\"]|https://x.example/a,b,http://y.example"))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := string(data)
		for _, each := range []func(func([]byte)){
			func(g func([]byte)) { eachAddress(data, g) },
			func(g func([]byte)) { eachWord(data, '#', g) },
		} {
			each(func(w []byte) {
				if len(w) == 0 || !strings.Contains(whole, string(w)) {
					t.Errorf("%q has no %q", data, w)
				}
			})
		}
	})
}

func FuzzXStatus(f *testing.F) { fuzzFormat(f, Options{Format: "x-v1"}, "x-v1*") }
func FuzzBluesky(f *testing.F) { fuzzFormat(f, Options{Format: "bluesky"}, "bluesky*") }
