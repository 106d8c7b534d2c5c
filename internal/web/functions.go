package web

import (
	"fmt"
	"html/template"
	"math"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/akashi-project/akashi/internal/i18n"
)

// functions are what templates can call, in a language and a time zone. None
// of them makes HTML of what came from outside.
func (s *Server) functions(lang string, zone *time.Location) template.FuncMap {
	return template.FuncMap{
		// t gives a sentence; say one that holds a link or a mark
		// (template.HTML among its values).
		"t":     func(key string, args ...any) string { return s.words.T(lang, key, args...) },
		"say":   func(key string, args ...any) template.HTML { return s.words.HTML(lang, key, args...) },
		"num":   func(n any) string { return i18n.Number(lang, n) },
		"dec":   func(x float64, digits int) string { return i18n.Decimal(lang, x, digits) },
		"pct":   func(x float64) string { return percent(lang, x) },
		"time":  func(t time.Time) template.HTML { return timeMark(t, zone, "2006-01-02 15:04") },
		"clock": func(t time.Time) template.HTML { return timeMark(t, zone, "15:04:05") },
		"date":  func(t time.Time) template.HTML { return dateMark(lang, t, zone) },
		"day":   func(t time.Time) template.HTML { return timeMark(t, zone, time.DateOnly) },
		"ago":   func(t time.Time) string { return s.duration(lang, "frame.ago.", s.Now().Sub(t)) },
		"dur":   func(d time.Duration) string { return s.duration(lang, "frame.dur.", d) },
		"bytes": func(n int64) string { return sizeText(lang, n) },
		"icon":  icon,
		"tlp":   tlpClass,
		// tag and reading give the language of a post's text for the
		// attribute lang, and its name.
		"tag":     languageTag,
		"reading": func(tag string) string { return languageName(lang, tag) },
		"url":     webAddress,
		"visible": visible,
		"dict":    dict,
		"list":    func(v ...any) []any { return v },
		"spark":   spark,
	}
}

// percent writes a share of 1.
func percent(lang string, x float64) string {
	digits := 0
	if math.Abs(x) < 0.1 && x != 0 {
		digits = 1
	}
	return i18n.Decimal(lang, x*100, digits) + "%"
}

// timeMark writes a time in the reader's zone, with the time in UTC for
// machines and for who points at it.
func timeMark(t time.Time, zone *time.Location, layout string) template.HTML {
	if t.IsZero() {
		return "–"
	}
	u := t.UTC()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s UTC">%s</time>`, //nolint:gosec,gocritic // digits, and quotation marks of HTML
		u.Format(time.RFC3339), u.Format(time.DateTime), t.In(zone).Format(layout)))
}

// dateMark writes a day as prose does.
func dateMark(lang string, t time.Time, zone *time.Location) template.HTML {
	if lang == "ja" {
		return timeMark(t, zone, "2006年1月2日")
	}
	return timeMark(t, zone, "2 January 2006")
}

// duration says how long something takes or took, in its largest unit.
//
// i18n: frame.ago.*
// i18n: frame.dur.*
func (s *Server) duration(lang, prefix string, d time.Duration) string {
	n := func(unit time.Duration) int64 { return int64(math.Round(float64(d) / float64(unit))) }
	say := func(unit string, n int64) string { return s.words.T(lang, prefix+unit, "count", n) }
	switch {
	case d < time.Second:
		return say("moment", 0)
	case d < 100*time.Second:
		return say("seconds", n(time.Second))
	case d < 100*time.Minute:
		return say("minutes", n(time.Minute))
	case d < 48*time.Hour:
		return say("hours", n(time.Hour))
	}
	return say("days", n(24*time.Hour))
}

// sizeText writes a number of bytes in the unit that suits it, 1 kB being 1000.
func sizeText(lang string, n int64) string {
	x, unit := float64(n), 0
	for units := 4; x >= 999.5 && unit < units; unit++ {
		x /= 1000
	}
	digits := 0
	if unit > 0 && x < 10 {
		digits = 1
	}
	return i18n.Decimal(lang, x, digits) + " " + [...]string{"B", "kB", "MB", "GB", "TB"}[unit]
}

// tlpClass names the style of a marking.
func tlpClass(marking string) string {
	switch marking {
	case "CLEAR", "GREEN", "AMBER", "RED":
		return "tlp tlp-" + strings.ToLower(marking)
	case "AMBER+STRICT":
		return "tlp tlp-amber"
	}
	return "tlp"
}

// languageTag gives a well-formed language tag, "und" for anything else.
func languageTag(tag string) string {
	if t, err := language.Parse(tag); err == nil {
		return t.String()
	}
	return "und"
}

// webAddress gives an address that leads to the web, "" for any other: nothing
// from outside becomes a link that runs something.
func webAddress(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// dict makes a map of names and values, to hand several things to a template.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict takes names and values in turn")
	}
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		out[name] = pairs[i+1]
	}
	return out, nil
}
