// Package webtest looks at pages in a real browser.
//
// A test makes a Site, builds the server of the pages with the site's Auth,
// starts it, and runs a journey: a script for Node that opens pages in Chromium
// through playwright-core.
//
//	func TestBrowserInbox(t *testing.T) {
//		site := webtest.New(t)
//		s, err := web.New(web.Deps{Auth: site.Auth, …})
//		…
//		site.Start(t, s)
//		site.Run(t, "testdata/inbox.cjs", map[string]any{
//			"analyst": site.Enter(t, auth.Analyst),
//		})
//	}
//
// A journey requires ../webtest/browser.cjs, which says what it offers: looking
// at pages in both languages and themes, wide and narrow, with axe, with
// screenshots in out/screenshots; and failing on any error in the console, any
// breach of the content security policy, and any request to another host.
//
// The tests run where AKASHI_BROWSER_TESTS=1; make browser sets it.
package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
)

// Site is where pages are looked at: an address, people, and their database.
type Site struct {
	// URL is the address, on this machine.
	URL  string
	Auth *auth.Service
	DB   *casestore.DB

	listener net.Listener
	node     string
	chrome   string
	people   int
}

// New makes a site. The test is skipped where there is nothing to look with.
func New(t *testing.T) *Site {
	t.Helper()
	s := At(t, "")
	var err error
	if s.listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.listener.Close() })
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// Browsers allow passkeys at localhost, and not at 127.0.0.1.
	s.URL = "http://localhost:" + port
	if s.DB, err = casestoretest.Engines["sqlite"](t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.DB.Close() })
	if s.Auth, err = auth.New(t.Context(), s.DB, auth.Config{
		PublicURL: s.URL,
		// Journeys come from many addresses, so that no limit of attempts from
		// one keeps them from looking.
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// At gives the browser for a site that the test starts by itself: it has an
// address, or gets one in URL, and neither people nor a database here.
func At(t *testing.T, address string) *Site {
	t.Helper()
	if os.Getenv("AKASHI_BROWSER_TESTS") != "1" {
		t.Skip("set AKASHI_BROWSER_TESTS=1 to look at pages in a browser")
	}
	s := &Site{URL: address}
	var err error
	if s.node, err = exec.LookPath("node"); err != nil {
		t.Skip("node is not on PATH")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if s.chrome, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if s.chrome == "" {
		t.Skip("no chromium on PATH")
	}
	for _, name := range []string{"playwright-core", "axe-core"} {
		if err := exec.CommandContext(t.Context(), s.node, "-e", "require.resolve('"+name+"')").Run(); err != nil {
			t.Skipf("%s is not in node_modules at the module's root: run npm ci there", name)
		}
	}
	return s
}

// Start serves the pages until the test ends.
func (s *Site) Start(t *testing.T, pages http.Handler) {
	t.Helper()
	server := &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(s.listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// Setup gives the path of the page that makes the first administrator.
func (s *Site) Setup(t *testing.T) string {
	t.Helper()
	path, needed, err := s.Auth.Setup(t.Context())
	if err != nil || !needed {
		t.Fatalf("no set-up: %v", err)
	}
	return path
}

// cli is the context of a command on this machine, which may make people.
func cli(t *testing.T) context.Context {
	t.Helper()
	return casestore.WithActor(t.Context(), "cli:test")
}

// Invite makes a person with roles and gives the path of their invitation.
func (s *Site) Invite(t *testing.T, name string, roles ...auth.Role) (id, path string) {
	t.Helper()
	s.people++
	p, path, err := s.Auth.Invite(cli(t), auth.NewPerson{Login: fmt.Sprintf("person%d", s.people), Name: name, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return p.ID, path
}

// Enter makes a person with roles and gives a path that signs them in, once.
func (s *Site) Enter(t *testing.T, roles ...auth.Role) string {
	t.Helper()
	id, _ := s.Invite(t, "明石 花子", roles...)
	path, err := s.Auth.OneTimeLogin(cli(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Run runs a journey with what it needs to know. It gets, as JSON, args with
// the site's URL as "url", the browser as "chrome", and as "shots" the folder
// for screenshots.
func (s *Site) Run(t *testing.T, script string, args map[string]any) {
	t.Helper()
	shots := os.Getenv("AKASHI_SCREENSHOTS")
	if shots == "" {
		shots = root(t, "out", "screenshots")
	}
	if err := os.MkdirAll(shots, 0o750); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"url": s.URL, "chrome": s.chrome, "shots": shots}
	maps.Copy(all, args)
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.node, script, string(data)).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

// root gives a path from the module's root.
func root(t *testing.T, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(slices.Concat([]string{dir}, parts)...)
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}
