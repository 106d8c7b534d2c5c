// Package x collects from X by version 2 of its API: the search of the last
// seven days, and the filtered stream, whose gaps the search fills.
//
// What X allows depends on what was bought; the limits that its answers state
// are kept. X forbids to match its accounts with identities elsewhere, and to
// pass on posts other than by their ids: the profile says the first, exports
// have to keep the second. The API states deletions only in its compliance
// products, which are not read here.
package x

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
)

const (
	platform = "x"
	address  = "https://api.x.com"
	// maxQuery is how long a query or rule may be (in the smallest product
	// 512 characters, in the largest 4,096; X itself says no before).
	maxQuery = 4096
	// searchDays is how far the search reaches back.
	searchDays = 7 * 24 * time.Hour
)

// Kind is X as a kind of source.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "x", Platform: platform,
		Settings: []collect.Setting{
			{Key: "bearer", Type: collect.TextSetting, Required: true, Secret: true},
			{Key: "queries", Type: collect.ListSetting, Required: true},
			{Key: "mode", Type: collect.TextSetting, Default: "search", Choices: []string{"search", "stream"}},
			{Key: "every", Type: collect.DurationSetting, Default: "2m"},
			{Key: "lookback", Type: collect.DurationSetting, Default: "24h"},
			{Key: "backfill_minutes", Type: collect.NumberSetting, Default: "0"},
			poll.BaseSetting(address),
		},
		Terms: &collect.Terms{
			Platform: platform, NoMatching: true,
			Rates: map[string]collect.Rate{
				"search": {Requests: 450, Per: 15 * time.Minute},
				"stream": {Requests: 50, Per: 15 * time.Minute},
				"rules":  {Requests: 100, Per: 15 * time.Minute},
			},
			Source: "https://developer.x.com/en/developer-terms/agreement-and-policy",
		},
		Open: open,
	}
}

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	api, err := poll.New(env, v, address)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	s := &source{api: api, id: env.ID, queries: v.List("queries"), stream: v.Text("mode") == "stream", silence: 60 * time.Second}
	bearer := v.Text("bearer")
	if bearer == "" {
		return nil, &collect.SettingError{Key: "bearer", Err: errors.New("it is needed")}
	}
	api.Header.Set("Authorization", "Bearer "+bearer)
	slices.Sort(s.queries)
	s.queries = slices.Compact(s.queries)
	if len(s.queries) == 0 {
		return nil, &collect.SettingError{Key: "queries", Err: errors.New("it is needed")}
	}
	for _, q := range s.queries {
		if len(q) > maxQuery {
			return nil, &collect.SettingError{Key: "queries", Err: fmt.Errorf("a query may have at most %d bytes", maxQuery)}
		}
	}
	if s.every, err = v.Duration("every", 2*time.Minute); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back, err = v.Duration("lookback", 24*time.Hour); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back > searchDays-time.Minute {
		return nil, &collect.SettingError{Key: "lookback", Err: errors.New("the search reaches back less than seven days")}
	}
	if s.backfill, err = v.Number("backfill_minutes", 0); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.backfill < 0 || s.backfill > 5 {
		return nil, &collect.SettingError{Key: "backfill_minutes", Err: errors.New("it is between 0 and 5")}
	}
	return s, nil
}
