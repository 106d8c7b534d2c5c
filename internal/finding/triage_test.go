package finding

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/graph"
	"github.com/akashi-project/akashi/internal/post"
)

// three runs a detection that makes three findings, and gives them by risk.
func three(w *world) []Finding {
	w.t.Helper()
	w.append(crowd(400, day0, 1)...)
	for i := range 3 {
		w.append(push3(i)...)
	}
	w.run(w.detection(Params{}))
	f := w.list(Filter{}).Findings
	if len(f) != 3 {
		w.t.Fatalf("%d findings", len(f))
	}
	return f
}

func push3(i int) (out []post.Post) {
	for j := range 8 {
		at := day0.Add(time.Duration(i)*31*time.Minute + time.Duration(j)*2*time.Hour)
		out = append(out, push(i, at, names(fmt.Sprintf("team%d", i), 4+i)...)...)
	}
	return out
}

func TestTriageIsAtomicAndUndone(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		all := three(w)
		a, b, c := all[0], all[1], all[2]
		me := "A"
		before := map[string]Standing{}
		for _, f := range all {
			before[f.ID] = f.Standing
		}
		// One that is not there leaves all as they are.
		if _, err := w.s.Triage(w.ctx(), []string{a.ID, "F-1999-0001"}, Change{State: StateTriaged}); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("with one that is not there: %v", err)
		}
		// So does one that somebody else changed.
		if _, err := w.s.Triage(w.ctx(), []string{a.ID, b.ID}, Change{State: StateTriaged, Versions: map[string]int64{a.ID: 1, b.ID: 7}}); !errors.Is(err, casestore.ErrConflict) {
			t.Errorf("with a wrong version: %v", err)
		}
		if w.get(a.ID).State != StateNew {
			t.Fatal("a part of a change was made")
		}
		r, err := w.s.Triage(w.ctx(), []string{a.Short, b.ID, strings.ToLower(a.Short)}, Change{State: StateTriaged, Owner: &me, Versions: map[string]int64{a.Short: 1, b.ID: 1}})
		if err != nil || len(r.Changed) != 2 {
			t.Fatal(r, err)
		}
		if f := w.get(a.ID); f.State != StateTriaged || f.Owner != "A" || f.Version != 2 || f.Updated.Equal(a.Updated) {
			t.Errorf("triaged: %+v", f)
		}
		// The same again changes nothing.
		if again, err := w.s.Triage(w.ctx(), []string{a.ID, b.ID}, Change{State: StateTriaged, Owner: &me}); err != nil || again.Undo != "" || len(again.Changed) != 0 {
			t.Errorf("again: %+v, %v", again, err)
		}
		// A later change of one stands on it: neither is undone.
		later, err := w.s.Triage(w.ctx(), []string{b.ID, c.ID}, Change{State: StateDismissed, Reason: ReasonOther, ReasonText: " as told by phone "})
		if err != nil {
			t.Fatal(err)
		}
		if f := w.get(c.ID); f.ReasonText != "as told by phone" || f.Base != f.Accounts {
			t.Errorf("dismissed: %+v", f.Standing)
		}
		if _, err := w.s.Undo(w.ctx(), r.Undo); !errors.Is(err, casestore.ErrConflict) {
			t.Errorf("undoing under a later change: %v", err)
		}
		if w.get(a.ID).State != StateTriaged {
			t.Error("a part was undone")
		}
		// Notes and runs do not stand on it.
		if _, err := w.s.AddNote(w.ctx(), b.ID, "read the posts"); err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{later.Undo, r.Undo} {
			if u, err := w.s.Undo(w.ctx(), token); err != nil || len(u.Changed) != 2 {
				t.Fatal(u, err)
			}
			if _, err := w.s.Undo(w.ctx(), token); !errors.Is(err, casestore.ErrConflict) {
				t.Errorf("undone twice: %v", err)
			}
		}
		for _, f := range all {
			if got := w.get(f.ID).Standing; got != before[f.ID] {
				t.Errorf("%s: after all was undone %+v, before %+v", f.Short, got, before[f.ID])
			}
		}
		if k := w.kinds(b.ID); k != "undo undo note triage triage created" {
			t.Errorf("events %s", k)
		}
		// One of several, by its event.
		r, err = w.s.Triage(w.ctx(), []string{a.ID, b.ID}, Change{State: StateLinked, Link: "I-2026-0001"})
		if err != nil {
			t.Fatal(err)
		}
		event := w.events(a.ID)[0]
		if !event.CanUndo || event.Batch != r.Undo || event.Actor != "user:A" || event.From.State != StateNew || event.To.Link != "I-2026-0001" {
			t.Errorf("event %+v", event)
		}
		if _, err := w.s.Undo(w.ctx(), event.ID); err != nil {
			t.Fatal(err)
		}
		if w.get(a.ID).State != StateNew || w.get(b.ID).State != StateLinked {
			t.Error("undoing one of two")
		}
		if _, err := w.s.Undo(w.ctx(), "nothing"); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("undoing nothing: %v", err)
		}
		w.noTextInLog("as told by phone", "read the posts", "handle")
	})
}

