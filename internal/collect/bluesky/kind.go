package bluesky

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/bluesky/record"
	"github.com/akashi-project/akashi/internal/normalise"
)

// The dialects, and the public servers that speak them.
const (
	v1, v2   = "v1", "v2"
	publicV1 = "wss://jetstream2.us-east.bsky.network"
	publicV2 = "wss://jetstream.us-east.bsky.network"
)

var paths = map[string]string{v1: "/subscribe", v2: "/xrpc/network.bsky.jetstream.subscribeEvents"}

// memory is how far back servers remember.
const memory = 36 * time.Hour

// maxAsked is how many accounts fit in an address; where more are wanted, all
// events come and are chosen here. maxDIDs bounds them.
const maxAsked, maxDIDs = 200, 10_000

// Kind is Bluesky as a kind of source. Its settings are
//
//   - endpoint: the server, with or without the path of its stream;
//   - version: the dialect it speaks;
//   - collections: posts, reposts or both;
//   - dids: accounts by their DID; none means all;
//   - words: what a post must contain one of, in its text, hashtags or links,
//     however it is written (see normalise.Folded); none means anything;
//   - languages: what a post must declare one of, as in "ja"; none means any,
//     also none;
//   - backfill: how far back to begin the first time.
//
// Reposts carry neither text nor language: where words or languages are given,
// none are kept.
func Kind() collect.Kind {
	return collect.Kind{
		Name: "bluesky", Platform: Platform,
		Settings: []collect.Setting{
			{Key: "endpoint", Type: collect.AddressSetting, Default: publicV1},
			{Key: "version", Type: collect.TextSetting, Default: v1, Choices: []string{v1, v2}},
			{Key: "collections", Type: collect.ListSetting, Default: record.Post + "\n" + record.Repost},
			{Key: "dids", Type: collect.ListSetting},
			{Key: "words", Type: collect.ListSetting},
			{Key: "languages", Type: collect.ListSetting},
			{Key: "backfill", Type: collect.DurationSetting, Default: "0s"},
		},
		Open: open,
	}
}

func open(env collect.Env, v collect.Values) (collect.Source, error) {
	s := &source{version: cmp.Or(v.Text("version"), v1), clock: env.Clock, patience: pingTime}
	if paths[s.version] == "" {
		return nil, &collect.SettingError{Key: "version", Err: errors.New("either v1 or v2 is needed")}
	}
	if env.Programs == nil {
		return nil, &collect.ConfigError{Err: errors.New("a stream needs a client to connect with")}
	}
	s.http = env.Programs.HTTP()
	if s.clock == nil {
		s.clock = collect.RealTime()
	}
	var err error
	if s.address, err = address(v.Text("endpoint"), s.version); err != nil {
		return nil, &collect.SettingError{Key: "endpoint", Err: err}
	}
	if s.backfill, err = v.Duration("backfill", 0); err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	if s.backfill < 0 || s.backfill > memory {
		return nil, &collect.SettingError{Key: "backfill", Err: fmt.Errorf("at most %s can be had", memory)}
	}
	if err := s.choose(v); err != nil {
		return nil, err
	}
	return s, nil
}

// choose reads the settings that say which posts are wanted.
func (s *source) choose(v collect.Values) error {
	f := &s.filter
	f.collections = v.List("collections")
	for _, c := range f.collections {
		if c != record.Post && c != record.Repost {
			return &collect.SettingError{Key: "collections", Err: fmt.Errorf("only %s and %s hold posts", record.Post, record.Repost)}
		}
	}
	if len(f.collections) == 0 {
		f.collections = []string{record.Post, record.Repost}
	}
	slices.Sort(f.collections)
	dids := v.List("dids")
	if len(dids) > maxDIDs {
		return &collect.SettingError{Key: "dids", Err: fmt.Errorf("at most %d accounts can be followed", maxDIDs)}
	}
	for _, d := range dids {
		d = strings.TrimSpace(d)
		if !strings.HasPrefix(d, "did:") || strings.ContainsAny(d, " /?#&") {
			return &collect.SettingError{Key: "dids", Err: errors.New("each line must be a DID such as did:plc:ewvi7nxzyoun6zhxrhs64oiz")}
		}
		if f.dids == nil {
			f.dids = map[string]bool{}
		}
		f.dids[d] = true
	}
	for _, w := range v.List("words") {
		if w = normalise.Folded(w); w != "" {
			f.words = append(f.words, w)
		}
	}
	for _, l := range v.List("languages") {
		f.languages = append(f.languages, primary(l))
	}
	return nil
}

var errAddress = errors.New("an address such as wss://jetstream.example.org is needed")

// address completes the address of a stream.
func address(given, version string) (*url.URL, error) {
	u, err := url.Parse(cmp.Or(given, map[string]string{v1: publicV1, v2: publicV2}[version]))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errAddress
	}
	switch u.Scheme {
	case "wss", "https":
		u.Scheme = "https"
	case "ws", "http":
		u.Scheme = "http"
	default:
		return nil, errAddress
	}
	switch path := strings.TrimSuffix(u.Path, "/"); path {
	case "", paths[version]:
		u.Path = paths[version]
	case paths[v1], paths[v2]:
		return nil, errors.New("this is the address of the other version's stream")
	default:
		u.Path = path // a relay's own
	}
	return u, nil
}
