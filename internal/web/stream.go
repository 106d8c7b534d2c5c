package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/burst"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/live"
)

// Stream is what the page on the stream asks of its detector.
type Stream interface {
	Status() live.Status
	Rates() []live.Rate
	Bursts() []burst.Burst
	// Listen gives a channel that has something in it when groups were taken
	// in; end must be called.
	Listen() (news <-chan struct{}, end func())
}

// streamRoutes are the page on what comes in, and its stream.
func (s *Server) streamRoutes() []Route {
	if s.Stream == nil || s.Findings == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/live", Action: auth.FindingRead, Title: "stream.title", Handler: s.streamPage},
		{Method: "GET", Pattern: "/live/events", Action: auth.FindingRead, Handler: s.streamEvents, Timeout: -1},
	}
}

// streamView is what the page shows, and what its stream brings anew.
type streamView struct {
	// State is the state in words, Good that it is as it should be.
	State, About string
	Good         bool
	live.Status
	Held     string
	Findings []streamFinding
	Bursts   []streamBurst
	Sources  []streamSource
	Total    int64
}

// streamFinding is a finding whose group acted within a day.
type streamFinding struct {
	*finding.Finding
	Link, Why, State, Activity, Tone string
	Spark                            *Sparkline
}

// streamBurst is an object that is much talked about.
type streamBurst struct {
	burst.Burst
	Kind, Shown, Search string
}

// streamSource is a source with its posts per minute.
type streamSource struct {
	Name, Search string
	Now, Hour    int64
	Spark        Sparkline
}

// streamShown is how many findings the page lists.
const streamShown = 20

// streamEvery is how often the stream looks for something new to show.
const streamEvery = 2 * time.Second

func (s *Server) streamPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.streamNow(r.Context(), r)
	if err != nil {
		return err
	}
	return s.page(w, r, "stream", Page{Title: s.say(r, "stream.title"), Data: v, Wide: true})
}

// streamEvents sends the page's changing part whenever it is another.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) error {
	return s.events(w, r, func(ctx context.Context, send func(string, any) error) error {
		set, err := s.looks.set(s.langOf(r), zoneOf(r))
		if err != nil {
			return err
		}
		// Only who has seen how it stands is told what is new.
		news, end := (<-chan struct{})(nil), func() {}
		defer func() { end() }()
		next := time.NewTicker(streamEvery)
		defer next.Stop()
		last := ""
		for {
			v, err := s.streamNow(ctx, r)
			if err != nil {
				return err
			}
			html, err := execute(set, "stream-now", v)
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
				news, end = s.Stream.Listen()
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

// streamNow gathers what there is.
//
// i18n: stream.state.*
// i18n: stream.about.*
// i18n: stream.activity.*
func (s *Server) streamNow(ctx context.Context, r *http.Request) (*streamView, error) {
	now := s.Now()
	is := s.Stream.Status()
	v := &streamView{Status: is, State: s.say(r, "stream.state."+string(is.State)), About: s.say(r, "stream.about."+string(is.State))}
	v.Good = is.State == live.Following && is.Error == ""
	lang := s.langOf(r)
	page, err := s.Findings.List(ctx, finding.Filter{
		States: []finding.State{finding.StateNew, finding.StateTriaged, finding.StateLinked}, Since: now.Add(-24 * time.Hour), Sort: finding.ByUpdated, N: streamShown,
	})
	if err != nil {
		return nil, fmt.Errorf("listing what acts: %w", err)
	}
	for i := range page.Findings {
		f := &page.Findings[i]
		x := streamFinding{
			Finding: f, Link: findingLink(f), Why: f.Why[lang], State: s.stateName(r, f.State),
			Activity: s.say(r, "stream.activity."+string(f.ActivityAt(now))), Spark: s.inboxSpark(r, f),
		}
		if f.ActivityAt(now) == finding.Growing {
			x.Tone = "warn"
		}
		v.Findings = append(v.Findings, x)
	}
	search := s.may(auth.Of(r.Context()), http.MethodGet, "/search")
	if err := s.streamBursts(ctx, r, v, search); err != nil {
		return nil, err
	}
	for _, rate := range s.Stream.Rates() {
		x := streamSource{Name: rate.Source, Now: rate.Counts[live.Minutes-2]}
		most := int64(0)
		for _, n := range rate.Counts {
			x.Hour += n
			most = max(most, n)
			x.Spark.Values = append(x.Spark.Values, float64(n))
		}
		x.Spark.Label = s.say(r, "stream.spark", "count", x.Hour, "most", most)
		if search {
			x.Search = "/search?" + url.Values{"q": {"via:" + strconv.Quote(rate.Source)}}.Encode()
		}
		v.Total += x.Hour
		v.Sources = append(v.Sources, x)
	}
	if is.Error != "" {
		v.About = s.say(r, "stream.failed")
	}
	return v, nil
}

// streamBursts adds what is much talked about, with the way to the posts.
func (s *Server) streamBursts(ctx context.Context, r *http.Request, v *streamView, search bool) error {
	all := s.Stream.Bursts()
	if len(all) == 0 || s.Mandate == nil {
		return nil
	}
	veil, err := s.Mandate.Veil(ctx, auth.Of(ctx))
	if err != nil {
		return fmt.Errorf("veiling objects: %w", err)
	}
	for _, b := range all[:min(len(all), streamShown)] {
		x := streamBurst{Burst: b, Kind: s.behaviourName(r, b.Behaviour.String()), Shown: veil.Object(b.Behaviour.String(), b.Object)}
		if search && b.Behaviour == coordination.Hashtag {
			x.Search = "/search?" + url.Values{"q": {fmt.Sprintf("#%s after:%s before:%s", b.Object, b.From.Format(time.RFC3339), b.To.Format(time.RFC3339))}}.Encode()
		}
		v.Bursts = append(v.Bursts, x)
	}
	return nil
}
