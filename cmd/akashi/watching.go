package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/akashi-project/akashi/internal/api"
)

type mandateCmd struct {
	List mandateListCmd `cmd:"" help:"List mandates, the newest first."`
	Show mandateShowCmd `cmd:"" help:"Show a mandate."`
}

type mandateListCmd struct {
	RemoteFlags `embed:""`
}

// Run lists.
func (c *mandateListCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var out api.MandateList
	answer, err := s.Get(ctx, "/mandates", nil, &out)
	if err != nil {
		return refused(err)
	}
	if c.JSON {
		return a.printJSON(answer)
	}
	var rows [][]string
	for i := range out.Mandates {
		m := &out.Mandates[i]
		holds := "no"
		if m.Holds {
			holds = "yes"
		}
		rows = append(rows, []string{
			m.ID, string(m.State), holds, m.Start.Format("2006-01-02 15:04"), m.End.Format("2006-01-02 15:04"), strings.Join(m.Kinds, ","), short(m.Title, 40),
		})
	}
	return a.printTable([]string{"mandate", "state", "holds", "start (UTC)", "end (UTC)", "kinds", "title"}, rows)
}

type mandateShowCmd struct {
	ID string `arg:"" name:"MANDATE" help:"The mandate's id."`

	RemoteFlags `embed:""`
}

// Run shows.
func (c *mandateShowCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var m api.Mandate
	answer, err := s.Get(ctx, "/mandates/"+url.PathEscape(c.ID), nil, &m)
	if err != nil {
		return refused(err)
	}
	if c.JSON {
		return a.printJSON(answer)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: %s, version %d\n%s\n%s\n%s\n%s – %s (UTC), posts are kept for %d days\n",
		m.ID, m.State, m.Version, plain(m.Title), wrap(plain(m.Purpose), 100), wrap(plain(m.LegalBasis), 100),
		m.Start.Format("2006-01-02 15:04"), m.End.Format("2006-01-02 15:04"), m.Retention)
	return outputError(err)
}

type sourceCmd struct {
	List sourceListCmd `cmd:"" help:"List live sources and how they are."`
	Show sourceShowCmd `cmd:"" help:"Show how a live source is."`
}

type sourceListCmd struct {
	RemoteFlags `embed:""`
}

// Run lists.
func (c *sourceListCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var out api.LiveSourceList
	answer, err := s.Get(ctx, "/sources", nil, &out)
	if err != nil {
		return refused(err)
	}
	if c.JSON {
		return a.printJSON(answer)
	}
	return a.printSources(out.Sources)
}

type sourceShowCmd struct {
	ID string `arg:"" name:"SOURCE" help:"The source's id."`

	RemoteFlags `embed:""`
}

// Run shows.
func (c *sourceShowCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var x api.LiveSource
	answer, err := s.Get(ctx, "/sources/"+url.PathEscape(c.ID), nil, &x)
	if err != nil {
		return refused(err)
	}
	if c.JSON {
		return a.printJSON(answer)
	}
	return a.printSources([]api.LiveSource{x})
}

// printSources says how sources are.
func (a *app) printSources(all []api.LiveSource) error {
	var rows [][]string
	for i := range all {
		x := &all[i]
		var errors int64
		for _, n := range x.Condition.Errors {
			errors += n
		}
		last := ""
		if !x.Condition.LastPost.IsZero() {
			last = x.Condition.LastPost.Format("2006-01-02 15:04")
		}
		rows = append(rows, []string{
			x.ID, string(x.State), string(x.Condition.State), last, count(x.Condition.New), count(x.Condition.Skipped), count(errors), short(x.Name, 40),
		})
	}
	return a.printTable([]string{"source", "state", "condition", "last post (UTC)", "stored", "skipped", "errors", "name"}, rows)
}
