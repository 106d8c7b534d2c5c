package poststoretest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// NewMemory gives a store that keeps everything in memory and answers by going
// through all of it: the contract in its plainest form. The engines are
// compared with it, and other packages' tests may use it. The alias function
// gives pseudonyms; nil gives empty ones. Backup writes a file for the folder
// not to be empty; it cannot be opened again.
func NewMemory(alias func(platform, id string) string) poststore.Store {
	if alias == nil {
		alias = func(string, string) string { return "" }
	}
	return &memory{
		alias: alias, records: make(map[poststore.Key]*record), pending: make(map[poststore.Key]poststore.Deletion),
		accounts: make(map[string]*account), sources: make(map[string]*source),
	}
}

type memory struct {
	alias func(platform, id string) string

	mu       sync.RWMutex
	records  map[poststore.Key]*record
	pending  map[poststore.Key]poststore.Deletion // of posts that have not come
	accounts map[string]*account
	sources  map[string]*source
}

// record is a post with all of its versions; once it is deleted with one, the
// tombstone.
type record struct {
	key      poststore.Key
	source   string
	versions []version
	count    int // versions there were
	deleted  time.Time
}

type version struct {
	post.Post
	seen time.Time
}

type account struct {
	platform string
	post.Account
	named time.Time // of the post that names it
	posts int       // without deleted ones
}

type source struct {
	seen   time.Time
	cursor []byte
}

func (r *record) newest() *version { return &r.versions[len(r.versions)-1] }

// same says that p is this record's post and not another one with its key.
func (r *record) same(p *post.Post) bool {
	q := &r.versions[0]
	return p.Platform == q.Platform && p.ID == q.ID
}

func (m *memory) Append(ctx context.Context, b poststore.Batch) (poststore.Appended, error) {
	var done poststore.Appended
	if err := ctx.Err(); err != nil {
		return done, err
	}
	for _, d := range b.Deleted {
		if d.ID == "" {
			return done, errors.New("appending a batch: a deletion has no id")
		}
	}
	seen := b.Seen
	if seen.IsZero() {
		seen = time.Now()
	}
	seen = utc(seen)
	b.Source = clean(b.Source)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range b.Posts {
		m.add(p, b.Source, seen, &done)
	}
	for _, d := range b.Deleted {
		d.Platform, d.ID = clean(d.Platform), clean(d.ID)
		if d.Time.IsZero() {
			d.Time = seen
		}
		d.Time = utc(d.Time)
		m.remove(d, &done)
	}
	s := m.sources[b.Source]
	if s == nil {
		s = &source{}
		m.sources[b.Source] = s
	}
	if seen.After(s.seen) {
		s.seen = seen
	}
	if b.Cursor != nil {
		s.cursor = slices.Clone(b.Cursor)
	}
	return done, nil
}

// add takes a post.
func (m *memory) add(p post.Post, from string, seen time.Time, done *poststore.Appended) {
	poststore.Clean(&p)
	key := poststore.KeyOf(&p)
	r := m.records[key]
	if r == nil {
		if d, gone := m.pending[key]; gone && (d.Platform != p.Platform || d.ID != p.ID) {
			done.Collided++
			return
		}
		r = &record{key: key, source: from, versions: []version{{p, seen}}, count: 1}
		m.records[key] = r
		done.New++
		m.account(&p).posts++
		if d, gone := m.pending[key]; gone {
			delete(m.pending, key)
			done.New--
			m.bury(r, d.Time, done)
			return
		}
		m.name(&p)
		return
	}
	switch {
	case !r.same(&p):
		done.Collided++
		return
	case !r.deleted.IsZero():
		done.Same++
		return
	}
	first := &r.versions[0]
	if p.Account.ID == first.Account.ID {
		m.name(&p)
	} else {
		p.Account = first.Account
	}
	p.Time = first.Time
	if slices.ContainsFunc(r.versions, func(v version) bool { return poststore.SameContent(&v.Post, &p) }) {
		done.Same++
		return
	}
	r.versions = append(r.versions, version{p, seen})
	r.count++
	done.Changed++
}

