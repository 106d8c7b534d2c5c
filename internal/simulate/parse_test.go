package simulate

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/scenarios"
)

const minimal = `title: {en: A test}
start: 2024-01-01
days: 2
topics:
  - name: daily
population:
  - lang: en
    accounts: 10
    platforms: {sim-x: 1}
`

func TestParseMinimal(t *testing.T) {
	s, err := Parse("dir/a-test.yaml", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "a-test" || s.Days != 2 || len(s.Population) != 1 || s.Topics[0].Bank != "daily" {
		t.Errorf("%+v", s)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, data string
		line       int
		key, want  string
	}{
		{"syntax", "title: [", 1, "", "not valid YAML"},
		{"empty", "", 1, "", "one YAML document"},
		{"list", "- a\n", 1, "", "expected a mapping"},
		{"unknown key", minimal + "colour: red\n", 10, "colour", "unknown key; expected one of"},
		{"unknown nested key", minimal + "operations:\n  - name: a\n    speed: 3\n", 12, "operations[0].speed", "unknown key"},
		{"days", strings.Replace(minimal, "days: 2", "days: many", 1), 3, "days", "whole number from 1"},
		{"date", strings.Replace(minimal, "2024-01-01", "1 January", 1), 2, "start", "UTC time such as"},
		{"language", strings.Replace(minimal, "lang: en", "lang: tlh", 1), 7, "population[0].lang", "ja, en, zh, ko, ru"},
		{"platform", strings.Replace(minimal, "sim-x", "x", 1), 9, "population[0].platforms.x", "starts with sim-"},
		{"domain", minimal + "outlets:\n  - {name: A, lang: en, domain: real.com}\n", 11, "outlets[0].domain", "ends in .example"},
		{"slot", strings.Replace(minimal, "- name: daily", "- name: daily\n    texts: {en: ['{nonesuch}']}", 1), 6, "topics[0].texts.en[0]", "no words for the slot {nonesuch}"},
		{"brace", strings.Replace(minimal, "- name: daily", "- name: daily\n    texts: {en: ['{a|b']}", 1), 6, "topics[0].texts.en[0]", "without a closing one"},
		{"type", minimal + "operations:\n  - {name: a, type: magic, langs: [en], phases: []}\n", 11, "operations[0].type", "co-link, copypasta"},
		{"link", minimal + "communities:\n  - {name: a, kind: alert-bots, lang: en, bank: quake, links: ['https://evil.com/a']}\n", 11, "communities[0].links[0]", "ends in .example"},
		{"alias", strings.Replace(minimal, "lang: en", "lang: *en", 1), 7, "population[0].lang", "which scenarios do not use"},
		{"missing", "title: {en: a}\nstart: 2024-01-01\ntopics: [{name: daily}]\npopulation: [{lang: en, accounts: 1, platforms: {sim-x: 1}}]\n", 1, "days", "missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("s.yaml", []byte(test.data))
			if err == nil {
				t.Fatal("no error")
			}
			var all []*FieldError
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, e := range joined.Unwrap() {
					if fe, ok := errors.AsType[*FieldError](e); ok {
						all = append(all, fe)
					}
				}
			}
			for _, fe := range all {
				if fe.File == "s.yaml" && fe.Line == test.line && fe.Key == test.key && strings.Contains(fe.Message, test.want) {
					return
				}
			}
			t.Errorf("got %v", err)
		})
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "3d": 72 * time.Hour, "2d12h": 60 * time.Hour, "0.5d": 12 * time.Hour} {
		if got, err := parseSpan(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

// TestBanks fills every phrase in.
func TestBanks(t *testing.T) {
	all, err := banks()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for lang, b := range all {
		x := newLexicon(b, nil)
		for section, lines := range b.sections {
			templates, err := x.compileAll(lines)
			if err != nil {
				t.Errorf("%s [%s]: %v", lang, section, err)
				continue
			}
			for i := range templates {
				if text := string(templates[i].append(nil, r)); strings.ContainsAny(text, "{}|") || strings.Contains(text, "feel") {
					t.Errorf("%s [%s]: %q", lang, section, text)
				}
			}
		}
		for _, name := range bankNames(all, "topic") {
			if len(b.sections["topic "+name]) == 0 || len(b.sections["headline "+name]) == 0 {
				t.Errorf("%s has nothing to say on %s", lang, name)
			}
		}
	}
}

func TestTemplateRefersToItself(t *testing.T) {
	x := newLexicon(nil, map[string][]string{"a": {"{b}"}, "b": {"{a}"}})
	if _, err := x.compile("{a}"); err == nil {
		t.Error("no error")
	}
}

var errEnough = errors.New("enough")

// FuzzParse reads scenarios and plays the start of those that are valid. The
// engine's minimising is slow on whole files: run with -fuzzminimizetime 5x.
func FuzzParse(f *testing.F) {
	entries, err := scenarios.FS.ReadDir(".")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		data, err := scenarios.FS.ReadFile(e.Name())
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 8000 {
			f.Add(data)
		}
	}
	f.Add([]byte(minimal))
	f.Add([]byte(minimal + "viral: {per_day: 3, min: 2, max: 4}\n"))
	f.Add([]byte(minimal + "operations:\n  - {name: a, type: slow, accounts: 4, langs: [en], phases: [{name: p, links: ['https://a.example/{1-9}'], texts: {en: ['{a|b} {place}']}}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("fuzz.yaml", data)
		if err != nil {
			return
		}
		accounts := 0
		for _, p := range s.Population {
			accounts += p.Accounts
		}
		if accounts > 2000 || s.Days > 60 {
			return
		}
		n := 0
		_, err = s.Run(context.Background(), func(p *post.Post) error {
			if n++; n > 300 {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			t.Errorf("a scenario that can be read cannot be played: %v", err)
		}
	})
}
