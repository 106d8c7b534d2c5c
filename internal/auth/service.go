package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/alexedwards/scs/v2"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Service signs people in and keeps who they are. Its methods are safe for
// concurrent use.
//
// Methods take from ctx who acts ([Of], put there by [Service.Load] or [With])
// and where the request came from (put there by Load), and check rights and
// limits themselves. A command on this machine acts without a principal, with
// an actor that begins with "cli:" (casestore.WithActor): who reads the
// database needs nobody's leave.
type Service struct {
	db       *casestore.DB
	cfg      Config
	public   *url.URL
	policy   *Policy
	sessions *scs.SessionManager
	pass     *passwords
	passkeys *webauthn.WebAuthn // nil where browsers allow none
	oidc     *provider          // nil where none is configured
	device   deviceKey
	limits   *limits
	begun    *ceremonies
	csrf     *http.CrossOriginProtection
	now      func() time.Time
}

// New makes a service on a database whose tables are there.
func New(ctx context.Context, db *casestore.DB, cfg Config) (*Service, error) {
	return newService(ctx, db, cfg, argon, db.Now)
}

func newService(ctx context.Context, db *casestore.DB, cfg Config, cost argon2id.Params, now func() time.Time) (*Service, error) {
	cfg, public, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	s := &Service{db: db, cfg: cfg, public: public, now: now}
	if s.policy, err = NewPolicy(); err != nil {
		return nil, err
	}
	if s.pass, err = newPasswords(cost, cfg.MinPassword); err != nil {
		return nil, err
	}
	if s.device, err = readDeviceKey(ctx, db); err != nil {
		return nil, err
	}
	if s.limits, err = newLimits(now); err != nil {
		return nil, err
	}
	if s.begun, err = newCeremonies(now); err != nil {
		return nil, err
	}
	if s.passkeys, err = newPasskeys(public); err != nil {
		return nil, err
	}
	if cfg.OIDC != nil {
		s.oidc = newProvider(*cfg.OIDC, public)
	}
	s.csrf = http.NewCrossOriginProtection()
	if public.Host != "" {
		if err := s.csrf.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
			return nil, fmt.Errorf("the public URL: %w", err)
		}
	}
	s.sessions = s.newSessions()
	return s, nil
}

// Policy gives the policies that the service decides by.
func (s *Service) Policy() *Policy { return s.policy }

// Secure says whether browsers come by https.
func (s *Service) Secure() bool { return s.public.Scheme == "https" }

// PasskeysOn says whether browsers allow passkeys at the public URL.
func (s *Service) PasskeysOn() bool { return s.passkeys != nil }

// OIDCName gives how the login page calls the organisation's own login; ok is
// false where none is configured.
func (s *Service) OIDCName() (name string, ok bool) {
	if s.oidc == nil {
		return "", false
	}
	return s.oidc.cfg.Name, true
}

// URL gives a path at the public URL; the path alone where there is none.
func (s *Service) URL(path string) string {
	if s.public.Host == "" {
		return path
	}
	return s.public.Scheme + "://" + s.public.Host + path
}

// acting gives who acts, once the policies allow it; nil for a command on this
// machine.
func (s *Service) acting(ctx context.Context, a Action, r Resource) (*Principal, error) {
	p := Of(ctx)
	switch {
	case p == nil && strings.HasPrefix(casestore.ActorOf(ctx), "cli:"):
		return nil, nil //nolint:nilnil // the doc comment says what it means
	case p == nil:
		return nil, ErrSignedOut
	case !s.policy.Allow(p, a, r):
		return nil, ErrNotAllowed
	}
	return p, nil
}

// confirmed is acting for changes to what people sign in with: the person must
// have shown a moment ago who they are.
func (s *Service) confirmed(ctx context.Context, a Action, r Resource) (*Principal, error) {
	p, err := s.acting(ctx, a, r)
	if err != nil || p == nil {
		return p, err
	}
	if !s.Confirmed(ctx) {
		return nil, ErrConfirm
	}
	return p, nil
}

// own is acting, or confirmed, on one's own account; there must be a person.
func (s *Service) own(ctx context.Context, a Action, fresh bool) (*Principal, error) {
	f := s.acting
	if fresh {
		f = s.confirmed
	}
	p, err := f(ctx, a, Resource{})
	if err == nil && p == nil {
		return nil, ErrSignedOut
	}
	return p, err
}

// Prune removes what has expired: sessions, links. It is called now and then.
func (s *Service) Prune(ctx context.Context) error {
	err := s.db.Housekeep(ctx, func(tx *casestore.Tx) error {
		now := casestore.Micros(s.now())
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE expires <= ?`, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM links WHERE expires <= ?`, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("removing sessions and links that expired: %w", err)
	}
	return nil
}

// newSecret gives 256 random bits as text.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails: the program ends where it would
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashSecret gives what is kept of a secret made by newSecret. As it is random,
// one round suffices.
func hashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// missing maps the absence of a row to another error.
func missing(err, to error) error {
	if errors.Is(err, casestore.ErrNotFound) {
		return to
	}
	return err
}