// remove takes a deletion.
func (m *memory) remove(d poststore.Deletion, done *poststore.Appended) {
	key := poststore.KeyFor(d.Platform, d.ID)
	r := m.records[key]
	if r == nil {
		if p, have := m.pending[key]; !have {
			m.pending[key] = d
		} else if p.Platform != d.Platform || p.ID != d.ID {
			done.Collided++
		}
		return
	}
	switch {
	case !r.same(&post.Post{Platform: d.Platform, ID: d.ID}):
		done.Collided++
	case r.deleted.IsZero():
		m.bury(r, d.Time, done)
	}
}

// bury makes a tombstone of a record.
func (m *memory) bury(r *record, at time.Time, done *poststore.Appended) {
	v := r.newest()
	a := m.account(&v.Post)
	if a.posts--; a.posts == 0 {
		a.Handle, a.Name, a.named = "", "", time.Time{}
	}
	r.versions = []version{{poststore.Tombstone(&v.Post), v.seen}}
	r.deleted = at
	done.Deleted++
}

// account gives the account of a post, a new one if it is not there.
func (m *memory) account(p *post.Post) *account {
	key := poststore.AccountKey(p.Platform, p.Account.ID)
	a := m.accounts[key]
	if a == nil {
		a = &account{platform: p.Platform, Account: post.Account{ID: p.Account.ID}}
		m.accounts[key] = a
	}
	return a
}

// name gives a post's account the names that the post states.
func (m *memory) name(p *post.Post) {
	a := m.account(p)
	if p.Account.Handle == "" && p.Account.Name == "" || p.Time.Before(a.named) {
		return
	}
	a.named = p.Time
	if p.Account.Handle != "" {
		a.Handle = p.Account.Handle
	}
	if p.Account.Name != "" {
		a.Name = p.Account.Name
	}
}

func (m *memory) Cursor(ctx context.Context, name string) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if s := m.sources[clean(name)]; s != nil {
		return slices.Clone(s.cursor), ctx.Err()
	}
	return nil, ctx.Err()
}

// post gives version i of a record as the store gives it.
func (m *memory) post(r *record, i int, raw bool) poststore.Post {
	v := r.versions[i]
	out := poststore.Post{
		Post: v.Post, Key: r.key, Source: r.source, Seen: v.seen, Version: i + 1, Versions: r.count, Deleted: r.deleted,
		Alias: m.alias(v.Platform, v.Account.ID),
	}
	if !r.deleted.IsZero() {
		out.Version = r.count
	}
	if !raw {
		out.Raw = nil
	}
	return out
}

// doc is a record as conditions see it.
func (m *memory) doc(r *record) *query.Doc {
	p := &r.newest().Post
	d := &query.Doc{
		Post: p, Source: r.source, Alias: m.alias(p.Platform, p.Account.ID), Deleted: !r.deleted.IsZero(), Versions: r.count,
	}
	for _, name := range p.Mentions {
		d.Mentions = append(d.Mentions, m.alias(p.Platform, name))
	}
	return d
}

// found gives the records of a query, oldest first.
func (m *memory) found(q poststore.Query) []*record {
	var out []*record
	for _, r := range m.records {
		t := r.newest().Time
		if (q.From.IsZero() || !t.Before(utc(q.From))) && (q.To.IsZero() || t.Before(utc(q.To))) && query.Match(q.Where, m.doc(r)) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *record) int {
		return cmp.Or(a.newest().Time.Compare(b.newest().Time), cmp.Compare(a.key, b.key))
	})
	return out
}

func (m *memory) Search(ctx context.Context, q poststore.Query, after poststore.Position, n int) ([]poststore.Post, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []poststore.Post
	for _, r := range slices.Backward(m.found(q)) {
		if len(out) >= n {
			break
		}
		t := r.newest().Time
		if after != (poststore.Position{}) && cmp.Or(t.Compare(utc(after.Time)), cmp.Compare(r.key, after.Key)) >= 0 {
			continue
		}
		out = append(out, m.post(r, len(r.versions)-1, false))
	}
	return out, ctx.Err()
}

