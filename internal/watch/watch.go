// Package watch keeps the live sources that people have added, and has them
// collected: each of a kind that the program knows, under a mandate that permits
// that kind, with its settings. Secrets among the settings are sealed and never
// shown again.
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/mandate"
)

var (
	// ErrPerson says that a person has to do it, signed in: not a token.
	ErrPerson = errors.New("a person has to do it, not a token")
	// ErrKind says that there is no such kind of source.
	ErrKind = errors.New("there is no such kind of source")
	// ErrPermit says that the mandate does not permit the kind of source.
	ErrPermit = errors.New("the mandate does not permit this kind of source")
	// ErrName says that a source needs a name, of 200 bytes at most.
	ErrName = errors.New("a source needs a name")
	// ErrRemoved says that the source was removed.
	ErrRemoved = errors.New("the source was removed")
)

// State is whether a source is to be collected.
type State string

// The states.
const (
	Active  State = "active"
	Paused  State = "paused"
	Removed State = "removed"
)

// Source is a source as people added it.
type Source struct {
	// ID is its name in the post store ("via:" in searches); it never changes.
	ID   string
	Name string
	Kind string
	// Mandate is the id of the mandate that it is collected under.
	Mandate string
	// Settings are without secrets; Secrets are the keys of those that are
	// set.
	Settings collect.Values
	Secrets  []string
	State    State
	// Synthetic says that what it brings is made up: an exercise's.
	Synthetic            bool
	Version              int64
	CreatedBy, ChangedBy string
	Created, Changed     time.Time
}

// Input is what people say of a source. A secret that is empty stays as it was.
type Input struct {
	Name, Kind, Mandate string
	Settings            collect.Values
	Synthetic           bool
}

// Collector runs sources: a collect.Runner.
type Collector interface {
	Start(s collect.Spec) error
	Stop(id string)
	Health() []collect.Health
}

// Mandates are the mandates that sources run under.
type Mandates interface {
	Collection(ctx context.Context, id string) (mandate.Collection, error)
}

// Options are what a [Service] works with.
type Options struct {
	DB       *casestore.DB
	Key      *Key
	Kinds    []collect.Kind
	Mandates Mandates
	Runner   Collector
	// Env gives what a source of an id works with.
	Env func(id string) collect.Env
}

// Service keeps sources.
type Service struct{ o Options }

// New makes the service. Nothing runs before Start.
func New(o Options) *Service { return &Service{o: o} }

// Kinds are the kinds of sources that can be added.
func (s *Service) Kinds() []collect.Kind { return s.o.Kinds }

func (s *Service) kind(name string) *collect.Kind {
	for i := range s.o.Kinds {
		if s.o.Kinds[i].Name == name {
			return &s.o.Kinds[i]
		}
	}
	return nil
}

// Start begins all active sources. One that cannot begin does not keep the
// others back; the error says which they were.
func (s *Service) Start(ctx context.Context) error {
	all, err := s.rows(ctx, `WHERE state = ? ORDER BY id`, string(Active))
	if err != nil {
		return err
	}
	var errs []error
	for i := range all {
		errs = append(errs, s.begin(&all[i]))
	}
	return errors.Join(errs...)
}

// begin has a source collected.
func (s *Service) begin(r *row) error {
	k := s.kind(r.Kind)
	if k == nil {
		return fmt.Errorf("source %s of kind %s: %w", r.ID, r.Kind, ErrKind)
	}
	v, err := s.values(r)
	if err != nil {
		return fmt.Errorf("source %s: %w", r.ID, err)
	}
	src, err := k.Open(s.o.Env(r.ID), v)
	if err != nil {
		return fmt.Errorf("source %s: %w", r.ID, err)
	}
	if err := s.o.Runner.Start(collect.Spec{ID: r.ID, Mandate: r.Mandate, Source: src, Terms: k.Terms, Synthetic: r.Synthetic}); err != nil {
		return fmt.Errorf("starting a source: %w", err)
	}
	return nil
}

// row is a source with its sealed secrets.
type row struct {
	Source
	sealed []byte
}

// values are a source's settings, secrets among them.
func (s *Service) values(r *row) (collect.Values, error) {
	v, err := s.o.Key.Open(r.ID, r.sealed)
	if err != nil {
		return nil, err
	}
	maps.Copy(v, r.Settings)
	return v, nil
}

