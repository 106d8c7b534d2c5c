package duck

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// Append stores a batch. See poststore.Writer. Batches of ten to fifty thousand
// posts are the fastest.
func (s *Store) Append(ctx context.Context, b poststore.Batch) (poststore.Appended, error) {
	done, err := s.append(ctx, b)
	if err != nil {
		return poststore.Appended{}, fmt.Errorf("appending a batch: %w", err)
	}
	return done, nil
}

func (s *Store) append(ctx context.Context, b poststore.Batch) (poststore.Appended, error) {
	for _, d := range b.Deleted {
		if d.ID == "" {
			return poststore.Appended{}, errors.New("a deletion has no id")
		}
	}
	seen := b.Seen
	if seen.IsZero() {
		seen = s.o.Now()
	}
	t := &batch{s: s, source: clean(b.Source), seen: seen.UnixMicro(), posts: make([]incoming, len(b.Posts))}
	// What needs nothing of the store is done before it is locked, so that
	// batches that come at once help each other.
	parallel(len(b.Posts), fewPosts, func(i int) {
		in := &t.posts[i]
		in.Post = b.Posts[i]
		poststore.Clean(&in.Post)
		in.key = uint64(poststore.KeyOf(&in.Post))
		in.time = in.Time.UnixMicro()
	})
	for _, d := range b.Deleted {
		t.deletions = append(t.deletions, deletion{
			key:             uint64(poststore.KeyFor(clean(d.Platform), clean(d.ID))),
			pendingDeletion: pendingDeletion{clean(d.Platform), clean(d.ID), bound(d.Time, t.seen)},
		})
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closed {
		return t.done, errors.New("the store is closed")
	}
	if err := ctx.Err(); err != nil {
		return t.done, err
	}
	if err := t.run(ctx, b.Cursor); err != nil {
		return t.done, err
	}
	if s.emptied {
		s.checkpoint(ctx)
	}
	if t.done.Collided > 0 {
		s.o.Logger.Warn("posts were left out whose key another post has", "source", t.source, "posts", t.done.Collided)
	}
	return t.done, nil
}

// checkpoint writes what the log holds into the file, so that what was deleted
// is in neither. It is tried again with the next batch where a reader is in the
// way.
func (s *Store) checkpoint(ctx context.Context) {
	if _, err := s.w.ExecContext(ctx, "CHECKPOINT"); err != nil {
		s.o.Logger.Debug("the checkpoint after a deletion waits", "error", err)
		return
	}
	s.emptied = false
}

// clean gives s as poststore.Clean does.
func clean(s string) string {
	p := post.Post{ID: s}
	poststore.Clean(&p)
	return p.ID
}

// fewPosts is how many posts are worth a goroutine.
const fewPosts = 256

// parallel calls do for 0 ≤ i < n on all cores, neighbours on one, and at least
// so many on each.
func parallel(n, least int, do func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), (n+least-1)/least)
	if workers <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := n * w / workers; i < n*(w+1)/workers; i++ {
				do(i)
			}
		})
	}
	wg.Wait()
}

// incoming is a post of a batch.
type incoming struct {
	post.Post
	key  uint64
	time int64
}

type deletion struct {
	pendingDeletion
	key uint64
}

// batch is a batch under way. Nothing in memory is changed before it is
// committed but the names, which are taken back if it is not.
type batch struct {
	s         *Store
	source    string
	seen      int64
	posts     []incoming
	deletions []deletion
	done      poststore.Appended

	states  map[uint64]*state
	order   []*state // of posts that were not there, as they came
	changes map[uint64]*accountChange
	fresh   []*accountChange // accounts that are new, by number
	had     map[kind]int     // names before the batch
	pending []deletion       // deletions to keep
	arrived []uint64         // keys of kept deletions whose posts came
	packed  []rawPack
}

