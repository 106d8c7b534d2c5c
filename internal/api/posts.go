package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// Post is a post behind the veil.
type Post struct {
	Key      string      `json:"key" doc:"The post's key: 16 hexadecimal digits." example:"00a1b2c3d4e5f607"`
	Platform string      `json:"platform"`
	ID       string      `json:"id" doc:"The platform's id, without the account where it holds one."`
	Account  PostAccount `json:"account"`
	Channel  string      `json:"channel,omitempty"`
	Time     time.Time   `json:"time"`
	Type     string      `json:"type" enum:"post,repost,reply,quote"`
	Lang     string      `json:"lang,omitempty"`
	Text     string      `json:"text" doc:"As it came, with accounts under pseudonyms. It is from outside: never show it as markup."`
	URL      string      `json:"url,omitempty"`
	Links    []string    `json:"links"`
	Hashtags []string    `json:"hashtags"`
	Mentions []string    `json:"mentions" doc:"Pseudonyms, or names of marked accounts."`
	Media    []string    `json:"media" doc:"Addresses, or ids, of images, videos and files."`
	RepostOf string      `json:"repost_of,omitempty"`
	ReplyTo  string      `json:"reply_to,omitempty"`
	QuoteOf  string      `json:"quote_of,omitempty"`
	Source   string      `json:"source" doc:"The import or collector that brought it."`
	Seen     time.Time   `json:"seen" doc:"When this version was collected."`
	Version  int         `json:"version"`
	Versions int         `json:"versions"`
	// Deleted is when it was deleted: its content is then gone.
	Deleted   time.Time `json:"deleted,omitzero" doc:"When it was deleted; its content is then gone."`
	Synthetic bool      `json:"synthetic,omitempty" doc:"Made up by a simulator or for an exercise."`
}

// PostAccount is who published a post, as far as it may be shown.
type PostAccount struct {
	Alias string `json:"alias" doc:"The pseudonym."`
	Label string `json:"label" doc:"The name where the account is marked, else the pseudonym."`
	Class string `json:"class,omitempty" doc:"What it is marked as: public-body, outlet, state-channel."`
}

type (
	// PostList is a page of posts.
	PostList struct {
		Posts []Post `json:"posts" doc:"The newest first."`
		Next  string `json:"next,omitempty" doc:"Give it as cursor for the page after this one; absent at the end."`
	}
	// PostVersions is a post with its edits.
	PostVersions struct {
		Versions []Post `json:"versions" doc:"The first first."`
	}
	// Count is how many posts a query means.
	Count struct {
		Posts int64 `json:"posts"`
	}
)

// Volume is counts over time.
type Volume struct {
	Start  time.Time      `json:"start" doc:"When the first bin starts."`
	Bin    int64          `json:"bin_s" doc:"The width of a bin in seconds."`
	Series []VolumeSeries `json:"series" doc:"The most frequent first; \"other\" at the end."`
}

// VolumeSeries is the counts of one value.
type VolumeSeries struct {
	Value  string  `json:"value"`
	Counts []int64 `json:"counts"`
}

// PostQuery says which posts are meant, in an address.
type PostQuery struct {
	Q    string    `query:"q" doc:"A query: words, \"phrases\", field:value, -not, OR, brackets. Empty means all." example:"lang:ja has:link"`
	From time.Time `query:"from" doc:"Only posts at the time or after it."`
	To   time.Time `query:"to" doc:"Only posts before the time."`
	Zone string    `query:"zone" default:"UTC" doc:"The time zone of days in the query: a name or an offset." example:"Asia/Tokyo"`
}

// query reads it.
func (a *API) query(in *PostQuery) (poststore.Query, error) {
	zone, err := parseZone(in.Zone)
	if err != nil {
		return poststore.Query{}, err
	}
	where, err := query.ParseAt(in.Q, a.Now(), zone)
	if err != nil {
		return poststore.Query{}, fmt.Errorf("reading the query: %w", err)
	}
	return poststore.Query{Where: where, From: in.From, To: in.To}, nil
}

// parseZone reads the name of a time zone or an offset such as +09:00.
func parseZone(s string) (*time.Location, error) {
	if t, err := time.Parse("-07:00", s); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(s, offset), nil
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		return nil, problem(http.StatusUnprocessableEntity, CodeInvalid, "there is no time zone of that name: expected Asia/Tokyo or +09:00")
	}
	return zone, nil
}

func (a *API) addPosts() {
	if a.Posts == nil || a.Mandate == nil {
		return
	}
	const tag = "posts"
	add(a, Operation{
		ID: "posts-search", Method: http.MethodGet, Path: "/posts", Action: auth.PostRead, Tag: tag,
		Summary: "Search posts", Description: "The newest first. Pages are stable: posts that come meanwhile stand before the first page.",
	}, a.search)
	add(a, Operation{
		ID: "posts-count", Method: http.MethodGet, Path: "/posts/count", Action: auth.PostRead, Tag: tag,
		Summary: "Count the posts that a query means",
	}, func(ctx context.Context, in *PostQuery) (*body[Count], error) {
		q, err := a.query(in)
		if err != nil {
			return nil, err
		}
		n, err := a.Posts.Count(ctx, q)
		return &body[Count]{Count{n}}, err
	})
	add(a, Operation{
		ID: "posts-histogram", Method: http.MethodGet, Path: "/posts/histogram", Action: auth.PostRead, Tag: tag,
		Summary: "Count posts over time", Description: "At most 100,000 bins.",
	}, a.histogram)
	add(a, Operation{
		ID: "post-get", Method: http.MethodGet, Path: "/posts/{key}", Action: auth.PostRead, Tag: tag,
		Summary: "Read a post with all its versions", Refusals: []int{http.StatusNotFound},
	}, a.versions)
}

