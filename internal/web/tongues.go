package web

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// languageName names the language of a tag in the reader's language; the tag
// itself where it has no name.
func languageName(lang, tag string) string {
	t, err := language.Parse(tag)
	if err != nil || t == language.Und {
		return tag
	}
	namer := display.English.Tags()
	if lang == "ja" {
		namer = display.Japanese.Tags()
	}
	if n := namer.Name(t); n != "" {
		return n
	}
	return tag
}
