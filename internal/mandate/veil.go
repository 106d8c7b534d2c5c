package mandate

import (
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Account is an account as its platform knows it.
type Account struct {
	Platform string
	post.Account
}

// Class says why an account is shown by its name.
type Class string

// The classes: what an account is marked as, or that the viewer was allowed to
// see its name. The empty class is that of accounts under a pseudonym.
const (
	PublicBody   Class = "public-body"   // an office, court, ministry, party group, holder of public office as such
	Outlet       Class = "outlet"        // an editorial entity
	StateChannel Class = "state-channel" // a channel that a state declares as its own
	Unmasked     Class = "unmasked"      // a name that the viewer was granted
)

// Classes are what accounts can be marked as, in the order in which they are
// shown.
var Classes = []Class{PublicBody, Outlet, StateChannel}

// Shown is what a viewer may see of an account.
type Shown struct {
	// Label is what to call the account: its name where it may be shown
	// (the display name, else the handle, else the id), else its pseudonym.
	Label string
	// Alias is the pseudonym; it is there for named accounts too.
	Alias string
	// Named says that ID, Handle and Name, which are empty otherwise, and
	// Label may be shown.
	Named            bool
	ID, Handle, Name string
	Class            Class
	// Until is when the viewer's grant ends, under Class Unmasked.
	Until time.Time
}

// Veil shows accounts and posts as one viewer may see them. It is safe for use
// by many goroutines and does not change once made.
type Veil struct {
	names *Names
	marks *markSet
	until map[accountKey]time.Time // the viewer's grants, for accounts at hand
	// What the accounts at hand are called, by family of platform.
	ids, handles map[accountKey]*shownAs
	// words are names of veiled accounts that are no ordinary words, parts
	// those that stand out as a part of an address.
	words, parts map[string]*shownAs
}

// accountKey is a platform and an id or a folded handle.
type accountKey struct{ platform, name string }

// shownAs is how an account appears in a text.
type shownAs struct {
	alias string
	named bool
	id    string // of an account at hand that alone has the name
}

// Veil gives a veil under which no account has a name but those that texts
// call by a name it cannot know. The accounts are those whose ids and handles
// are to be found in texts.
func (n *Names) Veil(accounts ...Account) *Veil { return newVeil(n, &markSet{}, nil, accounts) }

func newVeil(names *Names, marks *markSet, until map[accountKey]time.Time, accounts []Account) *Veil {
	v := &Veil{
		names: names, marks: marks, until: until,
		ids: map[accountKey]*shownAs{}, handles: map[accountKey]*shownAs{},
		words: map[string]*shownAs{}, parts: map[string]*shownAs{},
	}
	for _, a := range accounts {
		v.learn(a)
	}
	return v
}

// learn takes an account among those at hand.
func (v *Veil) learn(a Account) {
	if a.ID == "" && a.Handle == "" {
		return
	}
	s := v.Account(a)
	as := &shownAs{alias: s.Alias, named: s.Named, id: a.ID}
	family := family(a.Platform)
	add(v.ids, accountKey{family, a.ID}, as)
	v.learnHandle(accountKey{family, fold(a.Handle)}, a.Platform, as)
	v.learnWord(fold(a.ID), as)
	v.learnWord(fold(a.Handle), v.handles[accountKey{family, fold(a.Handle)}])
}

// learnWord has a name found in texts without an '@', where it stands out.
func (v *Veil) learnWord(name string, as *shownAs) {
	if as == nil || as.named {
		return
	}
	if distinctive(name) {
		v.words[name] = as
	}
	if len(name) >= 5 {
		v.parts[name] = as
	}
}

// learnHandle takes the handle of an account. Which of several accounts of one
// handle a text means nobody knows: they have the pseudonym of the handle there,
// and no name unless all may be named.
func (v *Veil) learnHandle(k accountKey, platform string, as *shownAs) {
	have := v.handles[k]
	switch {
	case k.name == "":
	case have == nil || have.id == as.id && have.named:
		v.handles[k] = as
	case have.id != as.id:
		v.handles[k] = &shownAs{alias: v.names.Alias(platform, k.name), named: have.named && as.named}
	}
}

// add keeps what hides more: of two accounts with one handle, a name shows only
// if both may be shown.
func add(m map[accountKey]*shownAs, k accountKey, as *shownAs) {
	if have, ok := m[k]; k.name == "" || ok && (!have.named || as.named) {
		return
	}
	m[k] = as
}

// distinctive says that a name is hardly an ordinary word or number.
func distinctive(name string) bool {
	digits, marks, letters := 0, 0, 0
	for i := range len(name) {
		switch c := name[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '_' || c == '.' || c == ':':
			marks++
		default:
			letters++
		}
	}
	if letters == 0 {
		return digits >= 8
	}
	return len(name) >= 5 && digits+marks > 0
}

// fold gives the form in which handles are compared: platforms do not tell
// them apart by case.
func fold(handle string) string { return poststore.FoldHandle(handle) }

// Account says what the viewer may see of an account.
func (v *Veil) Account(a Account) Shown {
	id := a.ID
	if id == "" {
		id = fold(a.Handle)
	}
	s := Shown{Alias: v.names.Alias(a.Platform, id)}
	key := accountKey{family(a.Platform), id}
	if m := v.marks.byID[key]; m != nil {
		s.Class = m.Class
	} else if until, ok := v.until[key]; ok {
		s.Class, s.Until = Unmasked, until
	} else {
		s.Label = s.Alias
		return s
	}
	s.Named, s.ID, s.Handle, s.Name = true, a.ID, strings.TrimPrefix(a.Handle, "@"), a.Name
	switch {
	case s.Name != "":
		s.Label = s.Name
	case s.Handle != "":
		s.Label = "@" + s.Handle
	default:
		s.Label = s.ID
	}
	return s
}

// find says how an account that a text names appears. own is the platform of
// the text, there that of the account; "" where it is the same.
func (v *Veil) find(own, there, name string, isID bool) shownAs {
	if there == "" || family(there) == family(own) {
		there = own
	}
	if as := v.known(family(there), name); as != nil {
		return *as
	}
	if own == "" && there != "" { // posts of a source that states no platform
		if as := v.known("", name); as != nil {
			return *as
		}
	}
	if !isID {
		name = fold(name)
	}
	return shownAs{alias: v.names.Alias(there, name)}
}

// known gives an account at hand or a marked one; nil for others.
func (v *Veil) known(family, name string) *shownAs {
	folded := accountKey{family, fold(name)}
	if as := v.handles[folded]; as != nil {
		return as
	}
	exact := accountKey{family, name}
	if as := v.ids[exact]; as != nil {
		return as
	}
	if as := v.ids[folded]; as != nil {
		return as
	}
	if v.marks.byID[exact] != nil || v.marks.byHandle[folded] != nil {
		return &shownAs{named: true}
	}
	return nil
}

// Text gives a text of a platform in which accounts that the viewer may not
// see by name stand under their pseudonyms: "@handle" in every platform's
// form, addresses of profiles and of their posts, decentralised ids, and the
// ids and handles of the accounts at hand where they cannot be ordinary words.
// All else stays as it is, byte for byte.
//
// The pseudonym of a handle is that of the account where the account is at
// hand under that handle, or where the platform has no other id. Otherwise it
// is the pseudonym of the folded handle itself: the same wherever the handle
// stands, but another than that of the account's id.
func (v *Veil) Text(platform, text string) string {
	if len(v.words) == 0 && !strings.ContainsAny(text, "@/.:%&[＠﹫／．：") {
		return text
	}
	r := reading{v: v, platform: platform, src: text, g: glyphs(text)}
	return r.veiled()
}

// URL gives an address that stands in a post of a platform, as Text does.
func (v *Veil) URL(platform, address string) string { return v.Text(platform, address) }

// Mention gives what to call an account that a post of a platform mentions by
// handle or id.
func (v *Veil) Mention(platform, name string) string {
	if name == "" || isAlias(name) {
		return name
	}
	as := v.find(platform, "", name, strings.Contains(name, ":"))
	if !as.named && plainHandles(platform) {
		if head, cut := cutPlain(name); cut {
			if known := v.known(family(platform), head); known != nil && !known.named {
				as = *known
			}
		}
	}
	if as.named {
		return "@" + strings.TrimPrefix(name, "@")
	}
	return as.alias
}

// PostID gives a platform's id of a post without the account that it may hold,
// as ids do on Telegram, VK, Facebook, Bluesky and Mastodon.
func (v *Veil) PostID(platform, id string) string {
	if id == "" {
		return ""
	}
	family := family(platform)
	head, tail := id, ""
	if i := strings.IndexAny(id, "/_"); i >= 0 {
		head, tail = id[:i], id[i:]
	}
	owner := false // the id begins with an account
	switch family {
	case "telegram":
		owner = tail != ""
	case "vk", "ok", "facebook":
		owner = strings.HasPrefix(tail, "_")
	}
	name := strings.TrimPrefix(head, "wall")
	if as := v.known(family, name); as != nil && tail != "" || owner && name != "" && !isAlias(name) {
		if as == nil {
			found := v.find(platform, "", name, family != "telegram")
			as = &found
		}
		if !as.named {
			return head[:len(head)-len(name)] + as.alias + v.rest(platform, tail)
		}
		return head + v.rest(platform, tail)
	}
	return v.rest(platform, id)
}

// rest gives a part of an id without the accounts at hand in it.
func (v *Veil) rest(platform, s string) string {
	const apart = "/?&=#@, _:"
	s = v.Text(platform, s)
	if !strings.ContainsAny(s, apart) {
		return s
	}
	var b strings.Builder
	for s != "" {
		n := strings.IndexAny(s, apart)
		if n < 0 {
			n = len(s)
		}
		if as := v.parts[strings.ToLower(s[:n])]; as != nil {
			b.WriteString(as.alias)
		} else {
			b.WriteString(s[:n])
		}
		if n < len(s) {
			b.WriteByte(s[n])
			n++
		}
		s = s[n:]
	}
	return b.String()
}

// Object gives the object of a trace (see enrich.Traces) without the accounts
// in it. behaviour is the behaviour's name.
func (v *Veil) Object(behaviour, object string) string {
	platform, native, ok := strings.Cut(object, ":")
	if !ok || platform == "did" || platform == "at" || strings.HasPrefix(native, "//") {
		platform, native, ok = "", object, false
	}
	switch behaviour {
	case "mention":
		return v.Mention(platform, native)
	case "repost", "reply", "quote", "image":
		if ok {
			return platform + ":" + v.PostID(platform, native)
		}
		return v.PostID("", object)
	}
	return v.Text("", object)
}

// Channel gives what to call the conduit that a post appeared in: it may be a
// person's page, and so has a pseudonym unless it is marked.
func (v *Veil) Channel(platform, channel string) string {
	if channel == "" || isAlias(channel) {
		return channel
	}
	as := v.find(platform, "", channel, true)
	if as.named {
		return channel
	}
	return as.alias
}

// isAlias says that s has the form of a pseudonym.
func isAlias(s string) bool {
	if len(s) != len("acc-xxxx-xxxx-xxxx") || s[:4] != "acc-" || s[8] != '-' || s[13] != '-' {
		return false
	}
	for i := 4; i < len(s); i++ {
		if i != 8 && i != 13 && strings.IndexByte(crockford, s[i]) < 0 {
			return false
		}
	}
	return true
}

// cutPlain cuts a name where a plain handle ends.
func cutPlain(name string) (head string, cut bool) {
	if i := strings.IndexAny(name, ".-@"); i > 0 {
		return name[:i], true
	}
	return name, false
}
