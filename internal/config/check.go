package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/enrich"
)

// Check reads a configuration as Load does ("" for path: the environment
// alone) and says everything that is wrong or weak about it, the wrong first,
// with the place of each. It also looks at the machine: whether folders can be
// written, files can be read, and the certificate fits its key. It changes
// nothing.
func Check(path string) ([]Problem, error) {
	c, problems, err := load(path, nil, os.Environ)
	if err != nil {
		return nil, err
	}
	l := problemList{problems}
	places := map[string]place{}
	for _, p := range problems {
		places[p.Key] = place{file: p.File, line: p.Line, column: p.Column, env: p.Env}
	}
	if path != "" {
		if data, err := os.ReadFile(path); err == nil {
			readFile(data, path, c.byKey(), places, &problemList{})
		}
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o002 != 0 && runtime.GOOS != "windows" {
			l.add(Weak, "", "everybody may change this file", "すべての利用者がこのファイルを変更できます。")
		}
	}
	c.checkMachine(&l, time.Now())
	l.locate(path, places)
	return l.list, nil
}

// check says what is wrong with values, by themselves and with each other.
func (c *Config) check(l *problemList) {
	c.checkServer(l)
	c.checkSignIn(l)
	if c.Data.Dir == "" {
		l.add(Wrong, "data.dir", "there must be a folder", "フォルダーを指定してください。")
	}
	if c.Workspace.Name == "" {
		l.add(Wrong, "workspace.name", "there must be a name", "名称を指定してください。")
	}
	if _, err := time.LoadLocation(c.Workspace.Zone); err != nil || c.Workspace.Zone == "" {
		l.add(Wrong, "workspace.zone", fmt.Sprintf("%q is no time zone such as Asia/Tokyo", c.Workspace.Zone),
			fmt.Sprintf("「%s」という時間帯はありません。Asia/Tokyo のように指定してください。", c.Workspace.Zone))
	}
	for _, s := range []struct{ key, url, scheme string }{{"posts.url", c.Posts.URL, "duckdb"}, {"casework.url", c.Casework.URL, "sqlite"}} {
		if rest, ok := strings.CutPrefix(s.url, s.scheme+":"); !ok || rest == "" || strings.HasPrefix(rest, "//") {
			l.add(Wrong, s.key, fmt.Sprintf("expected %s: and a path", s.scheme), fmt.Sprintf("「%s:」に続けてパスを書いてください。", s.scheme))
		}
	}
	within := func(key string, n, least, most int) {
		if n < least || n > most {
			l.add(Wrong, key, fmt.Sprintf("expected a number from %d to %d, not %d", least, most, n),
				fmt.Sprintf("%d から %d までの数を指定してください（現在は %d）。", least, most, n))
		}
	}
	within("posts.threads", c.Posts.Threads, 0, 1024)
	within("import.batch", c.Import.Batch, 1, 1_000_000)
	within("export.max_posts", c.Export.MaxPosts, 1, 1_000_000_000)
	within("detection.ceiling", c.Detection.Ceiling, 2, 100_000_000)
	within("detection.workers", c.Detection.Workers, 0, 256)
	within("detection.concurrency", c.Detection.Concurrency, 1, 64)
	within("unmask.days", c.Unmask.Days, 1, 366)
	within("sessions.min_password", c.Sessions.MinPassword, 8, 256)
	atLeast := func(key string, s, least Size) {
		if s < least {
			l.add(Wrong, key, fmt.Sprintf("%s is too little: at least %s", s, least), fmt.Sprintf("%s では足りません。%s 以上にしてください。", s, least))
		}
	}
	atLeast("posts.memory", c.Posts.Memory, 256<<20)
	atLeast("detection.memory", c.Detection.Memory, 16<<20)
	atLeast("import.max_upload", c.Import.MaxUpload, 1<<10)
	if c.Detection.Window < time.Second || c.Detection.Window > 30*24*time.Hour {
		l.add(Wrong, "detection.window", "expected a duration from 1s to 30d", "1s から 30d までの時間を指定してください。")
	}
	if _, err := enrich.ParseBehaviours(strings.Join(c.Detection.Behaviours, ",")); err != nil || len(c.Detection.Behaviours) == 0 {
		l.add(Wrong, "detection.behaviours", fmt.Sprintf("expected names of behaviours (%s) or all", enrich.All),
			fmt.Sprintf("行動の名称（%s）または all を指定してください。", enrich.All))
	}
	if c.Unmask.Days > 90 {
		l.add(Weak, "unmask.days", "names stay open for more than 90 days", "アカウント名を 90 日を超えて閲覧できます。")
	}
}

