package mandate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

var (
	ann  = &auth.Principal{ID: "ann", Roles: []auth.Role{auth.Analyst}}
	lee  = &auth.Principal{ID: "lee", Roles: []auth.Role{auth.Lead}}
	kai  = &auth.Principal{ID: "kai", Roles: []auth.Role{auth.Analyst}}
	tool = &auth.Principal{ID: "lee", Token: "t1", Scopes: []auth.Action{auth.PostRead, auth.UnmaskRead}}
)

// service makes a service on an empty database.
func service(t *testing.T, db *casestore.DB, o Options) *Service {
	t.Helper()
	s, err := New(t.Context(), db, fixed(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// actions gives the lines that wait for the log as "actor action object".
func actions(t *testing.T, db *casestore.DB) []string {
	t.Helper()
	out, err := db.Outbox(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, o := range out {
		var l casestore.Line
		if err := json.Unmarshal(o.Line, &l); err != nil {
			t.Fatal(err)
		}
		object := l.Object
		if kind, _, ok := strings.Cut(object, ":"); ok && kind == "unmask" {
			object = "unmask"
		}
		list = append(list, strings.TrimSpace(l.Actor+" "+l.Action+" "+object))
		for _, name := range []string{"bob_1985", "12345678", "Bob Example"} {
			if strings.Contains(string(o.Line), name) {
				t.Errorf("the log names an account: %s", o.Line)
			}
		}
	}
	return list
}

var bob = account("x", "12345678", "bob_1985", "Bob Example")

// TestUnmasking goes the whole way of a request, and every way off it.
func TestUnmasking(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		ctx := t.Context()
		s := service(t, db, Options{})
		alias := s.Names().Alias("x", bob.ID)
		named := func(p *auth.Principal) bool {
			t.Helper()
			v, err := s.Veil(ctx, p, bob)
			if err != nil {
				t.Fatal(err)
			}
			shown := v.Account(bob)
			if text := v.Text("x", "@bob_1985"); shown.Named != (text == "@bob_1985") {
				t.Errorf("shown as %+v, but the text is %q", shown, text)
			}
			if shown.Named && (shown.Class != Unmasked || shown.Label != "Bob Example" || shown.Until.IsZero()) {
				t.Errorf("shown as %+v", shown)
			}
			return shown.Named
		}
		for name, err := range map[string]error{
			"without a reason":  second(s.RequestUnmasking(ctx, ann, bob, "f1", "  ")),
			"without a finding": second(s.RequestUnmasking(ctx, ann, bob, "", "why")),
			"without an id":     second(s.RequestUnmasking(ctx, ann, account("x", "", "bob_1985", ""), "f1", "why")),
		} {
			if !errors.Is(err, ErrIncomplete) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, err := range map[string]error{
			"nobody":  second(s.RequestUnmasking(ctx, nil, bob, "f1", "why")),
			"a token": second(s.RequestUnmasking(ctx, tool, bob, "f1", "why")),
		} {
			if !errors.Is(err, ErrPerson) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r, err := s.RequestUnmasking(ctx, ann, bob, "f1", "Is @bob_1985 (Bob Example, 12345678) an outlet?", "kai", "ann", "kai")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.RequestUnmasking(ctx, ann, bob, "f1", "again"); !errors.Is(err, casestore.ErrConflict) {
			t.Errorf("asked twice: %v", err)
		}
		if named(ann) || named(lee) {
			t.Error("named before anybody decided")
		}
		for name, p := range map[string]*auth.Principal{"who asked": ann, "for whom": kai} {
			if _, err := s.DecideUnmasking(ctx, p, r.ID, true, ""); !errors.Is(err, ErrSecondPerson) {
				t.Errorf("%s decides: %v", name, err)
			}
		}
		if _, err := s.DecideUnmasking(ctx, tool, r.ID, true, ""); !errors.Is(err, ErrPerson) {
			t.Errorf("a token decides: %v", err)
		}
		if _, err := s.DecideUnmasking(ctx, lee, r.ID, false, ""); !errors.Is(err, ErrIncomplete) {
			t.Errorf("no without a reason: %v", err)
		}
		if _, err := s.DecideUnmasking(ctx, lee, "absent", true, ""); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("an absent request: %v", err)
		}
		got, err := s.DecideUnmasking(ctx, lee, r.ID, true, "agreed")
		if err != nil || got.Until.Sub(got.Decided) != DefaultGrant {
			t.Fatal(got, err)
		}
		if _, err := s.DecideUnmasking(ctx, lee, r.ID, false, "no"); !errors.Is(err, ErrState) {
			t.Errorf("decided twice: %v", err)
		}
		other := &auth.Principal{ID: "eve"}
		if !named(ann) || !named(lee) || !named(kai) || named(other) || named(nil) || named(tool) || !named(ann) {
			t.Error("the wrong people see the name")
		}
		want := []string{
			"system mandate.key", "user:ann unmask.request unmask", "user:lee unmask.approve unmask",
			"user:ann unmask.read account:" + alias, "user:lee unmask.read account:" + alias, "user:kai unmask.read account:" + alias,
		}
		if diff := cmp.Diff(want, actions(t, db)); diff != "" {
			t.Error(diff)
		}
		if _, err := s.WithdrawUnmasking(ctx, other, r.ID); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("somebody else withdraws: %v", err)
		}
		if _, err := s.WithdrawUnmasking(ctx, ann, r.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.WithdrawUnmasking(ctx, ann, r.ID); !errors.Is(err, ErrState) {
			t.Errorf("withdrawn twice: %v", err)
		}
		if named(ann) || named(lee) {
			t.Error("named after the grant was given back")
		}
		no, err := s.RequestUnmasking(ctx, ann, bob, "f1", "once more")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.DecideUnmasking(ctx, lee, no.ID, false, "not needed"); err != nil {
			t.Fatal(err)
		}
		if named(ann) {
			t.Error("named after a refusal")
		}
		all, err := s.Requests(ctx, 10)
		if err != nil || len(all) != 2 || all[0].State != Refused || all[1].State != Withdrawn || !cmp.Equal(all[1].For, []string{"kai"}) ||
			all[1].Reason != r.Reason || all[1].Alias != alias {
			t.Errorf("%+v, %v", all, err)
		}
		if open, err := s.Requests(ctx, 10, Open, Approved); err != nil || len(open) != 0 {
			t.Errorf("%+v, %v", open, err)
		}
		if about, err := s.RequestsFor(ctx, alias); err != nil || len(about) != 2 {
			t.Errorf("%+v, %v", about, err)
		}
	})
}

// second gives the error of two results.
func second[T any](_ T, err error) error { return err }

// TestGrantEnds lets time pass by ending the grant when it begins.
func TestGrantEnds(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		s := service(t, db, Options{Grant: time.Microsecond})
		r, err := s.RequestUnmasking(t.Context(), ann, bob, "f1", "why")
		if err != nil {
			t.Fatal(err)
		}
		if r, err = s.DecideUnmasking(t.Context(), lee, r.ID, true, ""); err != nil {
			t.Fatal(err)
		}
		for !db.Now().After(r.Until) { // the clock's next microsecond
			if r.Holds(r.Until) {
				t.Fatal("a grant holds at its end")
			}
		}
		v, err := s.Veil(t.Context(), ann, bob)
		if err != nil || v.Account(bob).Named {
			t.Errorf("named after the end of the grant: %v", err)
		}
		if _, err := s.WithdrawUnmasking(t.Context(), ann, r.ID); !errors.Is(err, ErrState) {
			t.Errorf("a grant that ended is withdrawn: %v", err)
		}
	})
}

func TestMarks(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		ctx := t.Context()
		s := service(t, db, Options{})
		alias := s.Names().Alias("x", bob.ID)
		for name, err := range map[string]error{
			"without an id":     second(s.MarkAccount(ctx, ann, account("x", "", "h", ""), Outlet, "r", "")),
			"of no class":       second(s.MarkAccount(ctx, ann, bob, "person", "r", "")),
			"as unmasked":       second(s.MarkAccount(ctx, ann, bob, Unmasked, "r", "")),
			"without a reason":  second(s.MarkAccount(ctx, ann, bob, Outlet, " ", "")),
			"with a bad source": second(s.MarkAccount(ctx, ann, bob, Outlet, "r", "javascript:alert(1)")),
			"removed for none":  s.RemoveMark(ctx, ann, alias, ""),
		} {
			if !errors.Is(err, ErrIncomplete) {
				t.Errorf("marked %s: %v", name, err)
			}
		}
		if err := s.RemoveMark(ctx, ann, alias, "why"); !errors.Is(err, casestore.ErrNotFound) {
			t.Errorf("an absent mark is removed: %v", err)
		}
		class := func() Class {
			t.Helper()
			v, err := s.Veil(ctx, nil, bob)
			if err != nil {
				t.Fatal(err)
			}
			return v.Account(bob).Class
		}
		if class() != "" {
			t.Error("marked from the start")
		}
		if _, err := s.MarkAccount(ctx, ann, bob, Outlet, "bob_1985 is an imprint", "https://x.com/bob_1985"); err != nil {
			t.Fatal(err)
		}
		if class() != Outlet {
			t.Error("not marked")
		}
		if _, err := s.MarkAccount(ctx, lee, bob, StateChannel, "registered", ""); err != nil {
			t.Fatal(err)
		}
		if class() != StateChannel {
			t.Error("not marked anew")
		}
		if m, err := s.Marks(ctx); err != nil || len(m) != 1 || m[0].Handle != "bob_1985" || m[0].By != "lee" {
			t.Errorf("%+v, %v", m, err)
		}
		if err := s.RemoveMark(ctx, ann, alias, "a private person, Bob Example"); err != nil {
			t.Fatal(err)
		}
		if class() != "" {
			t.Error("still marked")
		}
		h, err := s.MarkHistory(ctx, alias)
		if err != nil || len(h) != 2 || h[0].RemovedWhy == "" || h[0].Removed.IsZero() || h[1].RemovedBy != "lee" || h[1].SourceURL != "https://x.com/bob_1985" {
			t.Errorf("%+v, %v", h, err)
		}
		want := []string{"system mandate.key", "user:ann account.mark account:" + alias, "user:lee account.mark account:" + alias, "user:ann account.mark account:" + alias}
		if diff := cmp.Diff(want, actions(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestOtherKey refuses to go on under a key that is not the casework's own.
func TestOtherKey(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service(t, db, Options{})
		service(t, db, Options{})
		other, err := NewNames(bytes.Repeat([]byte{8}, keySize))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(t.Context(), db, other, Options{}); !errors.Is(err, ErrOtherKey) {
			t.Errorf("another key: %v", err)
		}
		if _, err := NewUnderOtherKey(t.Context(), db, other, Options{}); err != nil {
			t.Error(err)
		}
		if _, err := New(t.Context(), db, other, Options{}); err != nil {
			t.Errorf("the key that was agreed on: %v", err)
		}
		if got := actions(t, db); !cmp.Equal(got, []string{"system mandate.key", "system mandate.key"}) {
			t.Error(got)
		}
	})
}

// accounts is a store of accounts by key.
type accounts []poststore.Account

func (a accounts) AccountsNamed(_ context.Context, platform string, names []string) (out []poststore.Account, err error) {
	for _, got := range a {
		if got.Platform == platform && (slices.Contains(names, got.ID) || slices.Contains(names, poststore.FoldHandle(got.Handle))) {
			out = append(out, got)
		}
	}
	return out, nil
}

// handles finds accounts by handle too.
type handles map[string]Account

func (h handles) FindAccounts(_ context.Context, platform string, names []string) (out []Account, err error) {
	for _, n := range names {
		if a, ok := h[platform+":"+n]; ok {
			out = append(out, a)
		}
	}
	return out, nil
}

// TestVeilPosts brings the handles that posts mention to their accounts.
func TestVeilPosts(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		posts := []poststore.Post{{Post: post.Post{Platform: "x", Text: "@Bob_1985", Mentions: []string{"bob_1985"}}}}
		for name, c := range map[string]struct {
			finder Finder
			want   string
		}{
			"nobody finds":            {nil, "bob_1985"},
			"by handle":               {handles{"x:bob_1985": bob}, bob.ID},
			"in the store, by id":     {Find(accounts{{Platform: "x", Account: post.Account{ID: "bob_1985"}}}), "bob_1985"},
			"in the store, by handle": {Find(accounts{{Platform: "x", Account: bob.Account}}), bob.ID},
			"of another platform":     {Find(accounts{{Platform: "telegram", Account: bob.Account}}), "bob_1985"},
			"two of one handle": {Find(accounts{
				{Platform: "x", Account: bob.Account}, {Platform: "x", Account: post.Account{ID: "6", Handle: "BOB_1985"}},
			}), "bob_1985"},
		} {
			s := service(t, db, Options{Finder: c.finder})
			v, err := s.VeilPosts(t.Context(), ann, posts)
			if err != nil {
				t.Fatal(err)
			}
			got := v.Post(&posts[0])
			want := s.Names().Alias("x", c.want)
			if got.Text != "@"+want || got.Mentions[0] != want {
				t.Errorf("%s: %q, %v; want %s", name, got.Text, got.Mentions, want)
			}
		}
	})
}
