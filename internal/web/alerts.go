package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/alert"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/watchlist"
)

// alertRoutes are the history of alerts, and the pages on what raises them, who
// is told, and what is watched.
func (s *Server) alertRoutes() []Route {
	if s.Alerts == nil {
		return nil
	}
	out := []Route{
		{Method: "GET", Pattern: "/alerts", Action: auth.AlertRead, Title: "alerts.title", Handler: s.alertsPage},
		{Method: "POST", Pattern: "/alerts/acknowledge/{id}", Action: auth.AlertEdit, Handler: s.acknowledge},
		{Method: "POST", Pattern: "/alerts/deliveries/{id}/retry", Action: auth.AlertEdit, Handler: s.retryDelivery},
		{Method: "GET", Pattern: "/alerts/settings", Action: auth.AlertRead, Title: "alerts.settings", Handler: s.alertSettings},
	}
	for _, d := range s.alertDesks() {
		out = append(
			out,
			Route{Method: "GET", Pattern: d.base + "/new", Action: d.action, Handler: func(w http.ResponseWriter, r *http.Request) error { return s.alertForm(w, r, d, "") }},
			Route{Method: "GET", Pattern: d.base + "/{id}", Action: d.action, Handler: func(w http.ResponseWriter, r *http.Request) error {
				return s.alertForm(w, r, d, r.PathValue("id"))
			}},
			Route{Method: "POST", Pattern: d.base + "/new", Action: d.action, Handler: func(w http.ResponseWriter, r *http.Request) error { return s.saveAlertForm(w, r, d, "") }},
			Route{Method: "POST", Pattern: d.base + "/{id}", Action: d.action, Handler: func(w http.ResponseWriter, r *http.Request) error {
				return s.saveAlertForm(w, r, d, r.PathValue("id"))
			}},
			Route{Method: "POST", Pattern: d.base + "/{id}/archive", Action: d.action, Handler: func(w http.ResponseWriter, r *http.Request) error { return s.archiveAlertForm(w, r, d) }},
		)
	}
	return out
}

// alertsView is the history of alerts.
type alertsView struct {
	Tabs  []tab
	Rows  []alertRow
	Older string
	Empty Empty
}

// alertRow is an alert in words.
type alertRow struct {
	alert.Alert
	Why, Link, By string
	MayAck        bool
	Ways          []deliveryRow
}

// deliveryRow is a delivery in words.
type deliveryRow struct {
	alert.Delivery
	To, Is, Tone string
	Retry        string
}

const alertsShown = 25

// alertsPage lists alerts.
//
// i18n: alerts.tab.*
// i18n: alerts.delivery.*
func (s *Server) alertsPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	f := alert.Filter{Open: q.Get("state") == "" || q.Get("state") == "open", Failed: q.Get("state") == "failed", Before: q.Get("before"), N: alertsShown + 1}
	all, err := s.Alerts.List(ctx, f)
	if err != nil {
		return fmt.Errorf("listing alerts: %w", err)
	}
	v := &alertsView{Empty: Empty{Icon: "circle-check", What: s.say(r, "alerts.none"), Why: s.say(r, "alerts.none.why"), Link: "/alerts/settings", Next: s.say(r, "alerts.settings")}}
	for _, x := range []string{"open", "failed", "all"} {
		v.Tabs = append(v.Tabs, tab{Label: s.say(r, "alerts.tab."+x), Link: "/alerts?state=" + x, Current: x == q.Get("state") || x == "open" && q.Get("state") == ""})
	}
	if len(all) > alertsShown {
		all = all[:alertsShown]
		v.Older = with(r, "before", all[alertsShown-1].ID)
	}
	people, err := s.Auth.Colleagues(ctx)
	if err != nil {
		return err
	}
	channels, err := s.channelNames(ctx)
	if err != nil {
		return err
	}
	edit := s.policy.May(auth.Of(ctx), auth.AlertEdit)
	for i := range all {
		a := &all[i]
		row := alertRow{Alert: *a, Why: a.Sentence(s.langOf(r)), By: people[a.AcknowledgedBy].Name, MayAck: edit && a.Acknowledged.IsZero()}
		switch {
		case a.Finding() != "":
			row.Link = "/findings/" + url.PathEscape(a.Finding())
		case strings.HasPrefix(a.Subject, "source:") && s.may(auth.Of(ctx), http.MethodGet, "/sources/live/{id}"):
			row.Link = "/sources/live/" + url.PathEscape(strings.TrimPrefix(a.Subject, "source:"))
		}
		for _, d := range a.Deliveries {
			way := deliveryRow{Delivery: d, To: channels[d.Channel], Is: s.say(r, "alerts.delivery."+string(d.State))}
			switch {
			case d.State == alert.Failed:
				way.Tone = "bad"
				if edit {
					way.Retry = "/alerts/deliveries/" + d.ID + "/retry"
				}
			case d.State == alert.Sent:
				way.Tone = "good"
			case d.Attempts > 0:
				way.Tone = "warn"
			}
			row.Ways = append(row.Ways, way)
		}
		v.Rows = append(v.Rows, row)
	}
	return s.page(w, r, "alerts", Page{Title: s.say(r, "alerts.title"), Data: v, Wide: true})
}

