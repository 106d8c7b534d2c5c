// Package report writes what a detection found into a folder: tables, the
// network in exchange formats, evidence, and one page that explains it all.
package report

import "time"

// Report is everything that report.html and report.json show. All times are
// UTC. Sentences come in every language the page speaks.
type Report struct {
	Schema    string    `json:"schema"`    // "akashi-report/1"
	Version   string    `json:"version"`   // of the program
	Generated time.Time `json:"generated"` // when the report was made
	Title     string    `json:"title"`     // the inputs' names or the scenario's title
	Synthetic bool      `json:"synthetic"` // some input was marked as made up
	Marking   string    `json:"marking"`   // TLP 2.0 label, e.g. "TLP:AMBER"
	Named     bool      `json:"named"`     // accounts are shown by name, not pseudonym
	Inputs    []Input   `json:"inputs"`
	Params    []Param   `json:"parameters"`
	Counts    Counts    `json:"counts"`
	LeftOut   []LeftOut `json:"left_out"`
	Groups    []Group   `json:"groups"` // ranked, strongest first
	Network   Network   `json:"network"`
	Check     *Check    `json:"evaluation,omitempty"` // only with known truth
	Phases    []Phase   `json:"phases"`               // how long each step took
}

// Sentence is one sentence by language: "en", "ja".
type Sentence map[string]string

