package web

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/i18n"
	"github.com/akashi-project/akashi/internal/mandate"
)

// The most that a picture of a network holds. What is beyond is in the tables
// and files, and the picture says so.
const (
	pictureAccounts = 2_000
	pictureEdges    = 10_000
)

// network is what web/src/network.ts draws. Places and sizes are in one unit,
// the side of the square that the picture shows.
type network struct {
	Nodes []networkNode `json:"nodes"`
	Edges []networkEdge `json:"edges"`
	// Focus is the disc that the picture shows at first; nil: all.
	Focus *networkDisc `json:"focus,omitempty"`
	// Page and Panel are what an edge's address begins with: the page of the
	// evidence with the two accounts as "a/b" before Tail, and the same in
	// the panel as "a~b".
	Page  string `json:"page,omitempty"`
	Tail  string `json:"tail,omitempty"`
	Panel string `json:"panel,omitempty"`
	// Left says what the picture leaves out.
	Left string `json:"left,omitempty"`
}

// networkNode is a group or an account.
type networkNode struct {
	ID    string  `json:"id"`
	Kind  string  `json:"kind"` // "group" or "account"
	Label string  `json:"label"`
	Text  string  `json:"text"` // what is said of it in one line
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Size  float64 `json:"size"` // radius
	Group int     `json:"group"`
	Href  string  `json:"href"`
	// First and Last bound its activity, in seconds; 0 for accounts, which
	// are active as their edges are.
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`
}

// networkEdge ties two accounts, or two groups.
type networkEdge struct {
	Source string  `json:"source"`
	Target string  `json:"target"`
	Kind   string  `json:"kind"` // "link" of groups, or "edge"
	Text   string  `json:"text"`
	Size   float64 `json:"size"` // width
	Weight float64 `json:"w,omitempty"`
	Q      float64 `json:"q"`
	First  int64   `json:"first,omitempty"`
	Last   int64   `json:"last,omitempty"`
}

// networkDisc is a part of the picture.
type networkDisc struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	R float64 `json:"r"`
}

// findingNetwork answers with a group's accounts and edges, as large as the
// picture.
func (s *Server) findingNetwork(w http.ResponseWriter, r *http.Request) error {
	f, err := s.Findings.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return fmt.Errorf("drawing a group: %w", err)
	}
	snap, err := s.snapshotOf(r, f.ID)
	if err != nil {
		return err
	}
	out := network{Nodes: []networkNode{}, Edges: []networkEdge{}}
	if err := s.drawGroup(r, &out, &snap, networkDisc{X: 0.5, Y: 0.5, R: 0.5}, 1); err != nil {
		return err
	}
	return writeNetwork(w, out)
}

// snapshotOf reads the version of a finding's evidence that the address names,
// the newest where it names none.
func (s *Server) snapshotOf(r *http.Request, id string) (finding.Snapshot, error) {
	var version int64
	if v := r.URL.Query().Get("version"); v != "" {
		var err error
		if version, err = strconv.ParseInt(v, 10, 64); err != nil || version < 0 {
			return finding.Snapshot{}, invalid("coordination.version.wrong")
		}
	}
	snap, err := s.Findings.Snapshot(r.Context(), id, version)
	if err != nil {
		return snap, fmt.Errorf("reading a group: %w", err)
	}
	return snap, nil
}

// coordinationNetwork answers with a run's groups and what ties them; the group
// that is open stands there as its accounts.
func (s *Server) coordinationNetwork(w http.ResponseWriter, r *http.Request) error {
	run, err := s.chosenRun(r)
	if err != nil {
		return err
	}
	if run.State != finding.RunDone {
		return writeNetwork(w, network{Nodes: []networkNode{}, Edges: []networkEdge{}})
	}
	n, err := s.Findings.Network(r.Context(), run.ID)
	if err != nil {
		return fmt.Errorf("drawing a run: %w", err)
	}
	open := groupOf(&n, r.URL.Query().Get("open"))
	out := s.drawRun(r, &n, open)
	if open >= 0 {
		b := &n.Bubbles[open]
		snap, err := s.Findings.Snapshot(r.Context(), b.Finding, b.Snapshot)
		if err != nil {
			return fmt.Errorf("drawing a group: %w", err)
		}
		disc := networkDisc{X: b.X, Y: b.Y, R: b.R}
		if err := s.drawGroup(r, &out, &snap, disc, open+1); err != nil {
			return err
		}
		out.Focus = &disc
		out.Panel = coordinationLink(run.ID, b.Finding) + "&edge="
	}
	return writeNetwork(w, out)
}

// coordinationLink is the address of a run with one of its groups open.
func coordinationLink(run, open string) string {
	q := url.Values{"run": {run}}
	if open != "" {
		q.Set("open", open)
	}
	return "/coordination?" + q.Encode()
}

// groupOf finds a group among the bubbles by its finding; −1 where it is not.
func groupOf(n *finding.Network, id string) int {
	for i := range n.Bubbles {
		if id != "" && (n.Bubbles[i].Finding == id || n.Bubbles[i].Short == id) {
			return i
		}
	}
	return -1
}

// drawRun draws the groups, without the one that is open.
func (s *Server) drawRun(r *http.Request, n *finding.Network, open int) network {
	out := network{Nodes: []networkNode{}, Edges: []networkEdge{}}
	shown := min(len(n.Bubbles), pictureAccounts)
	if left := len(n.Bubbles) - shown; left > 0 {
		out.Left = s.say(r, "coordination.left.groups", "count", left)
	}
	for i := range n.Bubbles[:shown] {
		b := &n.Bubbles[i]
		if i == open {
			continue
		}
		out.Nodes = append(out.Nodes, networkNode{
			ID: b.Finding, Kind: "group", Label: groupLabel(i+1, b.Short), Text: s.groupText(r, b, i+1),
			X: b.X, Y: b.Y, Size: b.R, Group: i + 1, Href: coordinationLink(n.Run, b.Finding),
			First: b.First.Unix(), Last: ceilUnix(b.Last),
		})
	}
	var most float64
	for _, l := range n.Links {
		most = max(most, l.Weight)
	}
	for _, l := range n.Links {
		if l.A == open || l.B == open || l.A >= shown || l.B >= shown || len(out.Edges) == pictureEdges {
			continue
		}
		a, b := &n.Bubbles[l.A], &n.Bubbles[l.B]
		out.Edges = append(out.Edges, networkEdge{
			Source: a.Finding, Target: b.Finding, Kind: "link",
			Text: s.say(r, "coordination.link.text", "a", a.Short, "b", b.Short, "count", l.Edges),
			Size: 0.001 + 0.005*math.Sqrt(share(l.Weight, most)),
		})
	}
	return out
}

// groupLabel names a group in the picture by the number that its colour has in
// the table, and by its finding.
func groupLabel(number int, short string) string { return strconv.Itoa(number) + " · " + short }

func (s *Server) groupText(r *http.Request, b *finding.Bubble, number int) string {
	return s.say(r, "coordination.group.text", "number", number, "short", b.Short, "count", b.Accounts,
		"posts", b.Posts, "edges", b.Edges, "gap", s.gapText(r, b.MedianGap))
}

// gapText writes a gap between two actions, as exact as it matters.
func (s *Server) gapText(r *http.Request, seconds float64) string {
	lang := s.langOf(r)
	switch {
	case seconds < 100:
		digits := 0
		if seconds < 10 && seconds != math.Trunc(seconds) {
			digits = 1
		}
		return s.say(r, "coordination.seconds", "n", i18n.Decimal(lang, seconds, digits))
	case seconds < 6000:
		return s.say(r, "coordination.minutes", "n", i18n.Decimal(lang, seconds/60, 1))
	}
	return s.say(r, "coordination.hours", "n", i18n.Decimal(lang, seconds/3600, 1))
}

// qText writes a q value: in powers of ten where it is small.
func qText(lang string, q float64) string {
	switch {
	case q <= 0:
		return "< 1e-300"
	case q < 0.001:
		return strconv.FormatFloat(q, 'e', 1, 64)
	}
	return i18n.Decimal(lang, q, 3)
}

// share gives a part of the most that there is, in 0…1.
func share(x, most float64) float64 {
	if most <= 0 || x <= 0 {
		return 0
	}
	return min(1, x/most)
}

// ceilUnix gives the second that a time lies in or ends.
func ceilUnix(t time.Time) int64 { return t.Add(time.Second - 1).Unix() }

// accountNames says how a snapshot's accounts are shown to the reader. Those
// that the store does not know any more have their pseudonyms.
func (s *Server) accountNames(ctx context.Context, p *auth.Principal, accounts []finding.Account) ([]mandate.Shown, error) {
	keys := make([]string, len(accounts))
	for i := range accounts {
		keys[i] = accounts[i].Key
	}
	known, err := s.Posts.Accounts(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	at := make([]mandate.Account, len(known))
	byKey := make(map[string]int, len(known))
	for i := range known {
		at[i], byKey[known[i].Key] = mandate.Of(&known[i]), i
	}
	veil, err := s.Mandate.Veil(ctx, p, at...)
	if err != nil {
		return nil, fmt.Errorf("veiling accounts: %w", err)
	}
	shown := make([]mandate.Shown, len(accounts))
	for i := range accounts {
		if k, ok := byKey[accounts[i].Key]; ok {
			shown[i] = veil.Account(at[k])
			shown[i].Label = oneLine(shown[i].Label)
		} else {
			shown[i] = mandate.Shown{Label: accounts[i].Alias, Alias: accounts[i].Alias}
		}
	}
	return shown, nil
}

// oneLine gives a name from outside for where only plain text can stand: what
// would act unseen in it is there by its own name.
func oneLine(s string) string {
	var b strings.Builder
	for _, p := range visible(s) {
		b.WriteString(p.Text)
		if p.Mark != "" {
			b.WriteString("[" + p.Mark + "]")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// drawGroup draws the accounts and edges of a group within a disc.
func (s *Server) drawGroup(r *http.Request, out *network, snap *finding.Snapshot, disc networkDisc, group int) error {
	shown := min(len(snap.Accounts), pictureAccounts)
	names, err := s.accountNames(r.Context(), auth.Of(r.Context()), snap.Accounts[:shown])
	if err != nil {
		return err
	}
	// Where there are many they are small and their edges thin.
	size := disc.R * min(0.045, 0.5/math.Sqrt(float64(max(1, shown))))
	thin := min(1, 8/math.Sqrt(float64(max(1, shown))))
	for i := range snap.Accounts[:shown] {
		a := &snap.Accounts[i]
		out.Nodes = append(out.Nodes, networkNode{
			ID: a.Alias, Kind: "account", Label: names[i].Label, Group: group, Href: accountLink(a.Alias),
			Text: s.say(r, "coordination.account.text", "name", names[i].Label, "count", a.Posts, "partners", a.Partners),
			X:    disc.X + (2*a.X-1)*disc.R, Y: disc.Y + (2*a.Y-1)*disc.R, Size: size * (0.6 + 0.4*a.Centrality),
		})
	}
	var most float64
	for i := range snap.Edges {
		most = max(most, snap.Edges[i].Weight)
	}
	drawn := 0
	for i := range snap.Edges {
		e := &snap.Edges[i]
		if e.A >= shown || e.B >= shown || drawn == pictureEdges {
			continue
		}
		drawn++
		a, b := min(e.A, e.B), max(e.A, e.B)
		out.Edges = append(out.Edges, networkEdge{
			Source: snap.Accounts[a].Alias, Target: snap.Accounts[b].Alias, Kind: "edge",
			Text: s.edgeText(r, e, names[a].Label, names[b].Label), Q: e.Q, Weight: e.Weight,
			Size: disc.R * (0.002 + 0.012*share(e.Weight, most)) * thin, First: e.First.Unix(), Last: ceilUnix(e.Last),
		})
	}
	out.Page, out.Tail = "/findings/"+snap.Finding+"/edges/", "?version="+strconv.FormatInt(snap.Version, 10)
	all := int64(len(snap.Edges)) + snap.LeftEdges
	if shown < len(snap.Accounts) || int64(drawn) < all {
		out.Left = s.say(r, "coordination.left.accounts", "shown", shown, "accounts", len(snap.Accounts), "drawn", drawn, "edges", all)
	}
	return nil
}

// edgeText says what stands behind an edge in one line.
func (s *Server) edgeText(r *http.Request, e *finding.Edge, a, b string) string {
	lang := s.langOf(r)
	return s.say(r, "coordination.edge.text", "a", a, "b", b, "count", e.Occasions,
		"expected", i18n.Decimal(lang, e.Expected, 1), "q", qText(lang, e.Q), "gap", s.gapText(r, e.GapMedian))
}

// accountLink is the address of an account's page.
func accountLink(alias string) string { return "/accounts/" + url.PathEscape(alias) }

// writeNetwork sends a picture. It holds what one reader may see, and may not
// stay: marks and grants end.
func writeNetwork(w http.ResponseWriter, n network) error {
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("writing a network: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache")
	// A reader that has gone away is no trouble.
	_, _ = w.Write(body)
	return nil
}