// state is what a batch knows of a post that it touches.
type state struct {
	seq      int64 // -1 for a post that was not there
	key      uint64
	identity uint64
	time     int64
	source   int64
	account  *accountChange
	versions int
	contents []uint64 // of all versions
	// newest is the newest version, where the batch brought it; added are
	// the versions that it brought, the first one of a new post among them.
	newest  *incoming
	added   []*incoming
	deleted int64
	// was is what the file holds.
	was struct {
		cell            cell
		deleted         int64
		versions        int
		channel, seen   int64
		flags           byte
		raw             int64
		oldCell         bool
		platform, accNo int64
	}
	row final
}

// final is a row as the batch leaves it.
type final struct {
	content               uint64
	seen                  int64
	lang, channel         int64
	platform, source, raw int64
	typ, flags            byte
	folded                string
	body                  []byte
	items                 []item
}

type item struct {
	kind kind
	hash uint64
}

// identity gives a second hash of what a key stands for.
func (s *Store) identity(platform, id string) uint64 {
	return s.hash(0, string(binary.AppendUvarint(nil, uint64(len(platform))))+platform+id)
}

// content gives the hash of what poststore.SameContent compares.
func (s *Store) content(p *post.Post) uint64 {
	var room [1024]byte
	b := room[:0]
	for _, v := range []string{p.Text, p.Lang, p.URL, p.Channel, p.Object, p.RepostOf, p.ReplyTo, p.QuoteOf} {
		b = appendString(b, v)
	}
	b = binary.AppendUvarint(b, uint64(len(p.Links)))
	for i := range p.Links {
		b = appendString(b, p.Links[i].Given)
	}
	for _, list := range [][]string{p.Hashtags, p.Mentions} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, v := range list {
			b = appendString(b, v)
		}
	}
	for i := range p.Media {
		m := &p.Media[i]
		b = appendString(appendString(appendString(b, m.ID), m.URL), m.Hash)
	}
	return s.hash(0, string(b))
}

// run does the batch.
func (t *batch) run(ctx context.Context, cursor []byte) (err error) {
	s := t.s
	if s.next+int64(len(t.posts)) > maxPosts {
		return errors.New("the store is full")
	}
	t.had = make(map[kind]int)
	for k := range s.names.of {
		t.had[k] = s.names.count(k)
	}
	defer func() {
		if err != nil {
			for k, n := range t.had {
				s.names.drop(k, n)
			}
		}
	}()
	if _, err := s.w.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// Not with ctx, which may be why the batch ends here.
			_, _ = s.w.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	if err := t.loadStates(ctx); err != nil {
		return fmt.Errorf("looking for the posts: %w", err)
	}
	t.changes = make(map[uint64]*accountChange)
	source := t.name(kindSource, t.source)
	for i := range t.posts {
		if err := t.take(ctx, &t.posts[i], source); err != nil {
			return err
		}
	}
	for _, d := range t.deletions {
		t.remove(d)
	}
	news, edits, err := t.finish(ctx)
	if err != nil {
		return err
	}
	// DuckDB takes rows on one core; the other work goes beside.
	var blocks []block
	var beside sync.WaitGroup
	beside.Go(func() {
		t.packRaw(news)
		blocks = t.newBlocks(news, edits)
	})
	err = t.write(ctx, news, edits, cursor)
	beside.Wait()
	if err != nil {
		return err
	}
	if err := t.writeRaw(); err != nil {
		return err
	}
	if err := t.writeBlocks(blocks, news); err != nil {
		return err
	}
	return t.commit(ctx, news, edits, blocks)
}

// name gives the number of a name, a new one if it has none.
func (t *batch) name(k kind, v string) int64 {
	if n := t.s.names.find(k, v); n >= 0 {
		return n
	}
	return t.s.names.add(k, v)
}

