package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// gallery is a page of all parts, for tests alone.
type gallery struct {
	s     *Server
	done  atomic.Int64 // presses of e
	begun time.Time
}

// galleryRoutes are its addresses.
func (g *gallery) routes(s *Server) []Route {
	g.s, g.begun = s, time.Date(2026, 11, 23, 3, 4, 5, 0, time.UTC)
	return []Route{
		{Method: "GET", Pattern: "/inbox", Action: auth.OwnSettings, Handler: g.page},
		{Method: "GET", Pattern: "/coordination", Action: auth.FindingRead, Handler: g.page},
		{Method: "GET", Pattern: "/search", Action: auth.PostRead, Handler: g.page},
		{Method: "GET", Pattern: "/detections", Action: auth.DetectionRead, Handler: g.page},
		{Method: "GET", Pattern: "/sources", Action: auth.SourceRead, Handler: g.page},
		{Method: "POST", Pattern: "/gallery/{id}/done", Action: auth.OwnSettings, Handler: g.finish},
		{Method: "POST", Pattern: "/gallery/undo", Action: auth.OwnSettings, Handler: g.undo},
		{Method: "POST", Pattern: "/gallery/bulk", Action: auth.OwnSettings, Handler: g.bulk},
		{Method: "POST", Pattern: "/gallery/{id}/assign", Action: auth.OwnSettings, Handler: func(http.ResponseWriter, *http.Request) error { return invalid("auth.name.bad") }},
		{Method: "GET", Pattern: "/gallery/events", Action: auth.OwnSettings, Timeout: -1, Handler: g.events},
		{Method: "GET", Pattern: "/gallery/panic", Action: auth.OwnSettings, Handler: func(http.ResponseWriter, *http.Request) error { panic("here") }},
		{Method: "GET", Pattern: "/gallery/secret", Action: auth.LogRead, Handler: g.page},
	}
}

func (g *gallery) row(r *http.Request, i int) Row {
	id := fmt.Sprint(i)
	var v []float64
	for h := range 24 {
		v = append(v, math.Max(0, math.Round(10*math.Sin(float64(h*i)/5)+5)))
	}
	return Row{
		ID: id, Link: "/inbox?open=" + id, Panel: with(r, "open", id), Level: []string{"", "low", "middle", "high"}[i%4], LevelText: "Level",
		Title: []string{
			"7 つのアカウントが、同じ URL を平均 42 秒差で 31 回共有しました。",
			"Twelve accounts posted near-identical text in three languages within four minutes.",
			"\u202eDrowssap\u202c <script>alert(1)</script> عربي",
		}[i%3],
		Sub: "url, text · 2026-11-22 – 2026-11-23",
		Facts: []Fact{
			{Name: "Accounts", Value: "7"},
			{Name: "Posts", Value: "218", Link: "/search"},
			{Name: "q", Value: "0.0003"},
		},
		Spark: &Sparkline{Values: v, Label: "24 h: 120"}, Time: g.begun.Add(-time.Duration(i) * time.Hour),
		Owner: []string{"", "明石"}[i%2], State: []string{"New", ""}[i%2], New: i%2 == 0, Open: r.URL.Query().Get("open") == id,
		Keys: map[string]string{"e": "/gallery/" + id + "/done", "a": "/gallery/" + id + "/assign"},
	}
}

func (g *gallery) page(w http.ResponseWriter, r *http.Request) error {
	type number struct {
		Name  string
		Posts int
		At    time.Time
	}
	list := List{ID: "list", Label: "Findings", Action: "/gallery/bulk", Do: []Choice{{Value: "done", Label: "Done", Icon: "check", Key: "e", Main: true}, {Value: "dismiss", Label: "Dismiss", Icon: "x"}}}
	for i := range 6 {
		list.Rows = append(list.Rows, g.row(r, i))
	}
	pager, _ := pagerOf(r, 1234, pageSize)
	chart := map[string]any{"step": 3600, "zone": "Asia/Tokyo"}
	var x []int64
	var a, b []int
	for h := range 72 {
		x = append(x, g.begun.Add(time.Duration(h)*time.Hour).Unix())
		a, b = append(a, 20+(h*7)%13), append(b, (h*h)%29)
	}
	chart["x"] = x
	chart["series"] = []map[string]any{{"label": "x", "values": a}, {"label": "telegram", "values": b}}
	chart["marks"] = []map[string]any{{"x": x[30], "label": "Statement"}}
	type node map[string]any
	network := map[string]any{
		"nodes": []node{{"id": "a", "label": "A", "x": 0, "y": 0, "size": 8, "group": 1}, {"id": "b", "label": "B", "x": 1, "y": 1, "size": 5, "group": 2}},
		"edges": []node{{"source": "a", "target": "b", "weight": 4}},
	}
	p := Page{Title: "Gallery", Wide: true, Data: map[string]any{
		"At": g.begun, "List": list, "Pager": pager, "Chart": chart, "Network": network,
		"Filter": Filter{
			Action: "/inbox", Query: r.URL.Query().Get("q"), Label: "Filter", Hint: "lang:ja source:telegram", Count: "1,234 posts", Save: "/gallery/bulk",
			Fields: []Completion{{"lang:", "Language"}}, Chips: []Chip{{Text: "lang:ja", Without: "/inbox"}, {Text: "\u202eevil", Without: "/inbox"}},
		},
		"Table":    tableOf(r, "Accounts", "-posts", Column{Key: "name", Label: "Account", Sorts: true}, Column{Key: "posts", Label: "Posts", Number: true, Sorts: true, Falls: true}, Column{Key: "at", Label: "Last"}),
		"Numbers":  []number{{"うみねこ-431", 12345, g.begun}, {"<b>bold</b>", 7, g.begun}},
		"Posts":    hostile(),
		"Progress": Progress{ID: "job", Label: "Import", Done: 40, Of: 100, State: "running", Events: "/gallery/events"},
		"Empty":    Empty{Icon: "inbox", What: "Nothing is waiting.", Why: "All findings have been looked at.", Link: "/detections", Next: "Detections"},
	}}
	if open := r.URL.Query().Get("open"); open != "" {
		p.Panel, p.PanelData, p.Close = "gallery-panel", open, with(r, "open", "")
	}
	return g.s.page(w, r, "gallery", p)
}

