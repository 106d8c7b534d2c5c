// Package app puts an instance of Akashi together from its configuration: the
// stores, the log, the people, the pages; and runs it.
//
//	a, err := app.Build(ctx, cfg, app.Options{…})
//	…
//	defer a.Close()
//	err = a.Run(ctx)
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/akashi-project/akashi/internal/alert"
	"github.com/akashi-project/akashi/internal/api"
	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/feed"
	"github.com/akashi-project/akashi/internal/collect/push"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/live"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/duck"
	"github.com/akashi-project/akashi/internal/search"
	"github.com/akashi-project/akashi/internal/watch"
	"github.com/akashi-project/akashi/internal/web"
)

// Options are what a program is told beside the configuration.
type Options struct {
	// Log takes one line a request and what operators should know.
	Log *slog.Logger
	// Version is the program's.
	Version string
	// ConfigFile is the path of the configuration, for backups; empty where
	// there is none.
	ConfigFile string
}

// App is an instance. Its parts may be used directly by commands that need no
// server.
type App struct {
	Config  *config.Config
	DB      *casestore.DB
	Posts   poststore.Store
	Audit   *audit.Log
	Auth    *auth.Service
	Mandate *mandate.Service
	// Collections are the mandates under which posts are collected.
	Collections *mandate.Collections
	// Watch keeps the live sources; Runner collects them.
	Watch  *watch.Service
	Runner *collect.Runner
	// Hub receives from WebSub hubs; nil without a public address.
	Hub *feed.Subscriber
	// Pushed takes posts that other programs send.
	Pushed *push.Receiver
	// Live detects in what they bring.
	Live *live.Service
	// Alerts tells people what moves.
	Alerts   *alert.Service
	Intake   *intake.Service
	Searches *search.Service
	Findings *finding.Service
	Jobs     *job.Queue
	Web      *web.Server
	API      *api.API

	log     *slog.Logger
	options Options
	copying chan struct{} // holds one backup
	drain   context.CancelFunc
	drained sync.WaitGroup
}

// Build opens the stores and makes the parts. The log is being written from
// then on; Close ends it. A second process on the same data gets
// poststore.ErrLocked.
func Build(ctx context.Context, c *config.Config, o Options) (_ *App, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{Config: c, log: o.Log, options: o, copying: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	for _, dir := range []string{c.Data.Dir, filepath.Dir(c.KeyFile()), c.Import.SpoolDir, c.Detection.Dir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("making the data folder: %w", err)
		}
	}
	names, err := mandate.OpenKey(c.KeyFile())
	if err != nil {
		return nil, err
	}
	memory := ""
	if c.Posts.Memory > 0 {
		memory = fmt.Sprintf("%dMiB", int64(c.Posts.Memory)>>20)
	}
	a.Posts, err = openPosts(ctx, c.Posts.URL, duck.Options{
		Alias: names.Alias, MemoryLimit: memory, Threads: c.Posts.Threads, TempDir: c.Detection.Dir, Logger: o.Log,
	})
	if err != nil {
		return nil, err
	}
	// The store is this process's alone from here on, and with it what a
	// backup left that was killed.
	if err := sweepCopies(c.Data.Dir); err != nil {
		return nil, err
	}
	if a.DB, err = openCasework(ctx, c.Casework.URL); err != nil {
		return nil, err
	}
	if err := a.openLog(ctx); err != nil {
		return nil, err
	}
	if a.Auth, err = auth.New(ctx, a.DB, authConfig(c, o.Log)); err != nil {
		return nil, err
	}
	if a.Mandate, err = mandate.New(ctx, a.DB, names, mandate.Options{Grant: c.Grant(), Finder: mandate.Find(a.Posts)}); err != nil {
		return nil, err
	}
	a.Collections = mandate.NewCollections(a.DB)
	a.Intake = intake.New(a.Posts, a.DB, intake.Options{
		Dir: c.Import.SpoolDir, MaxUpload: int64(c.Import.MaxUpload), Batch: c.Import.Batch, Log: o.Log,
	})
	a.Searches = search.New(a.DB)
	if a.Jobs, err = job.New(ctx, a.DB, job.Options{Workers: c.Detection.Concurrency, Log: o.Log}); err != nil {
		return nil, err
	}
	a.Findings = finding.New(finding.Options{
		DB: a.DB, Posts: a.Posts, Jobs: a.Jobs, Log: o.Log, Program: o.Version,
		Dir: c.Detection.Dir, Budget: int64(c.Detection.Memory), Workers: c.Detection.Workers,
		Defaults: finding.Params{
			Behaviours: strings.Join(c.Detection.Behaviours, ","), WindowSeconds: c.Detection.Window.Seconds(), Ceiling: c.Detection.Ceiling,
		},
	})
	if err := a.openSources(); err != nil {
		return nil, err
	}
	a.registerJobs()
	if err := a.buildWeb(o); err != nil {
		return nil, err
	}
	if err := a.buildAPI(o); err != nil {
		return nil, err
	}
	return a, nil
}

