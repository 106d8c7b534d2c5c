package main

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones by name also where the system has none

	"github.com/alecthomas/kong"

	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/post"
)

// InputFlags are the flags by which every command that reads posts is told how
// to read them.
type InputFlags struct {
	Format   string   `group:"Reading" placeholder:"NAME" help:"Read as this format instead of recognising it (see \"akashi formats\")."`
	Map      []string `group:"Reading" sep:"none" placeholder:"ROLE=COLUMN,…" help:"Which column, or path in JSON, plays which role. ROLE==VALUE gives all rows a value. May be repeated."`
	Account  string   `group:"Reading" placeholder:"COLUMN" help:"Short for --map account=COLUMN."`
	Object   string   `group:"Reading" placeholder:"COLUMN" help:"Short for --map object=COLUMN: the table is long, one row for each object that a post acts on."`
	Post     string   `group:"Reading" placeholder:"COLUMN" help:"Short for --map post=COLUMN."`
	Time     string   `group:"Reading" placeholder:"COLUMN" help:"Short for --map time=COLUMN."`
	Zone     string   `group:"Reading" default:"UTC" placeholder:"ZONE" help:"The zone of times that state none: Asia/Tokyo, +09:00. [UTC]"`
	Encoding string   `group:"Reading" placeholder:"NAME" help:"The text's encoding instead of a detected one: shift_jis, gb18030, windows-1251, …"`
	MaxBad   float64  `group:"Reading" type:"share" default:"0.10" placeholder:"SHARE" help:"Stop when more than this share of the rows cannot be read; 0 stops at the first, 1 never. [10%]"`
}

// Options gives the flags as options for file.Read. Errors are the user's.
func (f *InputFlags) Options() (file.Options, error) {
	o := file.Options{Format: f.Format, Encoding: f.Encoding, MaxBad: f.MaxBad}
	if o.MaxBad == 0 {
		o.MaxBad = -1 // in file.Options 0 is the default
	}
	var err error
	if o.Zone, err = parseZone(f.Zone); err != nil {
		return o, usageError(err)
	}
	if o.Map, err = f.mapping(); err != nil {
		return o, usageError(err)
	}
	// Without files, Read only looks at its options.
	if _, err := file.Read(context.Background(), nil, o, nil); err != nil {
		return o, usageError(err)
	}
	return o, nil
}

// mapping joins --map and its short forms.
func (f *InputFlags) mapping() (map[string]string, error) {
	out := map[string]string{}
	for _, given := range f.Map {
		m, err := parseMap(given)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, m)
	}
	for role, column := range map[string]string{"account": f.Account, "object": f.Object, "post": f.Post, "time": f.Time} {
		if column == "" {
			continue
		}
		if other, ok := out[role]; ok && other != column {
			return nil, fmt.Errorf("--%s %s and --map %s=%s contradict each other", role, column, role, other)
		}
		out[role] = column
	}
	return out, nil
}

// parseMap reads "account=user_id,url=link1,link2": what has no '=' belongs to
// the role before it.
func parseMap(s string) (map[string]string, error) {
	out := map[string]string{}
	last := ""
	for part := range strings.SplitSeq(s, ",") {
		role, column, ok := strings.Cut(part, "=")
		switch {
		case ok && strings.TrimSpace(role) != "" && column != "":
			last = strings.ToLower(strings.TrimSpace(role))
			out[last] = column
		case !ok && last != "":
			out[last] += "," + part
		default:
			return nil, fmt.Errorf("--map %s: expected ROLE=COLUMN, found %q", s, part)
		}
	}
	return out, nil
}

// parseZone reads the name of a zone or an offset such as +09:00.
func parseZone(s string) (*time.Location, error) {
	if s == "" {
		return time.UTC, nil
	}
	for _, layout := range []string{"-07:00", "-0700", "-07"} {
		if t, err := time.Parse(layout, s); err == nil {
			_, offset := t.Zone()
			return time.FixedZone(s, offset), nil
		}
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		return nil, fmt.Errorf("unknown zone %q: use a name such as Asia/Tokyo or an offset such as +09:00", s)
	}
	return zone, nil
}

// shareMapper reads a share: "0.05" or "5%".
type shareMapper struct{}

// Decode reads one.
func (shareMapper) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	var s string
	if err := ctx.Scan.PopValueInto("share", &s); err != nil {
		return fmt.Errorf("reading the share: %w", err)
	}
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return fmt.Errorf("expected a share from 0 to 1 or 0%% to 100%%, found %q", s)
	}
	target.SetFloat(v)
	return nil
}

// readPosts is file.Read with the program's standard input, its progress bar
// and its exit codes.
func (a *app) readPosts(ctx context.Context, label string, paths []string, o file.Options, yield func([]post.Post) error) ([]file.Summary, error) {
	o.Stdin = a.stdin
	bar := newProgress(a.stderr, label)
	defer bar.finish()
	o.Progress = bar.set
	var failed error
	summaries, err := file.Read(ctx, paths, o, func(batch []post.Post) error {
		failed = yield(batch)
		return failed
	})
	if failed == nil {
		err = inputError(err)
	}
	return summaries, err
}
