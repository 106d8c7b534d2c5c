package config

import (
	"slices"
	"strings"
)

// Option is one option: all that is to be said about it.
type Option struct {
	// Key is its name in the file, with its section: "server.listen".
	Key string
	// Default is the default as one would write it; Example is a value to
	// show where the default is empty.
	Default, Example string
	// En and Ja say what it is for.
	En, Ja string
	// OneOf are the values that it may have; empty means any.
	OneOf []string
	// EnvOnly says that it is a secret, which no file of options holds.
	EnvOnly bool

	to any // the field in Config
}

// Section is a section of the file.
type Section struct {
	Name, En, Ja string
}

// Sections are the sections in the order in which they are shown.
var Sections = []Section{
	{"data", "Where things lie", "データの置き場所"},
	{"workspace", "This instance", "この環境"},
	{"server", "Network", "ネットワーク"},
	{"posts", "Post store", "投稿の保管"},
	{"casework", "Casework store", "業務データの保管"},
	{"sessions", "Signing in", "ログイン"},
	{"oidc", "The organisation's own login (OpenID Connect)", "組織の認証基盤によるログイン（OpenID Connect）"},
	{"import", "Bringing files in", "ファイルの取り込み"},
	{"collect", "Live sources", "常時収集"},
	{"alert", "Alerts by e-mail and webhook", "アラートの通知（メール・Webhook）"},
	{"export", "Taking posts out", "投稿の書き出し"},
	{"detection", "Detection", "検出"},
	{"unmask", "Names of accounts", "アカウント名の開示"},
	{"log", "What the process writes about itself (not the log of who did what)", "動作の記録（操作の記録とは別のもの）"},
	{"metrics", "Measurements (Prometheus)", "計測値（Prometheus）"},
	{"backup", "Backup", "バックアップ"},
}

// roles are the roles of package auth, which a test compares.
var roles = []string{"viewer", "analyst", "lead", "communicator", "partner-liaison", "administrator", "auditor"}

