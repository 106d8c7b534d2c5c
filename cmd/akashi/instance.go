package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/user"

	instance "github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/poststore"
)

// InstanceFlags say which instance a command works on.
type InstanceFlags struct {
	Config string `group:"Instance" short:"c" env:"AKASHI_CONFIG" placeholder:"FILE" help:"The configuration file. Without it: the environment and defaults."`
	Data   string `group:"Instance" placeholder:"DIR" help:"The data folder; over what the configuration says."`
}

// load reads the configuration.
func (f *InstanceFlags) load(more map[string]any) (*config.Config, error) {
	overrides := map[string]any{}
	maps.Copy(overrides, more)
	if f.Data != "" {
		overrides["data.dir"] = f.Data
	}
	c, err := config.Load(f.Config, overrides)
	if err != nil {
		return nil, usageError(err)
	}
	return c, nil
}

// open builds the instance for a command on this machine.
func (f *InstanceFlags) open(ctx context.Context, a *app, more map[string]any) (*instance.App, error) {
	c, err := f.load(more)
	if err != nil {
		return nil, err
	}
	built, err := instance.Build(ctx, c, instance.Options{Log: serviceLog(a, c), Version: version().String(), ConfigFile: f.Config})
	if errors.Is(err, poststore.ErrLocked) {
		return nil, inputError(fmt.Errorf("%w: stop \"akashi serve\" on this data folder first, or use the pages", err))
	}
	return built, err
}

// people opens the part of the instance that knows people, also while a service
// runs on it.
func (f *InstanceFlags) people(ctx context.Context, a *app) (*instance.People, error) {
	c, err := f.load(nil)
	if err != nil {
		return nil, err
	}
	p, err := instance.OpenPeople(ctx, c, serviceLog(a, c))
	if errors.Is(err, instance.ErrNoInstance) {
		return nil, inputError(err)
	}
	return p, err
}

// serviceLog makes the log of a service: every line has its time, and JSON where
// the configuration asks for it.
func serviceLog(a *app, c *config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Log.Level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(a.stderr, o))
	}
	return slog.New(slog.NewTextHandler(a.stderr, o))
}

// onThisMachine has ctx say that the person at the machine acts.
func onThisMachine(ctx context.Context) context.Context {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return casestore.WithActor(ctx, "cli:"+name)
}
