package config

import (
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes.
type Size int64

// units of sizes, the largest first. People write "GB" and mean either; here
// it is what storage makers mean.
var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"KB", 1e3},
	{"B", 1},
}

// String gives the size in the largest unit that leaves no fraction.
func (s Size) String() string {
	for _, u := range units {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

// ParseSize reads a size such as "4GiB", "1.5 GB" or "800000".
func ParseSize(text string) (Size, error) {
	s := strings.TrimSpace(text)
	factor := int64(1)
	for _, u := range units {
		if len(s) > len(u.name) && strings.EqualFold(s[len(s)-len(u.name):], u.name) {
			s, factor = strings.TrimSpace(s[:len(s)-len(u.name)]), u.bytes
			break
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || math.IsNaN(f) || f*float64(factor) >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is no size such as 4GiB", text)
	}
	return Size(f * float64(factor)), nil
}

// ParseDuration reads what time.ParseDuration reads, and days: "7d", "1d12h".
func ParseDuration(text string) (time.Duration, error) {
	s := strings.TrimSpace(text)
	var days time.Duration
	if head, tail, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration such as 90m, 12h or 7d", text)
		}
		if days, s = time.Duration(n)*24*time.Hour, tail; s == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > math.MaxInt64-days {
		return 0, fmt.Errorf("%q is no duration such as 90m, 12h or 7d", text)
	}
	return days + d, nil
}

// formatDuration writes a duration as ParseDuration reads it.
func formatDuration(d time.Duration) string {
	if d > 0 && d%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Secret is a text that is never shown: printing, logging and encoding it say
// only that there is one.
type Secret string

// Reveal gives the text, for the one who must send it.
func (s Secret) Reveal() string { return string(s) }

// String says whether there is a secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(secret)"
}

// GoString is String: for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String: for JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is String: for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// mistake says what is wrong with a value, in English and Japanese.
type mistake struct{ En, Ja string }

func wrongType(v any, en, ja string) *mistake {
	switch v.(type) {
	case []any, map[string]any:
		return &mistake{"expected " + en, ja + "を書いてください。"}
	}
	return &mistake{fmt.Sprintf("expected %s, not %v", en, v), fmt.Sprintf("「%v」ではなく、%sを書いてください。", v, ja)}
}

// set puts a value of the file, the environment or a command into the option's
// field.
func (o *Option) set(v any) *mistake {
	text, isText := v.(string)
	switch to := o.to.(type) {
	case *string:
		if !isText {
			return wrongType(v, "a text (put it in quotes)", "文字列（引用符で囲んだもの）")
		}
		text = strings.TrimSpace(text)
		if !o.allows(text) {
			return o.notAllowed(text)
		}
		*to = text
	case *Secret:
		if !isText {
			return &mistake{"expected a text", "文字列を指定してください。"}
		}
		*to = Secret(strings.TrimSpace(text))
	case *bool:
		b, ok := v.(bool)
		if isText {
			var err error
			b, err = strconv.ParseBool(text)
			ok = err == nil
		}
		if !ok {
			return wrongType(v, "true or false", "true または false")
		}
		*to = b
	case *int:
		n, ok := integer(v)
		if !ok || n < math.MinInt32 || n > math.MaxInt32 {
			return wrongType(v, "a whole number", "整数")
		}
		*to = int(n)
	case *Size:
		if n, ok := integer(v); ok && n >= 0 {
			*to = Size(n)
			return nil
		}
		size, err := ParseSize(text)
		if !isText || err != nil {
			return wrongType(v, "a size such as 4GiB", "4GiB のような大きさ")
		}
		*to = size
	case *time.Duration:
		if d, ok := v.(time.Duration); ok {
			*to = d
			return nil
		}
		d, err := ParseDuration(text)
		if !isText || err != nil {
			return wrongType(v, "a duration with its unit, such as 90m, 12h or 7d", "90m、12h、7d のように単位を付けた時間")
		}
		*to = d
	case *slog.Level:
		if l, ok := v.(slog.Level); ok {
			*to = l
			return nil
		}
		text = strings.ToLower(strings.TrimSpace(text))
		if !isText || !o.allows(text) {
			return o.notAllowed(fmt.Sprint(v))
		}
		if err := to.UnmarshalText([]byte(text)); err != nil {
			return o.notAllowed(text)
		}
	case *[]string:
		list, ok := texts(v)
		if !ok {
			return wrongType(v, "a list of texts", "文字列の一覧")
		}
		*to = list
	case *[]netip.Prefix:
		list, ok := texts(v)
		if !ok {
			return wrongType(v, "a list of addresses or networks", "アドレスまたはネットワークの一覧")
		}
		var out []netip.Prefix
		for _, s := range list {
			p, err := netip.ParsePrefix(s)
			if a, addrErr := netip.ParseAddr(s); addrErr == nil {
				p, err = netip.PrefixFrom(a, a.BitLen()), nil
			}
			if err != nil {
				return wrongType(s, "an address or network such as 10.0.0.0/8", "10.0.0.0/8 のようなアドレスまたはネットワーク")
			}
			out = append(out, p)
		}
		*to = out
	case *map[string]string:
		list, ok := texts(v)
		if !ok {
			return wrongType(v, "texts with their values", "文字列とその値の対応")
		}
		out := map[string]string{}
		for _, s := range list {
			// The value, a role, has no '=', but what the provider says may.
			i := strings.LastIndexByte(s, '=')
			if i < 1 {
				return wrongType(s, "something like name=value", "name=value の形")
			}
			out[strings.TrimSpace(s[:i])] = strings.TrimSpace(s[i+1:])
		}
		*to = out
	default:
		panic(fmt.Sprintf("config: %s has the type %T", o.Key, o.to)) // a test sets all of them
	}
	return nil
}

// notAllowed says which values the option may have.
func (o *Option) notAllowed(got string) *mistake {
	var list []string
	for _, s := range o.OneOf {
		if s != "" {
			list = append(list, s)
		}
	}
	return &mistake{
		fmt.Sprintf("%q is none of %s", got, strings.Join(list, ", ")),
		fmt.Sprintf("「%s」は使えません。%s のいずれかを指定してください。", got, strings.Join(list, "、")),
	}
}

// integer reads a whole number.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// texts reads a list, or texts separated by commas, or what is given for names
// as "name=value".
func texts(v any) ([]string, bool) {
	out := []string{}
	switch v := v.(type) {
	case string:
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	case []string:
		return v, true
	case []any:
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil, false
			}
			out = append(out, strings.TrimSpace(s))
		}
	default:
		return nil, false
	}
	return out, true
}

// show writes the option's value as set reads it; of a secret only that there
// is one.
func (o *Option) show() string {
	switch v := o.to.(type) {
	case *string:
		return *v
	case *Secret:
		return v.String()
	case *bool:
		return strconv.FormatBool(*v)
	case *int:
		return strconv.Itoa(*v)
	case *Size:
		return v.String()
	case *time.Duration:
		return formatDuration(*v)
	case *slog.Level:
		return strings.ToLower(v.String())
	case *[]string:
		return strings.Join(*v, ", ")
	case *[]netip.Prefix:
		var b strings.Builder
		for i, p := range *v {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(p.String())
		}
		return b.String()
	case *map[string]string:
		var list []string
		for _, k := range slices.Sorted(maps.Keys(*v)) {
			list = append(list, k+"="+(*v)[k])
		}
		return strings.Join(list, ", ")
	}
	return ""
}
