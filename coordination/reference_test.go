package coordination_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/coordination"
)

// sharedData gives a path in the reference data, or skips the test.
func sharedData(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("REFERENCE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	path := filepath.Join(dir, "coordination", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("reference data not there: %v (REFERENCE_DATA names its folder)", err)
	}
	return path
}

func readTable(t testing.TB, path string) (header map[string]int, rows [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	rows, err = csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header = map[string]int{}
	for i, c := range rows[0] {
		header[c] = i
	}
	return header, rows[1:]
}

// table reads traces from a table. A cell of several holds several objects,
// apart by spaces.
func table(t testing.TB, name, object, account, post, at string, several bool) []coordination.Trace {
	t.Helper()
	h, rows := readTable(t, sharedData(t, name))
	var out []coordination.Trace
	for _, row := range rows {
		objects := []string{row[h[object]]}
		if several {
			objects = slices.Compact(slices.Sorted(slices.Values(strings.Fields(objects[0]))))
		}
		s, err := strconv.ParseInt(row[h[at]], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if o != "" {
				out = append(out, coordination.Trace{
					Account: row[h[account]], Object: o, Time: time.Unix(s, 0), Post: coordination.Key(row[h[post]]),
				})
			}
		}
	}
	return out
}

func reference(t testing.TB, name string) []line {
	t.Helper()
	h, rows := readTable(t, sharedData(t, filepath.Join("reference", name)))
	from, to := "from", "to"
	directed := false
	if _, ok := h["user_1"]; ok {
		from, to, directed = "user_1", "user_2", true
	}
	var out []line
	for _, row := range rows {
		w, err := strconv.ParseInt(row[h["weight"]], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		a, b := row[h[from]], row[h[to]]
		if !directed {
			a, b = min(a, b), max(a, b)
		}
		out = append(out, line{a, b, w})
	}
	return sortLines(out)
}

func TestReferenceEdges(t *testing.T) {
	ira := func(column string) func(testing.TB) []coordination.Trace {
		return func(t testing.TB) []coordination.Trace {
			return table(t, "ira-2016-10.csv.gz", column, "author", "tweet_n", "timestamp", true)
		}
	}
	german := func(column string) func(testing.TB) []coordination.Trace {
		return func(t testing.TB) []coordination.Trace {
			return table(t, "german_elections.csv", column, "account_id", "post_id", "timestamp", false)
		}
	}
	russian := func(t testing.TB) []coordination.Trace {
		return table(t, "russian_coord_tweets.csv", "object_id", "account_id", "content_id", "timestamp_share", false)
	}
	for _, c := range []struct {
		reference string
		method    coordination.Method
		window    time.Duration
		read      func(testing.TB) []coordination.Trace
	}{
		{"coortweet_de_hashtag_id_w10_edges.csv", coordination.CooRTweet, 10 * time.Second, german("hashtag_id")},
		{"coortweet_de_url_id_w10_edges.csv", coordination.CooRTweet, 10 * time.Second, german("url_id")},
		{"coortweet_de_url_id_w60_edges.csv", coordination.CooRTweet, time.Minute, german("url_id")},
		{"coortweet_ira2016-10_hashtag_w60_edges.csv", coordination.CooRTweet, time.Minute, ira("hashtags")},
		{"coortweet_ira2016-10_url_w60_edges.csv", coordination.CooRTweet, time.Minute, ira("urls")},
		{"coortweet_ru_w10_edges.csv", coordination.CooRTweet, 10 * time.Second, russian},
		{"coortweet_ru_w60_edges.csv", coordination.CooRTweet, time.Minute, russian},
		{"coortweet_ru_w3600_edges.csv", coordination.CooRTweet, time.Hour, russian},
		{"qut_ira_2016-10_qut_co_link_w60.csv", coordination.QUT, time.Minute, ira("urls")},
	} {
		t.Run(c.reference, func(t *testing.T) {
			want := reference(t, c.reference)
			traces := c.read(t)
			for _, workers := range []int{1, 3} {
				n := detect(t, coordination.Config{Method: c.method, Window: c.window, Workers: workers}, traces)
				got := lines(n)
				if len(got) != len(want) {
					t.Errorf("%d workers: %d edges, want %d", workers, len(got), len(want))
				}
				shown := 0
				for i := range min(len(got), len(want)) {
					if got[i] != want[i] && shown < 5 {
						shown++
						t.Errorf("%d workers: edge %d is %v, want %v", workers, i, got[i], want[i])
					}
				}
			}
		})
	}
}
