package web

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// TestBrowserCoordination walks from a run's groups to the posts behind a tie.
func TestBrowserCoordination(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	site.Start(t, w)
	n, err := w.Findings.Network(t.Context(), w.Run.ID)
	must(t, err)
	site.Run(t, "testdata/coordination.cjs", map[string]any{
		"analyst": site.Enter(t, auth.Analyst), "plain": site.Enter(t, auth.Analyst), "blind": site.Enter(t, auth.Analyst), "viewer": site.Enter(t, auth.Viewer),
		"open": n.Bubbles[0].Finding, "groups": len(n.Bubbles),
	})
}

// named says whether an answer holds a private name.
func named(body string) bool {
	return strings.Contains(body, "private_person") || strings.Contains(body, "Hidden Name")
}

func TestCoordinationPages(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, false)
		site := httptest.NewServer(w)
		defer site.Close()
		fetch := reader(t, service, site.URL, auth.Analyst)
		get := func(path string, want int) string {
			t.Helper()
			status, body := fetch(http.MethodGet, path, "")
			if status != want {
				t.Errorf("%s: %d, want %d\n%.500s", path, status, want, body)
			}
			if named(body) {
				t.Errorf("%s names a person", path)
			}
			return body
		}
		n, err := w.Findings.Network(t.Context(), w.Run.ID)
		must(t, err)

		page := get("/coordination", 200)
		for i := range n.Bubbles {
			if !strings.Contains(page, n.Bubbles[i].Short) || !strings.Contains(page, "open="+n.Bubbles[i].Finding) {
				t.Errorf("the group %s is not on the page, or does not open", n.Bubbles[i].Short)
			}
		}
		if other := get("/coordination?run="+w.Run.ID, 200); !strings.Contains(other, n.Bubbles[0].Short) {
			t.Error("the run by its id shows no group")
		}
		get("/coordination?run=none", 404)
		get("/coordination?open=none", 404)
		get("/coordination/network?run=none", 404)
		get("/findings/none/network", 404)
		get("/findings/none/edges/a/b", 404)
		if late := get("/coordination?from=99999999999", 200); strings.Contains(late, "<td class=\"why-cell\">") {
			t.Error("groups show that were not active at the time")
		}

		var all network
		must(t, json.Unmarshal([]byte(get("/coordination/network", 200)), &all))
		if len(all.Nodes) != len(n.Bubbles) || len(all.Edges) != len(n.Links) || all.Focus != nil {
			t.Errorf("the picture has %d groups and %d links, want %d and %d", len(all.Nodes), len(all.Edges), len(n.Bubbles), len(n.Links))
		}
		for i := range n.Bubbles {
			checkGroup(t, w, get, &n, i)
		}
		checkRunFiles(t, w, get, &n)
		checkNames(t, w, get, &n.Bubbles[len(n.Bubbles)-1])

		viewer := reader(t, service, site.URL, auth.Viewer)
		if status, body := viewer(http.MethodGet, "/coordination?open="+n.Bubbles[0].Finding, ""); status != 200 || strings.Contains(body, "/export/") {
			t.Errorf("a viewer's page: %d, or it offers files", status)
		}
		if status, _ := viewer(http.MethodGet, "/coordination/export/groups.csv", ""); status != http.StatusForbidden {
			t.Errorf("a viewer gets %d for a file", status)
		}
	})
}

