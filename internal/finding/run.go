package finding

import (
	"time"

	"github.com/akashi-project/akashi/internal/job"
	"github.com/akashi-project/akashi/internal/report"
)

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	RunQueued    RunState = "queued"
	RunRunning   RunState = "running"
	RunDone      RunState = "done"
	RunFailed    RunState = "failed"
	RunCancelled RunState = "cancelled"
)

// Run is one run of a detection.
type Run struct {
	ID            string `json:"id"`
	Detection     string `json:"detection"`
	DetectionName string `json:"detection_name"`
	// Parameters is the version of the detection's parameters, Params the
	// parameters themselves, From and To the bounds in time that they came
	// to.
	Parameters int64     `json:"parameters"`
	Params     Params    `json:"params"`
	From       time.Time `json:"from,omitzero"`
	To         time.Time `json:"to,omitzero"`
	// Program is the version of the program that ran it.
	Program string   `json:"program"`
	State   RunState `json:"state"`
	// Actor started it: "user:ID", or "system" for the schedule.
	Actor string `json:"actor"`
	// Attempt counts from 1; more where the program was interrupted or the
	// run failed and was tried again.
	Attempt  int       `json:"attempt"`
	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	// Progress is there while it runs.
	Progress *job.Progress `json:"progress,omitempty"`
	// Counts, LeftOut and Phases are there when it is done.
	Counts  report.Counts  `json:"counts"`
	LeftOut []LeftOut      `json:"left_out"`
	Phases  []report.Phase `json:"phases"`
	// New, Updated and Unchanged count the findings it made and saw again.
	New       int64 `json:"new"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	// Error says why it failed. It holds no text of a post.
	Error string `json:"error,omitempty"`

	job int64
}

// LeftOut says what took no part in a run, and how much of it.
type LeftOut struct {
	Kind  LeftOutKind `json:"kind"`
	Count int64       `json:"count"`
	// Objects are the most popular of the objects left out.
	Objects []HotObject `json:"objects,omitempty"`
}

// HotObject is an object above the ceiling.
type HotObject struct {
	Behaviour string `json:"behaviour"`
	Object    string `json:"object"` // may name an account: show it veiled
	Traces    int64  `json:"traces"`
}

// LeftOutKind is why something took no part.
type LeftOutKind string

// The kinds.
const (
	LeftHot        LeftOutKind = "hot-objects"         // above the ceiling, not paired
	LeftDeleted    LeftOutKind = "deleted-posts"       // their content is gone
	LeftSilent     LeftOutKind = "posts-without-trace" // act on nothing by these behaviours
	LeftDuplicates LeftOutKind = "duplicate-traces"    // equal to another one
	LeftSmall      LeftOutKind = "small-groups"        // accounts with a significant tie in a group too small to show
	LeftEdges      LeftOutKind = "edges-not-kept"      // significant edges beyond what a snapshot holds
	LeftAcross     LeftOutKind = "edges-across"        // significant edges between two groups or out of them
)

// Means says what the kind is, by language.
func (k LeftOutKind) Means() report.Sentence { return leftOutWords[k] }

var leftOutWords = map[LeftOutKind]report.Sentence{
	LeftHot:        {"en": "objects above the popularity ceiling, not paired", "ja": "人気の上限を超え、組を作らなかった対象"},
	LeftDeleted:    {"en": "deleted posts, whose content is gone", "ja": "削除済みで内容が残っていない投稿"},
	LeftSilent:     {"en": "posts that act on nothing by these behaviours", "ja": "対象とした行動に当たるものがない投稿"},
	LeftDuplicates: {"en": "traces equal to another one (same account, object, time and post)", "ja": "他と同一の痕跡(アカウント・対象・時刻・投稿が同じ)"},
	LeftSmall:      {"en": "accounts with a significant tie whose group is too small to show", "ja": "有意な結び付きはあるがグループが小さく示していないアカウント"},
	LeftEdges:      {"en": "significant pairs of the groups beyond the number that a snapshot keeps", "ja": "グループ内の有意な組のうち、記録の上限を超えたもの"},
	LeftAcross:     {"en": "significant pairs that do not lie within one group", "ja": "一つのグループの中に収まらない有意な組"},
}

// RunFilter says which runs are listed, newest first.
type RunFilter struct {
	Detection string
	States    []RunState
	// After is the id of the last run of the page before; N at most how many
	// (50 where 0, at most 500).
	After string
	N     int
}
