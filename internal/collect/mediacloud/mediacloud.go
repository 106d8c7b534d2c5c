// Package mediacloud collects which articles Media Cloud found in the
// collections of outlets that it follows: titles, addresses and outlets, not
// the articles' text, which Media Cloud does not pass on.
//
// It reads window after window of the time at which Media Cloud indexed an
// article, which is when it becomes visible: the date of publication is a day
// without a time, and an article may be found weeks after it.
//
// Posts are of the platform "web"; the account is the outlet's domain, the id
// the article's canonical address.
package mediacloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
)

const (
	address  = "https://search.mediacloud.org/api"
	endpoint = "/search/story-list"
	// page is how many articles an answer has at most.
	page = 1000
	// window is the longest time that is asked for at once. overlap is how
	// far back each window goes over the one before: an index shows what is
	// added to it a little later.
	window, overlap = 24 * time.Hour, 30 * time.Minute
	// late is how long after its publication an article may be found;
	// trusted is how long after it the time of indexing still stands for it.
	late, trusted = 30 * 24 * time.Hour, 48 * time.Hour
	// between is the least time between requests (2 in a minute).
	between = 30 * time.Second
	stamp   = "2006-01-02T15:04:05"
)

// Kind is Media Cloud as a kind of source.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "mediacloud", Platform: "web",
		Settings: []collect.Setting{
			{Key: "token", Type: collect.TextSetting, Required: true, Secret: true},
			{Key: "query", Type: collect.TextSetting, Required: true},
			{Key: "collections", Type: collect.ListSetting},
			{Key: "outlets", Type: collect.ListSetting},
			{Key: "every", Type: collect.DurationSetting, Default: "1h"},
			{Key: "lookback", Type: collect.DurationSetting, Default: "24h"},
			poll.BaseSetting(address),
		},
		Terms: &collect.Terms{
			Platform: "web", Rates: map[string]collect.Rate{"": {Requests: 2, Per: time.Minute}},
			Source: "https://www.mediacloud.org/legal/terms-of-use",
		},
		Open: open,
	}
}

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	api, err := poll.New(env, v, address)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	s := &source{api: api, query: v.Text("query"), pace: poll.Pace{Every: between}}
	token := v.Text("token")
	switch {
	case token == "":
		return nil, &collect.SettingError{Key: "token", Err: errors.New("it is needed")}
	case s.query == "":
		return nil, &collect.SettingError{Key: "query", Err: errors.New("it is needed")}
	}
	api.Header.Set("Authorization", "Token "+token)
	for key, to := range map[string]*string{"collections": &s.collections, "outlets": &s.outlets} {
		for _, id := range v.List(key) {
			if _, err := strconv.ParseUint(id, 10, 63); err != nil {
				return nil, &collect.SettingError{Key: key, Err: errors.New("a Media Cloud number such as 34412234 is needed on each line")}
			}
		}
		*to = strings.Join(v.List(key), ",")
	}
	if s.every, err = v.Duration("every", time.Hour); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back, err = v.Duration("lookback", 24*time.Hour); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.back > 366*24*time.Hour {
		return nil, &collect.SettingError{Key: "lookback", Err: errors.New("it is at most a year")}
	}
	return s, nil
}

type source struct {
	api                         *poll.API
	query, collections, outlets string
	every, back                 time.Duration
	pace                        poll.Pace
}

// cursor is until when all has been read, and where the window that is being
// read stands: it begins at Begin, ends at End and goes on at Token.
type cursor struct {
	Until time.Time `json:"until"`
	Begin time.Time `json:"begin,omitzero"`
	End   time.Time `json:"end,omitzero"`
	Token string    `json:"token,omitempty"`
}

