package web

import (
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/audit"
)

// logFilter is the form that says which lines are wanted.
type logFilter struct {
	Want audit.Filter
	// What stands in the boxes, and what is wrong with it.
	Who, Action, Object, Since, Until string
	WhoError, SinceError, UntilError  string
	// Set says that anything is asked for.
	Set     bool
	Actors  []Completion
	Actions []Completion
	Objects []Completion
	Chips   []Chip
}

func (f *logFilter) wrong() bool { return f.WhoError+f.SinceError+f.UntilError != "" }

// filter reads the filter from the address.
func (l *logReader) filter() logFilter {
	q := l.r.URL.Query()
	text := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	f := logFilter{Who: text("actor"), Action: text("action"), Object: text("object"), Since: text("since"), Until: text("until")}
	f.Set = f.Who+f.Action+f.Object+f.Since+f.Until != ""
	f.Want = audit.Filter{Action: f.Action, Object: f.Object}
	l.offer(&f)
	var ok bool
	if f.Want.Actor, ok = l.actor(f.Who); !ok {
		f.WhoError = l.s.say(l.r, "log.filter.who.wrong")
	}
	if name, _ := l.who(f.Want.Actor); strings.HasPrefix(f.Want.Actor, "user:") && len(f.Want.Actor) > len("user:") {
		f.chip("actor", name, l)
	} else {
		f.chip("actor", f.Want.Actor, l)
	}
	if what := l.s.logAction(l.r, f.Action); what != "" {
		f.chip("action", what, l)
	} else {
		f.chip("action", f.Action, l)
	}
	f.chip("object", f.Object, l)
	if f.Want.Since, ok = l.moment(f.Since, false); !ok {
		f.SinceError = l.s.say(l.r, "log.filter.time.wrong")
	}
	if f.Want.Until, ok = l.moment(f.Until, true); !ok {
		f.UntilError = l.s.say(l.r, "log.filter.time.wrong")
	}
	const minutes = "2006-01-02 15:04"
	if t := f.Want.Since; !t.IsZero() {
		f.Since = t.In(location(l.r)).Format(momentLayout)
		f.chip("since", l.s.say(l.r, "log.filter.since.chip", "time", t.In(location(l.r)).Format(minutes)), l)
	}
	if t := f.Want.Until; !t.IsZero() {
		f.Until = t.In(location(l.r)).Format(momentLayout)
		f.chip("until", l.s.say(l.r, "log.filter.until.chip", "time", t.In(location(l.r)).Format(minutes)), l)
	}
	return f
}

// chip adds a chip for a box that is filled in.
func (f *logFilter) chip(name, text string, l *logReader) {
	if text != "" {
		f.Chips = append(f.Chips, Chip{Text: text, Without: with(l.r, name, "", "before", "")})
	}
}

// offer adds what the boxes complete.
func (l *logReader) offer(f *logFilter) {
	count := map[string]int{}
	for _, p := range l.people {
		count[p.Name]++
	}
	for _, p := range l.people {
		value := p.Name
		if count[p.Name] > 1 || strings.Contains(p.Name, ":") {
			value = "user:" + p.ID
		}
		f.Actors = append(f.Actors, Completion{value, p.Name})
	}
	slices.SortFunc(f.Actors, func(a, b Completion) int { return strings.Compare(a.Text, b.Text) })
	for _, x := range []string{"system", "nobody", "cli:", "token:", "user:"} {
		f.Actors = append(f.Actors, Completion{x, l.s.say(l.r, "log.actors."+strings.TrimSuffix(x, ":"))})
	}
	for _, key := range l.s.words.Keys() {
		if action, ok := strings.CutPrefix(key, "log.action."); ok {
			f.Actions = append(f.Actions, Completion{action, l.s.say(l.r, key)})
		}
	}
	for _, kind := range []string{"account", "detection", "finding", "import", "post", "unmask", "user"} {
		f.Objects = append(f.Objects, Completion{kind + ":", l.s.say(l.r, "log.objects."+kind)})
	}
}

// actor gives the actor that a text means: one as the log has it, or the name of
// exactly one person.
//
// i18n: log.actors.*
// i18n: log.objects.*
func (l *logReader) actor(text string) (actor string, ok bool) {
	if text == "" || text == "system" || text == "nobody" {
		return text, true
	}
	if kind, _, cut := strings.Cut(text, ":"); cut && slices.Contains([]string{"user", "token", "cli"}, kind) {
		return text, true
	}
	for id, p := range l.people {
		if p.Name == text {
			if actor != "" {
				return "", false
			}
			actor = "user:" + id
		}
	}
	return actor, actor != ""
}

// momentLayout is how forms write a time to the minute.
const momentLayout = "2006-01-02T15:04"

// moment reads a time in the reader's zone: to the minute, or a day, which for
// an end means the end of that day. The empty text is no bound.
func (l *logReader) moment(text string, end bool) (t time.Time, ok bool) {
	if text == "" {
		return t, true
	}
	zone := location(l.r)
	if t, err := time.ParseInLocation(momentLayout, text, zone); err == nil {
		return t, true
	}
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err == nil && end {
		t = t.AddDate(0, 0, 1)
	}
	return t, err == nil
}
