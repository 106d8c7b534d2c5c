package alert

import (
	"errors"
	"net/url"
)

var (
	errNoSMTP  = errors.New("no mail server is configured (alert.smtp)")
	errAddress = errors.New("the address cannot be read")
)

// unquoted leaves the address out of an error of net/http: it may be a secret.
func unquoted(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
