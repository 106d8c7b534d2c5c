// Package youtube collects from YouTube by version 3 of its Data API: videos
// that a search finds, those that channels publish, and the comments on both.
//
// A project has 10,000 units a day, of which each request but a search costs
// one, and an allowance of 100 searches a day apart from them; both are renewed
// at midnight in California. What is used is counted here and kept in the
// cursor, so that the answer that says no is the exception.
//
// Comments on a video are looked for until it is a week old, less often as it
// ages. Replies are read with the comment that they answer; those that come
// after it was read are not looked for. A video that is stated as gone becomes
// a deletion. YouTube's terms ask that what its API gave is looked up again or
// deleted after 30 days: a mandate's time for keeping has to say so.
package youtube

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // California's midnight also where the system has no zones

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
)

const (
	platform = "youtube"
	address  = "https://www.googleapis.com/youtube/v3"
	// perDay are the units and searches of a day.
	unitsPerDay, searchesPerDay = 10_000, 100
	// found is how many videos an answer has at most, said how many comments;
	// most is how many a search gives in all its pages.
	found, said, most = 50, 100, 500
	// overlap is how far back a search or channel is read over what was read
	// before: videos are found late.
	overlap = time.Hour
	// watched is for how long comments on a video are looked for, and on how
	// many videos at once.
	watched, maxWatched = 7 * 24 * time.Hour, 500
)

// Kind is YouTube as a kind of source.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "youtube", Platform: platform,
		Settings: []collect.Setting{
			{Key: "key", Type: collect.TextSetting, Required: true, Secret: true},
			{Key: "queries", Type: collect.ListSetting},
			{Key: "channels", Type: collect.ListSetting},
			{Key: "comments", Type: collect.BoolSetting},
			{Key: "every", Type: collect.DurationSetting, Default: "30m"},
			{Key: "lookback", Type: collect.DurationSetting, Default: "24h"},
			{Key: "daily_searches", Type: collect.NumberSetting, Default: "100"},
			{Key: "daily_units", Type: collect.NumberSetting, Default: "10000"},
			poll.BaseSetting(address),
		},
		Terms: &collect.Terms{
			Platform: platform,
			Rates: map[string]collect.Rate{
				searches: {Requests: searchesPerDay, Per: 24 * time.Hour},
				units:    {Requests: unitsPerDay, Per: 24 * time.Hour},
			},
			Source: "https://developers.google.com/youtube/terms/developer-policies",
		},
		Open: open,
	}
}

var (
	channelID   = regexp.MustCompile(`^UC[A-Za-z0-9_-]{22}$`)
	channelName = regexp.MustCompile(`^@[^\s/?#]{2,60}$`)
)

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	api, err := poll.New(env, v, address)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	s := &source{api: api, queries: v.List("queries"), comments: v.Bool("comments")}
	key := v.Text("key")
	if key == "" {
		return nil, &collect.SettingError{Key: "key", Err: errors.New("it is needed")}
	}
	api.Header.Set("X-Goog-Api-Key", key) // not in the address, which logs may have
	for _, c := range v.List("channels") {
		if u, err := url.Parse(c); err == nil && u.Host != "" {
			c = strings.TrimPrefix(strings.Trim(u.Path, "/"), "channel/")
		}
		if !channelID.MatchString(c) && !channelName.MatchString(c) {
			return nil, &collect.SettingError{Key: "channels", Err: errors.New("an id such as UC… with 24 characters or a name such as @example is needed on each line")}
		}
		s.channels = append(s.channels, c)
	}
	for _, list := range []*[]string{&s.queries, &s.channels} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if len(s.queries)+len(s.channels) == 0 {
		return nil, &collect.SettingError{Key: "queries", Err: errors.New("a query or a channel is needed")}
	}
	if s.every, err = v.Duration("every", 30*time.Minute); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back, err = v.Duration("lookback", 24*time.Hour); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	for _, n := range []struct {
		key      string
		to       *int64
		fallback int64
	}{{"daily_searches", &s.searches, searchesPerDay}, {"daily_units", &s.units, unitsPerDay}} {
		if *n.to, err = v.Number(n.key, n.fallback); err != nil {
			return nil, err //nolint:wrapcheck // names the setting
		}
		if *n.to < 1 {
			return nil, &collect.SettingError{Key: n.key, Err: errors.New("it is at least 1")}
		}
	}
	if s.zone, err = time.LoadLocation("America/Los_Angeles"); err != nil {
		return nil, &collect.ConfigError{Err: err}
	}
	return s, nil
}

// source is YouTube as a source of posts.
type source struct {
	api               *poll.API
	queries, channels []string
	comments          bool
	every, back       time.Duration
	searches, units   int64
	zone              *time.Location
}
