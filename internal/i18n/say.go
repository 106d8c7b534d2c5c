package i18n

import (
	"fmt"
	"html/template"
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// Missing is how a sentence that is not there looks on a page.
func Missing(key string) string { return "⟦" + key + "⟧" }

// T gives a sentence of the built-in catalogues. args are names of
// placeholders, each followed by its value: "count", 3, "name", "A". Whole
// numbers and fractions are written as the language writes them.
//
// A key, language or value that is missing is a mistake in the program: T
// panics in tests, and elsewhere gives the sentence with what is missing
// marked.
func T(lang, key string, args ...any) string {
	c, err := Load()
	if err != nil {
		panic(err) // a test loads them; a program that is released has them
	}
	return c.T(lang, key, args...)
}

// T is like the function T.
func (c *Catalogue) T(lang, key string, args ...any) string {
	var b strings.Builder
	c.say(lang, key, args, func(text string) { b.WriteString(text) }, func(v any) { b.WriteString(value(lang, v)) })
	return b.String()
}

// HTML gives a sentence as HTML: everything is escaped but values that are
// template.HTML already. It is for sentences that hold a link or a mark.
func (c *Catalogue) HTML(lang, key string, args ...any) template.HTML {
	var b strings.Builder
	c.say(lang, key, args, func(text string) { b.WriteString(template.HTMLEscapeString(text)) }, func(v any) {
		if h, ok := v.(template.HTML); ok {
			b.WriteString(string(h))
			return
		}
		b.WriteString(template.HTMLEscapeString(value(lang, v)))
	})
	return template.HTML(b.String()) //nolint:gosec // each part was escaped above
}

// say hands on the parts of a sentence in order.
func (c *Catalogue) say(lang, key string, args []any, text func(string), arg func(any)) {
	e, ok := c.langs[lang][key]
	if !ok {
		lost(lang, key)
		text(Missing(key))
		return
	}
	form := e.other
	if n, ok := find(args, "count"); ok && e.one != nil && one(n) {
		form = e.one
	}
	for _, p := range form {
		if p.name == "" {
			text(p.text)
			continue
		}
		v, ok := find(args, p.name)
		if !ok {
			lost(lang, key+"{"+p.name+"}")
			v = Missing(p.name)
		}
		arg(v)
	}
}

// lost stops a test.
func lost(lang, key string) {
	if testing.Testing() {
		panic(fmt.Sprintf("i18n: %s is not there in %q", key, lang))
	}
}

// find gives the value that follows a name.
func find(args []any, name string) (any, bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1], true
		}
	}
	return nil, false
}

// one says whether a number takes the form one.
func one(n any) bool {
	switch n := n.(type) {
	case int:
		return n == 1
	case int64:
		return n == 1
	case uint64:
		return n == 1
	}
	return false
}

// value writes a value as the language does.
func value(lang string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int, int32, int64, uint32, uint64:
		return Number(lang, v)
	case float64:
		return Decimal(lang, v, 2)
	}
	return fmt.Sprint(v)
}

// Number writes a whole number with the language's separators.
func Number(lang string, n any) string { return printer(lang).Sprint(number.Decimal(n)) }

// Decimal writes a fraction with up to so many digits behind the point.
func Decimal(lang string, x float64, digits int) string {
	return printer(lang).Sprint(number.Decimal(x, number.MaxFractionDigits(digits)))
}

// printer writes numbers in a language.
func printer(lang string) *message.Printer { return message.NewPrinter(language.Make(lang)) }

// matcher knows the languages of the catalogues, the default first.
var matcher = language.NewMatcher([]language.Tag{language.Japanese, language.English})

// Accept chooses the language that suits an Accept-Language header best;
// fallback where it suits none.
func Accept(header, fallback string) string {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return fallback
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return fallback
	}
	return Langs[i]
}
