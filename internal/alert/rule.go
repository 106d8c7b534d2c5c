package alert

import (
	"errors"
	"fmt"
	"math"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Condition is what a rule looks at.
type Condition string

// The conditions.
const (
	Found  Condition = "found"  // a finding that reaches the thresholds
	Grown  Condition = "grown"  // one that has gained accounts since the last alert
	Burst  Condition = "burst"  // more posts about something than its past explains
	Unwell Condition = "unwell" // a source that brings nothing for some time
)

// Conditions are all of them, in the order in which they are shown.
var Conditions = []Condition{Found, Grown, Burst, Unwell}

// ErrRule says that a rule cannot be; the text says why.
var ErrRule = errors.New("the rule cannot be")

// ErrChannel says that a channel cannot be; the text says why.
var ErrChannel = errors.New("the channel cannot be")

// Rule says what raises an alert, and who is told.
type Rule struct {
	Name string    `json:"name"`
	On   Condition `json:"on"`
	// Accounts, Posts and Risk are what a finding reaches at least. Near a
	// protected event accounts and posts are multiplied by its factor, and
	// so is Risk.
	Accounts int     `json:"accounts"`
	Posts    int64   `json:"posts"`
	Risk     float64 `json:"risk"`
	// Growth is by how many accounts a finding grows before it is told of
	// again.
	Growth int `json:"growth"`
	// Platforms and Languages, where given, are those of which a finding has
	// one; Lists are ids of watchlists of which it touches one.
	Platforms []string `json:"platforms,omitempty"`
	Languages []string `json:"languages,omitempty"`
	Lists     []string `json:"lists,omitempty"`
	// Minutes is how long a source has been unwell.
	Minutes int `json:"minutes"`
	// Urgent alerts are told in quiet hours, too, and in no digest.
	Urgent bool `json:"urgent"`
	// Channels are the ids of where it goes; none: the page of alerts alone.
	Channels []string `json:"channels,omitempty"`
	// EscalateAfter is after how many minutes without an acknowledgement it
	// goes to EscalateTo; 0 for never.
	EscalateAfter int      `json:"escalate_after"`
	EscalateTo    []string `json:"escalate_to,omitempty"`
}

// Clean implements watchlist.Content.
func (r Rule) Clean() (Rule, error) {
	r.Name = strings.TrimSpace(r.Name)
	switch {
	case r.Name == "" || len(r.Name) > 200:
		return r, fmt.Errorf("%w: a name is needed, of 200 bytes at most", ErrRule)
	case !slices.Contains(Conditions, r.On):
		return r, fmt.Errorf("%w: there is no condition %q", ErrRule, r.On)
	case r.Accounts < 0 || r.Posts < 0 || !(r.Risk >= 0 && r.Risk <= 1):
		return r, fmt.Errorf("%w: a threshold is below nothing, or a risk above 1", ErrRule)
	case r.On == Grown && r.Growth < 1:
		return r, fmt.Errorf("%w: a growth of one account at least is needed", ErrRule)
	case r.On == Unwell && r.Minutes < 1:
		return r, fmt.Errorf("%w: a minute at least is needed", ErrRule)
	case r.EscalateAfter < 0 || r.EscalateAfter > 0 && len(r.EscalateTo) == 0:
		return r, fmt.Errorf("%w: escalation needs a time and a channel", ErrRule)
	}
	return r, nil
}

// Said implements watchlist.Content.
func (r Rule) Said() map[string]any {
	return map[string]any{"name": r.Name, "on": r.On, "channels": r.Channels, "urgent": r.Urgent}
}

// Medium is how a channel is reached.
type Medium string

// The media.
const (
	Email   Medium = "email"   // Target is an address
	Webhook Medium = "webhook" // Target is a URL; signed with the secret
	Chat    Medium = "chat"    // Target is a Slack- or Mattermost-compatible hook
)

// Media are all of them, in the order in which they are shown.
var Media = []Medium{Email, Webhook, Chat}

// Digest is when alerts that are not urgent are told together.
type Digest string

// The digests.
const (
	AtOnce Digest = ""
	Hourly Digest = "hourly"
	Daily  Digest = "daily"
)

// Channel is somebody or something that is told.
type Channel struct {
	Name   string `json:"name"`
	Medium Medium `json:"medium"`
	// Target is where it is; a chat's hook is a secret by itself, and lies
	// in Secret alone.
	Target string `json:"target"`
	// Lang is the language of what is told: "ja" or "en".
	Lang string `json:"lang"`
	// Zone is where the times of Quiet and At are meant, such as
	// "Asia/Tokyo". QuietFrom, QuietUntil and At are written "22:00"; a
	// daily digest is told at At.
	Zone       string `json:"zone"`
	QuietFrom  string `json:"quiet_from,omitempty"`
	QuietUntil string `json:"quiet_until,omitempty"`
	Digest     Digest `json:"digest,omitempty"`
	At         string `json:"at,omitempty"`
	// Secret is sealed: a webhook's signing secret, a chat's address.
	Secret []byte `json:"secret,omitempty"`
}

// Clean implements watchlist.Content.
func (c Channel) Clean() (Channel, error) {
	c.Name, c.Target = strings.TrimSpace(c.Name), strings.TrimSpace(c.Target)
	bad := func(why string) (Channel, error) { return c, fmt.Errorf("%w: %s", ErrChannel, why) }
	if c.Name == "" || len(c.Name) > 200 {
		return bad("a name is needed, of 200 bytes at most")
	}
	switch c.Medium {
	case Email:
		if a, err := mail.ParseAddress(c.Target); err != nil || a.Address != c.Target {
			return bad("an address such as desk@example.org is needed")
		}
	case Webhook:
		if u, err := url.Parse(c.Target); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
			return bad("an address such as https://example.org/hook is needed")
		}
		if len(c.Secret) == 0 {
			return bad("a secret to sign with is needed")
		}
	case Chat:
		if len(c.Secret) == 0 {
			return bad("the hook's address is needed")
		}
		c.Target = ""
	default:
		return bad("there is no such medium")
	}
	if c.Lang != "ja" && c.Lang != "en" {
		return bad("the language is ja or en")
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" {
		return bad("a time zone such as Asia/Tokyo is needed")
	}
	for _, t := range []string{c.QuietFrom, c.QuietUntil, c.At} {
		if _, err := clock(t); t != "" && err != nil {
			return bad("a time such as 22:00 is needed")
		}
	}
	switch {
	case (c.QuietFrom == "") != (c.QuietUntil == ""):
		return bad("quiet hours need a beginning and an end")
	case c.Digest != AtOnce && c.Digest != Hourly && c.Digest != Daily:
		return bad("there is no such digest")
	case c.Digest == Daily && c.At == "":
		return bad("a daily digest needs a time")
	}
	return c, nil
}

