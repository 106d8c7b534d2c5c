package mandate

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/collect"
)

func collectionText(now time.Time) CollectionText {
	return CollectionText{
		Title: "Treated water", Purpose: "find coordinated spreading of false claims", Topics: []string{"ALPS", " ALPS ", ""},
		LegalBasis: "Act on the establishment of the ministry, article 4", Kinds: []string{"feed", "bluesky"},
		Start: now.Add(-time.Hour), End: now.Add(24 * time.Hour),
	}
}

// TestCollections goes the whole way of a mandate, and every way around it.
func TestCollections(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		ctx := t.Context()
		s := NewCollections(db)
		text := collectionText(db.Now())
		holds := func(id string) bool {
			t.Helper()
			until, err := s.Holds(ctx, id)
			if err != nil && !errors.Is(err, collect.ErrNoMandate) {
				t.Fatal(err)
			}
			if err == nil && !until.Equal(text.End.Truncate(time.Microsecond)) {
				t.Errorf("holds until %v", until)
			}
			return err == nil
		}
		if holds("no such mandate") || holds("") {
			t.Error("a mandate that is not there holds")
		}
		for name, spoil := range map[string]func(*CollectionText){
			"no title":           func(c *CollectionText) { c.Title = " " },
			"no purpose":         func(c *CollectionText) { c.Purpose = "" },
			"no legal basis":     func(c *CollectionText) { c.LegalBasis = "\t" },
			"no topic":           func(c *CollectionText) { c.Topics = []string{" "} },
			"no kind of source":  func(c *CollectionText) { c.Kinds = nil },
			"no end":             func(c *CollectionText) { c.End = time.Time{} },
			"no start":           func(c *CollectionText) { c.Start = time.Time{} },
			"end before start":   func(c *CollectionText) { c.End = c.Start },
			"longer than a year": func(c *CollectionText) { c.End = c.Start.Add(MaxTerm + time.Second) },
			"kept for ever":      func(c *CollectionText) { c.Retention = MaxRetention + 1 },
			"kept negatively":    func(c *CollectionText) { c.Retention = -1 },
		} {
			bad := text
			spoil(&bad)
			if _, err := s.Draft(ctx, ann, bad); !errors.Is(err, ErrIncomplete) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, p := range map[string]*auth.Principal{"nobody": nil, "a token": tool} {
			if _, err := s.Draft(ctx, p, text); !errors.Is(err, ErrPerson) {
				t.Errorf("%s drafts: %v", name, err)
			}
		}
		c, err := s.Draft(ctx, ann, text)
		if err != nil {
			t.Fatal(err)
		}
		if c.Retention != DefaultRetention || !slices.Equal(c.Topics, []string{"ALPS"}) {
			t.Errorf("drafted %+v", c)
		}
		// Nothing but an approval makes it hold.
		if _, err := s.Decide(ctx, lee, c.ID, c.Version, true, ""); !errors.Is(err, ErrState) {
			t.Errorf("a draft is approved: %v", err)
		}
		if c, err = s.Submit(ctx, ann, c.ID, c.Version); err != nil || holds(c.ID) {
			t.Fatalf("submitted: %v, holds %v", err, holds(c.ID))
		}
		for name, err := range map[string]error{
			"who wrote it":        second(s.Decide(ctx, ann, c.ID, c.Version, true, "")),
			"a token of a second": second(s.Decide(ctx, tool, c.ID, c.Version, true, "")),
			"nobody":              second(s.Decide(ctx, nil, c.ID, c.Version, true, "")),
			"no without reason":   second(s.Decide(ctx, lee, c.ID, c.Version, false, " ")),
			"an older version":    second(s.Decide(ctx, lee, c.ID, c.Version-1, true, "")),
		} {
			if err == nil {
				t.Errorf("%s decides", name)
			}
		}
		// Who edits it is an author too, and what was read is not what
		// would be approved.
		read := c.Version
		wider := text
		wider.Kinds = []string{"feed", "bluesky", "telegram"}
		if c, err = s.Edit(ctx, lee, c.ID, c.Version, wider); err != nil || c.State != CollectionDraft {
			t.Fatalf("edited: %v, %s", err, c.State)
		}
		if _, err := s.Decide(ctx, kai, c.ID, read, true, ""); !errors.Is(err, casestore.ErrConflict) {
			t.Errorf("another text than was read is approved: %v", err)
		}
		if c, err = s.Submit(ctx, ann, c.ID, c.Version); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Decide(ctx, lee, c.ID, c.Version, true, ""); !errors.Is(err, ErrSecondPerson) {
			t.Errorf("who edited it approves it: %v", err)
		}
		// Of two who decide at once one does.
		version := c.Version
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { _, errs[i] = s.Decide(ctx, kai, c.ID, version, true, "in order") })
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !errors.Is(err, casestore.ErrConflict) {
				t.Errorf("deciding at once: %v", err)
			}
		}
		if done != 1 || !holds(c.ID) {
			t.Fatalf("%d decided, holds %v", done, holds(c.ID))
		}
		if c, err = s.Collection(ctx, c.ID); err != nil || c.DecidedBy != kai.ID || !c.Permits("telegram") || c.Permits("vk") {
			t.Fatalf("%+v, %v", c, err)
		}
		// What was approved never changes.
		for name, err := range map[string]error{
			"edited":    second(s.Edit(ctx, ann, c.ID, c.Version, text)),
			"submitted": second(s.Submit(ctx, ann, c.ID, c.Version)),
			"decided":   second(s.Decide(ctx, kai, c.ID, c.Version, false, "no")),
		} {
			if !errors.Is(err, ErrState) {
				t.Errorf("%s after approval: %v", name, err)
			}
		}
		periods, err := s.Periods(ctx)
		if err != nil || periods[c.ID] != DefaultRetention*24*time.Hour {
			t.Errorf("periods %v, %v", periods, err)
		}
		// One person is enough to stop it; then nobody starts it again.
		if _, err := s.Withdraw(ctx, ann, c.ID, c.Version, " "); !errors.Is(err, ErrIncomplete) {
			t.Errorf("withdrawn without a reason: %v", err)
		}
		if c, err = s.Withdraw(ctx, ann, c.ID, c.Version, "too wide"); err != nil || holds(c.ID) {
			t.Errorf("withdrawn: %v, holds %v", err, holds(c.ID))
		}
		if _, err := s.Edit(ctx, ann, c.ID, c.Version, text); !errors.Is(err, ErrState) {
			t.Errorf("edited after it was withdrawn: %v", err)
		}
	})
}

// TestCollectionHolds looks at the ends of a mandate's time.
func TestCollectionHolds(t *testing.T) {
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	c := Collection{State: CollectionApproved, CollectionText: CollectionText{Start: now, End: now.Add(time.Hour)}}
	for at, want := range map[time.Duration]bool{-time.Microsecond: false, 0: true, time.Hour - time.Microsecond: true, time.Hour: false} {
		if got := c.Holds(now.Add(at)); got != want {
			t.Errorf("at %v: %v", at, got)
		}
	}
	for _, s := range []CollectionState{CollectionDraft, CollectionSubmitted, CollectionRefused, CollectionWithdrawn, ""} {
		c.State = s
		if c.Holds(now) {
			t.Errorf("%q holds", s)
		}
	}
}
