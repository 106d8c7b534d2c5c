package youtube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// walk is how far a search, channel or video has been read, newest first: Since
// holds only once the last page is there.
type walk struct {
	Since time.Time `json:"since,omitzero"`
	// Until is where the walk began, End where this part of it does: a search
	// that has more than it gives goes on before the oldest it gave.
	Until  time.Time `json:"until,omitzero"`
	End    time.Time `json:"end,omitzero"`
	Oldest time.Time `json:"oldest,omitzero"`
	Seen   int       `json:"seen,omitempty"`
	Page   string    `json:"page,omitempty"`
	// Uploads is the list of a channel's videos, once known.
	Uploads string `json:"uploads,omitempty"`
	// Published is when a video was, Due when its comments are looked for.
	Published time.Time `json:"published,omitzero"`
	Due       time.Time `json:"due,omitzero"`
}

// over is the walk that comes after one that is done.
func (w walk) over() walk {
	since := w.Since
	if w.Until.After(since) {
		since = w.Until
	}
	return walk{Since: since, Uploads: w.Uploads, Published: w.Published}
}

// thread is a comment whose replies are to be read.
type thread struct {
	Parent  string `json:"parent"`
	Video   string `json:"video"`
	Channel string `json:"channel,omitempty"`
	Page    string `json:"page,omitempty"`
}

type cursor struct {
	Queries  map[string]walk `json:"queries,omitempty"`
	Channels map[string]walk `json:"channels,omitempty"`
	Videos   map[string]walk `json:"videos,omitempty"`
	Threads  []thread        `json:"threads,omitempty"`
	Used     used            `json:"used,omitzero"`
}

type run struct {
	*source
	to       collect.Sink
	at       cursor
	next     int                  // which task is next
	searched map[string]time.Time // when each search was last done
}

// Collect reads what channels published, what searches find and what is said of
// both, again and again.
func (s *source) Collect(ctx context.Context, from []byte, to collect.Sink) error {
	r := &run{source: s, to: to, searched: map[string]time.Time{}}
	if err := poll.ReadCursor(from, &r.at); err != nil {
		return err //nolint:wrapcheck // a configuration error
	}
	first := s.api.Clock.Now().Add(-s.back).UTC().Truncate(time.Second)
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
	r.at.Queries, r.at.Channels = take(s.queries, r.at.Queries), take(s.channels, r.at.Channels)
	if r.at.Videos == nil || !s.comments {
		r.at.Videos, r.at.Threads = map[string]walk{}, nil
	}
	return poll.Loop(ctx, s.api.Clock, to, max(s.every, time.Minute), r.pass) //nolint:wrapcheck // the pass's own
}

// pass does each task once. After one that failed the next pass begins there,
// so that none waits for ever behind another.
func (r *run) pass(ctx context.Context) error {
	tasks := make([]func(context.Context) error, 0, len(r.channels)+len(r.queries)+1)
	for _, c := range r.channels {
		tasks = append(tasks, func(ctx context.Context) error { return r.channel(ctx, c) })
	}
	for _, q := range r.queries {
		tasks = append(tasks, func(ctx context.Context) error { return r.search(ctx, q) })
	}
	if r.comments {
		tasks = append(tasks, r.talk)
	}
	for range tasks {
		err := tasks[r.next%len(tasks)](ctx)
		if e, ok := errors.AsType[*poll.ExhaustedError](err); ok && e.Endpoint == searches && len(r.channels) > 0 {
			r.to.Note(collect.Note{Err: err}) // the channels are still there
			err = nil
		}
		if err != nil {
			return poll.Configured(err) //nolint:wrapcheck // says where
		}
		r.next = (r.next + 1) % len(tasks)
	}
	return nil
}

