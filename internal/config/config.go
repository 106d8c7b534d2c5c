// Package config reads how an instance of Akashi is set up: from one file in
// YAML, from the environment and from what a command was told, the later over
// the earlier, over defaults that need no file at all.
//
// Every option is written down once, in options.go: its name, its place in
// [Config], its default, what it may be, and what it is for in English and
// Japanese. The example file, the table in docs/operating.md, the names in the
// environment and the checks all come from there.
package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// Config is how an instance is set up. Load fills in everything that has a
// default; folders and files are as they are to be opened.
type Config struct {
	Data struct {
		// Dir holds everything that has no place of its own.
		Dir string
	}
	Workspace struct {
		// Name names the instance; TLP is its marking by TLP 2.0 without
		// "TLP:", or empty. Lang and Zone are what new people begin with.
		Name, TLP, Lang, Zone string
	}
	Server struct {
		// Listen is the address for browsers; PublicURL is where they find
		// it, without a path.
		Listen, PublicURL string
		// TLSCert and TLSKey are PEM files, both or neither.
		TLSCert, TLSKey string
		// BehindProxy says that a proxy in front speaks TLS.
		BehindProxy bool
		// TrustedProxies are those whose X-Forwarded-For is believed.
		TrustedProxies []netip.Prefix
	}
	Posts struct {
		// URL is the post store: "duckdb:PATH".
		URL string
		// Memory is what the engine may use, Threads on how many cores; 0
		// is all.
		Memory  Size
		Threads int
	}
	Casework struct {
		// URL is the casework store: "sqlite:PATH".
		URL string
	}
	Sessions struct {
		Idle, Lifetime, Confirm time.Duration
		MinPassword             int
	}
	// OIDC is the organisation's own login; there is none where Issuer is
	// empty.
	OIDC struct {
		Issuer, ClientID string
		// ClientSecretFile is where ClientSecret was read, unless the
		// environment gave it.
		ClientSecretFile string
		ClientSecret     Secret
		Name             string
		Scopes           []string
		RoleClaim        string
		// Roles maps the claim's values to roles.
		Roles    map[string]string
		AllowNew bool
	}
	Import struct {
		MaxUpload Size
		SpoolDir  string
		Batch     int
	}
	Collect struct {
		Allow []string
		Agent string
	}
	Alert struct {
		// SMTP is the mail server, host:port; SMTPTLS is "starttls", "tls" or
		// "none".
		SMTP, SMTPTLS, SMTPUser, From string
		SMTPPassword                  Secret
		Allow                         []string
	}
	Export struct {
		MaxPosts int
	}
	Detection struct {
		Window     time.Duration
		Behaviours []string
		Ceiling    int
		// Memory is what one detection holds before it uses files in Dir;
		// Workers is how many cores it uses (0 is all), Concurrency how many
		// jobs run at once.
		Memory               Size
		Dir                  string
		Workers, Concurrency int
	}
	Unmask struct {
		// Days is how long a grant lasts.
		Days int
	}
	Log struct {
		Level  slog.Level
		Format string
	}
	Metrics struct {
		Enabled bool
		// Listen is an address of their own; empty serves them, to who may
		// read them, with the pages.
		Listen string
	}
	Backup struct {
		Dir string
	}
}

// Default gives the configuration of an instance that was told nothing.
func Default() *Config {
	c := defaults()
	c.derive()
	return c
}

// defaults gives the defaults without what depends on other options.
func defaults() *Config {
	c := &Config{}
	for _, o := range c.options() {
		if err := o.set(o.Default); err != nil {
			panic(fmt.Sprintf("config: the default of %s: %v", o.Key, err)) // a test reads all of them
		}
	}
	return c
}

// Load reads the configuration. path is the file, "" where there is none.
// overrides are values that the command was told, by key ("server.listen"),
// over what the file and the environment (AKASHI_SERVER_LISTEN) say. Where
// anything is wrong the error is [*InvalidError], which tells all of it at once;
// warnings are no error: see [Check].
func Load(path string, overrides map[string]any) (*Config, error) {
	c, problems, err := load(path, overrides, os.Environ)
	if err != nil {
		return nil, err
	}
	var wrong []Problem
	for _, p := range problems {
		if p.Severity == Wrong {
			wrong = append(wrong, p)
		}
	}
	if len(wrong) > 0 {
		return nil, &InvalidError{Path: path, Problems: wrong}
	}
	return c, nil
}

