package vk

import (
	"fmt"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
)

// Error is what VK says in place of a response, by its number
// (https://dev.vk.com/reference/errors). VK's own words are not kept: they may
// repeat what was asked for.
type Error struct {
	Method string
	Code   int
	// Until is when it may be asked again; zero where VK did not ask to wait.
	Until time.Time
}

func (e *Error) Error() string { return fmt.Sprintf("vk refused %s with error %d", e.Method, e.Code) }

// Kind is "rate limit" where VK asks to wait, else "status".
func (e *Error) Kind() string {
	if e.Until.IsZero() {
		return "status"
	}
	return "rate limit"
}

// RetryAt is when it may be asked again.
func (e *Error) RetryAt() time.Time { return e.Until }

// oneWall says that an error is of the one wall that was asked for: it is
// closed (15, 30, 203), its owner is gone or banned (18, 19), or there is none
// of that name (100, 113, 125).
func (e *Error) oneWall() bool {
	switch e.Code {
	case 15, 18, 19, 30, 100, 113, 125, 203:
		return true
	}
	return false
}

// The pauses that VK's errors ask for without saying how long.
const (
	tooFast   = time.Second      // 6: more than so many requests a second
	flood     = 10 * time.Minute // 9: the same request too often
	exhausted = time.Hour        // 29: the method's allowance, of which VK does not say when it is renewed
)

// refusal makes an error of a number: to wait, to try again, or to give up.
func refusal(method string, code int, now time.Time) error {
	e := &Error{Method: method, Code: code}
	switch code {
	case 6:
		e.Until = now.Add(tooFast)
	case 9:
		e.Until = now.Add(flood)
	case 29:
		e.Until = now.Add(exhausted)
	case 1, 10, 0: // an error of VK's own
		return &poll.FormatError{Where: method, Why: fmt.Sprintf("vk has an error of its own (%d)", code)}
	default:
		if method == "wall.get" && e.oneWall() {
			return e
		}
		return &collect.ConfigError{Err: e} // 5: the token; 14, 17: a person has to answer; others: the request
	}
	return e
}
