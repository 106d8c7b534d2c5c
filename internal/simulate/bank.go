package simulate

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed bank/*.txt
var bankFiles embed.FS

// languages are those that there are phrases for, with the usual distance of
// their clocks from UTC in hours.
func languages() []string { return []string{"ja", "en", "zh", "ko", "ru"} }

func usualOffset(lang string) int {
	switch lang {
	case "ja", "ko":
		return 9
	case "zh":
		return 8
	case "ru":
		return 3
	}
	return 0
}

// bank holds the phrases of one language: sections of lines. Sections are
// named "slot NAME", "topic NAME", "headline NAME", "phrases NAME", "comment",
// "reply", "tail" and "name".
type bank struct{ sections map[string][]string }

// banks reads the built-in phrases once; nothing changes them afterwards.
var banks = sync.OnceValues(readBanks)

func readBanks() (map[string]*bank, error) {
	all := map[string]*bank{}
	for _, lang := range languages() {
		data, err := bankFiles.ReadFile("bank/" + lang + ".txt")
		if err != nil {
			return nil, fmt.Errorf("reading the phrases for %s: %w", lang, err)
		}
		b := &bank{sections: map[string][]string{}}
		section := ""
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			switch {
			case line == "" || line[0] == '#':
			case line[0] == '[' && line[len(line)-1] == ']':
				section = line[1 : len(line)-1]
			default:
				b.sections[section] = append(b.sections[section], line)
			}
		}
		all[lang] = b
	}
	return all, nil
}

// bankNames lists the sections of one kind over all languages ("topic", …).
func bankNames(all map[string]*bank, kind string) []string {
	var names []string
	for _, b := range all {
		for section := range b.sections {
			if name, ok := strings.CutPrefix(section, kind+" "); ok && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}
