package export

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
	"github.com/akashi-project/akashi/internal/query"
)

// veil hides accounts and their handles in texts.
func veil(_ context.Context, posts []poststore.Post) (func(*poststore.Post) poststore.Post, error) {
	if len(posts) == 0 {
		return nil, errors.New("a veil for nothing")
	}
	return func(p *poststore.Post) poststore.Post {
		out := *p
		out.Account = post.Account{ID: p.Alias}
		if p.Account.Handle != "" {
			out.Text = strings.ReplaceAll(p.Text, p.Account.Handle, p.Alias)
		}
		out.Mentions = nil
		for range p.Mentions {
			out.Mentions = append(out.Mentions, "acc-mentioned")
		}
		out.Synthetic = false
		return out
	}, nil
}

func stored(t *testing.T, n int) poststore.Store {
	t.Helper()
	s := poststoretest.NewMemory(func(_, id string) string { return "acc-" + id })
	var posts []post.Post
	for i := range n {
		p := post.Post{
			Platform: "telegram", ID: fmt.Sprint(i), Account: post.Account{ID: "-1001", Handle: "hidden_handle", Name: "隠された名"},
			Time: time.Date(2026, 11, 1, 0, 0, i, 123456000, time.UTC),
			Text: fmt.Sprintf("=HYPERLINK(\"https://e.org/%d\") by @hidden_handle,\n処理水 #Tag", i), Lang: "ja", Channel: "-1009",
			Mentions: []string{"hidden_mention"}, ReplyTo: "7", Synthetic: i%2 == 0, Labels: map[string]string{"note": "hidden_label"},
			Raw: []byte("hidden_raw"),
		}
		normalise.Post(&p, normalise.Options{})
		posts = append(posts, p)
	}
	gone := poststore.Deletion{Platform: "telegram", ID: "1", Time: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)}
	if _, err := s.Append(t.Context(), poststore.Batch{Source: "file:a.csv", Posts: posts, Deleted: []poststore.Deletion{gone}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func write1(t *testing.T, s poststore.Scanner, q poststore.Query, o Options) ([]byte, Written) {
	t.Helper()
	var b bytes.Buffer
	done, err := Write(t.Context(), &b, s, q, o)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hidden_") || strings.Contains(b.String(), "隠された名") {
		t.Errorf("the %s file has a name", o.Format)
	}
	return b.Bytes(), done
}

// everything means all posts and tombstones.
var everything = poststore.Query{Where: query.Or{query.And{}, query.Is{Field: query.State, Value: "deleted"}}}

func TestCSV(t *testing.T) {
	t.Parallel()
	data, done := write1(t, stored(t, 3), everything, Options{Format: CSV, Veil: veil, Marking: "TLP:AMBER", BOM: true})
	if done != (Written{Posts: 3}) {
		t.Errorf("wrote %+v", done)
	}
	text, ok := strings.CutPrefix(string(data), "\ufeff")
	if !ok {
		t.Error("there is no byte order mark")
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		header,
		{
			"telegram", "0", "2026-11-01T00:00:00.123456Z", "acc--1001", "", "", "-1009", "reply", "ja",
			"'=HYPERLINK(\"https://e.org/0\") by @acc--1001,\n処理水 #Tag", "", "https://e.org/0", "tag", "acc-mentioned", "", "", "7", "",
			"file:a.csv", "1", "", "true", "TLP:AMBER",
		},
		{
			"telegram", "1", "2026-11-01T00:00:01.123456Z", "acc--1001", "", "", "", "post", "", "", "", "", "", "", "", "", "", "",
			"file:a.csv", "1", "2026-11-02T00:00:00Z", "false", "TLP:AMBER",
		},
		{
			"telegram", "2", "2026-11-01T00:00:02.123456Z", "acc--1001", "", "", "-1009", "reply", "ja",
			"'=HYPERLINK(\"https://e.org/2\") by @acc--1001,\n処理水 #Tag", "", "https://e.org/2", "tag", "acc-mentioned", "", "", "7", "",
			"file:a.csv", "1", "", "true", "TLP:AMBER",
		},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestHarmless(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "a=b": "a=b", "=1+1": "'=1+1", "+1": "+1", "+81-90": "'+81-90", "-": "'-", "-1001": "-1001", "-a": "'-a", "@x": "'@x",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1", "＠x": "'＠x", "−1": "'−1", "処理水": "処理水", "'=1": "'=1",
		"+": "'+", "-1.5": "'-1.5",
	} {
		if got := harmless(in); got != want {
			t.Errorf("harmless(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNDJSON(t *testing.T) {
	t.Parallel()
	s := stored(t, 3)
	data, done := write1(t, s, everything, Options{Format: NDJSON, Veil: veil, Marking: `TLP:"AMBER"`})
	if done != (Written{Posts: 2}) {
		t.Errorf("wrote %+v", done)
	}
	if n := strings.Count(string(data), `"marking":"TLP:\"AMBER\""`); n != 2 {
		t.Errorf("the marking stands in %d lines", n)
	}
	path := filepath.Join(t.TempDir(), "a.ndjson")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var got []post.Post
	sums, err := file.Read(t.Context(), []string{path}, file.Options{}, func(posts []post.Post) error {
		got = append(got, posts...)
		return nil
	})
	if err != nil || sums[0].Format != "akashi" || sums[0].Bad != 0 || len(got) != 2 {
		t.Fatalf("read %+v, %v", sums, err)
	}
	var want []post.Post
	if err := s.Each(t.Context(), poststore.Query{}, false, func(posts []poststore.Post) error {
		show, _ := veil(t.Context(), posts)
		for i := range posts {
			p := show(&posts[i]).Post
			p.Labels, p.Synthetic, p.Raw = nil, posts[i].Synthetic, nil
			for i := range p.Links {
				p.Links[i].URL = ""
			}
			want = append(want, p)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].Origin, got[i].Raw = post.Origin{}, nil
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestParquet(t *testing.T) {
	t.Parallel()
	data, done := write1(t, stored(t, 3), everything, Options{Format: Parquet, Veil: veil, Marking: "TLP:GREEN"})
	if done.Posts != 3 {
		t.Errorf("wrote %+v", done)
	}
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := f.Lookup("akashi.marking"); m != "TLP:GREEN" {
		t.Errorf("the file is marked %q", m)
	}
	rows, err := parquet.Read[row](bytes.NewReader(data), int64(len(data)))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	r := rows[2]
	if r.ID != "2" || !r.Time.Equal(time.Date(2026, 11, 1, 0, 0, 2, 123456000, time.UTC)) || r.Account != "acc--1001" || r.Type != "reply" ||
		!strings.HasPrefix(r.Text, "=HYPERLINK") || !slices.Equal(r.Hashtags, []string{"tag"}) || !r.Synthetic || r.Marking != "TLP:GREEN" ||
		r.Deleted != nil || rows[1].Deleted == nil {
		t.Errorf("rows: %+v", rows)
	}

	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	var n, synthetic, tags int64
	var text string
	var first time.Time
	if err := db.QueryRowContext(t.Context(), `SELECT count(*), count(*) FILTER (synthetic), sum(len(hashtags))::BIGINT, min(time), max(text)
		FROM read_parquet(?) WHERE marking = 'TLP:GREEN'`, path).Scan(&n, &synthetic, &tags, &first, &text); err != nil {
		t.Fatal(err)
	}
	if n != 3 || synthetic != 2 || tags != 2 || !first.Equal(rows[0].Time) || text != r.Text {
		t.Errorf("DuckDB reads %d posts, %d synthetic, %d tags, %v, %q", n, synthetic, tags, first, text)
	}
}

func TestLimitAndPlan(t *testing.T) {
	t.Parallel()
	s := stored(t, 1000)
	for _, f := range Formats {
		o := Options{Format: f, Veil: veil, Marking: "TLP:CLEAR"}
		whole, done := write1(t, s, poststore.Query{}, o)
		p, err := PlanFor(t.Context(), s, poststore.Query{}, o)
		if err != nil || p.Posts != 999 || p.Posts != done.Posts || p.Cut() || p.Limit != MostPosts {
			t.Errorf("%s: planned %+v, wrote %+v, %v", f, p, done, err)
		}
		if n := int64(len(whole)); p.Bytes < n/2 || p.Bytes > 2*n {
			t.Errorf("%s: planned %d bytes, wrote %d", f, p.Bytes, n)
		}
		o.Limit = 10
		part, done := write1(t, s, poststore.Query{}, o)
		if done != (Written{Posts: 10, Cut: true}) || len(part) >= len(whole) {
			t.Errorf("%s: with a limit of 10 wrote %+v", f, done)
		}
		if p, err = PlanFor(t.Context(), s, poststore.Query{}, o); err != nil || !p.Cut() || p.Posts != 999 {
			t.Errorf("%s: with a limit of 10 planned %+v, %v", f, p, err)
		}
		o.Limit = 999
		if _, done := write1(t, s, poststore.Query{}, o); done != (Written{Posts: 999}) {
			t.Errorf("%s: with a limit that suffices wrote %+v", f, done)
		}
		none := poststore.Query{Where: query.Or{}}
		if p, err = PlanFor(t.Context(), s, none, o); err != nil || p.Posts != 0 {
			t.Errorf("%s: of nothing planned %+v, %v", f, p, err)
		}
		if data, done := write1(t, s, none, o); done.Posts != 0 || f == Parquet && !bytes.HasPrefix(data, []byte("PAR1")) {
			t.Errorf("%s: of nothing wrote %+v", f, done)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	s := stored(t, 3)
	broken := errors.New("broken")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(nil)
	for _, c := range []struct {
		ctx  context.Context //nolint:containedctx // of one call
		w    io.Writer
		o    Options
		want error
	}{
		{t.Context(), io.Discard, Options{Format: "xlsx", Veil: veil}, ErrFormat},
		{t.Context(), io.Discard, Options{Format: CSV}, ErrVeil},
		{t.Context(), io.Discard, Options{Format: CSV, Veil: func(context.Context, []poststore.Post) (func(*poststore.Post) poststore.Post, error) {
			return nil, broken
		}}, broken},
		{t.Context(), failing{broken}, Options{Format: CSV, Veil: veil}, broken},
		{t.Context(), failing{broken}, Options{Format: CSV, Veil: veil, BOM: true}, broken},
		{t.Context(), failing{broken}, Options{Format: NDJSON, Veil: veil}, broken},
		{t.Context(), failing{broken}, Options{Format: Parquet, Veil: veil}, broken},
		{ctx, io.Discard, Options{Format: NDJSON, Veil: veil}, context.Canceled},
	} {
		if _, err := Write(c.ctx, c.w, s, poststore.Query{}, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s gives %v, want %v", c.o.Format, err, c.want)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestFileName(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.FixedZone("JST", 9*60*60))
	if got := FileName(Options{Format: CSV, Marking: "TLP:AMBER+STRICT"}, at); got != "akashi-posts-20261101T000000Z-TLP-AMBER-STRICT.csv" {
		t.Error(got)
	}
	if got := FileName(Options{Format: Parquet}, at); got != "akashi-posts-20261101T000000Z.parquet" {
		t.Error(got)
	}
}

// many is a scanner of made-up posts, in slices that are used again.
type many struct {
	poststore.Scanner
	n int
}

func (m many) Each(_ context.Context, _ poststore.Query, _ bool, yield func([]poststore.Post) error) error {
	some := make([]poststore.Post, 1000)
	for at := 0; at < m.n; at += len(some) {
		for i := range some {
			some[i] = poststore.Post{Post: post.Post{
				Platform: "x", ID: fmt.Sprint(at + i), Time: time.Unix(int64(at+i), 0), Text: strings.Repeat("処理水", 20), Lang: "ja",
			}, Versions: 1}
		}
		if err := yield(some); err != nil {
			return err
		}
	}
	return nil
}

func TestRowGroups(t *testing.T) {
	t.Parallel()
	data, _ := write1(t, many{n: 120_000}, poststore.Query{}, Options{Format: Parquet, Veil: veil})
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if f.NumRows() != 120_000 || len(f.RowGroups()) < 3 {
		t.Errorf("%d rows in %d groups", f.NumRows(), len(f.RowGroups()))
	}
	rows, err := parquet.Read[row](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if r.ID != fmt.Sprint(i) {
			t.Fatalf("row %d is post %s", i, r.ID)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, f := range Formats {
		b.Run(string(f), func(b *testing.B) {
			const n = 100_000
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Write(b.Context(), io.Discard, many{n: n}, poststore.Query{}, Options{Format: f, Veil: veil}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "posts/s")
		})
	}
}
