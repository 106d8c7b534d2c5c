package mandate

import (
	"strings"
	"unicode"
)

// reading goes through a text once, from left to right, and writes what may be
// shown of it.
type reading struct {
	v        *Veil
	platform string // of the text
	src      string
	g        []glyph
	out      strings.Builder
	done     int // how much of src is written

	// Where the reading stands: in an address, on which site and host.
	address bool
	site    *site
	host    string
}

// veiled does the work of [Veil.Text].
func (r *reading) veiled() string {
	for i := 0; i < len(r.g); {
		switch c := r.g[i].r; {
		case c == '@':
			i = r.sign(i)
		case ofName(c):
			i = r.word(i)
		case c == '[' && family(r.platform) == "vk":
			i = r.bracket(i)
		case c <= ' ' || c == '"' || c == '<' || c == '>' || c >= 0x80 && unicode.IsSpace(c):
			r.address, r.site, r.host = false, nil, ""
			i++
		default:
			i++
		}
	}
	if r.done == 0 {
		return r.src
	}
	r.out.WriteString(r.src[r.done:])
	return r.out.String()
}

// at gives the glyph at i; 0 where the text has none.
func (r *reading) at(i int) rune {
	if i < 0 || i >= len(r.g) {
		return 0
	}
	return r.g[i].r
}

// name gives the glyphs from i to j as a string.
func (r *reading) name(i, j int) string {
	var b strings.Builder
	b.Grow(j - i)
	for _, g := range r.g[i:j] {
		b.WriteRune(g.r)
	}
	return b.String()
}

// put writes the pseudonym in the place of the glyphs from i to j, unless the
// account may be named.
func (r *reading) put(i, j int, as shownAs) {
	if as.named || i >= j {
		return
	}
	r.out.WriteString(r.src[r.done:r.g[i].from])
	r.out.WriteString(as.alias)
	r.done = int(r.g[j-1].to)
}

// run gives where the name that begins at i ends: characters of a name, and
// inside it '.' and '-'.
func (r *reading) run(i int, of func(rune) bool) int {
	for i < len(r.g) {
		c := r.g[i].r
		if !of(c) && !((c == '.' || c == '-') && of(r.at(i-1)) && of(r.at(i+1))) {
			break
		}
		i++
	}
	return i
}

// host gives where a host name with a dot that begins at i ends; i where there
// is none.
func (r *reading) hostRun(i int) int {
	j := r.run(i, ofName)
	for k := i; k < j; k++ {
		if r.g[k].r == '.' {
			return j
		}
	}
	return i
}

// sign reads what follows an '@' at i, and says where to go on.
func (r *reading) sign(i int) int {
	from := i + 1
	for range 3 { // "@<span>handle</span>" of the fediverse's HTML
		from = r.tag(from)
	}
	platform, federated := r.platform, false
	if r.address {
		switch {
		case r.site != nil && r.site.platform != "":
			platform = r.site.platform
		case family(r.platform) != "mastodon":
			platform = "mastodon"
		}
	}
	of := ofName
	if anyScript(platform) {
		of = ofAnyName
	}
	to := r.run(from, of)
	if to == from || !of(r.at(from)) {
		return i + 1
	}
	if r.at(to) == '@' {
		if end := r.hostRun(to + 1); end > to+1 {
			to, federated = end, true
		}
	}
	before := r.at(i - 1)
	name := r.name(from, to)
	if (letterOrDigit(before) || before == '_' || before == '+') && !federated && strings.Contains(name, ".") {
		return from // an e-mail address; the host is read as one
	}
	if isAlias(name) {
		return to
	}
	if r.address && platform == "mastodon" && !federated && r.host != "" && r.site == nil {
		if r.v.known("mastodon", name) == nil {
			name += "@" + r.host
		}
	}
	as := r.v.find(r.platform, platform, name, false)
	if plainHandles(platform) && !as.named {
		// What follows the handle may be the end of a sentence.
		if head, cut := cutPlain(name); cut && r.v.known(family(platform), name) == nil {
			if known := r.v.known(family(platform), head); known != nil {
				if known.named {
					return from + len(head)
				}
				as, to = *known, from+len(head)
			}
		}
	}
	r.put(from, to, as)
	return to
}

