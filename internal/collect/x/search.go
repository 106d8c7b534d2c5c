package x

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/post"
)

// source is X as a source of posts.
type source struct {
	api         *poll.API
	id          string
	queries     []string
	stream      bool
	every, back time.Duration
	backfill    int64
	silence     time.Duration
}

// walk is how far the search of one query has been read. It answers newest
// first: Since holds only once the last page is there.
type walk struct {
	Since  uint64 `json:"since,omitempty"`
	Newest uint64 `json:"newest,omitempty"`
	Next   string `json:"next,omitempty"`
}

// cursor holds a walk for each query.
type cursor struct {
	Queries map[string]walk `json:"queries"`
}

// run is one run of a source.
type run struct {
	*source
	to                   collect.Sink
	at                   cursor
	search, rules, lines poll.Window
	connected            bool
}

// Collect searches again and again, or follows the stream.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	r := &run{source: s, to: to}
	if err := poll.ReadCursor(from, &r.at); err != nil {
		return err //nolint:wrapcheck // a configuration error
	}
	was := r.at.Queries
	r.at.Queries = make(map[string]walk, len(s.queries))
	for _, q := range s.queries {
		r.at.Queries[q] = was[q]
	}
	pass, every := r.catchUp, s.every
	if s.stream {
		pass, every = r.follow, time.Second
	}
	return poll.Loop(ctx, s.api.Clock, to, every, pass) //nolint:wrapcheck // the pass's own
}

// overlap is how far back a search goes over what was read before: posts are
// not indexed in the order of their ids.
const overlap = time.Minute

// epoch is the time from which ids count milliseconds, from their 22nd bit on.
const epoch = 1288834974657

func idTime(id uint64) time.Time { return time.UnixMilli(int64(id>>22) + epoch).UTC() } //nolint:gosec // 42 bits

// parts are the fields and expansions that posts are read from.
func parts() url.Values {
	return url.Values{
		"tweet.fields": {"attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities,id,in_reply_to_user_id,lang,note_tweet,public_metrics,referenced_tweets,text"},
		"expansions":   {"author_id,referenced_tweets.id,attachments.media_keys"},
		"user.fields":  {"id,name,username"},
		"media.fields": {"media_key,preview_image_url,type,url"},
	}
}

func (r *run) catchUp(ctx context.Context) error {
	for _, q := range r.queries {
		if err := r.searchOne(ctx, q); err != nil {
			return fmt.Errorf("searching: %w", err)
		}
	}
	return nil
}

// searchOne reads what is new for one query, a page at a time.
func (r *run) searchOne(ctx context.Context, q string) error {
	for {
		w := r.at.Queries[q]
		params := parts()
		params.Set("query", q)
		params.Set("max_results", "100")
		now := r.api.Clock.Now()
		since := w.Since
		if step := uint64(overlap/time.Millisecond) << 22; since > step {
			since -= step
		}
		switch {
		case since != 0 && now.Sub(idTime(since)) < searchDays-time.Minute:
			params.Set("since_id", strconv.FormatUint(since, 10))
		case since != 0: // away for longer than the search reaches back
			params.Set("start_time", now.Add(time.Minute-searchDays).UTC().Format(time.RFC3339))
		default:
			params.Set("start_time", now.Add(-r.back).UTC().Format(time.RFC3339))
		}
		if w.Next != "" {
			params.Del("start_time") // a page's token knows the window it belongs to
			params.Set("next_token", w.Next)
		}
		a, err := r.ask(ctx, &r.search, "search", poll.Call{Path: "/2/tweets/search/recent", Query: params})
		if err != nil {
			if refusal, ok := errors.AsType[*poll.RefusalError](err); ok && refusal.Code == http.StatusBadRequest && w.Next != "" {
				w.Next, w.Newest = "", 0 // the token is too old: begin this walk again
				r.at.Queries[q] = w
				continue
			}
			return poll.Configured(err) //nolint:wrapcheck // says where
		}
		posts := r.read(a.Body)
		for i := range posts {
			if id, err := strconv.ParseUint(posts[i].ID, 10, 64); err == nil {
				w.Newest = max(w.Newest, id)
			}
		}
		next := a.JSON.Get("meta.next_token").String()
		if next == w.Next && next != "" {
			return &poll.FormatError{Where: "/2/tweets/search/recent", Why: "a page is followed by itself"}
		}
		if w.Next = next; next == "" {
			w.Since, w.Newest = max(w.Since, w.Newest), 0
		}
		r.at.Queries[q] = w
		if err := r.put(ctx, posts); err != nil {
			return err
		}
		if next == "" {
			return nil
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

// read reads a page or event; what cannot be read is noted.
func (r *run) read(body []byte) []post.Post {
	posts, bad, err := parse(body)
	if err != nil || bad > 0 {
		r.to.Note(collect.Note{Err: &poll.FormatError{Where: r.api.Base, Why: fmt.Sprintf("%d posts could not be read", max(bad, 1))}})
	}
	return posts
}

// parse reads a page or event. An edited post goes by the id of its first
// version, of which it is a new one.
func parse(body []byte) (posts []post.Post, bad int, err error) {
	posts, bad, err = file.XPage(body)
	for i := range posts {
		if first := gjson.GetBytes(posts[i].Raw, "edit_history_tweet_ids.0").String(); first != "" {
			posts[i].ID = first
		}
	}
	return posts, bad, err //nolint:wrapcheck // says what is wrong
}

// ask asks within the window that the endpoint's answers state.
func (r *run) ask(ctx context.Context, w *poll.Window, endpoint string, c poll.Call) (*poll.Answer, error) {
	if err := w.Check(r.api.Clock.Now()); err != nil {
		return nil, err //nolint:wrapcheck // says which
	}
	a, err := r.api.Ask(ctx, c)
	if err != nil {
		return nil, r.refused(err, w, endpoint)
	}
	r.state(w, endpoint, a.Header)
	return a, nil
}

func (r *run) state(w *poll.Window, endpoint string, h http.Header) {
	if q, ok := poll.EpochHeaders(h, "X-Rate-Limit-", endpoint, r.api.Clock.Now()); ok {
		w.State(q, r.to)
		return
	}
	r.to.Note(collect.Note{Contact: true})
}

// refused reads a refusal: the window's end where there is one (X sends that
// in place of Retry-After), a token or a product that does not allow it.
func (r *run) refused(err error, w *poll.Window, endpoint string) error {
	if wait, ok := errors.AsType[*poll.WaitError](err); ok && !wait.Stated {
		if q, ok := poll.EpochHeaders(wait.Header, "X-Rate-Limit-", endpoint, r.api.Clock.Now()); ok {
			w.State(q, r.to)
			return &poll.ExhaustedError{Endpoint: endpoint, Until: q.Reset}
		}
	}
	if refusal, ok := errors.AsType[*poll.RefusalError](err); ok && refusal.Code == http.StatusBadRequest {
		return err // see searchOne
	}
	return poll.Configured(err) //nolint:wrapcheck // says where
}