// noTextInLog fails where a line for the log holds one of some texts.
func (w *world) noTextInLog(texts ...string) {
	w.t.Helper()
	lines, err := w.db.Outbox(context.Background(), 10_000)
	if err != nil || len(lines) < 5 {
		w.t.Fatalf("%d lines, %v", len(lines), err)
	}
	for _, l := range lines {
		for _, s := range texts {
			if bytes.Contains(l.Line, []byte(s)) {
				w.t.Errorf("the log holds %q: %s", s, l.Line)
			}
		}
	}
}

func TestChangesThatCannotBe(t *testing.T) {
	long := strings.Repeat("x", 20_001)
	for _, c := range []Change{
		{},
		{State: "gone"},
		{State: StateDismissed},
		{State: StateDismissed, Reason: "because"},
		{State: StateDismissed, Reason: ReasonOther},
		{State: StateDismissed, Reason: ReasonNews, ReasonText: long},
		{State: StateTriaged, Reason: ReasonNews},
		{State: StateLinked},
		{State: StateLinked, Link: long},
		{State: StateTriaged, Link: "I-1"},
		{Owner: &long},
	} {
		if err := c.check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for base, want := range map[int]int{3: 6, 4: 7, 6: 9, 7: 11, 100: 150} {
		if Regrown(base, want-1) || !Regrown(base, want) {
			t.Errorf("a group of %d has not grown with %d, or has with %d", base, want, want-1)
		}
	}
}

func TestNotes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		f := three(w)[0]
		n, err := w.s.AddNote(w.ctx(), f.Short, "  the first \xff note ")
		if err != nil || n.Text != "the first \ufffd note" || n.Author != "user:A" {
			t.Fatal(n, err)
		}
		if _, err := w.s.AddNote(w.ctx(), f.ID, "second"); err != nil {
			t.Fatal(err)
		}
		e, err := w.s.EditNote(w.ctx(), n.ID, "changed", 1)
		if err != nil || e.Version != 2 || e.Edited.IsZero() {
			t.Fatal(e, err)
		}
		if _, err := w.s.EditNote(w.ctx(), n.ID, "changed by another", 1); !errors.Is(err, casestore.ErrConflict) {
			t.Errorf("a note changed in between: %v", err)
		}
		if _, err := w.s.EditNote(w.ctx(), "none", "x", 1); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("no note: %v", err)
		}
		if _, err := w.s.AddNote(w.ctx(), f.ID, " \n "); !errors.Is(err, ErrInvalid) {
			t.Errorf("an empty note: %v", err)
		}
		all, err := w.s.Notes(t.Context(), f.ID)
		if err != nil || len(all) != 2 || all[0].Text != "changed" || all[1].Text != "second" {
			t.Errorf("%+v, %v", all, err)
		}
		if one, err := w.s.Note(t.Context(), n.ID); err != nil || one != all[0] {
			t.Errorf("%+v, %v", one, err)
		}
	})
}

