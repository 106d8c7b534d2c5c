package auth

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"
)

// argon is the cost of a password: the second recommended option of RFC 9106,
// section 4 (64 MiB, three passes, four lanes, 128 bits of salt, 256 of hash).
// Hashes made at lower cost are replaced when their person signs in.
var argon = argon2id.Params{Memory: 64 * 1024, Iterations: 3, Parallelism: 4, SaltLength: 16, KeyLength: 32}

// maxPassword is how many characters a password may have; a passphrase of 20
// words fits.
const maxPassword = 256

// hashesAtOnce bounds the memory that logins take: so many hashes for browsers
// that are known, and as many for all others, 64 MiB each.
const hashesAtOnce = 2

//go:embed blocklist.txt
var blocklistText string

// passwords hashes and judges passwords.
type passwords struct {
	params argon2id.Params
	least  int
	// blocked are words, longest is the length of the longest, in bytes.
	blocked map[string]bool
	longest int
	// dummy is compared with where there is no hash, so that the same work
	// is done.
	dummy string
	// known and unknown are taken while a hash is computed, for browsers
	// that somebody has signed in from, and for others: a flood of guesses
	// keeps nobody waiting who was here before.
	known, unknown chan struct{}
}

func newPasswords(params argon2id.Params, least int) (*passwords, error) {
	p := &passwords{
		params: params, least: least, blocked: map[string]bool{},
		known: make(chan struct{}, hashesAtOnce), unknown: make(chan struct{}, hashesAtOnce),
	}
	lines := bufio.NewScanner(strings.NewReader(blocklistText))
	for lines.Scan() {
		if word := strings.TrimSpace(lines.Text()); word != "" && !strings.HasPrefix(word, "#") {
			word = skeleton(word)
			p.blocked[word] = true
			p.longest = max(p.longest, len(word))
		}
	}
	var err error
	p.dummy, err = argon2id.CreateHash(newSecret(), &params)
	if err != nil {
		return nil, fmt.Errorf("hashing: %w", err)
	}
	return p, nil
}

// check says whether a password will do, after NIST SP 800-63B, 3.1.1.2: long
// enough, not among those that everybody tries, not the login or the name; no
// rules about kinds of characters.
func (p *passwords) check(password, login, name string) error {
	fail := func(reason string) error {
		return &PasswordError{Reason: reason, Least: p.least, Most: maxPassword}
	}
	if len(password) > 4*maxPassword {
		return fail("long")
	}
	password = norm.NFKC.String(password)
	n := utf8.RuneCountInString(password)
	switch {
	case n < p.least:
		return fail("short")
	case n > maxPassword:
		return fail("long")
	case trivial(password), separated(password), number(password):
		return fail("common")
	}
	core := skeleton(password)
	if core != "" && p.made(core) {
		return fail("common")
	}
	rest := core
	for _, own := range strings.FieldsFunc(login+" "+name, func(r rune) bool { return !letterOrDigit(r) }) {
		if own = skeleton(own); utf8.RuneCountInString(own) >= 2 {
			rest = strings.ReplaceAll(rest, own, "")
		}
	}
	// What is left besides must be half a password of its own.
	if rest != core && utf8.RuneCountInString(rest) < p.least/2 {
		return fail("login")
	}
	return nil
}

// separated says whether a password is trivial but for signs between.
func separated(s string) bool {
	without := only(s, letterOrDigit)
	return 3*utf8.RuneCountInString(without) >= 2*utf8.RuneCountInString(s) && trivial(without)
}

// number says whether a password is a number as people have them, of a
// telephone, a birthday, a card, in whatever way it is written.
func number(s string) bool {
	other := func(r rune) bool { return !unicode.IsDigit(r) && !strings.ContainsRune(" +-./():_", r) }
	return !strings.ContainsFunc(s, other) && utf8.RuneCountInString(only(s, unicode.IsDigit)) < 16
}

func letterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// only gives the characters of s for which f holds.
func only(s string, f func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if f(r) {
			return r
		}
		return -1
	}, s)
}

// leet undoes the substitutions that everybody makes.
var leet = strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "@", "a", "$", "s", "!", "i")

// skeleton gives the letters of a password without case and common
// substitutions.
func skeleton(s string) string {
	s = strings.ToLower(norm.NFKC.String(s))
	s = strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '@' && r != '$' })
	return only(leet.Replace(s), unicode.IsLetter)
}

// made says whether s is made of blocked words alone.
func (p *passwords) made(s string) bool {
	// ends[i]: s[:i] is made of blocked words.
	ends := make([]bool, len(s)+1)
	ends[0] = true
	for i := range s {
		if !ends[i] {
			continue
		}
		for j := i + 1; j <= min(len(s), i+p.longest); j++ {
			if p.blocked[s[i:j]] {
				ends[j] = true
			}
		}
	}
	return ends[len(s)]
}

// rows are runs that fingers make.
var rows = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujmikolp",
	"あいうえおかきくけこさしすせそたちつてとなにぬねの", "アイウエオカキクケコサシスセソタチツテト",
}

// trivial says whether a password is made of few characters, of a short piece
// over and over, or of runs on a keyboard or in an alphabet.
func trivial(s string) bool {
	runes := []rune(strings.ToLower(s))
	different := map[rune]bool{}
	for _, r := range runes {
		different[r] = true
	}
	if len(different) < 5 {
		return true
	}
	for period := 1; period <= len(runes)/2; period++ {
		same := true
		for i := period; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-period]
		}
		if same {
			return true
		}
	}
	// Steps along a row, in either direction, count as one choice.
	choices := 1
	for i := 1; i < len(runes); i++ {
		if !neighbours(runes[i-1], runes[i]) {
			choices++
		}
	}
	return choices <= 3
}

// neighbours says whether two characters are equal or next to each other in a
// row.
func neighbours(a, b rune) bool {
	if a == b {
		return true
	}
	for _, row := range rows {
		if strings.Contains(row, string([]rune{a, b})) || strings.Contains(row, string([]rune{b, a})) {
			return true
		}
	}
	return false
}

// turn waits for the right to compute a hash.
func (p *passwords) turn(ctx context.Context, known bool) (release func(), err error) {
	lane := p.unknown
	if known {
		lane = p.known
	}
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a turn to check a password: %w", context.Cause(ctx))
	}
}

// hash hashes a password.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	release, err := p.turn(ctx, true)
	if err != nil {
		return "", err
	}
	defer release()
	h, err := argon2id.CreateHash(norm.NFKC.String(password), &p.params)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	return h, nil
}

// matches says whether a password is the one that was hashed, and whether it
// should be hashed anew. It does the same work where there is no hash.
func (p *passwords) matches(ctx context.Context, known bool, password, hash string) (ok, weak bool, err error) {
	if len(password) > 4*maxPassword {
		password = ""
	}
	release, err := p.turn(ctx, known)
	if err != nil {
		return false, false, err
	}
	defer release()
	compare := hash
	if hash == "" {
		compare = p.dummy
	}
	ok, was, err := argon2id.CheckHash(norm.NFKC.String(password), compare)
	if err != nil {
		return false, false, fmt.Errorf("checking a password: %w", err)
	}
	weak = was.Memory < p.params.Memory || was.Iterations < p.params.Iterations ||
		was.Parallelism < p.params.Parallelism || was.SaltLength < p.params.SaltLength || was.KeyLength < p.params.KeyLength
	return ok && hash != "", weak, nil
}
