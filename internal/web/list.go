package web

import (
	"html/template"
	"time"
)

// Row is one row of a list: of findings, say. The template "row" draws it; rows
// stand in an <ol data-list> (template "list" draws the whole). Keys act on the
// row that has the focus; see Keys.
type Row struct {
	// ID identifies the row in the address and the form of the selection;
	// Box, where it is set, is what the selection sends instead: the ID with
	// the version that was seen, say.
	ID, Box string
	// Link opens the thing itself, Panel opens it beside the list (the
	// address of this page with the panel open).
	Link, Panel string
	// Level is the mark in front: "" none, "low", "middle", "high"; LevelText
	// says it. It judges how much a thing needs somebody, never an account.
	Level, LevelText string
	// Title is one sentence. Sub is a second line, in small.
	Title, Sub string
	Facts      []Fact
	Spark      *Sparkline
	Time       time.Time
	// Owner is who works on it; State where it stands, as a chip.
	Owner, State string
	// New marks what nobody has seen.
	New bool
	// Open marks the row whose panel is open.
	Open bool
	// Keys are the forms that keys send from this row: "e" → the address to
	// post to. The keys of the frame are e (done), a (assign), l (link) and
	// u (undo).
	Keys map[string]string
}

// Fact is a number or word with its name.
type Fact struct {
	Name  string
	Value template.HTML
	// Link leads to what the number counts.
	Link string
}

// List is a list of rows with what can be done to the selected ones.
type List struct {
	// ID is the element's id; Label says what the list holds.
	ID, Label string
	Rows      []Row
	// Action is where the form of selected rows posts to; empty: no boxes.
	// The selected ids go as "id", the button as "do".
	Action string
	Do     []Choice
	Empty  Empty
	Pager  *Pager
}

// Choice is a button of a form, or an entry of a menu.
type Choice struct {
	Value, Label, Icon string
	// Key is the key that does it.
	Key  string
	Main bool
}

// Empty says that there is nothing: what it is, why, and what to do next.
type Empty struct {
	Icon, What, Why string
	// Link and Next are the next thing to do; empty where there is none.
	Link, Next string
}

// Filter is the filter bar: text with fields, completed while it is typed,
// shown as chips, saved as a view. The template "filter" draws it. It is a form
// that sends GET to Action with the text as "q".
type Filter struct {
	Action, Query string
	// Label names the box, Hint stands in it while it is empty.
	Label, Hint string
	// Fields are what can be completed: "lang:" with what it means.
	Fields []Completion
	// Chips are the parts of the query, each with the address without it.
	Chips []Chip
	// Hidden are further parameters that stay.
	Hidden map[string]string
	// Error says what is wrong with the text, At where (a character from 0).
	Error string
	// Count says how much it matches, as a sentence.
	Count string
	// Save is where the form that saves the view posts to.
	Save string
	// Target is the id of the element that a search replaces; empty: the
	// page.
	Target string
}

// Completion is a field or value that the filter bar offers.
type Completion struct{ Text, Meaning string }

// Chip is a part of a filter, or a label.
type Chip struct {
	Text string
	// Without is the address without this part; empty: it cannot be taken
	// out.
	Without string
	// Tone is "", "good", "warn" or "bad".
	Tone string
	Icon string
}

// Progress is a job that goes on; the template "progress" draws it. Events, where
// it is set, is a stream (see Server.events) whose events "progress" bring
// this element anew as HTML.
type Progress struct {
	ID, Label string
	Done, Of  int64 // Of is 0 where it is not known
	Text      string
	State     string // "running", "done", "failed"
	Events    string
	Stop      string // where to post to stop it
}
