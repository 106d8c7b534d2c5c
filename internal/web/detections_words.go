package web

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/finding"
	"github.com/akashi-project/akashi/internal/i18n"
)

// detectionWord is a parameter in words; Code says that the text is a query.
type detectionWord struct {
	Label, Text string
	Code        bool
}

// paramsInWords says what a detection looks for: always the same number of
// words in the same order.
func (s *Server) paramsInWords(r *http.Request, p *finding.Params) []detectionWord {
	lang := s.langOf(r)
	ceiling := s.say(r, "detections.ceiling.none")
	if p.Ceiling > 0 {
		ceiling = s.say(r, "detections.ceiling.text", "count", p.Ceiling)
	}
	posts := detectionWord{Label: s.say(r, "detections.query"), Text: s.say(r, "detections.query.all")}
	if q := strings.TrimSpace(p.Query); q != "" {
		posts.Text, posts.Code = q, true
	}
	return []detectionWord{
		{Label: s.say(r, "detections.behaviours"), Text: s.behaviourList(r, strings.Split(p.Behaviours, ","), 20)},
		{Label: s.say(r, "detections.window"), Text: s.say(r, "detections.window.text", "time", s.windowInWords(r, p.WindowSeconds))},
		{Label: s.say(r, "detections.group"), Text: s.say(r, "detections.group.text", "count", p.MinGroup)},
		{Label: s.say(r, "detections.fdr"), Text: s.say(r, "detections.fdr.text", "share", i18n.Decimal(lang, p.FDR*100, 4)+"%")},
		{Label: s.say(r, "detections.ceiling"), Text: ceiling},
		posts,
		{Label: s.say(r, "detections.range"), Text: s.rangeInWords(r, &p.Range)},
	}
}

// i18n: detections.unit.*

// detectionUnits are the units of a window, the largest first.
var detectionUnits = []struct {
	name    string
	seconds float64
}{{"hours", 3600}, {"minutes", 60}, {"seconds", 1}}

// windowUnit gives a number of seconds in the largest unit that it is a whole
// number of, seconds otherwise.
func windowUnit(seconds float64) (string, float64) {
	for _, u := range detectionUnits {
		if n := seconds / u.seconds; n >= 1 && n == float64(int64(n)) {
			return u.name, n
		}
	}
	return "seconds", seconds
}

// windowInWords says a window exactly: "90 seconds", not "2 minutes".
func (s *Server) windowInWords(r *http.Request, seconds float64) string {
	unit, n := windowUnit(seconds)
	if n == float64(int64(n)) {
		return s.say(r, "detections.unit."+unit, "count", int64(n))
	}
	return s.say(r, "detections.unit.fraction", "seconds", i18n.Decimal(s.langOf(r), n, 3))
}

// rangeInWords says a range of time.
func (s *Server) rangeInWords(r *http.Request, x *finding.Range) string {
	at := func(t time.Time) string { return t.In(location(r)).Format("2006-01-02 15:04") }
	switch {
	case x.LastDays > 0 && x.LastDays == float64(int64(x.LastDays)):
		return s.say(r, "detections.range.days", "count", int64(x.LastDays))
	case x.LastDays > 0:
		return s.say(r, "detections.range.fraction", "days", i18n.Decimal(s.langOf(r), x.LastDays, 3))
	case !x.From.IsZero() && !x.To.IsZero():
		return s.say(r, "detections.range.between", "from", at(x.From), "to", at(x.To))
	case !x.From.IsZero():
		return s.say(r, "detections.range.from", "from", at(x.From))
	case !x.To.IsZero():
		return s.say(r, "detections.range.to", "to", at(x.To))
	}
	return s.say(r, "detections.range.all")
}

// scheduleOf gives the schedule of a choice in the form; the hours of days are
// the reader's.
func scheduleOf(choice, zone string) (string, bool) {
	switch choice {
	case "none":
		return "", true
	case "hourly":
		return "0 * * * *", true
	case "six":
		return "0 */6 * * *", true
	case "daily":
		return "CRON_TZ=" + zone + " 0 6 * * *", true
	case "weekly":
		return "CRON_TZ=" + zone + " 0 6 * * 1", true
	}
	return "", false
}

// detectionSchedules are the choices of the form, before one's own.
var detectionSchedules = []string{"none", "hourly", "six", "daily", "weekly"}

var clockSchedule = regexp.MustCompile(`^(?:(?:CRON_TZ|TZ)=(\S+)\s+)?(\d{1,2})\s+(\d{1,2})\s+\*\s+\*\s+(\*|1)$`)

// scheduleInWords says a schedule: those that the form offers, and the like, as
// a sentence, others as they are written.
func (s *Server) scheduleInWords(r *http.Request, expr string) string {
	switch expr {
	case "":
		return s.say(r, "detections.schedule.none")
	case "0 * * * *", "@hourly":
		return s.say(r, "detections.schedule.hourly")
	case "0 */6 * * *":
		return s.say(r, "detections.schedule.six")
	}
	m := clockSchedule.FindStringSubmatch(expr)
	if m == nil {
		return s.say(r, "detections.schedule.other", "schedule", expr)
	}
	zone := m[1]
	if zone == "" {
		zone = "UTC"
	}
	minute, _ := strconv.Atoi(m[2])
	hour, _ := strconv.Atoi(m[3])
	at := time.Date(2000, 1, 1, hour, minute, 0, 0, time.UTC).Format("15:04")
	if m[4] == "*" {
		return s.say(r, "detections.schedule.daily", "time", at, "zone", zone)
	}
	return s.say(r, "detections.schedule.weekly", "time", at, "zone", zone)
}
