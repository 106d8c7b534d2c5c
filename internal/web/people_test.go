package web

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// fetcher is what reader gives.
type fetcher func(method, path, form string) (int, string)

// shows fetches a page and says what is wrong with the answer.
func (f fetcher) shows(t *testing.T, method, path, form string, status int, want ...string) string {
	t.Helper()
	got, body := f(method, path, form)
	if got != status {
		t.Errorf("%s %s: %d, want %d\n%.2000s", method, path, got, status, body)
	}
	text := html.UnescapeString(body)
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s %s does not show %q\n%.6000s", method, path, w, body)
		}
	}
	for _, private := range []string{"private_person", "Hidden Name"} {
		if strings.Contains(body, private) {
			t.Errorf("%s %s shows %s", method, path, private)
		}
	}
	return text
}

var oneTime = regexp.MustCompile(`<code>(http://[^<]+/invite\?token=[^<]+)</code>`)

func TestPeoplePages(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, true)
		site := httptest.NewServer(w)
		defer site.Close()
		admin := fetcher(reader(t, service, site.URL, auth.Administrator))
		ctx := casestore.WithActor(t.Context(), "cli:test")
		id := func(login string) string {
			t.Helper()
			all, err := service.ListPeople(ctx)
			must(t, err)
			for _, p := range all {
				if p.Login == login {
					return p.ID
				}
			}
			t.Fatalf("nobody is called %s", login)
			return ""
		}

		// An invitation: its link works, and is shown this once.
		admin.shows(t, "GET", "/people/invite", "", 200, "Reads findings and posts", "Cannot be combined with another role")
		body := admin.shows(t, "POST", "/people/invite", "name=Sato+%3Cb%3E&login=sato&role=analyst&lang=ja", 200, "is shown only here", "Copy")
		found := oneTime.FindStringSubmatch(body)
		if found == nil {
			t.Fatalf("no link:\n%s", body)
		}
		if !strings.HasPrefix(found[1], site.URL+"/") {
			t.Errorf("the link is %s, not at %s", found[1], site.URL)
		}
		sato := "/people/" + id("sato")
		again := admin.shows(t, "GET", sato, "", 200, "Invited until", "Sato <b>", "日本語")
		if strings.Contains(again, "token=") {
			t.Error("the link is shown again")
		}
		begin := newVisitor(t, site.URL)
		link := strings.TrimPrefix(found[1], site.URL)
		begin.shows(t, "GET", link, "", 200, "Sato <b>")
		path, token, _ := strings.Cut(link, "?")
		begin.shows(t, "POST", path, token+"&password=seven+lamps+on+the+strait", http.StatusSeeOther)
		begin.shows(t, "GET", "/settings", "", 200, "Sato <b>")
		begin.shows(t, "GET", "/people", "", http.StatusForbidden)

		// What is refused says why, at its place.
		for _, c := range []struct{ form, want string }{
			{"name=X&login=sato&role=viewer", "Somebody has this login already"},
			{"name=X&login=a+b&role=viewer", "This cannot be a login"},
			{"name=&login=new&role=viewer", "Give a name"},
			{"name=X&login=new", "Choose at least one role"},
			{"name=X&login=new&role=king", "Choose at least one role"},
			{"name=X&login=new&role=auditor&role=viewer", "An auditor cannot have another role"},
			{"name=X&login=new&role=viewer&lang=tlh", "no such language"},
		} {
			admin.shows(t, "POST", "/people/invite", c.form, 422, c.want)
		}
		self := "/people/" + id("administrator")
		admin.shows(t, "POST", self+"/roles", "role=viewer", 422, "the last administrator")
		for _, act := range []string{"disable", "sessions", "tokens"} {
			admin.shows(t, "POST", self+"/"+act, "x=1", 422, "This is your own account")
		}
		admin.shows(t, "GET", self, "", 200, "Only another administrator can disable")
		admin.shows(t, "GET", "/people/nobody", "", 404)

		// Roles hold at once, and can be taken back.
		admin.shows(t, "POST", sato+"/roles", "role=lead&role=communicator", http.StatusSeeOther)
		page := admin.shows(t, "GET", sato, "", 200, "The roles of Sato <b> are changed.", `name="role" value="analyst"`)
		if !strings.Contains(page, `action="`+sato+`/roles" data-undo`) {
			t.Error("the change of roles cannot be undone")
		}
		begin.shows(t, "GET", "/people", "", 200, "Sato <b>")
		if page := begin.shows(t, "GET", sato, "", 200); strings.Contains(page, "/disable") {
			t.Error("a lead is offered to disable somebody")
		}
		admin.shows(t, "POST", sato+"/roles", "role=analyst", http.StatusSeeOther)
		begin.shows(t, "GET", "/people", "", http.StatusForbidden)
		admin.shows(t, "POST", sato+"/name", "name=Sato+Yuko", http.StatusSeeOther)
		admin.shows(t, "GET", sato, "", 200, "The name is changed", "Sato Yuko")
		admin.shows(t, "POST", sato+"/name", "name=", 422, "Give a name")

		// Access.
		body = admin.shows(t, "POST", sato+"/link", "x=1", 200, "stays good until the link is used")
		if oneTime.FindString(body) == "" {
			t.Errorf("no new link:\n%s", body)
		}
		begin.shows(t, "GET", "/settings", "", 200)
		admin.shows(t, "POST", sato+"/sessions", "x=1", http.StatusSeeOther)
		admin.shows(t, "GET", sato, "", 200, "1 session ended.", "New link until")
		begin.shows(t, "GET", "/settings", "", http.StatusSeeOther)
		admin.shows(t, "POST", sato+"/tokens", "x=1", http.StatusSeeOther)
		admin.shows(t, "GET", sato, "", 200, "0 tokens revoked.")
		admin.shows(t, "POST", sato+"/disable", "x=1", http.StatusSeeOther)
		admin.shows(t, "GET", sato, "", 200, "The account is disabled", "Undo", "Enable the account")
		admin.shows(t, "POST", sato+"/link", "x=1", 422, "Enable it first")
		admin.shows(t, "GET", "/people?state=disabled", "", 200, "Sato Yuko", "1 of 2 accounts")
		admin.shows(t, "POST", sato+"/enable", "x=1", http.StatusSeeOther)

		// The table.
		admin.shows(t, "GET", "/people?q=SATO", "", 200, "1 of 2 accounts", "Sato Yuko", "Password")
		admin.shows(t, "GET", "/people?role=auditor", "", 200, "Nobody matches")
		up := admin.shows(t, "GET", "/people?sort=login", "", 200)
		down := admin.shows(t, "GET", "/people?sort=-login", "", 200)
		if before := func(s string) bool { return strings.Index(s, `mono">sato<`) < strings.Index(s, `mono">administrator<`) }; before(bare(up)) || !before(bare(down)) {
			t.Error("the table is not sorted by login")
		}

		// Who may see and change it.
		viewer := fetcher(reader(t, service, site.URL, auth.Viewer))
		for _, path := range []string{"/people", "/people/roles", "/people/invite", sato} {
			viewer.shows(t, "GET", path, "", http.StatusForbidden)
		}
		auditor := fetcher(reader(t, service, site.URL, auth.Auditor))
		auditor.shows(t, "GET", "/people/roles", "", 200, "Under a condition", "Read raw records")
		if page := auditor.shows(t, "GET", sato, "", 200, "What this person did"); strings.Contains(page, `method="post" action="`+sato) {
			t.Error("an auditor is offered to change somebody")
		}
		auditor.shows(t, "POST", sato+"/roles", "role=viewer", http.StatusForbidden)
		auditor.shows(t, "POST", "/people/invite", "name=X&login=y&role=viewer", http.StatusForbidden)
	})
}

