// Package apitest gives tests a token for the interface, made as people make
// one: signed in, on the page of their settings.
package apitest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

var secret = regexp.MustCompile(auth.TokenPrefix + `[A-Za-z0-9_-]{20,}`)

var errAnswer = errors.New("not the answer that was expected")

// Token makes a person with a role, signs them in at base, and makes a token
// with the scopes; without any, one with all that it may have.
func Token(ctx context.Context, service *auth.Service, base, login string, role auth.Role, scopes ...auth.Action) (string, error) {
	here := casestore.WithActor(ctx, "cli:test")
	p, _, err := service.Invite(here, auth.NewPerson{Login: login, Name: login, Roles: []auth.Role{role}})
	if err != nil {
		return "", fmt.Errorf("inviting: %w", err)
	}
	path, err := service.OneTimeLogin(here, p.ID)
	if err != nil {
		return "", fmt.Errorf("making a link: %w", err)
	}
	if len(scopes) == 0 {
		scopes = service.TokenScopes(auth.With(ctx, &auth.Principal{ID: p.ID, Roles: p.Roles}))
	}
	if len(scopes) == 0 {
		return "", fmt.Errorf("the role %s may have no token", role)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", fmt.Errorf("making a jar: %w", err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func(path string, form url.Values) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, strings.NewReader(form.Encode()))
		if err != nil {
			return "", fmt.Errorf("asking for %s: %w", path, err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := client.Do(req)
		if err != nil {
			return "", fmt.Errorf("asking for %s: %w", path, err)
		}
		defer resp.Body.Close() //nolint:errcheck // it was only read
		page, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode >= http.StatusBadRequest {
			err = fmt.Errorf("%s: %w: %s", path, errAnswer, resp.Status)
		}
		return string(page), err
	}
	to, form, _ := strings.Cut(path, "?")
	enter, err := url.ParseQuery(form)
	if err != nil {
		return "", fmt.Errorf("reading the link: %w", err)
	}
	if _, err := post(to, enter); err != nil {
		return "", err
	}
	wanted := url.Values{"name": {login}, "days": {"30"}}
	for _, s := range scopes {
		wanted.Add("scope", string(s))
	}
	page, err := post("/settings/tokens", wanted)
	if err != nil {
		return "", err
	}
	found := secret.FindString(page)
	if found == "" {
		return "", fmt.Errorf("making a token: %w: the page shows none", errAnswer)
	}
	return found, nil
}
