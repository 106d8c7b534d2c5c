package alert

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/burst"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/i18n"
	"github.com/akashi-project/akashi/internal/query"
	"github.com/akashi-project/akashi/internal/watchlist"
)

// Findings is what alerts are about.
type Findings interface {
	List(ctx context.Context, f finding.Filter) (finding.Page, error)
	Snapshot(ctx context.Context, id string, version int64) (finding.Snapshot, error)
}

// Sealer keeps secrets: watch.Key.
type Sealer interface {
	Seal(of string, v collect.Values) ([]byte, error)
	Open(of string, sealed []byte) (collect.Values, error)
}

// Sender tells a channel something. An error may say when to try again (see
// collect.RetryAt).
type Sender interface {
	Send(ctx context.Context, c *Channel, secret string, m Message) error
}

// Message is what a channel is told.
type Message struct {
	// ID stays the same however often it is sent.
	ID string
	// Title is a line, Lines a sentence for each alert; in the channel's
	// language.
	Title string
	Lines []Line
	At    time.Time
}

// Line is one alert of a message.
type Line struct {
	ID, Kind, Sentence, Link string
	Urgent                   bool
	At                       time.Time
}

// Options say how a service works. All but Log, Sources and Jitter are needed.
type Options struct {
	DB       *casestore.DB
	Findings Findings
	// Sources gives how the live sources are, Name what people call one.
	Sources func(ctx context.Context) ([]collect.Health, func(id string) string, error)
	Key     Sealer
	Sender  Sender
	// Bursts gives what is much talked about now; nil for nothing.
	Bursts func() []burst.Burst
	// Base is the public address of the pages, without "/" at the end.
	Base   string
	Now    func() time.Time
	Jitter func() float64
	Log    *slog.Logger
	// GiveUp is how long a delivery is tried (24 h).
	GiveUp time.Duration
}

// Service raises alerts and has them delivered.
type Service struct {
	o Options
	// Rules and Channels are what people say; Lists and Events what is
	// watched.
	Rules    *watchlist.Shelf[Rule]
	Channels *watchlist.Shelf[Channel]
	Lists    *watchlist.Shelf[watchlist.Text]
	Events   *watchlist.Shelf[watchlist.Event]
}

// New makes a service; Run begins it.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.GiveUp = cmp.Or(o.GiveUp, 24*time.Hour)
	return &Service{
		o:        o,
		Rules:    watchlist.NewShelf[Rule](o.DB, "alert_rules", "alert-rule", string(auth.AlertEdit)),
		Channels: watchlist.NewShelf[Channel](o.DB, "alert_channels", "alert-channel", string(auth.AlertEdit)),
		Lists:    watchlist.Lists(o.DB), Events: watchlist.Events(o.DB),
	}
}

// sealedAs names what a channel's secret is sealed for.
const sealedAs = "alert-channel"

// Seal seals a channel's secret.
func (s *Service) Seal(secret string) ([]byte, error) {
	if secret == "" {
		return nil, nil
	}
	sealed, err := s.o.Key.Seal(sealedAs, collect.Values{"secret": secret})
	if err != nil {
		return nil, fmt.Errorf("sealing a secret: %w", err)
	}
	return sealed, nil
}

// every is how often sources and deliveries are looked at.
const every = time.Second

// Run raises and delivers until ctx ends; news has it look at findings at once.
func (s *Service) Run(ctx context.Context, news <-chan struct{}) {
	ctx = casestore.WithActor(ctx, "system")
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		var errs []error
		if n%10 == 0 {
			errs = append(errs, s.Look(ctx))
		}
		errs = append(errs, s.Escalate(ctx), s.Deliver(ctx))
		if err := errors.Join(errs...); err != nil && ctx.Err() == nil {
			s.o.Log.WarnContext(ctx, "alerts", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
			n = -1 // look now
		case <-tick.C:
		}
	}
}

// said is what a sentence is made of.
type said struct {
	Short    string  `json:"short,omitempty"`
	Accounts int     `json:"accounts,omitempty"`
	Posts    int64   `json:"posts,omitempty"`
	Risk     float64 `json:"risk,omitempty"`
	Rule     string  `json:"rule"`
	List     string  `json:"list,omitempty"`
	EventEN  string  `json:"event_en,omitempty"`
	EventJA  string  `json:"event_ja,omitempty"`
	Factor   float64 `json:"factor,omitempty"`
	Source   string  `json:"source,omitempty"`
	State    string  `json:"state,omitempty"`
	Minutes  int     `json:"minutes,omitempty"`
	About    string  `json:"about,omitempty"`
	Expected float64 `json:"expected,omitempty"`
}