func (s *Server) channelNames(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, state := range []watchlist.State{watchlist.Active, watchlist.Archived} {
		list, err := s.Alerts.Channels.List(ctx, state)
		if err != nil {
			return nil, fmt.Errorf("listing channels: %w", err)
		}
		for _, c := range list {
			out[c.ID] = c.Text.Name
		}
	}
	return out, nil
}

func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request) error {
	if err := s.Alerts.Acknowledge(r.Context(), auth.Of(r.Context()), r.PathValue("id")); err != nil {
		return err //nolint:wrapcheck // it says what was done
	}
	return s.done(w, r, Done{To: "/alerts", Key: "alerts.acknowledged"})
}

func (s *Server) retryDelivery(w http.ResponseWriter, r *http.Request) error {
	if err := s.Alerts.Retry(r.Context(), auth.Of(r.Context()), r.PathValue("id")); err != nil {
		return err //nolint:wrapcheck // it says what was done
	}
	return s.done(w, r, Done{To: "/alerts?state=failed", Key: "alerts.retried"})
}

// alertSettingsView lists what raises alerts, who is told, and what is watched.
type alertSettingsView struct{ Desks []alertDeskView }

type alertDeskView struct {
	ID, Title, Lead, New, NewText string
	Rows                          []deskRow
}

// deskRow is an item of a desk: its name and what it says.
type deskRow struct {
	ID, Name, Link string
	Facts          []string
}

func (s *Server) alertSettings(w http.ResponseWriter, r *http.Request) error {
	v := &alertSettingsView{}
	who := auth.Of(r.Context())
	for _, d := range s.alertDesks() {
		rows, err := d.list(r)
		if err != nil {
			return err
		}
		x := alertDeskView{ID: d.name, Title: s.say(r, "alerts.desk."+d.name), Lead: s.say(r, "alerts.desk."+d.name+".lead"), Rows: rows}
		if s.policy.May(who, d.action) {
			x.New, x.NewText = d.base+"/new", s.say(r, "alerts.new."+d.name)
			for i := range x.Rows {
				x.Rows[i].Link = d.base + "/" + x.Rows[i].ID
			}
		}
		v.Desks = append(v.Desks, x)
	}
	return s.page(w, r, "alert-settings", Page{Title: s.say(r, "alerts.settings"), Data: v, Place: "/alerts"})
}

// alertInput is one input of a form: a box, a text of lines, a choice or several.
type alertInput struct {
	Kind string // "text", "area", "select", "checks", "check"
	Field
	Options []inboxChoice
}

// alertFormView is a form of a desk.
type alertFormView struct {
	Title, Action, Archive, Problem string
	Version                         string
	Inputs                          []alertInput
}

// alertDesk is one sort of thing that people keep here.
type alertDesk struct {
	name, base string
	action     auth.Action
	list       func(r *http.Request) ([]deskRow, error)
	// values gives an item as a form has it; save makes or changes one of a
	// form; archive ends one.
	values  func(ctx context.Context, id string) (url.Values, error)
	save    func(ctx context.Context, p *auth.Principal, id string, version int64, v url.Values) error
	archive func(ctx context.Context, p *auth.Principal, id string, version int64) error
	inputs  func(r *http.Request, v url.Values) ([]alertInput, error)
}

