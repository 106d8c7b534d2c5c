package search

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/query"
)

func TestService(t *testing.T) {
	t.Parallel()
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		ctx, s := t.Context(), New(db)
		anna, ben := &auth.Principal{ID: "anna"}, &auth.Principal{ID: "ben"}
		names := func(p *auth.Principal) []string {
			t.Helper()
			all, err := s.List(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, x := range all {
				out = append(out, x.Name)
			}
			return out
		}
		water, err := s.Create(ctx, anna, " 処理水 ", " lang:ja 処理水 after:7d ", true)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := s.Create(ctx, anna, "B", "someone", false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Create(ctx, ben, "b", "", false); err != nil {
			t.Errorf("two people cannot use one name: %v", err)
		}
		got, err := s.Get(ctx, ben, water.ID)
		if err != nil || cmp.Diff(water, got) != "" || got.Query != "lang:ja 処理水 after:7d" || got.Name != "処理水" {
			t.Errorf("Get gives %+v, %v; saved was %+v", got, err, water)
		}
		if got := names(anna); !slices.Equal(got, []string{"B", "処理水"}) {
			t.Errorf("Anna sees %q", got)
		}
		if got := names(ben); !slices.Equal(got, []string{"b", "処理水"}) {
			t.Errorf("Ben sees %q", got)
		}

		var syntax *query.SyntaxError
		_, bad := s.Create(ctx, anna, "x", "lnag:ja", false)
		_, noName := s.Create(ctx, anna, " ", "x", false)
		_, longName := s.Create(ctx, anna, strings.Repeat("長", MaxName+1), "x", false)
		_, twice := s.Create(ctx, anna, "Ｂ", "x", false)
		_, hidden := s.Get(ctx, ben, secret.ID)
		_, renameHidden := s.Rename(ctx, ben, secret.ID, "x")
		_, renameShared := s.Rename(ctx, ben, water.ID, "x")
		_, renameTaken := s.Rename(ctx, anna, water.ID, "b")
		for _, c := range []struct{ got, want error }{
			{noName, ErrName},
			{longName, ErrName},
			{twice, casestore.ErrConflict},
			{hidden, casestore.ErrNotFound},
			{renameHidden, casestore.ErrNotFound},
			{renameShared, ErrOwner},
			{renameTaken, casestore.ErrConflict},
			{s.Delete(ctx, ben, water.ID), ErrOwner},
			{s.Delete(ctx, ben, secret.ID), casestore.ErrNotFound},
		} {
			if !errors.Is(c.got, c.want) {
				t.Errorf("got %v, want %v", c.got, c.want)
			}
		}
		if !errors.As(bad, &syntax) {
			t.Errorf("a query that cannot be read gives %v", bad)
		}

		off, q := false, "iaea"
		if got, err = s.Update(ctx, anna, water.ID, Edit{Query: &q, Shared: &off}); err != nil || got.Query != q || got.Shared || got.Name != "処理水" {
			t.Errorf("Update gives %+v, %v", got, err)
		}
		if got, err := s.Rename(ctx, anna, secret.ID, "b"); err != nil || got.Name != "b" {
			t.Errorf("a search cannot keep its name in another case: %v", err)
		}
		if err := s.Delete(ctx, anna, secret.ID); err != nil {
			t.Error(err)
		}
		if got := names(anna); !slices.Equal(got, []string{"処理水"}) {
			t.Errorf("Anna sees %q", got)
		}
		if got := names(ben); !slices.Equal(got, []string{"b"}) {
			t.Errorf("Ben sees %q", got)
		}

		lines, err := db.Outbox(ctx, 100)
		if err != nil || len(lines) != 6 {
			t.Fatalf("%d lines in the log, want 6: %v", len(lines), err)
		}
		for _, l := range lines {
			if !strings.Contains(string(l.Line), `"search.save"`) || strings.Contains(string(l.Line), "someone") || strings.Contains(string(l.Line), "処理水") {
				t.Errorf("the log has %s", l.Line)
			}
		}
	})
}
