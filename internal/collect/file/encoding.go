package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/saintfish/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	uni "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charset is an encoding that we can tell from the bytes.
type charset struct {
	name string
	enc  encoding.Encoding
	// natural says that a character is what text in this encoding is mostly
	// made of. Other encodings' bytes, read as this one, give characters
	// that are not.
	natural func(rune) bool
	// detector is the name that package chardet gives.
	detector []string
}

// charsets are tried for bytes that are not UTF-8. The order decides between
// equals.
var charsets = []charset{
	{"Shift_JIS", japanese.ShiftJIS, japaneseRune, []string{"Shift_JIS"}},
	{"EUC-JP", japanese.EUCJP, japaneseRune, []string{"EUC-JP"}},
	{"EUC-KR", korean.EUCKR, func(r rune) bool { return r >= 0xAC00 && r <= 0xD7A3 || wide(r) }, []string{"EUC-KR"}},
	{"GB18030", simplifiedchinese.GB18030, func(r rune) bool { return common(r, simplifiedchinese.GBK, 0xB0, 0xD7) || wide(r) }, []string{"GB-18030"}},
	{"Big5", traditionalchinese.Big5, func(r rune) bool { return common(r, traditionalchinese.Big5, 0xA4, 0xC6) || wide(r) }, []string{"Big5"}},
	{"windows-1251", charmap.Windows1251, cyrillicRune, []string{"windows-1251", "ISO-8859-5"}},
	{"windows-1252", charmap.Windows1252, westernRune, []string{"ISO-8859-1", "windows-1252"}},
}

func wide(r rune) bool {
	return r >= 0x3000 && r <= 0x301F || r >= 0xFF01 && r <= 0xFF5E || r >= 0x2010 && r <= 0x2026
}

func japaneseRune(r rune) bool {
	return r >= 0x3041 && r <= 0x30FF || wide(r) || common(r, japanese.EUCJP, 0xB0, 0xCF)
}

// common says that a character lies in the rows first to last of a double-byte
// code, where these hold its frequent characters first.
func common(r rune, enc encoding.Encoding, first, last byte) bool {
	if r < 0x4E00 || r > 0x9FFF {
		return false
	}
	var dst, src [8]byte
	n := utf8.EncodeRune(src[:], r)
	k, _, err := enc.NewEncoder().Transform(dst[:], src[:n], true)
	return err == nil && k == 2 && dst[0] >= first && dst[0] <= last
}

func cyrillicRune(r rune) bool {
	return r >= 'А' && r <= 'я' || r == 'ё' || r == 'Ё' || r == '«' || r == '»' || r == '—' || r == '№' || r == '–' ||
		r == '\u00a0' || r == '…' || strings.ContainsRune("іїєґІЇЄҐўЎ“”„", r)
}

func westernRune(r rune) bool {
	return r >= 'À' && r <= 'ÿ' && r != '×' && r != '÷' || strings.ContainsRune("‘’“”„–—…€«»¡¿ºªß£°·\u00a0œŒšŠžŽŸ", r)
}

// namedCharset gives the encoding that the caller names.
func namedCharset(name string) (charset, error) {
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(name)) {
	case "utf8":
		return charset{name: "UTF-8"}, nil
	case "utf16", "utf16le":
		return charset{name: "UTF-16LE", enc: uni.UTF16(uni.LittleEndian, uni.UseBOM)}, nil
	case "utf16be":
		return charset{name: "UTF-16BE", enc: uni.UTF16(uni.BigEndian, uni.UseBOM)}, nil
	case "sjis", "cp932", "ms932":
		name = "shift_jis"
	case "cp936":
		name = "gbk"
	case "cp949", "uhc":
		name = "euc-kr"
	case "cp950":
		name = "big5"
	case "cp1251":
		name = "windows-1251"
	case "cp1252", "latin1":
		name = "windows-1252"
	}
	for _, c := range charsets {
		if strings.EqualFold(c.name, name) {
			return c, nil
		}
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return charset{}, fmt.Errorf("unknown encoding %q: use a name such as utf-8, utf-16le, shift_jis, euc-jp, gb18030, big5, euc-kr, windows-1251 or windows-1252", name)
	}
	canonical, err := htmlindex.Name(enc)
	if err != nil {
		canonical = name
	}
	return charset{name: canonical, enc: enc}, nil
}

