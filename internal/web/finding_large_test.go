package web

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/duck"
)

// TestLargeFinding says that the page of a group of 5,000 accounts with as many
// edges as a snapshot holds shows 50 of each at a time, and that its links reach
// the last. How long it takes is in the log of the test.
func TestLargeFinding(t *testing.T) {
	if testing.Short() {
		t.Skip("a large group")
	}
	db, err := casestoretest.Engines["sqlite"](t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
	must(t, err)
	w := newWorld(t, service, db, false)
	all, _ := findingsOf(t, w)
	const accounts, edges = 5_000, 20_000
	enlarge(t, w, &all[0], accounts, edges)
	site := httptest.NewServer(w)
	defer site.Close()
	fetch := reader(t, service, site.URL, auth.Analyst)
	path := findingPath(all[0].Short)
	for _, c := range []struct {
		query           string
		accounts, edges int
	}{{"", 50, 50}, {"?edges=-gap&edges-page=400&accounts-page=100", 50, 50}} {
		began := time.Now()
		body := page(t, fetch, path+c.query)
		t.Logf("%q: %s, %d bytes", c.query, time.Since(began).Round(time.Millisecond), len(body))
		if a, e := len(column(t, body, "accounts", 0)), len(column(t, body, "edges", 0)); a != c.accounts || e != c.edges {
			t.Errorf("%q: %d accounts and %d edges", c.query, a, e)
		}
	}
	for _, file := range findingFiles {
		began := time.Now()
		body := page(t, fetch, path+"/export/"+file)
		t.Logf("%s: %s, %d bytes", file, time.Since(began).Round(time.Millisecond), len(body))
	}
}

// enlarge makes a finding's snapshot as large as one can be.
func enlarge(t *testing.T, w *world, f *finding.Finding, accounts, edges int) {
	t.Helper()
	snap, err := w.Findings.Snapshot(t.Context(), f.ID, 0)
	must(t, err)
	posts := make([]post.Post, accounts)
	for i := range posts {
		posts[i] = post.Post{Platform: "large", ID: fmt.Sprint(i), Account: post.Account{ID: fmt.Sprint(i), Handle: fmt.Sprintf("large_person_%d", i)}, Time: snap.First}
	}
	// The store that instances have: the one of tests looks at every post for
	// each account.
	store, err := duck.Open(t.Context(), filepath.Join(t.TempDir(), "posts.duckdb"), duck.Options{Alias: w.Mandate.Names().Alias})
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	for i := range posts {
		normalise.Post(&posts[i], normalise.Options{})
	}
	_, err = store.Append(t.Context(), poststore.Batch{Source: "large", Posts: posts})
	must(t, err)
	w.Posts = store
	edge := snap.Edges[0]
	for len(edge.Evidence) < 3 {
		edge.Evidence = append(edge.Evidence, edge.Evidence[0])
	}
	snap.Accounts, snap.Edges, snap.Examples = snap.Accounts[:0], snap.Edges[:0], nil
	for i := range accounts {
		id := fmt.Sprint(i)
		snap.Accounts = append(snap.Accounts, finding.Account{
			Key: poststore.AccountKey("large", id), Alias: w.Mandate.Names().Alias("large", id), Posts: int64(i), Centrality: 1 - float64(i)/float64(accounts),
		})
	}
	for i := range edges {
		edge.A, edge.B, edge.Weight = i%accounts, (i+1+i/accounts)%accounts, float64(edges-i)
		edge.GapMedian = float64(i)
		snap.Edges = append(snap.Edges, edge)
	}
	data, err := json.Marshal(&snap)
	must(t, err)
	pack, err := zstd.NewWriter(nil)
	must(t, err)
	must(t, w.DB.Change(casestore.WithActor(t.Context(), "cli:test"), func(tx *casestore.Tx) error {
		if err := tx.Log(t.Context(), casestore.Line{Action: "test"}); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `UPDATE finding_snapshots SET data = ? WHERE finding = ? AND version = ?`, pack.EncodeAll(data, nil), f.ID, snap.Version)
		return err
	}))
}
