package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// membersOf reads what the store knows of a snapshot's accounts, by key.
func (s *Server) membersOf(ctx context.Context, snap *finding.Snapshot) (map[string]*poststore.Account, error) {
	out := make(map[string]*poststore.Account, len(snap.Accounts))
	keys := make([]string, len(snap.Accounts))
	for i := range snap.Accounts {
		keys[i] = snap.Accounts[i].Key
	}
	for part := range slices.Chunk(keys, 1000) {
		found, err := s.Posts.Accounts(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("reading the accounts of a finding: %w", err)
		}
		for i := range found {
			out[found[i].Key] = &found[i]
		}
	}
	return out, nil
}

// accountTable is the accounts of the group.
type accountTable struct {
	sheet
	Rows []memberRow
	All  int
}

type memberRow struct {
	memberView
	Posts             int64
	Partners          int
	Centrality, Score float64
	Behaviours        []string
	Search, Edges     string // what the numbers count
}

// chooseAccounts sorts the accounts and takes a page of them.
func (s *Server) chooseAccounts(r *http.Request, snap *finding.Snapshot, e *evidence) {
	e.accountSheet = sheetOf(r, "accounts", s.say(r, "finding.accounts"), "-centrality", len(snap.Accounts), pageSize,
		Column{Key: "account", Label: s.say(r, "finding.account")},
		Column{Key: "posts", Label: s.say(r, "finding.posts"), Number: true, Sorts: true, Falls: true},
		Column{Key: "partners", Label: s.say(r, "finding.partners"), Number: true, Sorts: true, Falls: true},
		Column{Key: "centrality", Label: s.say(r, "finding.centrality"), Number: true, Sorts: true, Falls: true},
		Column{Key: "score", Label: s.say(r, "finding.score"), Number: true, Sorts: true, Falls: true},
		Column{Key: "behaviours", Label: s.say(r, "finding.behaviours")},
	)
	rows := make([]int, len(snap.Accounts))
	for i := range rows {
		rows[i] = i
	}
	sortRows(rows, e.accountSheet.Falling, func(i int) float64 {
		a := &snap.Accounts[i]
		switch e.accountSheet.Sort {
		case "posts":
			return float64(a.Posts)
		case "partners":
			return float64(a.Partners)
		case "score":
			return a.Score
		}
		return a.Centrality
	})
	e.accountRows = rows[e.accountSheet.from:e.accountSheet.to]
}

// accountTable makes the page of accounts.
func (s *Server) accountTable(r *http.Request, snap *finding.Snapshot, e *evidence) accountTable {
	t := accountTable{sheet: e.accountSheet, All: len(snap.Accounts)}
	reads := s.policy.May(auth.Of(r.Context()), auth.PostRead)
	for _, i := range e.accountRows {
		a := &snap.Accounts[i]
		row := memberRow{
			memberView: e.member(a), Posts: a.Posts, Partners: a.Partners, Centrality: a.Centrality, Score: a.Score,
			Behaviours: s.behaviourNames(r, a.Behaviours),
			Edges:      within(r, "edges", "account", a.Alias, "edges-page", ""),
		}
		if reads {
			row.Search = "/search?" + url.Values{"q": {query.Format(query.Is{Field: query.Account, Value: a.Alias})}}.Encode()
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// tieTable is the pairs of accounts that act together.
type edgeTable struct {
	sheet
	Rows []tieRow
	// All counts the edges of the group, Listed those that the table goes
	// through, Left those that the snapshot does not hold.
	All, Listed int
	Left        int64
	Only        *Chip // the account whose edges are listed
}

type tieRow struct {
	A, B                 memberView
	Weight               float64
	CoActions, Occasions int64
	Expected, Q          float64
	Gap                  time.Duration
	Behaviours           []string
	Link                 string
}

// chooseEdges sorts the edges, of one account where the address names one and
// within the span, and takes a page of them.
func (s *Server) chooseEdges(r *http.Request, snap *finding.Snapshot, e *evidence) {
	for i := range snap.Edges {
		x := &snap.Edges[i]
		if e.span.holds(x.First, x.Last) && (e.only < 0 || x.A == e.only || x.B == e.only) {
			e.edges = append(e.edges, i)
		}
	}
	e.edgeSheet = sheetOf(r, "edges", s.say(r, "finding.edges"), "-weight", len(e.edges), pageSize,
		Column{Key: "pair", Label: s.say(r, "finding.pair")},
		Column{Key: "weight", Label: s.say(r, "finding.weight"), Number: true, Sorts: true, Falls: true},
		Column{Key: "co-actions", Label: s.say(r, "finding.coactions"), Number: true, Sorts: true, Falls: true},
		Column{Key: "occasions", Label: s.say(r, "finding.occasions.expected"), Number: true},
		Column{Key: "q", Label: s.say(r, "finding.q"), Number: true, Sorts: true},
		Column{Key: "gap", Label: s.say(r, "finding.gap"), Number: true, Sorts: true},
		Column{Key: "behaviours", Label: s.say(r, "finding.behaviours")},
		Column{Key: "evidence", Label: s.say(r, "finding.evidence")},
	)
	sortRows(e.edges, e.edgeSheet.Falling, func(i int) float64 {
		x := &snap.Edges[i]
		switch e.edgeSheet.Sort {
		case "co-actions":
			return float64(x.CoActions)
		case "q":
			return x.Q
		case "gap":
			return x.GapMedian
		}
		return x.Weight
	})
	e.edgeRows = e.edges[e.edgeSheet.from:e.edgeSheet.to]
}

// tieTable makes the page of edges.
func (s *Server) tieTable(r *http.Request, v *findingView, e *evidence) edgeTable {
	snap := &v.Shown
	t := edgeTable{sheet: e.edgeSheet, All: len(snap.Edges), Listed: len(e.edges), Left: snap.LeftEdges}
	if e.only >= 0 {
		t.Only = &Chip{
			Text: s.say(r, "finding.edges.of", "account", e.member(&snap.Accounts[e.only]).Label), Icon: "circle-user",
			Without: within(r, "edges", "account", "", "edges-page", ""),
		}
	}
	for _, i := range e.edgeRows {
		x := &snap.Edges[i]
		a, b := &snap.Accounts[x.A], &snap.Accounts[x.B]
		row := tieRow{
			A: e.member(a), B: e.member(b), Weight: x.Weight, CoActions: x.CoActions, Occasions: x.Occasions, Expected: x.Expected,
			Q: x.Q, Gap: seconds(x.GapMedian), Link: edgePath(v, a.Alias, b.Alias),
		}
		for _, l := range x.By {
			row.Behaviours = append(row.Behaviours, s.behaviourName(r, l.Behaviour))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// fillTables fills in the tables of the evidence.
func (s *Server) fillTables(r *http.Request, v *findingView, e *evidence) {
	v.Objects = s.objectRows(r, &v.Shown, e)
	v.Examples = s.exampleRows(r, v, e)
	v.Accounts = s.accountTable(r, &v.Shown, e)
	v.Edges = s.tieTable(r, v, e)
}
