package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/report"
)

// Snapshot is the evidence of a finding behind the veil.
type Snapshot struct {
	Finding string    `json:"finding"`
	Version int64     `json:"version" doc:"Counts the finding's snapshots from 1."`
	Run     string    `json:"run"`
	Created time.Time `json:"created"`

	Accounts    []SnapshotAccount `json:"accounts" doc:"The most central first."`
	Edges       []SnapshotEdge    `json:"edges" doc:"The heaviest first."`
	LeftEdges   int64             `json:"left_edges" doc:"Edges beyond those listed."`
	Objects     []SnapshotObject  `json:"objects" doc:"What they acted on together, the strongest first."`
	LeftObjects int64             `json:"left_objects" doc:"Objects beyond those listed."`
	Behaviours  []report.Layer    `json:"behaviours"`
	Examples    []SnapshotExample `json:"examples" doc:"Pairs of posts to read first."`
	Timeline    report.Timeline   `json:"timeline"`

	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	MedianGap float64   `json:"median_gap_s" doc:"The median over the edges of their median gap, in seconds."`
	CoActions int64     `json:"co_actions"`
	Occasions int64     `json:"occasions"`
	Expected  float64   `json:"expected" doc:"How many occasions chance would give."`
	Posts     int64     `json:"posts"`
	FDR       float64   `json:"fdr"`
	Window    float64   `json:"window_s"`
}

// SnapshotAccount is an account of the group.
type SnapshotAccount struct {
	Alias      string   `json:"alias" doc:"The pseudonym." example:"acc-7k2m-9q4x-1d0e"`
	Label      string   `json:"label" doc:"The name where the account is marked, else the pseudonym."`
	Class      string   `json:"class,omitempty" doc:"What the account is marked as: public-body, outlet, state-channel."`
	Platform   string   `json:"platform"`
	Posts      int64    `json:"posts"`
	Score      float64  `json:"score"`
	Centrality float64  `json:"centrality"`
	Strength   float64  `json:"strength"`
	Partners   int      `json:"partners"`
	Behaviours []string `json:"behaviours"`
	X          float64  `json:"x"`
	Y          float64  `json:"y"`
}

// SnapshotEdge joins two accounts by their places in the list.
type SnapshotEdge struct {
	A         int                 `json:"a"`
	B         int                 `json:"b"`
	Weight    float64             `json:"w"`
	CoActions int64               `json:"co_actions"`
	Objects   int64               `json:"objects"`
	Occasions int64               `json:"occasions"`
	Expected  float64             `json:"expected"`
	P         float64             `json:"p"`
	Q         float64             `json:"q"`
	First     time.Time           `json:"first"`
	Last      time.Time           `json:"last"`
	GapMin    float64             `json:"gap_min_s"`
	GapMedian float64             `json:"gap_median_s"`
	GapHigh   float64             `json:"gap_high_s"`
	By        []finding.EdgeLayer `json:"by"`
	Evidence  []SnapshotMeeting   `json:"evidence" doc:"Pairs of posts, the closest first."`
}

// SnapshotMeeting is a pair of posts on one object.
type SnapshotMeeting struct {
	Behaviour string    `json:"behaviour"`
	Object    string    `json:"object"`
	PostA     string    `json:"post_a" doc:"The key of a post: see post-get."`
	PostB     string    `json:"post_b"`
	TimeA     time.Time `json:"time_a"`
	TimeB     time.Time `json:"time_b"`
}

// SnapshotExample is a meeting of two accounts by their places.
type SnapshotExample struct {
	A int `json:"a"`
	B int `json:"b"`
	SnapshotMeeting
}

// SnapshotObject is something that the group acted on together.
type SnapshotObject struct {
	Behaviour string `json:"behaviour"`
	Object    string `json:"object"`
	Accounts  int64  `json:"accounts" doc:"Accounts of the group."`
	Everyone  int64  `json:"everyone" doc:"Accounts in all that was looked at."`
	CoActions int64  `json:"co_actions"`
	Post      string `json:"post" doc:"The key of a post that shows it."`
}

