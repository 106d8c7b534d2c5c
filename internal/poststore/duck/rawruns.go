package duck

import (
	"context"
	"slices"

	"github.com/akashi-project/akashi/internal/poststore"
)

// rawRuns gives the posts of a scan their raw records. It keeps the runs of the
// last portion, since neighbours in time mostly lie in the same ones.
type rawRuns struct {
	s    *Store
	runs map[int64][][]byte
}

// fill sets Raw of posts, whose rows are of postColumns. It reads on a
// connection and in a transaction of its own, since the scan's has its hands
// full; a record deleted since the scan began is then empty.
func (x *rawRuns) fill(ctx context.Context, _ *snapshot, rows []row, posts []poststore.Post) error {
	return x.s.read(ctx, func(now *snapshot) error {
		var missing, edited []int64
		used := make(map[int64][][]byte)
		for i, r := range rows {
			switch {
			case posts[i].Versions > 1 && posts[i].Deleted.IsZero():
				edited = append(edited, r.int(0))
			case x.runs[r.int(7)] != nil:
				used[r.int(7)] = x.runs[r.int(7)]
			default:
				missing = append(missing, r.int(7))
			}
		}
		x.runs = used
		err := x.s.bySeq(ctx, now.c, "seq, data", "(SELECT first AS seq, data FROM raw)", missing, func(r row) (err error) {
			x.runs[r.int(0)], err = x.s.decodeRaw(r.bytes(1))
			return err
		})
		if err != nil {
			return err
		}
		type version struct {
			seq int64
			no  int
		}
		of := make(map[version][]byte)
		err = x.s.bySeq(ctx, now.c, "seq, no, raw", "version", edited, func(r row) error {
			raws, err := splitRaw(r.bytes(2))
			if err == nil && len(raws) > 0 {
				of[version{r.int(0), int(r.int(1))}] = raws[0]
			}
			return err
		})
		if err != nil {
			return err
		}
		for i, r := range rows {
			p := &posts[i]
			if p.Versions > 1 {
				p.Raw = of[version{r.int(0), p.Version}]
				continue
			}
			if run, j := x.runs[r.int(7)], r.int(0)-r.int(7); j < int64(len(run)) {
				p.Raw = slices.Clone(run[j])
			}
		}
		return nil
	})
}
