package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
)

// How much of a finding's life its page shows.
const (
	eventsShown = 20
	eventsMost  = 500
	runsShown   = 50
	// othersAsked is how many of the most central accounts other findings are
	// looked for by.
	othersAsked = 5
)

// eventView is something that happened to a finding.
type eventView struct {
	Time   time.Time
	Who    string
	What   string
	Other  *findingRef
	Lines  []changeLine
	Undone bool
	Undo   string // the token that undoes it
}

// changeLine is one thing that a change changed.
type changeLine struct{ Name, From, To string }

// fillEvents fills in the history, and gives its events as they are.
func (s *Server) fillEvents(r *http.Request, v *findingView, names map[string]auth.Colleague) ([]finding.Event, error) {
	n := eventsShown + 1
	if r.URL.Query().Get("events") == "all" {
		n = eventsMost
	}
	events, err := s.Findings.Events(r.Context(), v.Finding.ID, n)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says whose events
	}
	if n == eventsShown+1 && len(events) == n {
		events = events[:eventsShown]
		v.MoreEvents = within(r, "history", "events", "all")
	}
	others := map[string]*findingRef{}
	for i := range events {
		e := &events[i]
		if _, seen := others[e.Other]; e.Other != "" && !seen {
			if others[e.Other], err = s.linkTo(r, e.Other); err != nil {
				return nil, err
			}
		}
		x := s.eventView(r, e, names)
		x.Other = others[e.Other]
		v.Events = append(v.Events, x)
	}
	return events, nil
}

// eventView says what an event was.
//
// i18n: finding.event.*
func (s *Server) eventView(r *http.Request, e *finding.Event, names map[string]auth.Colleague) eventView {
	x := eventView{Time: e.Time, Who: s.actorName(r, names, e.Actor), Undone: e.Undone}
	x.What = s.say(r, "finding.event."+string(e.Kind), "from", e.Accounts[0], "count", e.Accounts[1])
	if e.CanUndo {
		x.Undo = e.Batch
	}
	if e.From == nil || e.To == nil {
		return x
	}
	add := func(key, from, to string) {
		if from != to {
			x.Lines = append(x.Lines, changeLine{s.say(r, key), from, to})
		}
	}
	add("finding.state", s.stateName(r, e.From.State), s.stateName(r, e.To.State))
	owner := func(id string) string {
		if id == "" {
			return s.say(r, "finding.nobody")
		}
		return s.colleague(r, names, id)
	}
	add("finding.owner", owner(e.From.Owner), owner(e.To.Owner))
	add("finding.reason", s.reasonOf(r, e.From), s.reasonOf(r, e.To))
	add("finding.reason.text", e.From.ReasonText, e.To.ReasonText)
	return x
}

// reasonOf says why a finding was dismissed.
func (s *Server) reasonOf(r *http.Request, x *finding.Standing) string {
	if x.Reason == "" {
		return ""
	}
	return s.reasonName(r, x.Reason)
}

// actorName names who did something, as the log has it: "user:ID", "system",
// "cli:…".
func (s *Server) actorName(r *http.Request, names map[string]auth.Colleague, actor string) string {
	kind, id, _ := strings.Cut(actor, ":")
	switch kind {
	case "user":
		return s.colleague(r, names, id)
	case "cli":
		return s.say(r, "finding.actor.cli")
	}
	return s.say(r, "finding.actor.system")
}

// notesView is the notes on a finding, with the form for another.
type notesView struct {
	Notes []noteView
	// Action is where a new note is sent; empty where the reader may write
	// none. Draft is the text of one that could not be taken, and Problem why.
	Action         string
	Draft, Problem string
	Most           int
}

type noteView struct {
	ID, Who, Text   string
	Created, Edited time.Time
	Version         int64
	// Edit is where a changed text is sent; empty where the reader may not.
	Edit           string
	Draft, Problem string
}

// noteDraft is a note that could not be taken.
type noteDraft struct {
	ID      string // of the note that was to be changed; empty for a new one
	Text    string
	Status  int
	Problem string
}

// noteMost is how many characters the box of a note takes; package finding
// bounds the bytes.
const noteMost = 6_000

// fillNotes fills in the notes.
func (s *Server) fillNotes(r *http.Request, v *findingView, names map[string]auth.Colleague, draft *noteDraft) error {
	notes, err := s.Findings.Notes(r.Context(), v.Finding.ID)
	if err != nil {
		return err //nolint:wrapcheck // it says whose notes
	}
	v.Notes.Most = noteMost
	who := auth.Of(r.Context())
	writes := s.policy.May(who, auth.FindingNote)
	if writes {
		v.Notes.Action = v.Link + "/notes#notes"
	}
	if draft != nil && draft.ID == "" {
		v.Notes.Draft, v.Notes.Problem = draft.Text, draft.Problem
	}
	for _, n := range notes {
		x := noteView{
			ID: n.ID, Who: s.actorName(r, names, n.Author), Text: n.Text, Created: n.Created, Edited: n.Edited, Version: n.Version, Draft: n.Text,
		}
		if writes && n.Author == "user:"+who.ID {
			x.Edit = v.Link + "/notes/" + n.ID + "#notes"
		}
		if draft != nil && draft.ID == n.ID {
			x.Draft, x.Problem = draft.Text, draft.Problem
		}
		v.Notes.Notes = append(v.Notes.Notes, x)
	}
	return nil
}