// alertForm shows a form, new where there is no id.
//
// i18n: alerts.desk.*
// i18n: alerts.new.*
// i18n: alerts.edit.*
func (s *Server) alertForm(w http.ResponseWriter, r *http.Request, d *alertDesk, id string) error {
	v := url.Values{"zone": {zoneOf(r)}, "lang": {s.langOf(r)}, "factor": {"0.5"}, "before": {"7"}, "after": {"3"}, "growth": {"5"}, "minutes": {"30"}, "on": {"found"}, "medium": {"email"}}
	if id != "" {
		var err error
		if v, err = d.values(r.Context(), id); err != nil {
			return err
		}
	}
	return s.showAlertForm(w, r, d, id, v, nil)
}

func (s *Server) showAlertForm(w http.ResponseWriter, r *http.Request, d *alertDesk, id string, v url.Values, problem error) error {
	inputs, err := d.inputs(r, v)
	if err != nil {
		return err
	}
	form := &alertFormView{Title: s.say(r, "alerts.new."+d.name), Action: d.base + "/new", Inputs: inputs, Version: v.Get("version")}
	if id != "" {
		form.Title, form.Action, form.Archive = s.say(r, "alerts.edit."+d.name), d.base+"/"+id, d.base+"/"+id+"/archive"
	}
	p := Page{Title: form.Title, Data: form, Place: "/alerts"}
	if problem != nil {
		form.Problem, p.Status = s.say(r, "alerts.wrong", "why", problem.Error()), http.StatusUnprocessableEntity
	}
	return s.page(w, r, "alert-form", p)
}

// wrongItem are the errors that say what is wrong with a form.
var wrongItem = []error{alert.ErrRule, alert.ErrChannel, watchlist.ErrName, watchlist.ErrEntry, watchlist.ErrPeriod, watchlist.ErrFactor, errTyped}

var errTyped = errors.New("what was typed cannot be read")

func (s *Server) saveAlertForm(w http.ResponseWriter, r *http.Request, d *alertDesk, id string) error {
	if err := r.ParseForm(); err != nil {
		return invalid("detections.wrong.form")
	}
	version, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64) // none: a conflict
	err := d.save(r.Context(), auth.Of(r.Context()), id, version, r.PostForm)
	if slices.ContainsFunc(wrongItem, func(x error) bool { return errors.Is(err, x) }) {
		return s.showAlertForm(w, r, d, id, r.PostForm, err)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/alerts/settings#" + d.name, Key: "alerts.saved"})
}

func (s *Server) archiveAlertForm(w http.ResponseWriter, r *http.Request, d *alertDesk) error {
	if err := r.ParseForm(); err != nil {
		return invalid("detections.wrong.form")
	}
	version, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64) // none: a conflict
	if err := d.archive(r.Context(), auth.Of(r.Context()), r.PathValue("id"), version); err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/alerts/settings#" + d.name, Key: "alerts.archived"})
}

// shelved gives the parts of a desk that every shelf has.
func shelved[T watchlist.Content[T]](d *alertDesk, shelf *watchlist.Shelf[T], row func(r *http.Request, x T) (string, []string), values func(T) url.Values, read func(v url.Values, before *T) (T, error)) *alertDesk {
	d.list = func(r *http.Request) ([]deskRow, error) {
		all, err := shelf.List(r.Context(), watchlist.Active)
		if err != nil {
			return nil, fmt.Errorf("listing: %w", err)
		}
		out := make([]deskRow, len(all))
		for i, it := range all {
			out[i].ID = it.ID
			out[i].Name, out[i].Facts = row(r, it.Text)
		}
		return out, nil
	}
	d.values = func(ctx context.Context, id string) (url.Values, error) {
		it, err := shelf.Get(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("reading an item: %w", err)
		}
		v := values(it.Text)
		v.Set("version", strconv.FormatInt(it.Version, 10))
		return v, nil
	}
	d.save = func(ctx context.Context, p *auth.Principal, id string, version int64, v url.Values) error {
		if id == "" {
			x, err := read(v, nil)
			if err == nil {
				_, err = shelf.Draft(ctx, p, x)
			}
			return err //nolint:wrapcheck // shown at the form
		}
		it, err := shelf.Get(ctx, id)
		if err != nil {
			return fmt.Errorf("reading an item: %w", err)
		}
		x, err := read(v, &it.Text)
		if err == nil {
			_, err = shelf.Edit(ctx, p, id, version, x)
		}
		return err //nolint:wrapcheck // shown at the form
	}
	d.archive = func(ctx context.Context, p *auth.Principal, id string, version int64) error {
		_, err := shelf.Archive(ctx, p, id, version)
		return err //nolint:wrapcheck // it says what was done
	}
	return d
}

