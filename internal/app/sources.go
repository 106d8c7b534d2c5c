package app

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/bluesky"
	"github.com/akashi-project/akashi/internal/collect/claimfeed"
	"github.com/akashi-project/akashi/internal/collect/feed"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/collect/folder"
	"github.com/akashi-project/akashi/internal/collect/gdelt"
	"github.com/akashi-project/akashi/internal/collect/mediacloud"
	"github.com/akashi-project/akashi/internal/collect/push"
	"github.com/akashi-project/akashi/internal/collect/reddit"
	"github.com/akashi-project/akashi/internal/collect/telegram"
	"github.com/akashi-project/akashi/internal/collect/vk"
	"github.com/akashi-project/akashi/internal/collect/x"
	"github.com/akashi-project/akashi/internal/collect/youtube"
	"github.com/akashi-project/akashi/internal/live"
	"github.com/akashi-project/akashi/internal/watch"
)

// kinds are the kinds of live sources that people can add.
func (a *App) kinds() []collect.Kind {
	return []collect.Kind{
		feed.Kind(a.Hub), feed.SitemapKind(), claimfeed.Kind(), bluesky.Kind(), gdelt.Kind(), mediacloud.Kind(),
		reddit.Kind(), telegram.PreviewKind(), telegram.Kind(), vk.Kind(), x.Kind(), youtube.Kind(), folder.Kind(), push.Kind(a.Pushed),
	}
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
	a.Pushed = push.NewReceiver()
	if err := a.openHub(key, programs); err != nil {
		return err
	}
	a.Live = live.New(live.Options{Posts: a.Posts, Findings: a.Findings, Log: a.log})
	a.Runner = collect.NewRunner(a.Posts, a.Collections, collect.Options{Log: a.log, Observe: a.Live.Observe})
	a.Watch = watch.New(watch.Options{
		DB: a.DB, Key: key, Kinds: a.kinds(), Mandates: a.Collections, Runner: a.Runner,
		Env: func(id string) collect.Env {
			return collect.Env{
				ID: id, Pages: pages, Programs: programs, Clock: collect.RealTime(), Log: a.log.With("source", id),
				Inbox: filepath.Join(a.Config.Data.Dir, "inbox"),
				State: filepath.Join(a.Config.Data.Dir, "sources", strings.ReplaceAll(id, ":", "-")),
			}
		},
	})
	a.openAlerts(key)
	return nil
}

// openHub makes what receives from WebSub hubs. They have to reach this instance:
// without a public address feeds are only polled.
func (a *App) openHub(key *watch.Key, client *fetch.Client) error {
	public := a.Config.Server.PublicURL
	if public == "" {
		return nil
	}
	secret, err := key.Derive("websub")
	if err != nil {
		return err
	}
	if a.Hub, err = feed.NewSubscriber(public+hubPath, secret, client, collect.RealTime()); err != nil {
		return fmt.Errorf("preparing for WebSub: %w", err)
	}
	return nil
}

// hubPath is where hubs push to.
const hubPath = "/websub/"
