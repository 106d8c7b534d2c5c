package enrich

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// script numbers the writing systems that are told apart.
type script uint8

const (
	none script = iota
	latin
	cyrillic
	greek
	han
	kana
	hangul
	arabic
	hebrew
	devanagari
	bengali
	gurmukhi
	gujarati
	tamil
	telugu
	kannada
	malayalam
	sinhala
	thai
	lao
	khmer
	myanmar
	tibetan
	georgian
	armenian
	ethiopic
	mongolian
	other

	numScripts = int(other) + 1
)

// scriptNames are the names in the Unicode Character Database (UAX 24), but
// for Japanese, which is what a text with kana is written in.
var scriptNames = [numScripts]string{
	"none", "Latin", "Cyrillic", "Greek", "Han", "Japanese", "Hangul", "Arabic", "Hebrew", "Devanagari",
	"Bengali", "Gurmukhi", "Gujarati", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao",
	"Khmer", "Myanmar", "Tibetan", "Georgian", "Armenian", "Ethiopic", "Mongolian", "other",
}

// scriptOf gives the script of a letter that is not ASCII; none for what is no
// letter or belongs to several scripts.
func scriptOf(r rune) script {
	switch {
	case r < 0xAA:
		return none
	case r < 0x250:
		if r == 0xD7 || r == 0xF7 || r < 0xC0 && r != 0xAA && r != 0xBA {
			return none
		}
		return latin
	case r < 0x2B0:
		return latin // phonetic
	case r < 0x370:
		return none // modifiers and combining marks
	case r < 0x400:
		if r >= 0x3E2 && r < 0x3F0 {
			return other // Coptic
		}
		return greek
	case r < 0x530:
		return cyrillic
	case r < 0x590:
		return armenian
	case r < 0x600:
		return hebrew
	case r < 0x900:
		if r < 0x700 || r >= 0x750 && r < 0x780 || r >= 0x870 {
			return lettered(r, arabic)
		}
		return lettered(r, other)
	case r < 0x980:
		return lettered(r, devanagari)
	case r < 0xA00:
		return lettered(r, bengali)
	case r < 0xA80:
		return lettered(r, gurmukhi)
	case r < 0xB00:
		return lettered(r, gujarati)
	case r < 0xB80:
		return lettered(r, other) // Oriya
	case r < 0xC00:
		return lettered(r, tamil)
	case r < 0xC80:
		return lettered(r, telugu)
	case r < 0xD00:
		return lettered(r, kannada)
	case r < 0xD80:
		return lettered(r, malayalam)
	case r < 0xE00:
		return lettered(r, sinhala)
	case r < 0xE80:
		return lettered(r, thai)
	case r < 0xF00:
		return lettered(r, lao)
	case r < 0x1000:
		return lettered(r, tibetan)
	case r < 0x10A0:
		return lettered(r, myanmar)
	case r < 0x1100:
		return lettered(r, georgian)
	case r < 0x1200:
		return hangul
	case r < 0x13A0:
		return lettered(r, ethiopic)
	case r >= 0x1780 && r < 0x1800:
		return lettered(r, khmer)
	case r >= 0x1800 && r < 0x18B0:
		return lettered(r, mongolian)
	case r >= 0x1E00 && r < 0x1F00:
		return latin
	case r >= 0x1F00 && r < 0x2000:
		return greek
	case r < 0x2C00:
		return lettered(r, other)
	case r >= 0x3041 && r < 0x3100:
		if r == 0x30FB || r == 0x30A0 || r >= 0x3099 && r <= 0x309C {
			return none
		}
		return kana
	case r >= 0x3130 && r < 0x3190, r >= 0xAC00 && r < 0xD7B0:
		return hangul
	case r >= 0x3400 && r < 0x4DC0, r >= 0x4E00 && r < 0xA000, r >= 0xF900 && r < 0xFB00, r >= 0x20000 && r < 0x32000,
		r == 0x3005, r == 0x3007:
		return han
	case r >= 0x31F0 && r < 0x3200, r >= 0xFF66 && r < 0xFF9E && r != 0xFF70:
		return kana
	case r >= 0xFF21 && r < 0xFF3B, r >= 0xFF41 && r < 0xFF5B, r >= 0xFB00 && r < 0xFB07:
		return latin
	case r >= 0xFB50 && r < 0xFE00, r >= 0xFE70 && r < 0xFF00:
		return lettered(r, arabic)
	case r >= 0x1D400 && r < 0x1D800: // letters in mathematical styles
		return lettered(r, latin)
	}
	return lettered(r, other)
}

// lettered gives sc if r is a letter.
func lettered(r rune, sc script) script {
	if unicode.IsLetter(r) {
		return sc
	}
	return none
}

// Script gives the name of the script that most letters of a text are in:
// "Latin", "Cyrillic", "Han", "Japanese", "Hangul", "Arabic", … (the names of
// UAX 24), "other" for a script not told apart here, "none" for a text without
// letters.
//
// A text in ideographs with some kana, at least one in twenty, is Japanese;
// one alone may be a fashion in Chinese. Addresses and handles, which are in
// Latin letters in every language, do not count.
func Script(text string) string { return scriptNames[dominant(text)] }

// dominant does the work of [Script].
func dominant(text string) script {
	var count [numScripts]int
	skip := false // in an address or a handle
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			switch {
			case c <= ' ':
				skip = false
			case skip:
			case c == '@':
				skip = true
			case c|0x20 >= 'a' && c|0x20 <= 'z':
				if c|0x20 == 'h' && address(text[i:]) {
					skip = true
				} else {
					count[latin]++
				}
			}
			i++
			continue
		}
		// Text in other scripts may follow an address without a space.
		skip = false
		r, n := utf8.DecodeRuneInString(text[i:])
		count[scriptOf(r)]++
		i += n
	}
	count[none] = 0
	eastern := count[han] + count[kana]
	if count[kana]*20 >= eastern {
		count[han], count[kana] = 0, eastern
	} else {
		count[han], count[kana] = eastern, 0
	}
	best := none
	for sc, n := range count {
		if n > count[best] {
			best = script(sc) //nolint:gosec // sc < numScripts
		}
	}
	return best
}

// address says that s begins with http:// or https://.
func address(s string) bool {
	return len(s) > 7 && (strings.EqualFold(s[:7], "http://") || strings.EqualFold(s[:min(8, len(s))], "https://"))
}

// Scripts tallies texts by their dominant script. The zero value is empty.
type Scripts struct {
	count [numScripts]int64
}

// Add counts a text.
func (s *Scripts) Add(text string) { s.count[dominant(text)]++ }

// Merge adds another tally, such as another worker's.
func (s *Scripts) Merge(t *Scripts) {
	for i, n := range t.count {
		s.count[i] += n
	}
}

// ScriptCount is how many texts are in a script.
type ScriptCount struct {
	// Script is a name that [Script] gives.
	Script string
	// Texts is how many there are.
	Texts int64
}

// Counts gives the scripts that occurred, the most frequent first.
func (s *Scripts) Counts() []ScriptCount {
	var out []ScriptCount
	for i, n := range s.count {
		if n > 0 {
			out = append(out, ScriptCount{Script: scriptNames[i], Texts: n})
		}
	}
	slices.SortStableFunc(out, func(a, b ScriptCount) int {
		switch {
		case a.Texts > b.Texts:
			return -1
		case a.Texts < b.Texts:
			return 1
		}
		return 0
	})
	return out
}