// alertDesks are the four sorts of things.
func (s *Server) alertDesks() []*alertDesk {
	rules := shelved(&alertDesk{name: "rules", base: "/alerts/rules", action: auth.AlertEdit, inputs: s.ruleInputs}, s.Alerts.Rules, s.ruleRow, ruleValues, readRule)
	channels := shelved(&alertDesk{name: "channels", base: "/alerts/channels", action: auth.AlertEdit, inputs: s.channelInputs}, s.Alerts.Channels, s.channelRow, channelValues, s.readChannel)
	lists := shelved(&alertDesk{name: "lists", base: "/alerts/lists", action: auth.WatchlistEdit, inputs: s.listInputs}, s.Alerts.Lists, s.listRow, listValues, readList)
	events := shelved(&alertDesk{name: "events", base: "/alerts/events", action: auth.WatchlistEdit, inputs: s.eventInputs}, s.Alerts.Events, s.eventRow, eventValues, readEvent)
	return []*alertDesk{rules, channels, lists, events}
}

// input makes an input of what stands in a form.
//
// i18n: alerts.field.*
// i18n: alerts.help.*
func (s *Server) input(r *http.Request, v url.Values, kind, name string, options ...inboxChoice) alertInput {
	in := alertInput{Kind: kind, Options: options, Field: Field{ID: "alert-" + name, Name: name, Label: s.say(r, "alerts.field."+name), Type: "text", Value: v.Get(name), Complete: "off", Longest: 2000}}
	if s.words.Has("alerts.help." + name) {
		in.Help = s.say(r, "alerts.help."+name)
	}
	for i := range in.Options {
		in.Options[i].Chosen = slices.Contains(v[name], in.Options[i].Value)
	}
	return in
}

// ---- Rules

func (s *Server) ruleInputs(r *http.Request, v url.Values) ([]alertInput, error) {
	ctx := r.Context()
	channels, err := s.Alerts.Channels.List(ctx, watchlist.Active)
	if err != nil {
		return nil, fmt.Errorf("listing channels: %w", err)
	}
	lists, err := s.Alerts.Lists.List(ctx, watchlist.Active)
	if err != nil {
		return nil, fmt.Errorf("listing watchlists: %w", err)
	}
	var on, to, of []inboxChoice
	for _, c := range alert.Conditions {
		on = append(on, inboxChoice{Value: string(c), Label: s.say(r, "alerts.on."+string(c))})
	}
	for _, c := range channels {
		to = append(to, inboxChoice{Value: c.ID, Label: c.Text.Name})
	}
	for _, l := range lists {
		of = append(of, inboxChoice{Value: l.ID, Label: l.Text.Name})
	}
	return []alertInput{
		s.input(r, v, "text", "name"), s.input(r, v, "select", "on", on...), s.input(r, v, "text", "accounts"), s.input(r, v, "text", "posts"),
		s.input(r, v, "text", "risk"), s.input(r, v, "text", "growth"), s.input(r, v, "text", "minutes"), s.input(r, v, "text", "platforms"), s.input(r, v, "text", "languages"),
		s.input(r, v, "checks", "lists", of...), s.input(r, v, "checks", "channels", to...), s.input(r, v, "check", "urgent"),
		s.input(r, v, "text", "escalate_after"), s.input(r, v, "checks", "escalate_to", slices.Clone(to)...),
	}, nil
}

// ruleRow says what a rule looks at.
//
// i18n: alerts.on.*
func (s *Server) ruleRow(r *http.Request, x alert.Rule) (string, []string) {
	facts := []string{s.say(r, "alerts.on."+string(x.On))}
	if x.On != alert.Unwell {
		facts = append(facts, s.say(r, "alerts.rule.least", "count", x.Accounts, "posts", x.Posts))
	}
	return x.Name, append(facts, s.say(r, "alerts.rule.to", "count", len(x.Channels)))
}

