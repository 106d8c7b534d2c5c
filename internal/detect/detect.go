package detect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/enrich"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/report"
)

// Options say what is detected, how, and where the results go.
type Options struct {
	// Paths are the inputs; "-" is standard input.
	Paths []string
	// Input says how they are read. Need, Prepare and Labels are set here.
	Input file.Options
	// By are the behaviours; none means Default.
	By enrich.Behaviours
	// URLsAsGiven and HashtagsAsGiven leave them as they stand in the posts.
	URLsAsGiven, HashtagsAsGiven bool
	// Engine are the settings of the coordination engine, Groups those of
	// the groups.
	Engine coordination.Config
	Groups coordination.GroupConfig
	// Truth is a CSV file with the columns account and operation, or empty;
	// TruthColumn is a column of the input with hand labels, or empty.
	Truth, TruthColumn string
	// Named shows accounts by name in report.html; otherwise it shows
	// pseudonyms.
	Named bool
	// Title and Marking (a TLP 2.0 label) stand over the report.
	Title, Marking string
	// Version is that of the program.
	Version string
	// EvidenceEdges is how many edges evidence.ndjson holds, the heaviest
	// significant ones first.
	EvidenceEdges int
	// Phase, where given, is told what begins.
	Phase func(name string)
	// Progress, where given, is told how far the phase is; total is −1
	// where that is not known.
	Progress func(done, total int64)

	// archiveLimit is how many bytes of packed posts are kept for evidence.
	archiveLimit int64
}

// ErrInput marks errors of what was read, ErrOutput those of what was written.
var (
	ErrInput  = errors.New("input")
	ErrOutput = errors.New("output")
)

// Result is what was found.
type Result struct {
	Inputs  []file.Summary
	Network *coordination.Network
	Groups  *coordination.Groups
	Report  *report.Report

	options   Options
	posts     int64
	synthetic int64
	accounts  []account // by place in Network.Accounts
	evidence  map[coordination.PostKey]*kept
	phases    []report.Phase
	left      leftOut
	veil      *veil
	objects   [][]report.Object // by group, as the tables name them
}

// account is what is known of an account beside the network.
type account struct {
	platform, id, handle string
	shown                string // in tables
	posts                int64
}

// leftOut counts what took no part before the engine.
type leftOut struct {
	silent int64 // posts that give no trace for the behaviours
}

// run is a detection while it goes on.
type run struct {
	o         Options
	result    *Result
	engine    *coordination.Engine
	archive   archive
	accounts  map[string]*account
	objectAs  coordination.Behaviour
	stdinCopy *os.File
	truth     map[string]string         // from the file: account → operation
	votes     map[string]map[string]int // label column: account → label → posts
	phase     string
	began     time.Time
}

const archiveLimit = 256 << 20

// Run detects and writes everything to the folder dir, which is made if it is
// not there. The result is returned for a summary.
func Run(ctx context.Context, o Options, dir string) (*Result, error) {
	if o.EvidenceEdges == 0 {
		o.EvidenceEdges = 5000
	}
	if o.archiveLimit == 0 {
		o.archiveLimit = archiveLimit
	}
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOutput, err)
	}
	engine, err := coordination.New(o.Engine)
	if err != nil {
		return nil, fmt.Errorf("setting up the engine: %w", err)
	}
	defer engine.Close() //nolint:errcheck // only temporary files are lost
	r := &run{
		o: o, engine: engine, accounts: map[string]*account{}, archive: archive{limit: o.archiveLimit},
		result: &Result{options: o}, votes: map[string]map[string]int{},
	}
	defer r.removeCopy()
	if o.Truth != "" { // before anyone waits
		if r.truth, err = readTruth(o.Truth); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInput, err)
		}
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"read", r.read},
		{"pairs", r.pair},
		{"groups", r.group},
		{"report", r.report},
	} {
		r.begin(step.name)
		if err := step.do(ctx); err != nil {
			return nil, err
		}
	}
	r.begin("write")
	if err := r.result.write(ctx, dir); err != nil {
		return nil, err
	}
	return r.result, nil
}

// makeFolder makes the folder for the results and makes sure that files can be
// written there, before anyone waits for them.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making the folder for the results: %w", err)
	}
	f, err := os.CreateTemp(dir, ".akashi-*")
	if err != nil {
		return fmt.Errorf("writing to the folder for the results: %w", err)
	}
	_ = f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("writing to the folder for the results: %w", err)
	}
	return nil
}

// begin ends the phase under way, if any, and begins the next.
func (r *run) begin(name string) {
	now := time.Now()
	if r.phase != "" {
		r.result.phases = append(r.result.phases, report.Phase{Name: r.phase, Seconds: now.Sub(r.began).Seconds()})
	}
	r.phase, r.began = name, now
	if r.o.Phase != nil {
		r.o.Phase(name)
	}
}

