package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/mandate"
	"github.com/akashi-project/akashi/internal/poststore"
)

// markRow is a mark as pages show it.
type markRow struct {
	mandate.Mark
	// Label is the account's name where the mark holds, else the pseudonym;
	// Link its page.
	Label, Link string
	// ClassText says what the account is marked as.
	ClassText string
	Marker    string
	Remover   string
	Holds     bool
	// Replaced says that another mark took its place.
	Replaced bool
}

// className names a class of marks in the reader's language.
//
// i18n: unmasking.class.*
func (s *Server) className(r *http.Request, c mandate.Class) string {
	return s.say(r, "unmasking.class."+string(c))
}

// markRows shows marks. Where one does not hold, its account stands under its
// pseudonym, in what people wrote about it too.
func (s *Server) markRows(r *http.Request, marks []mandate.Mark, public bool) ([]markRow, error) {
	people, err := s.Auth.Colleagues(r.Context())
	if err != nil {
		return nil, err
	}
	out := make([]markRow, len(marks))
	for i, m := range marks {
		if !public {
			m.Reason, m.RemovedWhy = s.Mandate.Withheld(m.Account, m.Reason), s.Mandate.Withheld(m.Account, m.RemovedWhy)
			m.SourceURL = s.Mandate.Withheld(m.Account, m.SourceURL)
		}
		v := markRow{
			Mark: m, Label: m.Alias, Link: "/accounts/" + m.Alias, ClassText: s.className(r, m.Class), Holds: m.Removed.IsZero(),
			Marker: people[m.By].Name, Remover: people[m.RemovedBy].Name, Replaced: !m.Removed.IsZero() && m.RemovedWhy == "",
		}
		if v.Holds {
			v.Label = nameOf(m.Account)
		}
		out[i] = v
	}
	return out, nil
}

// nameOf gives what a named account is called.
func nameOf(a mandate.Account) string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Handle != "":
		return "@" + strings.TrimPrefix(a.Handle, "@")
	}
	return a.ID
}

// addMarks adds an account's marks to its page.
func (s *Server) addMarks(r *http.Request, a *poststore.Account, v *accountNames) error {
	marks, err := s.Mandate.MarkHistory(r.Context(), v.Alias)
	if err != nil {
		return err
	}
	// What was written of the account before is as public as the account is
	// now, and where it is not, without the names that it has now, too.
	for i := range marks {
		if !v.Public {
			marks[i].Reason = s.Mandate.Withheld(mandate.Of(a), marks[i].Reason)
			marks[i].RemovedWhy = s.Mandate.Withheld(mandate.Of(a), marks[i].RemovedWhy)
			marks[i].SourceURL = s.Mandate.Withheld(mandate.Of(a), marks[i].SourceURL)
		}
	}
	if v.Marks, err = s.markRows(r, marks, v.Public); err != nil {
		return err
	}
	for i := range v.Marks {
		if v.Marks[i].Holds {
			v.Mark = &v.Marks[i]
		}
	}
	for _, c := range mandate.Classes {
		v.Classes = append(v.Classes, Choice{Value: string(c), Label: s.className(r, c), Main: v.Class == string(c)})
	}
	return nil
}

// marksView is the list of marks that hold.
type marksView struct {
	Tabs     []tab
	Rows     []markRow
	Pager    Pager
	Empty    Empty
	Requests bool
}

// marks lists the marks that hold.
func (s *Server) marks(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Mandate.Marks(r.Context())
	if err != nil {
		return err
	}
	class := mandate.Class(r.URL.Query().Get("class"))
	v := marksView{
		Tabs:     []tab{{Label: s.say(r, "unmasking.marks.all"), Link: "/marks", Count: int64(len(all)), Current: !slices.Contains(mandate.Classes, class)}},
		Requests: s.may(auth.Of(r.Context()), http.MethodGet, "/unmasking"),
		Empty:    Empty{Icon: "landmark", What: s.say(r, "unmasking.marks.empty"), Why: s.say(r, "unmasking.marks.empty.why")},
	}
	counts := map[mandate.Class]int64{}
	for i := range all {
		counts[all[i].Class]++
	}
	for _, c := range mandate.Classes {
		v.Tabs = append(v.Tabs, tab{Label: s.className(r, c), Link: "/marks?class=" + string(c), Count: counts[c], Current: c == class})
	}
	if slices.Contains(mandate.Classes, class) {
		all = slices.DeleteFunc(all, func(m mandate.Mark) bool { return m.Class != class })
	}
	pager, skip := pagerOf(r, int64(len(all)), pageSize)
	v.Pager = pager
	if v.Rows, err = s.markRows(r, all[skip:min(skip+pageSize, len(all))], true); err != nil {
		return err
	}
	place := "/search"
	if v.Requests {
		place = "/unmasking"
	}
	return s.page(w, r, "marks", Page{Title: s.say(r, "unmasking.marks.title"), Data: v, Place: place})
}

