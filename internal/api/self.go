package api

import (
	"context"
	"net/http"

	"github.com/akashi-project/akashi/internal/auth"
)

// Self is who calls.
type Self struct {
	ID     string        `json:"id" doc:"The person that the token acts for."`
	Login  string        `json:"login"`
	Name   string        `json:"name"`
	Roles  []auth.Role   `json:"roles"`
	Token  string        `json:"token" doc:"The token's id, by which the log names it."`
	Scopes []auth.Action `json:"scopes" doc:"All that the token may do, as long as its person may."`
	// Rights are what it may do now.
	Rights    []auth.Action `json:"rights" doc:"What it may do now: the scopes that its person still has a right to."`
	Workspace string        `json:"workspace" doc:"The instance's name."`
	TLP       string        `json:"tlp,omitempty" doc:"The instance's marking under TLP 2.0." example:"AMBER"`
	Version   string        `json:"version" doc:"The program's version."`
}

type body[T any] struct{ Body T }

func (a *API) addSelf() {
	add(a, Operation{
		ID: "whoami", Method: http.MethodGet, Path: "/whoami", Anyone: true, Tag: "self",
		Summary: "Say who calls, and what the token may do",
	}, func(ctx context.Context, _ *struct{}) (*body[Self], error) {
		p := auth.Of(ctx)
		out := Self{
			ID: p.ID, Login: p.Login, Name: p.Name, Roles: p.Roles, Token: p.Token, Scopes: p.Scopes, Rights: []auth.Action{},
			Workspace: a.Workspace, TLP: a.TLP, Version: a.Version,
		}
		for _, s := range p.Scopes {
			if a.Auth.Policy().May(p, s) {
				out.Rights = append(out.Rights, s)
			}
		}
		return &body[Self]{out}, nil
	})
}
