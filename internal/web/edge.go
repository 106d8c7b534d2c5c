package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/i18n"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
)

// edgeView is what ties two accounts, with the posts that show it.
type edgeView struct {
	A, B         mandate.Shown
	ALink, BLink string
	// Finding is the short id of the finding, Back its page; Network is the
	// picture with the group open.
	Finding, Back, Network string
	// Page is the address of the evidence on a page of its own; empty there.
	Page string
	Edge *finding.Edge
	// Claim says what was seen against what chance would give.
	Claim, Q, P       string
	Low, Median, High string
	By                []edgeLayer
	Pairs             []postPair
	// LeftPairs are the kept pairs that are not shown.
	LeftPairs int
}

// edgeLayer is the part of one behaviour.
type edgeLayer struct {
	Name               string
	CoActions, Objects int64
}

// postPair is two posts on the same thing.
type postPair struct {
	Number            int
	Behaviour, Object string
	Gap               string
	// A and B are the posts, nil where one is gone; the authors and times
	// are known all the same.
	A, B             *PostCard
	AuthorA, AuthorB string
	TimeA, TimeB     time.Time
}

// edgePairs is how many pairs of posts a page shows.
const edgePairs = 20

// edgePage shows the evidence for one edge.
func (s *Server) edgePage(w http.ResponseWriter, r *http.Request) error {
	f, err := s.Findings.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return fmt.Errorf("reading a finding: %w", err)
	}
	snap, err := s.snapshotOf(r, f.ID)
	if err != nil {
		return err
	}
	v, err := s.edgeOf(r, &snap, r.PathValue("a"), r.PathValue("b"))
	if err != nil {
		return err
	}
	v.Finding, v.Back = f.Short, "/findings/"+url.PathEscape(f.ID)
	v.Network = coordinationLink(snap.Run, f.ID) + "&edge=" + url.QueryEscape(v.A.Alias+"~"+v.B.Alias)
	return s.page(w, r, "edge", Page{
		Title: s.say(r, "coordination.edge.title", "a", v.A.Label, "b", v.B.Label), Data: v, Place: "/coordination",
	})
}

// edgeAddress is the address of an edge's evidence.
func edgeAddress(finding, a, b string, version int64) string {
	return "/findings/" + url.PathEscape(finding) + "/edges/" + url.PathEscape(a) + "/" + url.PathEscape(b) + "?version=" + strconv.FormatInt(version, 10)
}

// findEdge finds the edge between two accounts, by their pseudonyms in either
// order.
func findEdge(snap *finding.Snapshot, a, b string) (*finding.Edge, error) {
	at := map[string]int{a: -1, b: -1}
	for i := range snap.Accounts {
		if _, asked := at[snap.Accounts[i].Alias]; asked {
			at[snap.Accounts[i].Alias] = i
		}
	}
	i, j := at[a], at[b]
	if i >= 0 && j >= 0 && i != j {
		for k := range snap.Edges {
			if e := &snap.Edges[k]; e.A == i && e.B == j || e.A == j && e.B == i {
				return e, nil
			}
		}
	}
	return nil, fmt.Errorf("no edge between the accounts: %w", casestore.ErrNotFound)
}

// edgeOf gathers the evidence for an edge.
func (s *Server) edgeOf(r *http.Request, snap *finding.Snapshot, a, b string) (*edgeView, error) {
	ctx, lang := r.Context(), s.langOf(r)
	e, err := findEdge(snap, a, b)
	if err != nil {
		return nil, err
	}
	names, err := s.accountNames(ctx, auth.Of(ctx), []finding.Account{snap.Accounts[e.A], snap.Accounts[e.B]})
	if err != nil {
		return nil, err
	}
	v := &edgeView{
		A: names[0], B: names[1], ALink: accountLink(names[0].Alias), BLink: accountLink(names[1].Alias), Edge: e,
		Claim: s.say(r, "coordination.edge.claim", "count", e.Occasions, "expected", i18n.Decimal(lang, e.Expected, 2), "window", s.gapText(r, snap.WindowSeconds)),
		Q:     qText(lang, e.Q), P: qText(lang, e.P),
		Low: s.gapText(r, e.GapMin), Median: s.gapText(r, e.GapMedian), High: s.gapText(r, e.GapHigh),
	}
	for _, l := range e.By {
		v.By = append(v.By, edgeLayer{s.behaviourName(r, l.Behaviour), l.CoActions, l.Objects})
	}
	meetings := e.Evidence
	if len(meetings) > edgePairs {
		v.LeftPairs, meetings = len(meetings)-edgePairs, meetings[:edgePairs]
	}
	cards, objects, err := s.meetingPosts(r, meetings)
	if err != nil {
		return nil, err
	}
	for i, m := range meetings {
		v.Pairs = append(v.Pairs, postPair{
			Number: i + 1, Behaviour: s.behaviourName(r, m.Behaviour), Object: objects[i],
			Gap: s.gapText(r, m.TimeB.Sub(m.TimeA).Abs().Seconds()),
			A:   cards(m.PostA, i, "a"), B: cards(m.PostB, i, "b"),
			AuthorA: v.A.Label, AuthorB: v.B.Label, TimeA: m.TimeA, TimeB: m.TimeB,
		})
	}
	return v, nil
}

// meetingPosts fetches the posts of meetings, and gives what makes a card of
// one within a pair, and the objects as the reader may see them.
func (s *Server) meetingPosts(r *http.Request, meetings []finding.Meeting) (func(poststore.Key, int, string) *PostCard, []string, error) {
	ctx := r.Context()
	keys := make([]poststore.Key, 0, 2*len(meetings))
	for _, m := range meetings {
		keys = append(keys, m.PostA, m.PostB)
	}
	posts, err := s.Posts.Get(ctx, keys)
	if err != nil {
		return nil, nil, fmt.Errorf("reading posts: %w", err)
	}
	veil, err := s.Mandate.VeilPosts(ctx, auth.Of(ctx), posts)
	if err != nil {
		return nil, nil, fmt.Errorf("veiling posts: %w", err)
	}
	at := make(map[poststore.Key]*poststore.Post, len(posts))
	for i := range posts {
		at[posts[i].Key] = &posts[i]
	}
	objects := make([]string, len(meetings))
	for i, m := range meetings {
		objects[i] = objectText(veil, &m)
	}
	return func(k poststore.Key, pair int, side string) *PostCard {
		p := at[k]
		if p == nil {
			return nil
		}
		c := s.card(veil, p)
		// A post may stand in several pairs.
		c.ID = fmt.Sprintf("pair-%d-%s", pair+1, side)
		return &c
	}, objects, nil
}

// objectText names what two posts share; "" where the posts themselves say it
// best: for texts, known by a number, and images, known by a hash.
func objectText(veil *mandate.Veil, m *finding.Meeting) string {
	switch m.Behaviour {
	case "text", "image":
		return ""
	}
	return veil.Object(m.Behaviour, m.Object)
}
