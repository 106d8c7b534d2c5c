package intake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect/file"
)

// State is where an import stands.
type State string

// The states.
const (
	Waiting     State = "waiting"     // to be run
	Running     State = "running"     // by this process
	Interrupted State = "interrupted" // ended before its end; Run continues it
	Done        State = "done"
	Failed      State = "failed"    // see Problem; adding the file again continues it
	Cancelled   State = "cancelled" // by somebody; adding the file again continues it
)

// Counts say what became of a file's records.
type Counts struct {
	// Rows counts the records read, Bad those that could not be, Skipped
	// those that are no posts. They are known at the end of the file.
	Rows    int64 `json:"rows"`
	Bad     int64 `json:"bad"`
	Skipped int64 `json:"skipped"`
	// Replaced counts the characters that the encoding does not know.
	Replaced int64 `json:"replaced"`
	// Posts counts the posts that the store has taken: New were not there,
	// Changed became new versions, Same added nothing, Collided were left out
	// for a post with the same key.
	Posts    int64 `json:"posts"`
	New      int64 `json:"new"`
	Changed  int64 `json:"changed"`
	Same     int64 `json:"same"`
	Collided int64 `json:"collided"`
}

// Uncounted is how many posts the store took as the program was killed, before
// it could be noted which of New, Changed, Same and Collided they were.
func (c *Counts) Uncounted() int64 { return c.Posts - c.New - c.Changed - c.Same - c.Collided }

// Found is what the reader recognised and counted.
type Found struct {
	Counts
	// Format, Encoding and Compression are the file's; see file.Summary for
	// these and for Mapping and Guessed.
	Format      string            `json:"format,omitempty"`
	Encoding    string            `json:"encoding,omitempty"`
	Compression string            `json:"compression,omitempty"`
	Mapping     map[string]string `json:"mapping,omitempty"`
	Guessed     bool              `json:"guessed,omitempty"`
	// SkippedWhy counts skipped records by reason; Reasons are the first of
	// the bad records. They quote the file.
	SkippedWhy map[string]int64 `json:"skipped_why,omitempty"`
	Reasons    []file.BadRow    `json:"reasons,omitempty"`
	// First and Last are the times of the first and last post.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Read is how many of the file's bytes have been turned into posts.
	Read int64 `json:"read"`
}

// Import is a file that is, or was, brought in.
type Import struct {
	ID string
	// Who asked for it, as the log names people: "user:ID".
	Who string
	// Source is what the posts have as their source; Mandate says on what
	// ground they are collected.
	Source, Mandate string
	File            File
	Options         file.Options
	State           State
	// Problem says why it failed, in English.
	Problem string
	Found
	// Created is when it was added, Started when it was last begun or
	// continued, Finished when it ended.
	Created, Started, Finished time.Time
}

// Ended says that Run has nothing to do.
func (m *Import) Ended() bool { return m.State == Done || m.State == Failed || m.State == Cancelled }

// options are those of file.Options that are kept.
type options struct {
	Format    string            `json:"format,omitempty"`
	Map       map[string]string `json:"map,omitempty"`
	Zone      string            `json:"zone,omitempty"`
	Encoding  string            `json:"encoding,omitempty"`
	MaxBad    float64           `json:"max_bad,omitempty"`
	MaxRecord int               `json:"max_record,omitempty"`
	Labels    []string          `json:"labels,omitempty"`
}

// writeOptions gives options as JSON: equal ones equally.
func writeOptions(o *file.Options) (string, error) {
	kept := options{o.Format, o.Map, "", o.Encoding, o.MaxBad, o.MaxRecord, o.Labels}
	if o.Zone != nil {
		kept.Zone = o.Zone.String()
		if _, err := zone(kept.Zone); err != nil {
			return "", err
		}
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("keeping the options of an import: %w", err)
	}
	return string(data), nil
}

func readOptions(data string) (file.Options, error) {
	var kept options
	if err := json.Unmarshal([]byte(data), &kept); err != nil {
		return file.Options{}, fmt.Errorf("reading the options of an import: %w", err)
	}
	o := file.Options{
		Format: kept.Format, Map: kept.Map, Encoding: kept.Encoding, MaxBad: kept.MaxBad, MaxRecord: kept.MaxRecord, Labels: kept.Labels,
	}
	if kept.Zone != "" {
		var err error
		if o.Zone, err = zone(kept.Zone); err != nil {
			return file.Options{}, err
		}
	}
	return o, nil
}

// zone gives the zone of a name, which may be an offset ("+09:00").
func zone(name string) (*time.Location, error) {
	z, err := time.LoadLocation(name)
	if err == nil {
		return z, nil
	}
	if t, e := time.Parse("-07:00", name); e == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	return nil, fmt.Errorf("the zone %q is not known by that name: %w", name, err)
}

const columns = `id, who, source, mandate, file_name, file_path, spooled, size, sha256, options, state, problem, found,
	created, started, finished`

// scan reads a row of columns.
func (m *Import) scan(row interface{ Scan(dest ...any) error }) error {
	var o, found string
	var created, started, finished int64
	if err := row.Scan(&m.ID, &m.Who, &m.Source, &m.Mandate, &m.File.Name, &m.File.Path, &m.File.Spooled, &m.File.Size, &m.File.SHA256,
		&o, &m.State, &m.Problem, &found, &created, &started, &finished); err != nil {
		return fmt.Errorf("reading an import: %w", err)
	}
	m.Created, m.Started, m.Finished = casestore.Time(created), casestore.Time(started), casestore.Time(finished)
	if err := json.Unmarshal([]byte(cmp.Or(found, "{}")), &m.Found); err != nil {
		return fmt.Errorf("reading what import %s found: %w", m.ID, err)
	}
	var err error
	m.Options, err = readOptions(o)
	return err
}
