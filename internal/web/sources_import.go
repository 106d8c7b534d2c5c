package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/intake"
)

// importRow is one import in a table.
type importRow struct {
	intake.Import
	Link, Search string
	Person       string
	State        string
	Tone         string
}

// importRows puts imports into words.
func (s *Server) importRows(r *http.Request, found []intake.Import) ([]importRow, error) {
	people, err := s.Auth.Colleagues(r.Context())
	if err != nil {
		return nil, err
	}
	out := make([]importRow, len(found))
	for i := range found {
		m := &found[i]
		out[i] = importRow{
			Import: *m, Link: "/sources/imports/" + m.ID, Search: s.sourceSearch(r, m.Source),
			Person: s.importer(r, people, m.Who), State: s.importState(r, m.State), Tone: importTone(m),
		}
	}
	return out, nil
}

// importState names a state in the reader's language.
//
// i18n: sources.state.*
func (s *Server) importState(r *http.Request, state intake.State) string {
	return s.say(r, "sources.state."+string(state))
}

// importTone is the tone of an import's chip: what needs somebody stands out.
func importTone(m *intake.Import) string {
	switch {
	case m.State == intake.Failed:
		return "bad"
	case m.State == intake.Interrupted, m.State == intake.Done && m.Bad > 0:
		return "warn"
	case m.State == intake.Done:
		return "good"
	}
	return ""
}

// importer names who asked for an import.
func (s *Server) importer(r *http.Request, people map[string]auth.Colleague, who string) string {
	kind, id, _ := strings.Cut(who, ":")
	switch kind {
	case "user":
		if p, ok := people[id]; ok {
			return p.Name
		}
	case "cli":
		return s.say(r, "sources.who.cli", "login", id)
	}
	return who
}

// importsRunning are the imports of a page that go on. Its template is what the
// stream of events brings anew, so that it holds nothing that can have the focus.
type importsRunning struct {
	Jobs   []Progress
	Events string
}

// importsRunning gives those that have not ended, with the address of the
// stream that follows them; it ends once one of them stands elsewhere.
func (s *Server) importsRunning(r *http.Request, found []intake.Import) importsRunning {
	var v importsRunning
	var seen []string
	for i := range found {
		m := &found[i]
		if m.Ended() {
			continue
		}
		seen = append(seen, m.ID+":"+string(m.State))
		if m.State == intake.Running {
			v.Jobs = append(v.Jobs, Progress{
				ID: "import-" + m.ID, Label: m.File.Name, State: "running",
				Text: s.say(r, "sources.progress", "read", sizeText(s.langOf(r), m.Read), "size", sizeText(s.langOf(r), m.File.Size), "count", m.Posts),
				Done: m.Read * 100 / max(m.File.Size, 1), Of: 100,
			})
		}
	}
	if len(seen) > 0 {
		v.Events = "/sources/events?" + url.Values{"seen": {strings.Join(seen, ",")}}.Encode()
	}
	return v
}

// importBeat is how often the progress of imports is looked at.
const importBeat = 400 * time.Millisecond

