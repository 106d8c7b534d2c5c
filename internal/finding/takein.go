package finding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/graph"
	"github.com/akashi-project/akashi/internal/report"
)

// summary is what a list shows of a finding beyond the columns that it is
// ordered and filtered by; JSON in the database.
type summary struct {
	Risk       Measure         `json:"risk"`
	Novelty    Measure         `json:"novelty"`
	Tempo      Measure         `json:"tempo"`
	Why        report.Sentence `json:"why"`
	Counter    report.Sentence `json:"counter"`
	Posts      int64           `json:"posts"`
	Edges      int64           `json:"edges"`
	CoActions  int64           `json:"co_actions"`
	Behaviours []string        `json:"behaviours"`
	Platforms  []string        `json:"platforms"`
	Languages  []string        `json:"languages"`
	Synthetic  bool            `json:"synthetic"`
	Spark      Spark           `json:"spark"`
	First      time.Time       `json:"first"`
}

// known is a finding as a run meets it.
type known struct {
	id, short          string
	size               int
	digest, createdRun string
	merged             string
	firstSeen          time.Time
	snapshot           int64
}

// intake is a run's groups on their way into the database.
type intake struct {
	run    *Run
	out    *outcome
	known  []known
	pairs  pairing
	groups []incoming
}

// incoming is what becomes of one group.
type incoming struct {
	*seenGroup
	id       string
	was      *known // nil for a new finding
	fresh    bool   // makes a finding
	changed  bool   // makes a snapshot
	digest   string
	version  int64 // of the snapshot
	packed   []byte
	novelty  Measure
	overlap  float64
	firstAt  time.Time
	noveltyN [2]int // accounts and objects that no earlier finding holds
}

// takeIn matches a run's groups with the findings and writes everything down in
// one transaction. A run that was taken in, or cancelled, is left as it is.
func (s *Service) takeIn(ctx context.Context, r *Run, out *outcome) error {
	s.taking.Lock() // no other run changes members between reading and writing
	defer s.taking.Unlock()
	in := &intake{run: r, out: out, groups: make([]incoming, len(out.groups))}
	for i := range out.groups {
		in.groups[i].seenGroup = &out.groups[i]
	}
	if err := s.db.View(ctx, func(tx *casestore.Tx) error { return in.meet(ctx, tx) }); err != nil {
		return fmt.Errorf("matching groups: %w", err)
	}
	if err := s.prepare(ctx, in); err != nil {
		return err
	}
	network, err := s.network(ctx, in)
	if err != nil {
		return err
	}
	if err := s.crash("prepared"); err != nil {
		return err
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		now, err := s.readRun(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		if now.State != RunRunning {
			return errThere // taken in already, or cancelled
		}
		return s.write(ctx, tx, in, network)
	})
	if errors.Is(err, errThere) {
		return nil
	}
	return err //nolint:wrapcheck // the caller says what was done
}

// meet reads the findings that share accounts with the groups, and pairs.
func (in *intake) meet(ctx context.Context, tx *casestore.Tx) error {
	of := map[string]int{} // account → group
	groups := make([]sized, len(in.groups))
	var accounts []string
	for i, g := range in.groups {
		groups[i] = sized{g.members[0], len(g.members)}
		for _, a := range g.members {
			of[a] = i
			accounts = append(accounts, a)
		}
	}
	held := make(map[string]map[string]bool, len(accounts)) // account → findings
	place := map[string]int{}                               // finding → place, of this detection
	shared := map[[2]int]int{}
	var findings []sized
	for part := range slices.Chunk(accounts, 400) {
		err := each(ctx, tx, `SELECT m.account, f.id, f.short, f.detection, f.accounts, f.digest, f.created_run, f.merged, f.first_seen, f.snapshot
			FROM finding_members m JOIN findings f ON f.id = m.finding WHERE m.account IN (`+marks(len(part))+`)`, anys(part),
			func(scan func(...any) error) error {
				var account, detection string
				var k known
				var firstSeen int64
				if err := scan(&account, &k.id, &k.short, &detection, &k.size, &k.digest, &k.createdRun, &k.merged, &firstSeen, &k.snapshot); err != nil {
					return err
				}
				k.firstSeen = casestore.Time(firstSeen)
				if held[account] == nil {
					held[account] = map[string]bool{}
				}
				held[account][k.id] = true
				if detection != in.run.Detection {
					return nil
				}
				at, ok := place[k.id]
				if !ok {
					at = len(findings)
					place[k.id] = at
					findings, in.known = append(findings, sized{k.id, k.size}), append(in.known, k)
				}
				shared[[2]int{of[account], at}]++
				return nil
			})
		if err != nil {
			return err
		}
	}
	list := make([]common, 0, len(shared))
	for at, n := range shared {
		list = append(list, common{at[0], at[1], n})
	}
	in.pairs = match(groups, findings, list)
	return in.newness(ctx, tx, held)
}

