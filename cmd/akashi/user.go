package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
)

type userCmd struct {
	Invite  userInviteCmd  `cmd:"" help:"Make an account, and print the link on which its person begins."`
	List    userListCmd    `cmd:"" help:"List everybody who has an account."`
	Link    userLinkCmd    `cmd:"" help:"Print a new link for somebody who cannot sign in any more."`
	Disable userDisableCmd `cmd:"" help:"End somebody's sessions, tokens and links, and let them in no more."`
	Enable  userEnableCmd  `cmd:"" help:"Let somebody in again."`
}

// Help is the manual's text.
func (*userCmd) Help() string {
	return `These commands are for who runs the machine. They work on the data folder, also while the service runs on it; the ` +
		`program must be of the service's version. The log says "cli:" and who it was; a running service takes the line in within moments.`
}

type userInviteCmd struct {
	Login string      `arg:"" name:"LOGIN" help:"What the person signs in with."`
	Name  string      `placeholder:"NAME" help:"How colleagues see them. [the login]"`
	Role  []auth.Role `required:"" placeholder:"ROLE,…" help:"viewer, analyst, lead, communicator, partner-liaison, administrator or auditor. May be repeated."`

	InstanceFlags `embed:""`
}

// Run invites.
func (u *userInviteCmd) Run(ctx context.Context, a *app) error {
	return u.withPeople(ctx, a, func(ctx context.Context, s *auth.Service) error {
		name := u.Name
		if name == "" {
			name = u.Login
		}
		_, path, err := s.Invite(ctx, auth.NewPerson{Login: u.Login, Name: name, Roles: u.Role})
		switch {
		case errors.Is(err, auth.ErrRoles):
			return usagef("--role: one of %v, or several", auth.Roles)
		case errors.Is(err, auth.ErrLogin), errors.Is(err, auth.ErrLoginTaken), errors.Is(err, auth.ErrName), errors.Is(err, auth.ErrAuditorAlone):
			return usageError(err)
		case err != nil:
			return err //nolint:wrapcheck // says it all
		}
		return a.printLink(s, path)
	})
}

// printLink prints a link to hand over.
func (a *app) printLink(s *auth.Service, path string) error {
	_, err := fmt.Fprintln(a.stdout, s.URL(path))
	return outputError(err)
}

type userListCmd struct {
	JSON bool `group:"Output" name:"json" help:"Print JSON."`

	InstanceFlags `embed:""`
}

// Run lists.
func (u *userListCmd) Run(ctx context.Context, a *app) error {
	return u.withPeople(ctx, a, func(ctx context.Context, s *auth.Service) error {
		people, err := s.ListPeople(ctx)
		if err != nil {
			return err //nolint:wrapcheck // says it all
		}
		if u.JSON {
			e := json.NewEncoder(a.stdout)
			e.SetIndent("", "  ")
			return outputError(e.Encode(people))
		}
		var rows [][]string
		for i := range people {
			p := &people[i]
			roles := make([]string, len(p.Roles))
			for j, r := range p.Roles {
				roles[j] = string(r)
			}
			seen, state := "never", ""
			if !p.Seen.IsZero() {
				seen = p.Seen.UTC().Format("2006-01-02 15:04")
			}
			if p.Disabled {
				state = "disabled"
			}
			rows = append(rows, []string{p.Login, p.Name, strings.Join(roles, ","), seen, state})
		}
		return a.printTable([]string{"login", "name", "roles", "last seen (UTC)", ""}, rows)
	})
}

type userLinkCmd struct {
	Login string `arg:"" name:"LOGIN" help:"Whose."`

	InstanceFlags `embed:""`
}

// Run makes the link.
func (u *userLinkCmd) Run(ctx context.Context, a *app) error {
	return u.withPerson(ctx, a, u.Login, func(ctx context.Context, s *auth.Service, id string) error {
		path, err := s.NewLink(ctx, id)
		if err != nil {
			return inputError(err)
		}
		return a.printLink(s, path)
	})
}

type userDisableCmd struct {
	Login string `arg:"" name:"LOGIN" help:"Who."`

	InstanceFlags `embed:""`
}

// Run disables.
func (u *userDisableCmd) Run(ctx context.Context, a *app) error {
	return u.withPerson(ctx, a, u.Login, func(ctx context.Context, s *auth.Service, id string) error {
		return inputError(s.Disable(ctx, id))
	})
}

type userEnableCmd struct {
	Login string `arg:"" name:"LOGIN" help:"Who."`

	InstanceFlags `embed:""`
}

// Run enables.
func (u *userEnableCmd) Run(ctx context.Context, a *app) error {
	return u.withPerson(ctx, a, u.Login, func(ctx context.Context, s *auth.Service, id string) error {
		return inputError(s.Enable(ctx, id))
	})
}

// withPeople opens what knows people, has f work on it in the name of who is at
// the machine, and closes it.
func (f *InstanceFlags) withPeople(ctx context.Context, a *app, do func(context.Context, *auth.Service) error) error {
	p, err := f.people(ctx, a)
	if err != nil {
		return err
	}
	return errors.Join(do(onThisMachine(ctx), p.Auth), p.Close())
}

// withPerson does the same for one person.
func (f *InstanceFlags) withPerson(ctx context.Context, a *app, login string, do func(context.Context, *auth.Service, string) error) error {
	return f.withPeople(ctx, a, func(ctx context.Context, s *auth.Service) error {
		people, err := s.ListPeople(ctx)
		if err != nil {
			return err //nolint:wrapcheck // says it all
		}
		i := slices.IndexFunc(people, func(p auth.Person) bool { return strings.EqualFold(p.Login, login) })
		if i < 0 {
			return inputError(fmt.Errorf("%s: %w", login, errNobody))
		}
		return do(ctx, s, people[i].ID)
	})
}

var errNobody = errors.New("nobody has this login")
