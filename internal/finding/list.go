package finding

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/query"
)

const findingColumns = `f.id, f.short, f.kind, f.detection, d.name, f.state, f.reason, f.reason_text, f.link, f.owner, f.base, f.version,
	f.merged, f.accounts, x.data, f.last_action, f.created, f.updated, f.seen, f.last_run, f.snapshot`

const findingFrom = ` FROM findings f JOIN detections d ON d.id = f.detection JOIN finding_summaries x ON x.finding = f.id `

func scanFinding(scan func(...any) error) (Finding, error) {
	var f Finding
	var data string
	var last, created, updated int64
	err := scan(&f.ID, &f.Short, &f.Kind, &f.Detection, &f.DetectionName, &f.State, &f.Reason, &f.ReasonText, &f.Link, &f.Owner, &f.Base,
		&f.Version, &f.Merged, &f.Accounts, &data, &last, &created, &updated, &f.Seen, &f.LastRun, &f.Snapshot)
	if err != nil {
		return f, fmt.Errorf("reading a finding: %w", err)
	}
	var s summary
	if err := json.Unmarshal([]byte(data), &s); err != nil {
		return f, fmt.Errorf("reading the summary of the finding %s: %w", f.ID, err)
	}
	f.Risk, f.Novelty, f.Tempo, f.Why, f.Counter = s.Risk, s.Novelty, s.Tempo, s.Why, s.Counter
	f.Posts, f.Edges, f.CoActions, f.Behaviours = s.Posts, s.Edges, s.CoActions, s.Behaviours
	f.Platforms, f.Languages, f.Synthetic, f.Spark, f.First = s.Platforms, s.Languages, s.Synthetic, s.Spark, s.First
	f.Last, f.Created, f.Updated = casestore.Time(last), casestore.Time(created), casestore.Time(updated)
	return f, nil
}

// getFinding reads a finding by id or short id.
func getFinding(ctx context.Context, tx *casestore.Tx, id string) (Finding, error) {
	column := `id`
	if strings.HasPrefix(strings.ToUpper(id), "F-") {
		column, id = `short`, strings.ToUpper(id)
	}
	return scanFinding(func(dest ...any) error {
		return tx.Get(ctx, `SELECT `+findingColumns+findingFrom+`WHERE f.`+column+` = ?`, []any{id}, dest)
	})
}

// Get gives a finding by its id or short id; casestore.ErrNotFound where there
// is none.
func (s *Service) Get(ctx context.Context, id string) (Finding, error) {
	var f Finding
	err := s.db.View(ctx, func(tx *casestore.Tx) (err error) {
		f, err = getFinding(ctx, tx, id)
		return err
	})
	if err != nil {
		return f, fmt.Errorf("the finding %q: %w", id, err)
	}
	return f, nil
}

// searched is what the text of a filter is looked for in.
func searched(short, words string) string { return query.Fold(short) + "\n" + words }

// conditions gives the filter but for the states as SQL.
func (f *Filter) conditions() (where []string, args []any, err error) {
	add := func(sql string, a ...any) { where, args = append(where, sql), append(args, a...) }
	if !f.Merged {
		add(`f.merged = ''`)
	}
	if len(f.Kinds) > 0 {
		var kinds []any
		for _, k := range f.Kinds {
			kinds = append(kinds, string(k))
		}
		add(`f.kind IN (`+marks(len(kinds))+`)`, kinds...)
	}
	switch f.Owner {
	case "":
	case "-":
		add(`f.owner = ''`)
	default:
		add(`f.owner = ?`, f.Owner)
	}
	if f.Detection != "" {
		add(`f.detection = ?`, f.Detection)
	}
	if f.Run != "" {
		add(`f.id IN (SELECT s.finding FROM finding_seen s WHERE s.run = ?)`, f.Run)
	}
	if text := strings.TrimSpace(query.Fold(f.Text)); text != "" {
		text = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
		add(`f.search LIKE ? ESCAPE '\'`, "%"+text+"%")
	}
	if f.MinRisk > 0 {
		add(`f.risk >= ?`, f.MinRisk)
	}
	if !f.Since.IsZero() {
		add(`f.last_action >= ?`, casestore.Micros(f.Since))
	}
	for _, s := range f.States {
		if !slices.Contains(States, s) {
			return nil, nil, invalid("no state %q", s)
		}
	}
	return where, args, nil
}