// Input is one file that was read.
type Input struct {
	File     string    `json:"file"`
	Format   string    `json:"format"`
	Encoding string    `json:"encoding"`
	Bytes    int64     `json:"bytes"`
	Rows     int64     `json:"rows"`
	Posts    int64     `json:"posts"`
	Bad      int64     `json:"bad"`
	Reasons  []string  `json:"reasons,omitempty"` // the first bad rows: file, line, what was expected
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

// Param is one setting of the run, the way a user would give it.
type Param struct {
	Name  string   `json:"name"`  // e.g. "window"
	Value string   `json:"value"` // e.g. "1m0s"
	Means Sentence `json:"means"`
}

// Counts are the sizes of what was worked on.
type Counts struct {
	Posts       int64 `json:"posts"`
	Accounts    int64 `json:"accounts"`
	Traces      int64 `json:"traces"`
	Objects     int64 `json:"objects"`
	Pairs       int64 `json:"pairs"`       // co-actions inside the window
	Edges       int64 `json:"edges"`       // pairs of accounts that co-acted
	Significant int64 `json:"significant"` // edges that pass the test
	Groups      int64 `json:"groups"`
}

// LeftOut says what did not take part, how much of it, and why.
type LeftOut struct {
	Why      Sentence `json:"why"`
	Count    int64    `json:"count"`
	Examples []string `json:"examples,omitempty"`
}

// Group is a set of accounts that act together more than chance allows.
type Group struct {
	ID         string    `json:"id"`       // "G1", …
	Why        Sentence  `json:"why"`      // one sentence: why these accounts are shown
	Counter    Sentence  `json:"counter"`  // what speaks against: would activity alone explain it?
	Accounts   []Member  `json:"accounts"` // ranked by centrality within the group
	Behaviours []Layer   `json:"behaviours"`
	Edges      int64     `json:"edges"`
	CoActions  int64     `json:"co_actions"`
	Expected   float64   `json:"expected"`     // joint occasions that chance would give
	Occasions  int64     `json:"occasions"`    // joint occasions observed, summed over edges: objects, each once a day
	MedianGap  float64   `json:"median_gap_s"` // seconds between co-actions
	First      time.Time `json:"first"`
	Last       time.Time `json:"last"`
	Objects    []Object  `json:"objects"`  // strongest first, a stated number
	Examples   []Example `json:"examples"` // posts that show it
	Timeline   Timeline  `json:"timeline"`
	Truth      string    `json:"truth,omitempty"` // the planted operation or label most of it belongs to
}

// Member is an account in a group.
type Member struct {
	Account  string  `json:"account"` // as shown: pseudonym or name
	Posts    int64   `json:"posts"`
	Score    float64 `json:"score"`
	Partners int     `json:"partners"`
	Truth    string  `json:"truth,omitempty"`
}

// Layer says how much of one behaviour a group shows.
type Layer struct {
	Behaviour string `json:"behaviour"`
	Edges     int64  `json:"edges"`
	CoActions int64  `json:"co_actions"`
	Objects   int64  `json:"objects"`
}

// Object is something a group acted on together.
type Object struct {
	Behaviour string `json:"behaviour"`
	Object    string `json:"object"`
	Accounts  int64  `json:"accounts"` // of the group
	Everyone  int64  `json:"everyone"` // accounts in all the input that touched it
	CoActions int64  `json:"co_actions"`
}

// Example is a pair of posts that co-act, as evidence to read.
type Example struct {
	Behaviour string     `json:"behaviour"`
	Object    string     `json:"object"`
	Gap       float64    `json:"gap_s"` // seconds between the two
	Posts     [2]Excerpt `json:"posts"`
}

// Excerpt is what the page shows of a post.
type Excerpt struct {
	Account   string    `json:"account"`
	Platform  string    `json:"platform,omitempty"`
	ID        string    `json:"id"`
	Time      time.Time `json:"time"`
	Lang      string    `json:"lang,omitempty"`
	Text      string    `json:"text"`   // shortened to 500 characters, hostile content as it was
	Origin    string    `json:"origin"` // file:line
	Synthetic bool      `json:"synthetic,omitempty"`
}

// Timeline counts the group's posts and co-actions in equal bins.
type Timeline struct {
	Start     time.Time `json:"start"`
	Bin       int64     `json:"bin_s"` // width in seconds
	Posts     []int64   `json:"posts"`
	CoActions []int64   `json:"co_actions"`
}

// Network is what the picture draws: the significant network, or its
// strongest part where it is large.
type Network struct {
	Nodes     []Node `json:"nodes"`
	Edges     []Edge `json:"edges"`
	LeftNodes int64  `json:"left_nodes"` // not drawn
	LeftEdges int64  `json:"left_edges"`
}

// Node is an account in the picture. X and Y lie in 0…1.
type Node struct {
	Label string  `json:"label"`
	Group int     `json:"group"` // index into Groups, -1 for none
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Score float64 `json:"score"`
}

// Edge joins two nodes by index.
type Edge struct {
	A      int      `json:"a"`
	B      int      `json:"b"`
	Weight float64  `json:"w"`
	Q      float64  `json:"q"`              // false-discovery rate at which it is significant
	Note   Sentence `json:"note,omitempty"` // the pair's evidence in one line
}

// Check compares what was found with what is known.
type Check struct {
	Source     string      `json:"source"` // where the truth comes from
	Precision  float64     `json:"precision"`
	Recall     float64     `json:"recall"`
	NMI        float64     `json:"nmi"`
	ARI        float64     `json:"ari"`
	Compared   int64       `json:"compared"` // accounts that NMI and ARI are taken over
	Operations []Operation `json:"operations"`
	Outside    []Missed    `json:"outside,omitempty"` // accounts in groups that belong to no operation, by what they are
	Table      [][]int64   `json:"table,omitempty"`   // groups × labels, in the order of Groups and Labels
	Labels     []string    `json:"labels,omitempty"`
}

// Operation is one planted operation or label, and how much of it was found.
type Operation struct {
	Name      string   `json:"name"`
	Accounts  int64    `json:"accounts"`
	Found     int64    `json:"found"`
	Groups    []string `json:"groups"`    // ids of the groups that hold it
	Precision float64  `json:"precision"` // share of those groups' accounts that belong to it
	Recall    float64  `json:"recall"`
	Missed    []Missed `json:"missed,omitempty"`
}

// Missed says why accounts of an operation were not found.
type Missed struct {
	Why   Sentence `json:"why"`
	Count int64    `json:"count"`
}

// Phase is one step of the run.
type Phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}
