package enrich

import (
	"encoding/hex"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"github.com/akashi-project/akashi/internal/normalise"
)

// What a text must have for two accounts that publish it not to do so by
// chance. The numbers are judgement, not measurement; what remains of common
// phrases is for the engine's test of significance.
const (
	leastWords   = 8  // words, where a script separates them, and
	leastLetters = 20 // letters among them
	leastCJK     = 12 // or characters of Chinese or Japanese script
	manyLetters  = 40 // or letters, in however few words (Thai; long compounds)
)

// textAsIs is the length in characters up to which a text stands for itself.
const textAsIs = 140

// TextObject gives the object that stands for a text under the behaviour text:
// its normal form (normalise.Text) up to 140 characters, beyond that "xxh3:"
// and the XXH3-128 hash of the normal form in hexadecimal. (No normal form
// contains a colon.)
//
// The result is empty for a text that many people may well write by chance. It
// counts if it has at least eight words and twenty letters, or twelve
// characters of Chinese or Japanese script, or forty letters in however few
// words, after addresses, handles and emoji are gone.
func TextObject(text string) string {
	if len(text) < leastLetters {
		return ""
	}
	n := normalise.Text(text)
	words, letters, cjk, length := 0, 0, 0, 0
	inWord := false
	for i := 0; i < len(n); {
		c := n[i]
		length++
		if c < utf8.RuneSelf {
			i++
			if c == ' ' {
				inWord = false
				continue
			}
			if c >= 'a' {
				letters++
			}
		} else {
			r, size := utf8.DecodeRuneInString(n[i:])
			i += size
			switch scriptOf(r) {
			case han, kana:
				cjk++
				letters++
			default:
				if unicode.IsLetter(r) {
					letters++
				}
			}
		}
		if !inWord {
			inWord = true
			words++
		}
	}
	if !(words >= leastWords && letters >= leastLetters || cjk >= leastCJK || letters >= manyLetters) {
		return ""
	}
	if length <= textAsIs {
		return n
	}
	const prefix = "xxh3:"
	sum := xxh3.HashString128(n).Bytes()
	var b [len(prefix) + 2*len(sum)]byte
	copy(b[:], prefix)
	hex.Encode(b[len(prefix):], sum[:])
	return string(b[:])
}