func (a *API) search(ctx context.Context, in *struct {
	PostQuery
	Cursor string `query:"cursor" doc:"What next said."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
},
) (*body[PostList], error) {
	q, err := a.query(&in.PostQuery)
	if err != nil {
		return nil, err
	}
	at, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	found, err := a.Posts.Search(ctx, q, at, in.Limit+1)
	if err != nil {
		return nil, fmt.Errorf("searching: %w", err)
	}
	var out PostList
	if len(found) > in.Limit {
		found = found[:in.Limit]
		out.Next = cursorAt(&found[in.Limit-1])
	}
	out.Posts, err = a.show(ctx, found)
	return &body[PostList]{out}, err
}

// cursorAt names the place behind a post, in the form that the pages use.
func cursorAt(p *poststore.Post) string {
	return fmt.Sprintf("%d.%016x", p.Time.UnixMicro(), uint64(p.Key))
}

// parseCursor reads such a place.
func parseCursor(s string) (poststore.Position, error) {
	if s == "" {
		return poststore.Position{}, nil
	}
	micros, key, ok := strings.Cut(s, ".")
	m, err := strconv.ParseInt(micros, 10, 64)
	k, err2 := strconv.ParseUint(key, 16, 64)
	if !ok || err != nil || err2 != nil || len(key) != 16 {
		return poststore.Position{}, problem(http.StatusUnprocessableEntity, CodeCursor, "the cursor is not one that this operation gave")
	}
	return poststore.Position{Time: time.UnixMicro(m).UTC(), Key: poststore.Key(k)}, nil
}

func (a *API) histogram(ctx context.Context, in *struct {
	PostQuery
	Bin    int64  `query:"bin_s" minimum:"1" maximum:"315360000" default:"86400" doc:"The width of a bin in seconds. Bins are counted from a Monday, 00:00 UTC."`
	By     string `query:"by" enum:"platform,lang,type,via" doc:"Count each value of a field for itself; absent, all together."`
	Series int    `query:"series" minimum:"1" maximum:"50" default:"8" doc:"How many values have a series of their own."`
},
) (*body[Volume], error) {
	q, err := a.query(&in.PostQuery)
	if err != nil {
		return nil, err
	}
	h, err := a.Posts.Histogram(ctx, q, time.Duration(in.Bin)*time.Second, query.Field(in.By), in.Series)
	if err != nil {
		return nil, fmt.Errorf("counting posts over time: %w", err)
	}
	out := Volume{Start: h.Start, Bin: in.Bin, Series: []VolumeSeries{}}
	for _, s := range h.Series {
		out.Series = append(out.Series, VolumeSeries{s.Value, orEmpty(s.Counts)})
	}
	return &body[Volume]{out}, nil
}

func (a *API) versions(ctx context.Context, in *struct {
	Key string `path:"key" pattern:"^[0-9a-f]{16}$" patternDescription:"16 hexadecimal digits" doc:"The post's key."`
},
) (*body[PostVersions], error) {
	k, err := strconv.ParseUint(in.Key, 16, 64)
	if err != nil {
		return nil, poststore.ErrNotFound
	}
	found, err := a.Posts.Versions(ctx, poststore.Key(k))
	if err != nil {
		return nil, fmt.Errorf("reading the post: %w", err)
	}
	list, err := a.show(ctx, found)
	return &body[PostVersions]{PostVersions{list}}, err
}

// show puts posts behind the veil that holds for everybody.
func (a *API) show(ctx context.Context, posts []poststore.Post) ([]Post, error) {
	veil, err := a.Mandate.VeilPosts(ctx, nil, posts)
	if err != nil {
		return nil, fmt.Errorf("veiling posts: %w", err)
	}
	out := make([]Post, 0, len(posts))
	for i := range posts {
		shown := veil.Account(mandate.Author(&posts[i].Post))
		p := veil.Post(&posts[i])
		x := Post{
			Key: keyText(p.Key), Platform: p.Platform, ID: p.ID, Account: PostAccount{shown.Alias, shown.Label, string(shown.Class)},
			Channel: p.Channel, Time: p.Time, Type: query.TypeOf(&posts[i].Post), Lang: p.Lang, Text: p.Text, URL: p.URL,
			Links: []string{}, Hashtags: orEmpty(p.Hashtags), Mentions: orEmpty(p.Mentions), Media: []string{},
			RepostOf: p.RepostOf, ReplyTo: p.ReplyTo, QuoteOf: p.QuoteOf, Source: p.Source, Seen: p.Seen,
			Version: p.Version, Versions: p.Versions, Deleted: p.Deleted, Synthetic: p.Synthetic,
		}
		for _, l := range p.Links {
			if l.URL == "" {
				l.URL = l.Given
			}
			x.Links = append(x.Links, l.URL)
		}
		for _, m := range p.Media {
			if m.URL == "" {
				m.URL = m.ID
			}
			x.Media = append(x.Media, m.URL)
		}
		out = append(out, x)
	}
	return out, nil
}
