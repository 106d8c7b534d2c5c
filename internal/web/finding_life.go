package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
)

// actorName says who acts, by what the log calls them.
func (s *Server) actorName(r *http.Request, names map[string]auth.Colleague, actor string) string {
	kind, id, _ := strings.Cut(actor, ":")
	switch kind {
	case "user":
		if c, ok := names[id]; ok {
			return c.Name
		}
		return s.say(r, "finding.actor.former")
	case "token":
		return s.say(r, "finding.actor.token")
	case "cli":
		return s.say(r, "finding.actor.operator")
	}
	return s.say(r, "finding.actor.system")
}

// shownEvents and shownSeen are how many a page lists.
const (
	shownEvents = 100
	shownSeen   = 30
)

// fillLife adds what people wrote and decided, and which runs saw the group.
func (s *Server) fillLife(r *http.Request, v *findingView, names map[string]auth.Colleague) error {
	ctx, who, id := r.Context(), auth.Of(r.Context()), v.Finding.ID
	v.MayNote = s.policy.May(who, auth.FindingNote)
	notes, err := s.Findings.Notes(ctx, id)
	if err != nil {
		return fmt.Errorf("reading notes: %w", err)
	}
	for _, n := range notes {
		row := noteRow{Note: n, Who: s.actorName(r, names, n.Author)}
		if v.MayNote && n.Author == who.Actor() {
			row.Edit = "/notes/" + url.PathEscape(n.ID)
		}
		v.Notes = append(v.Notes, row)
	}
	events, err := s.Findings.Events(ctx, id, shownEvents)
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	for i := range events {
		e := &events[i]
		row := eventRow{Event: *e, Who: s.actorName(r, names, e.Actor), Text: s.eventText(r, names, e)}
		if e.CanUndo && v.May {
			row.Token = e.ID
		}
		if e.Run != "" && s.may(who, http.MethodGet, "/detections/runs/{id}") {
			row.Run = "/detections/runs/" + url.PathEscape(e.Run)
		}
		v.History = append(v.History, row)
	}
	seen, err := s.Findings.SeenBy(ctx, id, shownSeen)
	if err != nil {
		return fmt.Errorf("reading the runs: %w", err)
	}
	for _, x := range seen {
		v.Seen = append(v.Seen, seenRow{
			Seen: x, Link: "/findings/" + url.PathEscape(v.Finding.Short) + "?version=" + strconv.FormatInt(x.Snapshot, 10),
			Network: coordinationLink(x.Run, id), Shown: v.Snapshot != nil && v.Snapshot.Run == x.Run,
		})
	}
	return nil
}

// i18n: finding.event.*

// eventText says what happened in a sentence.
func (s *Server) eventText(r *http.Request, names map[string]auth.Colleague, e *finding.Event) string {
	if e.Kind != finding.EventTriage || e.To == nil {
		return s.say(r, "finding.event."+string(e.Kind), "before", e.Accounts[0], "after", e.Accounts[1])
	}
	from := finding.Standing{}
	if e.From != nil {
		from = *e.From
	}
	switch {
	case e.To.State == finding.StateDismissed && from.State != finding.StateDismissed:
		return s.say(r, "finding.event.dismissed", "reason", s.reasonName(r, e.To.Reason))
	case e.To.State != from.State:
		return s.say(r, "finding.event.state", "state", s.stateName(r, e.To.State))
	case e.To.Owner != from.Owner && e.To.Owner == "":
		return s.say(r, "finding.event.released")
	case e.To.Owner != from.Owner:
		return s.say(r, "finding.event.owner", "name", names[e.To.Owner].Name)
	}
	return s.say(r, "finding.event.changed")
}

// noteProblem says why a note was not taken.
func noteProblem(err error) error {
	switch {
	case errors.Is(err, finding.ErrInvalid):
		return &Problem{Status: http.StatusUnprocessableEntity, Key: "finding.note.invalid", Err: err}
	case errors.Is(err, casestore.ErrConflict):
		return &Problem{Status: http.StatusConflict, Key: "finding.note.conflict", Err: err}
	}
	return err
}

// addNote writes a note on a finding.
func (s *Server) addNote(w http.ResponseWriter, r *http.Request) error {
	f, err := s.Findings.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, err := s.Findings.AddNote(r.Context(), f.ID, r.FormValue("text")); err != nil {
		return noteProblem(err)
	}
	return s.done(w, r, Done{To: findingLink(&f) + "#notes", Key: "finding.note.added"})
}

// editNote changes a note of one's own.
func (s *Server) editNote(w http.ResponseWriter, r *http.Request) error {
	n, err := s.Findings.Note(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if n.Author != auth.Of(r.Context()).Actor() {
		return auth.ErrNotAllowed
	}
	version, err := strconv.ParseInt(r.FormValue("version"), 10, 64)
	if err != nil {
		return invalid("finding.note.invalid")
	}
	if _, err := s.Findings.EditNote(r.Context(), n.ID, r.FormValue("text"), version); err != nil {
		return noteProblem(err)
	}
	f, err := s.Findings.Get(r.Context(), n.Finding)
	if err != nil {
		return err
	}
	return s.done(w, r, Done{To: findingLink(&f) + "#notes", Key: "finding.note.changed"})
}
