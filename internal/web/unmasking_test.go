package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// hidden is an account of newWorld that is a private person's.
func (w *world) hidden(t *testing.T) (alias string, a mandate.Account) {
	t.Helper()
	found, err := w.Store.Accounts(t.Context(), []string{"x:7700"})
	must(t, err)
	if len(found) != 1 || found[0].Name != "Hidden Name" {
		t.Fatalf("the account is %+v", found)
	}
	return found[0].Alias, mandate.Of(&found[0])
}

// anyFinding gives a finding of newWorld.
func (w *world) anyFinding(t *testing.T) finding.Finding {
	t.Helper()
	page, err := w.Findings.List(t.Context(), finding.Filter{N: 1})
	must(t, err)
	return page.Findings[0]
}

// personID gives the id of the person whom reader made for a role.
func personID(t *testing.T, w *world, name string) string {
	t.Helper()
	var id string
	must(t, w.DB.View(t.Context(), func(tx *casestore.Tx) error {
		return tx.Get(t.Context(), `SELECT id FROM users WHERE login = ?`, []any{name}, []any{&id})
	}))
	return id
}

// nameless fails where an answer names a private person.
func nameless(t *testing.T, what, body string) {
	t.Helper()
	for _, name := range []string{"private_person", "Hidden Name"} {
		if i := strings.Index(body, name); i >= 0 {
			t.Errorf("%s names a person: …%s…", what, body[max(0, i-150):min(len(body), i+100)])
		}
	}
}

// ask asks for a name and gives the request's id.
func ask(t *testing.T, w *world, fetch fetcher, alias string, form url.Values) string {
	t.Helper()
	if status, body := fetch(http.MethodPost, "/accounts/"+alias+"/unmasking", form.Encode()); status != http.StatusSeeOther {
		t.Fatalf("asking: %d %s", status, body)
	}
	open, err := w.Mandate.Requests(t.Context(), 1, mandate.Open)
	must(t, err)
	return open[0].ID
}

