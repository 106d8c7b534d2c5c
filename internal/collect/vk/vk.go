// Package vk collects from VK by its API: the search over public posts
// (newsfeed.search) and the walls of users and communities (wall.get).
//
// A post goes by owner_post, as in its address vk.com/wall-1_2. What a post
// repeats (copy_history) is stated by id and kept in the raw record; the
// repeated post is not collected on its own.
package vk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
)

const (
	platform = "vk"
	address  = "https://api.vk.com/method"
	version  = "5.199"
	// found and shown are how many posts an answer has at most, most how
	// many a search gives in all its pages.
	found, shown, most = 200, 100, 1000
	// overlap is how far back a search or wall is read over what was read
	// before: posts become visible late.
	overlap = 10 * time.Minute
	// perSecond is how many requests VK takes a second with a user's token.
	perSecond = 3
)

// Kind is VK as a kind of source.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "vk", Platform: platform,
		Settings: []collect.Setting{
			{Key: "token", Type: collect.TextSetting, Required: true, Secret: true},
			{Key: "queries", Type: collect.ListSetting},
			{Key: "walls", Type: collect.ListSetting},
			{Key: "every", Type: collect.DurationSetting, Default: "5m"},
			{Key: "lookback", Type: collect.DurationSetting, Default: "24h"},
			poll.BaseSetting(address),
		},
		Terms: &collect.Terms{
			Platform: platform, Rates: map[string]collect.Rate{"": {Requests: perSecond, Per: time.Second}},
			Source: "https://dev.vk.com/rules",
		},
		Open: open,
	}
}

// wallName is a wall: the number of a user, with '-' that of a community, or a
// short name.
var wallName = regexp.MustCompile(`^(-?[0-9]{1,18}|[A-Za-z_][A-Za-z0-9_.]{1,63})$`)

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	api, err := poll.New(env, v, address)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	s := &source{api: api, token: v.Text("token"), queries: v.List("queries"), pace: poll.Pace{Every: time.Second/perSecond + time.Millisecond}}
	if s.token == "" {
		return nil, &collect.SettingError{Key: "token", Err: errors.New("it is needed")}
	}
	for _, w := range v.List("walls") {
		w = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(w, "https://"), "vk.com/"), "@")
		if !wallName.MatchString(w) {
			return nil, &collect.SettingError{Key: "walls", Err: errors.New("a number such as -1 or a short name such as example is needed on each line")}
		}
		s.walls = append(s.walls, w)
	}
	for _, list := range []*[]string{&s.queries, &s.walls} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if len(s.queries)+len(s.walls) == 0 {
		return nil, &collect.SettingError{Key: "queries", Err: errors.New("a query or a wall is needed")}
	}
	if s.every, err = v.Duration("every", 5*time.Minute); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back, err = v.Duration("lookback", 24*time.Hour); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	return s, nil
}

type source struct {
	api            *poll.API
	token          string
	queries, walls []string
	every, back    time.Duration
	pace           poll.Pace
}

// walk is how far a search or wall has been read, newest first: Since holds
// only once the last page is there. Times are in Unix seconds.
type walk struct {
	Since int64 `json:"since,omitempty"`
	// Until is where the walk began, End where this part of it begins: a
	// search that has more than it gives goes on before the oldest it gave.
	Until  int64 `json:"until,omitempty"`
	End    int64 `json:"end,omitempty"`
	Oldest int64 `json:"oldest,omitempty"`
	Seen   int   `json:"seen,omitempty"`
	// Next is where a search goes on, Offset where a wall does.
	Next   string `json:"next,omitempty"`
	Offset int    `json:"offset,omitempty"`
}

type cursor struct {
	Queries map[string]walk `json:"queries"`
	Walls   map[string]walk `json:"walls"`
}

type run struct {
	*source
	to collect.Sink
	at cursor
}

// Collect reads what is new by search and on walls, again and again.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	r := &run{source: s, to: to}
	var was cursor
	if err := poll.ReadCursor(from, &was); err != nil {
		return err //nolint:wrapcheck // a configuration error
	}
	first := s.api.Clock.Now().Add(-s.back).Unix()
	take := func(names []string, was map[string]walk) map[string]walk {
		out := make(map[string]walk, len(names))
		for _, n := range names {
			w, ok := was[n]
			if !ok {
				w.Since = first
			}
			out[n] = w
		}
		return out
	}
	r.at = cursor{take(s.queries, was.Queries), take(s.walls, was.Walls)}
	return poll.Loop(ctx, s.api.Clock, to, max(s.every, 10*time.Second), r.pass) //nolint:wrapcheck // the pass's own
}

func (r *run) pass(ctx context.Context) error {
	for _, q := range r.queries {
		if err := r.search(ctx, q); err != nil {
			return fmt.Errorf("searching: %w", err)
		}
	}
	for _, w := range r.walls {
		err := r.wall(ctx, w)
		if refused, ok := errors.AsType[*Error](err); ok && refused.oneWall() {
			r.to.Note(collect.Note{Err: err}) // the others are still there
			continue
		}
		if err != nil {
			return fmt.Errorf("reading a wall: %w", err)
		}
	}
	return nil
}