// raised is an alert that a rule raises.
type raised struct {
	rule          watchlist.Item[Rule]
	subject, step string
	said          said
}

// lookBack is how far back findings are looked at: an alert that is there is not
// raised again, so looking twice does no harm, and a program that was not there
// for a while misses nothing.
const lookBack = 48 * time.Hour

// Look raises what the rules ask for of findings and sources as they are now.
func (s *Service) Look(ctx context.Context) error {
	rules, err := s.Rules.List(ctx, watchlist.Active)
	if err != nil || len(rules) == 0 {
		return err //nolint:wrapcheck // it says what was done
	}
	now := s.o.Now()
	var out []raised
	if slices.ContainsFunc(rules, func(r watchlist.Item[Rule]) bool { return r.Text.ofFindings() }) {
		if out, err = s.ofFindings(ctx, rules, now); err != nil {
			return err
		}
	}
	if s.o.Sources != nil && slices.ContainsFunc(rules, func(r watchlist.Item[Rule]) bool { return r.Text.On == Unwell }) {
		unwell, err := s.ofSources(ctx, rules, now)
		if err != nil {
			return err
		}
		out = append(out, unwell...)
	}
	out = append(out, s.ofBursts(rules)...)
	for i := range out {
		if err := s.raise(ctx, &out[i]); err != nil {
			return err
		}
	}
	return nil
}

// ofFindings says whether a rule looks at findings.
func (r Rule) ofFindings() bool { return r.On == Found || r.On == Grown }

// ofBursts gives what rules raise of bursts: once a day for each object. Of an
// address its host alone is told, for the rest may name an account.
func (s *Service) ofBursts(rules []watchlist.Item[Rule]) (out []raised) {
	if s.o.Bursts == nil {
		return nil
	}
	for _, r := range rules {
		if r.Text.On != Burst {
			continue
		}
		for _, b := range s.o.Bursts() {
			if b.Posts < r.Text.Posts {
				continue
			}
			about := "#" + b.Object
			if b.Behaviour != coordination.Hashtag {
				u, err := url.Parse(b.Object)
				if err != nil || u.Host == "" {
					continue
				}
				about = u.Host
			}
			out = append(out, raised{
				rule: r, subject: fmt.Sprintf("burst:%v:%016x", b.Behaviour, uint64(coordination.Key(b.Object))), step: b.From.Format(time.DateOnly),
				said: said{Rule: r.Text.Name, About: about, Posts: b.Posts, Expected: b.Expected, Minutes: int(b.To.Sub(b.From).Minutes())},
			})
		}
	}
	return out
}

// ofFindings gives what rules raise of the findings that changed of late.
func (s *Service) ofFindings(ctx context.Context, rules []watchlist.Item[Rule], now time.Time) ([]raised, error) {
	lists, err := s.Lists.List(ctx, watchlist.Active)
	if err != nil {
		return nil, fmt.Errorf("reading watchlists: %w", err)
	}
	events, err := s.Events.List(ctx, watchlist.Active)
	if err != nil {
		return nil, fmt.Errorf("reading protected events: %w", err)
	}
	event, near := watchlist.Tightest(events, now)
	factor := 1.0
	if near {
		factor = event.Text.Factor
	}
	var out []raised
	filter := finding.Filter{Since: now.Add(-lookBack), States: []finding.State{finding.StateNew, finding.StateTriaged, finding.StateLinked}, Sort: finding.ByUpdated, N: 500}
	for {
		page, err := s.o.Findings.List(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("listing findings: %w", err)
		}
		for i := range page.Findings {
			f := &page.Findings[i]
			var snapshot *finding.Snapshot
			for _, r := range rules {
				rule := &r.Text
				if !rule.ofFindings() || !rule.reached(f, factor) {
					continue
				}
				x := raised{rule: r, subject: "finding:" + f.ID, step: "found", said: said{
					Short: f.Short, Accounts: f.Accounts, Posts: f.Posts, Risk: f.Risk.Value, Rule: rule.Name,
				}}
				if len(rule.Lists) > 0 {
					if snapshot == nil {
						got, err := s.o.Findings.Snapshot(ctx, f.ID, 0)
						if err != nil {
							return nil, fmt.Errorf("reading a finding: %w", err)
						}
						snapshot = &got
					}
					if x.said.List = touched(rule.Lists, lists, snapshot); x.said.List == "" {
						continue
					}
				}
				if near && !rule.reached(f, 1) {
					x.said.EventEN, x.said.EventJA, x.said.Factor = event.Text.Name("en"), event.Text.Name("ja"), factor
				}
				if rule.On == Grown {
					// The first step is what it was found with.
					step := f.Accounts / rule.Growth
					if known, err := s.grown(ctx, r.ID, x.subject); err != nil {
						return nil, err
					} else if known == 0 {
						x.step = "grown:0:" + strconv.Itoa(f.Accounts)
					} else if f.Accounts < known+rule.Growth {
						continue
					} else {
						x.step = "grown:" + strconv.Itoa(step) + ":" + strconv.Itoa(f.Accounts)
					}
				}
				out = append(out, x)
			}
		}
		if page.Next == "" {
			return out, nil
		}
		filter.After = page.Next
	}
}

