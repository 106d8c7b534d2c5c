package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/alert"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/fetch"
	"github.com/akashi-project/akashi/internal/watch"
)

// openAlerts makes what tells people; nothing is told before Run.
func (a *App) openAlerts(key *watch.Key) {
	c := a.Config.Alert
	client := fetch.New(fetch.Options{Allow: fetch.Allow(c.Allow), Agent: a.Config.Collect.Agent, IgnoreRobots: true})
	a.Alerts = alert.New(alert.Options{
		DB: a.DB, Findings: a.Findings, Sources: a.sourcesNow, Bursts: a.Live.Bursts, Key: key, Base: cmp.Or(a.Config.Server.PublicURL, "http://"+a.Config.Server.Listen), Log: a.log,
		Sender: &alert.Post{
			SMTP:   alert.SMTP{Server: c.SMTP, TLS: c.SMTPTLS, User: c.SMTPUser, Password: c.SMTPPassword.Reveal(), From: c.From},
			Client: client.HTTP(), Now: time.Now,
		},
	})
}

// sourcesNow gives how the live sources are, and what people call them.
func (a *App) sourcesNow(ctx context.Context) ([]collect.Health, func(id string) string, error) {
	all, err := a.Watch.List(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("listing sources: %w", err)
	}
	names := map[string]string{}
	for i := range all {
		names[all[i].ID] = all[i].Name
	}
	return slices.Collect(maps.Values(a.Watch.Health())), func(id string) string { return names[id] }, nil
}
