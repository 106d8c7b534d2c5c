package fetch

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// where gives an address without what may be secret in it.
func where(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Refused says that an address may not be reached from here.
type Refused struct {
	// Where is the address or host, Why the reason, in English.
	Where, Why string
}

func (e *Refused) Error() string { return fmt.Sprintf("%s is refused: %s", e.Where, e.Why) }

// Kind is "refused".
func (*Refused) Kind() string { return "refused" }

// TooLarge says that an answer has more bytes than it may.
type TooLarge struct {
	Where string
	Limit int64
}

func (e *TooLarge) Error() string {
	return fmt.Sprintf("%s answered with more than %d bytes", e.Where, e.Limit)
}

// Kind is "too large".
func (*TooLarge) Kind() string { return "too large" }

// Status says that a server answered with an error.
type Status struct {
	Where string
	Code  int
}

func (e *Status) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.Where, e.Code, http.StatusText(e.Code))
}

// Kind is "status".
func (*Status) Kind() string { return "status" }

// Temporary says whether the same request may be answered later.
func (e *Status) Temporary() bool {
	return e.Code >= 500 || e.Code == http.StatusRequestTimeout || e.Code == http.StatusTooEarly
}

// RateLimited says that a host asks to be left alone until a time.
type RateLimited struct {
	Where string
	Until time.Time
}

func (e *RateLimited) Error() string {
	return fmt.Sprintf("%s asks to wait until %s", e.Where, e.Until.UTC().Format(time.RFC3339))
}

// Kind is "rate limit".
func (*RateLimited) Kind() string { return "rate limit" }

// RetryAt is when it may be asked again.
func (e *RateLimited) RetryAt() time.Time { return e.Until }

// Disallowed says that a host's robots.txt forbids an address.
type Disallowed struct{ Where string }

func (e *Disallowed) Error() string { return e.Where + " is forbidden by the host's robots.txt" }

// Kind is "robots".
func (*Disallowed) Kind() string { return "robots" }

// Network says that a server could not be reached, did not answer in time, or
// broke off.
type Network struct {
	Where string
	Err   error
}

func (e *Network) Error() string { return fmt.Sprintf("%s did not answer: %v", e.Where, e.Err) }

func (e *Network) Unwrap() error { return e.Err }

// Kind is "network".
func (*Network) Kind() string { return "network" }