// tag gives where the HTML tag that begins at i ends; i where there is none.
func (r *reading) tag(i int) int {
	if r.at(i) != '<' || !letterOrDigit(r.at(i+1)) && r.at(i+1) != '/' {
		return i
	}
	for k := i + 1; k < min(len(r.g), i+200); k++ {
		switch r.g[k].r {
		case '>':
			return k + 1
		case '<':
			return i
		}
	}
	return i
}

// word reads a word of ASCII characters that begins at i, with what it
// introduces, and says where to go on.
func (r *reading) word(i int) int {
	j := r.run(i, ofName)
	w := strings.ToLower(r.name(i, j))
	if isAlias(w) {
		return j
	}
	before, next := r.at(i-1), r.at(j)
	switch {
	case next == ':' && r.at(j+1) == '/' && r.at(j+2) == '/':
		r.address, r.site, r.host = true, nil, ""
		if w == "tg" {
			r.site = sites["t.me"]
		}
		return j + 3
	case next == ':' && w == "did":
		if end := r.did(j); end > j+1 {
			r.put(i, end, r.v.find(r.platform, "bluesky", strings.ToLower(r.name(i, end)), true))
			return end
		}
	case next == ':' && r.address && r.site != nil && r.site.platform == "x" && (w == "from" || w == "to"):
		if end := r.run(j+1, ofName); end > j+1 {
			return r.account(j+1, end, "x", false)
		}
	case next == '@':
		if end := r.hostRun(j + 1); end > j+1 {
			name := w + "@" + strings.ToLower(r.name(j+1, end))
			if as := r.v.known(family(r.platform), name); as != nil || family(r.platform) == "mastodon" {
				r.put(i, end, r.v.find(r.platform, "mastodon", name, false))
				return end
			}
		}
	case next == '=' && r.address && r.site != nil && (before == '?' || before == '&' || before == ';' || before == '#'):
		if listed(r.site.query, w) {
			if end := r.run(j+1, ofAnyName); end > j+1 {
				return r.account(j+1, end, r.site.platform, w == "id" || w == "user_id")
			}
		}
	}
	if strings.IndexByte(w, '.') > 0 {
		if end := r.hostName(i, j, w); end > 0 {
			return end
		}
	}
	if as := r.v.words[w]; as != nil {
		r.put(i, j, *as)
		return j
	}
	if r.address && (before == '/' || before == '=') {
		if as := r.v.parts[w]; as != nil {
			r.put(i, j, *as)
			return j
		}
	}
	if next == '/' && (r.address && r.site == nil && before == '/' && listed("users user u accounts profile profiles", w) ||
		w == "u" && !r.address && family(r.platform) == "reddit") {
		if end := r.run(j+1, ofName); end > j+1 {
			platform := "mastodon"
			if !r.address {
				platform = ""
			}
			name := r.name(j+1, end)
			if platform != "" && r.host != "" && r.v.known("mastodon", name) == nil {
				name += "@" + r.host
			}
			if !isAlias(name) {
				r.put(j+1, end, r.v.find(r.platform, platform, name, false))
			}
			return end
		}
	}
	r.pieces(i, j)
	return j
}

// account hides the account that the glyphs from i to j name, and gives j.
func (r *reading) account(i, j int, platform string, isID bool) int {
	if name := r.name(i, j); !isAlias(name) {
		r.put(i, j, r.v.find(r.platform, platform, name, isID))
	}
	return j
}

// pieces hides the names of accounts at hand between the dots and hyphens of
// a word.
func (r *reading) pieces(i, j int) {
	if len(r.v.words) == 0 {
		return
	}
	whole := true
	for k := i; k <= j; k++ {
		if k < j && ofName(r.g[k].r) {
			continue
		}
		whole = whole && k == j && i == k
		if i < k {
			if as := r.v.words[strings.ToLower(r.name(i, k))]; as != nil {
				r.put(i, k, *as)
			}
		}
		i = k + 1
	}
}

// did gives where the decentralised id whose first ':' is at j ends.
func (r *reading) did(j int) int {
	end := j
	for end < len(r.g) {
		if c := r.g[end].r; !ofName(c) && c != ':' && c != '.' && c != '-' {
			break
		}
		end++
	}
	for end > j && !ofName(r.g[end-1].r) {
		end--
	}
	return end
}

