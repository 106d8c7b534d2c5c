package finding

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/graph"
)

// Network is a run as a whole: its groups as bubbles, and what ties them. A
// bubble opens into its finding's snapshot.
type Network struct {
	Schema  string    `json:"schema"` // "akashi-network/1"
	Run     string    `json:"run"`
	Created time.Time `json:"created"`
	Bubbles []Bubble  `json:"bubbles"` // the heaviest group first
	Links   []Link    `json:"links"`
}

// Bubble is a group.
type Bubble struct {
	Finding string `json:"finding"`
	Short   string `json:"short"`
	// Snapshot is the version that shows the group as the run saw it.
	Snapshot   int64     `json:"snapshot"`
	Accounts   int       `json:"accounts"`
	Posts      int64     `json:"posts"`
	Edges      int64     `json:"edges"`
	Weight     float64   `json:"w"`
	Behaviours []string  `json:"behaviours"`
	MedianGap  float64   `json:"median_gap_s"`
	First      time.Time `json:"first"`
	Last       time.Time `json:"last"`
	// X, Y and R are its place and radius, in 0…1; bubbles do not overlap.
	// Their area grows with the accounts, and they keep their arrangement
	// between runs as far as possible. An account of the snapshot stands at
	// X + (2·x − 1)·R, Y + (2·y − 1)·R.
	X float64 `json:"x"`
	Y float64 `json:"y"`
	R float64 `json:"r"`
	// State and Risk are the finding's now.
	State State   `json:"state"`
	Risk  float64 `json:"risk"`
}

// Link says that significant edges lie between two groups, by places in
// Bubbles.
type Link struct {
	A         int     `json:"a"`
	B         int     `json:"b"`
	Edges     int64   `json:"edges"`
	Weight    float64 `json:"w"`
	CoActions int64   `json:"co_actions"`
}

const networkSchema = "akashi-network/1"

// Network gives the network of a run that is done; casestore.ErrNotFound where
// there is none.
func (s *Service) Network(ctx context.Context, run string) (Network, error) {
	var out Network
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		var data []byte
		if err := tx.Get(ctx, `SELECT data FROM run_networks WHERE run = ?`, []any{run}, []any{&data}); err != nil {
			return err
		}
		if err := s.unpack(data, &out); err != nil {
			return err
		}
		at := map[string]*Bubble{}
		for i := range out.Bubbles {
			at[out.Bubbles[i].Finding] = &out.Bubbles[i]
		}
		rows, err := tx.Query(ctx, `SELECT f.id, f.state, f.risk FROM finding_seen s JOIN findings f ON f.id = s.finding WHERE s.run = ?`, run)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err says it
		for rows.Next() {
			var id string
			var state State
			var risk float64
			if err := rows.Scan(&id, &state, &risk); err != nil {
				return fmt.Errorf("reading a row: %w", err)
			}
			if b := at[id]; b != nil {
				b.State, b.Risk = state, risk
			}
		}
		return rows.Err() //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return out, fmt.Errorf("the network of the run %q: %w", run, err)
	}
	return out, nil
}

// bubbleNodes is how many nodes stand for the largest groups while bubbles are
// laid out: only their number counts there.
const bubbleNodes = 400

// arrange gives the bubbles their places. before has the places that findings
// had in the run before.
func arrange(ctx context.Context, bubbles []Bubble, links []Link, before map[string]graph.Point) error {
	if len(bubbles) == 0 {
		return nil
	}
	largest := 1
	for i := range bubbles {
		largest = max(largest, bubbles[i].Accounts)
	}
	scale := min(1, bubbleNodes/float64(largest))
	first := make([]int32, len(bubbles)+1)
	var community []int32
	var edges []graph.Edge
	for i := range bubbles {
		n := max(2, int(math.Ceil(scale*float64(bubbles[i].Accounts))))
		for j := range n {
			community = append(community, int32(i)) //nolint:gosec // few
			if j > 0 {
				edges = append(edges, graph.Edge{A: first[i], B: first[i] + int32(j), Weight: 1}) //nolint:gosec // few
			}
		}
		first[i+1] = first[i] + int32(n) //nolint:gosec // few
	}
	for _, l := range links {
		edges = append(edges, graph.Edge{A: first[l.A], B: first[l.B], Weight: l.Weight})
	}
	g, err := graph.New(len(community), edges)
	if err != nil {
		return fmt.Errorf("arranging groups: %w", err)
	}
	points, err := graph.Layout(ctx, g, community, graph.LayoutOptions{Seed: 1, Iterations: 1})
	if err != nil {
		return fmt.Errorf("arranging groups: %w", err)
	}
	centres := make([]graph.Point, len(bubbles))
	radii := make([]float64, len(bubbles))
	for i := range bubbles {
		centres[i], radii[i] = disc(points[first[i]:first[i+1]])
	}
	// Discs must not overlap, whatever a layout made of so few nodes.
	for i := range bubbles {
		for j := range i {
			apart := math.Hypot(centres[i].X-centres[j].X, centres[i].Y-centres[j].Y)
			if sum := radii[i] + radii[j]; sum > apart && sum > 0 {
				radii[i], radii[j] = radii[i]*apart/sum, radii[j]*apart/sum
			}
		}
	}
	var from, to []graph.Point
	for i := range bubbles {
		if p, ok := before[bubbles[i].Finding]; ok {
			from, to = append(from, centres[i]), append(to, p)
		}
	}
	turn(centres, from, to)
	shrink := fit(centres, radii)
	for i := range bubbles {
		bubbles[i].X, bubbles[i].Y = rounded(centres[i].X, 5), rounded(centres[i].Y, 5)
		bubbles[i].R = math.Floor(radii[i]*shrink*1e5) / 1e5
	}
	return nil
}

// disc gives the middle of some points, and a radius that holds them.
func disc(points []graph.Point) (c graph.Point, r float64) {
	for _, p := range points {
		c.X += p.X / float64(len(points))
		c.Y += p.Y / float64(len(points))
	}
	for _, p := range points {
		r = max(r, math.Hypot(p.X-c.X, p.Y-c.Y))
	}
	return c, r
}

// fit moves and shrinks discs into the unit square, and gives the factor.
func fit(centres []graph.Point, radii []float64) float64 {
	low, high := graph.Point{X: math.Inf(1), Y: math.Inf(1)}, graph.Point{X: math.Inf(-1), Y: math.Inf(-1)}
	for i, c := range centres {
		low.X, low.Y = min(low.X, c.X-radii[i]), min(low.Y, c.Y-radii[i])
		high.X, high.Y = max(high.X, c.X+radii[i]), max(high.Y, c.Y+radii[i])
	}
	side := max(high.X-low.X, high.Y-low.Y)
	if side <= 0 {
		side = 1
	}
	// What is shorter stands in the middle.
	dx, dy := (side-(high.X-low.X))/2, (side-(high.Y-low.Y))/2
	for i := range centres {
		centres[i].X = (centres[i].X - low.X + dx) / side
		centres[i].Y = (centres[i].Y - low.Y + dy) / side
	}
	return 1 / side
}