// checkServer looks at what faces the network.
func (c *Config) checkServer(l *problemList) {
	s := &c.Server
	tlsHere := s.TLSCert != "" && s.TLSKey != ""
	if (s.TLSCert == "") != (s.TLSKey == "") {
		l.add(Wrong, "server.tls_cert", "certificate and key go together: server.tls_cert and server.tls_key", "証明書と鍵（server.tls_cert と server.tls_key）は両方を指定してください。")
	}
	local, err := loopbackListen(s.Listen)
	switch {
	case err != nil:
		l.add(Wrong, "server.listen", err.Error(), "「127.0.0.1:8470」のように、アドレスとポートを指定してください。")
	case !local && !tlsHere && !s.BehindProxy:
		l.add(Wrong, "server.listen",
			"others can reach this address, and passwords would travel unencrypted: set server.tls_cert and server.tls_key, or server.behind_proxy where a proxy in front speaks TLS",
			"このアドレスには外部から到達でき、パスワードが暗号化されずに流れます。server.tls_cert と server.tls_key を指定するか、前段のプロキシーが TLS で通信する場合は server.behind_proxy を指定してください。")
	case !local && s.PublicURL == "":
		l.add(Weak, "server.public_url", "without it there are no passkeys, and cookies are not marked as secure", "指定しないと、パスキーを使えず、Cookie に Secure 属性が付きません。")
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
			l.add(Wrong, "server.public_url", "expected scheme and host only, such as https://akashi.example.go.jp", "https://akashi.example.go.jp のように、スキームとホストだけを指定してください。")
		case u.Scheme == "http" && !loopbackHost(u.Hostname()):
			l.add(Wrong, "server.public_url", "browsers must come by https", "https で始まるアドレスにしてください。")
		case net.ParseIP(u.Hostname()) != nil:
			l.add(Weak, "server.public_url", "passkeys need a host name, not an address", "パスキーを使うには、IP アドレスではなくホスト名が必要です。")
		case u.Scheme == "http" && (tlsHere || s.BehindProxy):
			l.add(Weak, "server.public_url", "there is TLS, but the address begins with http", "TLS を使う設定ですが、アドレスが http で始まっています。")
		}
	}
	if s.BehindProxy && len(s.TrustedProxies) == 0 {
		l.add(Weak, "server.trusted_proxies", "behind a proxy all visitors share its address, and its limits on guessing passwords, until it is named here",
			"プロキシーをここに指定しないと、すべての訪問者が同じアドレスとして扱われ、ログイン試行の制限を共有します。")
	}
	for _, p := range s.TrustedProxies {
		if p.Bits() == 0 {
			l.add(Weak, "server.trusted_proxies", "everybody is trusted to say where they come from", "すべての接続元の申告を信頼する設定です。")
		}
	}
	if c.Metrics.Listen == "" || !c.Metrics.Enabled {
		return
	}
	local, err = loopbackListen(c.Metrics.Listen)
	switch {
	case err != nil:
		l.add(Wrong, "metrics.listen", err.Error(), "「127.0.0.1:8471」のように、アドレスとポートを指定してください。")
	case c.Metrics.Listen == s.Listen:
		l.add(Wrong, "metrics.listen", "this is server.listen: give it an address of its own, or none", "server.listen と同じです。別のアドレスにするか、空にしてください。")
	case !local:
		l.add(Weak, "metrics.listen", "everybody who reaches this address may read the measurements", "このアドレスに到達できる人は、誰でも計測値を読めます。")
	}
}