func TestUnmasking(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, false)
		site := httptest.NewServer(w)
		defer site.Close()
		people := map[auth.Role]fetcher{}
		for _, role := range auth.Roles {
			people[role] = reader(t, service, site.URL, role)
		}
		alias, _ := w.hidden(t)
		f := w.anyFinding(t)
		page := "/accounts/" + alias
		analyst, lead := people[auth.Analyst], people[auth.Lead]
		get := func(fetch fetcher, path string, want int) string {
			t.Helper()
			status, body := fetch(http.MethodGet, path, "")
			if status != want {
				t.Fatalf("%s: %d, not %d", path, status, want)
			}
			return body
		}
		nameless(t, "the account's page", get(analyst, page, 200))

		// What a form lacks is said, and nothing is asked.
		reason := "Hidden Name, that is @private_person_0, may be an office; its name is needed"
		for name, form := range map[string]url.Values{
			"no reason":    {"finding": {f.ID}},
			"a short one":  {"finding": {f.ID}, "reason": {"because"}},
			"a long one":   {"finding": {f.ID}, "reason": {strings.Repeat("because ", 300)}},
			"no finding":   {"reason": {reason}},
			"none such":    {"reason": {reason}, "other": {"F-1999-0001"}, "finding": {f.ID}},
			"nobody":       {"reason": {reason}, "finding": {f.ID}, "for": {"nobody"}},
			"a role, name": {"reason": {reason}, "finding": {f.ID}, "for": {"lead"}},
		} {
			if status, body := analyst(http.MethodPost, page+"/unmasking", form.Encode()); status != http.StatusUnprocessableEntity || !strings.Contains(body, `class="problem"`) {
				t.Errorf("asking with %s: %d", name, status)
			}
		}
		if all, err := w.Mandate.Requests(t.Context(), 9); err != nil || len(all) != 0 {
			t.Fatalf("requests without what they need: %v %v", all, err)
		}

		id := ask(t, w, analyst, alias, url.Values{"reason": {reason}, "other": {strings.ToLower(f.Short)}, "for": {personID(t, w, "communicator")}})
		if status, _ := analyst(http.MethodPost, page+"/unmasking", url.Values{"reason": {reason}, "finding": {f.ID}}.Encode()); status != http.StatusUnprocessableEntity {
			t.Errorf("asking twice: %d", status)
		}
		for role, fetch := range people {
			may := role == auth.Analyst || role == auth.Lead || role == auth.Auditor
			for _, path := range []string{"/unmasking", "/unmasking/" + id, page} {
				status, body := fetch(http.MethodGet, path, "")
				nameless(t, string(role)+" "+path, body)
				if path != page && (status == 200) != may {
					t.Errorf("%s sees %s: %d", role, path, status)
				}
				if status != 200 || !may {
					continue
				}
				if !strings.Contains(body, f.Short) || !strings.Contains(body, "communicator") || !strings.Contains(body, "may be an office") {
					t.Errorf("%s does not see the request on %s", role, path)
				}
			}
		}
		if body := get(analyst, "/unmasking/"+id, 200); !strings.Contains(body, "You asked for this.") || strings.Contains(body, `name="decision"`) {
			t.Error("who asked is not told that another person decides")
		}
		if body := get(people[auth.Auditor], "/unmasking/"+id, 200); !strings.Contains(body, "A lead has to decide.") || strings.Contains(body, `name="decision"`) {
			t.Error("an auditor is not told who decides")
		}
		for _, form := range []string{"decision=no", "decision=no&reason=no", "reason=whatever+it+may+be", "decision=maybe&reason=whatever+it+may+be"} {
			if status, _ := lead(http.MethodPost, "/unmasking/"+id+"/decide", form); status != http.StatusUnprocessableEntity {
				t.Errorf("deciding with %q: %d", form, status)
			}
		}
		if status, _ := lead(http.MethodPost, "/unmasking/"+id+"/withdraw", "x=1"); status != http.StatusNotFound {
			t.Errorf("a lead withdraws what another asked: %d", status)
		}
		if status, _ := lead(http.MethodPost, "/unmasking/"+id+"/decide", "decision=yes"); status != http.StatusSeeOther {
			t.Fatalf("a lead agrees: %d", status)
		}
		if status, _ := lead(http.MethodPost, "/unmasking/"+id+"/decide", "decision=no&reason=on+second+thought+no"); status != http.StatusConflict {
			t.Errorf("a lead decides twice: %d", status)
		}
		for role, fetch := range people {
			status, body := fetch(http.MethodGet, page, "")
			names := role == auth.Analyst || role == auth.Lead || role == auth.Communicator
			if status == 200 && names != strings.Contains(body, "<h1><bdi>Hidden Name") {
				t.Errorf("%s sees the name: %v", role, !names)
			}
			if !names {
				nameless(t, string(role)+" under a grant of others", body)
			}
		}
		// Files leave the screen of who may see the name.
		for _, format := range []string{"csv", "ndjson"} {
			status, body := analyst(http.MethodPost, "/search/export?q="+url.QueryEscape("account:"+alias), "format="+format)
			if status != http.StatusOK || !strings.Contains(body, alias) {
				t.Errorf("exporting as %s: %d", format, status)
			}
			nameless(t, "a file under a grant", body)
		}
		if body := get(people[auth.Auditor], "/unmasking?state=holding", 200); !strings.Contains(body, alias) || !strings.Contains(body, "Approved by") {
			t.Error("a grant is not among those in force")
		}
		// Lists stay under the pseudonym even for who holds the grant.
		nameless(t, "the list, to who asked", get(analyst, "/unmasking?state=holding", 200))

		if status, _ := analyst(http.MethodPost, "/unmasking/"+id+"/withdraw", "from=account"); status != http.StatusSeeOther {
			t.Fatalf("ending the grant: %d", status)
		}
		for _, role := range []auth.Role{auth.Analyst, auth.Lead, auth.Communicator} {
			nameless(t, string(role)+" after the end", get(people[role], page, 200))
		}
		body := get(analyst, "/unmasking/"+id, 200)
		for _, want := range []string{"ended early", "analyst asked", "lead agreed", "analyst ended the disclosure"} {
			if !strings.Contains(body, want) {
				t.Errorf("the history lacks %q", want)
			}
		}

		// A no, whose reason may name the account, and the log.
		second := ask(t, w, analyst, alias, url.Values{"reason": {reason}, "finding": {f.ID}})
		if status, _ := lead(http.MethodPost, "/unmasking/"+second+"/decide", url.Values{"decision": {"no"}, "reason": {"Hidden Name is a private person and stays so"}}.Encode()); status != http.StatusSeeOther {
			t.Fatalf("a lead refuses: %d", status)
		}
		nameless(t, "a refused request", get(analyst, "/unmasking/"+second, 200))
		nameless(t, "the account's page", get(analyst, page, 200))
		must(t, w.Audit.Drain(t.Context(), db))
		lines, err := w.Audit.Read(t.Context(), 0, w.Audit.Size())
		must(t, err)
		actions := map[string]int{}
		for _, entry := range lines {
			actions[entry.Line.Action]++
			line, err := json.Marshal(entry.Line)
			must(t, err)
			nameless(t, "the log", string(line))
		}
		// Three people read the name on this day.
		for action, want := range map[string]int{"unmask.request": 2, "unmask.approve": 2, "unmask.read": 3, "unmask.withdraw": 1} {
			if actions[action] != want {
				t.Errorf("the log has %d lines %s, not %d", actions[action], action, want)
			}
		}
	})
}

