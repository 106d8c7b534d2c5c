package mandate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/poststore"
)

var (
	// ErrSecondPerson says that somebody decides who asked, or for whom it
	// was asked: that takes another person.
	ErrSecondPerson = errors.New("another person has to decide")
	// ErrPerson says that a person has to do it, signed in: not a token.
	ErrPerson = errors.New("a person has to do it, not a token")
	// ErrIncomplete says that a request or mark lacks what it must have.
	ErrIncomplete = errors.New("something is missing")
	// ErrState says that a request is past what was to be done with it.
	ErrState = errors.New("the request is decided or withdrawn already")
	// ErrOtherKey says that casework was made under pseudonyms of another
	// key than the one that was opened.
	ErrOtherKey = errors.New("the key for pseudonyms is not the one that this casework was made with")
)

// DefaultGrant is how long a grant lasts where nothing else is said.
const DefaultGrant = 30 * 24 * time.Hour

// Finder finds accounts by what posts call them. A name is a handle, in lower
// case, or an id; accounts that are not there are left out.
type Finder interface {
	FindAccounts(ctx context.Context, platform string, names []string) ([]Account, error)
}

// Options are what a [Service] may be told.
type Options struct {
	// Grant is how long a grant lasts; zero means DefaultGrant.
	Grant time.Duration
	// Finder resolves mentions, so that a handle in a text stands under the
	// pseudonym of its account; nil leaves it under that of the handle.
	Finder Finder
}

// Service keeps marks, requests and grants.
type Service struct {
	db     *casestore.DB
	names  *Names
	grant  time.Duration
	finder Finder
	marks  atomic.Pointer[loadedMarks]
}

// keySetting is the setting that holds the fingerprint of the key.
const keySetting = "mandate.key"

// New makes the service. Where the casework was made under another key it
// gives ErrOtherKey: see [NewUnderOtherKey].
func New(ctx context.Context, db *casestore.DB, names *Names, o Options) (*Service, error) {
	return open(ctx, db, names, o, false)
}

// NewUnderOtherKey makes the service where the key is lost: all accounts get
// other pseudonyms from now on. The log says so.
func NewUnderOtherKey(ctx context.Context, db *casestore.DB, names *Names, o Options) (*Service, error) {
	return open(ctx, db, names, o, true)
}

func open(ctx context.Context, db *casestore.DB, names *Names, o Options, other bool) (*Service, error) {
	if o.Grant <= 0 {
		o.Grant = DefaultGrant
	}
	s := &Service{db: db, names: names, grant: o.Grant, finder: o.Finder}
	have, err := names.Fingerprint()
	if err != nil {
		return nil, err
	}
	var kept string
	err = db.View(ctx, func(tx *casestore.Tx) error {
		return tx.Get(ctx, `SELECT value FROM settings WHERE name = ?`, []any{keySetting}, []any{&kept})
	})
	switch {
	case err != nil && !errors.Is(err, casestore.ErrNotFound):
		return nil, fmt.Errorf("reading the fingerprint of the key for pseudonyms: %w", err)
	case err == nil && kept == have:
		return s, nil
	case err == nil && !other:
		return nil, ErrOtherKey
	}
	err = db.Change(ctx, func(tx *casestore.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, keySetting, have); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Action: "mandate.key", Detail: map[string]any{"from": kept, "to": have}})
	})
	if err != nil {
		return nil, fmt.Errorf("writing the fingerprint of the key for pseudonyms: %w", err)
	}
	return s, nil
}

// Grant gives how long a grant lasts.
func (s *Service) Grant() time.Duration { return s.grant }

// Names gives what makes the pseudonyms.
func (s *Service) Names() *Names { return s.names }

