// Package auth knows who is there and what they may do: accounts, passwords,
// passkeys, the ministry's own login, sessions, tokens, and rights.
package auth

import (
	"context"
	"slices"
)

// Role is what somebody is here. People have one or more.
type Role string

// The roles.
const (
	Viewer         Role = "viewer"          // reads findings and posts, under pseudonyms
	Analyst        Role = "analyst"         // works on findings, searches, exports, asks for unmasking
	Lead           Role = "lead"            // decides: approves unmasking, saved detections
	Communicator   Role = "communicator"    // drafts answers (reads findings)
	PartnerLiaison Role = "partner-liaison" // exchanges with partners (reads findings)
	Administrator  Role = "administrator"   // people, settings, imports; no second person's rights by that alone
	Auditor        Role = "auditor"         // reads all, the log included; changes nothing but own settings
)

// Roles are all roles, in the order in which they are shown.
var Roles = []Role{Viewer, Analyst, Lead, Communicator, PartnerLiaison, Administrator, Auditor}

// Action is what somebody wants to do: the name of a right in the policies and
// in the log.
type Action string

// The actions.
const (
	// Everybody who is signed in.
	OwnSettings Action = "own.settings" // language, password, passkeys, sessions
	OwnTokens   Action = "own.tokens"   // tokens for the API

	FindingRead    Action = "finding.read"    // inbox, finding, coordination
	FindingTriage  Action = "finding.triage"  // state, owner, undo
	FindingNote    Action = "finding.note"    // write notes
	FindingExport  Action = "finding.export"  // tables and networks
	DetectionRead  Action = "detection.read"  // saved detections and their runs
	DetectionEdit  Action = "detection.edit"  // make, change, delete
	DetectionRun   Action = "detection.run"   // run now
	PostRead       Action = "post.read"       // search, posts, accounts under pseudonyms
	PostExport     Action = "post.export"     // search results as a file
	PostRaw        Action = "post.raw"        // raw records: they hold names
	SearchSave     Action = "search.save"     // saved searches
	SourceRead     Action = "source.read"     // sources and imports
	SourceImport   Action = "source.import"   // bring files in
	SourceEdit     Action = "source.edit"     // add, change, pause, remove live sources
	MandateRead    Action = "mandate.read"    // what may be collected, and why
	MandateEdit    Action = "mandate.edit"    // draft, submit, withdraw
	MandateApprove Action = "mandate.approve" // say yes or no as the second person
	AlertRead      Action = "alert.read"      // alerts, what is watched and who is told
	AlertEdit      Action = "alert.edit"      // acknowledge; rules and channels
	WatchlistEdit  Action = "watchlist.edit"  // watchlists and protected events
	UnmaskRead     Action = "unmask.read"     // requests for unmasking
	UnmaskRequest  Action = "unmask.request"  // ask for an account's name
	UnmaskApprove  Action = "unmask.approve"  // say yes or no as the second person
	AccountMark    Action = "account.mark"    // mark as public body, outlet, declared state channel
	PeopleRead     Action = "people.read"     // who has an account
	PeopleEdit     Action = "people.edit"     // invite, roles, disable, new link
	LogRead        Action = "log.read"        // the log
	SettingsRead   Action = "settings.read"   // how this instance is set up
	SettingsEdit   Action = "settings.edit"   // change it
	OperateRead    Action = "operate.read"    // health, metrics, sizes
	OperateBackup  Action = "operate.backup"  // take a backup
)

// Actions are all actions.
var Actions = []Action{
	OwnSettings, OwnTokens, FindingRead, FindingTriage, FindingNote, FindingExport, DetectionRead,
	DetectionEdit, DetectionRun, PostRead, PostExport, PostRaw, SearchSave, SourceRead, SourceImport, SourceEdit, MandateRead, MandateEdit, MandateApprove, AlertRead, AlertEdit, WatchlistEdit,
	UnmaskRead, UnmaskRequest, UnmaskApprove, AccountMark, PeopleRead, PeopleEdit, LogRead, SettingsRead,
	SettingsEdit, OperateRead, OperateBackup,
}

// Principal is who does something: a person with a session, or a token that
// acts for one.
type Principal struct {
	// ID is the person's id, Login what they sign in with, Name how they
	// are shown to colleagues.
	ID, Login, Name string
	Roles           []Role
	// Lang is "ja" or "en", Theme "light", "dark" or "" (as the system),
	// Zone an IANA time zone.
	Lang, Theme, Zone string
	// Token is the token's id where one acts, and Scopes all that it may
	// do: never more than the person may.
	Token  string
	Scopes []Action
	// Session names the session where there is one.
	Session string
}

// Is says whether the principal has a role.
func (p *Principal) Is(r Role) bool { return p != nil && slices.Contains(p.Roles, r) }

// Actor names the principal in the log.
func (p *Principal) Actor() string {
	switch {
	case p == nil:
		return "nobody"
	case p.Token != "":
		return "token:" + p.Token
	}
	return "user:" + p.ID
}

type principalKey struct{}

// With has ctx carry who acts.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Of gives who acts; nil where nobody is signed in.
func Of(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}