// checkGroup opens a group and every tie of it.
func checkGroup(t *testing.T, w *world, get func(string, int) string, n *finding.Network, at int) {
	t.Helper()
	b := &n.Bubbles[at]
	snap, err := w.Findings.Snapshot(t.Context(), b.Finding, b.Snapshot)
	must(t, err)
	var drawn network
	must(t, json.Unmarshal([]byte(get("/coordination/network?open="+b.Finding, 200)), &drawn))
	if want := len(n.Bubbles) - 1 + len(snap.Accounts); len(drawn.Nodes) != want || drawn.Focus == nil {
		t.Errorf("%s open has %d nodes, want %d, or no focus", b.Short, len(drawn.Nodes), want)
	}
	places := map[string]networkNode{}
	for _, node := range drawn.Nodes {
		places[node.ID] = node
	}
	for i := range snap.Accounts {
		a := &snap.Accounts[i]
		node := places[a.Alias]
		if math.Abs(node.X-(b.X+(2*a.X-1)*b.R)) > 1e-9 || math.Abs(node.Y-(b.Y+(2*a.Y-1)*b.R)) > 1e-9 || node.Group != at+1 {
			t.Fatalf("%s: the account %d is at %v, %v, out of its place", b.Short, i, node.X, node.Y)
		}
	}
	var alone network
	must(t, json.Unmarshal([]byte(get("/findings/"+b.Finding+"/network?version=1", 200)), &alone))
	if len(alone.Nodes) != len(snap.Accounts) || len(alone.Edges) != len(snap.Edges) {
		t.Errorf("%s alone has %d accounts and %d edges, want %d and %d", b.Short, len(alone.Nodes), len(alone.Edges), len(snap.Accounts), len(snap.Edges))
	}
	get("/findings/"+b.Finding+"/network?version=99", 404)
	get("/findings/"+b.Finding+"/network?version=x", 422)
	page := get("/coordination?open="+b.Finding, 200)
	for _, want := range []string{snap.Accounts[0].Alias, "/findings/" + b.Finding + "/export/edges.csv", "/findings/" + b.Finding + "/edges/"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s open lacks %q", b.Short, want)
		}
	}
	for i := 0; i < len(alone.Edges); i += 1 + len(alone.Edges)/4 {
		e := alone.Edges[i]
		evidence := get(alone.Page+e.Source+"/"+e.Target+alone.Tail, 200)
		if !strings.Contains(evidence, `href="/posts/`) || !strings.Contains(evidence, e.Source) || !strings.Contains(evidence, e.Target) {
			t.Errorf("the tie %d of %s shows no post or lacks an account", i, b.Short)
		}
		if back := get(alone.Page+e.Target+"/"+e.Source, 200); !strings.Contains(back, `id="pair-1-a"`) {
			t.Errorf("the tie %d of %s is not found from its other end", i, b.Short)
		}
		panel := get("/coordination?open="+b.Finding+"&edge="+url.QueryEscape(e.Source+"~"+e.Target), 200)
		if !strings.Contains(panel, `id="pair-1-a"`) {
			t.Errorf("the tie %d of %s is not in the panel", i, b.Short)
		}
	}
	get(alone.Page+snap.Accounts[0].Alias+"/"+snap.Accounts[0].Alias, 404)
	get(alone.Page+snap.Accounts[0].Alias+"/acc-0000-0000-0000", 404)
	get("/coordination?open="+b.Finding+"&edge=nonsense", 404)
}

// checkRunFiles reads the files of a run.
func checkRunFiles(t *testing.T, w *world, get func(string, int) string, n *finding.Network) {
	t.Helper()
	get("/coordination/export/secrets.txt", 404)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(get("/coordination/export/groups.csv", 200), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != len(n.Bubbles)+1 || rows[1][1] != n.Bubbles[0].Short {
		t.Errorf("groups.csv: %v, %d rows", err, len(rows))
	}
	for _, file := range []string{"network.gexf", "network.graphml"} {
		nodes := 0
		for d := xml.NewDecoder(strings.NewReader(get("/coordination/export/"+file+"?run="+w.Run.ID, 200))); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			must(t, err)
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "node" {
				nodes++
			}
		}
		if nodes != len(n.Bubbles) {
			t.Errorf("%s has %d groups, want %d", file, nodes, len(n.Bubbles))
		}
	}
	must(t, w.Audit.Drain(t.Context(), w.DB))
	log, err := w.Audit.Page(t.Context(), w.Audit.Size(), audit.Filter{Action: string(auth.FindingExport), Object: w.Run.ID}, 100, 10_000)
	if err != nil || len(log.Entries) != 3 {
		t.Errorf("the log has %d lines on files that were made, want 3: %v", len(log.Entries), err)
	}
}

// checkNames marks an account as an outlet, which is then the only one with a
// name in the picture.
func checkNames(t *testing.T, w *world, get func(string, int) string, b *finding.Bubble) {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "cli:test")
	snap, err := w.Findings.Snapshot(ctx, b.Finding, b.Snapshot)
	must(t, err)
	known, err := w.Store.Accounts(ctx, []string{snap.Accounts[0].Key})
	must(t, err)
	_, err = w.Mandate.MarkAccount(ctx, &auth.Principal{ID: "lead", Roles: []auth.Role{auth.Lead}}, mandate.Of(&known[0]), mandate.Outlet, "An editorial office.", "")
	must(t, err)
	var drawn network
	must(t, json.Unmarshal([]byte(get("/findings/"+b.Finding+"/network", 200)), &drawn))
	for _, node := range drawn.Nodes {
		if named := node.Label != node.ID; named != (node.ID == snap.Accounts[0].Alias) {
			t.Errorf("the account %s is shown as %q", node.ID, node.Label)
		}
	}
}

