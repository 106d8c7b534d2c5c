// Package i18n holds what Akashi says to people, in Japanese and English.
//
// # Catalogues
//
// Each part of Akashi has a file of its own in each language: en/inbox.yaml and
// ja/inbox.yaml. A file is one flat map of names to whole sentences; the key of
// an entry is the file's name, a dot and the entry's name:
//
//	# en/inbox.yaml
//	title: Inbox
//	selected:
//	  one: "{count} finding selected"
//	  other: "{count} findings selected"
//
//	i18n.T("en", "inbox.selected", "count", 3)   // "3 findings selected"
//
// Placeholders are named. The one called count chooses between the forms one
// and other (CLDR's plural rules for the two languages); Japanese has other
// alone, so a sentence that is a map in English may be plain text in Japanese.
// Sentences are never put together from pieces: where the order of words may
// differ, the whole sentence is an entry.
//
// The catalogues are checked when they are loaded: both languages have the same
// keys and placeholders. The tests look further: every key that a template or
// Go code uses is there, and none is there that nothing uses. A key that is put
// together while running is declared beside the code, in a comment:
//
//	// i18n: people.role.*
//
// A key that is missing all the same is never passed over: T panics in tests
// and gives the key between marks, ⟦inbox.title⟧, elsewhere (see [Missing]).
package i18n