// input prepares the options for reading posts.
func (r *run) input() file.Options {
	in := r.o.Input
	by := r.by()
	in.Need = file.NeedText | file.NeedMeta | file.NeedRaw
	for _, n := range []struct {
		of   enrich.Behaviours
		need file.Fields
	}{
		{enrich.Of(coordination.URL, coordination.Domain), file.NeedLinks},
		{enrich.Of(coordination.Hashtag, coordination.HashtagSequence), file.NeedHashtags},
		{enrich.Of(coordination.Repost, coordination.Reply, coordination.Text), file.NeedRefs},
		{enrich.Of(coordination.Mention), file.NeedMentions},
		{enrich.Of(coordination.Image), file.NeedMedia},
	} {
		if by&n.of != 0 {
			in.Need |= n.need
		}
	}
	if r.o.TruthColumn != "" {
		in.Labels = append(in.Labels, r.o.TruthColumn)
	}
	n := normalise.Options{URLsAsGiven: r.o.URLsAsGiven, HashtagsAsGiven: r.o.HashtagsAsGiven, Parts: by.Parts()}
	in.Prepare = func(p *post.Post) { normalise.Post(p, n) }
	return in
}

// Default are the behaviours looked at where none are asked for: all but
// domain. Which sites people read is mostly taste, and accounts that share the
// taste for a newspaper would fill the groups.
const Default = enrich.All &^ (1 << coordination.Domain)

func (r *run) by() enrich.Behaviours {
	if r.o.By == 0 {
		return Default
	}
	return r.o.By
}

// chosen is the behaviour that a long table's objects count under: the one
// asked for, if it is one.
func chosen(by enrich.Behaviours) coordination.Behaviour {
	if names := by.Names(); len(names) == 1 {
		b, _ := coordination.ParseBehaviour(names[0]) // a name that Names gave
		return b
	}
	return coordination.Object
}