// grown gives with how many accounts a rule last told of a finding; 0 for never.
func (s *Service) grown(ctx context.Context, rule, subject string) (n int, err error) {
	err = s.o.DB.View(ctx, func(tx *casestore.Tx) error {
		var step string
		err := tx.Get(ctx, `SELECT step FROM alerts WHERE rule = ? AND subject = ? ORDER BY created DESC, id DESC LIMIT 1`, []any{rule, subject}, []any{&step})
		if errors.Is(err, casestore.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err //nolint:wrapcheck // Get says what was done
		}
		n, err = strconv.Atoi(step[strings.LastIndexByte(step, ':')+1:])
		return err //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return 0, fmt.Errorf("reading what was told: %w", err)
	}
	return n, nil
}

// reached says whether a finding reaches a rule's thresholds times a factor.
func (r Rule) reached(f *finding.Finding, factor float64) bool {
	one := func(want, have []string) bool {
		return len(want) == 0 || slices.ContainsFunc(want, func(w string) bool {
			return slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(w, h) })
		})
	}
	return int64(f.Accounts) >= tight(int64(r.Accounts), factor) && f.Posts >= tight(r.Posts, factor) && f.Risk.Value >= r.Risk*factor &&
		one(r.Platforms, f.Platforms) && one(r.Languages, f.Languages)
}

// touched gives the name of the first of the lists that a finding touches: by an
// account, by the domain of an address, by a hashtag, or by words of a topic
// that all stand in one of its objects.
func touched(ids []string, lists []watchlist.Item[watchlist.Text], snapshot *finding.Snapshot) string {
	for _, list := range lists {
		if !slices.Contains(ids, list.ID) {
			continue
		}
		for _, e := range list.Text.Entries {
			if touches(e, snapshot) {
				return list.Text.Name
			}
		}
	}
	return ""
}

func touches(e watchlist.Entry, snapshot *finding.Snapshot) bool {
	if e.Kind == watchlist.Channel {
		key := e.Platform + ":" + e.Value
		return slices.ContainsFunc(snapshot.Accounts, func(a finding.Account) bool { return a.Key == key })
	}
	value := query.Fold(e.Value)
	return slices.ContainsFunc(snapshot.Objects, func(o finding.Object) bool {
		object := query.Fold(o.Object)
		switch e.Kind {
		case watchlist.Domain:
			if o.Behaviour != "url" && o.Behaviour != "domain" {
				return false
			}
			host := strings.TrimPrefix(strings.TrimPrefix(object, "https://"), "http://")
			host, _, _ = strings.Cut(host, "/")
			return host == value || strings.HasSuffix(host, "."+value)
		case watchlist.Hashtag:
			if o.Behaviour != "hashtag" && o.Behaviour != "hashtag-sequence" {
				return false
			}
			return slices.ContainsFunc(strings.Fields(object), func(tag string) bool { return strings.TrimPrefix(tag, "#") == value })
		case watchlist.Topic:
			words := strings.Fields(value)
			return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(object, strings.Trim(w, `"#`)) })
		}
		return false
	})
}

// ofSources gives what rules raise of the sources as they are.
func (s *Service) ofSources(ctx context.Context, rules []watchlist.Item[Rule], now time.Time) ([]raised, error) {
	all, name, err := s.o.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking how the sources are: %w", err)
	}
	var out []raised
	for _, h := range all {
		if h.State != collect.BackingOff && h.State != collect.Wrong {
			continue
		}
		since := h.Since
		if h.State == collect.BackingOff && h.LastContact.After(since) {
			since = h.LastContact
		}
		for _, r := range rules {
			if quiet := now.Sub(since); r.Text.On == Unwell && quiet >= time.Duration(r.Text.Minutes)*time.Minute {
				out = append(out, raised{rule: r, subject: "source:" + h.ID, step: string(h.State) + ":" + strconv.FormatInt(since.Unix(), 10), said: said{
					Rule: r.Text.Name, Source: name(h.ID), State: string(h.State), Minutes: int(quiet.Minutes()),
				}})
			}
		}
	}
	return out, nil
}

