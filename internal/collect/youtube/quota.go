package youtube

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
)

// The allowances, as they are called where they are shown.
const searches, units = "search", "units"

// busy is how long to wait where YouTube says only that it was too fast.
const busy = 30 * time.Second

// used is what has been used of a day's allowances.
type used struct {
	// Day is the day in California.
	Day      string `json:"day,omitempty"`
	Searches int64  `json:"searches,omitempty"`
	Units    int64  `json:"units,omitempty"`
}

// spend takes one from an allowance, or says that nothing is left.
func (r *run) spend(endpoint string) error {
	now := r.api.Clock.Now().In(r.zone)
	if day := now.Format(time.DateOnly); day != r.at.Used.Day {
		r.at.Used = used{Day: day}
	}
	count, limit := &r.at.Used.Units, r.units
	if endpoint == searches {
		count, limit = &r.at.Used.Searches, r.searches
	}
	if *count >= limit {
		return &poll.ExhaustedError{Endpoint: endpoint, Until: r.midnight()}
	}
	*count++
	r.note(endpoint)
	return nil
}

// midnight is when the allowances are renewed.
func (r *run) midnight() time.Time {
	y, m, d := r.api.Clock.Now().In(r.zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, r.zone).UTC()
}

func (r *run) note(endpoint string) {
	q := collect.Quota{Endpoint: endpoint, Left: max(0, r.units-r.at.Used.Units), Limit: r.units, Reset: r.midnight()}
	if endpoint == searches {
		q.Left, q.Limit = max(0, r.searches-r.at.Used.Searches), r.searches
	}
	r.to.Note(collect.Note{Quota: &q})
}

// ask asks within an allowance. Refusals are poll.RefusalError, whose reason
// says which.
func (r *run) ask(ctx context.Context, endpoint, path string, params url.Values) (v gjson.Result, err error) {
	if err := r.spend(endpoint); err != nil {
		return v, err
	}
	a, err := r.api.Ask(ctx, poll.Call{Path: path, Query: params})
	switch reason(err) {
	case "quotaExceeded", "dailyLimitExceeded":
		// Somebody else uses the same key.
		if endpoint == searches {
			r.at.Used.Searches = max(r.at.Used.Searches, r.searches)
		} else {
			r.at.Used.Units = max(r.at.Used.Units, r.units)
		}
		r.note(endpoint)
		return v, &poll.ExhaustedError{Endpoint: endpoint, Until: r.midnight()}
	case "rateLimitExceeded", "userRateLimitExceeded":
		return v, &poll.ExhaustedError{Endpoint: endpoint, Until: r.api.Clock.Now().Add(busy)}
	}
	if err != nil {
		return v, err //nolint:wrapcheck // says where
	}
	r.to.Note(collect.Note{Contact: true})
	if !a.JSON.Get("items").IsArray() && a.JSON.Get("kind").String() == "" {
		return v, &poll.FormatError{Where: r.api.Base + path, Why: "the answer is no list"}
	}
	return a.JSON, nil
}

// reason is the word that YouTube gives for a refusal; empty where there is
// none, or where the answer says itself when to ask again.
func reason(err error) string {
	refusal, ok := errors.AsType[*poll.RefusalError](err)
	if wait, waits := errors.AsType[*poll.WaitError](err); !ok || waits && wait.Stated || !poll.Valid(refusal.Body) {
		return ""
	}
	return gjson.GetBytes(refusal.Body, "error.errors.0.reason").String()
}

// oldPage says that a page's token is no longer one.
func oldPage(err error) bool {
	refusal, ok := errors.AsType[*poll.RefusalError](err)
	return ok && refusal.Code == http.StatusBadRequest && reason(err) == "invalidPageToken"
}
