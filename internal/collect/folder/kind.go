package folder

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/file"
)

// Kind is a watched folder as a kind of source. Its settings are the folder's
// path below the instance's inbox, the files' format (empty: each is recognised
// by itself), the platform of their posts where the files do not say, and how
// often to look.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "folder",
		Settings: []collect.Setting{
			{Key: "path", Type: collect.TextSetting, Required: true},
			{Key: "format", Type: collect.TextSetting},
			{Key: "platform", Type: collect.TextSetting},
			{Key: "every", Type: collect.DurationSetting, Default: "5s"},
		},
		Open: open,
	}
}

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	if env.Inbox == "" {
		return nil, &collect.ConfigError{Err: errors.New("this instance has no inbox for files")}
	}
	s := &source{inbox: env.Inbox, path: filepath.Clean(v.Text("path")), platform: v.Text("platform"), clock: env.Clock}
	if v.Text("path") == "" || !filepath.IsLocal(s.path) || strings.ContainsRune(s.path, 0) {
		return nil, &collect.SettingError{Key: "path", Err: errors.New("a folder below the inbox is needed, such as reports/daily")}
	}
	if s.clock == nil {
		s.clock = collect.RealTime()
	}
	s.format = v.Text("format")
	if s.format != "" && !slices.ContainsFunc(file.Formats(), func(f file.FormatInfo) bool { return f.Name == s.format }) {
		return nil, &collect.SettingError{Key: "format", Err: errors.New("there is no such format")}
	}
	var err error
	if s.every, err = v.Duration("every", 5*time.Second); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.every < time.Second {
		return nil, &collect.SettingError{Key: "every", Err: errors.New("a second at least is needed")}
	}
	return s, nil
}