// take checks what people say of a source and puts it into r.
func (s *Service) take(ctx context.Context, r *row, in Input) error {
	k := s.kind(in.Kind)
	if k == nil {
		return ErrKind
	}
	if in.Name = strings.TrimSpace(in.Name); in.Name == "" || len(in.Name) > 200 {
		return ErrName
	}
	m, err := s.o.Mandates.Collection(ctx, in.Mandate)
	switch {
	case errors.Is(err, casestore.ErrNotFound):
		return ErrPermit
	case err != nil:
		return err //nolint:wrapcheck // says what it was
	case !m.Permits(in.Kind):
		return ErrPermit
	}
	secrets, err := s.o.Key.Open(r.ID, r.sealed)
	if err != nil {
		secrets = collect.Values{}
	}
	open, all := collect.Values{}, collect.Values{}
	for key, value := range in.Settings {
		switch i := slices.IndexFunc(k.Settings, func(t collect.Setting) bool { return t.Key == key }); {
		case value == "":
		case i >= 0 && k.Settings[i].Secret:
			secrets[key] = value
		default:
			open[key] = value
		}
	}
	maps.Copy(all, secrets)
	maps.Copy(all, open)
	if err := k.Validate(all); err != nil {
		return err //nolint:wrapcheck // names the setting
	}
	if _, err := k.Open(s.o.Env(r.ID), all); err != nil {
		return err //nolint:wrapcheck // names the setting
	}
	if r.sealed, err = s.o.Key.Seal(r.ID, secrets); err != nil {
		return err
	}
	r.Name, r.Kind, r.Mandate, r.Settings, r.Synthetic = in.Name, in.Kind, in.Mandate, open, in.Synthetic
	return nil
}

