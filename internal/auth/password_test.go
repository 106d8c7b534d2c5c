package auth

import (
	"errors"
	"strings"
	"testing"
)

func TestPasswordCheck(t *testing.T) {
	p, err := newPasswords(cheap, 12)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]string{
		goodPassword:                   "",
		otherPassword:                  "",
		"correct horse tango lamp":     "",
		"全角のパスフレーズもよい":                 "",
		"琵琶湖の朝に霧が立つのを見た":               "",
		"x7#Kq!2mVz9$":                 "",
		"":                             "short",
		"elevenchars":                  "short",
		"ｅｌｅｖｅｎｃｈａｒ":                   "short",
		strings.Repeat("ab c", 65):     "long",
		strings.Repeat("あ", 20_000):    "long",
		"aaaaaaaaaaaa":                 "common",
		"abcabcabcabc":                 "common",
		"yamayamayama":                 "common",
		"123456789012":                 "common",
		"210987654321":                 "common",
		"qwertyuiopas":                 "common",
		"1qaz2wsx3edc":                 "common",
		"abcdefghijklmnop":             "common",
		"あいうえおかきくけこさし":                 "common",
		"Password2024!":                "common",
		"P@ssw0rd1234":                 "common",
		"passwordpassword":             "common",
		"PASSWORD-PASSWORD":            "common",
		"administrator1":               "common",
		"letmein12345!":                "common",
		"Welcome2Akashi!":              "common",
		"akashi-admin-2026":            "common",
		"correcthorsebatterystaple":    "common",
		"correct horse battery staple": "common",
		"！！！ｐａｓｓｗｏｒｄ！！！": "common",
		"!#%&=~|{}*?<>":                  "",
		"090-1234-5678":                  "common",
		"83920175620184756201":           "",
		"20261124-20261124":              "common",
		"yuko.tanaka.1":                  "login",
		"!!Yuko.Tanaka!!":                "login",
		"tanaka yuko 26":                 "login",
		"yuko.tanaka rides a blue horse": "",
		"Yuko Tanaka-san":                "login",
	} {
		err := p.check(password, "yuko.tanaka", "Yuko Tanaka")
		var bad *PasswordError
		got := ""
		if errors.As(err, &bad) {
			got = bad.Reason
		}
		if got != want {
			t.Errorf("%.40q: %q, not %q", password, got, want)
		}
	}
}

func FuzzPassword(f *testing.F) {
	p, err := newPasswords(cheap, 12)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("P@ssw0rd1234", "yuko", "Yuko")
	f.Add("\xff\xfe", "\x00", "")
	f.Fuzz(func(t *testing.T, password, login, name string) {
		if len(password) > 400 || len(login) > 100 || len(name) > 100 {
			return
		}
		err := p.check(password, login, name)
		if (err == nil) != (p.check(password, login, name) == nil) {
			t.Fatal("judged twice, differently")
		}
		if err == nil && len([]rune(password)) < 3 {
			t.Fatalf("%q will do", password) // NFKC makes at most 18 of one
		}
		_, _ = loginKey(login)
		_, _ = checkName(name)
	})
}

// TestLoginKey checks that a login is its own key, so that what is kept is what
// is compared.
func FuzzLoginKey(f *testing.F) {
	for _, s := range []string{"Tanaka", "ﬀ", "İ", "ｔａｎａｋａ", "tanaka@mofa.go.jp", "a b", "\u202ex", "佐藤", "Ω", "ß"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, err := loginKey(s)
		if err != nil {
			return
		}
		again, err := loginKey(key)
		if err != nil || again != key {
			t.Fatalf("%q is %q is %q: %v", s, key, again, err)
		}
	})
}
