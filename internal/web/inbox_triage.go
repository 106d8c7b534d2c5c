package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/finding"
)

// inboxProblem says why a change was not made: key where it cannot be.
func inboxProblem(err error, key string) error {
	switch {
	case errors.Is(err, finding.ErrInvalid):
		return &Problem{Status: http.StatusUnprocessableEntity, Key: key, Err: err}
	case errors.Is(err, casestore.ErrConflict):
		return &Problem{Status: http.StatusConflict, Key: "inbox.conflict.many", Err: err}
	}
	return err
}

// backOf is the address to go back to after a change: the page that htmx is on,
// whose panel may have been opened since the form was made, else what the form
// says, else the inbox.
func backOf(r *http.Request) *url.URL {
	for _, to := range []string{r.Header.Get("HX-Current-URL"), r.FormValue("back")} {
		u, err := url.Parse(to)
		if to == "" || err != nil {
			continue
		}
		if u, err = url.Parse(local(u.RequestURI())); err == nil && u.Path != "/" {
			return u
		}
	}
	return &url.URL{Path: "/inbox"}
}

// changeOf reads a change from a form: state, reason, reason_text, owner.
func (s *Server) changeOf(r *http.Request) (finding.Change, error) {
	c := finding.Change{State: finding.State(r.FormValue("state"))}
	if c.State == finding.StateDismissed {
		c.Reason, c.ReasonText = finding.Reason(r.FormValue("reason")), strings.TrimSpace(r.FormValue("reason_text"))
		if c.Reason == finding.ReasonOther && c.ReasonText == "" {
			return c, invalid("inbox.reason.needed")
		}
		if c.Reason == "" {
			return c, invalid("inbox.reason.choose")
		}
	}
	owner := r.FormValue("owner")
	switch owner {
	case "":
		return c, nil
	case "me":
		owner = auth.Of(r.Context()).ID
	case "none":
		owner = ""
	default:
		names, err := s.inboxNames(r)
		if err != nil {
			return c, err
		}
		if _, ok := names[owner]; !ok {
			return c, invalid("inbox.owner.unknown")
		}
	}
	c.Owner = &owner
	return c, nil
}

// doneKey is the sentence that says what a change did to so many findings.
func doneKey(c *finding.Change, changed int) string {
	switch {
	case changed == 0:
		return "inbox.done.nothing"
	case c.State == finding.StateTriaged:
		return "inbox.done.triaged"
	case c.State == finding.StateDismissed:
		return "inbox.done.dismissed"
	case c.State == finding.StateNew:
		return "inbox.done.new"
	case c.State != "":
		return "inbox.done.state"
	case *c.Owner == "":
		return "inbox.done.released"
	}
	return "inbox.done.assigned"
}

// triaged makes a change and says what to answer.
func (s *Server) triaged(ctx context.Context, ids []string, c finding.Change, back string) (Done, error) {
	result, err := s.Findings.Triage(ctx, ids, c)
	if err != nil {
		return Done{}, err
	}
	d := Done{To: back, Key: doneKey(&c, len(result.Changed)), Args: []any{"count", len(result.Changed)}}
	if result.Undo != "" {
		d.Undo, d.Fields = "/findings/undo", map[string]string{"undo": result.Undo, "back": back}
	}
	return d, nil
}

// inboxTriage changes one finding: from the panel, by a key, or from the
// finding's own page. Where somebody was faster, what was asked for is shown
// again beside what is there now.
func (s *Server) inboxTriage(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	c, err := s.changeOf(r)
	if err != nil {
		return err
	}
	if v := r.FormValue("version"); v != "" {
		version, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return invalid("inbox.invalid")
		}
		c.Versions = map[string]int64{id: version}
	}
	back := backOf(r)
	d, err := s.triaged(r.Context(), []string{id}, c, back.String())
	if errors.Is(err, casestore.ErrConflict) && !isHTMX(r) {
		return s.inboxConflict(w, r, &c, back.String())
	}
	if err != nil {
		var p *Problem
		if err = inboxProblem(err, "inbox.invalid"); errors.As(err, &p) && p.Status == http.StatusConflict {
			p.Key = "inbox.conflict"
		}
		return err
	}
	if isHTMX(r) && back.Path == "/inbox" {
		d.Part = "inbox-row"
		if d.PartData, err = s.inboxAfterKey(r, id, back); err != nil {
			return err
		}
	}
	return s.done(w, r, d)
}