func ruleValues(x alert.Rule) url.Values {
	v := url.Values{
		"name": {x.Name}, "on": {string(x.On)}, "accounts": {strconv.Itoa(x.Accounts)}, "posts": {strconv.FormatInt(x.Posts, 10)}, "risk": {number(x.Risk)},
		"growth": {strconv.Itoa(x.Growth)}, "minutes": {strconv.Itoa(x.Minutes)}, "platforms": {strings.Join(x.Platforms, ", ")}, "languages": {strings.Join(x.Languages, ", ")},
		"lists": x.Lists, "channels": x.Channels, "escalate_after": {strconv.Itoa(x.EscalateAfter)}, "escalate_to": x.EscalateTo,
	}
	if x.Urgent {
		v.Set("urgent", "1")
	}
	return v
}

// figure reads a number that may be left empty.
func figure(v url.Values, name string, into *error) float64 {
	if strings.TrimSpace(v.Get(name)) == "" {
		return 0
	}
	x, err := typed(v.Get(name))
	if (err != nil || x < 0 || x > 1e9) && *into == nil {
		*into = fmt.Errorf("%w: %q", errTyped, v.Get(name))
		return 0
	}
	return x
}

func commas(s string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '、' || r == ' ' || r == '　' }), func(x string) bool { return x == "" })
}

func readRule(v url.Values, _ *alert.Rule) (alert.Rule, error) {
	var err error
	x := alert.Rule{
		Name: v.Get("name"), On: alert.Condition(v.Get("on")), Accounts: int(figure(v, "accounts", &err)), Posts: int64(figure(v, "posts", &err)), Risk: figure(v, "risk", &err),
		Growth: int(figure(v, "growth", &err)), Minutes: int(figure(v, "minutes", &err)), Platforms: commas(v.Get("platforms")), Languages: commas(v.Get("languages")),
		Lists: v["lists"], Channels: v["channels"], Urgent: v.Get("urgent") != "", EscalateAfter: int(figure(v, "escalate_after", &err)), EscalateTo: v["escalate_to"],
	}
	return x, err
}

// ---- Channels

func (s *Server) channelInputs(r *http.Request, v url.Values) ([]alertInput, error) {
	var media []inboxChoice
	for _, m := range alert.Media {
		media = append(media, inboxChoice{Value: string(m), Label: s.say(r, "alerts.medium."+string(m))})
	}
	secret := s.input(r, v, "text", "secret")
	secret.Type, secret.Value, secret.Complete = "password", "", "new-password"
	return []alertInput{
		s.input(r, v, "text", "name"), s.input(r, v, "select", "medium", media...), s.input(r, v, "text", "target"), secret,
		s.input(r, v, "select", "lang", inboxChoice{Value: "ja", Label: "日本語"}, inboxChoice{Value: "en", Label: "English"}),
		s.input(r, v, "text", "zone"), s.input(r, v, "text", "quiet_from"), s.input(r, v, "text", "quiet_until"),
		s.input(r, v, "select", "digest", inboxChoice{Value: "", Label: s.say(r, "alerts.digest.none")}, inboxChoice{Value: "hourly", Label: s.say(r, "alerts.digest.hourly")}, inboxChoice{Value: "daily", Label: s.say(r, "alerts.digest.daily")}),
		s.input(r, v, "text", "at"),
	}, nil
}

// channelRow says how a channel is reached.
//
// i18n: alerts.medium.*
// i18n: alerts.digest.*
func (s *Server) channelRow(r *http.Request, x alert.Channel) (string, []string) {
	facts := []string{s.say(r, "alerts.medium."+string(x.Medium))}
	if x.Target != "" {
		facts = append(facts, x.Target)
	}
	if x.QuietFrom != "" {
		facts = append(facts, s.say(r, "alerts.channel.quiet", "from", x.QuietFrom, "until", x.QuietUntil))
	}
	if x.Digest != alert.AtOnce {
		facts = append(facts, s.say(r, "alerts.digest."+string(x.Digest)))
	}
	return x.Name, facts
}

func channelValues(x alert.Channel) url.Values {
	return url.Values{
		"name": {x.Name}, "medium": {string(x.Medium)}, "target": {x.Target}, "lang": {x.Lang}, "zone": {x.Zone},
		"quiet_from": {x.QuietFrom}, "quiet_until": {x.QuietUntil}, "digest": {string(x.Digest)}, "at": {x.At},
	}
}