// loadStates reads what the file has of the batch's posts.
func (t *batch) loadStates(ctx context.Context) error {
	s := t.s
	t.states = make(map[uint64]*state, len(t.posts))
	var seqs []int64
	look := func(key uint64) {
		if t.states[key] == nil {
			if seq := s.keys.find(key); seq >= 0 {
				t.states[key] = &state{seq: seq, key: key}
				seqs = append(seqs, seq)
			}
		}
	}
	for i := range t.posts {
		look(t.posts[i].key)
	}
	for _, d := range t.deletions {
		look(d.key)
	}
	if len(seqs) == 0 {
		return nil
	}
	var edited []int64
	bySeq := make(map[int64]*state)
	err := s.bySeq(ctx, s.w, `seq, key, identity, content, time, source, account, versions, deleted, platform, lang, channel,
		type, flags, raw, seen`, "post", seqs, func(r row) error {
		st := t.states[r.uint(1)]
		st.identity, st.contents, st.time = r.uint(2), []uint64{r.uint(3)}, r.int(4)
		st.source, st.versions, st.deleted = r.int(5), int(r.int(7)), r.int(8)
		st.was.accNo, st.was.versions, st.was.deleted, st.was.platform = r.int(6), st.versions, st.deleted, r.int(9)
		st.was.channel, st.was.flags, st.was.raw, st.was.seen = r.int(11), r.byte(13), r.int(14), r.int(15)
		st.was.cell = cell{hourOf(st.time), int32(r.int(9)), int32(r.int(10)), int32(r.int(5)), r.byte(12)} //nolint:gosec // columns of these types
		st.was.oldCell = st.deleted == 0
		bySeq[st.seq] = st
		if st.versions > 1 && st.deleted == 0 {
			edited = append(edited, st.seq)
		}
		return nil
	})
	if err != nil || len(edited) == 0 {
		return err
	}
	return s.bySeq(ctx, s.w, "seq, content", "version", edited, func(r row) error {
		st := bySeq[r.int(0)]
		st.contents = append(st.contents, r.uint(1))
		return nil
	})
}

// take takes a post, as the contract has it.
func (t *batch) take(ctx context.Context, in *incoming, source int64) error {
	s := t.s
	st := t.states[in.key]
	if st == nil {
		d, gone := s.pending[in.key]
		if gone && (d.platform != in.Platform || d.id != in.ID) {
			t.done.Collided++
			return nil
		}
		st = &state{
			seq: -1, key: in.key, identity: s.identity(in.Platform, in.ID), time: in.time, source: source, versions: 1,
			contents: []uint64{s.content(&in.Post)}, newest: in, added: []*incoming{in},
		}
		t.states[in.key] = st
		t.order = append(t.order, st)
		st.account = t.account(&in.Post)
		st.account.posts++
		if gone {
			t.arrived = append(t.arrived, in.key)
			t.bury(st, d.time)
			return nil
		}
		t.done.New++
		t.named(st.account, in, true)
		return nil
	}
	switch {
	case st.identity != s.identity(in.Platform, in.ID):
		t.done.Collided++
		return nil
	case st.deleted != 0:
		t.done.Same++
		return nil
	}
	a := t.accountOf(st)
	same := a.hash == s.hash(0, poststore.AccountKey(in.Platform, in.Account.ID))
	if same {
		t.named(a, in, false)
	}
	c := s.content(&in.Post)
	if slices.Contains(st.contents, c) {
		t.done.Same++
		return nil
	}
	if !same {
		// The account of the first version stands.
		first, err := t.first(ctx, st)
		if err != nil {
			return fmt.Errorf("reading a post's first version: %w", err)
		}
		in.Account = first
	}
	in.time, in.Time = st.time, at(st.time)
	st.newest = in
	st.added = append(st.added, in)
	st.contents = append(st.contents, c)
	st.versions++
	t.done.Changed++
	return nil
}

// first gives the account as a post's first version states it.
func (t *batch) first(ctx context.Context, st *state) (post.Account, error) {
	if st.seq < 0 {
		return st.added[0].Account, nil
	}
	table := "post WHERE"
	if st.was.versions > 1 {
		table = "version WHERE no = 1 AND"
	}
	var p post.Post
	err := each(ctx, t.s.w, "SELECT folded, body FROM "+table+" seq = ?", []any{st.seq}, func(r row) error {
		return body(r.string(1), r.string(0), &p)
	})
	return p.Account, err
}

