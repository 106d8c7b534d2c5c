package app

import (
	"path/filepath"
	"strings"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/feed"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/gdelt"
	"github.com/akashi-project/akashi/internal/collect/telegram"
	"github.com/akashi-project/akashi/internal/collect/x"
	"github.com/akashi-project/akashi/internal/watch"
)

// kinds are the kinds of live sources that people can add.
func kinds() []collect.Kind {
	return []collect.Kind{feed.Kind(nil), feed.SitemapKind(), gdelt.Kind(), x.Kind(), telegram.Kind(), telegram.PreviewKind()}
}

// openSources makes what collects; nothing runs before Watch.Start.
func (a *App) openSources() error {
	key, err := watch.OpenKey(a.Config.SourcesKeyFile())
	if err != nil {
		return err
	}
	c := a.Config.Collect
	o := fetch.Options{Allow: fetch.Allow(c.Allow), Agent: c.Agent}
	pages := fetch.New(o)
	o.IgnoreRobots = true
	programs := fetch.New(o)
	a.Runner = collect.NewRunner(a.Posts, a.Collections, collect.Options{Log: a.log})
	a.Watch = watch.New(watch.Options{
		DB: a.DB, Key: key, Kinds: kinds(), Mandates: a.Collections, Runner: a.Runner,
		Env: func(id string) collect.Env {
			return collect.Env{
				ID: id, Pages: pages, Programs: programs, Clock: collect.RealTime(), Log: a.log.With("source", id),
				State: filepath.Join(a.Config.Data.Dir, "sources", strings.ReplaceAll(id, ":", "-")),
			}
		},
	})
	return nil
}
