package auth

import (
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// ceremonyAge is how long something begun may take, ceremoniesKept how many are
// remembered; the oldest are forgotten first.
const (
	ceremonyAge    = 10 * time.Minute
	ceremoniesKept = 20_000
)

// ceremonies keeps what was begun in a browser and not yet finished: a passkey
// to be registered or shown, a login at the provider. It is kept in memory:
// nobody minds to begin again after a restart, and strangers write nothing into
// the database. Each can be finished once.
type ceremonies struct {
	now   func() time.Time
	begun *lru.Cache[string, ceremony]
}

type ceremony struct {
	what    any
	expires time.Time
}

func newCeremonies(now func() time.Time) (*ceremonies, error) {
	c, err := lru.New[string, ceremony](ceremoniesKept)
	if err != nil {
		return nil, fmt.Errorf("making room for ceremonies: %w", err)
	}
	return &ceremonies{now: now, begun: c}, nil
}

// begin remembers what was begun, in this process and, by a cookie of that
// name, in the browser.
func (s *Service) begin(v *visit, cookie string, what any) {
	secret := newSecret()
	s.begun.begun.Add(hashSecret(secret), ceremony{what, s.now().Add(ceremonyAge)})
	s.setCookie(v, cookie, secret, ceremonyAge)
}

// finish gives what was begun in this browser, once. ErrCeremony where there is
// none.
func finish[T any](s *Service, v *visit, cookie string) (T, error) {
	var none T
	key := hashSecret(s.cookie(v, cookie))
	c, ok := s.begun.begun.Peek(key)
	if !ok || !s.begun.begun.Remove(key) {
		return none, ErrCeremony
	}
	s.setCookie(v, cookie, "", 0)
	what, ok := c.what.(T)
	if !ok || !s.now().Before(c.expires) {
		return none, ErrCeremony
	}
	return what, nil
}