// checkSignIn looks at how people sign in.
func (c *Config) checkSignIn(l *problemList) {
	s := &c.Sessions
	for _, d := range []struct {
		key string
		d   time.Duration
	}{{"sessions.idle", s.Idle}, {"sessions.lifetime", s.Lifetime}, {"sessions.confirm", s.Confirm}} {
		if d.d < time.Minute {
			l.add(Wrong, d.key, "expected at least a minute", "1 分以上を指定してください。")
		}
	}
	if s.Idle > s.Lifetime {
		l.add(Wrong, "sessions.idle", "it is longer than sessions.lifetime", "sessions.lifetime より長くなっています。")
	}
	if s.Lifetime > 30*24*time.Hour {
		l.add(Weak, "sessions.lifetime", "sessions last more than 30 days", "セッションが 30 日を超えて続きます。")
	}
	if s.Confirm > time.Hour {
		l.add(Weak, "sessions.confirm", "for more than an hour nobody is asked who they are", "1 時間を超えて本人確認を求めません。")
	}
	if s.MinPassword >= 8 && s.MinPassword < 12 {
		l.add(Weak, "sessions.min_password", "passwords of less than 12 characters are weak", "12 文字に満たないパスワードは推測されやすくなります。")
	}
	o := &c.OIDC
	if o.Issuer == "" {
		if o.ClientID != "" || o.ClientSecretFile != "" || o.ClientSecret != "" || o.RoleClaim != "" || len(o.Roles) > 0 || o.AllowNew {
			l.add(Wrong, "oidc.issuer", "the other options of this section have no effect without it", "これを指定しないと、この区分の他の項目は働きません。")
		}
		return
	}
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname())) {
		l.add(Wrong, "oidc.issuer", "expected an https address", "https で始まるアドレスを指定してください。")
	}
	if o.ClientID == "" {
		l.add(Wrong, "oidc.client_id", "the provider needs it", "認証基盤に必要です。")
	}
	if c.Server.PublicURL == "" {
		l.add(Wrong, "server.public_url", "the provider sends people back to it", "認証基盤から戻るために必要です。")
	}
	for name, role := range o.Roles {
		if !slices.Contains(roles, role) {
			l.add(Wrong, "oidc.roles", fmt.Sprintf("%q gives the role %q, which is none of %s", name, role, strings.Join(roles, ", ")),
				fmt.Sprintf("「%s」に対応する「%s」という役割はありません（%s）。", name, role, strings.Join(roles, "、")))
		}
	}
	if o.AllowNew && (o.RoleClaim == "" || len(o.Roles) == 0) {
		l.add(Wrong, "oidc.allow_new", "new people need a role: set oidc.role_claim and oidc.roles", "新しい利用者の役割が決まりません。oidc.role_claim と oidc.roles を指定してください。")
	}
	if o.ClientSecretFile == "" {
		return
	}
	if o.ClientSecret != "" {
		l.add(Weak, "oidc.client_secret_file", "it is not read, for "+EnvName("oidc.client_secret")+" is set", EnvName("oidc.client_secret")+" が設定されているため、読み込みません。")
		return
	}
	b, err := os.ReadFile(o.ClientSecretFile)
	if err != nil {
		cannotRead(l, "oidc.client_secret_file", err)
		return
	}
	if o.ClientSecret = Secret(strings.TrimSpace(string(b))); o.ClientSecret == "" {
		l.add(Wrong, "oidc.client_secret_file", "the file is empty", "ファイルが空です。")
	}
}

