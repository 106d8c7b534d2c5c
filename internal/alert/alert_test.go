package alert

import (
	"strconv"
	"testing"
	"time"
)

func TestQuiet(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	night, noon := Quiet{22 * 60, 7 * 60, tokyo}, Quiet{12 * 60, 13 * 60, tokyo}
	for _, c := range []struct {
		q        Quiet
		at, want time.Time
	}{
		{night, time.Date(2026, 11, 1, 21, 59, 0, 0, tokyo), time.Date(2026, 11, 1, 21, 59, 0, 0, tokyo)},
		{night, time.Date(2026, 11, 30, 22, 0, 0, 0, tokyo), time.Date(2026, 12, 1, 7, 0, 0, 0, tokyo)},
		{night, time.Date(2026, 11, 1, 6, 59, 0, 0, tokyo), time.Date(2026, 11, 1, 7, 0, 0, 0, tokyo)},
		{night, time.Date(2026, 11, 1, 7, 0, 0, 0, tokyo), time.Date(2026, 11, 1, 7, 0, 0, 0, tokyo)},
		{noon, time.Date(2026, 11, 1, 12, 30, 0, 0, tokyo), time.Date(2026, 11, 1, 13, 0, 0, 0, tokyo)},
		{noon, time.Date(2026, 11, 1, 13, 0, 0, 0, tokyo), time.Date(2026, 11, 1, 13, 0, 0, 0, tokyo)},
		{Quiet{60, 60, tokyo}, time.Date(2026, 11, 1, 1, 0, 0, 0, tokyo), time.Date(2026, 11, 1, 1, 0, 0, 0, tokyo)},
		// The night in which clocks go forward is an hour shorter, and back an hour longer.
		{Quiet{22 * 60, 7 * 60, paris}, time.Date(2026, 3, 28, 21, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 5, 0, 0, 0, time.UTC)},
		{Quiet{22 * 60, 7 * 60, paris}, time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 6, 0, 0, 0, time.UTC)},
	} {
		if got := c.q.Release(c.at); !got.Equal(c.want) {
			t.Errorf("%v at %v: %v, not %v", c.q, c.at, got, c.want)
		}
	}
}

func TestSignature(t *testing.T) {
	now := time.Unix(1614265330, 0)
	secret := []byte("\x31\xf2\xbf\xba\xb4\x7c\x4d\xe5")
	at, body := strconv.FormatInt(now.Unix(), 10), []byte(`{"test": 2432232314}`)
	good := Sign(secret, "msg_1", now, body)
	for name, c := range map[string]struct {
		secret           []byte
		id, at, sig, say string
		now              time.Time
		holds            bool
	}{
		"good":           {secret, "msg_1", at, good, string(body), now, true},
		"one of two":     {secret, "msg_1", at, "v1,AAAA " + good, string(body), now.Add(time.Minute), true},
		"another secret": {[]byte("x"), "msg_1", at, good, string(body), now, false},
		"another id":     {secret, "msg_2", at, good, string(body), now, false},
		"another body":   {secret, "msg_1", at, good, "{}", now, false},
		"another time":   {secret, "msg_1", "1614265331", good, string(body), now, false},
		"late":           {secret, "msg_1", at, good, string(body), now.Add(6 * time.Minute), false},
		"no time":        {secret, "msg_1", "", good, string(body), now, false},
		"no version":     {secret, "msg_1", at, good[3:], string(body), now, false},
	} {
		if err := Verify(c.secret, c.id, c.at, c.sig, []byte(c.say), c.now, 5*time.Minute); (err == nil) != c.holds {
			t.Errorf("%s: %v", name, err)
		}
	}
}
