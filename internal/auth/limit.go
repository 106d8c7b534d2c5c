package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/akashi-project/akashi/internal/casestore"
)

// door is a group of requests that share a budget for each client address.
type door string

// The doors.
const (
	doorLogin   door = "login"   // passwords
	doorLink    door = "link"    // setup, invitations, one-time links
	doorPasskey door = "passkey" // beginning and finishing with a passkey
	doorOIDC    door = "oidc"    // beginning and finishing at the provider
	doorToken   door = "token"   // tokens that turn out not to be valid
)

// rates are how many requests an address has at each door: at once, and how
// long until the next. An office behind one address signs in on Monday at nine.
var rates = map[door]struct {
	burst int
	every time.Duration
}{
	doorLogin:   {60, time.Second},
	doorLink:    {20, 5 * time.Second},
	doorPasskey: {120, time.Second},
	doorOIDC:    {120, time.Second},
	doorToken:   {60, time.Second},
}

// What is remembered about addresses and failures is bounded; who was seen
// longest ago is forgotten first.
const (
	addressesKept = 20_000
	failuresKept  = 50_000
)

// limits slows down who tries too often. Nothing of it locks an account: what
// an attacker spends is the attacker's own.
type limits struct {
	now      func() time.Time
	rates    *lru.Cache[rateKey, *rate.Limiter]
	failures *lru.Cache[[sha256.Size]byte, attempts]
	mu       sync.Mutex // over reading and writing failures
}

type rateKey struct {
	door door
	host string
}

func newLimits(now func() time.Time) (*limits, error) {
	l := &limits{now: now}
	var err error
	if l.rates, err = lru.New[rateKey, *rate.Limiter](addressesKept); err != nil {
		return nil, fmt.Errorf("making room for limits: %w", err)
	}
	if l.failures, err = lru.New[[sha256.Size]byte, attempts](failuresKept); err != nil {
		return nil, fmt.Errorf("making room for limits: %w", err)
	}
	return l, nil
}

// pass takes one request of an address out of its budget at a door; *SlowDown
// where there is none left.
func (l *limits) pass(d door, a netip.Addr) error {
	k, now := rateKey{d, host(a)}, l.now()
	r := rates[d]
	fresh := rate.NewLimiter(rate.Every(r.every), r.burst)
	lim, found, _ := l.rates.PeekOrAdd(k, fresh)
	if !found {
		lim = fresh
	} else {
		l.rates.Get(k) // it was seen
	}
	if !lim.AllowN(now, 1) {
		return &SlowDown{After: r.every}
	}
	return nil
}

// attempts is what failed under one key.
type attempts struct {
	n     int
	last  time.Time
	until time.Time
}

// Failures cost nothing at first, then 1, 2, 4 … seconds, at most a quarter of
// an hour; they are forgotten after an hour without any.
const (
	freeFailures  = 5
	longestDelay  = 15 * time.Minute
	failuresFaded = time.Hour
)

// delay is how long to wait after the nth failure in a row.
func delay(n int) time.Duration {
	if n < freeFailures {
		return 0
	}
	if n-freeFailures >= 10 {
		return longestDelay
	}
	return min(time.Second<<(n-freeFailures), longestDelay)
}

// attempt counts an attempt under a key as one that failed, before it is known:
// attempts made at the same time cannot slip through together. *SlowDown where
// it comes too early; it is then not counted.
func (l *limits) attempt(key [sha256.Size]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a, _ := l.failures.Get(key)
	if now.Sub(a.last) >= failuresFaded && !now.Before(a.until) {
		a = attempts{}
	}
	if now.Before(a.until) {
		return &SlowDown{After: a.until.Sub(now)}
	}
	a.n++
	a.last, a.until = now, now.Add(delay(a.n))
	l.failures.Add(key, a)
	return nil
}

// succeeded forgets the failures under a key.
func (l *limits) succeeded(key [sha256.Size]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures.Remove(key)
}

// admit is limits.pass for the visit of ctx. A command on this machine is not
// limited.
func (s *Service) admit(ctx context.Context, d door) error {
	if v := visitOf(ctx); v != nil {
		return s.limits.pass(d, v.addr)
	}
	return nil
}

// budget names what an attempt to sign in counts under. A browser that this
// person has signed in from has a budget of its own with this login; all others
// share one for each network and login. So a guesser slows neither the person
// in their own browser, nor anybody elsewhere. (After OWASP, "Slow Down Online
// Guessing Attacks with Device Cookies".)
func budget(key, net, device string) [sha256.Size]byte {
	if device != "" {
		return sha256.Sum256([]byte("device\x00" + key + "\x00" + device))
	}
	return sha256.Sum256([]byte("network\x00" + key + "\x00" + net))
}

// deviceKey signs the cookies by which browsers are known.
type deviceKey []byte

// deviceAge is how long a browser is known.
const deviceAge = 180 * 24 * time.Hour

// cookieDevice is the plain name of the cookie by which a browser is known.
const cookieDevice = "akashi-device"

// readDeviceKey reads the key, and makes it the first time.
func readDeviceKey(ctx context.Context, db *casestore.DB) (deviceKey, error) {
	var text string
	err := db.Housekeep(ctx, func(tx *casestore.Tx) error {
		const q = `SELECT key FROM auth_keys WHERE name = ?`
		err := tx.Get(ctx, q, []any{"device"}, []any{&text})
		if !errors.Is(err, casestore.ErrNotFound) {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO auth_keys (name, key) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`,
			"device", newSecret()); err != nil {
			return err
		}
		return tx.Get(ctx, q, []any{"device"}, []any{&text})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the key for known browsers: %w", err)
	}
	return deviceKey(text), nil
}

// sign gives the cookie of a browser that a user has signed in from: user,
// browser, second of making, and a code over them.
func (k deviceKey) sign(userID, device string, at time.Time) string {
	text := userID + "." + device + "." + strconv.FormatInt(at.Unix(), 10)
	return text + "." + k.code(text)
}

func (k deviceKey) code(text string) string {
	m := hmac.New(sha256.New, k)
	m.Write([]byte("akashi-device\x00" + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// check gives the browser that a cookie names for a user; "" where it is
// somebody else's, too old, or not ours.
func (k deviceKey) check(cookie, userID string, now time.Time) string {
	i := strings.LastIndexByte(cookie, '.')
	if i < 0 || userID == "" || !hmac.Equal([]byte(cookie[i+1:]), []byte(k.code(cookie[:i]))) {
		return ""
	}
	parts := strings.Split(cookie[:i], ".")
	if len(parts) != 3 || parts[0] != userID {
		return ""
	}
	at, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || now.Sub(time.Unix(at, 0)) > deviceAge {
		return ""
	}
	return parts[1]
}

// rememberDevice has the browser be known from now on.
func (s *Service) rememberDevice(v *visit, userID string) {
	device := s.device.check(s.cookie(v, cookieDevice), userID, s.now())
	if device == "" {
		device = casestore.NewID()
	}
	s.setCookie(v, cookieDevice, s.device.sign(userID, device, s.now()), deviceAge)
}