// TestPeopleConfirm says that who signed in long ago shows who they are before
// anybody is let in or raised, and comes back to where they were.
func TestPeopleConfirm(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en", Confirm: time.Nanosecond})
		must(t, err)
		w := newWorld(t, service, db, true)
		site := httptest.NewServer(w)
		defer site.Close()
		admin := fetcher(reader(t, service, site.URL, auth.Administrator))
		all, err := service.ListPeople(casestore.WithActor(t.Context(), "cli:test"))
		must(t, err)
		self := "/people/" + all[0].ID
		if body := admin.shows(t, "GET", "/people/invite", "", http.StatusSeeOther); !strings.Contains(body, "/confirm?next=%2Fpeople%2Finvite") {
			t.Errorf("the invitation leads to %q", body)
		}
		for path, form := range map[string]string{
			"/people/invite": "name=X&login=new&role=viewer&lang=en", self + "/roles": "role=administrator&role=lead", self + "/name": "name=Y", self + "/link": "x=1",
		} {
			admin.shows(t, "POST", path, form, http.StatusSeeOther)
		}
		after, err := service.ListPeople(casestore.WithActor(t.Context(), "cli:test"))
		must(t, err)
		if len(after) != 1 || after[0].Name != all[0].Name || len(after[0].Roles) != 1 {
			t.Errorf("something was changed: %+v", after)
		}
	})
}

