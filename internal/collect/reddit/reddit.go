// Package reddit collects from Reddit by its API: what is new in communities,
// posts and comments, and what a search finds anywhere.
//
// Lists are read from their newest entry back to what was read before. They are
// not read on from the newest entry known (the parameter "before"): Reddit
// answers that with nothing once that entry is deleted.
//
// Reddit asks to delete what its users delete. A post or comment that is stated
// as deleted or removed becomes a deletion; those brought lately are looked up
// again each hour to learn of it.
package reddit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

const (
	platform = "reddit"
	address  = "https://oauth.reddit.com"
	login    = "https://www.reddit.com"
	// perMinute is how many requests Reddit takes in a minute from a client.
	perMinute = 100
	// page is how many entries an answer has at most.
	page = 100
	// overlap is how far back a list is read over what was read before.
	overlap = 10 * time.Minute
	// remembered is how many posts are looked up again, and looked is how
	// often.
	remembered, looked = 1000, time.Hour
)

// Kind is Reddit as a kind of source.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "reddit", Platform: platform,
		Settings: []collect.Setting{
			{Key: "client_id", Type: collect.TextSetting, Required: true},
			{Key: "client_secret", Type: collect.TextSetting, Required: true, Secret: true},
			{Key: "username", Type: collect.TextSetting, Required: true},
			{Key: "communities", Type: collect.ListSetting},
			{Key: "comments", Type: collect.BoolSetting},
			{Key: "queries", Type: collect.ListSetting},
			{Key: "every", Type: collect.DurationSetting, Default: "2m"},
			{Key: "lookback", Type: collect.DurationSetting, Default: "24h"},
			poll.BaseSetting(address),
			{Key: "login", Type: collect.AddressSetting, Default: login},
		},
		Terms: &collect.Terms{
			Platform: platform, Rates: map[string]collect.Rate{"": {Requests: perMinute, Per: time.Minute}},
			Source: "https://redditinc.com/policies/data-api-terms",
		},
		Open: open,
	}
}

var (
	communityName = regexp.MustCompile(`^[A-Za-z0-9_]{2,24}$`)
	userName      = regexp.MustCompile(`^[A-Za-z0-9_-]{3,20}$`)
)

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	api, err := poll.New(env, v, address)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	door, err := poll.New(env, collect.Values{"base": v.Text("login")}, login)
	if err != nil {
		return nil, &collect.SettingError{Key: "login", Err: errors.New("an address such as https://www.reddit.com is needed")}
	}
	s := &source{api: api, door: door, id: v.Text("client_id"), secret: v.Text("client_secret"), pace: poll.Pace{Every: time.Minute / perMinute}}
	for key, value := range map[string]string{"client_id": s.id, "client_secret": s.secret} {
		if value == "" {
			return nil, &collect.SettingError{Key: key, Err: errors.New("it is needed")}
		}
	}
	user := strings.TrimPrefix(v.Text("username"), "u/")
	if !userName.MatchString(user) {
		return nil, &collect.SettingError{Key: "username", Err: errors.New("the name of the Reddit account that answers for this client is needed")}
	}
	// The form that Reddit asks for.
	api.Header.Set("User-Agent", "server:akashi:1 (by /u/"+user+")")
	door.Header = api.Header.Clone()
	for _, name := range v.List("communities") {
		name = strings.TrimPrefix(strings.TrimPrefix(name, "/"), "r/")
		if !communityName.MatchString(name) {
			return nil, &collect.SettingError{Key: "communities", Err: errors.New("a name such as example is needed on each line")}
		}
		s.lists = append(s.lists, "/r/"+strings.ToLower(name)+"/new")
		if v.Bool("comments") {
			s.lists = append(s.lists, "/r/"+strings.ToLower(name)+"/comments")
		}
	}
	for _, q := range v.List("queries") {
		if len(q) > 512 {
			return nil, &collect.SettingError{Key: "queries", Err: errors.New("a query may have at most 512 bytes")}
		}
		s.lists = append(s.lists, "/search?"+url.Values{"q": {q}, "type": {"link"}, "sort": {"new"}}.Encode())
	}
	slices.Sort(s.lists)
	if s.lists = slices.Compact(s.lists); len(s.lists) == 0 {
		return nil, &collect.SettingError{Key: "communities", Err: errors.New("a community or a query is needed")}
	}
	if s.every, err = v.Duration("every", 2*time.Minute); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back, err = v.Duration("lookback", 24*time.Hour); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	return s, nil
}

// source is Reddit as a source of posts. lists are the paths of what is read.
type source struct {
	api, door   *poll.API
	id, secret  string
	lists       []string
	every, back time.Duration
	pace        poll.Pace
}

// walk is how far a list has been read, newest first: Since holds only once the
// last page is there. Times are in Unix seconds.
type walk struct {
	Since int64  `json:"since,omitempty"`
	Until int64  `json:"until,omitempty"`
	After string `json:"after,omitempty"`
	// Again says that this walk began again, since the entry that it was to
	// go on after had been deleted.
	Again bool `json:"again,omitempty"`
}

// cursor is a walk for each list, and what is to be looked up again.
type cursor struct {
	Lists  map[string]walk `json:"lists"`
	Recent []string        `json:"recent,omitempty"`
	Looked int64           `json:"looked,omitempty"`
}