// openLog opens the log and has it written from now on.
func (a *App) openLog(ctx context.Context) (err error) {
	a.Audit, err = audit.Open(ctx, a.Config.LogDir(), audit.Options{
		Key: a.Config.LogKeyFile(), Origin: "akashi/" + originName(a.Config.Workspace.Name), Logger: a.log,
	})
	if errors.Is(err, audit.ErrKey) { // an earlier name of the workspace
		a.Audit, err = audit.Open(ctx, a.Config.LogDir(), audit.Options{Key: a.Config.LogKeyFile(), Logger: a.log})
	}
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	// Lines are moved until Close, also while the program ends.
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.drain = cancel
	a.drained.Go(func() { a.Audit.Run(run, a.DB) })
	return nil
}

// originName gives a workspace's name as a part of the log's name, which has
// neither spaces nor "+".
func originName(workspace string) string {
	return strings.Join(strings.FieldsFunc(workspace, func(r rune) bool { return r == ' ' || r == '+' || r == '　' || r < ' ' }), "-")
}

// authConfig gives what signing in needs of the configuration.
func authConfig(c *config.Config, log *slog.Logger) auth.Config {
	out := auth.Config{
		PublicURL: c.Server.PublicURL, TrustedProxies: c.Server.TrustedProxies,
		Idle: c.Sessions.Idle, Lifetime: c.Sessions.Lifetime, Confirm: c.Sessions.Confirm, MinPassword: c.Sessions.MinPassword,
		Lang: c.Workspace.Lang, Zone: c.Workspace.Zone, Log: log,
	}
	if c.OIDC.Issuer != "" {
		o := &auth.OIDC{
			Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: c.OIDC.ClientSecret.Reveal(), Name: c.OIDC.Name,
			Scopes: c.OIDC.Scopes, RoleClaim: c.OIDC.RoleClaim, AllowNew: c.OIDC.AllowNew, Roles: map[string]auth.Role{},
		}
		for value, role := range c.OIDC.Roles {
			o.Roles[value] = auth.Role(role)
		}
		out.OIDC = o
	}
	return out
}

// buildWeb makes the pages.
func (a *App) buildWeb(o Options) (err error) {
	c := a.Config
	metrics := ""
	if c.Metrics.Enabled && c.Metrics.Listen == "" {
		metrics = "/metrics"
	}
	a.Web, err = web.New(web.Deps{
		Auth: a.Auth, Log: o.Log, Workspace: c.Workspace.Name, TLP: c.Workspace.TLP, Lang: c.Workspace.Lang, Version: o.Version,
		Posts: a.Posts, Mandate: a.Mandate, Searches: a.Searches, Casework: a.DB,
		Findings: a.Findings, Stream: a.Live, Alerts: a.Alerts, Intake: a.Intake, QueueImport: a.queueImport, Jobs: a.Jobs, Audit: a.Audit,
		Collections: a.Collections, Watch: a.Watch, ExportLimit: int64(c.Export.MaxPosts),
		Ready: a.check, Metrics: metrics,
	})
	if err != nil {
		return fmt.Errorf("making the pages: %w", err)
	}
	return nil
}

// buildAPI makes the interface for programs.
func (a *App) buildAPI(o Options) (err error) {
	c := a.Config
	a.API, err = api.New(api.Deps{
		Auth: a.Auth, Casework: a.DB, Posts: a.Posts, Mandate: a.Mandate, Findings: a.Findings, Jobs: a.Jobs, Audit: a.Audit,
		Intake: a.Intake, QueueImport: a.queueImport, Backup: a.Backup, Collections: a.Collections, Watch: a.Watch,
		Workspace: c.Workspace.Name, TLP: c.Workspace.TLP, Version: o.Version, MaxExport: int64(c.Export.MaxPosts), Log: o.Log,
	})
	if err != nil {
		return fmt.Errorf("making the interface for programs: %w", err)
	}
	return nil
}

// Close lets everything go, the log last but for the database that feeds it.
func (a *App) Close() error {
	var errs []error
	if a.Runner != nil {
		a.Runner.Close()
	}
	if a.Audit != nil {
		a.drain()
		a.drained.Wait()
		errs = append(errs, a.Audit.Close())
	}
	if a.DB != nil {
		errs = append(errs, a.DB.Close())
	}
	if a.Posts != nil {
		errs = append(errs, a.Posts.Close())
	}
	return errors.Join(errs...)
}

// stopTime is how long requests and jobs have to end when the program stops.
const stopTime = 15 * time.Second