// remove takes a deletion.
func (t *batch) remove(d deletion) {
	st := t.states[d.key]
	if st == nil {
		p, have := t.s.pending[d.key]
		for _, q := range t.pending {
			if q.key == d.key {
				p, have = q.pendingDeletion, true
			}
		}
		switch {
		case !have:
			t.pending = append(t.pending, d)
		case p.platform != d.platform || p.id != d.id:
			t.done.Collided++
		}
		return
	}
	switch {
	case st.identity != t.s.identity(d.platform, d.id):
		t.done.Collided++
	case st.deleted == 0:
		t.bury(st, d.time)
	}
}

// bury makes a tombstone of a post.
func (t *batch) bury(st *state, when int64) {
	if when == 0 {
		when = 1 // zero means not deleted
	}
	st.deleted = when
	t.done.Deleted++
	a := t.accountOf(st)
	a.keep = true
	if a.posts--; a.posts == 0 {
		a.named = unnamed
		t.call(a, "", "", true, true)
	}
}

// account gives the account of a post as the batch has it so far.
func (t *batch) account(p *post.Post) *accountChange {
	h := t.s.hash(0, poststore.AccountKey(p.Platform, p.Account.ID))
	a := t.changes[h]
	if a == nil {
		a = &accountChange{platform: p.Platform, id: p.Account.ID}
		if no, have := t.s.accounts.number[h]; have {
			a.no, a.accountState = no, t.s.accounts.known[no]
		} else {
			empty := t.s.hash(0, "")
			a.no, a.fresh = int64(len(t.s.accounts.known)+len(t.fresh)), true
			a.accountState = accountState{hash: h, named: unnamed, handle: empty, name: empty}
			t.fresh = append(t.fresh, a)
		}
		t.changes[h] = a
	}
	return a
}

// accountOf gives the account of a post that may have been there.
func (t *batch) accountOf(st *state) *accountChange {
	if st.account != nil {
		return st.account
	}
	no := st.was.accNo
	known := t.s.accounts.known[no]
	a := t.changes[known.hash]
	if a == nil {
		a = &accountChange{accountState: known, no: no}
		t.changes[known.hash] = a
	}
	st.account = a
	return a
}

// named gives an account the names that a post states. own says that the post
// is new, so that the time can be derived from it.
func (t *batch) named(a *accountChange, in *incoming, own bool) {
	if in.Account.Handle == "" && in.Account.Name == "" || in.time < a.named {
		return
	}
	if !own && in.time > a.named {
		a.keep = true
	}
	a.named = in.time
	t.call(a, in.Account.Handle, in.Account.Name, in.Account.Handle != "", in.Account.Name != "")
}

// call sets an account's names.
func (t *batch) call(a *accountChange, handle, name string, setHandle, setName bool) {
	if h := t.s.hash(0, handle); setHandle && (h != a.handle || a.setHandle) {
		a.handle, a.handleText, a.setHandle = h, handle, true
		a.folded = t.s.handleHash(handle)
	}
	if h := t.s.hash(0, name); setName && (h != a.name || a.setName) {
		a.name, a.nameText, a.setName = h, name, true
	}
}

// finish works out the rows that the batch leaves: those of new posts, in the
// order in which they will be numbered, and those that change.
func (t *batch) finish(ctx context.Context) (news, edits []*state, err error) {
	news = t.order
	slices.SortStableFunc(news, func(a, b *state) int {
		switch {
		case a.time < b.time:
			return -1
		case a.time > b.time:
			return 1
		}
		return 0
	})
	for i, st := range news {
		st.seq = t.s.next + int64(i)
	}
	var gone []int64
	bySeq := make(map[int64]*state)
	for _, st := range t.states {
		switch {
		case st.seq >= t.s.next:
		case st.deleted != st.was.deleted && st.newest == nil:
			gone = append(gone, st.seq)
			bySeq[st.seq] = st
			edits = append(edits, st)
		case len(st.added) > 0:
			edits = append(edits, st)
		}
	}
	slices.SortFunc(edits, func(a, b *state) int { return int(a.seq - b.seq) })
	slices.Sort(gone)
	for i, st := range news {
		st.row.raw = t.s.next + int64(i/rawRun*rawRun)
	}
	all := slices.Concat(news, edits)
	t.nameAll(all)
	parallel(len(all), fewPosts, func(i int) {
		if all[i].newest != nil {
			t.fill(all[i])
		}
	})
	if len(gone) == 0 {
		return news, edits, nil
	}
	// Of deleted posts the account's id stays, which is in the body.
	err = t.s.bySeq(ctx, t.s.w, "seq, folded, body", "post", gone, func(r row) error {
		var p post.Post
		if err := body(r.string(2), r.string(1), &p); err != nil {
			return err
		}
		st := bySeq[r.int(0)]
		t.tombstone(st, &p, st.was.seen)
		return nil
	})
	return news, edits, err
}