func (s *Server) readChannel(v url.Values, before *alert.Channel) (alert.Channel, error) {
	x := alert.Channel{
		Name: v.Get("name"), Medium: alert.Medium(v.Get("medium")), Target: v.Get("target"), Lang: v.Get("lang"), Zone: v.Get("zone"),
		QuietFrom: v.Get("quiet_from"), QuietUntil: v.Get("quiet_until"), Digest: alert.Digest(v.Get("digest")), At: v.Get("at"),
	}
	sealed, err := s.Alerts.Seal(strings.TrimSpace(v.Get("secret")))
	if err != nil {
		return x, err //nolint:wrapcheck // it says what was done
	}
	if x.Secret = sealed; sealed == nil && before != nil && before.Medium == x.Medium {
		x.Secret = before.Secret // left empty: as it was
	}
	return x, nil
}

// ---- Watchlists

func (s *Server) listInputs(r *http.Request, v url.Values) ([]alertInput, error) {
	return []alertInput{s.input(r, v, "text", "name"), s.input(r, v, "area", "entries")}, nil
}

func (s *Server) listRow(r *http.Request, x watchlist.Text) (string, []string) {
	return x.Name, []string{s.say(r, "alerts.list.entries", "count", len(x.Entries))}
}

func listValues(x watchlist.Text) url.Values {
	var lines []string
	for _, e := range x.Entries {
		line := string(e.Kind) + ": "
		if e.Platform != "" {
			line += e.Platform + " "
		}
		lines = append(lines, line+e.Value)
	}
	return url.Values{"name": {x.Name}, "entries": {strings.Join(lines, "\n")}}
}

func readList(v url.Values, _ *watchlist.Text) (watchlist.Text, error) {
	x := watchlist.Text{Name: v.Get("name")}
	for line := range strings.Lines(v.Get("entries")) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		kind, value, ok := strings.Cut(strings.Replace(line, "：", ":", 1), ":")
		if !ok {
			return x, fmt.Errorf("%w: %s", watchlist.ErrEntry, line)
		}
		e := watchlist.Entry{Kind: watchlist.Kind(strings.ToLower(strings.TrimSpace(kind))), Value: strings.TrimSpace(value)}
		if e.Kind == watchlist.Channel {
			e.Platform, e.Value, _ = strings.Cut(e.Value, " ")
		}
		x.Entries = append(x.Entries, e)
	}
	return x, nil
}

// ---- Protected events

func (s *Server) eventInputs(r *http.Request, v url.Values) ([]alertInput, error) {
	from, until := s.input(r, v, "text", "from"), s.input(r, v, "text", "until")
	from.Type, until.Type = "date", "date"
	return []alertInput{s.input(r, v, "text", "name_ja"), s.input(r, v, "text", "name_en"), from, until, s.input(r, v, "text", "before"), s.input(r, v, "text", "after"), s.input(r, v, "text", "factor")}, nil
}

func (s *Server) eventRow(r *http.Request, x watchlist.Event) (string, []string) {
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	facts := []string{s.say(r, "alerts.event.time", "from", day(x.From), "until", day(x.Until.Add(-time.Second)))}
	if x.Active(s.Now()) {
		facts = append(facts, s.say(r, "alerts.event.active", "factor", number(x.Factor)))
	}
	return x.Name(s.langOf(r)), facts
}

func eventValues(x watchlist.Event) url.Values {
	return url.Values{
		"name_ja": {x.NameJA}, "name_en": {x.NameEN}, "from": {x.From.UTC().Format(time.DateOnly)}, "until": {x.Until.UTC().Add(-time.Second).Format(time.DateOnly)},
		"before": {strconv.Itoa(x.Before)}, "after": {strconv.Itoa(x.After)}, "factor": {number(x.Factor)},
	}
}

func readEvent(v url.Values, _ *watchlist.Event) (watchlist.Event, error) {
	var err error
	x := watchlist.Event{NameJA: v.Get("name_ja"), NameEN: v.Get("name_en"), Before: int(figure(v, "before", &err)), After: int(figure(v, "after", &err)), Factor: figure(v, "factor", &err)}
	for _, d := range []struct {
		name string
		into *time.Time
	}{{"from", &x.From}, {"until", &x.Until}} {
		t, bad := time.Parse(time.DateOnly, strings.TrimSpace(v.Get(d.name)))
		if bad != nil && err == nil {
			err = fmt.Errorf("%w: %q", errTyped, v.Get(d.name))
		}
		*d.into = t
	}
	x.Until = x.Until.AddDate(0, 0, 1) // the last day counts
	return x, err
}
