package mandate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/poststore"
)

// TestStandings says that the database and Request.Standing agree on what waits,
// holds and is past, and who may take what back.
func TestStandings(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		ctx := t.Context()
		s, brief := service(t, db, Options{}), service(t, db, Options{Grant: 1})
		must := func(r Request, err error) Request {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		ask := func(n int) Request {
			t.Helper()
			return must(s.RequestUnmasking(ctx, ann, account("x", fmt.Sprint(n), "", ""), "f1", "a reason"))
		}
		want := map[string]Standing{}
		want[ask(1).ID] = Waiting
		want[ask(2).ID] = Waiting
		want[must(s.DecideUnmasking(ctx, lee, ask(3).ID, true, "")).ID] = Holding
		want[must(s.DecideUnmasking(ctx, lee, ask(4).ID, false, "a reason")).ID] = Past
		want[must(s.WithdrawUnmasking(ctx, ann, ask(5).ID)).ID] = Past
		ended := must(s.DecideUnmasking(ctx, lee, ask(6).ID, true, ""))
		want[must(s.WithdrawUnmasking(ctx, lee, ended.ID)).ID] = Past
		over := must(brief.DecideUnmasking(ctx, lee, ask(7).ID, true, ""))
		want[over.ID] = Past
		for !db.Now().After(over.Until) { //nolint:revive // the clock's next microsecond
		}
		counts, err := s.CountStandings(ctx)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, standing := range Standings {
			var all []Request
			for skip := 0; ; skip += 2 {
				page, err := s.Standing(ctx, standing, skip, 2)
				if err != nil {
					t.Fatal(err)
				}
				if all = append(all, page...); len(page) < 2 {
					break
				}
			}
			if int64(len(all)) != counts[standing] {
				t.Errorf("%s: %d are counted, %d are there", standing, counts[standing], len(all))
			}
			for i := range all {
				seen++
				r := &all[i]
				if want[r.ID] != standing || r.Standing(db.Now()) != standing {
					t.Errorf("the request for %s is %s, and said to be %s", r.AccountID, standing, r.Standing(db.Now()))
				}
				// What MayWithdraw says is what can be done, by everybody.
				for _, p := range []*auth.Principal{{ID: "zoe"}, lee, ann} {
					may := r.MayWithdraw(p.ID, db.Now())
					if standing == Past && may || standing == Waiting && may != (p == ann) || standing == Holding && may != (p.ID != "zoe") {
						t.Errorf("%s may take back one that is %s: %v", p.ID, standing, may)
					}
					if !may && second(s.WithdrawUnmasking(ctx, p, r.ID)) == nil {
						t.Errorf("%s took back one that is %s", p.ID, standing)
					}
				}
			}
		}
		if seen != len(want) {
			t.Errorf("%d of %d requests are listed", seen, len(want))
		}
	})
}

// TestReasonsInLog says that the log holds no name that a decision's reason or
// that of a mark's removal says, where the store knows it.
func TestReasonsInLog(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		ctx := t.Context()
		s := service(t, db, Options{Finder: Find(accounts{poststore.Account{Platform: "x", Account: bob.Account}})})
		r, err := s.RequestUnmasking(ctx, ann, bob, "f1", "a reason")
		if err != nil {
			t.Fatal(err)
		}
		const why = "Bob Example, @bob_1985 or 12345678, is a private person"
		if _, err := s.DecideUnmasking(ctx, lee, r.ID, false, why); err != nil {
			t.Fatal(err)
		}
		if kept, err := s.Request(ctx, r.ID); err != nil || kept.Decision != why {
			t.Errorf("the decision is kept as %q, %v", kept.Decision, err)
		}
		// A mark that was made under another name, and removed under this one.
		mark, err := s.MarkAccount(ctx, lee, account("x", bob.ID, "bob_earlier", "Earlier Bob"), Outlet, "a reason", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveMark(ctx, lee, mark.Alias, why+", as bob_earlier was"); err != nil {
			t.Fatal(err)
		}
		withheld := s.Withheld(bob, why)
		found := false
		if err := db.View(ctx, func(tx *casestore.Tx) error {
			rows, err := tx.Query(ctx, `SELECT line FROM outbox`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					return err
				}
				found = found || strings.Contains(line, "is a private person")
				for _, name := range []string{"Bob Example", "bob_1985", "12345678", "bob_earlier"} {
					if strings.Contains(line, name) || strings.Contains(withheld, name) {
						t.Errorf("%s is said in %s or %s", name, line, withheld)
					}
				}
			}
			return rows.Err()
		}); err != nil {
			t.Fatal(err)
		}
		if !found {
			t.Error("the log lacks the decision")
		}
	})
}
