package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/watch"
)

// formatVersion writes a version for the field of a form.
func formatVersion(n int64) string { return strconv.FormatInt(n, 10) }

// liveForm is what people say of a source, made from its kind's settings.
type liveForm struct {
	Action, Back string
	// Kinds are to choose from where none is chosen yet.
	Kinds                        []mandateKind
	Kind, KindName, About, Terms string
	Version                      int64
	Name, NameError              string
	Mandates                     []mandateKind
	MandateError, MandateNew     string
	Synthetic                    bool
	Settings                     []liveField
	Problem                      string
}

// liveField is one setting in the form.
type liveField struct {
	ID, Name, Label, Help, Error string
	Type                         collect.SettingType
	Value, Default               string
	Choices                      []string
	Required, Secret, Set        bool
}

// DescribedBy are the ids of what explains the field.
func (f liveField) DescribedBy() string {
	var ids []string
	if f.Help != "" || f.Default != "" || f.Secret {
		ids = append(ids, f.ID+"-help")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// kindOf finds a kind that can be added.
func (s *Server) kindOf(name string) (collect.Kind, bool) {
	kinds := s.Watch.Kinds()
	i := slices.IndexFunc(kinds, func(k collect.Kind) bool { return k.Name == name })
	if i < 0 {
		return collect.Kind{}, false
	}
	return kinds[i], true
}

// newLivePage asks for the kind first, then for its settings.
func (s *Server) newLivePage(w http.ResponseWriter, r *http.Request) error {
	f := &liveForm{Action: "/sources/live/new", Back: "/sources/live"}
	name := r.URL.Query().Get("kind")
	if name == "" {
		f.Kinds = s.mandateKinds(r, nil)
		return s.showLiveForm(w, r, f, 0)
	}
	k, ok := s.kindOf(name)
	if !ok {
		return errNoKind
	}
	if err := s.fillLive(r, f, k, watch.Input{Mandate: r.URL.Query().Get("mandate")}, nil); err != nil {
		return err
	}
	return s.showLiveForm(w, r, f, 0)
}

func (s *Server) editLivePage(w http.ResponseWriter, r *http.Request) error {
	x, err := s.Watch.Source(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if x.State == watch.Removed {
		return liveProblem(watch.ErrRemoved)
	}
	k, ok := s.kindOf(x.Kind)
	if !ok {
		return liveProblem(watch.ErrKind)
	}
	f := &liveForm{Action: "/sources/live/" + x.ID + "/edit", Back: "/sources/live/" + x.ID, Version: x.Version}
	in := watch.Input{Name: x.Name, Kind: x.Kind, Mandate: x.Mandate, Settings: x.Settings, Synthetic: x.Synthetic}
	if err := s.fillLive(r, f, k, in, x.Secrets); err != nil {
		return err
	}
	return s.showLiveForm(w, r, f, 0)
}

// fillLive puts what was said of a source into its form. Secrets are never
// among it.
func (s *Server) fillLive(r *http.Request, f *liveForm, k collect.Kind, in watch.Input, secrets []string) error {
	_, all, err := s.mandateTitles(r)
	if err != nil {
		return err
	}
	f.Kind, f.KindName, f.About = k.Name, s.kindName(r, k.Name), s.kindAbout(r, k.Name)
	f.Name, f.Synthetic = in.Name, in.Synthetic
	if k.Terms != nil {
		f.Terms = k.Terms.Source
	}
	if s.may(auth.Of(r.Context()), http.MethodGet, "/mandates/new") {
		f.MandateNew = "/mandates/new"
	}
	for _, c := range s.holds(all, k.Name, s.Now()) {
		f.Mandates = append(f.Mandates, mandateKind{
			Value: c.ID, Label: s.say(r, "live.mandate.choice", "title", c.Title, "state", s.mandateRow(r, c).State), Checked: c.ID == in.Mandate,
		})
	}
	if !slices.ContainsFunc(f.Mandates, func(m mandateKind) bool { return m.Value == in.Mandate }) && f.Version > 0 {
		if i := slices.IndexFunc(all, func(c mandate.Collection) bool { return c.ID == in.Mandate }); i >= 0 {
			f.Mandates = append(f.Mandates, mandateKind{
				Value: in.Mandate, Label: s.say(r, "live.mandate.choice", "title", all[i].Title, "state", s.mandateRow(r, all[i]).State), Checked: true,
			})
		}
	}
	for _, t := range k.Settings {
		v := liveField{
			ID: "setting-" + t.Key, Name: "setting." + t.Key, Label: s.settingName(r, k.Name, t.Key), Help: s.settingHelp(r, k.Name, t.Key),
			Type: t.Type, Value: in.Settings[t.Key], Default: t.Default, Choices: t.Choices, Required: t.Required, Secret: t.Secret,
			Set: slices.Contains(secrets, t.Key),
		}
		if t.Secret {
			v.Value = ""
		}
		f.Settings = append(f.Settings, v)
	}
	return nil
}

func (s *Server) showLiveForm(w http.ResponseWriter, r *http.Request, f *liveForm, status int) error {
	title := s.say(r, "live.new")
	if f.Version > 0 {
		title = s.say(r, "live.edit")
	}
	return s.page(w, r, "live-form", Page{Title: title, Data: f, Place: sourcesPlace, Status: status})
}

// liveInput reads the form of a kind.
func liveInput(r *http.Request, k collect.Kind) watch.Input {
	in := watch.Input{
		Name: strings.TrimSpace(r.FormValue("name")), Kind: k.Name, Mandate: r.FormValue("mandate"), Settings: collect.Values{},
		Synthetic: r.FormValue("synthetic") == "true",
	}
	for _, t := range k.Settings {
		if v := strings.TrimSpace(strings.ReplaceAll(r.FormValue("setting."+t.Key), "\r\n", "\n")); v != "" {
			in.Settings[t.Key] = v
		}
	}
	return in
}

// missing says at each field what has not been said.
func (s *Server) missing(r *http.Request, f *liveForm, in watch.Input) bool {
	found := false
	needed := func(at *string, value string) {
		if value == "" {
			*at, found = s.say(r, "live.wrong.needed"), true
		}
	}
	needed(&f.NameError, in.Name)
	needed(&f.MandateError, in.Mandate)
	for i := range f.Settings {
		if t := &f.Settings[i]; t.Required && !t.Set {
			needed(&t.Error, in.Settings[strings.TrimPrefix(t.Name, "setting.")])
		}
	}
	return found
}

// blame puts an error where it belongs in the form; false where it is not of
// the form.
func (s *Server) blame(r *http.Request, f *liveForm, err error) bool {
	var setting *collect.SettingError
	var config *collect.ConfigError
	switch {
	case errors.As(err, &setting):
		i := slices.IndexFunc(f.Settings, func(t liveField) bool { return t.Name == "setting."+setting.Key })
		if i < 0 {
			f.Problem = s.say(r, "live.wrong.setting", "why", setting.Err.Error())
			return true
		}
		f.Settings[i].Error = s.say(r, "live.wrong.setting", "why", setting.Err.Error())
	case errors.Is(err, watch.ErrName):
		f.NameError = s.say(r, "live.wrong.name")
	case errors.Is(err, watch.ErrPermit):
		f.MandateError = s.say(r, "live.wrong.permit")
	case errors.As(err, &config):
		f.Problem = s.say(r, "live.wrong.setting", "why", config.Error())
	default:
		return false
	}
	return true
}

func (s *Server) addLive(w http.ResponseWriter, r *http.Request) error {
	k, ok := s.kindOf(r.FormValue("kind"))
	if !ok {
		return liveProblem(watch.ErrKind)
	}
	in := liveInput(r, k)
	f := &liveForm{Action: "/sources/live/new", Back: "/sources/live"}
	if err := s.fillLive(r, f, k, in, nil); err != nil {
		return err
	}
	if s.missing(r, f, in) {
		return s.showLiveForm(w, r, f, http.StatusUnprocessableEntity)
	}
	x, err := s.Watch.Add(r.Context(), auth.Of(r.Context()), in)
	switch {
	case err == nil:
		return s.done(w, r, Done{
			To: "/sources/live/" + x.ID, Key: "live.added", Args: []any{"name", x.Name}, Undo: "/sources/live/" + x.ID + "/pause",
			Fields: map[string]string{"version": formatVersion(x.Version)},
		})
	case s.blame(r, f, err):
		return s.showLiveForm(w, r, f, http.StatusUnprocessableEntity)
	}
	return liveProblem(err)
}

func (s *Server) editLive(w http.ResponseWriter, r *http.Request) error {
	x, err := s.Watch.Source(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	k, ok := s.kindOf(x.Kind)
	if !ok {
		return liveProblem(watch.ErrKind)
	}
	in := liveInput(r, k)
	f := &liveForm{Action: "/sources/live/" + x.ID + "/edit", Back: "/sources/live/" + x.ID, Version: max(1, version(r))}
	if err := s.fillLive(r, f, k, in, x.Secrets); err != nil {
		return err
	}
	if s.missing(r, f, in) {
		return s.showLiveForm(w, r, f, http.StatusUnprocessableEntity)
	}
	_, err = s.Watch.Edit(r.Context(), auth.Of(r.Context()), x.ID, version(r), in)
	switch {
	case err == nil:
		return s.done(w, r, Done{To: "/sources/live/" + x.ID, Key: "live.edited", Args: []any{"name", in.Name}})
	case s.blame(r, f, err):
		return s.showLiveForm(w, r, f, http.StatusUnprocessableEntity)
	}
	return liveProblem(err)
}