// errKnown says that there is nothing to do.
var errKnown = errors.New("there already")

// raise writes an alert and its deliveries in one step; one that is there
// already stays as it is.
func (s *Service) raise(ctx context.Context, x *raised) error {
	channels, err := s.Channels.List(ctx, watchlist.Active)
	if err != nil {
		return fmt.Errorf("reading channels: %w", err)
	}
	data, err := json.Marshal(x.said)
	if err != nil {
		return fmt.Errorf("writing an alert: %w", err)
	}
	now, id, rule := s.o.Now(), casestore.NewID(), &x.rule.Text
	err = s.o.DB.Change(ctx, func(tx *casestore.Tx) error {
		escalate := int64(0)
		if rule.EscalateAfter > 0 {
			escalate = casestore.Micros(now.Add(time.Duration(rule.EscalateAfter) * time.Minute))
		}
		n, err := tx.Exec(ctx, `INSERT INTO alerts (id, rule, subject, step, kind, said, urgent, created, escalate, acknowledged, acknowledged_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '') ON CONFLICT (rule, subject, step) DO NOTHING`,
			id, x.rule.ID, x.subject, x.step, string(rule.On), string(data), bit(rule.Urgent), casestore.Micros(now), escalate)
		switch {
		case err != nil:
			return err
		case n == 0:
			return errKnown
		}
		if err := addDeliveries(ctx, tx, id, rule.Channels, channels, rule.Urgent, now); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Action: "alert.raise", Object: "alert:" + id, Detail: map[string]any{
			"rule": x.rule.ID, "subject": x.subject, "step": x.step, "channels": rule.Channels,
		}})
	})
	if err != nil && !errors.Is(err, errKnown) {
		return fmt.Errorf("raising an alert: %w", err)
	}
	return nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func addDeliveries(ctx context.Context, tx *casestore.Tx, alert string, to []string, channels []watchlist.Item[Channel], urgent bool, now time.Time) error {
	for i := range channels {
		c := &channels[i]
		if !slices.Contains(to, c.ID) {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO alert_deliveries (id, alert, channel, state, due, attempts, error, created, ended)
			VALUES (?, ?, ?, ?, ?, 0, '', ?, 0) ON CONFLICT (alert, channel) DO NOTHING`,
			casestore.NewID(), alert, c.ID, string(Waiting), casestore.Micros(c.Text.due(now, urgent)), casestore.Micros(now)); err != nil {
			return err //nolint:wrapcheck // Exec says what was done
		}
	}
	return nil
}

// Escalate sends alerts on that nobody acknowledged in time.
func (s *Service) Escalate(ctx context.Context) error {
	now := s.o.Now()
	var late []Alert
	err := s.o.DB.View(ctx, func(tx *casestore.Tx) (err error) {
		late, err = readAlerts(ctx, tx, `WHERE escalate > 0 AND escalate <= ? ORDER BY escalate LIMIT 100`, casestore.Micros(now))
		return err
	})
	if err != nil || len(late) == 0 {
		return err //nolint:wrapcheck // View says what was done
	}
	channels, err := s.Channels.List(ctx, watchlist.Active)
	if err != nil {
		return fmt.Errorf("reading channels: %w", err)
	}
	for _, a := range late {
		rule, err := s.Rules.Get(ctx, a.Rule)
		if err != nil {
			return fmt.Errorf("reading a rule: %w", err)
		}
		err = s.o.DB.Housekeep(ctx, func(tx *casestore.Tx) error {
			if a.Acknowledged.IsZero() {
				if err := addDeliveries(ctx, tx, a.ID, rule.Text.EscalateTo, channels, true, now); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, `UPDATE alerts SET escalate = 0 WHERE id = ?`, a.ID)
			return err
		})
		if err != nil {
			return fmt.Errorf("escalating an alert: %w", err)
		}
	}
	return nil
}

// Alert is an alert that was raised.
type Alert struct {
	ID, Rule, Subject string
	On                Condition
	Urgent            bool
	Created           time.Time
	Acknowledged      time.Time
	AcknowledgedBy    string
	Deliveries        []Delivery
	said              said
}

// Finding is the short id of the finding that it is about; empty for none.
func (a *Alert) Finding() string { return a.said.Short }

// RuleName is what the rule was called.
func (a *Alert) RuleName() string { return a.said.Rule }

// Sentence says why, in a language.
//
// i18n: alert.why.*
// i18n: alert.state.*
func (a *Alert) Sentence(lang string) string {
	x := a.said
	if a.On == Unwell {
		return i18n.T(lang, "alert.why.unwell", "source", x.Source, "state", i18n.T(lang, "alert.state."+x.State), "count", x.Minutes)
	}
	if a.On == Burst {
		return i18n.T(lang, "alert.why.burst", "about", x.About, "count", x.Posts, "minutes", x.Minutes, "expected", i18n.Decimal(lang, x.Expected, 1))
	}
	out := i18n.T(lang, "alert.why."+string(a.On), "finding", x.Short, "count", x.Accounts, "posts", x.Posts, "risk", i18n.Decimal(lang, x.Risk, 2))
	gap := ""
	if lang == "en" {
		gap = " "
	}
	if x.List != "" {
		out += gap + i18n.T(lang, "alert.why.list", "list", x.List)
	}
	if x.Factor > 0 {
		event := x.EventEN
		if lang == "ja" {
			event = x.EventJA
		}
		out += gap + i18n.T(lang, "alert.why.event", "event", event, "factor", i18n.Decimal(lang, x.Factor, 2))
	}
	return out
}

// readAlerts reads alerts without their deliveries.
func readAlerts(ctx context.Context, tx *casestore.Tx, rest string, args ...any) (out []Alert, err error) {
	rows, err := tx.Query(ctx, `SELECT id, rule, subject, kind, said, urgent, created, acknowledged, acknowledged_by FROM alerts `+rest, args...)
	if err != nil {
		return nil, err //nolint:wrapcheck // Query says what was done
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		var a Alert
		var on, data string
		var urgent int
		var created, acknowledged int64
		if err := rows.Scan(&a.ID, &a.Rule, &a.Subject, &on, &data, &urgent, &created, &acknowledged, &a.AcknowledgedBy); err != nil {
			return nil, fmt.Errorf("reading an alert: %w", err)
		}
		if err := json.Unmarshal([]byte(data), &a.said); err != nil {
			return nil, fmt.Errorf("reading what alert %s says: %w", a.ID, err)
		}
		a.On, a.Urgent, a.Created, a.Acknowledged = Condition(on), urgent > 0, casestore.Time(created), casestore.Time(acknowledged)
		out = append(out, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading alerts: %w", err)
	}
	return out, nil
}

// Filter says which alerts are listed, the newest first.
type Filter struct {
	// Open lists those that nobody acknowledged, Failed those of which a
	// delivery was given up.
	Open, Failed bool
	// Before is the id of the last one of the page before; N at most how
	// many (50 where 0).
	Before string
	N      int
}

// List gives alerts with their deliveries.
func (s *Service) List(ctx context.Context, f Filter) (out []Alert, err error) {
	where, args := `WHERE 1 = 1`, []any{}
	if f.Open {
		where += ` AND acknowledged = 0`
	}
	if f.Failed {
		where += ` AND EXISTS (SELECT 1 FROM alert_deliveries d WHERE d.alert = alerts.id AND d.state = 'failed')`
	}
	if f.Before != "" {
		where, args = where+` AND id < ?`, append(args, f.Before)
	}
	args = append(args, cmp.Or(f.N, 50))
	err = s.o.DB.View(ctx, func(tx *casestore.Tx) error {
		if out, err = readAlerts(ctx, tx, where+` ORDER BY id DESC LIMIT ?`, args...); err != nil {
			return err
		}
		for i := range out {
			if out[i].Deliveries, err = readDeliveries(ctx, tx, `WHERE alert = ? ORDER BY created, id`, out[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing alerts: %w", err)
	}
	return out, nil
}

// Acknowledge notes that a person has seen an alert, which ends its escalation.
func (s *Service) Acknowledge(ctx context.Context, p *auth.Principal, id string) error {
	if p == nil || p.Token != "" {
		return watchlist.ErrPerson
	}
	err := s.o.DB.Change(ctx, func(tx *casestore.Tx) error {
		found, err := readAlerts(ctx, tx, `WHERE id = ?`, id)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return casestore.ErrNotFound
		case !found[0].Acknowledged.IsZero():
			return errKnown
		}
		if _, err := tx.Exec(ctx, `UPDATE alerts SET acknowledged = ?, acknowledged_by = ?, escalate = 0 WHERE id = ?`, casestore.Micros(tx.Now()), p.ID, id); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{Actor: p.Actor(), Action: "alert.acknowledge", Object: "alert:" + id})
	})
	if err != nil && !errors.Is(err, errKnown) {
		return fmt.Errorf("acknowledging an alert: %w", err)
	}
	return nil
}
