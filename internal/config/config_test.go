package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/akashi-project/akashi/internal/auth"
)

var update = flag.Bool("update", false, "write the example file and the table of options anew")

// write puts a file into a folder of the test's.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// of loads a file's text with an environment.
func of(t *testing.T, text string, env ...string) (*Config, []string) {
	t.Helper()
	path := ""
	if text != "" {
		path = write(t, "akashi.yaml", text)
	}
	c, problems, err := load(path, nil, func() []string { return env })
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, p := range problems {
		if p.File != "" {
			p.File = "akashi.yaml"
		}
		said = append(said, p.String())
	}
	return c, said
}

// TestLayers has the environment go before the file, and what a command was
// told before both.
func TestLayers(t *testing.T) {
	path := write(t, "akashi.yaml", `
# a comment
data: {dir: /srv/a}
server:
  listen: "127.0.0.1:1"
  trusted_proxies: [10.0.0.5, "10.1.0.0/24"]
posts:
  memory: 4GiB
  threads: 3
casework:
sessions:
  idle: 90m
  lifetime: 2d
import: {max_upload: 1000000}
oidc:
  issuer: https://login.example/
  client_id: akashi
  roles:
    realm.analysts=all: analyst
    leads: lead
detection:
  behaviours: url, text
log: {level: warn}
metrics: {enabled: false}
`)
	environ := func() []string {
		return []string{"AKASHI_SERVER_LISTEN=127.0.0.1:2", "AKASHI_LOG_LEVEL=debug", "AKASHI_OIDC_CLIENT_SECRET= s3 ", "OTHER=1", "AKASHI_CONFIG=x",
			"AKASHI_SERVER_PUBLIC_URL=http://localhost:2/", "AKASHI_EXPORT_MAX_POSTS=5"}
	}
	c, problems, err := load(path, map[string]any{"log.level": "error", "unmask.days": 7, "sessions.confirm": time.Minute}, environ)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	want := Default()
	want.Data.Dir = "/srv/a"
	want.Posts.URL, want.Casework.URL = "duckdb:/srv/a/posts.duckdb", "sqlite:/srv/a/casework.db"
	want.Import.SpoolDir, want.Detection.Dir, want.Backup.Dir = "/srv/a/spool", "/srv/a/tmp", "/srv/a/backup"
	want.Server.Listen, want.Server.PublicURL = "127.0.0.1:2", "http://localhost:2"
	want.Server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32"), netip.MustParsePrefix("10.1.0.0/24")}
	want.Posts.Memory, want.Posts.Threads = 4<<30, 3
	want.Sessions.Idle, want.Sessions.Lifetime, want.Sessions.Confirm = 90*time.Minute, 48*time.Hour, time.Minute
	want.Import.MaxUpload, want.Export.MaxPosts = 1_000_000, 5
	want.OIDC.Issuer, want.OIDC.ClientID, want.OIDC.ClientSecret = "https://login.example/", "akashi", "s3"
	want.OIDC.Roles = map[string]string{"realm.analysts=all": "analyst", "leads": "lead"}
	want.Detection.Behaviours = []string{"url", "text"}
	want.Log.Level, want.Metrics.Enabled, want.Unmask.Days = slog.LevelError, false, 7
	if diff := cmp.Diff(want, c, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if c.Grant() != 7*24*time.Hour {
		t.Error(c.Grant())
	}
	if _, err := Load(path, map[string]any{"log.lvl": "x"}); err == nil {
		t.Error("an unknown override is taken")
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent.yaml"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}

// TestProblems says what is wrong, and where.
func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		env  []string
		want []string
	}{
		"nothing at all":  {},
		"an unknown name": {text: "server:\n  lisen: \"127.0.0.1:1\"\n", want: []string{"akashi.yaml:2:3: server.lisen: there is no such option: did you mean server.listen?"}},
		"a name in another section": {
			text: "data:\n  listen: \"127.0.0.1:1\"\n",
			want: []string{"akashi.yaml:2:3: data.listen: there is no such option: did you mean server.listen?"},
		},
		"an unknown section":  {text: "servr:\n  listen: x\n", want: []string{"akashi.yaml:1:1: servr: there is no such option: did you mean server?"}},
		"nothing like it":     {text: "zzzzzzzz: 1\n", want: []string{"akashi.yaml:1:1: zzzzzzzz: there is no such option"}},
		"a section's value":   {text: "server: 127.0.0.1:1\n", want: []string{"akashi.yaml:1:1: server: this is a section: its options stand below it, indented"}},
		"no sections":         {text: "- a\n", want: []string{"akashi.yaml:1:0: expected sections with their options"}},
		"more than one":       {text: "log: {level: info}\n---\nlog: {level: info}\n", want: []string{"akashi.yaml:1:0: there is more than one document (---)"}},
		"empty":               {text: "\n# nothing\n"},
		"a duration's number": {text: "sessions:\n  idle: 12\n", want: []string{"akashi.yaml:2:3: sessions.idle: expected a duration with its unit, such as 90m, 12h or 7d, not 12"}},
		"a number's text":     {text: "posts:\n\n  threads: many\n", want: []string{"akashi.yaml:3:3: posts.threads: expected a whole number, not many"}},
		"a text's number":     {text: "workspace:\n  name: 2026\n", want: []string{"akashi.yaml:2:3: workspace.name: expected a text (put it in quotes), not 2026"}},
		"a list's mapping":    {text: "oidc:\n  issuer: https://a.example\n  client_id: a\n  scopes: [{a: b}]\nserver: {public_url: \"https://b.example\"}\n", want: []string{"akashi.yaml:4:3: oidc.scopes: expected a list of texts"}},
		"a size":              {text: "posts: {memory: lots}\n", want: []string{"akashi.yaml:1:9: posts.memory: expected a size such as 4GiB, not lots"}},
		"too little":          {text: "posts: {memory: 1MiB}\n", want: []string{"akashi.yaml:1:9: posts.memory: 1MiB is too little: at least 256MiB"}},
		"none of them":        {text: "workspace: {tlp: PINK}\n", want: []string{"akashi.yaml:1:13: workspace.tlp: \"PINK\" is none of CLEAR, GREEN, AMBER, AMBER+STRICT, RED"}},
		"a level":             {env: []string{"AKASHI_LOG_LEVEL=loud"}, want: []string{"AKASHI_LOG_LEVEL: \"loud\" is none of debug, info, warn, error"}},
		"an unknown variable": {env: []string{"AKASHI_SERVER_LISTN=x"}, want: []string{"AKASHI_SERVER_LISTN: no option has this name: did you mean AKASHI_SERVER_LISTEN?"}},
		"a secret in the file": {
			text: "oidc:\n  client_secret: hunter2\n",
			want: []string{"akashi.yaml:2:3: oidc.client_secret: a secret does not belong into this file: put it into a file of its own (oidc.client_secret_file) or into the environment (AKASHI_OIDC_CLIENT_SECRET)"},
		},
		"open to all": {
			text: "server:\n  listen: \"0.0.0.0:8470\"\n",
			want: []string{"akashi.yaml:2:3: server.listen: others can reach this address, and passwords would travel unencrypted: set server.tls_cert and server.tls_key, or server.behind_proxy where a proxy in front speaks TLS"},
		},
		"open, with a port alone": {text: "server: {listen: \":8470\", behind_proxy: true, public_url: \"https://a.example\", trusted_proxies: [\"10.0.0.1\"]}\n"},
		"behind a proxy": {
			text: "server:\n  listen: \"10.0.0.2:80\"\n  behind_proxy: true\n",
			want: []string{
				"server.public_url: without it there are no passkeys, and cookies are not marked as secure",
				"server.trusted_proxies: behind a proxy all visitors share its address, and its limits on guessing passwords, until it is named here",
			},
		},
		"half of TLS":         {text: "server: {tls_cert: a.pem}\n", want: []string{"akashi.yaml:1:10: server.tls_cert: certificate and key go together: server.tls_cert and server.tls_key"}},
		"no port":             {text: "server: {listen: localhost}\n", want: []string{"akashi.yaml:1:10: server.listen: expected an address and a port, such as 127.0.0.1:8470"}},
		"a port too far":      {text: "server: {listen: \"localhost:70000\"}\n", want: []string{"akashi.yaml:1:10: server.listen: \"70000\" is no port from 0 to 65535"}},
		"a path":              {text: "server: {public_url: \"https://a.example/akashi\"}\n", want: []string{"akashi.yaml:1:10: server.public_url: expected scheme and host only, such as https://akashi.example.go.jp"}},
		"plain http":          {text: "server: {public_url: \"http://a.example\"}\n", want: []string{"akashi.yaml:1:10: server.public_url: browsers must come by https"}},
		"a store elsewhere":   {text: "posts: {url: \"postgres://a/b\"}\n", want: []string{"akashi.yaml:1:9: posts.url: expected duckdb: and a path"}},
		"idle for too long":   {text: "sessions: {idle: 9d}\n", want: []string{"akashi.yaml:1:12: sessions.idle: it is longer than sessions.lifetime"}},
		"weak":                {text: "sessions: {min_password: 9, lifetime: 60d, confirm: 2h}\nunmask: {days: 180}\nserver: {trusted_proxies: [\"0.0.0.0/0\"]}\n", want: []string{"akashi.yaml:1:12: sessions.min_password: passwords of less than 12 characters are weak", "akashi.yaml:1:29: sessions.lifetime: sessions last more than 30 days", "akashi.yaml:1:44: sessions.confirm: for more than an hour nobody is asked who they are", "akashi.yaml:2:10: unmask.days: names stay open for more than 90 days", "akashi.yaml:3:10: server.trusted_proxies: everybody is trusted to say where they come from"}},
		"a login's parts":     {text: "oidc: {client_id: a}\n", want: []string{"oidc.issuer: the other options of this section have no effect without it"}},
		"a login's roles":     {text: "oidc: {issuer: \"http://a.example\", roles: {a: king}, allow_new: true}\n", want: []string{"oidc.client_id: the provider needs it", "server.public_url: the provider sends people back to it", "akashi.yaml:1:8: oidc.issuer: expected an https address", "akashi.yaml:1:36: oidc.roles: \"a\" gives the role \"king\", which is none of viewer, analyst, lead, communicator, partner-liaison, administrator, auditor", "akashi.yaml:1:54: oidc.allow_new: new people need a role: set oidc.role_claim and oidc.roles"}},
		"behaviours":          {text: "detection: {behaviours: [url, mood], window: 0s}\n", want: []string{"akashi.yaml:1:13: detection.behaviours: expected names of behaviours (object,url,domain,hashtag,hashtag-sequence,repost,reply,mention,text,image) or all", "akashi.yaml:1:38: detection.window: expected a duration from 1s to 30d"}},
		"measurements":        {text: "metrics: {listen: \"0.0.0.0:9\"}\n", want: []string{"akashi.yaml:1:11: metrics.listen: everybody who reaches this address may read the measurements"}},
		"the same address":    {text: "metrics: {listen: \"127.0.0.1:8470\"}\n", want: []string{"akashi.yaml:1:11: metrics.listen: this is server.listen: give it an address of its own, or none"}},
		"an unknown zone":     {text: "workspace: {zone: Mars/Base}\n", want: []string{"akashi.yaml:1:13: workspace.zone: \"Mars/Base\" is no time zone such as Asia/Tokyo"}},
		"an absent secret":    {text: "oidc: {issuer: \"https://a.example\", client_id: a, client_secret_file: /absent/x}\nserver: {public_url: \"https://b.example\"}\n", want: []string{"akashi.yaml:1:51: oidc.client_secret_file: cannot be read: open /absent/x: no such file or directory"}},
		"a proxy's address":   {text: "server: {trusted_proxies: [proxy.example]}\n", want: []string{"akashi.yaml:1:10: server.trusted_proxies: expected an address or network such as 10.0.0.0/8, not proxy.example"}},
		"out of all bounds":   {text: "posts: {threads: 99999999999}\nunmask: {days: 0}\n", want: []string{"akashi.yaml:1:9: posts.threads: expected a whole number, not 99999999999", "akashi.yaml:2:10: unmask.days: expected a number from 1 to 366, not 0"}},
		"a mapping's mistake": {env: []string{"AKASHI_OIDC_ROLES=x"}, want: []string{"AKASHI_OIDC_ROLES: expected something like name=value, not x"}},
	} {
		_, got := of(t, c.text, c.env...)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	_, got := of(t, "server: [\n")
	if len(got) != 1 || !strings.HasPrefix(got[0], "akashi.yaml:1:") || !strings.Contains(got[0], "no YAML") {
		t.Errorf("no YAML: %q", got)
	}
	if _, got := of(t, "log: {level: info}\nlog: {level: warn}\n"); len(got) != 1 || !strings.Contains(got[0], "akashi.yaml:2:1: this is no YAML") {
		t.Errorf("a name twice: %q", got)
	}
}

// TestInvalid tells all problems at once, in both languages, without secrets.
func TestInvalid(t *testing.T) {
	path := write(t, "akashi.yaml", "server: {listen: x}\noidc: {client_secret: hunter2}\nsessions: {min_password: 9}\n")
	_, err := Load(path, nil)
	var invalid *InvalidError
	if !errors.As(err, &invalid) || len(invalid.Problems) != 2 {
		t.Fatal(err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the secret is told: %v", err)
	}
	for _, p := range invalid.Problems {
		if ja := p.In("ja"); !strings.HasPrefix(ja, path+":") || !strings.HasSuffix(ja, "。") {
			t.Errorf("in Japanese: %s", ja)
		}
	}
}

func TestSecret(t *testing.T) {
	path := write(t, "secret", " hunter2\n")
	c, problems := of(t, fmt.Sprintf("oidc: {issuer: \"https://a.example\", client_id: a, client_secret_file: %q}\nserver: {public_url: \"https://b.example\"}\n", path))
	if len(problems) > 0 || c.OIDC.ClientSecret.Reveal() != "hunter2" {
		t.Fatal(problems)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", c.OIDC.ClientSecret, "all", c.OIDC)
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{log.String(), string(j), fmt.Sprint(c), fmt.Sprintf("%+v %#v %v", c, c, c.OIDC), fmt.Sprint(c.Settings())} {
		if strings.Contains(s, "hunter2") {
			t.Errorf("the secret is told: %s", s)
		}
	}
}

// TestExample holds the example file and the table in the documentation to the
// options, and the example to its word that it changes nothing.
func TestExample(t *testing.T) {
	file := filepath.Join("..", "..", "deploy", "akashi.example.yaml")
	doc := filepath.Join("..", "..", "docs", "operating.md")
	const begin, end = "<!-- options: go test ./internal/config -update -->\n", "<!-- end of options -->"
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the options", doc)
	}
	whole := head + begin + string(Table()) + end + tail
	if *update {
		if err := errors.Join(os.WriteFile(file, Example(), 0o644), os.WriteFile(doc, []byte(whole), 0o644)); err != nil {
			t.Fatal(err)
		}
		text = []byte(whole)
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, Example()) {
		t.Errorf("%s is not current (%v): go test ./internal/config -update", file, err)
	}
	if whole != string(text) {
		t.Errorf("%s is not current: go test ./internal/config -update", doc)
	}

	for name, text := range map[string]string{
		"as it is":          string(Example()),
		"with all defaults": regexp.MustCompile(`(?m)^  #(\w)`).ReplaceAllString(string(Example()), "  $1"),
	} {
		c, problems := of(t, text)
		if len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		for i, s := range c.Settings() {
			if s.Changed {
				t.Errorf("%s: %s is %q, by default %q", name, s.Key, s.Value, Default().Settings()[i].Value)
			}
		}
	}
	// Every example can be taken.
	text2 := regexp.MustCompile(`(?m)^  # e.g. / 例: `).ReplaceAllString(string(Example()), "  ")
	_, problems := of(t, text2)
	for _, p := range problems {
		if !strings.Contains(p, "/etc/akashi/") { // files that are not there
			t.Error(p)
		}
	}
}

// TestOptions holds every field to an option, and every option to its words.
func TestOptions(t *testing.T) {
	c := new(Config)
	fields := map[any]string{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		for j := range v.Field(i).NumField() {
			fields[v.Field(i).Field(j).Addr().Interface()] = v.Type().Field(i).Name + "." + v.Field(i).Type().Field(j).Name
		}
	}
	seen := map[string]bool{}
	for _, o := range c.options() {
		want := strings.ReplaceAll(strings.ToLower(fields[o.to]), "_", "")
		if got := strings.ReplaceAll(o.Key, "_", ""); got != want {
			t.Errorf("%s is the field %s", o.Key, fields[o.to])
		}
		delete(fields, o.to)
		if seen[o.Key] || !strings.HasSuffix(o.En, ".") || !strings.HasSuffix(o.Ja, "。") {
			t.Errorf("%s: twice, or not a sentence: %q %q", o.Key, o.En, o.Ja)
		}
		seen[o.Key] = true
		if !slices.Contains(sectionNames(), o.section()) {
			t.Errorf("%s has no section", o.Key)
		}
		if err := o.set(o.Default); err != nil {
			t.Errorf("%s: its default: %v", o.Key, err)
		}
		if o.Example != "" {
			if err := o.set(o.Example); err != nil {
				t.Errorf("%s: its example: %v", o.Key, err)
			}
			shown := o.show()
			if err := o.set(shown); err != nil || o.show() != shown {
				t.Errorf("%s: what is shown cannot be read: %q, %v", o.Key, shown, err)
			}
		}
	}
	if len(fields) > 0 {
		t.Errorf("fields without an option: %v", fields)
	}
	for i, r := range auth.Roles {
		if i >= len(roles) || roles[i] != string(r) {
			t.Fatalf("the roles are %v, here %v", auth.Roles, roles)
		}
	}
}

func TestSizesAndDurations(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "4GiB": 4 << 30, "1.5 gb": 1.5e9, "800000": 800_000, " 1kib ": 1024, "7B": 7} {
		got, err := ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
		if again, err := ParseSize(got.String()); err != nil || again != got {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "1XB", "NaN", "1e30GiB", "Inf"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
	for text, want := range map[string]time.Duration{"90m": 90 * time.Minute, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour, "0s": 0, "1h30m5s": 5405 * time.Second} {
		got, err := ParseDuration(text)
		if err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
		if again, err := ParseDuration(formatDuration(got)); err != nil || again != got {
			t.Errorf("%q is shown as %q", text, formatDuration(got))
		}
	}
	for _, text := range []string{"", "5", "d", "-1d", "-5m", "1dx", "99999999d"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}

// TestCheck looks at a machine made for it.
func TestCheck(t *testing.T) {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, envPrefix) {
			t.Setenv(name, value) // puts it back at the end
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	cert, key := certificate(t, dir, time.Now().Add(5*24*time.Hour))
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	path := write(t, "akashi.yaml", fmt.Sprintf(`data: {dir: %q}
server: {listen: "0.0.0.0:0", tls_cert: %q, tls_key: %q, public_url: "https://other.example"}
backup: {dir: %q}
import: {spool_dir: %q}
`, filepath.Join(dir, "new", "data"), cert, key, filepath.Join(file, "backup"), filepath.Join(dir, "new", "data", "deep", "spool")))
	problems, err := Check(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems {
		s := strings.ReplaceAll(p.String(), dir, "DIR")
		s = strings.ReplaceAll(s, path, "FILE")
		got = append(got, regexp.MustCompile(`\d{4}-\d\d-\d\d`).ReplaceAllString(s, "DATE"))
	}
	want := []string{
		"FILE:3:10: backup.dir: cannot be written: stat DIR/file/backup: not a directory",
		"FILE:2:33: server.tls_cert: the certificate ends on DATE",
		"FILE:2:33: server.tls_cert: the certificate is not for other.example",
		"FILE:2:%d: server.tls_key: everybody on this machine may read it: chmod 600",
	}
	for i := range got {
		got[i] = regexp.MustCompile(`FILE:2:\d+`).ReplaceAllString(got[i], "FILE:2:0")
	}
	for i := range want {
		want[i] = regexp.MustCompile(`FILE:2:(\d+|%d)`).ReplaceAllString(want[i], "FILE:2:0")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("a folder was made")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".akashi-check-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// certificate makes a certificate and its key.
func certificate(t *testing.T, dir string, until time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "akashi.example"}, DNSNames: []string{"akashi.example"},
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// FuzzFile reads any file without failing in another way than by saying so.
func FuzzFile(f *testing.F) {
	f.Add(string(Example()))
	for _, s := range []string{"a: &x 1\nb: *x", "server: {listen: [}", "? a\n: b", "server:\n  listen: !!binary x", "<<: {a: b}", "oidc: {roles: {a: {b: c}}}", "\x00", "- - -", "server: {[a]: b}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		var l problemList
		options := c.byKey()
		for key, v := range readFile([]byte(text), "x", options, map[string]place{}, &l) {
			if m := options[key].set(v); m != nil && (m.En == "" || m.Ja == "") {
				t.Errorf("%s: %v: no words", key, v)
			}
		}
		c.check(&l)
	})
}
