// Package watchlist keeps what people watch: lists of topics, channels, domains
// and hashtags, and protected events (an election, a summit) near which the
// thresholds of alerts tighten.
package watchlist

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/query"
)

var (
	// ErrPerson says that a person has to do it, signed in: not a token.
	ErrPerson = errors.New("a person has to do it, not a token")
	// ErrName says that a name is missing or longer than 200 bytes.
	ErrName = errors.New("a name is needed, of 200 bytes at most")
	// ErrEntry says that an entry of a list is not one.
	ErrEntry = errors.New("the entry is not complete")
	// ErrPeriod says that a protected event ends before it begins, or that the
	// days around it are not between 0 and 365.
	ErrPeriod = errors.New("the event's time is not one")
	// ErrFactor says that a factor is not above 0 and at most 1.
	ErrFactor = errors.New("the factor has to be above 0 and at most 1")
	// ErrArchived says that it was archived and changes no more.
	ErrArchived = errors.New("it was archived")
)

// Kind is what an entry of a list watches.
type Kind string

// The kinds of entries.
const (
	Topic   Kind = "topic"   // words in the filter language of package query
	Channel Kind = "channel" // an account of a platform
	Domain  Kind = "domain"  // a domain that links lead to
	Hashtag Kind = "hashtag" // without its sign
)

// Entry is one thing that a list watches.
type Entry struct {
	Kind Kind `json:"kind"`
	// Platform is a channel's; empty for all others.
	Platform string `json:"platform,omitempty"`
	// Value is the query, the account's id, the domain or the hashtag.
	Value string `json:"value"`
}

// clean gives the entry in its one form.
func (e Entry) clean() (Entry, error) {
	e.Platform, e.Value = strings.TrimSpace(e.Platform), strings.TrimSpace(e.Value)
	switch e.Kind {
	case Topic:
		if _, err := query.Parse(e.Value); err != nil {
			return e, fmt.Errorf("%w: %w", ErrEntry, err)
		}
	case Domain:
		e.Value = strings.ToLower(strings.TrimSuffix(e.Value, "."))
		if !strings.Contains(e.Value, ".") || strings.ContainsAny(e.Value, "/:@ ") {
			return e, ErrEntry
		}
	case Hashtag:
		e.Value = strings.TrimLeft(e.Value, "#＃")
		if strings.ContainsAny(e.Value, " 　") {
			return e, ErrEntry
		}
	case Channel:
	default:
		return e, ErrEntry
	}
	if e.Value == "" || len(e.Value) > query.MaxBytes || (e.Kind == Channel) != (e.Platform != "") {
		return e, ErrEntry
	}
	return e, nil
}

// Text is what people say of a list.
type Text struct {
	Name    string  `json:"name"`
	Entries []Entry `json:"entries"`
}

// Clean implements [Content].
func (t Text) Clean() (Text, error) {
	var err error
	if t.Name, err = name(t.Name); err != nil {
		return t, err
	}
	entries := make([]Entry, 0, len(t.Entries))
	for i, e := range t.Entries {
		if e, err = e.clean(); err != nil {
			return t, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if !slices.Contains(entries, e) {
			entries = append(entries, e)
		}
	}
	t.Entries = entries
	return t, nil
}

// Said implements [Content].
func (t Text) Said() map[string]any {
	return map[string]any{"name": t.Name, "entries": len(t.Entries)}
}

// Event is what people say of a protected event.
type Event struct {
	NameEN string `json:"name_en"`
	NameJA string `json:"name_ja"`
	// From and Until are the event's own time; Until is not part of it.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Before and After are how many days around it thresholds are tight too.
	Before int `json:"before"`
	After  int `json:"after"`
	// Factor is what thresholds are multiplied by: 0.5 halves them.
	Factor float64 `json:"factor"`
}

// Active says whether thresholds are tight at t because of the event. Days are
// of 24 hours.
func (e Event) Active(t time.Time) bool {
	const day = 24 * time.Hour
	return !t.Before(e.From.Add(-time.Duration(e.Before)*day)) && t.Before(e.Until.Add(time.Duration(e.After)*day))
}

// Name gives the event's name in a language, "en" or "ja".
func (e Event) Name(lang string) string {
	if lang == "ja" {
		return e.NameJA
	}
	return e.NameEN
}

// Clean implements [Content].
func (e Event) Clean() (Event, error) {
	var err error
	if e.NameEN, err = name(e.NameEN); err != nil {
		return e, err
	}
	if e.NameJA, err = name(e.NameJA); err != nil {
		return e, err
	}
	e.From, e.Until = e.From.UTC(), e.Until.UTC()
	switch {
	case e.From.IsZero() || !e.Until.After(e.From) || e.Before < 0 || e.Before > 365 || e.After < 0 || e.After > 365:
		return e, ErrPeriod
	case !(e.Factor > 0 && e.Factor <= 1): //nolint:staticcheck // NaN has to be refused too
		return e, ErrFactor
	}
	return e, nil
}

// Said implements [Content].
func (e Event) Said() map[string]any {
	return map[string]any{"name": e.NameEN, "from": e.From, "until": e.Until, "before": e.Before, "after": e.After, "factor": e.Factor}
}

// Tightest gives the event of those active at t whose factor is lowest, the
// first of equals; false where none is active.
func Tightest(events []Item[Event], t time.Time) (best Item[Event], ok bool) {
	for _, e := range events {
		if e.State == Active && e.Text.Active(t) && (!ok || e.Text.Factor < best.Text.Factor) {
			best, ok = e, true
		}
	}
	return best, ok
}

func name(s string) (string, error) {
	if s = strings.TrimSpace(s); s == "" || len(s) > 200 {
		return s, ErrName
	}
	return s, nil
}