// List gives findings in order, and how many there are in each state.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	page := Page{Findings: []Finding{}, Counts: map[State]int64{}}
	for _, st := range States {
		page.Counts[st] = 0
	}
	if f.Sort == "" {
		f.Sort = ByRisk
	}
	if !slices.Contains([]Sort{ByRisk, ByNovelty, ByTempo, ByUpdated}, f.Sort) {
		return page, invalid("no order %q", f.Sort)
	}
	where, args, err := f.conditions()
	if err != nil {
		return page, err
	}
	all := func(parts []string) string {
		if len(parts) == 0 {
			return ``
		}
		return ` WHERE ` + strings.Join(parts, ` AND `)
	}
	more, moreArgs := slices.Clone(where), slices.Clone(args)
	if len(f.States) > 0 {
		more = append(more, `f.state IN (`+marks(len(f.States))+`)`)
		for _, st := range f.States {
			moreArgs = append(moreArgs, string(st))
		}
	}
	column := `f.` + string(f.Sort)
	if f.After != "" {
		value, id, err := f.cursor()
		if err != nil {
			return page, err
		}
		more = append(more, `(`+column+` < ? OR `+column+` = ? AND f.id < ?)`)
		moreArgs = append(moreArgs, value, value, id)
	}
	n := limit(f.N)
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		err := each(ctx, tx, `SELECT f.state, count(*) FROM findings f`+all(where)+` GROUP BY f.state`, args, func(scan func(...any) error) error {
			var st State
			var n int64
			err := scan(&st, &n)
			page.Counts[st] = n
			return err
		})
		if err != nil {
			return err
		}
		return each(ctx, tx, `SELECT `+findingColumns+findingFrom+all(more)+` ORDER BY `+column+` DESC, f.id DESC LIMIT ?`,
			append(moreArgs, n+1), func(scan func(...any) error) error {
				x, err := scanFinding(scan)
				page.Findings = append(page.Findings, x)
				return err
			})
	})
	if err != nil {
		return page, fmt.Errorf("listing findings: %w", err)
	}
	if len(page.Findings) > n {
		page.Findings = page.Findings[:n]
		page.Next = f.next(&page.Findings[n-1])
	}
	return page, nil
}

// next writes the place after a finding: the value it is ordered by, and its id.
func (f *Filter) next(x *Finding) string {
	var v string
	switch f.Sort {
	case ByUpdated:
		v = strconv.FormatInt(casestore.Micros(x.Updated), 10)
	case ByNovelty:
		v = strconv.FormatFloat(x.Novelty.Value, 'g', -1, 64)
	case ByTempo:
		v = strconv.FormatFloat(x.Tempo.Value, 'g', -1, 64)
	case ByRisk:
		v = strconv.FormatFloat(x.Risk.Value, 'g', -1, 64)
	}
	return v + "~" + x.ID
}

// cursor reads what next wrote.
func (f *Filter) cursor() (value any, id string, err error) {
	v, id, ok := strings.Cut(f.After, "~")
	if !ok || len(id) > 64 {
		return nil, "", invalid("the place %q in the list", f.After)
	}
	if f.Sort == ByUpdated {
		value, err = strconv.ParseInt(v, 10, 64)
	} else {
		value, err = strconv.ParseFloat(v, 64)
	}
	if err != nil {
		return nil, "", invalid("the place %q in the list", f.After)
	}
	return value, id, nil
}

// Snapshot gives a version of a finding's evidence, the newest for version 0;
// casestore.ErrNotFound where there is none, or it was removed.
func (s *Service) Snapshot(ctx context.Context, id string, version int64) (Snapshot, error) {
	var out Snapshot
	var data []byte
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		f, err := getFinding(ctx, tx, id)
		if err != nil {
			return err
		}
		if version == 0 {
			version = f.Snapshot
		}
		return tx.Get(ctx, `SELECT data FROM finding_snapshots WHERE finding = ? AND version = ?`, []any{f.ID, version}, []any{&data})
	})
	if err == nil {
		err = s.unpack(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("snapshot %d of the finding %q: %w", version, id, err)
	}
	return out, nil
}

// SeenBy lists the runs that saw a finding, the newest first, up to n.
func (s *Service) SeenBy(ctx context.Context, id string, n int) ([]Seen, error) {
	out := []Seen{}
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		f, err := getFinding(ctx, tx, id)
		if err != nil {
			return err
		}
		return each(ctx, tx, `SELECT run, time, accounts, posts, overlap, snapshot FROM finding_seen WHERE finding = ? ORDER BY run DESC LIMIT ?`,
			[]any{f.ID, limit(n)}, func(scan func(...any) error) error {
				var x Seen
				var at int64
				err := scan(&x.Run, &at, &x.Accounts, &x.Posts, &x.Overlap, &x.Snapshot)
				x.Time = casestore.Time(at)
				out = append(out, x)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("the runs that saw the finding %q: %w", id, err)
	}
	return out, nil
}

// Holding gives the findings whose group an account is in, the newest first.
func (s *Service) Holding(ctx context.Context, accountKey string) ([]Finding, error) {
	out := []Finding{}
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		return each(ctx, tx, `SELECT `+findingColumns+findingFrom+`JOIN finding_members m ON m.finding = f.id WHERE m.account = ? ORDER BY f.id DESC LIMIT 100`,
			[]any{accountKey}, func(scan func(...any) error) error {
				f, err := scanFinding(scan)
				out = append(out, f)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("the findings of an account: %w", err)
	}
	return out, nil
}