// InvalidError is the error of a configuration that cannot be used.
type InvalidError struct {
	Path     string
	Problems []Problem
}

// Error gives all problems, one a line.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return "the configuration cannot be used:\n  " + strings.Join(lines, "\n  ")
}

// load reads and checks what needs no look at the machine but for the secrets'
// files.
func load(path string, overrides map[string]any, environ func() []string) (*Config, []Problem, error) {
	c := defaults()
	options := c.byKey()
	var problems problemList
	places := map[string]place{}
	k := koanf.New(".")
	// layer puts values over those that are there. The keys are options': koanf
	// sees no others, and no value that is a map.
	layer := func(values map[string]any) error {
		if err := k.Load(confmap.Provider(values, "."), nil); err != nil {
			return fmt.Errorf("merging the configuration: %w", err)
		}
		return nil
	}

	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the configuration: %w", err)
		}
		values := readFile(data, path, options, places, &problems)
		if err := layer(values); err != nil {
			return nil, nil, err
		}
	}
	byEnv := map[string]string{}
	for key := range options {
		byEnv[EnvName(key)] = key
	}
	from := env.Provider("", env.Opt{
		Prefix: envPrefix, EnvironFunc: environ,
		TransformFunc: func(name, value string) (string, any) {
			key, ok := byEnv[name]
			if !ok {
				problems.unknownEnv(name, byEnv)
				return "", nil
			}
			places[key] = place{env: name}
			return key, value
		},
	})
	values, err := from.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("reading the environment: %w", err)
	}
	if err := layer(values); err != nil {
		return nil, nil, err
	}
	told := map[string]any{}
	for key, value := range overrides {
		if _, ok := options[key]; !ok {
			return nil, nil, fmt.Errorf("there is no option %q to override", key)
		}
		told[key], places[key] = value, place{}
	}
	if err := layer(told); err != nil {
		return nil, nil, err
	}

	for _, o := range c.options() { // in their order
		if !k.Exists(o.Key) {
			continue
		}
		if err := o.set(k.Get(o.Key)); err != nil {
			problems.add(Wrong, o.Key, err.En, err.Ja)
		}
	}
	c.derive()
	c.check(&problems)
	problems.locate(path, places)
	return c, problems.list, nil
}

// derive fills in what depends on other options.
func (c *Config) derive() {
	in := func(to *string, path ...string) {
		if *to == "" {
			*to = filepath.Join(append([]string{c.Data.Dir}, path...)...)
		}
	}
	if c.Posts.URL == "" {
		c.Posts.URL = "duckdb:" + filepath.Join(c.Data.Dir, "posts.duckdb")
	}
	if c.Casework.URL == "" {
		c.Casework.URL = "sqlite:" + filepath.Join(c.Data.Dir, "casework.db")
	}
	in(&c.Import.SpoolDir, "spool")
	in(&c.Detection.Dir, "tmp")
	in(&c.Backup.Dir, "backup")
	c.Server.PublicURL = strings.TrimSuffix(c.Server.PublicURL, "/")
}

// KeyFile gives the file of the secret for pseudonyms, LogKeyFile that of the
// log's signing key, LogDir the log's folder. They lie in the data folder and
// belong to every backup.
func (c *Config) KeyFile() string { return filepath.Join(c.Data.Dir, "keys", "pseudonyms.key") }

// SourcesKeyFile gives the file of the key that seals the secrets of sources.
func (c *Config) SourcesKeyFile() string { return filepath.Join(c.Data.Dir, "keys", "sources.key") }

// LogKeyFile gives the file of the log's signing key.
func (c *Config) LogKeyFile() string { return filepath.Join(c.Data.Dir, "keys", "log.key") }

// LogDir gives the folder of the log.
func (c *Config) LogDir() string { return filepath.Join(c.Data.Dir, "log") }

// Grant gives how long a grant to see a name lasts.
func (c *Config) Grant() time.Duration { return time.Duration(c.Unmask.Days) * 24 * time.Hour }

// envPrefix begins the names in the environment.
const envPrefix = "AKASHI_"

// EnvName gives the name that an option has in the environment:
// "server.public_url" is AKASHI_SERVER_PUBLIC_URL.
func EnvName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}
