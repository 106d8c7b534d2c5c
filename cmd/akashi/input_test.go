package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseMap(t *testing.T) {
	for _, c := range []struct {
		given string
		want  map[string]string
	}{
		{"account=user_id", map[string]string{"account": "user_id"}},
		{"account=user_id,time=when", map[string]string{"account": "user_id", "time": "when"}},
		{"url=link1,link2,time=when", map[string]string{"url": "link1,link2", "time": "when"}},
		{"platform==telegram,account=a", map[string]string{"platform": "=telegram", "account": "a"}},
		{" Account =the user", map[string]string{"account": "the user"}},
		{"account=user.screen_name", map[string]string{"account": "user.screen_name"}},
		{"account", nil}, {"account=", nil}, {"=user", nil}, {"", nil}, {"account=a,", map[string]string{"account": "a,"}},
	} {
		got, err := parseMap(c.given)
		if (err != nil) != (c.want == nil) || err == nil && !cmp.Equal(got, c.want) {
			t.Errorf("parseMap(%q) = %v, %v; want %v", c.given, got, err, c.want)
		}
	}
}

func TestParseZone(t *testing.T) {
	at := time.Date(2023, 8, 24, 12, 0, 0, 0, time.UTC)
	for given, want := range map[string]int{
		"": 0, "UTC": 0, "Asia/Tokyo": 9 * 3600, "+09:00": 9 * 3600, "-0330": -(3*3600 + 1800), "+08": 8 * 3600,
	} {
		zone, err := parseZone(given)
		if err != nil {
			t.Errorf("parseZone(%q): %v", given, err)
			continue
		}
		if _, got := at.In(zone).Zone(); got != want {
			t.Errorf("parseZone(%q) is %d s from UTC, want %d", given, got, want)
		}
	}
	for _, given := range []string{"Local", "Nowhere", "+9", "9"} {
		if zone, err := parseZone(given); err == nil {
			t.Errorf("parseZone(%q) = %v, want an error", given, zone)
		}
	}
}

func TestMappingFlags(t *testing.T) {
	f := InputFlags{Map: []string{"account=a,url=u", "text=t"}, Time: "when", Account: "a"}
	got, err := f.mapping()
	want := map[string]string{"account": "a", "url": "u", "text": "t", "time": "when"}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	f.Account = "b"
	if _, err := f.mapping(); err == nil {
		t.Error("--account and --map that contradict each other are taken")
	}
}
