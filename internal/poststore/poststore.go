// Package poststore keeps posts: all of them, with every version, the raw
// records they were read from, and where each collector stands.
//
// # What an engine guarantees
//
//   - Append is atomic and durable: when it returns nil, all posts, versions,
//     deletions and the cursor of the batch survive the process being killed;
//     when it returns an error, or never returns, either all or nothing of the
//     batch is there.
//   - Append is idempotent: a post is known by its [Key]. The same post again
//     adds nothing, and so does a form of it that is there already as any of
//     its versions, so that reading a file twice adds nothing even if the file
//     holds edits. A post whose content differs from all versions (see
//     [SameContent]) becomes a new one, and searches see the newest; earlier
//     ones stay. Its time and its account's id are the first version's.
//   - Within a batch the posts are taken in their order, then the deletions.
//   - A deletion removes the text, links, media, raw records and account name
//     of all versions, for ever, and leaves a tombstone (see [Tombstone]). A
//     deleted post that comes again stays deleted. A deletion of a post that
//     is not there is kept too and takes effect when it comes. An account
//     whose last post is deleted loses its handle and name.
//   - An account has the handle and the name of its latest post, by time, that
//     states them; of two of one time that which came later.
//   - Two posts of different platform or id that have one key are never merged:
//     the later one is left out and counted (see [Appended]).
//   - Strings are kept in valid UTF-8, times in whole microseconds (see
//     [Clean]).
//   - A reader sees whole batches, never a part of one. What Append
//     acknowledged is seen by every read that begins afterwards.
//   - Answers do not depend on the engine, nor on how posts were cut into
//     batches. Order is total: by time, then key.
//   - One process opens a store at a time, where the engine is embedded; a
//     second gets [ErrLocked].
//
// Package poststoretest checks all of it against a naive model in memory.
package poststore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/query"
)

var (
	// ErrNotFound says that there is no such post or account.
	ErrNotFound = errors.New("not found")
	// ErrLocked says that another process has the store open.
	ErrLocked = errors.New("another process has the post store open")
	// ErrField says that a field cannot be counted by.
	ErrField = errors.New("posts cannot be counted by this field")
	// ErrBins says that a histogram would have more than MaxBins bins, or
	// bins shorter than a microsecond.
	ErrBins = errors.New("too many bins")
)

// MaxNamesakes is how many accounts of a platform that go by one handle are
// given at most.
const MaxNamesakes = 8

// FoldHandle gives the form in which handles are compared: platforms do not tell
// them apart by case.
func FoldHandle(handle string) string {
	return strings.ToLower(strings.TrimPrefix(handle, "@"))
}

// MaxBins is how many bins a histogram has at most.
const MaxBins = 100_000

// Key identifies a post: coordination.Key of "platform:id", so that evidence
// of the engine names posts of the store. See [KeyOf].
type Key = coordination.PostKey

// Writer takes posts.
type Writer interface {
	// Append stores a batch. The posts must have been completed by
	// normalise.Post with all parts. It may keep what it is given.
	Append(ctx context.Context, b Batch) (Appended, error)
	// Cursor gives where a source stands, as the last batch with a cursor
	// left it; nil where it never had one.
	Cursor(ctx context.Context, source string) ([]byte, error)
}

// Batch is what is stored in one step.
type Batch struct {
	// Source names the collector or import: "file:2026-11-01.csv", …
	Source string
	// Posts, in any order; the same post may stand there more than once.
	Posts []post.Post
	// Deleted are posts that their platform says are gone.
	Deleted []Deletion
	// Cursor is where the source stands after this batch; nil leaves what
	// is there.
	Cursor []byte
	// Seen is when the batch was collected; zero means now.
	Seen time.Time
}

// Deletion says that a post is gone, since a time; zero means since the batch
// was collected. ID must not be empty.
type Deletion struct {
	Platform, ID string
	Time         time.Time
}

// Appended counts what a batch did: posts that were not there, new versions,
// posts that added nothing, and posts that are now tombstones and were not
// before. Collided are posts and deletions that were left out because another
// post has their key.
type Appended struct {
	New, Changed, Same, Deleted, Collided int64
}

// Post is a post as the store gives it.
type Post struct {
	post.Post // the version asked for; Raw only where asked for
	Key       Key
	// Source brought the first version; Seen is when this version was
	// collected.
	Source string
	Seen   time.Time
	// Version counts from 1; Versions is how many there are.
	Version, Versions int
	// Deleted is when the post was deleted; its content is then gone.
	Deleted time.Time
	// Alias is the account's pseudonym.
	Alias string
}

// Account is an account that published posts.
type Account struct {
	// Key is "platform:id" (see [AccountKey]), the name in traces.
	Key      string
	Platform string
	post.Account
	// Alias is its pseudonym.
	Alias       string
	Posts       int64
	First, Last time.Time
}

// Query says which posts are meant.
type Query struct {
	// Where is the condition; nil means all posts. Deleted posts are meant
	// only where the condition asks for state:deleted.
	Where query.Expr
	// From and To bound the time: From ≤ time < To; zero means no bound.
	From, To time.Time
}