// detectWide tells UTF-16 and a byte order mark from a file's beginning.
func detectWide(b []byte) (c charset, bom int, ok bool) {
	switch {
	case bytes.HasPrefix(b, []byte{0xEF, 0xBB, 0xBF}):
		return charset{name: "UTF-8"}, 3, true
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		return charset{name: "UTF-16LE", enc: uni.UTF16(uni.LittleEndian, uni.IgnoreBOM)}, 2, true
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		return charset{name: "UTF-16BE", enc: uni.UTF16(uni.BigEndian, uni.IgnoreBOM)}, 2, true
	}
	// Without a mark: a header in Latin letters has a zero in every pair.
	n := min(len(b), 4096) &^ 1
	if n < 16 {
		return charset{}, 0, false
	}
	var even, odd, control int
	for i := 0; i < n; i += 2 {
		if b[i] == 0 && b[i+1] != 0 {
			even++
		}
		if b[i+1] == 0 && b[i] != 0 {
			odd++
		}
		if c := b[i] | b[i+1]; (b[i] == 0 || b[i+1] == 0) && c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			control++
		}
	}
	switch pairs := n / 2; {
	case control*50 > pairs:
	case odd*5 > pairs && even*50 <= pairs:
		return charset{name: "UTF-16LE", enc: uni.UTF16(uni.LittleEndian, uni.IgnoreBOM)}, 0, true
	case even*5 > pairs && odd*50 <= pairs:
		return charset{name: "UTF-16BE", enc: uni.UTF16(uni.BigEndian, uni.IgnoreBOM)}, 0, true
	}
	return charset{}, 0, false
}

// detectText tells the encoding of b, which is neither ASCII nor UTF-16.
func detectText(b []byte) (charset, error) {
	valid, invalid := utf8Share(b)
	if invalid == 0 || valid > 4*invalid {
		return charset{name: "UTF-8"}, nil
	}
	sample := nonASCIISample(b, 32<<10)
	confidence := map[string]int{}
	if results, err := chardet.NewTextDetector().DetectAll(sample); err == nil {
		for _, r := range results {
			confidence[r.Charset] = max(confidence[r.Charset], r.Confidence)
		}
	}
	best, bestScore := -1, 0.0
	for i, c := range charsets {
		score, ok := plausible(sample, c)
		if !ok {
			continue
		}
		for _, name := range c.detector {
			score += 0.15 * float64(confidence[name]) / 100
		}
		if score > bestScore+1e-9 {
			best, bestScore = i, score
		}
	}
	if best < 0 || bestScore < 0.5 {
		return charset{}, errors.New("its encoding cannot be told (it is not UTF-8, and no other reading makes sense): say which it is, for example --encoding shift_jis")
	}
	return charsets[best], nil
}

// utf8Share counts the multi-byte sequences of b that are UTF-8 and the bytes
// that are not. A sequence cut off by the end of b counts as neither.
func utf8Share(b []byte) (valid, invalid int) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		if !utf8.FullRune(b[i:]) {
			break
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			invalid++
		} else {
			valid++
		}
		i += n
	}
	return valid, invalid
}

// nonASCIISample gives whole lines of b that have bytes beyond ASCII, up to
// limit bytes.
func nonASCIISample(b []byte, limit int) []byte {
	var out []byte
	for rest := b; len(rest) > 0 && len(out) < limit; {
		line := rest
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			line, rest = rest[:n+1], rest[n+1:]
		} else {
			rest = nil
		}
		if ascii(line) {
			continue
		}
		out = append(out, line[:min(len(line), limit)]...)
	}
	return out
}

// plausible decodes sample as c and gives the share of its characters beyond
// ASCII that c's languages are made of; ok is false where too many bytes do
// not decode.
func plausible(sample []byte, c charset) (score float64, ok bool) {
	text, err := c.enc.NewDecoder().Bytes(sample)
	if err != nil {
		return 0, false
	}
	var natural, other, broken, letters, lone float64
	double := c.name != "windows-1251" && c.name != "windows-1252"
	prev := rune(0)
	for _, r := range string(text) {
		switch {
		case r == utf8.RuneError:
			broken++
		case r < utf8.RuneSelf:
		case c.natural(r):
			natural++
			if unicode.IsLetter(r) {
				letters++
				// In Western text letters beyond ASCII stand alone among
				// ASCII ones; in Cyrillic case changes only at word starts.
				if c.name == "windows-1252" && prev >= utf8.RuneSelf && unicode.IsLetter(prev) {
					lone++
				}
				if c.name == "windows-1251" && unicode.IsUpper(r) && unicode.IsLower(prev) {
					lone += 2
				}
				if c.name == "windows-1251" && prev < utf8.RuneSelf && unicode.IsLetter(prev) {
					lone++
				}
			}
		default:
			other++
		}
		prev = r
	}
	total := natural + other + broken
	if total == 0 || broken > 1 && broken > total/50 {
		return 0, false
	}
	score = natural/total - broken/total
	if letters > 0 {
		score -= lone / letters
	}
	if double {
		// Characters of two bytes are chance hits less often.
		score += 0.05
	}
	return score, true
}

