package duck

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

// A block is blockRows posts in the order of coming.
const (
	blockBits = 11
	blockRows = 1 << blockBits
)

// A signature is a Bloom filter (Bloom 1970) of what the posts of a block can be
// asked for, in the blocked form of Putze, Sanders and Singler (2007): all bits
// of a term lie in one line of 64 bytes. It never says no where it should say
// yes. About twenty thousand terms fill it to one false yes in forty; for
// more it says yes more often and costs time, never answers.
type signature [signatureWords]uint64

const (
	signatureBytes = 32 << 10
	signatureWords = signatureBytes / 8
	lineWords      = 8
)

// places gives the line and the three bits of a term in it.
func places(term uint64) (line uint64, bits [3]uint64) {
	line = term >> 55 * lineWords // 512 lines
	return line, [3]uint64{term & 511, term >> 9 & 511, term >> 18 & 511}
}

func (s *signature) add(term uint64) {
	line, bits := places(term)
	for _, b := range bits {
		s[line+b>>6] |= 1 << (b & 63)
	}
}

func (s *signature) has(term uint64) bool {
	line, bits := places(term)
	for _, b := range bits {
		if s[line+b>>6]>>(b&63)&1 == 0 {
			return false
		}
	}
	return true
}

// bytes gives the signature as it is stored.
func (s *signature) bytes() []byte {
	b := make([]byte, 0, signatureBytes)
	for _, w := range s {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// load reads what bytes gave.
func (s *signature) load(b []byte) bool {
	if len(b) != signatureBytes {
		return false
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return true
}

// dense says that a script has so many characters that two in a row say as much
// as three or five letters elsewhere: ideographs, kana, hangul.
func dense(r rune) bool { return r >= 0x2E80 }

// Lengths of grams, in characters.
const (
	denseGram = 2
	shortGram = 3
	longGram  = 5
)

// grams calls emit for the terms of the n-grams of a folded text: two characters
// where one of them is dense, and three and five where none is.
func grams(folded string, emit func(term uint64)) {
	var a, b, c, d rune // the characters before, the last one d
	run := 0            // characters of no dense script in a row
	for i := 0; i < len(folded); {
		r, size := rune(folded[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(folded[i:])
		}
		if dense(r) {
			run = 0
		} else {
			run++
		}
		if i > 0 && (dense(r) || dense(d)) {
			emit(gram(pair(d, r), denseGram))
		}
		if run >= shortGram {
			emit(gram(pair(c, d)^pair(r, 0)>>11, shortGram))
		}
		if run >= longGram {
			emit(gram(pair(c, d)^pair(r, 0)>>11^gram(pair(a, b), 0), longGram))
		}
		a, b, c, d = b, c, d, r
		i += size
	}
}

func pair(a, b rune) uint64 {
	return uint64(a)<<42 ^ uint64(b)<<21 //nolint:gosec // code points have 21 bits
}

// gram gives the term of a gram of n characters put together in a word: the
// finaliser of MurmurHash3 (Appleby), which is a permutation that mixes well.
func gram(x, n uint64) uint64 {
	x ^= n
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// kind is what an item or term of a post is.
type kind byte

// The kinds, as they stand in the file.
const (
	kindURL kind = iota + 1
	kindDomain
	kindHashtag
	kindMention
	kindPlatform
	kindLang
	kindSource
	kindChannel
	kindType
	kindAccount
)

// numbered gives the term of a number of a kind.
func numbered(k kind, n int64) uint64 {
	var b [9]byte
	b[0] = byte(k)
	binary.LittleEndian.PutUint64(b[1:], uint64(n)) //nolint:gosec // any bits do
	return xxh3.Hash(b[:])
}

// block is what is known of a block without asking the file.
type block struct {
	first, last int64 // times in microseconds
	sig         *signature
}
