package telegram

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/akashi-project/akashi/internal/post"
)

func fixture(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/page.html")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParsePage(t *testing.T) {
	p, err := ParsePage(fixture(t))
	if err != nil {
		t.Fatal(err)
	}
	want := &Page{
		Channel: 1234, Name: "HarbourNews", Title: "Harbour News",
		Messages: []Message{
			{ID: 41, Time: time.Date(2024, 5, 1, 7, 0, 0, 0, time.UTC), Service: true, Text: "Channel photo updated"},
			{
				ID: 43, Time: time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC), Views: 12400, Edited: true, Reply: 40,
				Text:  "Fog at the #pier\n\nsee here and example.org/more, @pilot_x 🌁",
				Links: []string{"https://example.org/fog", "http://example.org/more"}, Hashtags: []string{"pier"}, Mentions: []string{"pilot_x"},
			},
			{
				ID: 44, Time: time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC), Views: 873, Text: "Lighthouse", Media: []string{"photo", "video"},
				Forward: &Forward{Title: "The Lighthouse", Name: "lighthouse", Message: 77},
			},
			{
				ID: 46, Time: time.Date(2024, 5, 1, 9, 30, 0, 0, time.UTC), Text: "Which tide?\nHigh\nLow", Media: []string{"poll"},
				Forward: &Forward{Title: "Somebody"},
			},
		},
	}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreFields(Message{}, "Raw")); diff != "" {
		t.Error(diff)
	}
	for _, m := range p.Messages {
		if !bytes.HasPrefix(m.Raw, []byte(`<div class="tgme_widget_message `)) || !bytes.HasSuffix(m.Raw, []byte("</div>")) {
			t.Errorf("%d: %q", m.ID, m.Raw)
		}
	}
	m := p.Messages[1]
	if diff := cmp.Diff(post.Post{
		Platform: "telegram", ID: "1234/43", Channel: "1234", Account: post.Account{ID: "channel1234", Handle: "HarbourNews", Name: "Harbour News"},
		Time: m.Time, Text: m.Text, URL: "https://t.me/HarbourNews/43", ReplyTo: "1234/40",
		Links: []post.Link{{Given: "https://example.org/fog"}, {Given: "http://example.org/more"}}, Hashtags: []string{"pier"}, Mentions: []string{"pilot_x"},
		Raw: m.Raw,
	}, m.post(1234, "HarbourNews", "Harbour News", "", "")); diff != "" {
		t.Error(diff)
	}
}

func TestParsePageRefuses(t *testing.T) {
	whole := fixture(t)
	for name, b := range map[string][]byte{
		"nothing":      nil,
		"cut":          whole[:len(whole)/2],
		"another page": []byte("<html><body>Welcome</body></html>"),
	} {
		if _, err := ParsePage(b); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
	p, err := ParsePage([]byte(`<div class="tgme_channel_info"></div>` +
		`<div class="tgme_widget_message" data-post="a/0"></div>` + // no number
		`<div class="tgme_widget_message" data-post="a/4294967297"></div>` + // too large a one
		`<div class="tgme_widget_message" data-post="a/5"></div></html>`)) // no time
	if err != nil || p.Bad != 3 || len(p.Messages) != 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestMessageAt(t *testing.T) {
	for _, c := range []struct {
		address          string
		name             string
		channel, message int64
	}{
		{"https://t.me/Durov/342", "durov", 0, 342},
		{"https://t.me/s/Durov/342?single", "durov", 0, 342},
		{"https://t.me/c/1234/56", "", 1234, 56},
		{"https://t.me/c/1234/7/56", "", 1234, 56},
		{"https://t.me/durov", "durov", 0, 0},
		{"https://t.me/", "", 0, 0},
		{"https://t.me/c", "", 0, 0},
		{"https://t.me/c/-9223372036854775808/-1", "", 0, 0},
		{"%", "", 0, 0},
	} {
		if name, channel, message := messageAt(c.address); name != c.name || channel != c.channel || message != c.message {
			t.Errorf("%s: %q %d %d", c.address, name, channel, message)
		}
	}
}

func TestChannelName(t *testing.T) {
	for in, want := range map[string]string{
		"Durov": "durov", "@durov": "durov", "https://t.me/s/durov/": "durov", "t.me/durov": "durov", " durov ": "durov", "ab12": "ab12",
		"": "", "abc": "", "1abc": "", "a b c d": "", "https://t.me/+AbCdEf": "", "https://example.org/durov": "", "durov/../x": "", "durov?before=1": "",
	} {
		if got, ok := ChannelName(in); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
}

func TestCount(t *testing.T) {
	for in, want := range map[string]int64{"873": 873, "12.4K": 12400, "1.2M": 1200000, "": 0, "x": 0, "-5": 0, "NaN": 0, "1e300M": 0, "3B": 3e9} {
		if got := count(in); got != want {
			t.Errorf("%q: %d", in, got)
		}
	}
}

func FuzzParsePage(f *testing.F) {
	f.Add(fixture(f))
	f.Add([]byte(`<div class="tgme_channel_info"></div><div class="tgme_widget_message" data-post="a/5" data-peer="c12_1"><time datetime="2024-05-01T09:30:00+00:00"></div></html>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePage(b)
		if err != nil {
			return
		}
		last := int64(0)
		for i := range p.Messages {
			m := &p.Messages[i]
			if m.ID <= last || len(m.Raw) == 0 || m.Time.IsZero() && !m.Service || m.Views < 0 || p.Channel < 0 {
				t.Fatalf("%+v after %d", m, last)
			}
			last = m.ID
			// What is kept can be read again, and says the same.
			again, err := ParsePage([]byte(string(m.Raw) + "</html>"))
			if err == nil && len(again.Messages) == 1 && again.Messages[0].ID != m.ID {
				t.Fatalf("%d became %d", m.ID, again.Messages[0].ID)
			}
		}
	})
}

func BenchmarkParsePage(b *testing.B) {
	page := fixture(b)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePage(page); err != nil {
			b.Fatal(err)
		}
	}
}