func TestListOrdersAndFilters(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		all := three(w)
		short := func(p Page) (out []string) {
			for _, f := range p.Findings {
				out = append(out, f.Short)
			}
			return out
		}
		for _, s := range []Sort{ByRisk, ByNovelty, ByTempo, ByUpdated} {
			whole := short(w.list(Filter{Sort: s}))
			var paged []string
			for f := (Filter{Sort: s, N: 1}); ; {
				p := w.list(f)
				paged = append(paged, short(p)...)
				if p.Counts[StateNew] != 3 {
					t.Errorf("counts %v", p.Counts)
				}
				if p.Next == "" {
					break
				}
				f.After = p.Next
			}
			if !slices.Equal(whole, paged) || len(whole) != 3 {
				t.Errorf("%s: whole %v, in pages %v", s, whole, paged)
			}
		}
		if all[0].Risk.Value < all[1].Risk.Value || all[1].Risk.Value < all[2].Risk.Value {
			t.Error("not by risk")
		}
		me := "A"
		if _, err := w.s.Triage(w.ctx(), []string{all[1].ID}, Change{State: StateTriaged, Owner: &me}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			f    Filter
			want int
		}{
			{"state", Filter{States: []State{StateTriaged}}, 1},
			{"two states", Filter{States: []State{StateTriaged, StateNew}}, 3},
			{"kind", Filter{Kinds: []Kind{Coordination}}, 3},
			{"another kind", Filter{Kinds: []Kind{"narrative"}}, 0},
			{"owner", Filter{Owner: "A"}, 1},
			{"nobody's", Filter{Owner: "-"}, 2},
			{"detection", Filter{Detection: all[0].Detection}, 3},
			{"another detection", Filter{Detection: "x"}, 0},
			{"run", Filter{Run: all[0].LastRun}, 3},
			{"risk", Filter{MinRisk: all[0].Risk.Value}, 1},
			{"since", Filter{Since: day0.Add(365 * 24 * time.Hour)}, 0},
			{"text of an object", Filter{Text: "NEWS.example"}, 3},
			{"short id", Filter{Text: strings.ToLower(all[2].Short)}, 1},
			{"behaviour", Filter{Text: "url"}, 3},
			{"signs of LIKE", Filter{Text: "%_"}, 0},
			{"account", Filter{Text: "team0aa"}, 0},
		} {
			if got := w.list(c.f); len(got.Findings) != c.want {
				t.Errorf("%s: %d, want %d", c.name, len(got.Findings), c.want)
			}
		}
		if got := w.list(Filter{States: []State{StateNew}}).Counts; got[StateNew] != 2 || got[StateTriaged] != 1 || len(got) != 4 {
			t.Errorf("counts %v", got)
		}
		for _, f := range []Filter{{Sort: "age"}, {After: "x"}, {After: "y~z"}, {States: []State{"gone"}}} {
			if _, err := w.s.List(t.Context(), f); !errors.Is(err, ErrInvalid) {
				t.Errorf("%+v: %v", f, err)
			}
		}
		s := w.snapshot(all[0].ID, 0)
		if held, err := w.s.Holding(t.Context(), s.Accounts[0].Key); err != nil || len(held) != 1 || held[0].ID != all[0].ID {
			t.Errorf("holding: %+v, %v", held, err)
		}
	})
}

func TestDetections(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		d, err := w.s.AddDetection(w.ctx(), Detection{Name: " mine ", Params: Params{Query: "lang:ja"}, Schedule: "CRON_TZ=Asia/Tokyo 0 6 * * *", Enabled: true, Owner: "A"})
		if err != nil || d.Name != "mine" || d.Version != 1 || d.Parameters != 1 || d.WindowSeconds != 600 || d.FDR != 0.05 || d.MinGroup != 3 || d.Ceiling != 20_000 || d.Next.Hour() != 21 {
			t.Fatalf("%+v, %v", d, err)
		}
		if strings.Contains(d.Behaviours, "domain") {
			t.Errorf("behaviours %q", d.Behaviours)
		}
		stale := d
		d.Name = "renamed"
		if d, err = w.s.ChangeDetection(w.ctx(), d); err != nil || d.Version != 2 || d.Parameters != 1 {
			t.Fatalf("%+v, %v", d, err)
		}
		d.Behaviours, d.Enabled = "url, text", false
		if d, err = w.s.ChangeDetection(w.ctx(), d); err != nil || d.Version != 3 || d.Parameters != 2 || d.Behaviours != "url,text" || !d.Next.IsZero() {
			t.Fatalf("%+v, %v", d, err)
		}
		if _, err := w.s.ChangeDetection(w.ctx(), stale); !errors.Is(err, casestore.ErrConflict) {
			t.Errorf("a stale change: %v", err)
		}
		v, err := w.s.Parameters(t.Context(), d.ID)
		if err != nil || len(v) != 2 || v[0].Params.Behaviours != "url,text" || v[1].Params.Query != "lang:ja" || v[1].Actor != "user:A" {
			t.Errorf("%+v, %v", v, err)
		}
		for _, bad := range []Detection{
			{},
			{Name: strings.Repeat("x", 201)},
			{Name: "x", Schedule: "daily"},
			{Name: "x", Schedule: "0 0 30 2 *"},
			{Name: "x", Params: Params{Behaviours: "opinion"}},
			{Name: "x", Params: Params{WindowSeconds: -1}},
			{Name: "x", Params: Params{WindowSeconds: math.NaN()}},
			{Name: "x", Params: Params{FDR: 1}},
			{Name: "x", Params: Params{Ceiling: -2}},
			{Name: "x", Params: Params{MinGroup: 1}},
			{Name: "x", Params: Params{Query: "lang:"}},
			{Name: "x", Params: Params{Range: Range{LastDays: 1, From: day0}}},
			{Name: "x", Params: Params{Range: Range{From: day0, To: day0}}},
		} {
			if _, err := w.s.AddDetection(w.ctx(), bad); !errors.Is(err, ErrInvalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if err := w.s.DeleteDetection(w.ctx(), d.ID, 1); !errors.Is(err, casestore.ErrConflict) {
			t.Errorf("a stale deletion: %v", err)
		}
		if err := w.s.DeleteDetection(w.ctx(), d.ID, 3); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			w.s.DeleteDetection(w.ctx(), d.ID, 3),
			func() error { _, err := w.s.Detection(t.Context(), d.ID); return err }(),
			func() error { _, err := w.s.StartRun(w.ctx(), d.ID); return err }(),
			func() error { _, err := w.s.ChangeDetection(w.ctx(), d); return err }(),
			func() error { _, err := w.s.Parameters(t.Context(), "none"); return err }(),
			func() error { _, err := w.s.Run(t.Context(), "none"); return err }(),
			func() error { _, err := w.s.Network(t.Context(), "none"); return err }(),
			func() error { _, err := w.s.Get(t.Context(), "none"); return err }(),
		} {
			if !errors.Is(err, casestore.ErrNotFound) {
				t.Errorf("of what is not there: %v", err)
			}
		}
		if all, err := w.s.Detections(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("%d detections, %v", len(all), err)
		}
	})
}

