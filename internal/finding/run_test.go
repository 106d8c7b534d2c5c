package finding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/poststore"
)

func TestPlantedOperationsBecomeFindings(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.play("small")
		w.append(w.all...)
		d := w.detection(Params{})
		r := w.run(d)
		if r.New == 0 || r.Counts.Posts != int64(len(w.all)) || r.Attempt != 1 || r.Parameters != 1 || r.Program != "test" || r.Actor != "user:A" {
			t.Errorf("the run: %+v", r)
		}
		operation := map[string]string{}
		for _, a := range w.truth.Accounts {
			operation[poststore.AccountKey(a.Platform, a.Account)] = a.Operation
		}
		page := w.list(Filter{})
		if int64(len(page.Findings)) != r.New || page.Counts[StateNew] != r.New {
			t.Errorf("%d findings listed, %d made", len(page.Findings), r.New)
		}
		found := map[string]int{}
		for _, f := range page.Findings {
			s := w.snapshot(f.ID, 0)
			for _, a := range s.Accounts {
				found[operation[a.Key]]++
			}
			checkFinding(t, &f, &s)
		}
		for _, o := range w.truth.Operations {
			if found[o.Name]*10 < o.Accounts*6 {
				t.Errorf("%s: found %d of %d accounts", o.Name, found[o.Name], o.Accounts)
			}
		}
		n, err := w.s.Network(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		checkNetwork(t, &n, page.Findings)

		// The same posts again change nothing.
		before := w.dump()
		again := w.run(d)
		if again.New != 0 || again.Updated != 0 || again.Unchanged != r.New {
			t.Errorf("the same posts again: %d new, %d updated, %d unchanged", again.New, again.Updated, again.Unchanged)
		}
		if diff := cmp.Diff(before, w.dump()); diff != "" {
			t.Error(diff)
		}
		seen, err := w.s.SeenBy(t.Context(), page.Findings[0].Short, 0)
		if err != nil || len(seen) != 2 || seen[0].Run != again.ID || seen[1].Run != r.ID || seen[0].Overlap != 1 || seen[0].Snapshot != 1 {
			t.Errorf("seen by %+v, %v", seen, err)
		}
		second, err := w.s.Network(t.Context(), again.ID)
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range second.Bubbles {
			if o := n.Bubbles[i]; math.Hypot(b.X-o.X, b.Y-o.Y) > 0.01 {
				t.Errorf("bubble %d moved from %v,%v to %v,%v", i, o.X, o.Y, b.X, b.Y)
			}
		}
	})
}

var person = regexp.MustCompile(`handle|alias-of|sim-`)

func checkFinding(t *testing.T, f *Finding, s *Snapshot) {
	t.Helper()
	if !regexp.MustCompile(`^F-20\d\d-\d{4,}$`).MatchString(f.Short) || f.State != StateNew || f.Version != 1 || f.Snapshot != 1 || f.Seen != 1 || !f.Synthetic {
		t.Errorf("%+v", f)
	}
	for _, m := range []Measure{f.Risk, f.Novelty, f.Tempo} {
		if !(m.Value >= 0 && m.Value <= 1) || len(m.Parts) < 2 {
			t.Errorf("%s: a measure of %+v", f.Short, m)
		}
		for _, p := range m.Parts {
			if !(p.Value >= 0 && p.Value <= 1) || len(p.Means()["ja"]) < 10 || len(p.Means()["en"]) < 10 {
				t.Errorf("%s: a part of %+v: %v", f.Short, p, p.Means())
			}
		}
	}
	if f.Novelty.Value != 1 {
		t.Errorf("%s: novelty of the first run %v", f.Short, f.Novelty)
	}
	for _, l := range []string{"ja", "en"} {
		if f.Why[l] == "" || f.Counter[l] == "" || person.MatchString(f.Why[l]+f.Counter[l]) {
			t.Errorf("%s: %s: %q %q", f.Short, l, f.Why[l], f.Counter[l])
		}
	}
	if f.Accounts != len(s.Accounts) || f.Posts != s.Posts || f.Edges != int64(len(s.Edges))+s.LeftEdges || len(s.Objects) == 0 || len(s.Examples) == 0 {
		t.Errorf("%s: %d accounts, %d posts, %d edges; the snapshot has %d, %d, %d + %d; %d objects, %d examples", f.Short, f.Accounts,
			f.Posts, f.Edges, len(s.Accounts), s.Posts, len(s.Edges), s.LeftEdges, len(s.Objects), len(s.Examples))
	}
	var sum int64
	for _, n := range f.Spark.Counts {
		sum += n
	}
	if len(f.Spark.Counts) != 24 || sum == 0 || sum > f.Posts {
		t.Errorf("%s: spark %+v of %d posts", f.Short, f.Spark, f.Posts)
	}
	for _, a := range s.Accounts {
		if a.Alias != "alias-of-"+strings.Replace(a.Key, ":", "-", 1) || a.Posts == 0 || a.Partners == 0 || len(a.Behaviours) == 0 ||
			!(a.X >= 0 && a.X <= 1 && a.Y >= 0 && a.Y <= 1) {
			t.Errorf("%s: account %+v", f.Short, a)
		}
	}
	for i, e := range s.Edges {
		if e.A == e.B || i > 0 && e.Weight > s.Edges[i-1].Weight || e.Q > s.FDR || len(e.Evidence) == 0 || len(e.By) == 0 || e.First.After(e.Last) {
			t.Errorf("%s: edge %d: %+v", f.Short, i, e)
		}
		for _, m := range e.Evidence {
			if m.PostA == 0 || m.PostB == 0 || m.Behaviour == "text" && !regexp.MustCompile(`^text:[0-9a-f]{16}$`).MatchString(m.Object) {
				t.Errorf("%s: meeting %+v", f.Short, m)
			}
		}
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Snapshot
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, &back); diff != "" {
		t.Errorf("through JSON: %s", diff)
	}
	if !strings.Contains(string(data), `"post_a":"`) {
		t.Error("keys of posts are numbers in JSON, which JavaScript rounds")
	}
}