// search reads what is new for one query, a page at a time, and not more often
// than the day's searches last.
func (r *run) search(ctx context.Context, q string) error {
	apart := 24 * time.Hour * time.Duration(len(r.queries)) / time.Duration(r.searches)
	if w := r.at.Queries[q]; w.Page == "" && r.api.Clock.Now().Before(r.searched[q].Add(apart)) {
		return nil
	}
	for {
		w := r.at.Queries[q]
		since := w.Since.Add(-overlap)
		if w.Until.IsZero() {
			w.Until = r.api.Clock.Now().UTC().Truncate(time.Second)
			w.End = w.Until
		}
		params := url.Values{
			"part": {"snippet"}, "type": {"video"}, "order": {"date"}, "q": {q}, "maxResults": {strconv.Itoa(found)},
			"publishedAfter": {since.Format(time.RFC3339)}, "publishedBefore": {w.End.Format(time.RFC3339)},
		}
		if w.Page != "" {
			params.Set("pageToken", w.Page)
		}
		v, err := r.ask(ctx, searches, "/search", params)
		if oldPage(err) && w.Page != "" {
			r.at.Queries[q] = walk{Since: w.Since} // begin this walk again
			continue
		}
		if err != nil {
			return fmt.Errorf("searching: %w", err)
		}
		list := parseSearch(v)
		posts, err := r.videos(ctx, list.ids)
		if err != nil {
			return err
		}
		w.Seen += list.n
		if !list.oldest.IsZero() && (w.Oldest.IsZero() || list.oldest.Before(w.Oldest)) {
			w.Oldest = list.oldest
		}
		next := v.Get("nextPageToken").String()
		done := false
		switch {
		case list.n > 0 && next != "" && next != w.Page:
			w.Page = next
		case w.Seen >= most-found && w.Oldest.After(since) && w.Oldest.Before(w.End):
			w = walk{Since: w.Since, Until: w.Until, End: w.Oldest} // there are more than a search gives
		default:
			w, done = w.over(), true
			r.searched[q] = r.api.Clock.Now()
		}
		r.at.Queries[q] = w
		r.watch(posts)
		if err := r.put(ctx, posts, nil); err != nil || done {
			return err
		}
	}
}

// channel reads what is new on one channel.
func (r *run) channel(ctx context.Context, name string) error {
	w := r.at.Channels[name]
	if w.Uploads == "" {
		by := "id"
		if strings.HasPrefix(name, "@") {
			by = "forHandle"
		}
		v, err := r.ask(ctx, units, "/channels", url.Values{"part": {"contentDetails"}, by: {name}})
		if err != nil {
			return fmt.Errorf("looking for a channel: %w", err)
		}
		if w.Uploads = v.Get("items.0.contentDetails.relatedPlaylists.uploads").String(); w.Uploads == "" {
			r.to.Note(collect.Note{Err: &poll.FormatError{Where: r.api.Base + "/channels", Why: "a channel is not there"}})
			return nil
		}
		r.at.Channels[name] = w
	}
	for {
		w := r.at.Channels[name]
		since := w.Since.Add(-overlap)
		if w.Until.IsZero() {
			w.Until = r.api.Clock.Now().UTC().Truncate(time.Second)
		}
		params := url.Values{"part": {"contentDetails"}, "playlistId": {w.Uploads}, "maxResults": {strconv.Itoa(found)}}
		if w.Page != "" {
			params.Set("pageToken", w.Page)
		}
		v, err := r.ask(ctx, units, "/playlistItems", params)
		if oldPage(err) && w.Page != "" {
			r.at.Channels[name] = walk{Since: w.Since, Uploads: w.Uploads}
			continue
		}
		if reason(err) == "playlistNotFound" {
			r.to.Note(collect.Note{Err: err}) // a channel without videos, or none any more
			w.Uploads = ""
			r.at.Channels[name] = w
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a channel: %w", err)
		}
		list := parsePlaylist(v, since)
		posts, err := r.videos(ctx, list.ids)
		if err != nil {
			return err
		}
		next := v.Get("nextPageToken").String()
		done := next == "" || next == w.Page || list.n == 0 || list.oldest.Before(since)
		if w.Page = next; done {
			w = w.over()
		}
		r.at.Channels[name] = w
		r.watch(posts)
		if err := r.put(ctx, posts, nil); err != nil || done {
			return err
		}
	}
}

// videos reads the videos of a list as they are now.
func (r *run) videos(ctx context.Context, ids []string) ([]post.Post, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	v, err := r.ask(ctx, units, "/videos", url.Values{"part": {"snippet,statistics"}, "id": {strings.Join(ids, ",")}, "maxResults": {strconv.Itoa(found)}})
	if err != nil {
		return nil, fmt.Errorf("reading videos: %w", err)
	}
	posts, n := parseVideos(v)
	r.unread(n - len(posts))
	return posts, nil
}

func (r *run) unread(n int) {
	if n > 0 {
		r.to.Note(collect.Note{Err: &poll.FormatError{Where: r.api.Base, Why: fmt.Sprintf("%d records could not be read", n)}})
	}
}