// read reads all posts, hands their traces to the engine and keeps the posts
// for evidence.
func (r *run) read(ctx context.Context) error {
	r.objectAs = chosen(r.by())
	in := r.input()
	in.Progress = r.o.Progress
	if err := r.copyStdin(&in); err != nil {
		return err
	}
	var parts []part
	summaries, err := file.Read(ctx, r.o.Paths, in, func(batch []post.Post) error {
		parts = r.extract(batch, parts)
		for i := range parts {
			if err := r.take(&parts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	r.result.Inputs = summaries
	if err != nil {
		return fmt.Errorf("%w: reading posts: %w", ErrInput, err)
	}
	if r.engine.Traces() == 0 {
		return fmt.Errorf("%w: %d posts were read, but none acts on anything by %s: \"akashi inspect\" says what the input holds",
			ErrInput, r.result.posts, r.by())
	}
	return nil
}

// part is what one goroutine made of a share of a batch.
type part struct {
	posts  []post.Post
	bundle // of all posts; without bytes once the archive is full
	traces []trace
	buf    []byte
}

type trace struct {
	post      int
	behaviour coordination.Behaviour
	object    string
}

// extract makes traces of a batch on all cores.
func (r *run) extract(batch []post.Post, parts []part) []part {
	const least = 256
	n := min(max(1, len(batch)/least), maxParts)
	for len(parts) < n {
		parts = append(parts, part{})
	}
	parts = parts[:n]
	var wg sync.WaitGroup
	for i := range parts {
		p := &parts[i]
		p.posts = batch[len(batch)*i/n : len(batch)*(i+1)/n]
		if n == 1 {
			r.extractPart(p)
		} else {
			wg.Go(func() { r.extractPart(p) })
		}
	}
	wg.Wait()
	return parts
}

const maxParts = 16

func (r *run) extractPart(p *part) {
	o := enrich.Options{URLsAsGiven: r.o.URLsAsGiven, HashtagsAsGiven: r.o.HashtagsAsGiven, ObjectAs: r.objectAs}
	by := r.by()
	p.bundle, p.traces = bundle{keys: make([]coordination.PostKey, 0, len(p.posts))}, p.traces[:0]
	if !r.archive.full {
		p.ends, p.bytes = make([]int, 0, len(p.posts)), make([]byte, 0, packed(p.posts))
	}
	for i := range p.posts {
		x := &p.posts[i]
		key, buf := postKey(x, p.buf)
		p.keys, p.buf = append(p.keys, key), buf
		enrich.Traces(x, by, o, func(b coordination.Behaviour, object string) {
			p.traces = append(p.traces, trace{i, b, object})
		})
		if !r.archive.full {
			p.bytes = pack(p.bytes, x)
			p.ends = append(p.ends, len(p.bytes))
		}
	}
}

// postKey stands for platform and native id, or for the record's place where
// it has no id.
func postKey(p *post.Post, buf []byte) (coordination.PostKey, []byte) {
	switch {
	case p.ID == "":
		return coordination.Key("at " + p.Origin.String()), buf
	case p.Platform == "":
		return coordination.Key(p.ID), buf
	}
	buf = append(append(append(buf[:0], p.Platform...), ':'), p.ID...)
	return coordination.Key(string(buf)), buf
}

// accountKey stands for platform and native id.
func accountKey(p *post.Post) string {
	if p.Platform == "" {
		return p.Account.ID
	}
	return p.Platform + ":" + p.Account.ID
}

// take hands a part's traces to the engine.
func (r *run) take(p *part) error {
	r.archive.add(p.bundle)
	at := 0
	for i := range p.posts {
		x := &p.posts[i]
		key := accountKey(x)
		a := r.accounts[key]
		if a == nil {
			a = &account{platform: x.Platform, id: x.Account.ID, handle: x.Account.Handle}
			r.accounts[key] = a
		}
		a.posts++
		r.result.posts++
		if x.Synthetic {
			r.result.synthetic++
		}
		if r.o.TruthColumn != "" && x.Labels[r.o.TruthColumn] != "" {
			if r.votes[key] == nil {
				r.votes[key] = map[string]int{}
			}
			r.votes[key][x.Labels[r.o.TruthColumn]]++
		}
		if at == len(p.traces) || p.traces[at].post != i {
			r.result.left.silent++
		}
		for ; at < len(p.traces) && p.traces[at].post == i; at++ {
			err := r.engine.Add(coordination.Trace{
				Account: key, Behaviour: p.traces[at].behaviour, Object: p.traces[at].object, Time: x.Time, Post: p.keys[i],
			})
			if err != nil {
				return fmt.Errorf("taking the post at %s: %w", x.Origin, err)
			}
		}
	}
	return nil
}

// copyStdin keeps what comes on standard input, in case posts must be read a
// second time.
func (r *run) copyStdin(in *file.Options) error {
	for _, p := range r.o.Paths {
		if p != "-" || r.stdinCopy != nil {
			continue
		}
		f, err := os.CreateTemp(r.o.Engine.Dir, "akashi-stdin-*")
		if err != nil {
			return fmt.Errorf("%w: making a copy of standard input: %w", ErrOutput, err)
		}
		r.stdinCopy = f
		from := in.Stdin
		if from == nil {
			from = os.Stdin
		}
		in.Stdin = io.TeeReader(from, f)
	}
	return nil
}

func (r *run) removeCopy() {
	if r.stdinCopy != nil {
		_ = r.stdinCopy.Close()
		_ = os.Remove(r.stdinCopy.Name())
	}
}

// pair runs the engine.
func (r *run) pair(ctx context.Context) error {
	n, err := r.engine.Run(ctx)
	if err != nil {
		return fmt.Errorf("finding co-actions: %w", err)
	}
	r.result.Network = n
	// Accounts are shown by their native id, with the platform only where
	// several platforms came together.
	platforms := map[string]bool{}
	for _, a := range r.accounts {
		platforms[a.platform] = true
	}
	r.result.accounts = make([]account, len(n.Accounts))
	for i, a := range n.Accounts {
		known := r.accounts[a.Name]
		known.shown = known.id
		if len(platforms) > 1 && known.platform != "" {
			known.shown = a.Name
		}
		r.result.accounts[i] = *known
	}
	return nil
}

// group finds the groups and fetches the posts that are evidence.
func (r *run) group(ctx context.Context) error {
	g, err := r.result.Network.Groups(ctx, r.o.Groups)
	if err != nil {
		return fmt.Errorf("finding groups: %w", err)
	}
	r.result.Groups = g
	wanted := map[coordination.PostKey]*kept{}
	for _, i := range r.result.evidenceEdges() {
		for _, m := range r.result.Network.Evidence(i) {
			wanted[m.PostA], wanted[m.PostB] = nil, nil
		}
	}
	r.result.evidence = wanted
	if !r.archive.full {
		r.archive.find(wanted)
		return nil
	}
	in := r.input()
	if r.stdinCopy != nil {
		if _, err := r.stdinCopy.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("reading standard input's copy: %w", err)
		}
		in.Stdin = r.stdinCopy
	}
	_, err = file.Read(ctx, r.o.Paths, in, func(batch []post.Post) error {
		var buf []byte
		for i := range batch {
			var key coordination.PostKey
			key, buf = postKey(&batch[i], buf)
			if k, ok := wanted[key]; ok && k == nil {
				k := keep(key, &batch[i])
				k.Raw = append([]byte(nil), k.Raw...)
				wanted[key] = &k
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: reading the evidence's posts again: %w", ErrInput, err)
	}
	return nil
}
