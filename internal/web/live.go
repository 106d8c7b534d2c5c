package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/live"
)

// Live is what the page on the stream asks of its detector.
type Live interface {
	Status() live.Status
	Rates() []live.Rate
	// Listen gives a channel that has something in it when groups were taken
	// in; end must be called.
	Listen() (news <-chan struct{}, end func())
}

// liveRoutes are the page on what comes in, and its stream.
func (s *Server) liveRoutes() []Route {
	if s.Live == nil || s.Findings == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/live", Action: auth.FindingRead, Title: "live.title", Handler: s.livePage},
		{Method: "GET", Pattern: "/live/events", Action: auth.FindingRead, Handler: s.liveEvents, Timeout: -1},
	}
}

// liveView is what the page shows, and what its stream brings anew.
type liveView struct {
	// State is the state in words, Good that it is as it should be.
	State, About string
	Good         bool
	live.Status
	Held     string
	Findings []liveFinding
	Sources  []liveSource
	Total    int64
}

// liveFinding is a finding whose group acted within a day.
type liveFinding struct {
	*finding.Finding
	Link, Why, State, Activity, Tone string
	Spark                            *Sparkline
}

// liveSource is a source with its posts per minute.
type liveSource struct {
	Name, Search string
	Now, Hour    int64
	Spark        Sparkline
}

// liveShown is how many findings the page lists.
const liveShown = 20

// liveEvery is how often the stream looks for something new to show.
const liveEvery = 2 * time.Second

func (s *Server) livePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.liveNow(r.Context(), r)
	if err != nil {
		return err
	}
	return s.page(w, r, "live", Page{Title: s.say(r, "live.title"), Data: v, Wide: true})
}

// liveEvents sends the page's changing part whenever it is another.
func (s *Server) liveEvents(w http.ResponseWriter, r *http.Request) error {
	return s.events(w, r, func(ctx context.Context, send func(string, any) error) error {
		set, err := s.looks.set(s.langOf(r), zoneOf(r))
		if err != nil {
			return err
		}
		// Only who has seen how it stands is told what is new.
		news, end := (<-chan struct{})(nil), func() {}
		defer func() { end() }()
		next := time.NewTicker(liveEvery)
		defer next.Stop()
		last := ""
		for {
			v, err := s.liveNow(ctx, r)
			if err != nil {
				return err
			}
			html, err := execute(set, "live-now", v)
			if err != nil {
				return err
			}
			if string(html) != last {
				last = string(html)
				if err := send("progress", last); err != nil {
					return err
				}
			}
			if news == nil {
				news, end = s.Live.Listen()
			}
			select {
			case <-news:
			case <-next.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
}

// liveNow gathers what there is.
//
// i18n: live.state.*
// i18n: live.about.*
// i18n: live.activity.*
func (s *Server) liveNow(ctx context.Context, r *http.Request) (*liveView, error) {
	now := s.Now()
	is := s.Live.Status()
	v := &liveView{Status: is, State: s.say(r, "live.state."+string(is.State)), About: s.say(r, "live.about."+string(is.State))}
	v.Good = is.State == live.Following && is.Error == ""
	lang := s.langOf(r)
	page, err := s.Findings.List(ctx, finding.Filter{
		States: []finding.State{finding.StateNew, finding.StateTriaged, finding.StateLinked}, Since: now.Add(-24 * time.Hour), Sort: finding.ByUpdated, N: liveShown,
	})
	if err != nil {
		return nil, fmt.Errorf("listing what acts: %w", err)
	}
	for i := range page.Findings {
		f := &page.Findings[i]
		x := liveFinding{
			Finding: f, Link: findingLink(f), Why: f.Why[lang], State: s.stateName(r, f.State),
			Activity: s.say(r, "live.activity."+string(f.ActivityAt(now))), Spark: s.inboxSpark(r, f),
		}
		if f.ActivityAt(now) == finding.Growing {
			x.Tone = "warn"
		}
		v.Findings = append(v.Findings, x)
	}
	search := s.may(auth.Of(r.Context()), http.MethodGet, "/search")
	for _, rate := range s.Live.Rates() {
		x := liveSource{Name: rate.Source, Now: rate.Counts[live.Minutes-2]}
		most := int64(0)
		for _, n := range rate.Counts {
			x.Hour += n
			most = max(most, n)
			x.Spark.Values = append(x.Spark.Values, float64(n))
		}
		x.Spark.Label = s.say(r, "live.spark", "count", x.Hour, "most", most)
		if search {
			x.Search = "/search?" + url.Values{"q": {"via:" + strconv.Quote(rate.Source)}}.Encode()
		}
		v.Total += x.Hour
		v.Sources = append(v.Sources, x)
	}
	if is.Error != "" {
		v.About = s.say(r, "live.failed")
	}
	return v, nil
}