// snapshot shows a snapshot through the veil that holds for everybody.
func (a *API) snapshot(ctx context.Context, s *finding.Snapshot) (Snapshot, error) {
	out := Snapshot{
		Finding: s.Finding, Version: s.Version, Run: s.Run, Created: s.Created,
		Accounts: []SnapshotAccount{}, Edges: []SnapshotEdge{}, Objects: []SnapshotObject{}, Examples: []SnapshotExample{},
		LeftEdges: s.LeftEdges, LeftObjects: s.LeftObject, Behaviours: s.Behaviours, Timeline: s.Timeline,
		First: s.First, Last: s.Last, MedianGap: s.MedianGap, CoActions: s.CoActions, Occasions: s.Occasions,
		Expected: s.Expected, Posts: s.Posts, FDR: s.FDR, Window: s.WindowSeconds,
	}
	accounts, err := a.accountsOf(ctx, s.Accounts)
	if err != nil {
		return out, err
	}
	veil, err := a.Mandate.Veil(ctx, nil, accounts...)
	if err != nil {
		return out, fmt.Errorf("making a veil: %w", err)
	}
	for i, x := range s.Accounts {
		shown := veil.Account(accounts[i])
		out.Accounts = append(out.Accounts, SnapshotAccount{
			Alias: x.Alias, Label: shown.Label, Class: string(shown.Class), Platform: accounts[i].Platform, Posts: x.Posts,
			Score: x.Score, Centrality: x.Centrality, Strength: x.Strength, Partners: x.Partners, Behaviours: orEmpty(x.Behaviours), X: x.X, Y: x.Y,
		})
	}
	meeting := func(m *finding.Meeting) SnapshotMeeting {
		return SnapshotMeeting{m.Behaviour, veil.Object(m.Behaviour, m.Object), keyText(m.PostA), keyText(m.PostB), m.TimeA, m.TimeB}
	}
	for i := range s.Edges {
		e := &s.Edges[i]
		shown := SnapshotEdge{
			e.A, e.B, e.Weight, e.CoActions, e.Objects, e.Occasions, e.Expected, e.P, e.Q, e.First, e.Last,
			e.GapMin, e.GapMedian, e.GapHigh, orEmpty(e.By), []SnapshotMeeting{},
		}
		for j := range e.Evidence {
			shown.Evidence = append(shown.Evidence, meeting(&e.Evidence[j]))
		}
		out.Edges = append(out.Edges, shown)
	}
	for _, o := range s.Objects {
		out.Objects = append(out.Objects, SnapshotObject{
			o.Behaviour, veil.Object(o.Behaviour, o.Object), o.Accounts, o.Everyone, o.CoActions, keyText(o.Post),
		})
	}
	for i := range s.Examples {
		x := &s.Examples[i]
		out.Examples = append(out.Examples, SnapshotExample{x.A, x.B, meeting(&x.Meeting)})
	}
	return out, nil
}

// accountsOf gives the accounts of a group as the store knows them; of one that
// is gone, what its key says.
func (a *API) accountsOf(ctx context.Context, list []finding.Account) ([]mandate.Account, error) {
	keys := make([]string, len(list))
	for i := range list {
		keys[i] = list[i].Key
	}
	known, err := a.Posts.Accounts(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	by := make(map[string]*poststore.Account, len(known))
	for i := range known {
		by[known[i].Key] = &known[i]
	}
	out := make([]mandate.Account, len(list))
	for i, key := range keys {
		if k := by[key]; k != nil {
			out[i] = mandate.Of(k)
			continue
		}
		platform, id, _ := strings.Cut(key, ":")
		out[i] = mandate.Account{Platform: platform, Account: post.Account{ID: id}}
	}
	return out, nil
}

// keyText writes a post's key as addresses have it.
func keyText(k poststore.Key) string { return fmt.Sprintf("%016x", uint64(k)) }