func (m *memory) Get(ctx context.Context, keys []poststore.Key) ([]poststore.Post, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []poststore.Post
	for _, k := range keys {
		if r := m.records[k]; r != nil {
			out = append(out, m.post(r, len(r.versions)-1, false))
		}
	}
	return out, ctx.Err()
}

func (m *memory) Versions(ctx context.Context, key poststore.Key) ([]poststore.Post, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.records[key]
	if r == nil {
		return nil, fmt.Errorf("post %d: %w", key, poststore.ErrNotFound)
	}
	var out []poststore.Post
	for i := range r.versions {
		out = append(out, m.post(r, i, true))
	}
	return out, ctx.Err()
}

func (m *memory) Count(ctx context.Context, q poststore.Query) (int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return int64(len(m.found(q))), ctx.Err()
}

func (m *memory) Histogram(
	ctx context.Context, q poststore.Query, bin time.Duration, by query.Field, n int,
) (poststore.Histogram, error) {
	h := poststore.Histogram{Bin: bin}
	switch by {
	case "", query.Platform, query.Lang, query.Type, query.Source:
	default:
		return h, fmt.Errorf("%w: %q", poststore.ErrField, by)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	rs := m.found(q)
	first, last := q.From, q.To
	if !last.IsZero() {
		last = utc(last).Add(-time.Microsecond)
	}
	if len(rs) > 0 && first.IsZero() {
		first = rs[0].newest().Time
	}
	if len(rs) > 0 && last.IsZero() {
		last = rs[len(rs)-1].newest().Time
	}
	bins, start, err := poststore.Bins(first, last, bin)
	if err != nil {
		return h, err
	}
	h.Start = start
	counts := make(map[string][]int64)
	if by == "" && bins > 0 {
		counts[""] = make([]int64, bins)
	}
	for _, r := range rs {
		value := ""
		if by != "" {
			value = query.Values(by, m.doc(r))[0]
		}
		if counts[value] == nil {
			counts[value] = make([]int64, bins)
		}
		counts[value][(r.newest().Time.UnixMicro()-h.Start.UnixMicro())/bin.Microseconds()]++
	}
	h.Series = poststore.TopSeries(counts, by, n)
	return h, ctx.Err()
}

func (m *memory) Top(ctx context.Context, q poststore.Query, field query.Field, n int) ([]poststore.Counted, error) {
	switch field {
	case query.Platform, query.Source, query.Account, query.Channel, query.Lang, query.URL, query.Domain, query.Hashtag, query.Type:
	default:
		return nil, fmt.Errorf("%w: %q", poststore.ErrField, field)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	counts := make(map[string]int64)
	for _, r := range m.found(q) {
		d := m.doc(r)
		if field == query.Account {
			counts[d.Alias]++
			continue
		}
		for _, v := range query.Values(field, d) {
			counts[v]++
		}
	}
	delete(counts, "")
	var out []poststore.Counted
	for v, c := range counts {
		out = append(out, poststore.Counted{Value: v, Posts: c})
	}
	slices.SortFunc(out, func(a, b poststore.Counted) int {
		return cmp.Or(cmp.Compare(b.Posts, a.Posts), cmp.Compare(a.Value, b.Value))
	})
	return out[:min(max(n, 0), len(out))], ctx.Err()
}

// accountOf gives an account as the store gives it.
func (m *memory) accountOf(key string, a *account) poststore.Account {
	out := poststore.Account{
		Key: key, Platform: a.platform, Account: a.Account, Alias: m.alias(a.platform, a.ID), Posts: int64(a.posts),
	}
	for _, r := range m.records {
		p := r.newest()
		if !r.deleted.IsZero() || poststore.AccountKey(p.Platform, p.Account.ID) != key {
			continue
		}
		extend(&out.First, &out.Last, p.Time)
	}
	return out
}

// extend makes a span of time hold t.
func extend(first, last *time.Time, t time.Time) {
	if first.IsZero() || t.Before(*first) {
		*first = t
	}
	if last.IsZero() || t.After(*last) {
		*last = t
	}
}

func (m *memory) Accounts(ctx context.Context, keys []string) ([]poststore.Account, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []poststore.Account
	for _, k := range keys {
		if a := m.accounts[k]; a != nil {
			out = append(out, m.accountOf(k, a))
		}
	}
	return out, ctx.Err()
}

func (m *memory) AccountsNamed(ctx context.Context, platform string, names []string) ([]poststore.Account, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	ids, handles := make(map[string]bool), make(map[string]int)
	for _, n := range names {
		ids[clean(n)], handles[poststore.FoldHandle(clean(n))] = true, 0
	}
	delete(handles, "")
	var out []poststore.Account
	for _, k := range slices.Sorted(maps.Keys(m.accounts)) {
		a := m.accounts[k]
		if a.platform != clean(platform) {
			continue
		}
		folded := poststore.FoldHandle(a.Handle)
		n, asked := handles[folded]
		if asked {
			handles[folded]++
		}
		if ids[a.ID] || asked && n < poststore.MaxNamesakes {
			out = append(out, poststore.Account{Key: k, Platform: a.platform, Account: a.Account, Alias: m.alias(a.platform, a.ID)})
		}
	}
	return out, ctx.Err()
}

func (m *memory) AccountByAlias(ctx context.Context, alias string) (poststore.Account, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for k, a := range m.accounts {
		if m.alias(a.platform, a.ID) == alias {
			return m.accountOf(k, a), ctx.Err()
		}
	}
	return poststore.Account{}, fmt.Errorf("account %q: %w", alias, poststore.ErrNotFound)
}

func (m *memory) Sources(ctx context.Context) ([]poststore.Source, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	found := make(map[string]*poststore.Source)
	for name, s := range m.sources {
		found[name] = &poststore.Source{Name: name, Seen: s.seen, Cursor: slices.Clone(s.cursor)}
	}
	for _, r := range m.records {
		if r.deleted.IsZero() {
			s := found[r.source]
			s.Posts++
			extend(&s.First, &s.Last, r.newest().Time)
		}
	}
	var out []poststore.Source
	for _, s := range found {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b poststore.Source) int { return cmp.Compare(a.Name, b.Name) })
	return out, ctx.Err()
}

func (m *memory) Span(ctx context.Context) (poststore.Span, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var s poststore.Span
	for _, r := range m.records {
		if !r.deleted.IsZero() {
			s.Deleted++
			continue
		}
		s.Posts++
		extend(&s.First, &s.Last, r.newest().Time)
	}
	for _, a := range m.accounts {
		if a.posts > 0 {
			s.Accounts++
		}
	}
	return s, ctx.Err()
}

func (m *memory) Each(ctx context.Context, q poststore.Query, raw bool, yield func([]poststore.Post) error) error {
	m.mu.RLock()
	var all []poststore.Post
	for _, r := range m.found(q) {
		all = append(all, m.post(r, len(r.versions)-1, raw))
	}
	m.mu.RUnlock()
	for part := range slices.Chunk(all, 100) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := yield(part); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m *memory) Traces(
	ctx context.Context, q poststore.Query, by enrich.Behaviours, o enrich.Options, yield func([]coordination.Trace) error,
) error {
	return m.Each(ctx, q, false, func(posts []poststore.Post) error {
		var out []coordination.Trace
		for i := range posts {
			p := &posts[i]
			enrich.Traces(&p.Post, by, o, func(b coordination.Behaviour, object string) {
				out = append(out, coordination.Trace{
					Account: poststore.AccountKey(p.Platform, p.Account.ID), Behaviour: b, Object: object, Time: p.Time, Post: p.Key,
				})
			})
		}
		if len(out) == 0 {
			return nil
		}
		return yield(out)
	})
}

func (m *memory) Backup(ctx context.Context, dir string) error {
	if err := poststore.EmptyDir(dir); err != nil {
		return err
	}
	if err := os.WriteFile(dir+"/memory", nil, 0o600); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return ctx.Err()
}

func (m *memory) Ping(ctx context.Context) error { return ctx.Err() }

func (m *memory) Close() error { return nil }

// utc gives t in UTC, in whole microseconds.
func utc(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

// clean gives s in valid UTF-8 as [poststore.Clean] does.
func clean(s string) string {
	p := post.Post{ID: s}
	poststore.Clean(&p)
	return p.ID
}