// newness counts, for each group, the accounts and objects that no finding
// holds which was made before the group's own.
func (in *intake) newness(ctx context.Context, tx *casestore.Tx, held map[string]map[string]bool) error {
	objects := map[string][]string{} // object → findings
	var all []string
	for _, g := range in.groups {
		all = append(all, g.objects...)
	}
	slices.Sort(all)
	for part := range slices.Chunk(slices.Compact(all), 400) {
		err := each(ctx, tx, `SELECT object, finding FROM finding_objects WHERE object IN (`+marks(len(part))+`)`, anys(part),
			func(scan func(...any) error) error {
				var object, finding string
				if err := scan(&object, &finding); err != nil {
					return err
				}
				objects[object] = append(objects[object], finding)
				return nil
			})
		if err != nil {
			return err
		}
	}
	// Findings that one run made are siblings: none is before the other.
	made := map[string]string{} // finding → run that made it
	madeBy := func(finding string) (string, error) {
		if run, ok := made[finding]; ok {
			return run, nil
		}
		var run string
		err := tx.Get(ctx, `SELECT created_run FROM findings WHERE id = ?`, []any{finding}, []any{&run})
		made[finding] = run
		return run, err //nolint:wrapcheck // Get says what was done
	}
	for i := range in.groups {
		g := &in.groups[i]
		own, by := "~", in.run.ID // a new finding is after all others
		if f := in.pairs.of[i]; f >= 0 {
			own, by = in.known[f].id, in.known[f].createdRun
		}
		earlier := func(finding string) (bool, error) {
			run, err := madeBy(finding)
			return finding < own && run != by, err
		}
		for _, a := range g.members {
			seen := false
			for f := range held[a] {
				before, err := earlier(f)
				if err != nil {
					return err
				}
				seen = seen || before
			}
			if !seen {
				g.noveltyN[0]++
			}
		}
		for _, o := range g.objects {
			seen := false
			for _, f := range objects[o] {
				before, err := earlier(f)
				if err != nil {
					return err
				}
				seen = seen || before
			}
			if !seen {
				g.noveltyN[1]++
			}
		}
	}
	return nil
}

// prepare decides what each group comes to and packs the snapshots, outside the
// transaction and on all cores.
func (s *Service) prepare(ctx context.Context, in *intake) error {
	created := s.db.Now()
	for i := range in.groups {
		g := &in.groups[i]
		if f := in.pairs.of[i]; f >= 0 {
			g.was = &in.known[f]
			g.id, g.overlap, g.firstAt, g.version = g.was.id, in.pairs.overlap[i], g.was.firstSeen, g.was.snapshot
		} else {
			g.id, g.fresh, g.overlap, g.firstAt = casestore.NewID(), true, 1, in.out.end
		}
		g.snapshot.Finding, g.snapshot.Run, g.snapshot.Created = g.id, in.run.ID, created
		g.novelty = noveltyOf(len(g.members), g.noveltyN[0], len(g.objects), g.noveltyN[1], in.out.end.Sub(g.firstAt).Hours()/24)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, len(in.groups))
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(errs)); i = next.Add(1) - 1 {
				if errs[i] = s.prepareOne(ctx, &in.groups[i]); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// prepareOne packs a group's snapshot where it differs from the one before.
func (s *Service) prepareOne(ctx context.Context, g *incoming) (err error) {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("preparing snapshots: %w", err)
	}
	if g.digest, err = g.snapshot.digest(); err != nil {
		return err
	}
	if g.was != nil && g.digest == g.was.digest {
		return nil
	}
	g.changed = true
	g.version++
	g.snapshot.Version = g.version
	places := map[string]graph.Point{}
	if g.was != nil {
		before, err := s.Snapshot(ctx, g.id, g.was.snapshot)
		if err != nil && !errors.Is(err, casestore.ErrNotFound) {
			return err
		}
		for _, a := range before.Accounts {
			places[a.Key] = graph.Point{X: a.X, Y: a.Y}
		}
	}
	if err := placeAccounts(ctx, &g.snapshot, g.layoutKey, places); err != nil {
		return err
	}
	g.packed, err = s.pack(&g.snapshot)
	return err
}

