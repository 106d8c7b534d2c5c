package file

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/post"
)

// Options say how files are read. The zero value recognises everything and
// gives every part of every post.
type Options struct {
	// Format is the name of a known format (see [Formats]); empty means that
	// it is recognised. "table" and "objects" read by the mapping alone.
	Format string
	// Map gives roles their columns ("account" -> "user_screen_name"), or,
	// in JSON, their paths ("user.screen_name"). What is given here goes
	// before what a format or a guess says. A value that starts with '='
	// is taken as it stands: "platform" -> "=telegram". See [Roles].
	Map map[string]string
	// Zone is the zone of times that state none; nil is UTC.
	Zone *time.Location
	// Encoding names the encoding ("shift_jis"); empty means that it is
	// detected.
	Encoding string
	// MaxBad is the share of unreadable records, of all records, beyond
	// which reading stops with an error. 0 means 0.10; a negative value
	// stops at the first unreadable record, 1 or more never stops.
	MaxBad float64
	// MaxRecord is how long a record may be, in bytes; longer ones are
	// skipped as bad. 0 means 16 MiB.
	MaxRecord int
	// Labels are the columns (in JSON: paths) carried into post.Labels.
	Labels []string
	// Need says which parts of a post the caller wants; the zero value
	// means all of them. Platform, ID, Account.ID, Time, Object, Labels,
	// Synthetic and Origin are always given.
	Need Fields
	// Workers is how many goroutines parse; 0 means GOMAXPROCS.
	Workers int
	// Prepare, where given, is run on each post by the goroutine that
	// parsed it, many at a time.
	Prepare func(*post.Post)
	// Progress, where given, is told how many of the stored (compressed)
	// bytes of all inputs have been turned into posts. total is -1 where it
	// is not known. It is called on the goroutine that called Read.
	Progress func(read, total int64)
	// Stdin is what the path "-" reads; nil is os.Stdin.
	Stdin io.Reader
	// Name is what standard input is called in a Summary, in origins and in
	// reasons; empty means "-".
	Name string
}

// Fields is a set of parts of a post.
type Fields uint16

// The parts of a post that a caller may do without.
const (
	// NeedText is Post.Text.
	NeedText Fields = 1 << iota
	// NeedLinks is Post.Links.
	NeedLinks
	// NeedHashtags is Post.Hashtags.
	NeedHashtags
	// NeedMentions is Post.Mentions.
	NeedMentions
	// NeedMedia is Post.Media.
	NeedMedia
	// NeedRefs is Post.RepostOf, ReplyTo and QuoteOf.
	NeedRefs
	// NeedMeta is the account's handle and name, Channel, Lang and URL.
	NeedMeta
	// NeedRaw is Post.Raw.
	NeedRaw

	// NeedAll is every part.
	NeedAll = NeedRaw<<1 - 1
)

// has says that any part of g is wanted.
func (f Fields) has(g Fields) bool { return f&g != 0 }

// Summary says what was found in one file.
type Summary struct {
	// File is the path as given.
	File string
	// Format is the name of the format that the file was read as.
	Format string
	// Encoding and Compression are those of the file; Compression is empty
	// for a plain file.
	Encoding, Compression string
	// Mapping is the column, or JSON path, that each role was read from.
	Mapping map[string]string
	// Columns are the table's columns, or the paths seen in JSON records
	// that no format claims.
	Columns []string
	// Guessed says that no known format claimed the file, so that Mapping
	// (where the caller did not give it) is a guess from names and values.
	Guessed bool
	// Bytes is how many bytes were read, as stored.
	Bytes int64
	// Rows counts the records: table rows, JSON objects. Each of them gave
	// posts, or was Bad or Skipped.
	Rows int64
	// Posts counts what was handed on. A record of some formats (a page of
	// an API's answer) gives several.
	Posts int64
	// Bad counts the records that could not be read.
	Bad int64
	// Skipped counts the records that are sound but are no posts;
	// SkippedWhy counts them by reason.
	Skipped    int64
	SkippedWhy map[string]int64
	// Replaced counts the characters that stand as U+FFFD because the
	// encoding does not know the bytes, or because they were NUL.
	Replaced int64
	// Reasons are the first of the bad records.
	Reasons []BadRow
	// First and Last are the earliest and the latest time of a post.
	First, Last time.Time
}

// maxReasons is how many bad records a summary describes.
const maxReasons = 20

// BadRow says why a record could not be read.
type BadRow struct {
	File string
	// Line is the 1-based line on which the record starts; in a JSON
	// document, the number of the element.
	Line int64
	// Expected and Found say what should have been there and what was.
	Expected, Found string
}

// String gives the reason as one line: "file:line: expected …, found …".
func (b BadRow) String() string {
	return fmt.Sprintf("%s:%d: expected %s, found %s", b.File, b.Line, b.Expected, b.Found)
}

// rowError is why one record could not be read; the record's place is added
// by whoever knows it.
type rowError struct{ expected, found string }

// bad makes the reason for a record that cannot be read.
func bad(expected, found string) *rowError { return &rowError{expected, found} }

// badValue is bad with the found value shortened and quoted.
func badValue(expected, value string) *rowError {
	if value == "" {
		return &rowError{expected, "nothing"}
	}
	return &rowError{expected, shorten(value, 60)}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