// addNote writes a note on a finding.
func (s *Server) addNote(w http.ResponseWriter, r *http.Request) error {
	text := r.FormValue("text")
	n, err := s.Findings.AddNote(r.Context(), r.PathValue("id"), text)
	if err != nil {
		return s.refusedNote(w, r, r.PathValue("id"), &noteDraft{Text: text}, err)
	}
	return s.noted(w, r, n.Finding, "finding.note.added")
}

// editNote changes the text of a note of one's own.
func (s *Server) editNote(w http.ResponseWriter, r *http.Request) error {
	f, err := s.Findings.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err //nolint:wrapcheck // it says which finding
	}
	n, err := s.Findings.Note(r.Context(), r.PathValue("note"))
	if err == nil && n.Finding != f.ID {
		err = casestore.ErrNotFound
	}
	if err != nil {
		return err //nolint:wrapcheck // it says which note
	}
	if n.Author != "user:"+auth.Of(r.Context()).ID {
		return auth.ErrNotAllowed
	}
	version, err := parseVersion(r.FormValue("version"))
	if err != nil {
		return err
	}
	text := r.FormValue("text")
	if _, err := s.Findings.EditNote(r.Context(), n.ID, text, version); err != nil {
		return s.refusedNote(w, r, n.Finding, &noteDraft{ID: n.ID, Text: text}, err)
	}
	return s.noted(w, r, n.Finding, "finding.note.changed")
}

// noted goes back to the notes.
func (s *Server) noted(w http.ResponseWriter, r *http.Request, id, key string) error {
	f, err := s.Findings.Get(r.Context(), id)
	if err != nil {
		return err //nolint:wrapcheck // it says which finding
	}
	return s.done(w, r, Done{To: findingPath(f.Short) + "#notes", Key: key})
}

// refusedNote shows the page again with the text that could not be taken, so
// that nothing is lost.
func (s *Server) refusedNote(w http.ResponseWriter, r *http.Request, id string, d *noteDraft, err error) error {
	switch {
	case errors.Is(err, finding.ErrInvalid):
		d.Status, d.Problem = http.StatusUnprocessableEntity, s.say(r, "finding.note.wrong")
	case errors.Is(err, casestore.ErrConflict):
		d.Status, d.Problem = http.StatusConflict, s.say(r, "finding.note.conflict")
	default:
		return err
	}
	return s.showFinding(w, r, id, d)
}

// runRow is a run that saw the finding's group.
type runRow struct {
	finding.Seen
	Link    string // the page with the snapshot that the run made or saw
	Current bool
}

// fillRuns fills in the runs that saw the group.
func (s *Server) fillRuns(r *http.Request, v *findingView) error {
	seen, err := s.Findings.SeenBy(r.Context(), v.Finding.ID, runsShown)
	if err != nil {
		return err //nolint:wrapcheck // it says which finding
	}
	for _, x := range seen {
		row := runRow{Seen: x, Link: v.Link, Current: x.Snapshot == v.Shown.Version}
		if x.Snapshot != v.Finding.Snapshot {
			row.Link += fmt.Sprintf("?version=%d", x.Snapshot)
		}
		v.Runs = append(v.Runs, row)
	}
	return nil
}

// otherFinding is another finding that holds accounts of this one.
type otherFinding struct {
	findingRef
	Why, State string
	Shared     int
}

// fillOthers looks for other findings by the most central accounts.
func (s *Server) fillOthers(r *http.Request, v *findingView) error {
	place := map[string]int{}
	for i := range v.Shown.Accounts {
		if i == othersAsked {
			break
		}
		v.Asked++
		found, err := s.Findings.Holding(r.Context(), v.Shown.Accounts[i].Key)
		if err != nil {
			return err //nolint:wrapcheck // it says what was asked
		}
		for j := range found {
			f := &found[j]
			if f.ID == v.Finding.ID {
				continue
			}
			at, ok := place[f.ID]
			if !ok {
				at = len(v.Others)
				place[f.ID] = at
				v.Others = append(v.Others, s.otherFinding(r, f))
			}
			v.Others[at].Shared++
		}
	}
	slices.SortStableFunc(v.Others, func(a, b otherFinding) int { return cmp.Compare(b.Shared, a.Shared) })
	return nil
}

func (s *Server) otherFinding(r *http.Request, f *finding.Finding) otherFinding {
	return otherFinding{findingRef: findingRef{f.Short, findingPath(f.Short)}, Why: f.Why[s.langOf(r)], State: s.stateName(r, f.State)}
}

// accountFindings gives the findings whose group holds an account, for its
// page; none where the reader may not see findings.
func (s *Server) accountFindings(r *http.Request, key string) ([]otherFinding, error) {
	if !s.may(auth.Of(r.Context()), http.MethodGet, "/findings/{id}") {
		return nil, nil
	}
	found, err := s.Findings.Holding(r.Context(), key)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was asked
	}
	out := make([]otherFinding, len(found))
	for i := range found {
		out[i] = s.otherFinding(r, &found[i])
	}
	return out, nil
}