// bare takes the marks around foreign text away.
func bare(s string) string { return strings.NewReplacer("<bdi>", "", "</bdi>", "").Replace(s) }

// newVisitor fetches pages for somebody who is not signed in yet.
func newVisitor(t *testing.T, site string) fetcher {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(method, path, form string) (int, string) {
		req, err := http.NewRequestWithContext(context.Background(), method, site+path, strings.NewReader(form))
		must(t, err)
		if form != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		req.Header.Set("Accept-Language", "en")
		resp, err := client.Do(req)
		must(t, err)
		defer resp.Body.Close() //nolint:errcheck // it was read
		out, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp.StatusCode, string(out)
	}
}

// TestRightOf compares the table with what the policies are known to answer.
func TestRightOf(t *testing.T) {
	y, err := auth.NewPolicy()
	must(t, err)
	for _, c := range []struct {
		role   auth.Role
		action auth.Action
		want   string
	}{
		{auth.Viewer, auth.FindingRead, "yes"}, {auth.Viewer, auth.PostExport, "no"}, {auth.Viewer, auth.OwnSettings, "yes"},
		{auth.Analyst, auth.PostRaw, "if"}, {auth.Lead, auth.UnmaskApprove, "if"}, {auth.Analyst, auth.UnmaskApprove, "no"},
		{auth.Administrator, auth.PeopleEdit, "yes"}, {auth.Administrator, auth.FindingRead, "no"},
		{auth.Auditor, auth.LogRead, "yes"}, {auth.Auditor, auth.OwnTokens, "no"}, {auth.Auditor, auth.PostRaw, "no"},
	} {
		if got := rightOf(y, c.role, c.action); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.role, c.action, got, c.want)
		}
	}
}

// TestBrowserPeople looks at the pages on people.
func TestBrowserPeople(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, true)
	site.Start(t, w)
	ada, _ := site.Invite(t, "江井島 渚", auth.Analyst, auth.Communicator)
	_, _ = site.Invite(t, "Lead <script>document.title='owned'</script>", auth.Lead)
	gone, _ := site.Invite(t, "西新町 海", auth.Viewer)
	must(t, site.Auth.Disable(casestore.WithActor(t.Context(), "cli:test"), gone))
	site.Run(t, "testdata/people.cjs", map[string]any{
		"admin": site.Enter(t, auth.Administrator), "auditor": site.Enter(t, auth.Auditor), "person": ada, "gone": gone,
	})
}