// Collect reads one window after another, a page at a time.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	var at cursor
	if err := poll.ReadCursor(from, &at); err != nil {
		return err //nolint:wrapcheck // a configuration error
	}
	if at.Until.IsZero() {
		at.Until = s.api.Clock.Now().Add(-s.back).UTC().Truncate(time.Second)
	}
	return poll.Loop(ctx, s.api.Clock, to, max(s.every, time.Minute), func(ctx context.Context) error { //nolint:wrapcheck // the pass's own
		now := s.api.Clock.Now().UTC().Truncate(time.Second)
		for at.Until.Before(now) || at.Token != "" {
			if at.Token == "" {
				at.Begin, at.End = at.Until.Add(-overlap), at.Until.Add(window)
				if at.End.After(now) {
					at.End = now
				}
			}
			posts, next, err := s.page(ctx, to, at)
			if refusal, ok := errors.AsType[*poll.RefusalError](err); ok && refusal.Code == http.StatusBadRequest && at.Token != "" {
				at.Token = "" // it is too old: begin this window again
				continue
			}
			if err != nil {
				return poll.Configured(err) //nolint:wrapcheck // says where
			}
			if next != "" && next == at.Token {
				return &poll.FormatError{Where: s.api.Base + endpoint, Why: "a page is followed by itself"}
			}
			if at.Token = next; next == "" {
				at = cursor{Until: at.End}
			}
			b, err := json.Marshal(at)
			if err != nil {
				return fmt.Errorf("writing the cursor: %w", err)
			}
			if err := to.Put(ctx, collect.Batch{Posts: posts, Cursor: b}); err != nil {
				return err //nolint:wrapcheck // the runner's
			}
		}
		return nil
	})
}

// page asks for a page of the window that the cursor states.
func (s *source) page(ctx context.Context, to collect.Sink, at cursor) ([]post.Post, string, error) {
	if err := s.pace.Wait(ctx, s.api.Clock); err != nil {
		return nil, "", err //nolint:wrapcheck // says what
	}
	q := url.Values{
		"p": {"onlinenews-mediacloud"}, "page_size": {strconv.Itoa(page)},
		"q":     {fmt.Sprintf("(%s) AND indexed_date:[%s TO %s]", s.query, at.Begin.Format(stamp), at.End.Format(stamp))},
		"start": {at.Begin.Add(-late).Format(time.DateOnly)}, "end": {at.End.Add(24 * time.Hour).Format(time.DateOnly)},
	}
	for key, value := range map[string]string{"cs": s.collections, "ss": s.outlets, "pagination_token": at.Token} {
		if value != "" {
			q.Set(key, value)
		}
	}
	a, err := s.api.Ask(ctx, poll.Call{Path: endpoint, Query: q})
	if err != nil {
		return nil, "", err //nolint:wrapcheck // says where
	}
	to.Note(collect.Note{Contact: true})
	if !a.JSON.Get("stories").IsArray() {
		return nil, "", &poll.FormatError{Where: s.api.Base + endpoint, Why: "the answer has no list of articles"}
	}
	posts, n := parse(a.JSON)
	if bad := n - len(posts); bad > 0 {
		to.Note(collect.Note{Err: &poll.FormatError{Where: s.api.Base + endpoint, Why: fmt.Sprintf("%d articles could not be read", bad)}})
	}
	return posts, a.JSON.Get("pagination_token").String(), nil
}

// parse reads an answer; n is how many articles it has, readable or not.
func parse(v gjson.Result) (posts []post.Post, n int) {
	v.Get("stories").ForEach(func(_, a gjson.Result) bool {
		n++
		given := a.Get("url").String()
		id, err := normalise.URL(given)
		at, ok := when(a)
		domain := normalise.Domain(a.Get("media_name").String()) // names are domains
		if domain == "" {
			domain = normalise.Domain(id)
		}
		if err != nil || !ok || domain == "" {
			return true
		}
		posts = append(posts, post.Post{
			Platform: "web", ID: id, URL: given, Account: post.Account{ID: domain, Handle: domain}, Time: at,
			Text: a.Get("title").String(), Lang: a.Get("language").String(),
			Links: []post.Link{}, Hashtags: []string{}, Mentions: []string{}, Raw: []byte(a.Raw),
		})
		return true
	})
	return posts, n
}

// when gives the time of an article: when it was indexed, since publication is
// a day without a time of day; that day where indexing came long after it.
func when(a gjson.Result) (at time.Time, ok bool) {
	day, err1 := time.Parse(time.DateOnly, a.Get("publish_date").String())
	indexed, err2 := stated(a.Get("indexed_date").String())
	switch {
	case err2 == nil && (err1 != nil || indexed.Sub(day) < trusted):
		return indexed, true
	case err1 == nil:
		return day, true
	}
	at, err := stated(a.Get("publish_date").String())
	return at, err == nil
}

// stated reads a time with or without a zone, which is UTC where it is not there.
func stated(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	return time.Parse(stamp, strings.Replace(s, " ", "T", 1)) //nolint:wrapcheck // only whether
}