func checkNetwork(t *testing.T, n *Network, findings []Finding) {
	t.Helper()
	if len(n.Bubbles) != len(findings) {
		t.Fatalf("%d bubbles for %d findings", len(n.Bubbles), len(findings))
	}
	of := map[string]*Finding{}
	for i := range findings {
		of[findings[i].ID] = &findings[i]
	}
	for i, b := range n.Bubbles {
		f := of[b.Finding]
		if f == nil || f.Short != b.Short || f.State != b.State || f.Risk.Value != b.Risk || f.Accounts != b.Accounts || b.R <= 0 ||
			b.X-b.R < -0.001 || b.X+b.R > 1.001 || b.Y-b.R < -0.001 || b.Y+b.R > 1.001 {
			t.Errorf("bubble %+v", b)
		}
		for _, o := range n.Bubbles[:i] {
			if math.Hypot(b.X-o.X, b.Y-o.Y) < b.R+o.R-0.001 {
				t.Errorf("bubbles overlap: %+v, %+v", b, o)
			}
		}
	}
	for _, l := range n.Links {
		if l.A >= l.B || l.B >= len(n.Bubbles) || l.Edges == 0 {
			t.Errorf("link %+v", l)
		}
	}
}

func TestMorePostsUpdateFindings(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.append(crowd(300, day0, 2)...)
		team := names("op", 8)
		w.append(acts(0, 8, team[:6]...)...)
		d := w.detection(Params{})
		if r := w.run(d); r.New != 1 {
			t.Fatalf("%d findings, want one", r.New)
		}
		id := w.list(Filter{}).Findings[0].ID
		first := w.snapshot(id, 1)

		w.append(acts(1, 8, team...)...)
		if r := w.run(d); r.New != 0 || r.Updated != 1 {
			t.Fatalf("%+v", r)
		}
		f := w.get(id)
		if f.Accounts != 8 || f.Snapshot != 2 || f.Seen != 2 || f.Version != 1 || w.kinds(id) != "updated created" {
			t.Errorf("%+v, events %s", f, w.kinds(id))
		}
		// Those who stayed keep their places.
		at := map[string]Account{}
		for _, a := range first.Accounts {
			at[a.Key] = a
		}
		second := w.snapshot(id, 0)
		for _, a := range second.Accounts {
			if b, ok := at[a.Key]; ok && (a.X != b.X || a.Y != b.Y) {
				t.Errorf("%s moved from %v,%v to %v,%v", a.Key, b.X, b.Y, a.X, a.Y)
			}
		}
		if old := w.snapshot(id, 1); len(old.Accounts) != 6 {
			t.Errorf("the first snapshot has %d accounts now", len(old.Accounts))
		}
		if n, err := w.s.Prune(w.ctx(), 1); err != nil || n != 1 {
			t.Errorf("pruned %d, %v", n, err)
		}
		if _, err := w.s.Snapshot(t.Context(), id, 1); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("a pruned snapshot: %v", err)
		}
	})
}

