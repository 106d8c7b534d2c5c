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

// RefusedError says that an address may not be reached from here.
type RefusedError struct {
	// Where is the address or host, Why the reason, in English.
	Where, Why string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s is refused: %s", e.Where, e.Why) }

// Kind is "refused".
func (*RefusedError) Kind() string { return "refused" }

// TooLargeError says that an answer has more bytes than it may.
type TooLargeError struct {
	Where string
	Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s answered with more than %d bytes", e.Where, e.Limit)
}

// Kind is "too large".
func (*TooLargeError) Kind() string { return "too large" }

// StatusError says that a server answered with an error.
type StatusError struct {
	Where string
	Code  int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.Where, e.Code, http.StatusText(e.Code))
}

// Kind is "status".
func (*StatusError) Kind() string { return "status" }

// Temporary says whether the same request may be answered later.
func (e *StatusError) Temporary() bool {
	return e.Code >= 500 || e.Code == http.StatusRequestTimeout || e.Code == http.StatusTooEarly
}

// RateError says that a host asks to be left alone until a time.
type RateError struct {
	Where string
	Until time.Time
}

func (e *RateError) Error() string {
	return fmt.Sprintf("%s asks to wait until %s", e.Where, e.Until.UTC().Format(time.RFC3339))
}

// Kind is "rate limit".
func (*RateError) Kind() string { return "rate limit" }

// RetryAt is when it may be asked again.
func (e *RateError) RetryAt() time.Time { return e.Until }

// DisallowedError says that a host's robots.txt forbids an address.
type DisallowedError struct{ Where string }

func (e *DisallowedError) Error() string { return e.Where + " is forbidden by the host's robots.txt" }

// Kind is "robots".
func (*DisallowedError) Kind() string { return "robots" }

// NetworkError says that a server could not be reached, did not answer in time, or
// broke off.
type NetworkError struct {
	Where string
	Err   error
}

func (e *NetworkError) Error() string { return fmt.Sprintf("%s did not answer: %v", e.Where, e.Err) }

func (e *NetworkError) Unwrap() error { return e.Err }

// Kind is "network".
func (*NetworkError) Kind() string { return "network" }
