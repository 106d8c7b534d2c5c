// Package gdelt collects which articles GDELT found on the web, by its DOC 2.0
// interface: titles, addresses and outlets, not the articles' text. It looks
// over the last three months, every quarter of an hour as GDELT does.
//
// Posts are of the platform "web"; the account is the outlet's domain, the id
// the article's canonical address.
package gdelt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

const (
	address = "https://api.gdeltproject.org/api/v2/doc/doc"
	// most is how many articles an answer has at most.
	most = 250
	// overlap is how far back each window goes over the one before: articles
	// are found late.
	overlap = 2 * time.Hour
	// window is the longest window that is asked for at once, shortest the
	// one that is not divided any more.
	window, shortest = 24 * time.Hour, time.Minute
	stamp            = "20060102150405"
)

// Kind is GDELT as a kind of source.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "gdelt", Platform: "web",
		Settings: []collect.Setting{
			{Key: "query", Type: collect.TextSetting, Required: true},
			{Key: "every", Type: collect.DurationSetting, Default: "15m"},
			{Key: "lookback", Type: collect.DurationSetting, Default: "24h"},
			poll.BaseSetting(address),
		},
		Terms: &collect.Terms{
			Platform: "web", Rates: map[string]collect.Rate{"": {Requests: 1, Per: 5 * time.Second}},
			Source: "https://www.gdeltproject.org/about.html#termsofuse",
		},
		Open: open,
	}
}

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	api, err := poll.New(env, v, address)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	s := &source{api: api, query: v.Text("query"), pace: poll.Pace{Every: 5 * time.Second}}
	if s.query == "" {
		return nil, &collect.SettingError{Key: "query", Err: errors.New("it is needed")}
	}
	if s.every, err = v.Duration("every", 15*time.Minute); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back, err = v.Duration("lookback", 24*time.Hour); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back > 90*24*time.Hour {
		return nil, &collect.SettingError{Key: "lookback", Err: errors.New("GDELT reaches back three months")}
	}
	return s, nil
}

type source struct {
	api         *poll.API
	query       string
	every, back time.Duration
	pace        poll.Pace
}

// cursor is until when all has been asked for.
type cursor struct {
	Until time.Time `json:"until"`
}

// Collect asks for one window after another.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	var at cursor
	if err := poll.ReadCursor(from, &at); err != nil {
		return err //nolint:wrapcheck // a configuration error
	}
	if at.Until.IsZero() {
		at.Until = s.api.Clock.Now().Add(-s.back).UTC()
	}
	begin, step := at.Until.Add(-overlap), window
	return poll.Loop(ctx, s.api.Clock, to, max(s.every, time.Minute), func(ctx context.Context) error { //nolint:wrapcheck // the pass's own
		now := s.api.Clock.Now().UTC().Truncate(time.Second)
		for begin.Before(now) {
			end := begin.Add(step)
			if end.After(now) {
				end = now
			}
			posts, n, err := s.between(ctx, to, begin, end)
			if err != nil {
				return err
			}
			if n >= most && end.Sub(begin) > shortest {
				step = max(end.Sub(begin)/2, shortest).Truncate(time.Second)
				continue // the answer is full: half the window
			}
			if n >= most {
				to.Note(collect.Note{Err: &poll.FormatError{Where: s.api.Base, Why: "more articles in a minute than it lists: some are missed"}})
			}
			if n < most/2 {
				step = min(2*step, window)
			}
			if end.After(at.Until) {
				at.Until = end
			}
			b, err := json.Marshal(at)
			if err != nil {
				return fmt.Errorf("writing the cursor: %w", err)
			}
			if err := to.Put(ctx, collect.Batch{Posts: posts, Cursor: b}); err != nil {
				return err //nolint:wrapcheck // the runner's
			}
			begin = end
		}
		begin = at.Until.Add(-overlap)
		return nil
	})
}

// between reads a window; n is how many articles the answer has.
func (s *source) between(ctx context.Context, to collect.Sink, from, until time.Time) (posts []post.Post, n int, err error) {
	if err := s.pace.Wait(ctx, s.api.Clock); err != nil {
		return nil, 0, err //nolint:wrapcheck // says what
	}
	a, err := s.api.Ask(ctx, poll.Call{Text: true, Query: url.Values{
		"query": {s.query}, "mode": {"ArtList"}, "format": {"json"}, "sort": {"DateDesc"}, "maxrecords": {strconv.Itoa(most)},
		"startdatetime": {from.UTC().Format(stamp)}, "enddatetime": {until.UTC().Format(stamp)},
	}})
	if err != nil {
		return nil, 0, poll.Configured(err) //nolint:wrapcheck // says where
	}
	to.Note(collect.Note{Contact: true})
	if len(a.Body) > 0 && !a.JSON.IsObject() {
		// GDELT explains in a sentence, with status 200, what is wrong with a
		// query, and also when it has none to spare.
		return nil, 0, &poll.FormatError{Where: s.api.Base, Why: "the answer is a text: the query may be too short, too common or wrongly written"}
	}
	posts, n = parse(a.JSON)
	return posts, n, nil
}

// parse reads an answer; n is how many articles it has, readable or not.
func parse(v gjson.Result) (posts []post.Post, n int) {
	v.Get("articles").ForEach(func(_, a gjson.Result) bool {
		n++
		given := a.Get("url").String()
		id, err := normalise.URL(given)
		seen, err2 := time.Parse("20060102T150405Z", a.Get("seendate").String())
		domain := a.Get("domain").String()
		if domain == "" {
			domain = normalise.Domain(id)
		}
		if err != nil || err2 != nil || id == "" || domain == "" {
			return true
		}
		p := post.Post{
			Platform: "web", ID: id, URL: given, Account: post.Account{ID: domain, Handle: domain}, Time: seen,
			Text: a.Get("title").String(), Links: []post.Link{}, Hashtags: []string{}, Mentions: []string{}, Raw: []byte(a.Raw),
		}
		if image := a.Get("socialimage").String(); image != "" {
			p.Media = []post.Media{{URL: image}}
		}
		posts = append(posts, p)
		return true
	})
	return posts, n
}
