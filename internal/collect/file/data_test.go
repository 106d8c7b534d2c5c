package file_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
)

// sharedData gives a file of the measured data sets, which lie beside the
// module or where REFERENCE_DATA says; without them the test is skipped.
func sharedData(tb testing.TB, parts ...string) string {
	tb.Helper()
	dir := os.Getenv("REFERENCE_DATA")
	if dir == "" {
		at, err := os.Getwd()
		if err != nil {
			tb.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
				break
			}
			up := filepath.Dir(at)
			if up == at {
				tb.Skip("no module root above the package: cannot look for the shared data")
			}
			at = up
		}
		dir = filepath.Join(at, "..", "shared", "data")
	}
	path := filepath.Join(append([]string{dir}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("the data set %s is not here (REFERENCE_DATA names its folder): skipped", filepath.Join(parts...))
	}
	return path
}

// collect reads files and keeps the posts.
func collect(tb testing.TB, o file.Options, paths ...string) ([]post.Post, []file.Summary) {
	tb.Helper()
	posts, sums, err := tryCollect(o, paths...)
	if err != nil {
		tb.Fatalf("Read: %v", err)
	}
	return posts, sums
}

func tryCollect(o file.Options, paths ...string) ([]post.Post, []file.Summary, error) {
	var posts []post.Post
	sums, err := file.Read(context.Background(), paths, o, func(batch []post.Post) error {
		posts = append(posts, batch...)
		return nil
	})
	return posts, sums, err
}

func TestInternetResearchAgency(t *testing.T) {
	path := sharedData(t, "coordination", "ira-2016-10.csv.gz")
	posts, sums := collect(t, file.Options{}, path)
	s := sums[0]
	if len(posts) != 131893 || s.Posts != 131893 || s.Rows != 131893 || s.Bad != 0 || s.Format != "ira-compact" || s.Compression != "gzip" || s.Replaced != 0 {
		t.Errorf("got %d posts, summary %+v", len(posts), s)
	}
	p := posts[1]
	if p.ID != "1199680" || p.Account.ID != "BlackToLive" || p.Platform != "x" || len(p.Links) != 2 || p.Origin.Line != 3 || p.Lang != "en" || p.Time.Unix() != 1475280000 {
		t.Errorf("second post is %+v", p)
	}
}

func TestGermanElections(t *testing.T) {
	path := sharedData(t, "coordination", "german_elections.csv")
	_, sums := collect(t, file.Options{}, path)
	if s := sums[0]; s.Posts != 218971 || s.Mapping["account"] != "account_id" || s.Mapping["url"] != "url_id" || s.Mapping["image"] != "phash_id" || s.Mapping["domain"] != "domain_id" {
		t.Errorf("guessed: %+v", s)
	}
	posts, sums := collect(t, file.Options{Map: map[string]string{"object": "url_id"}}, path)
	s := sums[0]
	if s.Rows != 218971 || s.Bad != 0 || s.Skipped == 0 || s.Posts+s.Skipped != s.Rows || s.SkippedWhy["no object"] != s.Skipped {
		t.Errorf("long table: %+v", s)
	}
	for _, p := range posts {
		if p.Object == "" || p.Account.ID == "" || p.ID == "" || p.Links != nil {
			t.Fatalf("not a row of a long table: %+v", p)
		}
	}
}

func TestLongTable(t *testing.T) {
	for name, want := range map[string]int64{"russian_coord_tweets.csv": 35125, "semisynth-easy.csv": 73984} {
		_, sums := collect(t, file.Options{}, sharedData(t, "coordination", name))
		if s := sums[0]; s.Posts != want || s.Format != "cooRTweet" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func benchmarkFile(b *testing.B, path string, raw int64, o file.Options) {
	b.Helper()
	b.ReportAllocs()
	b.SetBytes(raw)
	for b.Loop() {
		n := 0
		_, err := file.Read(context.Background(), []string{path}, o, func(batch []post.Post) error {
			n += len(batch)
			return nil
		})
		if err != nil || n == 0 {
			b.Fatal(n, err)
		}
	}
}

const iraBytes = 28010805

func BenchmarkIRA(b *testing.B) {
	path := sharedData(b, "coordination", "ira-2016-10.csv.gz")
	b.Run("all", func(b *testing.B) { benchmarkFile(b, path, iraBytes, file.Options{}) })
	b.Run("links", func(b *testing.B) {
		benchmarkFile(b, path, iraBytes, file.Options{Need: file.NeedLinks | file.NeedHashtags})
	})
	b.Run("text", func(b *testing.B) {
		benchmarkFile(b, path, iraBytes, file.Options{Need: file.NeedAll &^ file.NeedRaw})
	})
}

// BenchmarkPlain reads the same posts many times over, uncompressed.
func BenchmarkPlain(b *testing.B) {
	src := sharedData(b, "coordination", "ira-2016-10.csv.gz")
	posts, _ := collect(b, file.Options{}, src)
	header := "tweet_n,timestamp,author,account_category,account_type,post_type,language,content,urls,hashtags\n"
	var table, lines []byte
	table = append(table, header...)
	for range 4 {
		for i := range posts {
			table = append(append(table, posts[i].Raw...), '\n')
		}
	}
	for i := range posts {
		lines = file.AppendPost(lines, &posts[i])
	}
	dir := b.TempDir()
	for name, data := range map[string][]byte{"t.csv": table, "t.ndjson": lines} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for _, need := range []struct {
		name string
		set  file.Fields
	}{{"all", file.NeedAll}, {"links", file.NeedLinks | file.NeedHashtags}} {
		b.Run("csv/"+need.name, func(b *testing.B) {
			benchmarkFile(b, filepath.Join(dir, "t.csv"), int64(len(table)), file.Options{Need: need.set})
		})
		b.Run("ndjson/"+need.name, func(b *testing.B) {
			benchmarkFile(b, filepath.Join(dir, "t.ndjson"), int64(len(lines)), file.Options{Need: need.set})
		})
	}
}
