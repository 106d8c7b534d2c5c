package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/audit"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// logRoutes are the pages on the log of who did what. Reading a page of it is
// not written down, which would fill it with itself; taking a file of it is.
func (s *Server) logRoutes() []Route {
	if s.Audit == nil {
		return nil
	}
	return []Route{
		{Method: "GET", Pattern: "/log", Action: auth.LogRead, Title: "log.title", Handler: s.logPage},
		{Method: "GET", Pattern: "/log/export", Action: auth.LogRead, Handler: s.logExportPage},
		{Method: "POST", Pattern: "/log/export", Action: auth.LogRead, Handler: s.logExport},
		{Method: "GET", Pattern: "/log/checkpoint", Action: auth.LogRead, Handler: s.logCheckpoint},
		{Method: "GET", Pattern: "/log/key", Action: auth.LogRead, Handler: s.logKey},
		{Method: "GET", Pattern: "/log/{index}", Action: auth.LogRead, Handler: s.logLinePage},
		{Method: "GET", Pattern: "/log/{index}/proof", Action: auth.LogRead, Handler: s.logProof},
	}
}

// A page of the log has logSize lines, and looks for them among logScan lines at
// most, so that it comes at once also where next to nothing matches.
const (
	logSize = 50
	logScan = 20_000
)

// logView is a page of the log.
type logView struct {
	Filter logFilter
	Lines  []logLine
	// Older leads to the lines before these, Newest to the newest; empty
	// where these are all.
	Older, Newest string
	// Stopped says that the scan stopped at its limit, after Scanned lines,
	// at a line of the time Back.
	Stopped bool
	Scanned int64
	Back    time.Time
	Export  string
	Empty   Empty
	// The state of the log.
	Size, Waiting     int64
	Root, Key, Origin string
}

// logLine is a line as it is shown.
type logLine struct {
	Index int64
	Time  time.Time
	// Who is a person's name, or how the log calls who did it; Actor is the
	// latter. WhoLink leads to the person.
	Who, Actor, WhoLink string
	// What says the action in words; empty where there are none for it.
	What, Action string
	// Object is what it was done to, ObjectName a person's name.
	Object, ObjectName, ObjectLink string
	Detail                         []logDetail
}

// logDetail is one value of a line.
type logDetail struct{ Name, Value string }

// logReader puts lines into the words of who reads them.
type logReader struct {
	s      *Server
	r      *http.Request
	people map[string]auth.Colleague
}

func (s *Server) logReader(r *http.Request) (*logReader, error) {
	people, err := s.Auth.Colleagues(r.Context())
	if err != nil {
		return nil, err
	}
	return &logReader{s, r, people}, nil
}

// line puts a line into words; values longer than longest are cut.
func (l *logReader) line(e audit.Entry, longest int) logLine {
	out := logLine{
		Index: e.Index, Time: e.Line.Time, Actor: e.Line.Actor, Action: e.Line.Action, Object: e.Line.Object,
		What: l.s.logAction(l.r, e.Line.Action),
	}
	out.Who, out.WhoLink = l.who(e.Line.Actor)
	out.ObjectLink = l.link(e.Line.Object)
	if id, ok := strings.CutPrefix(e.Line.Object, "user:"); ok {
		out.ObjectName = l.people[id].Name
	}
	out.Detail = logDetails(e.Line.Detail, longest)
	return out
}

// who gives how an actor is called, and where the page on a person is.
func (l *logReader) who(actor string) (name, link string) {
	kind, id, _ := strings.Cut(actor, ":")
	switch kind {
	case "user":
		if p, ok := l.people[id]; ok {
			return p.Name, l.link(actor)
		}
	case "system":
		return l.s.say(l.r, "log.actor.system"), ""
	case "nobody":
		return l.s.say(l.r, "log.actor.nobody"), ""
	case "cli":
		return l.s.say(l.r, "log.actor.cli", "login", id), ""
	case "token":
		return l.s.say(l.r, "log.actor.token"), ""
	}
	return actor, ""
}

