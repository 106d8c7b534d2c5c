package finding

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// Params are what a detection looks for and how. Zero values are filled from
// Options.Defaults first, where it has one.
type Params struct {
	// Behaviours are names as enrich.ParseBehaviours reads them; empty means
	// DefaultBehaviours.
	Behaviours string `json:"behaviours"`
	// WindowSeconds is the longest time between two actions that count as
	// joint; 0 means coordination.DefaultWindow.
	WindowSeconds float64 `json:"window_s"`
	// Ceiling is how many actions an object may have before it is too popular
	// to be paired; 0 means coordination.DefaultCeiling, −1 none.
	Ceiling int `json:"ceiling"`
	// FDR is the false-discovery rate, 0 < FDR < 1; 0 means 0.05.
	FDR float64 `json:"fdr"`
	// MinGroup is how many accounts a group has at least; 0 means 3.
	MinGroup int `json:"min_group"`
	// Query says which posts are looked at, in the language of package query;
	// empty means all.
	Query string `json:"query"`
	Range Range  `json:"range"`
}

// Range is a range of time: the last so many days before a run begins, or
// From ≤ time < To, either open where it is zero. The zero value is all time.
type Range struct {
	LastDays float64   `json:"last_days,omitempty"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
}

// DefaultBehaviours are all but domain: which sites people read is mostly
// taste, and accounts that share the taste for a newspaper would fill the
// groups.
const DefaultBehaviours = enrich.All &^ (1 << coordination.Domain)

// Detection is a saved detection.
type Detection struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Params
	// Schedule is a cron expression of five fields, or "@daily" and the
	// like, in UTC unless it begins with "CRON_TZ=Asia/Tokyo "; empty for
	// none. It takes effect while Enabled.
	Schedule string `json:"schedule"`
	Enabled  bool   `json:"enabled"`
	// Owner is the id of the person who answers for it.
	Owner   string    `json:"owner,omitempty"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
	// Version counts changes from 1; Parameters counts changes of Params,
	// which are all kept (see Service.Parameters).
	Version    int64 `json:"version"`
	Parameters int64 `json:"parameters"`
	// Next is when it runs next; zero where it does not.
	Next time.Time `json:"next,omitzero"`
	// LastRun is the newest run, if there is one.
	LastRun *Run `json:"last_run,omitempty"`

	// scheduled is since when the schedule is as it is.
	scheduled time.Time
}

// ParameterVersion is a set of parameters that a detection had.
type ParameterVersion struct {
	Version int64     `json:"version"`
	Params  Params    `json:"params"`
	Actor   string    `json:"actor"`
	Created time.Time `json:"created"`
}

// fill puts an instance's defaults in place of zero values, and where it has
// none, those that Params names.
func (p *Params) fill(instance Params) {
	if strings.TrimSpace(p.Behaviours) == "" {
		p.Behaviours = cmp.Or(instance.Behaviours, DefaultBehaviours.String())
	}
	p.WindowSeconds = cmp.Or(p.WindowSeconds, instance.WindowSeconds)
	p.Ceiling = cmp.Or(p.Ceiling, instance.Ceiling)
	if p.WindowSeconds == 0 {
		p.WindowSeconds = coordination.DefaultWindow.Seconds()
	}
	if p.Ceiling == 0 {
		p.Ceiling = coordination.DefaultCeiling
	}
	if p.FDR == 0 {
		p.FDR = 0.05
	}
	if p.MinGroup == 0 {
		p.MinGroup = 3
	}
	p.Range.From, p.Range.To = p.Range.From.UTC(), p.Range.To.UTC()
}

// check says whether filled parameters can be.
func (p *Params) check() error {
	b, err := enrich.ParseBehaviours(p.Behaviours)
	if err != nil {
		return invalid("%v", err)
	}
	p.Behaviours = b.String()
	switch {
	case !(p.WindowSeconds >= 0.001 && p.WindowSeconds <= 30*86400):
		return invalid("a window of %g seconds: want a millisecond to 30 days", p.WindowSeconds)
	case p.Ceiling < -1 || p.Ceiling == 1:
		return invalid("a ceiling of %d: want 2 or more, or −1 for none", p.Ceiling)
	case !(p.FDR > 0 && p.FDR < 1):
		return invalid("a false-discovery rate of %g: want more than 0 and less than 1", p.FDR)
	case p.MinGroup < 2 || p.MinGroup > 1_000_000:
		return invalid("groups of at least %d: want 2 or more", p.MinGroup)
	case !(p.Range.LastDays >= 0 && p.Range.LastDays <= 36_600):
		return invalid("the last %g days: want 0 to 36,600", p.Range.LastDays)
	case p.Range.LastDays > 0 && (!p.Range.From.IsZero() || !p.Range.To.IsZero()):
		return invalid("both the last days and bounds in time")
	case !p.Range.From.IsZero() && !p.Range.To.IsZero() && !p.Range.From.Before(p.Range.To):
		return invalid("a range of time that ends before it begins")
	}
	if _, err := p.where(time.Now()); err != nil {
		return invalid("%v", err)
	}
	return nil
}

// where reads the query; nil means all posts.
func (p *Params) where(at time.Time) (query.Expr, error) {
	if strings.TrimSpace(p.Query) == "" {
		return nil, nil //nolint:nilnil // poststore.Query says nil for all posts
	}
	e, err := query.ParseAt(p.Query, at, time.UTC)
	if err != nil {
		return nil, fmt.Errorf("reading the query: %w", err)
	}
	return e, nil
}

// Window gives the window as a duration.
func (p *Params) Window() time.Duration {
	return time.Duration(p.WindowSeconds * float64(time.Second))
}

// posts gives the posts that are looked at by a run that begins at a time.
func (p *Params) posts(at time.Time) (poststore.Query, error) {
	where, err := p.where(at)
	q := poststore.Query{Where: where, From: p.Range.From, To: p.Range.To}
	if p.Range.LastDays > 0 {
		q.From = at.Add(-time.Duration(p.Range.LastDays * 24 * float64(time.Hour)))
		q.To = at
	}
	return q, err
}

// check says whether a detection can be, and completes it.
func (d *Detection) check(instance Params) error {
	d.Name = strings.TrimSpace(d.Name)
	d.Schedule = strings.TrimSpace(d.Schedule)
	d.fill(instance)
	switch {
	case d.Name == "":
		return invalid("a detection without a name")
	case len(d.Name) > 200:
		return invalid("a name of more than 200 bytes")
	case len(d.Owner) > 200:
		return invalid("an owner's id of more than 200 bytes")
	}
	if d.Schedule != "" {
		s, err := cron.ParseStandard(d.Schedule)
		if err != nil {
			return invalid("the schedule %q: %v", d.Schedule, err)
		}
		first := s.Next(time.Unix(0, 0).UTC())
		if first.IsZero() {
			return invalid("the schedule %q never comes", d.Schedule)
		}
		if s.Next(first).Sub(first) < time.Minute {
			return invalid("the schedule %q comes more than once a minute", d.Schedule)
		}
	}
	return d.Params.check()
}
