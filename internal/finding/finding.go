package finding

import (
	"time"

	"github.com/akashi-project/akashi/internal/report"
)

// Kind is which detector reported a finding.
type Kind string

// Coordination is the kind of findings that the coordination engine reports.
const Coordination Kind = "coordination"

// Finding is a group that a detection reports, without its evidence (see
// [Snapshot]).
type Finding struct {
	// ID never changes. Short is a name that can be said: "F-2026-0012", the
	// year and a number that counts from 1 in each year.
	ID    string `json:"id"`
	Short string `json:"short"`
	Kind  Kind   `json:"kind"`
	// Detection is the id of the detection, DetectionName its name now.
	Detection     string `json:"detection"`
	DetectionName string `json:"detection_name"`
	Standing
	// Version grows with every change by a person and where a run changes
	// the state.
	Version int64 `json:"version"`
	// Merged is the id of the finding that the group became a part of;
	// empty where it stands for itself.
	Merged string `json:"merged,omitempty"`
	// Risk, Novelty and Tempo are in 0…1; see measures.go.
	Risk    Measure `json:"risk"`
	Novelty Measure `json:"novelty"`
	Tempo   Measure `json:"tempo"`
	// Why says in one sentence why it is shown, Counter what speaks against,
	// each by language ("ja", "en").
	Why     report.Sentence `json:"why"`
	Counter report.Sentence `json:"counter"`
	// Accounts, Posts, Edges and CoActions count the group of the newest
	// snapshot. Posts are those that act on something shared.
	Accounts  int   `json:"accounts"`
	Posts     int64 `json:"posts"`
	Edges     int64 `json:"edges"`
	CoActions int64 `json:"co_actions"`
	// Behaviours are the group's, strongest first, by name. Platforms and
	// Languages are those of its accounts and (a sample of) its posts, most
	// frequent first.
	Behaviours []string `json:"behaviours"`
	Platforms  []string `json:"platforms,omitempty"`
	Languages  []string `json:"languages,omitempty"`
	// Synthetic says that some of the posts looked at were made up by a
	// simulator or for an exercise.
	Synthetic bool `json:"synthetic,omitempty"`
	// Spark counts the group's posts by the hour.
	Spark Spark `json:"spark"`
	// First and Last bound the group's co-actions.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// Created is when the finding was made, Updated when a run or a person
	// last changed it.
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	// Seen is how many runs saw the group; LastRun is the last of them.
	Seen    int64  `json:"seen"`
	LastRun string `json:"last_run"`
	// Snapshot is the number of the newest snapshot; they count from 1.
	Snapshot int64 `json:"snapshot"`
}

// Spark counts posts in the 24 hours that end with the group's last post, by
// the hour. It is what a row of a list draws.
type Spark struct {
	Start  time.Time `json:"start"`
	Counts []int64   `json:"counts"` // 24 numbers
}

// Seen says that a run saw a finding's group.
type Seen struct {
	Run      string    `json:"run"`
	Time     time.Time `json:"time"`
	Accounts int       `json:"accounts"`
	Posts    int64     `json:"posts"`
	// Overlap is how similar the group was to what the finding was before
	// (Jaccard); 1 for the first time.
	Overlap float64 `json:"overlap"`
	// Snapshot is the version that shows the group as the run saw it.
	Snapshot int64 `json:"snapshot"`
}

// EventKind is what happened to a finding.
type EventKind string

// The kinds of events.
const (
	EventCreated  EventKind = "created"  // by a run
	EventUpdated  EventKind = "updated"  // by a run: the group changed
	EventTriage   EventKind = "triage"   // by a person: state, owner
	EventUndo     EventKind = "undo"     // by a person
	EventReopened EventKind = "reopened" // by a run: a dismissed group grew
	EventSplit    EventKind = "split"    // by a run: came off Other
	EventMerged   EventKind = "merged"   // by a run: became a part of Other
	EventAbsorbed EventKind = "absorbed" // by a run: took Other in
	EventParted   EventKind = "parted"   // by a run: stands for itself again
	EventNote     EventKind = "note"     // by a person: a note written or changed
)

// Event is something that happened to a finding.
type Event struct {
	ID      string `json:"id"`
	Finding string `json:"finding"`
	// Batch is shared by the events of one change over many findings: the
	// token that undoes it.
	Batch string    `json:"batch"`
	Time  time.Time `json:"time"`
	// Actor is who did it, as in the log: "user:ID", "system", …
	Actor string    `json:"actor"`
	Kind  EventKind `json:"kind"`
	// From and To are the standing before and after, where it changed.
	From *Standing `json:"from,omitempty"`
	To   *Standing `json:"to,omitempty"`
	// Run is the run that it came of, Other another finding that it is
	// about, Note a note.
	Run   string `json:"run,omitempty"`
	Other string `json:"other,omitempty"`
	Note  string `json:"note,omitempty"`
	// Accounts are how many the group had before and after, for events of
	// runs.
	Accounts [2]int `json:"accounts,omitzero"`
	// Undoes is the event that an undo reversed; Undone says that this one
	// was reversed.
	Undoes string `json:"undoes,omitempty"`
	Undone bool   `json:"undone,omitempty"`
	// CanUndo says that nothing later stands on it.
	CanUndo bool `json:"can_undo,omitempty"`
}

// Note is what a person wrote on a finding.
type Note struct {
	ID      string    `json:"id"`
	Finding string    `json:"finding"`
	Author  string    `json:"author"` // as in the log: "user:ID"
	Text    string    `json:"text"`
	Created time.Time `json:"created"`
	Edited  time.Time `json:"edited,omitzero"`
	Version int64     `json:"version"`
}

// Sort is an order of findings.
type Sort string

// The orders: each the greatest first, equal ones the newest first.
const (
	ByRisk    Sort = "risk"
	ByNovelty Sort = "novelty"
	ByTempo   Sort = "tempo"
	ByUpdated Sort = "updated"
)

// Filter says which findings are listed. Its zero value means all.
type Filter struct {
	States []State `json:"states,omitempty"`
	Kinds  []Kind  `json:"kinds,omitempty"`
	// Owner is a person's id; "-" means those without.
	Owner     string `json:"owner,omitempty"`
	Detection string `json:"detection,omitempty"`
	// Run lists those that the run saw.
	Run string `json:"run,omitempty"`
	// Text is looked for in the short id, the behaviours, and the strongest
	// objects except accounts.
	Text    string  `json:"text,omitempty"`
	MinRisk float64 `json:"min_risk,omitempty"`
	// Since lists those with activity at the time or after it.
	Since time.Time `json:"since,omitzero"`
	// Merged lists also those that became a part of another.
	Merged bool `json:"merged,omitempty"`
	// Sort is ByRisk where empty.
	Sort Sort `json:"sort,omitempty"`
	// After is a Page's Next; N at most how many are given (50 where 0, at
	// most 500).
	After string `json:"after,omitempty"`
	N     int    `json:"n,omitempty"`
}

// Page is a part of a list.
type Page struct {
	Findings []Finding `json:"findings"`
	// Counts are how many findings there are in each state under the
	// filter, whatever states it asks for.
	Counts map[State]int64 `json:"counts"`
	// Next continues the list; empty at the end.
	Next string `json:"next,omitempty"`
}

// Result is what a change over one or more findings did.
type Result struct {
	// Undo is what Undo takes; empty where nothing changed.
	Undo string `json:"undo,omitempty"`
	// Changed are the ids of the findings that changed.
	Changed []string `json:"changed"`
}