// TestTwoPersons tries to get round the second person.
func TestTwoPersons(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, false)
		site := httptest.NewServer(w)
		defer site.Close()
		lead := fetcher(reader(t, service, site.URL, auth.Lead))
		analyst := reader(t, service, site.URL, auth.Analyst)
		administrator := reader(t, service, site.URL, auth.Administrator)
		auditor := reader(t, service, site.URL, auth.Auditor)
		alias, _ := w.hidden(t)
		f := w.anyFinding(t)
		reason := url.Values{"reason": {"its name is needed for a briefing"}, "finding": {f.ID}}
		cli := casestore.WithActor(context.WithoutCancel(t.Context()), "cli:test")
		again := func(person string) fetcher {
			enter, err := service.OneTimeLogin(cli, personID(t, w, person))
			must(t, err)
			return signedIn(t, site.URL, enter)
		}

		own := ask(t, w, lead, alias, reason)
		elsewhere := again("lead")
		withFor := url.Values{"reason": reason["reason"], "finding": reason["finding"], "for": {personID(t, w, "lead")}}
		forLead := ask(t, w, analyst, alias, withFor)
		tokened := tokenOf(t, w, lead)
		for name, try := range map[string]struct {
			fetch fetcher
			id    string
		}{
			"who asked":                         {lead, own},
			"who asked, in another session":     {elsewhere, own},
			"for whom it was asked":             {lead, forLead},
			"for whom, in another session":      {elsewhere, forLead},
			"who asked and is no lead":          {analyst, forLead},
			"an administrator":                  {administrator, own},
			"an auditor":                        {auditor, own},
			"an analyst":                        {analyst, own},
			"a token of a lead, on the own":     {tokened, own},
			"a token of a lead, on another's":   {tokened, forLead},
			"an administrator, on an analyst's": {administrator, forLead},
		} {
			for _, form := range []string{"decision=yes", "decision=yes&by=other&requested_by=other", "decision=no&reason=no%2C+not+this+one"} {
				status, _ := try.fetch(http.MethodPost, "/unmasking/"+try.id+"/decide", form)
				if status != http.StatusForbidden && (status != http.StatusSeeOther && status != http.StatusUnauthorized || !strings.HasPrefix(name, "a token")) {
					t.Errorf("%s decides with %s: %d", name, form, status)
				}
				q, err := w.Mandate.Request(t.Context(), try.id)
				must(t, err)
				if q.State != mandate.Open {
					t.Fatalf("%s has decided with %s: %s", name, form, q.State)
				}
			}
		}
		for _, try := range []fetcher{administrator, auditor, tokened} {
			if status, _ := try(http.MethodPost, "/accounts/"+alias+"/unmasking", reason.Encode()); status != http.StatusForbidden && status != http.StatusSeeOther && status != http.StatusUnauthorized {
				t.Errorf("somebody without the right asks: %d", status)
			}
		}
		if all, err := w.Mandate.Requests(t.Context(), 9); err != nil || len(all) != 2 {
			t.Errorf("there are %d requests: %v", len(all), err)
		}
		for _, fetch := range []fetcher{lead, elsewhere, analyst} {
			_, body := fetch(http.MethodGet, "/accounts/"+alias, "")
			nameless(t, "the account's page", body)
		}
	})
}