// importEvents streams the progress of the imports that the address names with
// the states in which the page saw them. It ends with the first change of a
// state; the page then loads itself again.
func (s *Server) importEvents(w http.ResponseWriter, r *http.Request) error {
	seen := strings.Split(r.URL.Query().Get("seen"), ",")
	if len(seen) > importsShown {
		return invalid("sources.events.wrong")
	}
	set, err := s.looks.set(s.langOf(r), zoneOf(r))
	if err != nil {
		return err
	}
	return s.events(w, r, func(ctx context.Context, send func(string, any) error) error {
		tick := time.NewTicker(importBeat)
		defer tick.Stop()
		for last := template.HTML(""); ; {
			var found []intake.Import
			for _, x := range seen {
				id, state, _ := strings.Cut(x, ":")
				m, err := s.Intake.Get(ctx, id)
				if errors.Is(err, casestore.ErrNotFound) || err == nil && string(m.State) != state {
					return send("done", "")
				}
				if err != nil {
					return err
				}
				found = append(found, m)
			}
			part, err := execute(set, "sources-running", s.importsRunning(r, found))
			if err != nil {
				return err
			}
			if part != last {
				if err := send("progress", string(part)); err != nil {
					return err
				}
				last = part
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
}

// importView is everything about one import.
type importView struct {
	importRow
	MayImport bool
	Running   importsRunning
	// Begin, Continue and Cancel say which buttons there are.
	Begin, Continue, Cancel bool
	Counts                  []importCount
	Mapping, Asked          []importMapping
	Skipped                 []skippedRow
	// More is how many records could not be read beyond those shown.
	More int64
	// Preview is what the beginning of a file holds that waits to be
	// begun.
	Preview *uploadPreview
}

// importCount is one number of an import with what it means.
type importCount struct {
	Name, About string
	N           int64
	Link        string
}

// importMapping is a role and the column it is read from.
type importMapping struct{ Role, About, Column string }

// skippedRow is a reason for which records are no posts, and how many there are.
type skippedRow struct {
	Why string
	N   int64
}

func (s *Server) importPage(w http.ResponseWriter, r *http.Request) error {
	m, err := s.Intake.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v, err := s.importView(r, m)
	if err != nil {
		return err
	}
	return s.page(w, r, "sources-import", Page{Title: m.File.Name, Data: v, Place: sourcesPlace})
}

func (s *Server) importView(r *http.Request, m intake.Import) (*importView, error) {
	rows, err := s.importRows(r, []intake.Import{m})
	if err != nil {
		return nil, err
	}
	v := &importView{
		importRow: rows[0], MayImport: s.policy.May(auth.Of(r.Context()), auth.SourceImport),
		Running: s.importsRunning(r, []intake.Import{m}), Mapping: s.importMapping(r, m.Mapping), Asked: s.importMapping(r, m.Options.Map),
		More: m.Bad - int64(len(m.Reasons)),
	}
	v.Counts = s.importCounts(r, v)
	if !v.MayImport {
		// Reasons quote the file, which names people.
		v.Reasons, v.Problem = nil, ""
		return v, nil
	}
	for _, why := range slices.Sorted(maps.Keys(m.SkippedWhy)) {
		v.Skipped = append(v.Skipped, skippedRow{why, m.SkippedWhy[why]})
	}
	v.Begin = m.State == intake.Waiting && m.Started.IsZero()
	v.Continue = m.State == intake.Interrupted
	v.Cancel = !m.Ended()
	if v.Begin && m.File.Spooled {
		// The job may have taken the file in the meantime, and removed it.
		if p, err := s.peek(r, m.File, m.Options); err == nil {
			v.Preview = p
		}
	}
	return v, nil
}

// importCounts gives the numbers of an import in the order in which they add up.
func (s *Server) importCounts(r *http.Request, v *importView) []importCount {
	m := &v.Import
	count := func(name string, n int64, link string) importCount {
		return importCount{Name: s.importCountName(r, name), About: s.importCountAbout(r, name), N: n, Link: link}
	}
	bad, skipped := "", ""
	if v.MayImport && m.Bad > 0 {
		bad = "#bad"
	}
	if v.MayImport && m.Skipped > 0 {
		skipped = "#skipped"
	}
	out := []importCount{
		count("rows", m.Rows, ""), count("bad", m.Bad, bad), count("skipped", m.Skipped, skipped),
		count("posts", m.Posts, ""), count("new", m.New, ""), count("changed", m.Changed, ""), count("same", m.Same, ""),
	}
	if m.Collided > 0 {
		out = append(out, count("collided", m.Collided, ""))
	}
	if n := m.Uncounted(); n > 0 {
		out = append(out, count("uncounted", n, ""))
	}
	if m.Replaced > 0 {
		out = append(out, count("replaced", m.Replaced, ""))
	}
	return out
}

// importCountName names a count, importCountAbout says what it counts.
//
// i18n: sources.count.*
// i18n: sources.about.*
func (s *Server) importCountName(r *http.Request, name string) string {
	return s.say(r, "sources.count."+name)
}

func (s *Server) importCountAbout(r *http.Request, name string) string {
	return s.say(r, "sources.about."+name)
}

// importMapping puts a mapping into the order of the roles.
func (s *Server) importMapping(r *http.Request, m map[string]string) []importMapping {
	var out []importMapping
	for _, role := range file.Roles() {
		if column, ok := m[role.Name]; ok {
			out = append(out, importMapping{role.Name, s.roleAbout(r, role.Name), column})
		}
	}
	return out
}

// roleAbout says what a column may mean.
//
// i18n: sources.role.*
func (s *Server) roleAbout(r *http.Request, role string) string {
	return s.say(r, "sources.role."+role)
}

// cancelImport ends an import. What is in stays.
func (s *Server) cancelImport(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.Intake.Cancel(r.Context(), id); err != nil {
		return err
	}
	return s.done(w, r, Done{To: "/sources/imports/" + id, Key: "sources.cancelled"})
}

// continueImport puts an import that waits or was interrupted into the queue.
func (s *Server) continueImport(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	m, err := s.Intake.Get(ctx, id)
	if err != nil {
		return err
	}
	if m.Ended() {
		return invalid("sources.ended")
	}
	if err := s.Casework.Change(ctx, func(tx *casestore.Tx) error {
		if err := s.QueueImport(ctx, tx, id); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Action: string(auth.SourceImport), Object: "import:" + id, Detail: map[string]any{"did": "continue"},
		})
	}); err != nil {
		return fmt.Errorf("queueing import %s: %w", id, err)
	}
	return s.done(w, r, Done{To: "/sources/imports/" + id, Key: "sources.continued"})
}
