package file_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/collect/file"
)

var update = flag.Bool("update", false, "write what the readers give into testdata")

// TestFormats reads each fixture and compares the posts, and what the summary
// says, with the file of the same name under testdata/want.
func TestFormats(t *testing.T) {
	for _, c := range []struct {
		name string
		o    file.Options
		also []string
	}{
		{name: "long.csv"}, {name: "ira.csv"}, {name: "ira-compact.csv", o: file.Options{Labels: []string{"account_category"}}},
		{name: "crowdtangle-facebook.csv"}, {name: "crowdtangle-instagram.csv"},
		{name: "4cat-tiktok.csv"}, {name: "4cat-telegram.ndjson"},
		{name: "zeeschuimer.ndjson"}, {name: "zeeschuimer-4cat.ndjson"},
		{name: "archive/tweets.js"}, {name: "archive/account.js"},
		{name: "x-api-page.json"}, {name: "x-api.ndjson"}, {name: "x-v1.ndjson"}, {name: "bluesky.ndjson"},
		{name: "telegram.json"}, {name: "telegram-full.json"}, {name: "telethon.ndjson"},
		{name: "jetstream.ndjson"}, {name: "akashi.ndjson"},
		{name: "unknown-ja.csv"}, {name: "unknown.tsv"}, {name: "unknown.ndjson"}, {name: "long-objects.json"},
		{name: "excel.csv"},
		{name: "headless.csv", o: file.Options{Map: map[string]string{"account": "2", "object": "3"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join("testdata", filepath.FromSlash(c.name))
			c.o.MaxBad = 1
			posts, sums := collect(t, c.o, path)
			s := sums[0]
			var b strings.Builder
			fmt.Fprintf(&b, "# format=%s guessed=%v rows=%d posts=%d bad=%d skipped=%v\n# mapping=%v\n",
				s.Format, s.Guessed, s.Rows, s.Posts, s.Bad, s.SkippedWhy, s.Mapping)
			for _, r := range s.Reasons {
				fmt.Fprintf(&b, "# %s\n", filepath.ToSlash(r.String()))
			}
			for i := range posts {
				fmt.Fprintf(&b, "%d: %s", posts[i].Origin.Line, file.AppendPost(nil, &posts[i]))
			}
			want := filepath.Join("testdata", "want", strings.ReplaceAll(c.name, "/", "-")+".txt")
			if *update {
				if err := os.WriteFile(want, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			expected, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(expected) {
				t.Errorf("got\n%s\nwant\n%s", b.String(), expected)
			}
			if s.Rows > s.Posts+s.Bad+s.Skipped || s.Posts > 0 && s.First.IsZero() {
				t.Errorf("the summary does not add up: %+v", s)
			}
		})
	}
}