// tokenOf makes a token of the person who is signed in, and writes into the
// database that it may do everything, as no form would.
func tokenOf(t *testing.T, w *world, fetch fetcher) fetcher {
	t.Helper()
	_, body := fetch(http.MethodPost, "/settings/tokens", "name=program&scope=unmask.read&days=7")
	secret := regexp.MustCompile(`<code>(` + auth.TokenPrefix + `[^<]+)</code>`).FindStringSubmatch(body)
	if secret == nil {
		t.Fatal("no token was made")
	}
	must(t, w.DB.Change(casestore.WithActor(t.Context(), "cli:test"), func(tx *casestore.Tx) error {
		if _, err := tx.Exec(t.Context(), `UPDATE tokens SET scopes = ?`, `["unmask.read","unmask.request","unmask.approve","account.mark","post.read"]`); err != nil {
			return err
		}
		return tx.Log(t.Context(), casestore.Line{Action: "test"})
	}))
	return func(method, path, form string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+secret[1])
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, r)
		return answer.Code, answer.Body.String()
	}
}

func TestMarks(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, true)
		w.fill(t)
		site := httptest.NewServer(w)
		defer site.Close()
		lead, viewer := fetcher(reader(t, service, site.URL, auth.Lead)), fetcher(reader(t, service, site.URL, auth.Viewer))
		alias, _ := w.hidden(t)
		page := "/accounts/" + alias
		for name, form := range map[string]string{
			"nothing":     "class=outlet",
			"no class":    "reason=it+is+their+own+account",
			"other class": "class=unmasked&reason=it+is+their+own+account",
			"short":       "class=outlet&reason=so",
			"script":      "class=outlet&source=javascript:alert(1)",
			"no address":  "class=outlet&source=their+list",
		} {
			if status, body := lead(http.MethodPost, page+"/mark", form); status != http.StatusUnprocessableEntity || !strings.Contains(body, `class="problem"`) {
				t.Errorf("marking with %s: %d", name, status)
			}
		}
		if status, _ := viewer(http.MethodPost, page+"/mark", "class=outlet&reason=it+is+their+own+account"); status != http.StatusForbidden {
			t.Errorf("a viewer marks: %d", status)
		}
		if status, _ := lead(http.MethodPost, page+"/mark", "class=outlet&source=https://paper.example/private_person_0"); status != http.StatusSeeOther {
			t.Fatalf("marking: %d", status)
		}
		for _, path := range []string{page, "/marks", "/marks?class=outlet"} {
			if _, body := viewer(http.MethodGet, path, ""); !strings.Contains(body, "Hidden Name") || !strings.Contains(body, "Media outlet") || !strings.Contains(body, "https://paper.example/private_person_0") {
				t.Errorf("the mark does not show on %s", path)
			}
		}
		if _, body := viewer(http.MethodGet, "/marks?class=public-body", ""); strings.Contains(body, "Hidden Name") {
			t.Error("an outlet is among the public bodies")
		}
		if status, _ := lead(http.MethodPost, page+"/mark", "replaces=1&class=state-channel&reason=Hidden+Name+is+declared+by+the+state"); status != http.StatusSeeOther {
			t.Fatal("the mark is not replaced")
		}
		if status, _ := lead(http.MethodPost, page+"/unmark", "why=no"); status != http.StatusUnprocessableEntity {
			t.Errorf("a mark is removed for no reason: %d", status)
		}
		if status, _ := lead(http.MethodPost, page+"/unmark", "why=Hidden+Name+is+a+private+person"); status != http.StatusSeeOther {
			t.Fatal("the mark is not removed")
		}
		_, body := lead(http.MethodGet, page, "") // with the way to undo
		again := regexp.MustCompile(`name="again" value="([^"]+)"`).FindStringSubmatch(body)
		if again == nil {
			t.Fatal("removing a mark cannot be undone")
		}
		_, seen := viewer(http.MethodGet, page, "")
		for name, body := range map[string]string{"viewer": seen, "lead": body} {
			nameless(t, "the account's page, to a "+name, body)
			if !strings.Contains(body, "lead removed the mark: Declared state channel") || !strings.Contains(body, "lead replaced the mark: Media outlet") {
				t.Errorf("a %s does not see the history", name)
			}
		}
		_, body = viewer(http.MethodGet, "/marks", "")
		nameless(t, "the list of marks", body)
		if status, _ := lead(http.MethodPost, page+"/unmark", "why=Hidden+Name+is+a+private+person"); status != http.StatusConflict {
			t.Errorf("a mark is removed twice: %d", status)
		}
		if status, _ := lead(http.MethodPost, page+"/mark", "again=none"); status != http.StatusNotFound {
			t.Errorf("undoing what was not: %d", status)
		}
		if status, _ := lead(http.MethodPost, page+"/mark", "again="+again[1]); status != http.StatusSeeOther {
			t.Errorf("undoing: %d", status)
		}
		if _, body = viewer(http.MethodGet, "/marks?class=state-channel", ""); !strings.Contains(body, "Hidden Name") {
			t.Error("the removal is not undone")
		}
	})
}