func TestDismissedStaysDismissedUnlessItGrows(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.append(crowd(300, day0, 3)...)
		team := names("op", 10)
		w.append(acts(0, 8, team[:6]...)...)
		d := w.detection(Params{})
		w.run(d)
		id := w.list(Filter{}).Findings[0].ID
		if _, err := w.s.Triage(w.ctx(), []string{id}, Change{State: StateDismissed, Reason: ReasonNews}); err != nil {
			t.Fatal(err)
		}
		w.append(acts(1, 8, team[:7]...)...)
		w.run(d)
		if f := w.get(id); f.State != StateDismissed || f.Accounts != 7 || f.Base != 6 {
			t.Errorf("seen again: %s, %d accounts from %d", f.State, f.Accounts, f.Base)
		}
		w.append(acts(2, 14, team...)...)
		w.append(acts(3, 14, team...)...)
		w.run(d)
		f := w.get(id)
		if f.State != StateNew || f.Accounts != 10 || f.Reason != "" || w.kinds(id) != "reopened updated updated triage created" {
			t.Errorf("grown: %+v, %s", f, w.kinds(id))
		}
		// What a person decided before cannot be undone past that.
		for _, e := range w.events(id) {
			if e.CanUndo {
				t.Errorf("can undo %+v", e)
			}
			if e.Kind == EventTriage {
				if _, err := w.s.Undo(w.ctx(), e.ID); !errors.Is(err, casestore.ErrConflict) {
					t.Errorf("undoing past a reopening: %v", err)
				}
			}
		}
	})
}

func TestSplitsAndMerges(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.append(crowd(400, day0, 8)...)
		left, right := names("left", 6), names("right", 7)
		d := w.detection(Params{Range: Range{From: day0, To: day0.Add(24 * time.Hour)}})
		scope := func(day int) {
			d.Range = Range{From: day0.Add(time.Duration(day) * 24 * time.Hour), To: day0.Add(time.Duration(day+1) * 24 * time.Hour)}
			var err error
			if d, err = w.s.ChangeDetection(w.ctx(), d); err != nil {
				t.Fatal(err)
			}
		}
		for day, groups := range [][][]string{
			{left, right},
			{append(slices.Clone(left), right...)}, // one
			{left, right},                          // two again
			{append(slices.Clone(right), "zz")},
		} {
			for i, g := range groups {
				for j := range 9 {
					at := day0.Add(time.Duration(day)*24*time.Hour + time.Duration(i)*45*time.Minute + time.Duration(j)*2*time.Hour)
					w.append(push(i*9+j, at, g...)...)
				}
			}
		}
		w.run(d)
		two := w.list(Filter{Sort: ByUpdated}).Findings
		if len(two) != 2 {
			t.Fatalf("%d findings", len(two))
		}
		l, r := two[0], two[1]
		if l.Accounts > r.Accounts {
			l, r = r, l
		}
		scope(1)
		run := w.run(d)
		if run.New != 0 || run.Updated != 1 || run.Parameters != 2 {
			t.Fatalf("together: %+v", run)
		}
		if f := w.get(l.ID); f.Merged != r.ID || w.kinds(l.ID) != "merged created" || !strings.HasPrefix(w.kinds(r.ID), "absorbed updated") {
			t.Errorf("left merged into %q: %s; %s", f.Merged, w.kinds(l.ID), w.kinds(r.ID))
		}
		if n := len(w.list(Filter{}).Findings); n != 1 {
			t.Errorf("%d listed while one is part of the other", n)
		}
		if n := len(w.list(Filter{Merged: true}).Findings); n != 2 {
			t.Errorf("%d listed with merged ones", n)
		}
		before := w.dump()
		w.run(d)
		if diff := cmp.Diff(before, w.dump()); diff != "" {
			t.Errorf("the same again: %s", diff)
		}
		scope(2)
		if run := w.run(d); run.New != 0 || run.Updated != 2 {
			t.Fatalf("apart: %+v", run)
		}
		if f := w.get(l.ID); f.Merged != "" || w.kinds(l.ID) != "updated parted merged created" {
			t.Errorf("left merged into %q: %s", f.Merged, w.kinds(l.ID))
		}
		scope(3)
		if run := w.run(d); run.New != 0 || run.Updated != 1 || w.get(r.ID).Accounts != 8 {
			t.Fatalf("right alone: %+v", run)
		}
	})
}

