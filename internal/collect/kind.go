package collect

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/collect/fetch"
)

// Kind is a kind of source that people can add: what it is called, what has to
// be said of it, under which terms, and how it is opened. Its name and the keys
// of its settings are for programs; pages say "source.kind.NAME" and
// "source.setting.KEY" in the reader's language.
type Kind struct {
	// Name is the kind in files and addresses: "feed", "bluesky".
	Name string
	// Platform is what posts that it brings name as their platform; empty
	// where the settings decide.
	Platform string
	Settings []Setting
	// Terms are the platform's rules; nil where there are none.
	Terms *Terms
	// Open makes a source. It reads nothing from outside. A setting that
	// cannot be is a [ConfigError] that names it.
	Open func(env Env, v Values) (Source, error)
}

// Setting is one thing that has to be said of a source.
type Setting struct {
	Key  string
	Type SettingType
	// Required settings cannot be empty. Secret ones are never shown again
	// and are kept apart from the others.
	Required, Secret bool
	// Default is what an empty setting means, for readers; Choices are the
	// values that it can have, where they are few.
	Default string
	Choices []string
}

// SettingType says how a setting is written.
type SettingType string

// The types of settings. Lists have one entry a line. Durations are written as
// in "10m"; booleans are "true" or empty.
const (
	TextSetting     SettingType = "text"
	AddressSetting  SettingType = "address"
	ListSetting     SettingType = "list"
	NumberSetting   SettingType = "number"
	DurationSetting SettingType = "duration"
	BoolSetting     SettingType = "bool"
)

// Values are the settings of one source, secrets among them, by key.
type Values map[string]string

// Text gives a setting without spaces around it.
func (v Values) Text(key string) string { return strings.TrimSpace(v[key]) }

// Bool says whether a setting is "true".
func (v Values) Bool(key string) bool { return v.Text(key) == "true" }

// List gives the lines of a setting, without empty ones.
func (v Values) List(key string) []string {
	lines := strings.Split(v[key], "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return slices.DeleteFunc(lines, func(s string) bool { return s == "" })
}

// Number gives a whole number, or fallback where nothing is said.
func (v Values) Number(key string, fallback int64) (int64, error) {
	s := v.Text(key)
	if s == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, &SettingError{Key: key, Err: fmt.Errorf("%q is no whole number", s)}
	}
	return n, nil
}

// Duration gives a length of time, or fallback where nothing is said.
func (v Values) Duration(key string, fallback time.Duration) (time.Duration, error) {
	s := v.Text(key)
	if s == "" {
		return fallback, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, &SettingError{Key: key, Err: fmt.Errorf("%q is no length of time such as 90s, 10m or 2h", s)}
	}
	return d, nil
}

// SettingError says what is wrong with one setting. It is a configuration
// error, as [ConfigError] is.
type SettingError struct {
	Key string
	Err error
}

func (e *SettingError) Error() string { return fmt.Sprintf("setting %s: %v", e.Key, e.Err) }

func (e *SettingError) Unwrap() error { return e.Err }

// Kind is "configuration".
func (*SettingError) Kind() string { return "configuration" }

// Env is what sources are given to work with.
type Env struct {
	// ID is the source's, as in [Spec].
	ID string
	// Pages fetches what is made for readers: it asks robots.txt and is slow
	// with each host. Programs fetches from interfaces made for programs; its
	// HTTP client serves libraries and WebSockets. Both reach public hosts
	// only, and those that an administrator allowed by name.
	Pages, Programs *fetch.Client
	// Inbox is the folder of this instance below which files may be watched;
	// empty means none.
	Inbox string
	// State is a folder of the source's own for what a protocol needs beside
	// the cursor (a session); it may not be there yet.
	State string
	Clock Clock
	Log   *slog.Logger
}

// Validate says what is wrong with the settings of a source of this kind: keys
// that it does not have, and required ones that are empty. Open says the rest.
func (k *Kind) Validate(v Values) error {
	var errs []error
	for _, s := range k.Settings {
		switch got := v.Text(s.Key); {
		case got == "" && s.Required:
			errs = append(errs, &SettingError{Key: s.Key, Err: errors.New("it is needed")})
		case got != "" && len(s.Choices) > 0 && !slices.Contains(s.Choices, got):
			errs = append(errs, &SettingError{Key: s.Key, Err: fmt.Errorf("%q is none of %s", got, strings.Join(s.Choices, ", "))})
		}
	}
	for key := range v {
		if !slices.ContainsFunc(k.Settings, func(s Setting) bool { return s.Key == key }) {
			errs = append(errs, &SettingError{Key: key, Err: fmt.Errorf("a source of kind %s has no such setting", k.Name)})
		}
	}
	return errors.Join(errs...)
}
