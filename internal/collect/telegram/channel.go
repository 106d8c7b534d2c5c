package telegram

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/collect"
)

// Platform is what posts name as their platform.
const Platform = "telegram"

// channelName is what Telegram allows as a name; those of four characters were
// sold.
var channelName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{3,31}$`)

// ChannelName reads a public channel's name from what people write: NAME,
// @NAME, t.me/NAME, https://t.me/s/NAME. It gives the name in lower case, in
// which names are equal. ok is false where it is none.
func ChannelName(s string) (name string, ok bool) {
	s = strings.TrimSpace(s)
	for _, prefix := range []string{"https://", "http://"} {
		s = strings.TrimPrefix(s, prefix)
	}
	for _, host := range []string{"t.me/", "telegram.me/", "www.t.me/"} {
		if rest, found := strings.CutPrefix(s, host); found {
			s = strings.TrimSuffix(strings.TrimPrefix(rest, "s/"), "/")
			break
		}
	}
	s = strings.TrimPrefix(s, "@")
	if !channelName.MatchString(s) {
		return "", false
	}
	return strings.ToLower(s), true
}

// channelsSetting is the list of channels.
func channelsSetting() collect.Setting {
	return collect.Setting{Key: "channels", Type: collect.ListSetting, Required: true}
}

func channels(v collect.Values) ([]string, error) {
	var names []string
	for _, line := range v.List("channels") {
		name, ok := ChannelName(line)
		if !ok {
			return nil, &collect.SettingError{Key: "channels", Err: errors.New("a public channel is written as NAME, @NAME or https://t.me/NAME")}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, &collect.SettingError{Key: "channels", Err: errors.New("it is needed")}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// ChannelError says that one channel cannot be read while others can.
type ChannelError struct{ Name, Why string }

func (e *ChannelError) Error() string { return "the channel " + e.Name + ": " + e.Why }

// Kind is "channel".
func (*ChannelError) Kind() string { return "channel" }