// logPlaces are the pages on what lines are about, by kind, the first that is
// there.
func logPlaces() map[string][]string {
	return map[string][]string{
		"user":      {"/people/{id}"},
		"finding":   {"/findings/{id}"},
		"post":      {"/posts/{key}"},
		"account":   {"/accounts/{alias}"},
		"detection": {"/detections/{id}"},
		"run":       {"/detections/runs/{id}", "/runs/{id}"},
		"import":    {"/sources/imports/{id}"},
		"unmask":    {"/unmasking/{id}"},
	}
}

// link gives the page on what a line is about, where there is one and the
// reader may see it.
func (l *logReader) link(object string) string {
	kind, id, _ := strings.Cut(object, ":")
	if id == "" {
		return ""
	}
	for _, pattern := range logPlaces()[kind] {
		if l.s.may(auth.Of(l.r.Context()), http.MethodGet, pattern) {
			path, _, _ := strings.Cut(pattern, "{")
			return path + url.PathEscape(id)
		}
	}
	return ""
}

// logAction says an action of the log in words; "" where there are none.
//
// i18n: log.action.*
func (s *Server) logAction(r *http.Request, action string) string {
	if key := "log.action." + action; s.words.Has(key) {
		return s.say(r, key)
	}
	return ""
}

// logDetails gives what a line says more, by name; what stands within another
// value has both names, "after.state".
func logDetails(detail map[string]any, longest int) []logDetail {
	var out []logDetail
	for name, value := range detail {
		if within, ok := value.(map[string]any); ok {
			for _, d := range logDetails(within, longest) {
				out = append(out, logDetail{name + "." + d.Name, d.Value})
			}
			continue
		}
		text := logText(value)
		if runes := []rune(text); longest > 0 && len(runes) > longest {
			text = string(runes[:longest]) + "…"
		}
		out = append(out, logDetail{name, text})
	}
	slices.SortFunc(out, func(a, b logDetail) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// logText writes one value: a text or a list of texts as people do, all else as
// JSON.
func logText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		texts := make([]string, 0, len(v))
		for _, x := range v {
			if t, ok := x.(string); ok {
				texts = append(texts, t)
			}
		}
		if len(texts) == len(v) {
			return strings.Join(texts, ", ")
		}
	}
	data, err := json.Marshal(value)
	if err != nil {
		return "" // it came out of JSON
	}
	return string(data)
}

// logPage shows the lines that a filter wants, the newest first.
func (s *Server) logPage(w http.ResponseWriter, r *http.Request) error {
	l, err := s.logReader(r)
	if err != nil {
		return err
	}
	v := logView{Filter: l.filter(), Export: "/log/export?" + without(r, "before"), Size: s.Audit.Size(), Waiting: s.Audit.Waiting(), Key: s.Audit.PublicKey(), Origin: s.Audit.Origin()}
	v.Root = rootOf(s.Audit.Checkpoint())
	v.Empty = Empty{Icon: "scroll-text", What: s.say(r, "log.none"), Why: s.say(r, "log.none.why")}
	if v.Filter.Set {
		v.Empty.Link, v.Empty.Next = "/log", s.say(r, "log.none.next")
	}
	status := 0
	if v.Filter.wrong() {
		status = http.StatusUnprocessableEntity
	} else if err := l.fill(&v); err != nil {
		return err
	}
	return s.page(w, r, "log", Page{Title: s.say(r, "log.title"), Data: v, Wide: true, Status: status})
}

// fill reads a page of lines.
func (l *logReader) fill(v *logView) error {
	before := int64(-1)
	if text := l.r.URL.Query().Get("before"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return invalid("log.before.wrong")
		}
		before, v.Newest = n, with(l.r, "before", "")
	}
	p, err := l.s.Audit.Page(l.r.Context(), before, v.Filter.Want, logSize, logScan)
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	for _, e := range p.Entries {
		v.Lines = append(v.Lines, l.line(e, 200))
	}
	if p.Done {
		return nil
	}
	v.Older = with(l.r, "before", strconv.FormatInt(p.Next, 10))
	if len(p.Entries) < logSize {
		v.Stopped, v.Scanned = true, p.Scanned
		if at, err := l.s.Audit.Read(l.r.Context(), p.Next, 1); err == nil && len(at) == 1 {
			v.Back = at[0].Line.Time
		}
	}
	return nil
}

