package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
	"github.com/akashi-project/akashi/internal/search"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// hostilePosts are what somebody might post to harm who reads it.
func hostilePosts() []post.Post {
	texts := []string{
		`<script>document.title = 'owned'</script>`,
		`<img src=x onerror="document.title='owned'"><svg onload="document.title='owned'"></svg>`,
		"\u202egnp.exe \u2066hidden\u2069 \u200b\u200bzero\u0000",
		"bad \xff\xfe utf-8 処理水",
		strings.Repeat("長い投稿 ", 200_000),
		`{{.}} {{template "x"}} ${7*7} javascript:document.title='owned'`,
		"@private_person さんの処理水の投稿 https://x.com/private_person/status/1",
	}
	var out []post.Post
	for i, text := range texts {
		out = append(out, post.Post{
			Platform: "x", ID: fmt.Sprint(9000 + i), Account: post.Account{ID: "77", Handle: "private_person", Name: "Hidden Name"},
			Time: time.Date(2026, 11, 20, 1, i, 0, 0, time.UTC), Text: text, Lang: `ja" onmouseover="document.title='owned'`,
			URL: "javascript:document.title='owned'", Raw: []byte(`{"handle":"private_person"}`),
		})
	}
	return out
}

// searchServer makes a server with posts, hostile ones among them.
func searchServer(t *testing.T, service *auth.Service, db *casestore.DB) *Server {
	t.Helper()
	names, err := mandate.NewNames([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	veils, err := mandate.New(t.Context(), db, names, mandate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store := poststoretest.NewMemory(names.Alias)
	posts := hostilePosts()
	for i := range 200 {
		posts = append(posts, post.Post{
			Platform: []string{"x", "bluesky", "telegram"}[i%3], ID: fmt.Sprint(i),
			Account: post.Account{ID: fmt.Sprint(i % 17), Handle: fmt.Sprintf("person_%d", i%17)}, Lang: []string{"ja", "en", "ko"}[i%3],
			Time: time.Date(2026, 11, 1, i, 0, 0, 0, time.UTC), Text: fmt.Sprintf("処理水の放出について 第 %d 報 https://news.example/a/%d", i, i%5),
		})
	}
	for i := range posts {
		normalise.Post(&posts[i], normalise.Options{})
	}
	if _, err := store.Append(t.Context(), poststore.Batch{Source: "test", Posts: posts}); err != nil {
		t.Fatal(err)
	}
	s, err := New(Deps{
		Auth: service, Posts: store, Mandate: veils, Searches: search.New(db), Casework: db, Workspace: "影響工作分析室", TLP: "AMBER",
		Now: func() time.Time { return time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBrowserSearch looks at the pages on posts.
func TestBrowserSearch(t *testing.T) {
	site := webtest.New(t)
	s := searchServer(t, site.Auth, site.DB)
	site.Start(t, s)
	site.Run(t, "testdata/search.cjs", map[string]any{"analyst": site.Enter(t, auth.Analyst), "viewer": site.Enter(t, auth.Viewer)})
}

// reader signs a person with a role in and gives what fetches pages for them.
func reader(t *testing.T, service *auth.Service, url string, role auth.Role) func(method, path, form string) (int, string) {
	t.Helper()
	ctx := casestore.WithActor(t.Context(), "cli:test")
	p, _, err := service.Invite(ctx, auth.NewPerson{Login: string(role), Name: string(role), Roles: []auth.Role{role}})
	if err != nil {
		t.Fatal(err)
	}
	enter, err := service.OneTimeLogin(ctx, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return signedIn(t, url, enter)
}

// signedIn begins a session with a link that signs in, and gives what fetches
// pages in it.
func signedIn(t *testing.T, url, enter string) func(method, path, form string) (int, string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	fetch := func(method, path, form string) (int, string) {
		t.Helper()
		var body io.Reader
		if form != "" {
			body = strings.NewReader(form)
		}
		req, err := http.NewRequestWithContext(context.Background(), method, url+path, body)
		if err != nil {
			t.Fatal(err)
		}
		if form != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		req.Header.Set("Accept-Language", "en")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		out, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(out)
	}
	path, token, _ := strings.Cut(enter, "?")
	if status, body := fetch(http.MethodPost, path, token); status != http.StatusSeeOther {
		t.Fatalf("signing in: %d %s", status, body)
	}
	return fetch
}

func TestSearchPages(t *testing.T) {
	casestoretest.Each(t, func(t *testing.T, db *casestore.DB) {
		service, err := auth.New(t.Context(), db, auth.Config{Lang: "en"})
		if err != nil {
			t.Fatal(err)
		}
		s := searchServer(t, service, db)
		site := httptest.NewServer(s)
		defer site.Close()
		fetch := reader(t, service, site.URL, auth.Analyst)

		for _, c := range []struct {
			path, want, not string
			status          int
		}{
			{"/search", "第 199 報", "private_person", 200},
			{"/search?q=%E5%87%A6%E7%90%86%E6%B0%B4+platform%3Ax", "第 198 報", "第 199 報", 200},
			{"/search?q=platform%3Ax", "acc-", "Hidden Name", 200},
			{"/search?q=%22open", "quotation", "第 199 報", 422},
			{"/search?q=nothing-like-it", "No posts match", "第 1 報", 200},
			{"/search?at=nonsense", "names no place", "", 422},
			{"/search/volume?q=lang%3Ako", "66 posts", "", 200},
			{"/search/volume?by=lang", "data-chart", "<script>document", 200},
			{"/search/export", "parquet", "private_person", 200},
			{"/posts/zz", "", "", 404},
			{"/accounts/acc-0000-0000-0000", "", "", 404},
		} {
			status, body := fetch(http.MethodGet, c.path, "")
			if status != c.status || !strings.Contains(body, c.want) || c.not != "" && strings.Contains(body, c.not) {
				t.Errorf("%s: %d, want %d with %q and without %q\n%.3000s", c.path, status, c.status, c.want, c.not, body)
			}
		}
		key := postLink(poststore.KeyFor("x", "9006"))
		if status, body := fetch(http.MethodGet, key, ""); status != 200 || strings.Contains(body, "private_person") {
			t.Errorf("a post's page: %d, or it names a person:\n%.3000s", status, body)
		}
		for _, f := range []string{"csv", "ndjson", "parquet"} {
			status, body := fetch(http.MethodPost, "/search/export?q=platform%3Ax", "format="+f)
			if status != 200 || len(body) < 1000 || strings.Contains(body, "private_person") {
				t.Errorf("export as %s: %d, %d bytes, or it names a person", f, status, len(body))
			}
		}
		if status, _ := fetch(http.MethodPost, "/search/saved", "name=Water&q=lang%3Aja"); status != http.StatusSeeOther {
			t.Errorf("saving a search: %d", status)
		}
		if _, body := fetch(http.MethodGet, "/search", ""); !strings.Contains(body, ">Water<") {
			t.Error("the saved search is not on the page")
		}
		viewer := reader(t, service, site.URL, auth.Viewer)
		for _, path := range []string{"/search/export", key + "/raw"} {
			if status, _ := viewer(http.MethodGet, path, ""); status != http.StatusForbidden {
				t.Errorf("a viewer gets %d at %s", status, path)
			}
		}
		if status, body := viewer(http.MethodGet, "/search", ""); status != 200 || strings.Contains(body, "/search/export") {
			t.Errorf("a viewer's search: %d, or it offers an export", status)
		}
	})
}