// Add adds a source and begins to collect it. It waits for its mandate where
// that does not hold yet.
func (s *Service) Add(ctx context.Context, p *auth.Principal, in Input) (Source, error) {
	if p == nil || p.Token != "" {
		return Source{}, ErrPerson
	}
	r := row{Source: Source{ID: in.Kind + ":" + casestore.NewID(), State: Active, Version: 1, CreatedBy: p.ID, ChangedBy: p.ID}, sealed: []byte{}}
	if err := s.take(ctx, &r, in); err != nil {
		return Source{}, fmt.Errorf("adding a source: %w", err)
	}
	err := s.o.DB.Change(ctx, func(tx *casestore.Tx) error {
		r.Created = tx.Now()
		r.Changed = r.Created
		settings, err := json.Marshal(r.Settings)
		if err != nil {
			return fmt.Errorf("writing settings: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO sources (id, name, kind, mandate, settings, secrets, state, synthetic, version, created_by, created, changed_by, changed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Name, r.Kind, r.Mandate, string(settings), r.sealed, string(r.State), flag(r.Synthetic), r.Version,
			r.CreatedBy, casestore.Micros(r.Created), r.ChangedBy, casestore.Micros(r.Changed)); err != nil {
			return err
		}
		return r.log(ctx, tx, p)
	})
	if err != nil {
		return Source{}, fmt.Errorf("adding a source: %w", err)
	}
	if err := s.begin(&r); err != nil {
		return Source{}, err
	}
	return s.Source(ctx, r.ID)
}

// Edit changes what is said of a source, whose kind stays; it is stopped and
// begun again. version is that which was edited; ErrConflict of package
// casestore where it is another by now.
func (s *Service) Edit(ctx context.Context, p *auth.Principal, id string, version int64, in Input) (Source, error) {
	return s.change(ctx, p, id, version, func(r *row) error {
		in.Kind = r.Kind
		return s.take(ctx, r, in)
	})
}

// SetState pauses a source, resumes it, or removes it: what it brought stays as
// long as its mandate says. A removed source does not come back.
func (s *Service) SetState(ctx context.Context, p *auth.Principal, id string, version int64, to State) (Source, error) {
	return s.change(ctx, p, id, version, func(r *row) error {
		if r.State = to; to == Removed {
			r.sealed = []byte{} // nobody needs its secrets any more
		}
		return nil
	})
}

func (s *Service) change(ctx context.Context, p *auth.Principal, id string, version int64, f func(*row) error) (Source, error) {
	if p == nil || p.Token != "" {
		return Source{}, ErrPerson
	}
	r, err := s.row(ctx, id)
	if err != nil {
		return Source{}, err
	}
	if r.State == Removed {
		return Source{}, ErrRemoved
	}
	if err := f(&r); err != nil {
		return Source{}, fmt.Errorf("changing a source: %w", err)
	}
	r.ChangedBy = p.ID
	err = s.o.DB.Change(ctx, func(tx *casestore.Tx) error {
		settings, err := json.Marshal(r.Settings)
		if err != nil {
			return fmt.Errorf("writing settings: %w", err)
		}
		n, err := tx.Exec(ctx, `UPDATE sources SET name = ?, mandate = ?, settings = ?, secrets = ?, state = ?, synthetic = ?, version = version + 1,
			changed_by = ?, changed = ? WHERE id = ? AND version = ? AND state <> ?`,
			r.Name, r.Mandate, string(settings), r.sealed, string(r.State), flag(r.Synthetic), r.ChangedBy, casestore.Micros(tx.Now()), id, version, string(Removed))
		switch {
		case err != nil:
			return err
		case n == 0:
			return casestore.ErrConflict
		}
		return r.log(ctx, tx, p)
	})
	if err != nil {
		return Source{}, fmt.Errorf("changing a source: %w", err)
	}
	s.o.Runner.Stop(id)
	if r.State == Active {
		if err := s.begin(&r); err != nil {
			return Source{}, err
		}
	}
	return s.Source(ctx, id)
}

// log writes what was changed, without secrets.
func (r *row) log(ctx context.Context, tx *casestore.Tx, p *auth.Principal) error {
	return tx.Log(ctx, casestore.Line{Actor: p.Actor(), Action: string(auth.SourceEdit), Object: "source:" + r.ID, Detail: map[string]any{
		"name": r.Name, "kind": r.Kind, "mandate": r.Mandate, "to": r.State, "synthetic": r.Synthetic,
	}})
}

// Source gives a source; ErrNotFound of package casestore where there is none.
func (s *Service) Source(ctx context.Context, id string) (Source, error) {
	r, err := s.row(ctx, id)
	return r.Source, err
}

// List gives all sources that were not removed, by name.
func (s *Service) List(ctx context.Context) ([]Source, error) {
	rows, err := s.rows(ctx, `WHERE state <> ? ORDER BY name, id`, string(Removed))
	out := make([]Source, len(rows))
	for i := range rows {
		out[i] = rows[i].Source
	}
	return out, err
}

// Health says how the sources are that are collected now, by id.
func (s *Service) Health() map[string]collect.Health {
	out := map[string]collect.Health{}
	for _, h := range s.o.Runner.Health() {
		out[h.ID] = h
	}
	return out
}

func (s *Service) row(ctx context.Context, id string) (row, error) {
	rows, err := s.rows(ctx, `WHERE id = ?`, id)
	switch {
	case err != nil:
		return row{}, err
	case len(rows) == 0:
		return row{}, fmt.Errorf("source %q: %w", id, casestore.ErrNotFound)
	}
	return rows[0], nil
}

func (s *Service) rows(ctx context.Context, rest string, args ...any) (out []row, err error) {
	err = s.o.DB.View(ctx, func(tx *casestore.Tx) error {
		found, err := tx.Query(ctx, `SELECT id, name, kind, mandate, settings, secrets, state, synthetic, version, created_by, created, changed_by, changed FROM sources `+rest, args...)
		if err != nil {
			return err
		}
		defer found.Close() //nolint:errcheck // only read
		for found.Next() {
			var r row
			var settings string
			var synthetic, created, changed int64
			if err := found.Scan(&r.ID, &r.Name, &r.Kind, &r.Mandate, &settings, &r.sealed, &r.State, &synthetic, &r.Version,
				&r.CreatedBy, &created, &r.ChangedBy, &changed); err != nil {
				return fmt.Errorf("reading a source: %w", err)
			}
			if r.sealed == nil { // SQLite gives an empty blob as nil, which may not be written back
				r.sealed = []byte{}
			}
			if err := json.Unmarshal([]byte(settings), &r.Settings); err != nil {
				return fmt.Errorf("reading the settings of source %s: %w", r.ID, err)
			}
			r.Synthetic, r.Created, r.Changed = synthetic != 0, casestore.Time(created), casestore.Time(changed)
			out = append(out, r)
		}
		return found.Err() //nolint:wrapcheck // the caller says what it was
	})
	if err != nil {
		return nil, fmt.Errorf("reading sources: %w", err)
	}
	for i := range out {
		if secrets, err := s.o.Key.Open(out[i].ID, out[i].sealed); err == nil {
			for key := range secrets {
				out[i].Secrets = append(out[i].Secrets, key)
			}
			slices.Sort(out[i].Secrets)
		}
	}
	return out, nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