// watch takes videos whose comments are to be looked for, the newest of all.
func (r *run) watch(posts []post.Post) {
	if !r.comments {
		return
	}
	for i := range posts {
		p := &posts[i]
		if _, known := r.at.Videos[p.ID]; !known && r.api.Clock.Now().Sub(p.Time) < watched {
			r.at.Videos[p.ID] = walk{Published: p.Time}
		}
	}
	for len(r.at.Videos) > maxWatched {
		oldest := ""
		for id, w := range r.at.Videos {
			if oldest == "" || w.Published.Before(r.at.Videos[oldest].Published) {
				oldest = id
			}
		}
		delete(r.at.Videos, oldest)
	}
}

// talk reads what is new among the comments on the videos whose turn it is.
func (r *run) talk(ctx context.Context) error {
	if err := r.replies(ctx); err != nil {
		return err
	}
	ids := make([]string, 0, len(r.at.Videos))
	for id, w := range r.at.Videos {
		if w.Page != "" || !w.Due.After(r.api.Clock.Now()) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		if err := r.onVideo(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// onVideo reads what is new among the comments on one video.
func (r *run) onVideo(ctx context.Context, id string) error {
	for {
		w := r.at.Videos[id]
		now := r.api.Clock.Now().UTC().Truncate(time.Second)
		if w.Until.IsZero() {
			w.Until = now
		}
		params := url.Values{"part": {"snippet,replies"}, "videoId": {id}, "order": {"time"}, "textFormat": {"plainText"}, "maxResults": {strconv.Itoa(said)}}
		if w.Page != "" {
			params.Set("pageToken", w.Page)
		}
		v, err := r.ask(ctx, units, "/commentThreads", params)
		if oldPage(err) && w.Page != "" {
			r.at.Videos[id] = walk{Since: w.Since, Published: w.Published}
			continue
		}
		switch reason(err) {
		case "commentsDisabled", "forbidden":
			delete(r.at.Videos, id)
			return r.put(ctx, nil, nil)
		case "videoNotFound":
			delete(r.at.Videos, id)
			return r.put(ctx, nil, []poststore.Deletion{{Platform: platform, ID: id}})
		}
		if err != nil {
			return fmt.Errorf("reading comments: %w", err)
		}
		list := parseThreads(v)
		r.unread(list.bad)
		since := w.Since.Add(-overlap)
		r.at.Threads = slices.DeleteFunc(list.threads, func(t thread) bool { return list.times[t.Parent].Before(since) })
		next := v.Get("nextPageToken").String()
		done := next == "" || next == w.Page || list.n == 0 || list.oldest.Before(since)
		if w.Page = next; done {
			w = w.over()
			// Once young, then each time that it is a quarter older.
			age := now.Sub(w.Published)
			w.Due = now.Add(max(r.every, age/4))
		}
		if r.at.Videos[id] = w; done && now.Sub(w.Published) > watched {
			delete(r.at.Videos, id)
		}
		if err := r.put(ctx, list.posts, nil); err != nil {
			return err
		}
		if err := r.replies(ctx); err != nil || done {
			return err
		}
	}
}

// replies reads the replies that stand not beside their comment.
func (r *run) replies(ctx context.Context) error {
	for len(r.at.Threads) > 0 {
		t := r.at.Threads[0]
		params := url.Values{"part": {"snippet"}, "parentId": {t.Parent}, "textFormat": {"plainText"}, "maxResults": {strconv.Itoa(said)}}
		if t.Page != "" {
			params.Set("pageToken", t.Page)
		}
		v, err := r.ask(ctx, units, "/comments", params)
		gone := reason(err) == "commentNotFound" || reason(err) == "notFound" || oldPage(err)
		if err != nil && !gone {
			return fmt.Errorf("reading replies: %w", err)
		}
		posts, n := parseReplies(v, t)
		r.unread(n - len(posts))
		next := v.Get("nextPageToken").String()
		if next == "" || next == t.Page || gone {
			r.at.Threads = r.at.Threads[1:]
		} else {
			t.Page = next
			r.at.Threads = append([]thread{t}, r.at.Threads[1:]...)
		}
		if err := r.put(ctx, posts, nil); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) put(ctx context.Context, posts []post.Post, gone []poststore.Deletion) error {
	b, err := json.Marshal(r.at)
	if err != nil {
		return fmt.Errorf("writing the cursor: %w", err)
	}
	return r.to.Put(ctx, collect.Batch{Posts: posts, Deleted: gone, Cursor: b}) //nolint:wrapcheck // the runner's
}