// Said implements watchlist.Content.
func (c Channel) Said() map[string]any {
	return map[string]any{"name": c.Name, "medium": c.Medium, "digest": c.Digest}
}

// clock reads a time of day as minutes after midnight.
func clock(s string) (int, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("reading a time of day: %w", err)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// due says when something that comes now is told. A checked channel's times
// can be read.
func (c Channel) due(now time.Time, urgent bool) time.Time {
	if urgent {
		return now
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		zone = time.UTC
	}
	at := now
	switch local := now.In(zone); c.Digest {
	case Hourly:
		at = now.Truncate(time.Hour).Add(time.Hour)
	case Daily:
		m, _ := clock(c.At)
		at = time.Date(local.Year(), local.Month(), local.Day(), 0, m, 0, 0, zone)
		if !at.After(now) {
			at = time.Date(local.Year(), local.Month(), local.Day()+1, 0, m, 0, 0, zone)
		}
	}
	if c.QuietFrom != "" {
		from, _ := clock(c.QuietFrom)
		until, _ := clock(c.QuietUntil)
		at = Quiet{From: from, Until: until, Zone: zone}.Release(at)
	}
	return at.UTC()
}

// tight is a threshold near a protected event: never below 1 where there was one.
func tight(n int64, factor float64) int64 {
	if n == 0 {
		return 0
	}
	return max(1, int64(math.Ceil(float64(n)*factor)))
}