func TestReasonEnough(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "because": false, "..............": false, "for a briefing": true,
		"発信元の確認のため必要": true, "必要なため": false, strings.Repeat("あ", reasonMost): true, strings.Repeat("あ", reasonMost+1): false,
	} {
		if reasonEnough(text) != want {
			t.Errorf("%.20q can be a reason: %v", text, !want)
		}
	}
}

// TestBrowserUnmasking asks, agrees, sees the name, and ends the grant.
func TestBrowserUnmasking(t *testing.T) {
	site := webtest.New(t)
	w := newWorld(t, site.Auth, site.DB, false)
	alias, _ := w.hidden(t)
	site.Start(t, w)
	site.Run(t, "testdata/unmasking.cjs", map[string]any{
		"analyst": site.Enter(t, auth.Analyst), "lead": site.Enter(t, auth.Lead), "viewer": site.Enter(t, auth.Viewer), "alias": alias,
		"finding": w.anyFinding(t).Short,
	})
}

// TestMentions says that a post which calls an account by its handle shows it
// under the pseudonym that the account has everywhere.
func TestMentions(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		must(t, err)
		w := newWorld(t, service, db, true)
		w.fill(t)
		p := post.Post{
			Platform: "x", ID: "mention-1", Account: post.Account{ID: "1234567", Handle: "somebody_else"},
			Time: time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC), Text: "unheard of: @Private_Person_0 has said it, see https://x.com/private_person_0",
		}
		normalise.Post(&p, normalise.Options{})
		_, err = w.Store.Append(t.Context(), poststore.Batch{Source: "test", Posts: []post.Post{p}})
		must(t, err)
		site := httptest.NewServer(w)
		defer site.Close()
		alias, _ := w.hidden(t)
		_, body := reader(t, service, site.URL, auth.Viewer)(http.MethodGet, "/search?q="+url.QueryEscape(`"unheard of"`), "")
		nameless(t, "a post that mentions", body)
		for _, want := range []string{"unheard of: @" + alias + " has said it", "https://x.com/" + alias} {
			if !strings.Contains(body, want) {
				t.Errorf("the post lacks %q", want)
			}
		}
	})
}
