package watchlist

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/sqlite"
)

func open(t *testing.T) *casestore.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "casework.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestLife(t *testing.T) {
	ctx, db := t.Context(), open(t)
	ann, lists := &auth.Principal{ID: "ann"}, Lists(db)
	in := Text{Name: " ALPS ", Entries: []Entry{{Kind: Topic, Value: `"処理水" OR iaea`}, {Kind: Domain, Value: "Example.ORG."},
		{Kind: Domain, Value: "example.org"}, {Kind: Hashtag, Value: "＃処理水"}, {Kind: Channel, Platform: "telegram", Value: "c"}}}
	for name, p := range map[string]*auth.Principal{"nobody": nil, "a token": {ID: "ann", Token: "t"}} {
		if _, err := lists.Draft(ctx, p, in); !errors.Is(err, ErrPerson) {
			t.Errorf("%s drafts: %v", name, err)
		}
		if _, err := lists.Archive(ctx, p, "x", 1); !errors.Is(err, ErrPerson) {
			t.Errorf("%s archives: %v", name, err)
		}
	}
	l, err := lists.Draft(ctx, ann, in)
	if err != nil || l.Text.Name != "ALPS" || len(l.Text.Entries) != 4 || l.Text.Entries[1].Value != "example.org" || l.Text.Entries[2].Value != "処理水" {
		t.Fatalf("%+v, %v", l, err)
	}
	in.Name = "Other"
	e, err := lists.Edit(ctx, ann, l.ID, l.Version, in)
	if err != nil || e.Version != 2 || e.Text.Name != "Other" {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := lists.Edit(ctx, ann, l.ID, l.Version, in); !errors.Is(err, casestore.ErrConflict) {
		t.Errorf("an older version is edited: %v", err)
	}
	if _, err := lists.Archive(ctx, ann, l.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := lists.Edit(ctx, ann, l.ID, 3, in); !errors.Is(err, ErrArchived) {
		t.Errorf("an archived list is edited: %v", err)
	}
	if _, err := lists.Get(ctx, "none"); !errors.Is(err, casestore.ErrNotFound) {
		t.Error(err)
	}
	active, err := lists.List(ctx, Active)
	archived, err2 := lists.List(ctx, Archived)
	if err != nil || err2 != nil || len(active) != 0 || len(archived) != 1 || archived[0].Text.Name != "Other" {
		t.Errorf("%v, %v, %v, %v", active, archived, err, err2)
	}
	lines, err := db.Outbox(ctx, 10)
	if err != nil || len(lines) != 3 || !strings.Contains(string(lines[2].Line), `"archived"`) {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

func TestRefused(t *testing.T) {
	for name, e := range map[string]Entry{
		"no kind": {Value: "x"}, "an empty tag": {Kind: Hashtag, Value: "#"}, "an address": {Kind: Domain, Value: "https://a.example/"},
		"no platform": {Kind: Channel, Value: "c"}, "a platform too many": {Kind: Hashtag, Platform: "x", Value: "c"},
		"a query that is none": {Kind: Topic, Value: "(a"}, "an empty query": {Kind: Topic},
	} {
		if _, err := (Text{Name: "n", Entries: []Entry{e}}).Clean(); !errors.Is(err, ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change func(*Event)
		want   error
	}{
		"good": {func(*Event) {}, nil}, "one name": {func(e *Event) { e.NameJA = "" }, ErrName},
		"backwards": {func(e *Event) { e.Until = from }, ErrPeriod}, "days below none": {func(e *Event) { e.Before = -1 }, ErrPeriod},
		"no factor": {func(e *Event) { e.Factor = 0 }, ErrFactor}, "loosening": {func(e *Event) { e.Factor = 2 }, ErrFactor},
		"not a number": {func(e *Event) { e.Factor = math.NaN() }, ErrFactor},
	} {
		e := Event{NameEN: "a", NameJA: "b", From: from, Until: from.AddDate(0, 0, 1), Factor: 0.5}
		c.change(&e)
		if _, err := e.Clean(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTightest(t *testing.T) {
	from := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	item := func(id string, factor float64, state State) Item[Event] {
		return Item[Event]{ID: id, State: state, Text: Event{From: from, Until: from.AddDate(0, 0, 1), Before: 2, After: 1, Factor: factor}}
	}
	events := []Item[Event]{item("a", 0.5, Active), item("b", 0.25, Active), item("c", 0.1, Archived)}
	for at, want := range map[time.Time]string{
		from.AddDate(0, 0, -2).Add(-1): "", from.AddDate(0, 0, -2): "b", from: "b", from.AddDate(0, 0, 2).Add(-1): "b", from.AddDate(0, 0, 2): "",
	} {
		if got, ok := Tightest(events, at); got.ID != want || ok != (want != "") {
			t.Errorf("at %v: %q", at, got.ID)
		}
	}
}
