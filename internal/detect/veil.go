package detect

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// veil keeps the names of accounts out of what a report shows beside the posts'
// own texts. A nil veil hides nothing.
type veil struct {
	key   []byte
	names map[string]string // id or handle → pseudonym
}

// newVeil makes a veil whose pseudonyms mean something within one report only:
// its key is drawn anew and never written.
func newVeil() (*veil, error) {
	v := &veil{key: make([]byte, 32), names: map[string]string{}}
	if _, err := rand.Read(v.key); err != nil {
		return nil, fmt.Errorf("drawing a key for pseudonyms: %w", err)
	}
	return v, nil
}

// pseudonym gives the pseudonym of an account's key: its HMAC-SHA-256, cut to
// 40 bits.
func (v *veil) pseudonym(name string) string {
	mac := hmac.New(sha256.New, v.key)
	mac.Write([]byte(name))
	return "acc-" + strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:5]))
}

// learn says by which names a text may call the account of a pseudonym.
func (v *veil) learn(pseudonym string, names ...string) {
	for _, n := range names {
		if n != "" {
			v.names[n] = pseudonym
		}
	}
}

// object hides the accounts in an object. A mentioned account is hidden also
// where it is not in the input; a text is the posts' own.
func (v *veil) object(behaviour, object string) string {
	switch {
	case v == nil || behaviour == "text":
		return object
	case behaviour == "mention":
		platform, name, ok := strings.Cut(object, ":")
		if !ok {
			platform, name = "", object
		}
		if p, ok := v.names[name]; ok {
			return p
		}
		if p, ok := v.names[object]; ok {
			return p
		}
		return v.pseudonym(platform + ":" + name)
	}
	return v.hide(object)
}

// hide replaces every part of an address or id that names an account.
func (v *veil) hide(s string) string {
	if v == nil {
		return s
	}
	const apart = "/?&=#@, "
	var b strings.Builder
	for s != "" {
		n := strings.IndexAny(s, apart)
		if n < 0 {
			n = len(s)
		}
		b.WriteString(v.part(s[:n]))
		if n < len(s) {
			b.WriteByte(s[n])
			n++
		}
		s = s[n:]
	}
	return b.String()
}

// part hides a part that is an account's name, with or without something like
// a platform before it.
func (v *veil) part(s string) string {
	for from := 0; from <= len(s); {
		if p, ok := v.names[s[from:]]; ok {
			return s[:from] + p
		}
		if strings.HasPrefix(s[from:], "did:") {
			return s[:from] + v.pseudonym(s[from:])
		}
		n := strings.IndexByte(s[from:], ':')
		if n < 0 {
			break
		}
		from += n + 1
	}
	return s
}