// hostName reads a host name and, on a site that is known, the path behind it.
// It gives where to go on; 0 where the word is no host of interest.
func (r *reading) hostName(i, j int, host string) int {
	if as := r.v.words[host]; as != nil { // a handle that is a domain
		r.put(i, j, *as)
		return j
	}
	if platform, from, to := hostAccount(host); to > 0 {
		r.account(i+from, i+to, platform, false)
		r.address, r.host = true, host
		return j
	}
	end := j
	if r.at(end) == ':' { // a port
		end++
		for r.at(end) >= '0' && r.at(end) <= '9' {
			end++
		}
	}
	if c := r.at(end); c != '/' && c != '?' && c != '\\' {
		return 0
	}
	s := siteOf(host)
	if s == nil {
		if !r.address || r.host == "" {
			r.address, r.site, r.host = true, nil, host
		}
		return 0
	}
	r.address, r.site, r.host = true, s, host
	if r.at(end) == '?' {
		return end
	}
	return r.path(end + 1)
}

// partsMost is how many parts of a path are looked at.
const partsMost = 5

// path hides the accounts in a path of the reading's site that begins at i.
func (r *reading) path(i int) int {
	for r.at(i) == '/' || r.at(i) == '\\' {
		i++
	}
	of := func(c rune) bool {
		return ofName(c) || c == '-' || c == '.' || c == '~' || c == '+' || c == ':' || c == '!'
	}
	if anyScript(r.site.platform) || r.site.platform == "facebook" || r.site.platform == "linkedin" {
		ascii := of
		of = func(c rune) bool { return ascii(c) || ofAnyName(c) }
	}
	var room [partsMost]part
	parts := room[:0]
	for k := i; len(parts) < partsMost; {
		from := k
		for k < len(r.g) && of(r.g[k].r) {
			k++
		}
		to := k
		for to > from && !ofAnyName(r.g[to-1].r) {
			to--
		}
		parts = append(parts, part{from: from, to: to, text: strings.ToLower(r.name(from, to))})
		if c := r.at(k); c != '/' && c != '\\' {
			break
		}
		k++
	}
	reserved := listed(r.site.reserved, parts[0].text)
	for _, form := range r.site.paths {
		if reserved && form[0] == '{' {
			continue
		}
		found, ok := fits(form, parts)
		if !ok {
			continue
		}
		end := i
		for _, f := range found {
			end = r.partNamed(parts[f.part], f.kind)
		}
		return end
	}
	return i
}

// partNamed hides the account in a part of a path, and gives the part's end.
func (r *reading) partNamed(p part, kind string) int {
	from, to := p.from, p.to
	name := r.name(from, to)
	switch {
	case kind == "{slug}":
		if n := strings.IndexByte(p.text, '_'); n > 0 && n < to-from {
			to = from + len([]rune(p.text[:n]))
			name = r.name(from, to)
		}
	case r.site.platform == "vk":
		// id5, club5, wall-5_7, photo5_7: the number is the account.
		letters := 0
		for letters < len(p.text) && p.text[letters] >= 'a' && p.text[letters] <= 'z' {
			letters++
		}
		end := letters
		for end < len(p.text) && (p.text[end] >= '0' && p.text[end] <= '9' || p.text[end] == '-' && end == letters) {
			end++
		}
		if end == letters || end < len(p.text) && p.text[end] != '_' || r.v.known("vk", name) != nil {
			break
		}
		id := p.text[letters:end]
		switch p.text[:letters] {
		case "club", "public", "event":
			id = "-" + id
		}
		r.put(from+letters, from+end, r.v.find(r.platform, "vk", id, true))
		return to
	case strings.HasPrefix(p.text, "did:"):
		kind, name = "{id}", p.text
	}
	if isAlias(name) {
		return to
	}
	r.put(from, to, r.v.find(r.platform, r.site.platform, name, kind == "{id}"))
	return to
}

// bracket hides the account of "[id5|Name]" and "[club5|Name]", which is how
// VK writes a mention.
func (r *reading) bracket(i int) int {
	j := r.run(i+1, ofName)
	if j == i+1 || r.at(j) != '|' {
		return i + 1
	}
	name := strings.ToLower(r.name(i+1, j))
	digits := strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz")
	if digits == "" {
		return j
	}
	id := digits
	if name[:len(name)-len(digits)] != "id" {
		id = "-" + id
	}
	as := r.v.find(r.platform, "vk", id, true)
	if known := r.v.known("vk", name); known != nil {
		as = *known
	}
	if as.named {
		return j
	}
	r.put(i+1, j, as)
	for k := j + 1; k < min(len(r.g), j+200); k++ {
		if r.g[k].r == ']' {
			r.put(j+1, k, as)
			return k
		}
	}
	return j
}