func (g *gallery) finish(w http.ResponseWriter, r *http.Request) error {
	g.done.Add(1)
	row := g.row(r, 1)
	row.ID, row.State = r.PathValue("id"), "Done!"
	return g.s.done(w, r, Done{To: "/inbox", Key: "auth.settings.saved", Undo: "/gallery/undo", Fields: map[string]string{"id": row.ID}, Part: "row", PartData: map[string]any{"Row": row, "Boxes": "/gallery/bulk"}})
}

func (g *gallery) undo(w http.ResponseWriter, r *http.Request) error {
	g.done.Add(-1)
	return g.s.done(w, r, Done{To: "/inbox", Key: "auth.settings.sessions.ended", Args: []any{"count", len(r.PostFormValue("id"))}})
}

func (g *gallery) bulk(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	return g.s.done(w, r, Done{To: "/inbox", Key: "auth.settings.sessions.ended", Args: []any{"count", len(r.PostForm["id"])}})
}

func (g *gallery) events(w http.ResponseWriter, r *http.Request) error {
	return g.s.events(w, r, func(_ context.Context, send func(string, any) error) error {
		if err := send("progress", `<div class="progress done" id="job"><p><b>Import</b> 100 / 100</p></div>`); err != nil {
			return err
		}
		return send("done", "")
	})
}

// hostile are posts that try what posts can try.
func hostile() []PostCard {
	at := time.Date(2026, 11, 23, 3, 4, 5, 0, time.UTC)
	texts := []string{
		"処理水の放出に関する投稿の見本です。すべて架空の内容です。\n二行目。 https://sample.example/a",
		`<script>document.title='broken'</script><img src=x onerror="alert(1)"><svg onload=alert(2)><style>*{display:none}</style>`,
		"</p></div></article><h1>escaped</h1>{{.}}&lt;b&gt;&amp;",
		"safe \u202egnp.exe\u202c \u2066isolated\u2069 zero\u200bwidth \ufeff nul\x00 bell\x07 tag\U000E0041\U000E0042",
		"invalid \xff\xfe\x80 utf-8 \xf0\x28\x8c\x28",
		"Z" + strings.Repeat("\u0351\u0489\u0337", 400) + "algo",
		strings.Repeat("mega ", 200_000),
		strings.Repeat("W", 5000),
		"مرحبا بالعالم، هذا نص تجريبي with English inside. שלום",
		"👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 नमस्ते สวัสดี",
	}
	var out []PostCard
	for i, text := range texts {
		p := poststore.Post{Post: post.Post{
			Platform: "telegram", ID: fmt.Sprint(i), Text: text, Time: at, Lang: []string{"ja", "en", "x\"onclick=alert(1)", "ar"}[i%4],
			Links:    []post.Link{{URL: "javascript:alert(3)"}, {URL: "https://tracker.example/?q=" + strings.Repeat("a", 300)}, {URL: "https://\u202eexample.test/"}},
			Hashtags: []string{"処理水", "<i>tag</i>"}, URL: "https://t.example/c/1", Media: []post.Media{{URL: "https://media.example/1.jpg"}}, Synthetic: true,
		}, Alias: "うみねこ-431", Key: poststore.Key(uint64(i)), Version: 1, Versions: 2, Seen: at}
		c := cardOf(p)
		if i == 0 {
			c.Why, c.Translation, c.By = "It shares the same address as 6 others.", "A sample post about the release of treated water. All of it is made up.", "made-up engine"
		}
		out = append(out, c)
	}
	gone := cardOf(poststore.Post{Post: post.Post{Platform: "x", ID: "gone", Time: at, RepostOf: "1"}, Alias: "とび-9", Key: 99, Deleted: at})
	return append(out, gone)
}

// newGallery serves the parts for tests.
func newGallery(t *testing.T, a *auth.Service) (*Server, *gallery) {
	t.Helper()
	g := &gallery{}
	s, err := newServer(Deps{Auth: a, Workspace: "影響工作分析室", TLP: "AMBER", Version: "test", Lang: "ja"}, os.DirFS("testdata"), g.routes)
	if err != nil {
		t.Fatal(err)
	}
	return s, g
}