// network makes the picture of the whole run, but for the short ids of new
// findings, which the transaction gives.
func (s *Service) network(ctx context.Context, in *intake) (*Network, error) {
	n := &Network{Schema: networkSchema, Run: in.run.ID, Created: s.db.Now(), Links: in.out.links}
	for i := range in.groups {
		g := &in.groups[i]
		b := Bubble{
			Finding: g.id, Snapshot: g.version, Accounts: len(g.members), Posts: g.summary.Posts, Edges: g.summary.Edges,
			Weight: rounded(g.weight, 3), Behaviours: g.summary.Behaviours, MedianGap: g.snapshot.MedianGap,
			First: g.snapshot.First, Last: g.snapshot.Last,
		}
		if g.was != nil {
			b.Short = g.was.short
		}
		n.Bubbles = append(n.Bubbles, b)
	}
	var last string
	before := map[string]graph.Point{}
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		return tx.Get(ctx, `SELECT r.id FROM runs r JOIN run_networks n ON n.run = r.id WHERE r.detection = ? ORDER BY r.id DESC LIMIT 1`,
			[]any{in.run.Detection}, []any{&last})
	})
	if err != nil && !errors.Is(err, casestore.ErrNotFound) {
		return nil, fmt.Errorf("looking for the run before: %w", err)
	}
	if err == nil {
		old, err := s.Network(ctx, last)
		if err != nil {
			return nil, err
		}
		for _, b := range old.Bubbles {
			before[b.Finding] = graph.Point{X: b.X, Y: b.Y}
		}
	}
	return n, arrange(ctx, n.Bubbles, n.Links, before)
}

