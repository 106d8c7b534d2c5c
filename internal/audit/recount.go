package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/akashi-project/akashi/internal/casestore"
)

// recount builds the tree again from its leaves, and compares the files of
// hashes above the leaves with it.
type recount struct {
	v   *verification
	sum *compact.Range
	// tiles are being filled, by level and index of the tile.
	tiles map[compact.NodeID][]byte
	// roots are those at the sizes that somebody signed or wrote.
	roots    map[uint64][]byte
	problems []Problem
	err      error
}

func newRecount(v *verification) *recount {
	ranges := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	r := &recount{v: v, sum: ranges.NewEmptyRange(0), tiles: map[compact.NodeID][]byte{}, roots: map[uint64][]byte{}}
	for _, size := range append([]uint64{v.signed.Size, v.written.Size}, sizes(v.kept)...) {
		r.roots[size] = nil
	}
	if _, asked := r.roots[0]; asked {
		r.roots[0] = rfc6962.DefaultHasher.EmptyRoot()
	}
	return r
}

func sizes(heads []signedHead) []uint64 {
	var out []uint64
	for _, h := range heads {
		out = append(out, h.Size)
	}
	return out
}

func (r *recount) append(leaf []byte) error {
	if err := r.sum.Append(leaf, r.visit); err != nil {
		return fmt.Errorf("counting the tree again: %w", err)
	}
	if _, asked := r.roots[r.sum.End()]; asked {
		root, err := r.sum.GetRootHash(nil)
		if err != nil {
			return fmt.Errorf("counting the tree again: %w", err)
		}
		r.roots[r.sum.End()] = root
	}
	return r.err
}

func (r *recount) visit(id compact.NodeID, hash []byte) {
	level := id.Level / 8
	if id.Level%8 != 0 || level == 0 {
		return // tiles hold every eighth level
	}
	tile := compact.NodeID{Level: level, Index: id.Index / width}
	r.tiles[tile] = append(r.tiles[tile], hash...)
	if id.Index%width == width-1 {
		r.compare(tile)
	}
}

// flush compares the files that are not full.
func (r *recount) flush() error {
	for tile := range r.tiles {
		r.compare(tile)
	}
	return r.err
}

func (r *recount) compare(tile compact.NodeID) {
	want := r.tiles[tile]
	delete(r.tiles, tile)
	size := rfc6962.DefaultHasher.Size()
	has, file, err := r.v.tile(uint64(tile.Level), tile.Index, len(want)/size)
	if err != nil {
		r.err = err
		return
	}
	if has == nil || bytes.Equal(has, want) {
		return // where it is not there or too short, that was said
	}
	for i := 0; i < len(want); i += size {
		if !bytes.Equal(has[i:i+size], want[i:i+size]) {
			r.problems = append(r.problems, Problem{File: file,
				What: fmt.Sprintf("hash %d is not that of what lies below it", i/size)})
			return
		}
	}
}

// lineCheck looks at lines one by one.
type lineCheck struct {
	ids         []ulid.ULID
	first, last time.Time
}

func (c *lineCheck) check(v *verification, file string, at uint64, raw []byte) {
	var l casestore.Line
	if err := json.Unmarshal(raw, &l); err != nil {
		v.problem(file, "line %d is not a line of the log: %v", at, err)
		return
	}
	id, err := ulid.ParseStrict(l.ID)
	switch {
	case err != nil:
		v.problem(file, "line %d has no id", at)
	case l.Actor == "" || l.Action == "":
		v.problem(file, "line %d does not say who did what", at)
	case l.Time.Year() < 2000 || l.Time.After(v.now.Add(48*time.Hour)):
		v.problem(file, "line %d has the time %s", at, l.Time.Format(time.RFC3339))
	case l.Time.Before(c.last.Add(-time.Hour)):
		v.note(file, "line %d is of %s, the one before of %s: the clock was set back", at,
			l.Time.Format(time.RFC3339), c.last.Format(time.RFC3339))
	}
	c.ids = append(c.ids, id)
	if c.first.IsZero() {
		c.first = l.Time
	}
	c.last = l.Time
}

func (c *lineCheck) conclude(v *verification) {
	if !slices.IsSortedFunc(c.ids, ulid.ULID.Compare) {
		slices.SortFunc(c.ids, ulid.ULID.Compare)
	}
	for i := 1; i < len(c.ids); i++ {
		if c.ids[i] == c.ids[i-1] && !c.ids[i].IsZero() {
			v.problem("tile/entries", "the id %s comes twice", c.ids[i])
		}
	}
}