// options gives all options with their places in c, by section.
func (c *Config) options() []Option {
	return []Option{
		{
			Key: "data.dir", to: &c.Data.Dir, Default: "akashi-data", Example: "/var/lib/akashi",
			En: "Folder for everything that has no place of its own: stores, the log, keys, spool, backups. Only the user that runs Akashi should read it.",
			Ja: "個別に指定しないものをすべて置くフォルダー（保管庫、操作の記録、鍵、一時ファイル、バックアップ）。Akashi を動かす利用者だけが読めるようにします。",
		},
		{
			Key: "workspace.name", to: &c.Workspace.Name, Default: "Akashi", Example: "影響工作分析室",
			En: "Name of this instance, shown at the top of every page.",
			Ja: "この環境の名称。すべてのページの上部に表示します。",
		},
		{
			Key: "workspace.tlp", to: &c.Workspace.TLP, Default: "", Example: "AMBER", OneOf: []string{"", "CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"},
			En: "Marking of everything here under TLP 2.0, shown on every page and in exports. Empty shows none.",
			Ja: "この環境の情報に付ける TLP 2.0 の区分。すべてのページと書き出したファイルに表示します。空なら表示しません。",
		},
		{
			Key: "workspace.lang", to: &c.Workspace.Lang, Default: "ja", OneOf: []string{"ja", "en"},
			En: "Language of people who have chosen none and whose browser asks for neither.",
			Ja: "言語を選んでおらず、ブラウザーの設定からも決まらない場合の表示言語。",
		},
		{
			Key: "workspace.zone", to: &c.Workspace.Zone, Default: "Asia/Tokyo",
			En: "Time zone of people who have chosen none (a name of the IANA database). Times are kept in UTC.",
			Ja: "時間帯を選んでいない利用者の時間帯（IANA データベースの名称）。時刻は UTC で保存します。",
		},
		{
			Key: "server.listen", to: &c.Server.Listen, Default: "127.0.0.1:8470",
			En: "Address and port for browsers. Any address but this machine's own loopback needs TLS, here or in a proxy.",
			Ja: "ブラウザーからの接続を受けるアドレスとポート。ループバック以外では、ここまたは前段のプロキシーで TLS が必要です。",
		},
		{
			Key: "server.public_url", to: &c.Server.PublicURL, Default: "", Example: "https://akashi.example.go.jp",
			En: "Where browsers find Akashi: scheme, host and port, without a path. Links, cookies, passkeys and the organisation's login depend on it; changing its host makes passkeys void.",
			Ja: "ブラウザーから見た Akashi の所在（スキーム、ホスト、ポート。パスは含めません）。リンク、Cookie、パスキー、組織のログインがこれに基づきます。ホスト名を変えると、登録済みのパスキーは使えなくなります。",
		},
		{
			Key: "server.tls_cert", to: &c.Server.TLSCert, Default: "", Example: "/etc/akashi/tls/cert.pem",
			En: "Certificate with its chain (PEM), where Akashi speaks TLS itself. It is read when Akashi starts: start it anew after renewing it.",
			Ja: "Akashi 自身が TLS で通信する場合の証明書（中間証明書を含む PEM）。起動時に読み込むため、更新後は再起動してください。",
		},
		{
			Key: "server.tls_key", to: &c.Server.TLSKey, Default: "", Example: "/etc/akashi/tls/key.pem",
			En: "Private key of the certificate (PEM). Others must not read it.",
			Ja: "証明書の秘密鍵（PEM）。他の利用者が読めないようにします。",
		},
		{
			Key: "server.behind_proxy", to: &c.Server.BehindProxy, Default: "false",
			En: "Says that a reverse proxy in front speaks TLS and that nothing else reaches the address above.",
			Ja: "前段のリバースプロキシーが TLS で通信し、上記のアドレスには他から到達できないことを示します。",
		},
		{
			Key: "server.trusted_proxies", to: &c.Server.TrustedProxies, Default: "", Example: "10.0.0.5, 10.1.0.0/24",
			En: "Addresses or networks of proxies whose X-Forwarded-For is believed. Without it, all visitors share the proxy's address, and so its limits on guessing passwords.",
			Ja: "X-Forwarded-For を信頼するプロキシーのアドレスまたはネットワーク。指定しないと、すべての訪問者がプロキシーのアドレスとして扱われ、ログイン試行の制限も共有されます。",
		},
		{
			Key: "posts.url", to: &c.Posts.URL, Default: "", Example: "duckdb:/var/lib/akashi/posts.duckdb",
			En: "Post store: \"duckdb:\" and a path. Empty: posts.duckdb in the data folder.",
			Ja: "投稿の保管庫。「duckdb:」に続けてパスを書きます。空ならデータフォルダーの posts.duckdb です。",
		},
		{
			Key: "posts.memory", to: &c.Posts.Memory, Default: "2GiB",
			En: "Memory that the post store may use. Half of the machine's is a good measure.",
			Ja: "投稿の保管庫が使ってよいメモリー量。機械の半分程度が目安です。",
		},
		{
			Key: "posts.threads", to: &c.Posts.Threads, Default: "0",
			En: "Cores that the post store may use. 0: all.",
			Ja: "投稿の保管庫が使ってよいコア数。0 ならすべて使います。",
		},
		{
			Key: "casework.url", to: &c.Casework.URL, Default: "", Example: "sqlite:/var/lib/akashi/casework.db",
			En: "Casework store (people, findings, settings): \"sqlite:\" and a path, on a local disk. Empty: casework.db in the data folder.",
			Ja: "業務データ（利用者、検出結果、設定）の保管庫。「sqlite:」に続けて、ローカルディスク上のパスを書きます。空ならデータフォルダーの casework.db です。",
		},
		{
			Key: "sessions.idle", to: &c.Sessions.Idle, Default: "12h",
			En: "Ends a session that is not used for so long.",
			Ja: "操作のないセッションを終了するまでの時間。",
		},
		{
			Key: "sessions.lifetime", to: &c.Sessions.Lifetime, Default: "7d",
			En: "Ends every session after so long.",
			Ja: "使用中でもセッションを終了するまでの時間。",
		},
		{
			Key: "sessions.confirm", to: &c.Sessions.Confirm, Default: "10m",
			En: "How long after signing in somebody may change what people sign in with before confirming who they are again.",
			Ja: "ログイン後、本人確認をやり直さずに認証方法を変更できる時間。",
		},
		{
			Key: "sessions.min_password", to: &c.Sessions.MinPassword, Default: "12",
			En: "Least number of characters of a password.",
			Ja: "パスワードの最少文字数。",
		},
		{
			Key: "oidc.issuer", to: &c.OIDC.Issuer, Default: "", Example: "https://login.example.go.jp/realms/main",
			En: "Address of the provider. Empty: none, people sign in with passwords and passkeys.",
			Ja: "認証基盤のアドレス。空なら使わず、パスワードとパスキーでログインします。",
		},
		{
			Key: "oidc.client_id", to: &c.OIDC.ClientID, Default: "", Example: "akashi",
			En: "Akashi's id at the provider. The redirect address to register there is the public URL and /login/oidc/callback.",
			Ja: "認証基盤に登録した Akashi の ID。リダイレクト先には、公開 URL に /login/oidc/callback を続けたものを登録します。",
		},
		{
			Key: "oidc.client_secret_file", to: &c.OIDC.ClientSecretFile, Default: "", Example: "/etc/akashi/oidc-secret",
			En: "File with Akashi's secret at the provider. White space around it does not count. Empty where the provider knows Akashi as a public client.",
			Ja: "認証基盤に登録した Akashi の秘密を書いたファイル。前後の空白は無視します。公開クライアントとして登録した場合は空にします。",
		},
		{
			Key: "oidc.client_secret", to: &c.OIDC.ClientSecret, Default: "", EnvOnly: true,
			En: "The secret itself. It may stand in the environment only.",
			Ja: "秘密そのもの。環境変数でのみ指定できます。",
		},
		{
			Key: "oidc.name", to: &c.OIDC.Name, Default: "OpenID Connect", Example: "省内認証",
			En: "How the login page calls the provider.",
			Ja: "ログイン画面に表示する認証基盤の名称。",
		},
		{
			Key: "oidc.scopes", to: &c.OIDC.Scopes, Default: "profile", Example: "profile, groups",
			En: "What Akashi asks the provider for, beside \"openid\".",
			Ja: "「openid」のほかに認証基盤へ求めるスコープ。",
		},
		{
			Key: "oidc.role_claim", to: &c.OIDC.RoleClaim, Default: "", Example: "realm_access.roles",
			En: "Where the provider says what somebody may do. Dots lead into objects. Empty: administrators give roles here.",
			Ja: "認証基盤が役割を示すクレーム。点で階層をたどります。空なら、役割はここの管理者が付与します。",
		},
		{
			Key: "oidc.roles", to: &c.OIDC.Roles, Default: "", Example: "akashi-analysts=analyst, akashi-leads=lead",
			En: "Which role a value of the claim gives: " + strings.Join(roles, ", ") + ".",
			Ja: "クレームの値に対応する役割（" + strings.Join(roles, "、") + "）。",
		},
		{
			Key: "oidc.allow_new", to: &c.OIDC.AllowNew, Default: "false",
			En: "Makes an account for whoever the provider gives a role. Otherwise people are invited.",
			Ja: "認証基盤が役割を示した人のアカウントを自動で作ります。無効なら、招待された人だけが使えます。",
		},
		{
			Key: "import.max_upload", to: &c.Import.MaxUpload, Default: "4GiB",
			En: "Largest file that may be brought in through the browser. \"akashi import\" knows no limit.",
			Ja: "ブラウザーから取り込めるファイルの最大の大きさ。「akashi import」には上限がありません。",
		},
		{
			Key: "import.spool_dir", to: &c.Import.SpoolDir, Default: "", Example: "/var/lib/akashi/spool",
			En: "Folder where uploads lie until they are in. It needs room for those that wait. Empty: spool in the data folder.",
			Ja: "取り込みが済むまでファイルを置くフォルダー。待機中のファイルが入る空きが必要です。空ならデータフォルダーの spool です。",
		},
		{
			Key: "import.batch", to: &c.Import.Batch, Default: "20000",
			En: "Posts that are stored in one step.",
			Ja: "一度に保管する投稿の件数。",
		},
		{
			Key: "collect.allow", to: &c.Collect.Allow, Default: "", Example: "mirror.example.internal,10.20.0.0/16",
			En: "Hosts and address ranges that sources may reach although their addresses are not public. Without it they reach public addresses only.",
			Ja: "公開されていないアドレスのうち、情報源として接続を許すホスト名とアドレスの範囲。指定しない場合は公開アドレスにだけ接続します。",
		},
		{
			Key: "collect.agent", to: &c.Collect.Agent, Default: "Akashi", Example: "Akashi (+https://example.org/akashi)",
			En: "How collecting introduces itself to servers, best with an address where their operators can reach you.",
			Ja: "収集先のサーバーに名乗る名称。先方の運用者が連絡できる宛先を含めることを勧めます。",
		},
		{
			Key: "alert.smtp", to: &c.Alert.SMTP, Default: "", Example: "mail.example.org:587",
			En: "Mail server (host:port) through which alerts go out. Without it no e-mail is sent.",
			Ja: "アラートを送るメールサーバー（ホスト:ポート）。指定しない場合、メールは送りません。",
		},
		{
			Key: "alert.smtp_tls", to: &c.Alert.SMTPTLS, Default: "starttls", OneOf: []string{"starttls", "tls", "none"},
			En: "How the connection to the mail server is encrypted: by STARTTLS, from the start, or not at all, for a server on this host.",
			Ja: "メールサーバーとの通信の暗号化方式。starttls、tls（接続時から）、none（同じホスト上のサーバーに限る）から選びます。",
		},
		{
			Key: "alert.smtp_user", to: &c.Alert.SMTPUser, Default: "", Example: "akashi",
			En: "Name at the mail server; empty where it asks for none.",
			Ja: "メールサーバーの利用者名。認証が不要なら空にします。",
		},
		{
			Key: "alert.smtp_password", to: &c.Alert.SMTPPassword, Default: "", EnvOnly: true,
			En: "Password at the mail server. It may stand in the environment only.",
			Ja: "メールサーバーのパスワード。環境変数でのみ指定できます。",
		},
		{
			Key: "alert.from", to: &c.Alert.From, Default: "akashi@localhost", Example: "akashi@example.org",
			En: "Sender of e-mail.",
			Ja: "メールの差出人。",
		},
		{
			Key: "alert.allow", to: &c.Alert.Allow, Default: "", Example: "chat.example.internal",
			En: "Hosts and address ranges that webhooks and chats may have although their addresses are not public.",
			Ja: "公開されていないアドレスのうち、Webhook やチャットの送信先として許すホスト名とアドレスの範囲。",
		},
		{
			Key: "export.max_posts", to: &c.Export.MaxPosts, Default: "1000000",
			En: "Most posts in one exported file. The page says so before it begins.",
			Ja: "一つのファイルに書き出す投稿の最大件数。書き出す前に画面で示します。",
		},
		{
			Key: "detection.window", to: &c.Detection.Window, Default: "10m",
			En: "Longest time between two acts that count as done together, in detections that say nothing else.",
			Ja: "二つの行動を連動したとみなす最大の時間差（個別の指定がない検出に使います）。",
		},
		{
			Key: "detection.behaviours", to: &c.Detection.Behaviours, Default: "url, hashtag, hashtag-sequence, repost, reply, mention, text, image, object", Example: "url, hashtag-sequence, text",
			En: "Behaviours that detections look at where they say nothing else: url, domain, hashtag, hashtag-sequence, repost, reply, mention, text, image, object, or all.",
			Ja: "個別の指定がない検出で調べる行動（url、domain、hashtag、hashtag-sequence、repost、reply、mention、text、image、object。all はすべて）。",
		},
		{
			Key: "detection.ceiling", to: &c.Detection.Ceiling, Default: "20000",
			En: "An object that more acts point to is left out of pairing: the most popular ones say least and cost most. What is left out is counted and shown.",
			Ja: "これより多くの行動が集まる対象は照合から除きます。広く出回る対象は手掛かりになりにくく、計算の負担が大きいためです。除いた対象は件数とともに表示します。",
		},
		{
			Key: "detection.memory", to: &c.Detection.Memory, Default: "256MiB",
			En: "Traces that one detection holds in memory before it uses files.",
			Ja: "一つの検出がファイルを使わずにメモリー上で扱う量。",
		},
		{
			Key: "detection.dir", to: &c.Detection.Dir, Default: "", Example: "/var/lib/akashi/tmp",
			En: "Folder for those files. Empty: tmp in the data folder.",
			Ja: "そのファイルを置くフォルダー。空ならデータフォルダーの tmp です。",
		},
		{
			Key: "detection.workers", to: &c.Detection.Workers, Default: "0",
			En: "Cores that one detection uses. 0: all. Results do not depend on it.",
			Ja: "一つの検出が使うコア数。0 ならすべて使います。結果は変わりません。",
		},
		{
			Key: "detection.concurrency", to: &c.Detection.Concurrency, Default: "2",
			En: "Jobs (detections, imports) that run at the same time.",
			Ja: "同時に実行する処理（検出、取り込み）の数。",
		},
		{
			Key: "unmask.days", to: &c.Unmask.Days, Default: "30",
			En: "Days for which a granted name may be seen.",
			Ja: "承認されたアカウント名を閲覧できる日数。",
		},
		{
			Key: "log.level", to: &c.Log.Level, Default: "info", OneOf: []string{"debug", "info", "warn", "error"},
			En: "How much to write. Texts of posts, secrets and veiled names are never written.",
			Ja: "書き出す詳しさ。投稿の本文、秘密、仮名で示すアカウントの名前は書き出しません。",
		},
		{
			Key: "log.format", to: &c.Log.Format, Default: "text", OneOf: []string{"text", "json"},
			En: "Form of the lines on standard error.",
			Ja: "標準エラー出力に書く行の形式。",
		},
		{
			Key: "metrics.enabled", to: &c.Metrics.Enabled, Default: "true",
			En: "Serves measurements under /metrics. They hold counts and times, no names and no texts.",
			Ja: "/metrics で計測値を提供します。件数と時間だけで、名前や本文は含みません。",
		},
		{
			Key: "metrics.listen", to: &c.Metrics.Listen, Default: "", Example: "127.0.0.1:8471",
			En: "Address of their own for measurements, without signing in. Empty: with the pages, for a token that may read them.",
			Ja: "計測値だけを認証なしで提供するアドレス。空なら、閲覧権限のあるトークンに対し、画面と同じアドレスで提供します。",
		},
		{
			Key: "backup.dir", to: &c.Backup.Dir, Default: "", Example: "/srv/backup/akashi",
			En: "Folder into which \"akashi backup\" writes where it is told no other. Best on another disk. Empty: backup in the data folder.",
			Ja: "「akashi backup」で行き先を指定しないときの書き込み先。別のディスクが望まれます。空ならデータフォルダーの backup です。",
		},
	}
}