// nameAll numbers the names of all posts.
func (t *batch) nameAll(all []*state) {
	none := t.name(kindLang, "")
	noChannel := t.name(kindChannel, "")
	for _, st := range all {
		st.row.lang, st.row.channel = none, noChannel
		st.row.source = st.source
		if st.newest == nil {
			st.row.platform = st.was.platform
			continue
		}
		p := &st.newest.Post
		st.row.platform = t.name(kindPlatform, p.Platform)
		if st.deleted == 0 {
			st.row.lang, st.row.channel = t.name(kindLang, p.Lang), t.name(kindChannel, p.Channel)
		}
	}
}

// tombstone fills the row of a deleted post.
func (t *batch) tombstone(st *state, p *post.Post, seen int64) {
	left := poststore.Tombstone(p)
	f := &st.row
	f.seen = seen
	f.body = appendBody(nil, &left, "")
	f.flags = 0
	if left.Synthetic {
		f.flags |= flagSynthetic
	}
	if left.ID != "" {
		f.flags |= flagID
	}
}

// fill fills the row of a post whose newest version the batch brought.
func (t *batch) fill(st *state) {
	p := &st.newest.Post
	if st.deleted != 0 {
		t.tombstone(st, p, t.seen)
		return
	}
	s, f := t.s, &st.row
	f.content = st.contents[len(st.contents)-1]
	f.seen = t.seen
	f.folded = query.Fold(p.Text)
	f.body = appendBody(make([]byte, 0, 256), p, f.folded)
	f.typ = typeCode[query.TypeOf(p)]
	for _, m := range []struct {
		flag  byte
		holds bool
	}{
		{flagLink, len(p.Links) > 0}, {flagMedia, len(p.Media) > 0}, {flagHashtag, len(p.Hashtags) > 0},
		{flagMention, len(p.Mentions) > 0}, {flagText, f.folded != ""}, {flagSynthetic, p.Synthetic},
		{flagNamed, p.Account.Handle != "" || p.Account.Name != ""}, {flagID, p.ID != ""},
	} {
		if m.holds {
			f.flags |= m.flag
		}
	}
	add := func(k kind, v string) {
		if v == "" {
			return
		}
		if it := (item{k, s.hash(k, v)}); !slices.Contains(f.items, it) {
			f.items = append(f.items, it)
		}
	}
	for i := range p.Links {
		add(kindURL, p.Links[i].URL)
		add(kindDomain, normalise.Domain(p.Links[i].URL))
	}
	for _, v := range p.Hashtags {
		add(kindHashtag, normalise.Hashtag(v))
	}
	for _, v := range p.Mentions {
		add(kindMention, query.Canonical(query.Mention, s.o.Alias(p.Platform, v)))
	}
}