// TestCoordinationEmpty looks at the page before there is anything to show.
func TestCoordinationEmpty(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, true)
		site := httptest.NewServer(w)
		defer site.Close()
		fetch := reader(t, service, site.URL, auth.Analyst)
		if status, body := fetch(http.MethodGet, "/coordination", ""); status != 200 || !strings.Contains(body, "No detection has run to its end yet") {
			t.Errorf("the page without a run: %d\n%.2000s", status, body)
		}
		if status, body := fetch(http.MethodGet, "/coordination/network", ""); status != 200 || body != `{"nodes":[],"edges":[]}` {
			t.Errorf("the picture without a run: %d %s", status, body)
		}
		// A run over no posts finds no group.
		w.detect(t)
		if status, body := fetch(http.MethodGet, "/coordination", ""); status != 200 || !strings.Contains(body, "This run found no group") {
			t.Errorf("the page of a run without groups: %d\n%.2000s", status, body)
		}
	})
}

// TestPictureBounds draws a group that is larger than a picture holds.
func TestPictureBounds(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, true)
		r := httptest.NewRequest(http.MethodGet, "/findings/f/network", http.NoBody)
		for _, c := range []struct{ accounts, edges, wantAccounts, wantEdges int }{
			{3, 3, 3, 3},
			{pictureAccounts, pictureEdges, pictureAccounts, pictureEdges},
			{pictureAccounts + 1, 5, pictureAccounts, 4}, // one edge is of the account left out
			{10, pictureEdges + 1, 10, pictureEdges},
		} {
			snap := finding.Snapshot{Finding: "f", Version: 1}
			for i := range c.accounts {
				snap.Accounts = append(snap.Accounts, finding.Account{Key: fmt.Sprint("x:", i), Alias: fmt.Sprint("acc-", i)})
			}
			for i := range c.edges {
				b := i%(len(snap.Accounts)-1) + 1
				if i == 0 {
					b = len(snap.Accounts) - 1
				}
				snap.Edges = append(snap.Edges, finding.Edge{A: 0, B: b, Weight: 1})
			}
			var out network
			must(t, w.drawGroup(r, &out, &snap, networkDisc{0.5, 0.5, 0.5}, 1))
			cut := c.wantAccounts < c.accounts || c.wantEdges < c.edges
			if len(out.Nodes) != c.wantAccounts || len(out.Edges) != c.wantEdges || (out.Left != "") != cut {
				t.Errorf("%d accounts and %d edges: %d and %d are drawn, and %q is said", c.accounts, c.edges, len(out.Nodes), len(out.Edges), out.Left)
			}
		}
	})
}

func TestNetworkFilter(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	edge := finding.Edge{First: day(10), Last: day(12), Q: 1e-5, Weight: 3}
	for _, c := range []struct {
		name string
		f    networkFilter
		want bool
	}{
		{"nothing asked", networkFilter{}, true},
		{"from before", networkFilter{From: day(9)}, true},
		{"from within", networkFilter{From: day(11)}, true},
		{"from its end", networkFilter{From: day(12)}, true},
		{"from after", networkFilter{From: day(13)}, false},
		{"to before", networkFilter{To: day(9)}, false},
		{"to its start", networkFilter{To: day(10)}, true},
		{"significant enough", networkFilter{Exponent: 4.5}, true},
		{"not significant enough", networkFilter{Exponent: 5.5}, false},
		{"strong enough", networkFilter{MinWeight: 3}, true},
		{"not strong enough", networkFilter{MinWeight: 3.1}, false},
	} {
		if got := c.f.showsEdge(&edge); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/coordination?from=NaN&to=-3&q=x&w=1e300", http.NoBody)
	if got := networkFilterOf(r); got != (networkFilter{}) {
		t.Errorf("nonsense asks for %+v", got)
	}
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "two\nlines": "two lines", "a\u202eb": "a[U+202E]b", "bad \xff": "bad [0xFF]", "": "",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", in, got, want)
		}
	}
}
