package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/api"
	"github.com/akashi-project/akashi/internal/finding"
)

type findingsCmd struct {
	List   findingsListCmd   `cmd:"" help:"List findings, the riskiest first."`
	Show   findingsShowCmd   `cmd:"" help:"Show a finding with its evidence."`
	Triage findingsTriageCmd `cmd:"" help:"Decide on findings: state, reason, owner."`
	Undo   findingsUndoCmd   `cmd:"" help:"Undo a decision."`
}

type findingsListCmd struct {
	State     []string `placeholder:"STATE,…" help:"Only those in these states: new, triaged, linked, dismissed."`
	Owner     string   `placeholder:"ID" help:"Only those of a person; \"-\" for those without an owner."`
	Detection string   `placeholder:"ID" help:"Only those of a detection."`
	Text      string   `placeholder:"TEXT" help:"Only those with the text in their id, behaviours or objects."`
	Sort      string   `enum:"risk,novelty,tempo,updated" default:"risk" placeholder:"ORDER" help:"risk, novelty, tempo or updated. [risk]"`
	Limit     int      `short:"n" default:"50" placeholder:"N" help:"At most so many, up to 500. [50]"`

	RemoteFlags `embed:""`
}

// Run lists.
func (c *findingsListCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	q := url.Values{"sort": {c.Sort}, "limit": {strconv.Itoa(c.Limit)}, "state": c.State}
	for name, value := range map[string]string{"owner": c.Owner, "detection": c.Detection, "text": c.Text} {
		if value != "" {
			q.Set(name, value)
		}
	}
	var out api.FindingList
	answer, err := s.Get(ctx, "/findings", q, &out)
	if err != nil {
		return refused(err)
	}
	if c.JSON {
		return a.printJSON(answer)
	}
	var rows [][]string
	for i := range out.Findings {
		f := &out.Findings[i]
		rows = append(rows, []string{
			f.Short, string(f.State), strconv.FormatFloat(f.Risk.Value, 'f', 2, 64), count(f.Accounts), count(f.Posts),
			strings.Join(f.Behaviours, ","), f.Last.Format("2006-01-02 15:04"), short(f.DetectionName, 40),
		})
	}
	err = a.printTable([]string{"finding", "state", "risk", "accounts", "posts", "behaviours", "last (UTC)", "detection"}, rows)
	if err == nil && out.Next != "" {
		fmt.Fprintln(a.stderr, "There are more: raise --limit, or narrow down.")
	}
	return err
}

type findingsShowCmd struct {
	ID string `arg:"" name:"FINDING" help:"The id, or the short id: F-2026-0012."`

	RemoteFlags `embed:""`
}

// Run shows.
func (c *findingsShowCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	at := "/findings/" + url.PathEscape(c.ID)
	var f finding.Finding
	if _, err := s.Get(ctx, at, nil, &f); err != nil {
		return refused(err)
	}
	var evidence api.Snapshot
	answer, err := s.Get(ctx, at+"/snapshot", nil, &evidence)
	if err != nil {
		return refused(err)
	}
	if c.JSON {
		return a.printJSON(answer)
	}
	fmt.Fprintf(a.stdout, "%s  %s, version %d\n%s\n%s\n\n", f.Short, f.State, f.Version, wrap(plain(f.Why["en"]), 100), wrap(plain(f.Counter["en"]), 100))
	var rows [][]string
	for _, x := range evidence.Accounts {
		rows = append(rows, []string{x.Label, x.Platform, count(x.Posts), strconv.FormatFloat(x.Centrality, 'f', 2, 64), strings.Join(x.Behaviours, ",")})
	}
	if err := a.printTable([]string{"account", "platform", "posts", "centrality", "behaviours"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	rows = nil
	for _, x := range evidence.Objects[:min(len(evidence.Objects), 20)] {
		rows = append(rows, []string{x.Behaviour, short(x.Object, 80), count(x.Accounts), count(x.Everyone), x.Post})
	}
	return a.printTable([]string{"behaviour", "object", "accounts", "everyone", "post"}, rows)
}

type findingsTriageCmd struct {
	IDs        []string `arg:"" name:"FINDING" help:"Findings, by id or short id."`
	State      string   `enum:",new,triaged,linked,dismissed" default:"" placeholder:"STATE" help:"new, triaged, linked or dismissed."`
	Reason     string   `placeholder:"REASON" help:"Why they are dismissed: fan-activity, news, declared-automation, open-campaign, commerce, chance, data-error, duplicate, minor, other."`
	ReasonText string   `placeholder:"TEXT" help:"The reason in words: needed for \"other\"."`
	Link       string   `placeholder:"ID" help:"The incident that they belong to, for \"linked\"."`
	Owner      *string  `placeholder:"ID" help:"The id of the new owner; empty for nobody."`

	RemoteFlags `embed:""`
}

// Run decides.
func (c *findingsTriageCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var out finding.Result
	answer, err := s.Post(ctx, "/findings/triage", api.TriageRequest{
		IDs: c.IDs, State: c.State, Reason: c.Reason, ReasonText: c.ReasonText, Link: c.Link, Owner: c.Owner,
	}, &out)
	return a.printResult(answer, &out, err, c.JSON)
}

type findingsUndoCmd struct {
	Undo string `arg:"" name:"CHANGE" help:"What the decision printed, or an event's id."`

	RemoteFlags `embed:""`
}

// Run undoes.
func (c *findingsUndoCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var out finding.Result
	answer, err := s.Post(ctx, "/findings/undo", api.UndoRequest{Undo: c.Undo}, &out)
	return a.printResult(answer, &out, err, c.JSON)
}

// printResult says what a decision did.
func (a *app) printResult(answer []byte, r *finding.Result, err error, asJSON bool) error {
	switch {
	case err != nil:
		return refused(err)
	case asJSON:
		return a.printJSON(answer)
	case len(r.Changed) == 0:
		_, err = fmt.Fprintln(a.stdout, "nothing changed: it is so already")
	case r.Undo != "":
		_, err = fmt.Fprintf(a.stdout, "changed: %d; to undo: akashi findings undo %s\n", len(r.Changed), r.Undo)
	default:
		_, err = fmt.Fprintf(a.stdout, "changed: %d\n", len(r.Changed))
	}
	return outputError(err)
}

type runsCmd struct {
	Start  runsStartCmd  `cmd:"" help:"Run a detection now."`
	List   runsListCmd   `cmd:"" help:"List runs of detections, the newest first."`
	Show   runsShowCmd   `cmd:"" help:"Show a run."`
	Cancel runsCancelCmd `cmd:"" help:"Cancel a run."`
}

type runsStartCmd struct {
	Detection string `arg:"" name:"DETECTION" help:"The detection, by id or by its whole name."`
	Wait      bool   `help:"Return when it has ended; the exit code says whether it was done."`

	RemoteFlags `embed:""`
}

// Run starts.
func (c *runsStartCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var all api.DetectionList
	if _, err := s.Get(ctx, "/detections", nil, &all); err != nil {
		return refused(err)
	}
	id := ""
	for i := range all.Detections {
		if d := &all.Detections[i]; d.ID == c.Detection || d.Name == c.Detection && id == "" {
			id = d.ID
		}
	}
	if id == "" {
		return usagef("there is no detection %q", c.Detection)
	}
	var r finding.Run
	answer, err := s.Post(ctx, "/detections/"+url.PathEscape(id)+"/runs", nil, &r)
	if err != nil {
		return refused(err)
	}
	for c.Wait && (r.State == finding.RunQueued || r.State == finding.RunRunning) {
		if err := pause(ctx); err != nil {
			return err
		}
		if answer, err = s.Get(ctx, "/runs/"+url.PathEscape(r.ID), nil, &r); err != nil {
			return refused(err)
		}
	}
	if err := a.printRun(answer, &r, c.JSON); err != nil {
		return err
	}
	if c.Wait && r.State != finding.RunDone {
		return inputError(fmt.Errorf("the run is %s: %s", r.State, r.Error)) //nolint:err113 // it is the server's
	}
	return nil
}

// pause waits a second, or until ctx ends.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // it says that the command was interrupted
	case <-time.After(time.Second):
		return nil
	}
}

