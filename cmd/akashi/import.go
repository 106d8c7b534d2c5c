package main

import (
	"context"
	"errors"
	"fmt"

	instance "github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/intake"
)

type importCmd struct {
	Files  []string `arg:"" name:"FILE" help:"Files of posts; \"-\" is standard input."`
	Source string   `placeholder:"NAME" help:"The name that the posts have as their source. [file: and the file's name]"`
	Server string   `group:"Server" placeholder:"URL" help:"Upload the files to this server, which brings them in."`

	TokenFlags    `embed:""`
	InputFlags    `embed:""`
	InstanceFlags `embed:""`
}

// Help is the manual's text.
func (*importCmd) Help() string {
	return `Brings files of posts into the store. An import that was interrupted goes on where it was when it is ` +
		`started again, and the same file twice adds nothing.

Examples:
  akashi import posts.ndjson.gz
  akashi import --map account=user_id,time=posted,url=link --source crowdtangle posts.csv
  akashi import --server http://localhost:8470 --token-file token posts.ndjson.gz`
}

// Run imports.
func (i *importCmd) Run(ctx context.Context, a *app) error {
	o, err := i.Options()
	if err != nil {
		return err
	}
	if i.Server != "" {
		return i.upload(ctx, a, o)
	}
	o.Stdin = a.stdin
	built, err := i.open(ctx, a, nil)
	if err != nil {
		return locked(err, "akashi import", auth.SourceImport)
	}
	bar := newProgress(a.stderr, "importing")
	result, err := built.Intake.Import(onThisMachine(ctx), intake.Request{Paths: i.Files, Options: o, Source: i.Source},
		func(p intake.Progress) { bar.set(p.Read, p.Total) })
	bar.finish()
	if err != nil {
		err = inputError(err)
	}
	for _, m := range result.Imports {
		fmt.Fprintf(a.stdout, "%s: %s; %d posts: %d new, %d changed, %d there already; %d rows, %d unreadable, %d no posts\n",
			m.File.Name, m.State, m.Posts, m.New, m.Changed, m.Same, m.Rows, m.Bad, m.Skipped)
		for _, reason := range m.Reasons {
			fmt.Fprintf(a.stderr, "  %s\n", reason)
		}
	}
	return closing(built, err)
}

// closing closes an instance and gives the first of the errors.
func closing(built *instance.App, err error) error { return errors.Join(err, built.Close()) }

type enterCmd struct {
	Login string `arg:"" name:"LOGIN" help:"Who is to be signed in; made as an analyst and lead where there is nobody of that login."`

	InstanceFlags `embed:""`
}

// Help is the manual's text.
func (*enterCmd) Help() string {
	return `Prints the path of a link that signs somebody in, once, within ten minutes. It is for who runs the machine: ` +
		`when everybody is locked out, and for demonstrations. The log says that it was made.`
}

// Run makes the link.
func (e *enterCmd) Run(ctx context.Context, a *app) error {
	people, err := e.people(ctx, a)
	if err != nil {
		return err
	}
	path, err := enterLink(onThisMachine(ctx), people.Auth, e.Login)
	if err == nil {
		_, err = fmt.Fprintln(a.stdout, people.Auth.URL(path))
	}
	return errors.Join(outputError(err), people.Close())
}

// enterLink gives a one-time link for a login, and makes the person if need be.
func enterLink(ctx context.Context, service *auth.Service, login string) (string, error) {
	people, err := service.ListPeople(ctx)
	if err != nil {
		return "", err
	}
	for i := range people {
		if people[i].Login == login {
			return service.OneTimeLogin(ctx, people[i].ID)
		}
	}
	p, _, err := service.Invite(ctx, auth.NewPerson{Login: login, Name: login, Roles: []auth.Role{auth.Analyst, auth.Lead}})
	if err != nil {
		return "", err
	}
	return service.OneTimeLogin(ctx, p.ID)
}