// search reads what is new for one query, a page at a time.
func (r *run) search(ctx context.Context, q string) error {
	for {
		w := r.at.Queries[q]
		since := w.Since - int64(overlap/time.Second)
		if w.Until == 0 {
			w.Until = r.api.Clock.Now().Unix()
			w.End = w.Until
		}
		params := url.Values{
			"q": {q}, "count": {strconv.Itoa(found)}, "extended": {"1"},
			"start_time": {strconv.FormatInt(since, 10)}, "end_time": {strconv.FormatInt(w.End, 10)},
		}
		if w.Next != "" {
			params.Set("start_from", w.Next)
		}
		v, err := r.call(ctx, "newsfeed.search", params)
		if err != nil {
			return err
		}
		posts, n, oldest := r.read(v)
		w.Seen += n
		if oldest != 0 && (w.Oldest == 0 || oldest < w.Oldest) {
			w.Oldest = oldest
		}
		next := v.Get("next_from").String()
		done := false
		switch {
		case n > 0 && next != "" && next != w.Next:
			w.Next = next
		case w.Seen >= most-found && w.Oldest > since && w.Oldest < w.End:
			w = walk{Since: w.Since, Until: w.Until, End: w.Oldest} // there are more than a search gives
		default:
			w, done = walk{Since: max(w.Since, w.Until)}, true
		}
		r.at.Queries[q] = w
		if err := r.put(ctx, posts); err != nil || done {
			return err
		}
	}
}

// wall reads what is new on one wall. A wall that grows while it is read shows
// some posts again.
func (r *run) wall(ctx context.Context, name string) error {
	for {
		w := r.at.Walls[name]
		since := w.Since - int64(overlap/time.Second)
		if w.Until == 0 {
			w.Until = r.api.Clock.Now().Unix()
		}
		params := url.Values{"count": {strconv.Itoa(shown)}, "offset": {strconv.Itoa(w.Offset)}, "extended": {"1"}}
		if _, err := strconv.ParseInt(name, 10, 64); err == nil {
			params.Set("owner_id", name)
		} else {
			params.Set("domain", name)
		}
		v, err := r.call(ctx, "wall.get", params)
		if err != nil {
			return err
		}
		posts, n, oldest := r.read(v)
		posts = slices.DeleteFunc(posts, func(p post.Post) bool { return p.Time.Unix() < since })
		w.Offset += n
		done := n == 0 || oldest < since || int64(w.Offset) >= v.Get("count").Int()
		if done {
			w = walk{Since: max(w.Since, w.Until)}
		}
		r.at.Walls[name] = w
		if err := r.put(ctx, posts); err != nil || done {
			return err
		}
	}
}

func (r *run) put(ctx context.Context, posts []post.Post) error {
	b, err := json.Marshal(r.at)
	if err != nil {
		return fmt.Errorf("writing the cursor: %w", err)
	}
	return r.to.Put(ctx, collect.Batch{Posts: posts, Cursor: b}) //nolint:wrapcheck // the runner's
}

// read reads the posts of an answer; n is how many it has, oldest the time of
// the oldest that is not pinned above the others.
func (r *run) read(v gjson.Result) (posts []post.Post, n int, oldest int64) {
	posts, n = parse(v)
	v.Get("items").ForEach(func(_, item gjson.Result) bool {
		if d := item.Get("date").Int(); d > 0 && item.Get("is_pinned").Int() == 0 && (oldest == 0 || d < oldest) {
			oldest = d
		}
		return true
	})
	if n > len(posts) {
		r.to.Note(collect.Note{Err: &poll.FormatError{Where: r.api.Base, Why: fmt.Sprintf("%d posts could not be read", n-len(posts))}})
	}
	return posts, n, oldest
}

// call asks for a method's response. The token goes in the body, where no log
// of addresses has it.
func (r *run) call(ctx context.Context, method string, params url.Values) (gjson.Result, error) {
	if err := r.pace.Wait(ctx, r.api.Clock); err != nil {
		return gjson.Result{}, err //nolint:wrapcheck // says what
	}
	params.Set("v", version)
	params.Set("access_token", r.token)
	a, err := r.api.Ask(ctx, poll.Call{
		Method: http.MethodPost, Path: "/" + method, Body: []byte(params.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
	if err != nil {
		return gjson.Result{}, poll.Configured(err) //nolint:wrapcheck // says where
	}
	r.to.Note(collect.Note{Contact: true})
	if e := a.JSON.Get("error"); e.Exists() {
		return gjson.Result{}, refusal(method, int(e.Get("error_code").Int()), r.api.Clock.Now())
	}
	v := a.JSON.Get("response")
	if !v.Get("items").IsArray() {
		return v, &poll.FormatError{Where: r.api.Base + "/" + method, Why: "the answer has no list of posts"}
	}
	return v, nil
}