type runsListCmd struct {
	Detection string `placeholder:"ID" help:"Only those of a detection."`
	Limit     int    `short:"n" default:"50" placeholder:"N" help:"At most so many, up to 499. [50]"`

	RemoteFlags `embed:""`
}

// Run lists.
func (c *runsListCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.Detection != "" {
		q.Set("detection", c.Detection)
	}
	var out api.RunList
	answer, err := s.Get(ctx, "/runs", q, &out)
	if err != nil {
		return refused(err)
	}
	if c.JSON {
		return a.printJSON(answer)
	}
	var rows [][]string
	for i := range out.Runs {
		r := &out.Runs[i]
		rows = append(rows, []string{
			r.ID, string(r.State), r.Created.Format("2006-01-02 15:04"), count(r.Counts.Posts), count(r.New), count(r.Updated), short(r.DetectionName, 40),
		})
	}
	return a.printTable([]string{"run", "state", "created (UTC)", "posts", "new", "updated", "detection"}, rows)
}

type runsShowCmd struct {
	ID string `arg:"" name:"RUN" help:"The run's id."`

	RemoteFlags `embed:""`
}

// Run shows.
func (c *runsShowCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var r finding.Run
	answer, err := s.Get(ctx, "/runs/"+url.PathEscape(c.ID), nil, &r)
	if err != nil {
		return refused(err)
	}
	return a.printRun(answer, &r, c.JSON)
}

type runsCancelCmd struct {
	ID string `arg:"" name:"RUN" help:"The run's id."`

	RemoteFlags `embed:""`
}

// Run cancels.
func (c *runsCancelCmd) Run(ctx context.Context, a *app) error {
	s, err := c.dial()
	if err != nil {
		return err
	}
	var r finding.Run
	answer, err := s.Post(ctx, "/runs/"+url.PathEscape(c.ID)+"/cancel", nil, &r)
	if err != nil {
		return refused(err)
	}
	return a.printRun(answer, &r, c.JSON)
}

// printRun says where a run stands.
func (a *app) printRun(answer []byte, r *finding.Run, asJSON bool) error {
	if asJSON {
		return a.printJSON(answer)
	}
	_, err := fmt.Fprintf(a.stdout, "%s: %s; %s posts, %s significant edges, %s groups; %s new findings, %s seen again with changes, %s without\n",
		r.ID, r.State, count(r.Counts.Posts), count(r.Counts.Significant), count(r.Counts.Groups), count(r.New), count(r.Updated), count(r.Unchanged))
	if p := r.Progress; err == nil && p != nil {
		_, err = fmt.Fprintf(a.stdout, "  %s: %s of %s\n", p.Phase, count(p.Done), count(p.Total))
	}
	if err == nil && r.Error != "" {
		_, err = fmt.Fprintf(a.stdout, "  %s\n", plain(r.Error))
	}
	return outputError(err)
}