// Options are all options, in the order in which they are shown.
func Options() []Option { return new(Config).options() }

// byKey gives the options by key.
func (c *Config) byKey() map[string]*Option {
	list := c.options()
	out := make(map[string]*Option, len(list))
	for i := range list {
		out[list[i].Key] = &list[i]
	}
	return out
}

// Setting is an option and its value, as a page or "akashi config print"
// shows it.
type Setting struct {
	Option
	// Value is as one would write it; of a secret it only says whether there
	// is one.
	Value string
	// Changed says that it is not the default.
	Changed bool
}

// Settings gives all options with their values, in their order.
func (c *Config) Settings() []Setting {
	list, defaults := c.options(), Default().options()
	out := make([]Setting, len(list))
	for i, o := range list {
		out[i] = Setting{Option: o, Value: o.show()}
		out[i].Changed = out[i].Value != defaults[i].show()
	}
	return out
}

// section is the part of the key before the dot, name the part behind it.
func (o *Option) section() string { s, _, _ := strings.Cut(o.Key, "."); return s }
func (o *Option) name() string    { _, n, _ := strings.Cut(o.Key, "."); return n }

// allows says that a value is one of those that the option may have.
func (o *Option) allows(s string) bool { return len(o.OneOf) == 0 || slices.Contains(o.OneOf, s) }