// write writes the run and everything that it found.
func (s *Service) write(ctx context.Context, tx *casestore.Tx, in *intake, network *Network) error {
	w := &writer{tx: tx, run: in.run, batch: casestore.NewID(), now: tx.Now()}
	var made, updated, unchanged int64
	for i := range in.groups {
		g := &in.groups[i]
		var err error
		switch {
		case g.fresh:
			made++
			network.Bubbles[i].Short, err = w.create(ctx, g)
		default:
			var changed bool
			if changed, err = w.update(ctx, g); changed {
				updated++
			} else {
				unchanged++
			}
		}
		if err != nil {
			return err
		}
	}
	for i := range in.groups {
		if f := in.pairs.splitFrom[i]; f >= 0 {
			if err := w.event(ctx, in.groups[i].id, EventSplit, eventDetail{Other: in.known[f].id}); err != nil {
				return err
			}
		}
	}
	for f, g := range in.pairs.mergedInto {
		k := &in.known[f]
		if g < 0 || in.groups[g].id == k.id || k.merged == in.groups[g].id {
			continue
		}
		if err := w.merge(ctx, k, in.groups[g].id); err != nil {
			return err
		}
	}
	data, err := s.pack(network)
	if err != nil {
		return fmt.Errorf("packing the network: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO run_networks (run, data) VALUES (?, ?)`, in.run.ID, data); err != nil {
		return err
	}
	result, err := json.Marshal(runResult{
		Counts: in.out.counts, LeftOut: in.out.leftOut, Phases: in.out.phases(), New: made, Updated: updated, Unchanged: unchanged,
	})
	if err != nil {
		return fmt.Errorf("writing the run's result: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE runs SET state = ?, finished = ?, result = ?, error = '' WHERE id = ?`,
		string(RunDone), casestore.Micros(w.now), string(result), in.run.ID); err != nil {
		return err
	}
	return tx.Log(ctx, casestore.Line{
		Action: string(auth.DetectionRun), Object: "detection:" + in.run.Detection,
		Detail: map[string]any{
			"run": in.run.ID, "state": RunDone, "parameters": in.run.Parameters, "program": in.run.Program,
			"counts": in.out.counts, "new": made, "updated": updated, "unchanged": unchanged,
		},
	})
}

// writer writes findings for a run, inside its transaction.
type writer struct {
	tx    *casestore.Tx
	run   *Run
	batch string
	now   time.Time
	year  int
	last  int64 // number given in the year
}

// create makes a finding of a group.
func (w *writer) create(ctx context.Context, g *incoming) (short string, err error) {
	if w.year == 0 {
		w.year = w.now.Year()
		if _, err := w.tx.Exec(ctx, `INSERT INTO finding_numbers (year, last) VALUES (?, 0) ON CONFLICT (year) DO NOTHING`, w.year); err != nil {
			return "", err
		}
		if err := w.tx.Get(ctx, `SELECT last FROM finding_numbers WHERE year = ?`, []any{w.year}, []any{&w.last}); err != nil {
			return "", err
		}
	}
	w.last++
	if _, err := w.tx.Exec(ctx, `UPDATE finding_numbers SET last = ? WHERE year = ?`, w.last, w.year); err != nil {
		return "", err
	}
	short = fmt.Sprintf("F-%d-%04d", w.year, w.last)
	_, err = w.tx.Exec(ctx, `INSERT INTO findings (id, short, kind, detection, state, reason, reason_text, link, owner, base, version, merged,
		risk, novelty, tempo, accounts, search, digest, first_seen, last_action, created, created_run, updated, seen, last_run, snapshot)
		VALUES (?, ?, ?, ?, ?, '', '', '', '', 0, 1, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, 1)`,
		g.id, short, string(Coordination), w.run.Detection, string(StateNew), g.risk.Value, g.novelty.Value, g.tempo.Value,
		len(g.members), searched(short, g.search), g.digest, casestore.Micros(g.firstAt), casestore.Micros(g.snapshot.Last),
		casestore.Micros(w.now), w.run.ID, casestore.Micros(w.now), w.run.ID)
	if err != nil {
		return "", err
	}
	if err := w.summary(ctx, g); err != nil {
		return "", err
	}
	if err := w.contents(ctx, g); err != nil {
		return "", err
	}
	return short, w.event(ctx, g.id, EventCreated, eventDetail{Accounts: [2]int{0, len(g.members)}})
}

// summary writes what a list shows of a group.
func (w *writer) summary(ctx context.Context, g *incoming) error {
	x := g.seenGroup.summary //nolint:staticcheck // QF1008: g has a method of the name summary too, and reads as the group's
	x.Risk, x.Novelty, x.Tempo = g.risk, g.novelty, g.tempo
	data, err := json.Marshal(&x)
	if err != nil {
		return fmt.Errorf("writing a summary: %w", err)
	}
	_, err = w.tx.Exec(ctx, `INSERT INTO finding_summaries (finding, data) VALUES (?, ?)
		ON CONFLICT (finding) DO UPDATE SET data = excluded.data`, g.id, string(data))
	return err
}

// contents writes the members, objects and snapshot of a group anew, and that
// the run saw it.
func (w *writer) contents(ctx context.Context, g *incoming) error {
	if !g.fresh {
		for _, table := range []string{"finding_members", "finding_objects"} {
			if _, err := w.tx.Exec(ctx, `DELETE FROM `+table+` WHERE finding = ?`, g.id); err != nil { //nolint:gosec // the tables above
				return err
			}
		}
	}
	if err := w.pairs(ctx, `INSERT INTO finding_members (finding, account) VALUES `, g.id, g.members); err != nil {
		return err
	}
	if err := w.pairs(ctx, `INSERT INTO finding_objects (finding, object) VALUES `, g.id, g.objects); err != nil {
		return err
	}
	if _, err := w.tx.Exec(ctx, `INSERT INTO finding_snapshots (finding, version, run, created, data) VALUES (?, ?, ?, ?, ?)`,
		g.id, g.version, w.run.ID, casestore.Micros(w.now), g.packed); err != nil {
		return err
	}
	return w.seen(ctx, g)
}

func (w *writer) pairs(ctx context.Context, insert, id string, values []string) error {
	for part := range slices.Chunk(values, 200) {
		args := make([]any, 0, 2*len(part))
		q := []byte(insert)
		for i, v := range part {
			if i > 0 {
				q = append(q, ',')
			}
			q = append(q, "(?,?)"...)
			args = append(args, id, v)
		}
		if _, err := w.tx.Exec(ctx, string(q), args...); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) seen(ctx context.Context, g *incoming) error {
	_, err := w.tx.Exec(ctx, `INSERT INTO finding_seen (finding, run, time, accounts, posts, overlap, snapshot) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		g.id, w.run.ID, casestore.Micros(w.now), len(g.members), g.summary.Posts, g.overlap, g.version)
	return err
}

// update has a finding follow its group, and says whether anything changed.
func (w *writer) update(ctx context.Context, g *incoming) (bool, error) {
	f, err := getFinding(ctx, w.tx, g.id)
	if err != nil {
		return false, err
	}
	changed := g.changed || f.Merged != "" ||
		f.Risk.Value != g.risk.Value || f.Novelty.Value != g.novelty.Value || f.Tempo.Value != g.tempo.Value
	if g.changed {
		err = w.contents(ctx, g)
	} else {
		err = w.seen(ctx, g)
	}
	if err != nil {
		return false, err
	}
	to := f.Standing
	if f.State == StateDismissed && Regrown(f.Base, len(g.members)) {
		to = Standing{State: StateNew, Owner: f.Owner}
	}
	version, updated := f.Version, f.Updated
	if to != f.Standing || f.Merged != "" {
		version++
	}
	if changed {
		updated = w.now
	}
	if err := w.summary(ctx, g); err != nil {
		return false, err
	}
	if _, err := w.tx.Exec(ctx, `UPDATE findings SET risk = ?, novelty = ?, tempo = ?, accounts = ?, search = ?, digest = ?,
		last_action = ?, updated = ?, seen = seen + 1, last_run = ?, snapshot = ?, merged = '', version = ? WHERE id = ?`,
		g.risk.Value, g.novelty.Value, g.tempo.Value, len(g.members), searched(f.Short, g.search), g.digest,
		casestore.Micros(g.snapshot.Last), casestore.Micros(updated), w.run.ID, g.version, version, g.id); err != nil {
		return false, err
	}
	if f.Merged != "" {
		if err := w.event(ctx, g.id, EventParted, eventDetail{Other: f.Merged}); err != nil {
			return false, err
		}
	}
	if g.changed {
		if err := w.event(ctx, g.id, EventUpdated, eventDetail{Accounts: [2]int{f.Accounts, len(g.members)}}); err != nil {
			return false, err
		}
	}
	if to != f.Standing {
		if err := setStanding(ctx, w.tx, g.id, to); err != nil {
			return false, err
		}
		err := w.event(ctx, g.id, EventReopened, eventDetail{From: &f.Standing, To: &to, Accounts: [2]int{f.Base, len(g.members)}})
		if err != nil {
			return false, err
		}
	}
	return changed, nil
}

// merge marks a finding whose group became a part of another's.
func (w *writer) merge(ctx context.Context, k *known, into string) error {
	if _, err := w.tx.Exec(ctx, `UPDATE findings SET merged = ?, updated = ?, version = version + 1 WHERE id = ?`, into, casestore.Micros(w.now), k.id); err != nil {
		return err
	}
	if err := w.event(ctx, k.id, EventMerged, eventDetail{Other: into}); err != nil {
		return err
	}
	return w.event(ctx, into, EventAbsorbed, eventDetail{Other: k.id})
}

// event writes an event of the run, and its line.
func (w *writer) event(ctx context.Context, finding string, kind EventKind, d eventDetail) error {
	d.Run = w.run.ID
	if err := addEvent(ctx, w.tx, casestore.NewID(), finding, w.batch, kind, d); err != nil {
		return err
	}
	return w.tx.Log(ctx, casestore.Line{Action: "finding." + string(kind), Object: "finding:" + finding, Detail: d.line()})
}

// each runs a query and hands its rows to f.
func each(ctx context.Context, tx *casestore.Tx, q string, args []any, f func(scan func(...any) error) error) error {
	rows, err := tx.Query(ctx, q, args...)
	if err != nil {
		return err //nolint:wrapcheck // Query says what was done
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading rows: %w", err)
	}
	return nil
}

func anys(s []string) []any {
	out := make([]any, len(s))
	for i, x := range s {
		out[i] = x
	}
	return out
}
