package file

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

// format is one known way of writing posts. To add one, write a file with a
// value of this type and name it in known.
type format struct {
	name, about string
	// platform is that of the posts, where the format is of one platform.
	platform string

	// signs are the columns by which a table, or a stream of flat objects,
	// is recognised: of each entry one of the names must be there.
	signs [][]string
	// roles are the columns to read: the first name that is there counts.
	roles map[role][]string
	// several are roles that are read from all the columns named.
	several map[role][]string
	// fewLinks says that the address column holds an attached address only,
	// so that an empty one does not mean that the text has none.
	fewLinks bool
	// channelSpeaks says that where no account is named the channel itself
	// published the post.
	channelSpeaks bool
	// adjust, where given, changes the columns found, by the header.
	adjust func(header []string, c *columns)
	// finish, where given, completes a post from its row. An error with
	// nothing expected means that the row is no post.
	finish func(r row, p *post.Post) *rowError

	// match recognises one JSON object of the format.
	match func(v gjson.Result) bool
	// read reads such an object.
	read func(e *entry, v gjson.Result) *rowError
	// paths show what read takes from where.
	paths map[role]string
}

// known are the formats, in the order in which they are tried.
var known = []*format{
	&akashiFormat,
	&zeeschuimerFormat,
	&jetstreamFormat,
	&xAPIFormat,
	&xStatusFormat,
	&xArchiveFormat,
	&blueskyFormat,
	&telegramFormat,
	&telethonFormat,
	&longFormat,
	&iraFormat,
	&iraCompactFormat,
	&crowdTangleFacebookFormat,
	&crowdTangleInstagramFormat,
	&fourcatFormat,
	&youTubeVideosFormat,
	&youTubeCommentsFormat,
	&tableFormat,
	&objectsFormat,
}

// tableFormat and objectsFormat stand for what is read by the mapping alone.
var (
	tableFormat = format{name: "table", about: "any table with a header: the columns' roles are guessed, or given with --map",
		signs: [][]string{{"\x00"}}}
	objectsFormat = format{name: "objects", about: "any JSON objects, one a line or in an array: the roles of paths are guessed, or given with --map",
		signs: [][]string{{"\x00"}}}
)

// FormatInfo describes a known format.
type FormatInfo struct {
	// Name is what Options.Format takes.
	Name string
	// About is one line on it.
	About string
}

// Formats lists the known formats.
func Formats() []FormatInfo {
	out := make([]FormatInfo, len(known))
	for i, f := range known {
		out[i] = FormatInfo{f.name, f.about}
	}
	return out
}

// named gives the format that the caller names; nil for "".
func named(name string) (*format, error) {
	if name == "" {
		return nil, nil
	}
	for _, f := range known {
		if f.name == name {
			return f, nil
		}
	}
	all := make([]string, len(known))
	for i, f := range known {
		all[i] = f.name
	}
	return nil, fmt.Errorf("unknown format %q: want one of %s", name, strings.Join(all, ", "))
}

// claims says that a header is the format's.
func (f *format) claims(header []string) bool {
	if len(f.signs) == 0 {
		return false
	}
	for _, names := range f.signs {
		if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(header, name) }) {
			return false
		}
	}
	return true
}

// columnsOf finds the format's columns in a header.
func (f *format) columnsOf(header []string) columns {
	var c columns
	for r, names := range f.roles {
		for _, name := range names {
			if i := slices.Index(header, name); i >= 0 {
				c.at[r] = []int{i}
				break
			}
		}
	}
	for r, names := range f.several {
		for _, name := range names {
			if i := slices.Index(header, name); i >= 0 {
				c.at[r] = append(c.at[r], i)
			}
		}
	}
	if f.platform != "" {
		c.constant[rolePlatform] = f.platform
	}
	if f.adjust != nil {
		f.adjust(header, &c)
	}
	return c
}

// recogniseTable gives the format that claims a header, or nil.
func recogniseTable(header []string) *format {
	for _, f := range known {
		if f.claims(header) {
			return f
		}
	}
	return nil
}

// recogniseObjects gives the format that claims most of the first objects of a
// file, or nil.
func recogniseObjects(sample []gjson.Result) *format {
	var best *format
	most := 0
	for _, f := range known {
		if f.match == nil {
			continue
		}
		n := 0
		for _, v := range sample {
			if f.match(v) {
				n++
			}
		}
		if n > most {
			best, most = f, n
		}
	}
	return best
}