type run struct {
	*source
	to     collect.Sink
	at     cursor
	token  string
	until  time.Time // of the token
	window poll.Window
	done   int // how many of Recent this look has seen
}

// Collect reads the lists again and again.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	r := &run{source: s, to: to}
	if err := poll.ReadCursor(from, &r.at); err != nil {
		return err //nolint:wrapcheck // a configuration error
	}
	was := r.at.Lists
	r.at.Lists = make(map[string]walk, len(s.lists))
	for _, l := range s.lists {
		w, ok := was[l]
		if !ok {
			w.Since = s.api.Clock.Now().Add(-s.back).Unix()
		}
		r.at.Lists[l] = w
	}
	if r.at.Looked == 0 {
		r.at.Looked = s.api.Clock.Now().Unix()
	}
	return poll.Loop(ctx, s.api.Clock, to, max(s.every, 10*time.Second), r.pass) //nolint:wrapcheck // the pass's own
}

func (r *run) pass(ctx context.Context) error {
	for _, l := range r.lists {
		err := r.list(ctx, l)
		if refusal, ok := errors.AsType[*poll.RefusalError](err); ok && collect.KindOf(err) == "status" && strings.HasPrefix(l, "/r/") {
			// Closed (403), banned (404), or none of that name (302).
			if refusal.Code == 403 || refusal.Code == 404 || refusal.Code == 302 {
				r.to.Note(collect.Note{Err: err})
				continue
			}
		}
		if err != nil {
			return poll.Configured(err) //nolint:wrapcheck // says where
		}
	}
	if r.api.Clock.Now().Unix()-r.at.Looked >= int64(looked/time.Second) {
		if err := r.look(ctx); err != nil {
			return poll.Configured(err) //nolint:wrapcheck // says where
		}
	}
	return nil
}

// list reads what is new in a list, a page at a time.
func (r *run) list(ctx context.Context, path string) error {
	for {
		w := r.at.Lists[path]
		since := w.Since - int64(overlap/time.Second)
		if w.Until == 0 {
			w.Until = r.api.Clock.Now().Unix()
		}
		path, query, _ := strings.Cut(path, "?")
		params, _ := url.ParseQuery(query) // our own
		params.Set("limit", strconv.Itoa(page))
		if w.After != "" {
			params.Set("after", w.After)
		}
		v, err := r.ask(ctx, path, params)
		if err != nil {
			return err
		}
		found := r.read(v)
		found.posts = slices.DeleteFunc(found.posts, func(p post.Post) bool { return p.Time.Unix() < since })
		next := v.Get("data.after").String()
		done := false
		switch {
		case found.n == 0 && w.After != "" && !w.Again:
			w.After, w.Again = "", true
		case found.n == 0, next == "", next == w.After, found.oldest < since:
			w, done = walk{Since: max(w.Since, w.Until)}, true
		default:
			w.After = next
		}
		r.at.Lists[key(path, query)] = w
		r.remember(found)
		if err := r.put(ctx, found); err != nil || done {
			return err
		}
	}
}

func key(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// remember notes what is to be looked up again: the newest that were brought.
func (r *run) remember(f found) {
	for i := range f.posts {
		if !slices.Contains(r.at.Recent, f.posts[i].ID) {
			r.at.Recent = append(r.at.Recent, f.posts[i].ID)
		}
	}
	if over := len(r.at.Recent) - remembered; over > 0 {
		r.at.Recent = r.at.Recent[over:]
		r.done = max(0, r.done-over)
	}
}

// look asks what became of what was brought lately. Only what Reddit says to be
// gone is gone, not what it leaves out.
func (r *run) look(ctx context.Context) error {
	for r.done < len(r.at.Recent) {
		some := r.at.Recent[r.done:min(r.done+page, len(r.at.Recent))]
		v, err := r.ask(ctx, "/api/info", url.Values{"id": {strings.Join(some, ",")}})
		if err != nil {
			return err
		}
		f := r.read(v)
		f.posts = nil // what changed is for the lists to bring
		gone := map[string]bool{}
		for _, d := range f.gone {
			gone[d.ID] = true
		}
		before := len(r.at.Recent)
		n := len(some)
		r.at.Recent = slices.DeleteFunc(r.at.Recent, func(id string) bool { return gone[id] })
		r.done += max(0, n-(before-len(r.at.Recent)))
		if err := r.put(ctx, f); err != nil {
			return err
		}
	}
	r.done, r.at.Looked = 0, r.api.Clock.Now().Unix()
	return r.put(ctx, found{})
}

func (r *run) put(ctx context.Context, f found) error {
	b, err := json.Marshal(r.at)
	if err != nil {
		return fmt.Errorf("writing the cursor: %w", err)
	}
	return r.to.Put(ctx, collect.Batch{Posts: f.posts, Deleted: f.gone, Cursor: b}) //nolint:wrapcheck // the runner's
}

// read reads a list; what cannot be read is noted.
func (r *run) read(v gjson.Result) found {
	f := parse(v)
	if bad := f.n - len(f.posts) - len(f.gone); bad > 0 {
		r.to.Note(collect.Note{Err: &poll.FormatError{Where: r.api.Base, Why: fmt.Sprintf("%d entries could not be read", bad)}})
	}
	return f
}

// found is what a list has: posts, those that are gone, how many entries it has
// at all, and the time of the oldest in Unix seconds.
type found struct {
	posts  []post.Post
	gone   []poststore.Deletion
	n      int
	oldest int64
}