func ascii(b []byte) bool {
	for len(b) >= 8 {
		if (uint64(b[0])|uint64(b[1])|uint64(b[2])|uint64(b[3])|uint64(b[4])|uint64(b[5])|uint64(b[6])|uint64(b[7]))&0x80 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// textReader gives an input as UTF-8 as far as its encoding is known. Bytes
// of UTF-8 pass as they are; whoever parses them mends and counts what is not
// valid. While only ASCII has come by, the encoding stays open: the first block
// with other bytes decides.
type textReader struct {
	src     io.Reader
	name    string // of the encoding, once it is known
	pending []byte // read from src and not yet given
	block   []byte // holds pending
	decided bool
	decoded atomic.Bool // src gives decoded text
	err     error
}

// newText starts reading src, whose first bytes are head, in the encoding that
// is named, or detected where the name is empty.
func newText(src io.Reader, head []byte, name string) (*textReader, error) {
	t := &textReader{src: src, pending: head, name: "UTF-8"}
	wideSet, bom, wide := detectWide(head)
	if name != "" {
		c, err := namedCharset(name)
		if err != nil {
			return nil, err
		}
		if wide && bom > 0 && wideSet.name == c.name {
			t.pending = head[bom:]
		}
		t.use(c)
		return t, nil
	}
	if wide {
		t.pending = head[bom:]
		t.use(wideSet)
	}
	return t, nil
}

func (t *textReader) use(c charset) {
	t.name, t.decided = c.name, true
	if c.enc == nil {
		return
	}
	t.src = transform.NewReader(io.MultiReader(bytes.NewReader(t.pending), t.src), c.enc.NewDecoder())
	t.pending = nil
	t.decoded.Store(true)
}

func (t *textReader) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	if t.decided {
		if len(t.pending) > 0 {
			n := copy(p, t.pending)
			t.pending = t.pending[n:]
			return n, nil
		}
		return t.src.Read(p) //nolint:wrapcheck // an io.Reader passes io.EOF on
	}
	if len(t.pending) == 0 {
		if t.block == nil {
			t.block = make([]byte, 64<<10)
		}
		n, err := readFull(t.src, t.block)
		t.pending = t.block[:n]
		if n == 0 {
			t.err = err
			return 0, err
		}
		if err != nil && !errors.Is(err, io.EOF) {
			// What came before the error is given first.
			t.src = io.MultiReader(errorReader{err})
		}
	}
	if !ascii(t.pending) {
		c, err := detectText(t.pending)
		if err != nil {
			t.err = err
			return 0, err
		}
		t.use(c)
		return t.Read(p)
	}
	n := copy(p, t.pending)
	t.pending = t.pending[n:]
	return n, nil
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

// mend gives b with every byte sequence that is not UTF-8, and every NUL, as
// U+FFFD, and says how many there were. It gives b itself where all is well.
func mend(b []byte) ([]byte, int64) {
	if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return b, 0
	}
	out := make([]byte, 0, len(b)+len(b)/8)
	var n int64
	for i := 0; i < len(b); {
		if c := b[i]; c != 0 && c < utf8.RuneSelf {
			out = append(out, c)
			i++
			continue
		}
		r, k := utf8.DecodeRune(b[i:])
		if b[i] == 0 || r == utf8.RuneError && k == 1 {
			out = append(out, "\uFFFD"...)
			n++
			i++
			continue
		}
		out = append(out, b[i:i+k]...)
		i += k
	}
	return out, n
}

// replaced counts the U+FFFD of decoded text.
func replaced(b []byte) int64 {
	return int64(bytes.Count(b, []byte("\uFFFD")))
}

// converts says that the text was decoded, so that U+FFFD in it may stand for
// bytes that are lost.
func (t *textReader) converts() bool { return t.decoded.Load() }