// Position is a place in the order of posts, newest first; the zero value is
// before the first. A later post is before an earlier one, of two of one time
// that with the greater key.
type Position struct {
	Time time.Time
	Key  Key
}

// Searcher answers the questions that pages ask.
type Searcher interface {
	// Search gives up to n posts, newest first, that come after the
	// position.
	Search(ctx context.Context, q Query, after Position, n int) ([]Post, error)
	// Get gives the newest version of posts, in the order of the keys;
	// posts that are not there are left out.
	Get(ctx context.Context, keys []Key) ([]Post, error)
	// Versions gives all versions of a post, the first first, with Raw; of a
	// deleted post its tombstone. ErrNotFound where there is no such post.
	Versions(ctx context.Context, key Key) ([]Post, error)
	// Count counts posts.
	Count(ctx context.Context, q Query) (int64, error)
	// Histogram counts posts in bins of time, in UTC, by the values of a
	// field (query.Platform, Lang, Type, Source; "" means all together, in one
	// series without a value). The n most frequent values get series of their
	// own, most frequent first, equal ones by value; the others share one at
	// the end whose Value is "other". Bins without posts are there, as 0: from
	// that of From to that before To, or, where there is no such bound, from
	// the first and to the last post. Bins are aligned as [BinStart] has it.
	Histogram(ctx context.Context, q Query, bin time.Duration, by query.Field, n int) (Histogram, error)
	// Top counts the most frequent values of a field (query.Platform, Source,
	// Lang, Type, Channel, Domain, Hashtag, URL, and Account by alias), most
	// frequent first, equal ones by value, in the form of query.Values. A post
	// counts once for each of its values and not at all where it has none.
	Top(ctx context.Context, q Query, field query.Field, n int) ([]Counted, error)
	// Accounts gives accounts by key, in the order of the keys, without
	// those that are not there. Posts, First and Last do not count deleted
	// posts. AccountByAlias finds one by pseudonym, or ErrNotFound.
	Accounts(ctx context.Context, keys []string) ([]Account, error)
	AccountByAlias(ctx context.Context, alias string) (Account, error)
	// AccountsNamed gives the accounts of a platform that names mean: ids, as
	// they are, and handles that accounts go by now, compared as FoldHandle
	// has them; without those that are not there, by key. Of one handle it
	// gives at most MaxNamesakes, the first by key; where more than 64 accounts
	// of all platforms go by it, any of them. Nothing is counted: Posts, First
	// and Last are zero.
	AccountsNamed(ctx context.Context, platform string, names []string) ([]Account, error)
	// Sources says what came by which source, by name: the posts whose first
	// version it brought, without deleted ones.
	Sources(ctx context.Context) ([]Source, error)
	// Span gives how many posts there are (newest versions, without deleted
	// ones) and the times of the first and last.
	Span(ctx context.Context) (Span, error)
}

// Histogram is counts over time.
type Histogram struct {
	Start  time.Time
	Bin    time.Duration
	Series []Series
}

// Series is one value's counts, one for each bin.
type Series struct {
	Value  string
	Counts []int64
}

// Counted is a value and how many posts have it.
type Counted struct {
	Value string
	Posts int64
}

// Source is what came by one source.
type Source struct {
	Name        string
	Posts       int64
	First, Last time.Time // of the posts
	Seen        time.Time // when something last came
	Cursor      []byte
}

// Span is the extent of the store.
type Span struct {
	Posts, Accounts, Deleted int64
	First, Last              time.Time
	Bytes                    int64 // on disk
}

// Scanner streams posts.
type Scanner interface {
	// Each gives all posts of a query to yield in slices, oldest first. The
	// slice is used again once yield returns. Memory does not grow with the
	// number of posts. raw says whether Raw is wanted.
	Each(ctx context.Context, q Query, raw bool, yield func([]Post) error) error
	// Traces gives the traces of a query's posts (see enrich.Traces) to
	// yield, oldest first, in slices that are used again; the traces of one
	// post in the order of enrich.Traces. Account is [AccountKey], Post is
	// [Key].
	Traces(ctx context.Context, q Query, by enrich.Behaviours, o enrich.Options, yield func([]coordination.Trace) error) error
}

// Store is a post store.
type Store interface {
	Writer
	Searcher
	Scanner
	// Backup writes a consistent copy to the folder dir, which must be empty
	// or not there, while posts are appended and read.
	Backup(ctx context.Context, dir string) error
	// Ping says whether the store answers.
	Ping(ctx context.Context) error
	Close() error
}

// KeyOf gives a post's key. A post without an id of its own is known by its
// platform, account, time and text.
func KeyOf(p *post.Post) Key {
	id := p.ID
	if id == "" {
		id = fmt.Sprintf("?%s\x00%d\x00%s", p.Account.ID, p.Time.UnixMicro(), p.Text)
	}
	return KeyFor(p.Platform, id)
}

// KeyFor gives the key of a platform's post.
func KeyFor(platform, id string) Key {
	if platform == "" {
		return coordination.Key(id)
	}
	return coordination.Key(platform + ":" + id)
}

// AccountKey gives the name that traces know an account by.
func AccountKey(platform, id string) string {
	if platform == "" {
		return id
	}
	return platform + ":" + id
}