// markAccount marks an account, which everybody then sees by its name.
func (s *Server) markAccount(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := s.accountOf(r)
	if err != nil {
		return err
	}
	typed := namesTyped{
		Class: r.PostFormValue("class"), MarkReason: strings.TrimSpace(r.PostFormValue("reason")),
		Source: strings.TrimSpace(r.PostFormValue("source")),
	}
	if again := r.PostFormValue("again"); again != "" {
		if typed, err = s.markAgain(r, &a, again); err != nil {
			return err
		}
	}
	switch {
	case !slices.Contains(mandate.Classes, mandate.Class(typed.Class)):
		typed.MarkProblem = s.say(r, "unmasking.mark.class.wrong")
	case typed.Source == "" && !reasonEnough(typed.MarkReason):
		typed.MarkProblem = s.say(r, "unmasking.mark.reason.wrong")
	case len([]rune(typed.MarkReason)) > reasonMost:
		typed.MarkProblem = s.say(r, "unmasking.reason.long", "most", reasonMost)
	case typed.Source != "" && (webAddress(typed.Source) == "" || len(typed.Source) > reasonMost):
		typed.MarkProblem = s.say(r, "unmasking.mark.source.wrong")
	}
	if typed.MarkProblem != "" {
		return s.showAccount(w, r, http.StatusUnprocessableEntity, typed)
	}
	m, err := s.Mandate.MarkAccount(ctx, auth.Of(ctx), mandate.Of(&a), mandate.Class(typed.Class), typed.MarkReason, typed.Source)
	if err != nil {
		return err
	}
	d := Done{To: "/accounts/" + m.Alias, Key: "unmasking.mark.done"}
	if r.PostFormValue("replaces") == "" {
		d.Undo, d.Fields = "/accounts/"+m.Alias+"/unmark", map[string]string{"why": s.say(r, "unmasking.unmark.undo")}
	}
	return s.done(w, r, d)
}

// markAgain gives what an earlier mark of the account says.
func (s *Server) markAgain(r *http.Request, a *poststore.Account, id string) (namesTyped, error) {
	held, err := s.Mandate.MarkHistory(r.Context(), a.Alias)
	if err != nil {
		return namesTyped{}, err
	}
	for i := range held {
		if m := &held[i]; m.ID == id {
			return namesTyped{Class: string(m.Class), MarkReason: m.Reason, Source: m.SourceURL}, nil
		}
	}
	return namesTyped{}, casestore.ErrNotFound
}

// unmarkAccount takes the mark away: the account has its pseudonym again.
func (s *Server) unmarkAccount(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := s.accountOf(r)
	if err != nil {
		return err
	}
	typed := namesTyped{Why: strings.TrimSpace(r.PostFormValue("why"))}
	if !reasonEnough(typed.Why) {
		typed.UnmarkProblem = s.say(r, "unmasking.unmark.why.wrong")
		return s.showAccount(w, r, http.StatusUnprocessableEntity, typed)
	}
	held, err := s.Mandate.MarkHistory(ctx, a.Alias)
	if err != nil {
		return err
	}
	err = s.Mandate.RemoveMark(ctx, auth.Of(ctx), a.Alias, typed.Why)
	if errors.Is(err, casestore.ErrNotFound) {
		return &Problem{Status: http.StatusConflict, Key: "unmasking.unmark.none", Err: err}
	}
	if err != nil {
		return fmt.Errorf("removing the mark: %w", err)
	}
	d := Done{To: "/accounts/" + a.Alias, Key: "unmasking.unmark.done"}
	if i := slices.IndexFunc(held, func(m mandate.Mark) bool { return m.Removed.IsZero() }); i >= 0 {
		// By its id: the next page is not to hold what names the account.
		d.Undo, d.Fields = "/accounts/"+a.Alias+"/mark", map[string]string{"again": held[i].ID}
	}
	return s.done(w, r, d)
}