// A part that comes off a group whose finding went on makes a finding of its
// own, which says where it came from.
func TestSplitOff(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.append(crowd(400, day0, 3)...)
		big, off := names("big", 9), names("off", 4)
		for j := range 9 {
			w.append(push(j, day0.Add(time.Duration(j)*2*time.Hour), append(slices.Clone(big), off...)...)...)
			w.append(push(j, day0.Add(24*time.Hour+time.Duration(j)*2*time.Hour), big...)...)
			w.append(push(j, day0.Add(24*time.Hour+time.Duration(j)*2*time.Hour+time.Hour), off...)...)
		}
		d := w.detection(Params{Range: Range{To: day0.Add(24 * time.Hour)}})
		w.run(d)
		first := w.list(Filter{}).Findings[0]
		d.Range = Range{From: day0.Add(24 * time.Hour)}
		d, err := w.s.ChangeDetection(w.ctx(), d)
		if err != nil {
			t.Fatal(err)
		}
		if r := w.run(d); r.New != 1 || r.Updated != 1 {
			t.Fatalf("%+v", r)
		}
		for _, f := range w.list(Filter{}).Findings {
			if f.ID == first.ID {
				continue
			}
			if w.kinds(f.ID) != "split created" || w.events(f.ID)[0].Other != first.ID {
				t.Errorf("events %+v", w.events(f.ID))
			}
			if f.Novelty.Value > 0.5 || f.Novelty.Parts[0].Raw != 0 {
				t.Errorf("novelty of known accounts: %+v", f.Novelty)
			}
		}
	})
}

var errKilled = errors.New("killed")

// A process that dies at any point of a run leaves nothing behind that the next
// one does not put right: the same findings, once.
func TestKilledInTheMiddle(t *testing.T) {
	for _, point := range []string{"read", "detected", "prepared", "taken in"} {
		t.Run(point, func(t *testing.T) {
			casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
				w := newWorld(t, db)
				w.append(crowd(300, day0, 1)...)
				w.append(acts(0, 8, names("op", 6)...)...)
				died, gone := make(chan struct{}), make(chan struct{})
				w.s.crash = func(at string) error {
					if at != point {
						return nil
					}
					close(died)
					<-gone // a dead process does nothing any more
					return errKilled
				}
				w.start()
				wake := sync.OnceFunc(func() { close(gone) })
				t.Cleanup(wake)
				d := w.detection(Params{})
				r, err := w.s.StartRun(w.ctx(), d.ID)
				if err != nil {
					t.Fatal(err)
				}
				<-died
				old := w.jobs
				w.service()
				w.start()
				done := w.ended(r.ID, RunDone)
				if done.New != 1 {
					t.Errorf("%d findings", done.New)
				}
				if want := map[bool]int{true: 1, false: 2}[point == "taken in"]; done.Attempt != want {
					t.Errorf("attempt %d, want %d", done.Attempt, want)
				}
				before := w.dump()
				// Even if the first attempt comes back to life, it finds the
				// run taken in.
				wake()
				if err := old.Stop(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, w.dump()); diff != "" {
					t.Error(diff)
				}
				if n := len(w.list(Filter{}).Findings); n != 1 {
					t.Errorf("%d findings", n)
				}
			})
		})
	}
}

func TestStoppedRunsGoOnAndFailingOnesEnd(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.append(acts(0, 3, names("op", 3)...)...)
		began := make(chan struct{}, 10)
		w.s.crash = func(at string) error {
			if at == "detected" {
				began <- struct{}{}
				return fmt.Errorf("at %s: %w", at, errKilled)
			}
			return nil
		}
		w.start()
		d := w.detection(Params{})
		r, err := w.s.StartRun(w.ctx(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			<-began
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			if r, err = w.s.Run(t.Context(), r.ID); err != nil || time.Now().After(end) {
				t.Fatal(r, err)
			}
			if r.State == RunFailed {
				break
			}
		}
		if r.Attempt != 5 || !strings.Contains(r.Error, "at detected: killed") || r.Finished.IsZero() {
			t.Errorf("%+v", r)
		}
	})
}