// checkMachine looks at folders and files.
func (c *Config) checkMachine(l *problemList, now time.Time) {
	folders := []struct{ key, dir string }{
		{"data.dir", c.Data.Dir},
		{"import.spool_dir", c.Import.SpoolDir},
		{"detection.dir", c.Detection.Dir},
		{"backup.dir", c.Backup.Dir},
	}
	for _, s := range []struct{ key, url string }{{"posts.url", c.Posts.URL}, {"casework.url", c.Casework.URL}} {
		if _, path, ok := strings.Cut(s.url, ":"); ok && path != "" {
			folders = append(folders, struct{ key, dir string }{s.key, filepath.Dir(path)})
		}
	}
	for _, f := range folders {
		if f.dir == "" {
			continue
		}
		if err := writable(f.dir); err != nil {
			l.add(Wrong, f.key, "cannot be written: "+err.Error(), "書き込めません（"+err.Error()+"）。")
		}
	}
	if info, err := os.Stat(c.Data.Dir); err == nil && info.Mode().Perm()&0o007 != 0 && runtime.GOOS != "windows" {
		l.add(Weak, "data.dir", "everybody on this machine may look into it: chmod 700", "この機械のすべての利用者が中を見られます。chmod 700 としてください。")
	}
	if inside(c.Backup.Dir, c.Data.Dir) && c.Backup.Dir != filepath.Join(c.Data.Dir, "backup") {
		l.add(Weak, "backup.dir", "it lies in the data folder, and is lost together with it", "データフォルダーの中にあり、データとともに失われるおそれがあります。")
	}
	for _, f := range []struct{ key, path string }{{"server.tls_key", c.Server.TLSKey}, {"oidc.client_secret_file", c.OIDC.ClientSecretFile}} {
		if info, err := os.Stat(f.path); err == nil && info.Mode().Perm()&0o007 != 0 && runtime.GOOS != "windows" {
			l.add(Weak, f.key, "everybody on this machine may read it: chmod 600", "この機械のすべての利用者が読めます。chmod 600 としてください。")
		}
	}
	if c.Server.TLSCert != "" && c.Server.TLSKey != "" {
		c.checkCertificate(l, now)
	}
}

// expirySoon is how long before its end a certificate is spoken of.
const expirySoon = 21 * 24 * time.Hour

func (c *Config) checkCertificate(l *problemList, now time.Time) {
	pair, err := tls.LoadX509KeyPair(c.Server.TLSCert, c.Server.TLSKey)
	if err != nil {
		cannotRead(l, "server.tls_cert", err)
		return
	}
	switch end := pair.Leaf.NotAfter; {
	case now.After(end):
		l.add(Wrong, "server.tls_cert", "the certificate ended on "+end.Format(time.DateOnly), "証明書の有効期限（"+end.Format(time.DateOnly)+"）が過ぎています。")
	case end.Sub(now) < expirySoon:
		l.add(Weak, "server.tls_cert", "the certificate ends on "+end.Format(time.DateOnly), "証明書の有効期限（"+end.Format(time.DateOnly)+"）が近づいています。")
	}
	u, err := url.Parse(c.Server.PublicURL)
	if err == nil && u.Hostname() != "" && pair.Leaf.VerifyHostname(u.Hostname()) != nil {
		l.add(Weak, "server.tls_cert", "the certificate is not for "+u.Hostname(), "証明書が "+u.Hostname()+" のものではありません。")
	}
}

// cannotRead says why a file cannot be read. The error names the file, not what
// is in it.
func cannotRead(l *problemList, key string, err error) {
	l.add(Wrong, key, "cannot be read: "+err.Error(), "読み込めません（"+err.Error()+"）。")
}

// writable says why a file cannot be made in a folder or, where that is not
// there yet, in the nearest folder above it that is.
func writable(dir string) error {
	for {
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
			dir = filepath.Dir(dir)
			continue
		}
		if err != nil {
			return err //nolint:wrapcheck // the caller says what for
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no folder", dir)
		}
		f, err := os.CreateTemp(dir, ".akashi-check-*")
		if err != nil {
			return err //nolint:wrapcheck // the caller says what for
		}
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
}

// inside says that a folder lies in another.
func inside(dir, in string) bool {
	rel, err := filepath.Rel(in, dir)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// loopbackListen says whether only this machine reaches an address and port.
func loopbackListen(listen string) (bool, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return false, errors.New("expected an address and a port, such as 127.0.0.1:8470")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return false, fmt.Errorf("%q is no port from 0 to 65535", port)
	}
	return loopbackHost(host), nil
}

// loopbackHost says whether a host is this machine.
func loopbackHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}