// commit makes the batch last and shows it to readers.
func (t *batch) commit(ctx context.Context, news, edits []*state, blocks []block) error {
	s := t.s
	inPlace := len(edits) > 0
	if inPlace {
		// A reader must not see changes in place without the rest.
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	if _, err := s.w.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	if !inPlace {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	for _, st := range news {
		s.keys.put(st.key, st.seq)
		if st.deleted != 0 {
			s.deleted++
			continue
		}
		s.counts.add(st.cell(), 1)
	}
	for _, st := range edits {
		if st.was.oldCell {
			s.counts.add(st.was.cell, -1)
		}
		if st.deleted == 0 {
			s.counts.add(st.cell(), 1)
		} else {
			s.deleted++
		}
	}
	for _, st := range news {
		if s.tail = append(s.tail, st.key); len(s.tail) == blockRows {
			s.tail = s.tail[:0]
		}
	}
	s.next += int64(len(news))
	s.blocks = blocks
	for _, a := range t.fresh {
		s.accounts.number[a.hash] = a.no
		s.accounts.known = append(s.accounts.known, accountState{})
	}
	for _, a := range t.changes {
		s.accounts.known[a.no] = a.accountState
		if a.setHandle {
			s.accounts.handles.add(a.folded, a.no)
		}
	}
	for _, d := range t.pending {
		s.pending[d.key] = d.pendingDeletion
	}
	for _, k := range t.arrived {
		delete(s.pending, k)
	}
	return nil
}

// cell gives the cell that a live post counts in.
func (st *state) cell() cell {
	f := &st.row
	return cell{hourOf(st.time), int32(f.platform), int32(f.lang), int32(f.source), f.typ} //nolint:gosec // names are few
}

// newBlocks gives the blocks as the batch leaves them. Signatures that readers
// may be looking at are copied before they change.
func (t *batch) newBlocks(news, edits []*state) []block {
	s := t.s
	blocks := slices.Clone(s.blocks)
	owned := make(map[int64]bool)
	own := func(no int64) *block {
		for int64(len(blocks)) <= no {
			owned[int64(len(blocks))] = true
			blocks = append(blocks, block{first: never, last: always, sig: new(signature)})
		}
		b := &blocks[no]
		if !owned[no] {
			sig := *b.sig
			b.sig = &sig
			owned[no] = true
		}
		return b
	}
	for _, st := range edits {
		own(st.seq >> blockBits).sig.addRow(st)
	}
	if len(news) == 0 {
		return blocks
	}
	firstNo, lastNo := news[0].seq>>blockBits, news[len(news)-1].seq>>blockBits
	for no := firstNo; no <= lastNo; no++ {
		own(no)
	}
	// Blocks are apart, so each may be filled on a core of its own.
	start := news[0].seq
	parallel(int(lastNo-firstNo+1), 1, func(i int) {
		no := firstNo + int64(i)
		b := &blocks[no]
		for _, st := range news[max(no<<blockBits, start)-start : min((no+1)<<blockBits-start, int64(len(news)))] {
			b.first, b.last = min(b.first, st.time), max(b.last, st.time)
			b.sig.addRow(st)
		}
	})
	return blocks
}

// addRow adds all that a post can be asked for.
func (sig *signature) addRow(st *state) {
	f := &st.row
	sig.add(numbered(kindPlatform, f.platform))
	sig.add(numbered(kindLang, f.lang))
	sig.add(numbered(kindSource, f.source))
	sig.add(numbered(kindChannel, f.channel))
	sig.add(numbered(kindType, int64(f.typ)))
	sig.add(numbered(kindAccount, st.accountNo()))
	for _, it := range f.items {
		sig.add(it.hash)
	}
	grams(f.folded, sig.add)
}

func (st *state) accountNo() int64 {
	if st.account != nil {
		return st.account.no
	}
	return st.was.accNo
}

// conn gives the writer's connection as the driver has it.
func (s *Store) conn(use func(driver.Conn) error) error {
	return s.w.Raw(func(c any) error {
		dc, ok := c.(driver.Conn)
		if !ok {
			return errors.New("the driver has no connection")
		}
		return use(dc)
	})
}

// rows appends rows to a table.
func (s *Store) rows(catalog, table string, fill func(add func(...driver.Value) error) error) error {
	err := s.conn(func(c driver.Conn) error {
		a, err := duckdb.NewAppender(c, catalog, "", table)
		if err != nil {
			return err
		}
		if err := fill(a.AppendRow); err != nil {
			return errors.Join(err, a.Clear(), a.Close())
		}
		return a.Close()
	})
	if err != nil {
		return fmt.Errorf("writing table %s: %w", table, err)
	}
	return nil
}