func TestCancelRun(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.append(acts(0, 3, names("op", 3)...)...)
		began, release := make(chan struct{}), make(chan struct{})
		w.s.crash = func(at string) error {
			if at == "detected" {
				close(began)
				<-release
			}
			return nil
		}
		d := w.detection(Params{})
		// One that waits, since nothing runs yet.
		waiting, err := w.s.StartRun(w.ctx(), d.ID)
		if err != nil || waiting.State != RunQueued {
			t.Fatal(waiting, err)
		}
		if same, err := w.s.StartRun(w.ctx(), d.ID); err != nil || same.ID != waiting.ID {
			t.Errorf("started twice: %s, %s, %v", waiting.ID, same.ID, err)
		}
		if err := w.s.CancelRun(w.ctx(), waiting.ID); err != nil {
			t.Fatal(err)
		}
		w.ended(waiting.ID, RunCancelled)
		w.start()
		wake := sync.OnceFunc(func() { close(release) })
		t.Cleanup(wake)
		running, err := w.s.StartRun(w.ctx(), d.ID)
		if err != nil || running.ID == waiting.ID {
			t.Fatal(running, err)
		}
		<-began
		if r, err := w.s.Run(t.Context(), running.ID); err != nil || r.State != RunRunning || r.Progress == nil || r.Progress.Phase != "evidence" {
			t.Errorf("while it runs: %+v, %v", r, err)
		}
		if err := w.s.CancelRun(w.ctx(), running.ID); err != nil {
			t.Fatal(err)
		}
		wake()
		w.ended(running.ID, RunCancelled)
		if err := w.jobs.Stop(t.Context()); err != nil { // waits for the work to end
			t.Fatal(err)
		}
		if n := len(w.list(Filter{}).Findings); n != 0 {
			t.Errorf("a cancelled run made %d findings", n)
		}
		if r := w.ended(running.ID, RunCancelled); r.Error != "" {
			t.Errorf("error %q", r.Error)
		}
		if err := w.s.CancelRun(w.ctx(), running.ID); err != nil {
			t.Errorf("cancelling again: %v", err)
		}
		if err := w.s.CancelRun(w.ctx(), "none"); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("cancelling none: %v", err)
		}
	})
}

// What takes no part is counted and said.
func TestLeftOut(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.append(crowd(200, day0, 1)...)
		w.append(acts(0, 6, names("op", 5)...)...)
		var gone []poststore.Deletion
		for i, p := range crowd(200, day0, 1)[:7] {
			gone = append(gone, poststore.Deletion{Platform: p.Platform, ID: p.ID, Time: day0.Add(time.Duration(i) * time.Hour)})
		}
		if _, err := w.posts.Append(t.Context(), poststore.Batch{Source: "test", Deleted: gone}); err != nil {
			t.Fatal(err)
		}
		silent := push(0, day0, "quiet")[0]
		silent.Links, silent.Text = nil, "hm"
		w.append(silent)
		w.append(push(1, day0.Add(time.Hour), names("mob", 60)...)...)
		r := w.run(w.detection(Params{Ceiling: 50}))
		got := map[LeftOutKind]int64{}
		for _, l := range r.LeftOut {
			got[l.Kind] = l.Count
			if l.Kind.Means()["ja"] == "" || l.Kind.Means()["en"] == "" {
				t.Errorf("%s has no words", l.Kind)
			}
			if l.Kind == LeftHot && (len(l.Objects) != 1 || l.Objects[0].Behaviour != "url" || l.Objects[0].Traces != 60) {
				t.Errorf("hot: %+v", l.Objects)
			}
		}
		if got[LeftHot] != 1 || got[LeftDeleted] != 7 || got[LeftSilent] != 1 {
			t.Errorf("left out: %v", got)
		}
	})
}

func TestScheduledRuns(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		w := newWorld(t, db)
		w.append(acts(0, 3, names("op", 3)...)...)
		d, err := w.s.AddDetection(w.ctx(), Detection{Name: "yearly", Schedule: "0 0 1 1 *", Enabled: true})
		if err != nil || d.Next.IsZero() {
			t.Fatal(d, err)
		}
		// The program was not there for years.
		if err := db.Housekeep(t.Context(), func(tx *casestore.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE detections SET scheduled = ?`, casestore.Micros(time.Now().Add(-3*366*24*time.Hour)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		w.service()
		w.start()
		for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			d, err = w.s.Detection(t.Context(), d.ID)
			if err != nil || time.Now().After(end) {
				t.Fatal(d, err)
			}
			if d.LastRun != nil && d.LastRun.State == RunDone {
				break
			}
		}
		if d.LastRun.Actor != "system" {
			t.Errorf("started by %s", d.LastRun.Actor)
		}
		// It was kept now: nothing is due at the next start.
		w.service()
		w.start()
		if err := w.jobs.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		if runs, err := w.s.Runs(t.Context(), RunFilter{}); err != nil || len(runs) != 1 {
			t.Errorf("%d runs, %v", len(runs), err)
		}
	})
}
