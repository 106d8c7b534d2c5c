package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Example gives a file with every option, each explained in English and
// Japanese and commented out at its default. It says nothing as it is: a
// configuration with it is the default one.
func Example() []byte {
	var b bytes.Buffer
	b.WriteString(`# Akashi: how this instance is set up. / Akashi の設定ファイルです。
#
# Every option stands here with its default. Take the "#" away from what you
# change; the sections' names stay. "akashi config check FILE" says whether all
# is well. The environment goes before this file (server.listen there is
# AKASHI_SERVER_LISTEN), and what a command is told before both.
#
# すべての項目を既定値とともに示しています。変更する行の「#」を外してください
# （区分の名前はそのまま残します）。「akashi config check FILE」で確認できます。
# 環境変数（server.listen なら AKASHI_SERVER_LISTEN）はこのファイルより優先し、
# コマンドの指定はその両方より優先します。
`)
	options := Options()
	for _, s := range Sections {
		fmt.Fprintf(&b, "\n# %s / %s\n%s:\n", s.En, s.Ja, s.Name)
		for i := range options {
			o := &options[i]
			if o.section() != s.Name {
				continue
			}
			b.WriteByte('\n')
			comment(&b, o.En)
			comment(&b, o.Ja)
			if o.EnvOnly {
				fmt.Fprintf(&b, "  # %s=…\n", EnvName(o.Key))
				continue
			}
			fmt.Fprintf(&b, "  #%s: %s\n", o.name(), o.yaml(o.Default))
			if o.Default == "" && o.Example != "" {
				fmt.Fprintf(&b, "  # e.g. / 例: %s: %s\n", o.name(), o.yaml(o.Example))
			}
		}
	}
	return b.Bytes()
}

// yaml writes a value as the file has it.
func (o *Option) yaml(value string) string {
	switch o.to.(type) {
	case *bool, *int:
		return value
	case *map[string]string:
		list, _ := texts(value)
		for i, s := range list {
			k, v, _ := strings.Cut(s, "=")
			list[i] = fmt.Sprintf("%q: %s", k, v)
		}
		return "{" + strings.Join(list, ", ") + "}"
	}
	if _, ok := o.to.(*string); !ok {
		if list, _ := texts(value); strings.Contains(value, ",") || isList(o.to) {
			for i, s := range list {
				list[i] = fmt.Sprintf("%q", s)
			}
			return "[" + strings.Join(list, ", ") + "]"
		}
	}
	return fmt.Sprintf("%q", value)
}

func isList(to any) bool {
	option := Option{to: to}
	return option.kind() == "list"
}

// kind names the type of an option's values in the table of options.
func (o *Option) kind() string {
	switch o.to.(type) {
	case *bool:
		return "true, false"
	case *int:
		return "number"
	case *Size:
		return "size"
	}
	switch t := fmt.Sprintf("%T", o.to); {
	case strings.HasPrefix(t, "*[]"):
		return "list"
	case strings.HasPrefix(t, "*map"):
		return "names"
	case t == "*time.Duration":
		return "duration"
	case t == "*config.Secret":
		return "secret"
	}
	return "text"
}

// comment writes a text as lines of a comment of at most 78 columns. Japanese
// breaks between any two characters but in loan words and before the punctuation
// that closes.
func comment(b *bytes.Buffer, text string) {
	const most = 76
	for text != "" {
		n := lineEnd(text, most)
		b.WriteString("  # " + strings.TrimSpace(text[:n]) + "\n")
		text = strings.TrimSpace(text[n:])
	}
}

// lineEnd gives where a line of so many columns ends.
func lineEnd(text string, most int) int {
	columns, end := 0, 0
	for i, r := range text {
		width := 1
		if r >= 0x1100 {
			width = 2
		}
		if columns += width; columns > most {
			if end == 0 {
				return i
			}
			return end
		}
		next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		if r == ' ' || width == 2 && !strings.ContainsRune("（「", r) && next >= 0x1100 && !strings.ContainsRune("、。）」", next) && !(katakana(r) && katakana(next)) {
			end = i + utf8.RuneLen(r)
		}
	}
	return len(text)
}

// katakana says that r is of the script of loan words, which are not broken.
func katakana(r rune) bool { return r >= 0x30A1 && r <= 0x30FC }

// Table gives all options as a table in Markdown, for the documentation.
func Table() []byte {
	var b bytes.Buffer
	b.WriteString("| option | default | what it is for |\n|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, o := range Options() {
		value := "`" + o.Default + "`"
		if o.Default == "" {
			value = ""
		}
		name := "`" + o.Key + "`"
		if o.EnvOnly {
			name = "`" + EnvName(o.Key) + "`"
		}
		kind := o.kind()
		if len(o.OneOf) > 0 {
			kind = strings.TrimPrefix(strings.Join(o.OneOf, ", "), ", ")
		}
		fmt.Fprintf(&b, "| %s (%s) | %s | %s |\n", name, kind, value, cell.Replace(o.En))
	}
	return b.Bytes()
}