// inboxAfterKey gives the row of a finding anew, for the list at the address
// back, and its panel where that is open.
func (s *Server) inboxAfterKey(r *http.Request, id string, back *url.URL) (map[string]any, error) {
	f, err := s.Findings.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	names, err := s.inboxNames(r)
	if err != nil {
		return nil, err
	}
	row := s.inboxRow(r, back, names, &f, finding.Sort(back.Query().Get("sort")))
	data := map[string]any{"Row": row, "Boxes": "/inbox", "Panel": (*inboxPanelView)(nil), "Close": ""}
	if row.Open {
		closed := back.Query()
		closed.Del("open")
		data["Close"] = (&url.URL{Path: back.Path, RawQuery: closed.Encode()}).String()
		if data["Panel"], err = s.inboxPanel(r, names, f.ID, back.String()); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// inboxConflictView is what somebody wanted, beside what is there by now.
type inboxConflictView struct {
	Finding                *finding.Finding
	Link, State, Owner     string
	Reason                 string
	Wants                  string
	WantsReason, WantsText string
	Fields                 map[string]string
	Back                   string
}

// inboxConflict shows a change again that met another one.
func (s *Server) inboxConflict(w http.ResponseWriter, r *http.Request, c *finding.Change, back string) error {
	f, err := s.Findings.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	names, err := s.inboxNames(r)
	if err != nil {
		return err
	}
	v := inboxConflictView{
		Finding: &f, Link: findingLink(&f), State: s.stateName(r, f.State), Owner: names[f.Owner].Name, WantsText: c.ReasonText, Back: back,
		Fields: map[string]string{"version": strconv.FormatInt(f.Version, 10), "back": back},
	}
	if f.State == finding.StateDismissed {
		v.Reason = s.reasonName(r, f.Reason)
	}
	for _, name := range []string{"state", "reason", "reason_text", "owner"} {
		if x := r.FormValue(name); x != "" {
			v.Fields[name] = x
		}
	}
	switch {
	case c.State != "":
		v.Wants = s.stateName(r, c.State)
		if c.Reason != "" {
			v.WantsReason = s.reasonName(r, c.Reason)
		}
	case *c.Owner == "":
		v.Wants = s.say(r, "inbox.owner.none")
	default:
		v.Wants = s.say(r, "inbox.wants.owner", "name", names[*c.Owner].Name)
	}
	return s.page(w, r, "inbox-conflict", Page{Status: http.StatusConflict, Title: s.say(r, "inbox.conflict.title"), Data: v, Place: "/inbox"})
}

// inboxBulk changes the selected findings. The button says what to do: "assign",
// "triaged", "new", or "dismissed:" and a reason.
func (s *Server) inboxBulk(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return invalid("inbox.invalid")
	}
	var ids []string
	c := finding.Change{Versions: map[string]int64{}}
	for _, box := range r.PostForm["id"] {
		id, version, _ := strings.Cut(box, ".")
		ids = append(ids, id)
		if v, err := strconv.ParseInt(version, 10, 64); err == nil {
			c.Versions[id] = v
		}
	}
	if len(ids) == 0 {
		return invalid("inbox.selection.empty")
	}
	do, reason, _ := strings.Cut(r.PostForm.Get("do"), ":")
	switch do {
	case "assign":
		me := auth.Of(r.Context()).ID
		c.Owner = &me
	case string(finding.StateTriaged), string(finding.StateNew):
		c.State = finding.State(do)
	case string(finding.StateDismissed):
		c.State, c.Reason = finding.StateDismissed, finding.Reason(reason)
		for _, text := range r.PostForm["reason_text"] { // the bar has the box, and stands there twice without scripts
			if c.ReasonText == "" && c.Reason == finding.ReasonOther {
				c.ReasonText = strings.TrimSpace(text)
			}
		}
		if c.Reason == finding.ReasonOther && c.ReasonText == "" {
			return invalid("inbox.reason.needed")
		}
	default:
		return invalid("inbox.invalid")
	}
	d, err := s.triaged(r.Context(), ids, c, backOf(r).String())
	if err != nil {
		return inboxProblem(err, "inbox.invalid")
	}
	return s.done(w, r, d)
}

// inboxUndo takes a change back.
func (s *Server) inboxUndo(w http.ResponseWriter, r *http.Request) error {
	token := r.FormValue("undo")
	if token == "" {
		return invalid("inbox.invalid")
	}
	result, err := s.Findings.Undo(r.Context(), token)
	if errors.Is(err, casestore.ErrConflict) {
		return &Problem{Status: http.StatusConflict, Key: "inbox.undo.conflict", Err: err}
	}
	if err != nil {
		return err
	}
	return s.done(w, r, Done{To: backOf(r).String(), Key: "inbox.done.undone", Args: []any{"count", len(result.Changed)}})
}
