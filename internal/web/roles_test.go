package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
)

// TestRoutesByRole walks every route with every role, and with nobody: who has
// the right gets past the door, who has not gets 403, who is nobody is sent to
// the login. The rights themselves are in auth's matrix.
func TestRoutesByRole(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		if err != nil {
			t.Fatal(err)
		}
		s := newWorld(t, service, db, true)
		site := httptest.NewServer(s)
		defer site.Close()
		visits := 0
		for _, role := range auth.Roles {
			fetch := reader(t, service, site.URL, role)
			for _, route := range s.Routes() {
				if route.Public || route.Timeout < 0 && route.Method == http.MethodGet || route.Pattern == "/logout" {
					continue
				}
				visits++
				path := strings.NewReplacer("{key}", "0000000000000000", "{alias}", "acc-0000-0000-0000", "{id}", "none", "{index}", "0", "{format}", "none", "{version}", "1", "{file}", "none", "{note}", "none", "{a}", "none", "{b}", "none").Replace(route.Pattern)
				form := ""
				if route.Method != http.MethodGet {
					form = "nothing=1"
				}
				status, _ := fetch(route.Method, path, form)
				allowed := s.policy.May(&auth.Principal{ID: "x", Roles: []auth.Role{role}}, route.Action)
				if (status == http.StatusForbidden) == allowed || status == http.StatusUnauthorized || status >= 500 {
					t.Errorf("%s: %s %s (%s): %d, and allowed is %v", role, route.Method, route.Pattern, route.Action, status, allowed)
				}
			}
		}
		if visits < 7*10 {
			t.Errorf("only %d visits", visits)
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		for _, route := range s.Routes() {
			if route.Public {
				continue
			}
			req, err := http.NewRequestWithContext(t.Context(), route.Method, site.URL+route.Pattern, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(resp.Header.Get("Location"), "/login") {
				t.Errorf("nobody: %s %s: %d to %q", route.Method, route.Pattern, resp.StatusCode, resp.Header.Get("Location"))
			}
		}
	})
}
