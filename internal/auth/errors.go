package auth

import (
	"errors"
	"fmt"
	"time"
)

// Errors that the pages have words for.
var (
	// ErrWrongLogin says that login and password do not go together. It does
	// not say which is wrong, nor that an account exists or is disabled.
	ErrWrongLogin = errors.New("wrong login or password")
	// ErrSignedOut says that nobody is signed in.
	ErrSignedOut = errors.New("nobody is signed in")
	// ErrNotAllowed says that the policies deny it.
	ErrNotAllowed = errors.New("not allowed")
	// ErrConfirm says that the person must first confirm who they are: the
	// last time was longer ago than [Config].Confirm. See Service.Confirm.
	ErrConfirm = errors.New("confirm who you are first")
	// ErrNoLink says that a link is unknown, was used, or has expired.
	ErrNoLink = errors.New("the link is not valid or no longer valid")
	// ErrLogin says that a text cannot be a login, ErrLoginTaken that
	// somebody has it, ErrName that a text cannot be a name.
	ErrLogin      = errors.New("not a login")
	ErrLoginTaken = errors.New("somebody has this login")
	ErrName       = errors.New("not a name")
	// ErrRoles says that there are none or unknown ones among the roles;
	// ErrAuditorAlone that an auditor cannot be anything else as well.
	ErrRoles        = errors.New("not roles")
	ErrAuditorAlone = errors.New("an auditor has no other role")
	// ErrLastAdministrator says that nobody would be left to administer.
	ErrLastAdministrator = errors.New("the last administrator")
	// ErrLastCredential says that the person could not sign in any more.
	ErrLastCredential = errors.New("the last way to sign in")
	// ErrDisabled says that the account is disabled. It is told only to who
	// has proven who they are, and to administrators.
	ErrDisabled = errors.New("the account is disabled")
	// ErrNoCredential says that neither password nor passkey was given.
	ErrNoCredential = errors.New("neither a password nor a passkey")
	// ErrPasskey says that an authenticator's answer does not prove what it
	// should; ErrPasskeyUnknown that the passkey belongs to nobody here.
	ErrPasskey        = errors.New("the passkey's answer does not hold")
	ErrPasskeyUnknown = errors.New("the passkey is not known here")
	// ErrPasskeysOff says that browsers allow no passkeys at this address:
	// they need https and a name, or localhost.
	ErrPasskeysOff = errors.New("no passkeys at this address")
	// ErrCeremony says that what was begun (a passkey, a login elsewhere)
	// has expired, was finished already, or was begun in another browser.
	ErrCeremony = errors.New("begun too long ago or elsewhere")
	// ErrOIDCOff says that no provider is configured; ErrOIDC that it
	// refused or answered wrongly; ErrOIDCNoAccount that who signed in there
	// has no account here; ErrOIDCNoRoles that none of their groups has a
	// role here.
	ErrOIDCOff       = errors.New("no provider is configured")
	ErrOIDC          = errors.New("the provider did not confirm who it is")
	ErrOIDCNoAccount = errors.New("no account for this identity")
	ErrOIDCNoRoles   = errors.New("no role for this identity")
	// ErrScopes, ErrExpiry say what is wrong with a token to be made;
	// ErrToken that a token given is not valid.
	ErrScopes = errors.New("not rights that a token of yours may have")
	ErrExpiry = errors.New("not a time at which a token may expire")
	ErrToken  = errors.New("not a valid token")
	// ErrPreference says that there is no such language, theme or zone.
	ErrPreference = errors.New("no such language, theme or time zone")
)

// SlowDown says that there were too many attempts.
type SlowDown struct { //nolint:errname // it reads as what is told
	// After is how long to wait before the next.
	After time.Duration
}

// Error says it.
func (e *SlowDown) Error() string {
	return fmt.Sprintf("too many attempts: wait %s", e.After.Round(time.Second))
}

// PasswordError says why a password will not do.
type PasswordError struct {
	// Reason is "short", "long", "common" or "login" (it is the login or
	// the name with little else).
	Reason string
	// Least and Most are the numbers of characters a password may have.
	Least, Most int
}

// Error says it.
func (e *PasswordError) Error() string { return "the password will not do: " + e.Reason }
