package feed

import (
	"errors"
	"net/url"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
)

// Kind is a feed as a kind of source. hub receives what hubs push; nil leaves
// them alone.
func Kind(hub *Subscriber) collect.Kind {
	return collect.Kind{
		Name: "feed", Platform: Platform,
		Settings: []collect.Setting{
			{Key: "url", Type: collect.AddressSetting, Required: true},
			{Key: "outlet", Type: collect.TextSetting},
			{Key: "full_text", Type: collect.BoolSetting},
			{Key: "min_every", Type: collect.DurationSetting, Default: "5m"},
			{Key: "max_every", Type: collect.DurationSetting, Default: "6h"},
		},
		Open: func(env collect.Env, v collect.Values) (collect.Source, error) {
			c := Config{
				URL: v.Text("url"), Outlet: v.Text("outlet"), FullText: v.Bool("full_text"),
				Client: env.Pages, WebSub: hub, Clock: env.Clock,
			}
			if err := address("url", c.URL); err != nil {
				return nil, err
			}
			var err error
			if c.MinEvery, err = v.Duration("min_every", 5*time.Minute); err != nil {
				return nil, err //nolint:wrapcheck // names the setting
			}
			if c.MaxEvery, err = v.Duration("max_every", 6*time.Hour); err != nil {
				return nil, err //nolint:wrapcheck // names the setting
			}
			return New(c)
		},
	}
}

// SitemapKind is a site with a sitemap as a kind of source.
func SitemapKind() collect.Kind {
	return collect.Kind{
		Name: "sitemap", Platform: Platform,
		Settings: []collect.Setting{
			{Key: "url", Type: collect.AddressSetting, Required: true},
			{Key: "outlet", Type: collect.TextSetting},
		},
		Open: func(env collect.Env, v collect.Values) (collect.Source, error) {
			if err := address("url", v.Text("url")); err != nil {
				return nil, err
			}
			return NewSitemap(SitemapConfig{
				URL: v.Text("url"), Outlet: v.Text("outlet"), Client: env.Pages, Clock: env.Clock, Since: env.Clock.Now().Add(-7 * 24 * time.Hour),
			})
		},
	}
}

// address says whether a setting is an absolute address.
func address(key, value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return &collect.SettingError{Key: key, Err: errAddress}
	}
	return nil
}

var errAddress = errors.New("an address such as https://example.org/feed is needed")