func TestExports(t *testing.T) {
	s := Snapshot{
		Accounts: []Account{{Key: "x:1", Alias: "acc-a", Posts: 3, Behaviours: []string{"url"}}, {Key: "x:2", Alias: "acc,\"b\""}, {Key: "x:3", Alias: "acc-a"}},
		Edges:    []Edge{{A: 0, B: 1, Weight: 1.5, CoActions: 4, First: day0, Last: day0.Add(time.Second), By: []EdgeLayer{{Behaviour: "url"}, {Behaviour: "text"}}}},
	}
	x := Export{Snapshot: &s, Title: "T", Label: func(key, alias string) string {
		if key == "x:3" {
			return "ministry"
		}
		return alias
	}}
	read := func(write func(w io.Writer) error) [][]string {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	accounts := read(x.WriteAccounts)
	if len(accounts) != 4 || accounts[2][0] != `acc,"b"` || accounts[3][0] != "ministry" {
		t.Errorf("accounts %q", accounts)
	}
	edges := read(x.WriteEdges)
	want := []string{"acc-a", `acc,"b"`, "1.5", "4", "0", "0", "0", "0", "0", "2026-11-01T00:00:00Z", "2026-11-01T00:00:01Z", "0", "0", "0", "url text"}
	if diff := cmp.Diff(want, edges[1]); len(edges) != 2 || diff != "" {
		t.Error(diff)
	}
	for name, write := range map[string]func(context.Context, io.Writer) error{"gexf": x.WriteGEXF, "graphml": x.WriteGraphML} {
		var b bytes.Buffer
		if err := write(t.Context(), &b); err != nil {
			t.Fatal(name, err)
		}
		out := b.String()
		for d := xml.NewDecoder(&b); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(name, err)
			}
		}
		if strings.Contains(out, "x:1") || !strings.Contains(out, "ministry") {
			t.Errorf("%s shows keys, or no labels", name)
		}
	}
}

func TestTurnFindsTheRotation(t *testing.T) {
	for _, mirrored := range []float64{1, -1} {
		from := []graph.Point{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 0, Y: 2}, {X: 3, Y: 1}}
		var to []graph.Point
		sin, cos := math.Sincos(1.1)
		for _, p := range from {
			y := mirrored * p.Y
			to = append(to, graph.Point{X: 5 + cos*p.X - sin*y, Y: -2 + sin*p.X + cos*y})
		}
		got := slices.Clone(from)
		if !turn(got, from, to) {
			t.Fatal("not turned")
		}
		for i := range got {
			if math.Hypot(got[i].X-to[i].X, got[i].Y-to[i].Y) > 1e-9 {
				t.Errorf("mirrored %v: point %d at %v, want %v", mirrored, i, got[i], to[i])
			}
		}
	}
}

func TestMeasures(t *testing.T) {
	for _, c := range []struct {
		name string
		m    Measure
		want float64
	}{
		{"no risk", riskOf(1, 0, 0, 0, 0, 0), 0},
		{"all risk", riskOf(1000, 10_000, 1_000_000, 1, 4, 6), 1},
		{"beyond all", riskOf(1e6, 1e9, 1e12, 0, 10, 30), 1},
		{"all new", noveltyOf(5, 5, 3, 3, 0), 1},
		{"two weeks later", noveltyOf(5, 5, 3, 3, 14), 0.5},
		{"known accounts, new objects", noveltyOf(5, 0, 3, 3, 0), 0.4},
		{"nothing to compare", noveltyOf(0, 0, 0, 0, -1), 0},
		{"over", tempoOf(0, 100, 10), 0},
		{"only now", tempoOf(240, 0, 0), rounded(10/(10+1.0/24), 4)},
		{"as ever", tempoOf(240, 2400, 240), rounded(10/(20+1.0/24), 4)},
	} {
		if math.Abs(c.m.Value-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v (%+v)", c.name, c.m.Value, c.want, c.m.Parts)
		}
	}
	if s := (Part{Name: "unknown"}).Means(); s["en"] != "unknown" {
		t.Errorf("%v", s)
	}
}
