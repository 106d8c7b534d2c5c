package main

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sharedData gives a path in the reference data, or skips the test.
func sharedData(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("REFERENCE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, "coordination", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("reference data not there: %v (REFERENCE_DATA names its folder)", err)
	}
	return path
}

// weighted reads the edges of a table: "from to" → weight. A pair that stands
// twice is an error. Pairs without a direction are put in order.
func weighted(t testing.TB, path, from, to string, directed bool) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, c := range rows[0] {
		at[c] = i
	}
	for _, c := range []string{from, to, "weight"} {
		if _, ok := at[c]; !ok {
			t.Fatalf("%s has no column %s: %v", path, c, rows[0])
		}
	}
	out := map[string]string{}
	for _, row := range rows[1:] {
		a, b := row[at[from]], row[at[to]]
		if !directed {
			a, b = min(a, b), max(a, b)
		}
		if _, again := out[a+" "+b]; again {
			t.Errorf("%s: %s and %s stand twice", path, a, b)
		}
		out[a+" "+b] = row[at["weight"]]
	}
	return out
}

// TestReferenceEdgesByCommand runs the command on the reference inputs as its
// users type it and compares edges.csv with what the peers' own code gave.
func TestReferenceEdgesByCommand(t *testing.T) {
	const ira, german, russian = "ira-2016-10.csv.gz", "german_elections.csv", "russian_coord_tweets.csv"
	long := func(object string) string {
		return "--object " + object + " --account account_id --post post_id --time timestamp"
	}
	for _, c := range []struct{ reference, input, flags string }{
		{"coortweet_de_hashtag_id_w10_edges.csv", german, "--method coortweet --window 10s --min-participation 2 --hashtags-as-given " + long("hashtag_id")},
		{"coortweet_de_url_id_w10_edges.csv", german, "--method coortweet --window 10s --min-participation 2 --urls-as-given " + long("url_id")},
		{"coortweet_de_url_id_w60_edges.csv", german, "--method coortweet --by url --window 60s --min-participation 2 --urls-as-given " + long("url_id")},
		{"coortweet_ira2016-10_hashtag_w60_edges.csv", ira, "--method coortweet --by hashtag --window 60s --min-participation 2"},
		{"coortweet_ira2016-10_url_w60_edges.csv", ira, "--method coortweet --by url --window 60s --min-participation 2 --urls-as-given"},
		{"coortweet_ru_w10_edges.csv", russian, "--method coortweet --window 10s --min-participation 2"},
		{"coortweet_ru_w60_edges.csv", russian, "--method coortweet --window 60s"},
		{"coortweet_ru_w3600_edges.csv", russian, "--method coortweet --window 1h --urls-as-given"},
		{"qut_ira_2016-10_qut_co_link_w60.csv", ira, "--method qut --by url --window 60s --urls-as-given"},
	} {
		t.Run(strings.TrimSuffix(c.reference, ".csv"), func(t *testing.T) {
			from, to, directed := "from", "to", false
			if strings.HasPrefix(c.reference, "qut_") {
				from, to, directed = "user_1", "user_2", true
			}
			want := weighted(t, sharedData(t, filepath.Join("reference", c.reference)), from, to, directed)
			dir := t.TempDir()
			args := slices.Concat([]string{"detect"}, strings.Fields(c.flags), []string{"-o", dir, sharedData(t, c.input)})
			if code, _, stderr := call(t.Context(), "", args...); code != exitOK {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			got := weighted(t, filepath.Join(dir, "edges.csv"), "from", "to", directed)
			if len(want) == 0 {
				t.Error("the reference holds no edges")
			}
			if !maps.Equal(got, want) {
				t.Errorf("%d edges, want %d; first differences:%s", len(got), len(want), differences(got, want))
			}
		})
	}
}

// differences describes the first pairs whose weight differs.
func differences(got, want map[string]string) string {
	all := maps.Clone(want)
	maps.Copy(all, got)
	var b strings.Builder
	shown := 0
	for _, pair := range slices.Sorted(maps.Keys(all)) {
		if got[pair] != want[pair] && shown < 5 {
			shown++
			fmt.Fprintf(&b, "\n  %s: weight %q, want %q", pair, got[pair], want[pair])
		}
	}
	return b.String()
}
