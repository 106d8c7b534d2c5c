package auth

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Config is how people sign in to this instance.
type Config struct {
	// PublicURL is where browsers find Akashi: scheme, host and port, such as
	// "https://akashi.example.go.jp". With https, cookies are Secure and named
	// __Host-akashi, also where a proxy speaks TLS for us. Passkeys belong to
	// its host; the provider of OIDC redirects to it. Empty: plain http on
	// this machine, without either.
	PublicURL string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	// Empty: nobody's.
	TrustedProxies []netip.Prefix
	// Idle ends a session that is not used, Lifetime any session. Zero means
	// 12 hours and 7 days.
	Idle, Lifetime time.Duration
	// Confirm is how long after signing in somebody may change what they and
	// others sign in with without confirming who they are. Zero means 10
	// minutes.
	Confirm time.Duration
	// MinPassword is the least number of characters of a password. Zero means
	// 12; less than 8 is refused.
	MinPassword int
	// Lang and Zone are what new people begin with. Empty means "ja" and
	// "Asia/Tokyo".
	Lang, Zone string
	// OIDC is the organisation's own login; nil where there is none.
	OIDC *OIDC
	// Log is where troubles are said that no page shows; nil means
	// slog.Default().
	Log *slog.Logger
}

// OIDC is a provider of OpenID Connect.
type OIDC struct {
	// Issuer is the provider's URL: https, or http on this machine.
	Issuer string
	// ClientID and ClientSecret are Akashi's there. The secret may be empty:
	// PKCE is always used.
	ClientID, ClientSecret string
	// Name is how the login page calls it.
	Name string
	// Scopes are asked for beside "openid". Empty means "profile".
	Scopes []string
	// RoleClaim is where the provider says what somebody is: a text or a list
	// of texts in the ID token or the user info; dots lead into objects
	// ("realm_access.roles"). Empty: the provider says nothing about roles.
	RoleClaim string
	// Roles maps the claim's values to roles. Where RoleClaim is set they are
	// brought up to date at every login of a person whom AllowNew made.
	Roles map[string]Role
	// AllowNew makes an account for who has none, where RoleClaim gives them
	// a role.
	AllowNew bool
}

// withDefaults gives the configuration with what was left out, or says what is
// wrong with it.
func (c Config) withDefaults() (Config, *url.URL, error) {
	for _, d := range []struct {
		to   *time.Duration
		zero time.Duration
	}{{&c.Idle, 12 * time.Hour}, {&c.Lifetime, 7 * 24 * time.Hour}, {&c.Confirm, 10 * time.Minute}} {
		if *d.to == 0 {
			*d.to = d.zero
		}
		if *d.to < 0 {
			return c, nil, fmt.Errorf("a duration of sessions is negative: %s", *d.to)
		}
	}
	if c.MinPassword == 0 {
		c.MinPassword = 12
	}
	if c.MinPassword < 8 || c.MinPassword > maxPassword {
		return c, nil, fmt.Errorf("the least length of a password must be from 8 to %d, not %d", maxPassword, c.MinPassword)
	}
	if c.Lang == "" {
		c.Lang = "ja"
	}
	if c.Zone == "" {
		c.Zone = "Asia/Tokyo"
	}
	if err := checkPreferences(c.Lang, "", c.Zone); err != nil {
		return c, nil, fmt.Errorf("language %q, zone %q: %w", c.Lang, c.Zone, err)
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	u := &url.URL{}
	if c.PublicURL != "" {
		var err error
		if u, err = url.Parse(c.PublicURL); err != nil {
			return c, nil, fmt.Errorf("reading the public URL: %w", err)
		}
		if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
			strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			return c, nil, fmt.Errorf("the public URL must be scheme and host only, such as https://akashi.example.go.jp, not %q", c.PublicURL)
		}
		u.Path = ""
	}
	if c.OIDC != nil {
		if u.Host == "" {
			return c, nil, fmt.Errorf("a login by OIDC needs the public URL")
		}
		if err := c.OIDC.check(); err != nil {
			return c, nil, err
		}
	}
	return c, u, nil
}

func (o *OIDC) check() error {
	u, err := url.Parse(o.Issuer)
	if err != nil {
		return fmt.Errorf("reading the issuer: %w", err)
	}
	if u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return fmt.Errorf("the issuer must be an https URL, not %q", o.Issuer)
	}
	if o.ClientID == "" {
		return fmt.Errorf("the client id at %s is missing", o.Issuer)
	}
	for value, r := range o.Roles {
		if _, err := sortRoles([]Role{r}); err != nil {
			return fmt.Errorf("%q is mapped to %q: %w", value, r, err)
		}
	}
	if o.AllowNew && (o.RoleClaim == "" || len(o.Roles) == 0) {
		return fmt.Errorf("making accounts for new people needs a claim that gives roles")
	}
	return nil
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