// rootOf gives the root that a checkpoint signs: its third line.
func rootOf(checkpoint string) string {
	if lines := strings.SplitN(checkpoint, "\n", 4); len(lines) == 4 {
		return lines[2]
	}
	return ""
}

// logLineView is one line with its proof.
type logLineView struct {
	Line logLine
	// Raw is the line byte for byte, ID its own id.
	Raw, ID string
	// Hash is the line's hash in the tree (RFC 6962: SHA-256 of a zero byte
	// and the line), Size and Root what the checkpoint signs.
	Hash, Root   string
	Size         int64
	Steps        int
	Proof        string
	Newer, Older string
}

// indexOf reads a line's place from the address.
func indexOf(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue("index"), 10, 64)
	if err != nil || n < 0 {
		return 0, casestore.ErrNotFound
	}
	return n, nil
}

// proofOf proves a line and checks the proof.
func (s *Server) proofOf(ctx context.Context, index int64) (audit.Proof, audit.Entry, error) {
	p, err := s.Audit.Proof(ctx, index)
	if err != nil {
		return p, audit.Entry{}, err //nolint:wrapcheck // Proof says what was done
	}
	e, err := audit.VerifyProof(p, s.Audit.PublicKey())
	if err != nil {
		return p, e, fmt.Errorf("checking the proof of line %d: %w", index, err)
	}
	return p, e, nil
}

// logLinePage shows one line with its proof.
func (s *Server) logLinePage(w http.ResponseWriter, r *http.Request) error {
	index, err := indexOf(r)
	if err != nil {
		return err
	}
	p, e, err := s.proofOf(r.Context(), index)
	if err != nil {
		return err
	}
	l, err := s.logReader(r)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append([]byte{0}, p.Line...))
	v := logLineView{
		Line: l.line(e, 0), Raw: p.Line, ID: e.Line.ID, Hash: base64.StdEncoding.EncodeToString(sum[:]), Root: rootOf(p.Checkpoint),
		Size: s.Audit.Size(), Steps: len(p.Hashes), Proof: fmt.Sprintf("/log/%d/proof", index),
	}
	if index > 0 {
		v.Older = fmt.Sprintf("/log/%d", index-1)
	}
	if index+1 < v.Size {
		v.Newer = fmt.Sprintf("/log/%d", index+1)
	}
	return s.page(w, r, "log-line", Page{Title: s.say(r, "log.line", "index", index), Data: v, Place: "/log"})
}

// attach has the browser keep an answer as a file.
func attach(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// logProof sends the proof of a line.
func (s *Server) logProof(w http.ResponseWriter, r *http.Request) error {
	index, err := indexOf(r)
	if err != nil {
		return err
	}
	p, _, err := s.proofOf(r.Context(), index)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("writing a proof: %w", err)
	}
	attach(w, "application/json", fmt.Sprintf("akashi-log-%d-proof.json", index))
	_, _ = w.Write(append(data, '\n'))
	return nil
}

// logCheckpoint sends the signed size and root.
func (s *Server) logCheckpoint(w http.ResponseWriter, _ *http.Request) error {
	text := s.Audit.Checkpoint()
	attach(w, "text/plain; charset=utf-8", "akashi-log-checkpoint-"+s.Now().UTC().Format("20060102T150405Z")+".txt")
	_, _ = w.Write([]byte(text))
	return nil
}

// logKey sends the key that checks the log.
func (s *Server) logKey(w http.ResponseWriter, _ *http.Request) error {
	attach(w, "text/plain; charset=utf-8", "akashi-log.key.pub")
	_, _ = w.Write([]byte(s.Audit.PublicKey() + "\n"))
	return nil
}