// Veil makes the veil through which a person sees the accounts at hand: those
// that a page, file or answer is about to show. Names that the person may see
// by a grant count as read, and are in the log, once this returns.
//
// A nil principal sees marked accounts by name and all others under their
// pseudonyms: what exports, alerts and whatever leaves the screen of one person
// use. A token sees as much, since a grant is a person's.
func (s *Service) Veil(ctx context.Context, p *auth.Principal, accounts ...Account) (*Veil, error) {
	mayRead := p != nil && p.Token == ""
	var marks *markSet
	var held map[accountKey]grant
	now := s.db.Now()
	err := s.db.View(ctx, func(tx *casestore.Tx) (err error) {
		if marks, err = s.loadMarks(ctx, tx); err != nil || !mayRead {
			return err
		}
		held, err = grantsOf(ctx, tx, p.ID, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("loading who may be named: %w", err)
	}
	until := map[accountKey]time.Time{}
	var read []grant
	for _, a := range accounts {
		key := accountKey{family(a.Platform), a.ID}
		g, ok := held[key]
		if _, seen := until[key]; !ok || seen || marks.byID[key] != nil {
			continue
		}
		until[key] = g.until
		read = append(read, g)
	}
	if len(read) > 0 {
		if err := s.recordReadings(ctx, p, read, now); err != nil {
			return nil, err
		}
	}
	return newVeil(s.names, marks, until, accounts), nil
}

// VeilPosts makes the veil for posts that are about to be shown: their authors
// and, as far as the Finder knows them, the accounts that they mention are at
// hand.
func (s *Service) VeilPosts(ctx context.Context, p *auth.Principal, posts []poststore.Post) (*Veil, error) {
	accounts := make([]Account, 0, len(posts))
	mentioned := map[string]map[string]bool{} // platform → names
	for i := range posts {
		q := &posts[i].Post
		accounts = append(accounts, Author(q))
		if s.finder == nil || len(q.Mentions) == 0 {
			continue
		}
		if mentioned[q.Platform] == nil {
			mentioned[q.Platform] = map[string]bool{}
		}
		for _, m := range q.Mentions {
			mentioned[q.Platform][strings.TrimPrefix(m, "@")] = true
		}
	}
	for platform, set := range mentioned {
		names := make([]string, 0, len(set))
		for name := range set {
			names = append(names, name)
		}
		slices.Sort(names)
		found, err := s.finder.FindAccounts(ctx, platform, names)
		if err != nil {
			return nil, fmt.Errorf("finding the accounts that posts mention: %w", err)
		}
		accounts = append(accounts, found...)
	}
	return s.Veil(ctx, p, accounts...)
}

// byName finds accounts in the post store.
type byName struct{ store AccountStore }

// AccountStore is what Find asks of the post store.
type AccountStore interface {
	AccountsNamed(ctx context.Context, platform string, names []string) ([]poststore.Account, error)
}

// Find is a Finder that knows the accounts of the post store by id and by the
// handle that they go by now.
func Find(store AccountStore) Finder { return byName{store} }

// FindAccounts implements Finder.
func (b byName) FindAccounts(ctx context.Context, platform string, names []string) ([]Account, error) {
	found, err := b.store.AccountsNamed(ctx, platform, names)
	if err != nil {
		return nil, fmt.Errorf("looking accounts up: %w", err)
	}
	out := make([]Account, len(found))
	for i := range found {
		out[i] = Of(&found[i])
	}
	return out, nil
}

// object names an account in the log.
func object(alias string) string { return "account:" + alias }

// veiledReason gives a reason that people wrote as the log may hold it: names
// of the account that it is about stand under the pseudonym.
func (s *Service) veiledReason(a Account, reason string) string {
	v := s.names.Veil(a)
	alias := v.Account(a).Alias
	reason = v.Text(a.Platform, reason)
	for _, name := range [...]string{a.Name, a.Handle, a.ID} {
		if len([]rune(name)) >= 2 {
			reason = replaceFold(reason, name, alias)
		}
	}
	return reason
}

// replaceFold replaces a name in either case.
func replaceFold(s, name, with string) string {
	lower, name := strings.ToLower(s), strings.ToLower(name)
	if len(lower) != len(s) || !strings.Contains(lower, name) {
		return strings.ReplaceAll(s, name, with)
	}
	var b strings.Builder
	for {
		i := strings.Index(lower, name)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		b.WriteString(with)
		s, lower = s[i+len(name):], lower[i+len(name):]
	}
}
