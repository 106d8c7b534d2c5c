package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/intake"
	"github.com/akashi-project/akashi/internal/normalise"
	"github.com/akashi-project/akashi/internal/post"
	"github.com/akashi-project/akashi/internal/poststore"
)

// Limits of the form that comes with an upload.
const (
	// uploadFields is how many bytes there may be beside the file.
	uploadFields = 1 << 20
	uploadField  = 16 << 10
	// Characters.
	longestSource  = 100
	longestMandate = 1000
	longestColumn  = 400
)

// uploadEncodings are offered; the form takes no other.
func uploadEncodings() []string {
	return []string{
		"UTF-8", "UTF-16LE", "UTF-16BE", "Shift_JIS", "EUC-JP", "ISO-2022-JP", "EUC-KR", "GB18030", "Big5", "windows-1251", "windows-1252",
	}
}

// uploadShares are the shares of unreadable records, in percent, beyond which
// an import stops.
func uploadShares() []int { return []int{0, 1, 10, 50, 100} }

// uploadView is the form.
type uploadView struct {
	// Values are what was typed.
	Values url.Values
	Source, Zone,
	Mandate Field
	FileError string
	// Problem says why the file was not taken; Found what was recognised in
	// it, Detail why it cannot be read, in the reader's English.
	Problem, Detail string
	Found           *uploadPreview
	Formats         []formatChoice
	Encodings       []string
	Zones           []string
	Shares          []int
	Share           int
	Columns         []Field
	// Mapped says that columns were named, or might have to be, so that they
	// are shown at once.
	Mapped bool
	Most   int64
}

// formatChoice is a format that files can be read as.
type formatChoice struct{ Name, About string }

// uploadPreview is what the beginning of a file was recognised as.
type uploadPreview struct {
	file.Summary
	// Roles are Summary.Mapping in order, with the roles' meaning.
	Roles []importMapping
	Posts []PostCard
}

func (s *Server) uploadPage(w http.ResponseWriter, r *http.Request) error {
	return s.showUpload(w, r, 0, s.uploadView(r, r.URL.Query()))
}

func (s *Server) showUpload(w http.ResponseWriter, r *http.Request, status int, v *uploadView) error {
	return s.page(w, r, "sources-upload", Page{Title: s.say(r, "sources.upload.title"), Data: v, Status: status, Place: sourcesPlace})
}

// uploadView makes the form with what was typed.
func (s *Server) uploadView(r *http.Request, values url.Values) *uploadView {
	v := &uploadView{
		Values: values, Encodings: uploadEncodings(), Zones: zones(), Shares: uploadShares(), Share: 10, Most: s.Intake.MaxUpload(),
		Source: Field{
			ID: "upload-source", Name: "source", Type: "text", Value: values.Get("source"), Longest: longestSource, Complete: "off",
			Label: s.say(r, "sources.upload.source"), Help: s.say(r, "sources.upload.source.help"),
		},
		Mandate: Field{
			ID: "upload-mandate", Name: "mandate", Value: values.Get("mandate"), Longest: longestMandate,
			Label: s.say(r, "sources.mandate"), Help: s.say(r, "sources.upload.mandate.help"),
		},
		Zone: Field{
			ID: "upload-zone", Name: "zone", Value: "UTC",
			Label: s.say(r, "sources.upload.zone"), Help: s.say(r, "sources.upload.zone.help"),
		},
	}
	if values.Has("zone") {
		v.Zone.Value = values.Get("zone")
	}
	if n, err := strconv.Atoi(values.Get("bad")); err == nil {
		v.Share = n
	}
	for _, f := range file.Formats() {
		v.Formats = append(v.Formats, formatChoice{f.Name, s.formatAbout(r, f.Name)})
	}
	for _, role := range file.Roles() {
		name := "map." + role.Name
		v.Mapped = v.Mapped || values.Get(name) != ""
		v.Columns = append(v.Columns, Field{
			ID: "upload-map-" + role.Name, Name: name, Type: "text", Value: values.Get(name), Longest: longestColumn, Complete: "off",
			Label: s.roleAbout(r, role.Name),
		})
	}
	return v
}

// formatAbout says what a format is.
//
// i18n: sources.format.*
func (s *Server) formatAbout(r *http.Request, name string) string {
	return s.say(r, "sources.format."+strings.ToLower(name))
}

// request reads the form's fields; it marks those that are wrong and then says
// false.
func (v *uploadView) request(s *Server, r *http.Request) (intake.Request, bool) {
	get := func(name string) string { return strings.TrimSpace(v.Values.Get(name)) }
	q := intake.Request{Source: get("source"), Mandate: get("mandate"), Options: file.Options{Map: map[string]string{}}}
	good := true
	wrong := func(f *Field, key string, args ...any) {
		f.Error, f.Focus, good = s.say(r, key, args...), good, false
	}
	if utf8.RuneCountInString(q.Source) > longestSource {
		wrong(&v.Source, "sources.upload.long", "most", longestSource)
	}
	switch {
	case q.Mandate == "":
		wrong(&v.Mandate, "sources.upload.mandate.none")
	case utf8.RuneCountInString(q.Mandate) > longestMandate:
		wrong(&v.Mandate, "sources.upload.long", "most", longestMandate)
	}
	o := &q.Options
	var err error
	if o.Zone, err = uploadZone(get("zone")); err != nil {
		wrong(&v.Zone, "sources.upload.zone.wrong")
	}
	o.Format, o.Encoding = get("format"), get("encoding")
	// As the command line has it, so that both know an import by the same
	// options.
	o.MaxBad = float64(v.Share) / 100
	if v.Share == 0 {
		o.MaxBad = -1
	}
	for i := range v.Columns {
		f := &v.Columns[i]
		if c := get(f.Name); c != "" {
			o.Map[strings.TrimPrefix(f.Name, "map.")] = c
		}
		if utf8.RuneCountInString(f.Value) > longestColumn {
			wrong(f, "sources.upload.long", "most", longestColumn)
		}
	}
	// Formats, encodings and shares are chosen from lists; without files,
	// Read only looks at its options.
	if _, err := file.Read(r.Context(), nil, *o, nil); err != nil ||
		o.Encoding != "" && !slices.Contains(v.Encodings, o.Encoding) || !slices.Contains(v.Shares, v.Share) {
		v.Problem, good = s.say(r, "sources.upload.options"), false
	}
	return q, good
}

// uploadZone reads the name of a zone, or an offset: "+09:00".
func uploadZone(name string) (*time.Location, error) {
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	if name == "" || name == "Local" {
		return nil, errors.New("no zone")
	}
	return time.LoadLocation(name) //nolint:wrapcheck // the form says it in its own words
}

// upload takes a file: it is written to the spool while it comes, its beginning
// is read, and in one change the import is noted and its job queued.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	values, f, err := s.receive(r)
	added := false
	defer func() {
		if !added {
			s.Intake.Discard(f)
		}
	}()
	v := s.uploadView(r, values)
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, intake.ErrTooLarge), errors.As(err, &large):
		v.FileError = s.say(r, "sources.upload.large", "size", sizeText(s.langOf(r), s.Intake.MaxUpload()))
		return s.showUpload(w, r, http.StatusRequestEntityTooLarge, v)
	case errors.Is(err, errForm):
		v.Problem = s.say(r, "sources.upload.form")
		return s.showUpload(w, r, http.StatusUnprocessableEntity, v)
	case err != nil:
		return err
	}
	request, good := v.request(s, r)
	switch {
	case f.Path == "":
		v.FileError, good = s.say(r, "sources.upload.file.none"), false
	case f.Size == 0:
		v.FileError, good = s.say(r, "sources.upload.file.empty"), false
	}
	if !good {
		return s.showUpload(w, r, http.StatusUnprocessableEntity, v)
	}
	if found, err := s.peek(r, f, request.Options); err != nil {
		if ctx.Err() != nil {
			return err
		}
		s.unreadable(r, v, f, found, err)
		return s.showUpload(w, r, http.StatusUnprocessableEntity, v)
	}
	m, err := s.addImport(ctx, f, request, values.Get("do") != "look")
	if errors.Is(err, intake.ErrRunning) {
		v.Problem = s.say(r, "sources.upload.running")
		return s.showUpload(w, r, http.StatusConflict, v)
	}
	if err != nil {
		return err
	}
	added = true
	d := Done{To: "/sources/imports/" + m.ID, Key: "sources.upload.done"}
	if values.Get("do") == "look" {
		d.Key = "sources.upload.kept"
	}
	return s.done(w, r, d)
}

// addImport notes an import and, where it is to begin, queues it.
func (s *Server) addImport(ctx context.Context, f intake.File, q intake.Request, begin bool) (m intake.Import, err error) {
	err = s.Casework.Change(ctx, func(tx *casestore.Tx) error {
		if m, err = s.Intake.Add(ctx, tx, f, q); err != nil || !begin {
			return err
		}
		return s.QueueImport(ctx, tx, m.ID)
	})
	if err != nil {
		return m, fmt.Errorf("adding an upload: %w", err)
	}
	return m, nil
}

// errForm says that a request is no form with a file, or is cut off.
var errForm = errors.New("the form cannot be read")

// receive reads a form with a file as it comes. The file is that of the last
// field "file" with a name; what was spooled is given also beside an error.
func (s *Server) receive(r *http.Request) (values url.Values, f intake.File, err error) {
	values = url.Values{}
	form, err := r.MultipartReader()
	if err != nil {
		return values, f, fmt.Errorf("%w: %w", errForm, err)
	}
	for left := int64(uploadFields); ; {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return values, f, nil
		}
		if err != nil {
			return values, f, received(err)
		}
		if part.FormName() == "file" {
			if _, p, err := mime.ParseMediaType(part.Header.Get("Content-Disposition")); err != nil || p["filename"] == "" {
				continue // no file was chosen
			}
			s.Intake.Discard(f)
			if f, err = s.Intake.Spool(r.Context(), part.FileName(), part); err != nil {
				return values, intake.File{}, received(err)
			}
			continue
		}
		data, err := io.ReadAll(io.LimitReader(part, min(left, uploadField)+1))
		if err != nil {
			return values, f, received(err)
		}
		if left -= int64(len(data)); left < 0 || len(data) > uploadField || !utf8.Valid(data) {
			return values, f, errForm
		}
		values.Set(part.FormName(), string(data))
	}
}

// received tells a connection that broke from what is our own trouble.
func received(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || strings.HasPrefix(err.Error(), "multipart: ") {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	return err
}

// errSeen ends the reading of a file once its beginning has been seen.
var errSeen = errors.New("seen")

// peekedPosts is how many posts a preview shows.
const peekedPosts = 3

// peek reads the beginning of a file as its import would.
func (s *Server) peek(r *http.Request, f intake.File, o file.Options) (*uploadPreview, error) {
	o.Workers = 1
	var posts []post.Post
	found, err := file.Read(r.Context(), []string{f.Path}, o, func(batch []post.Post) error {
		if len(batch) == 0 {
			return nil
		}
		posts = append(posts, batch[:min(len(batch), peekedPosts)]...)
		return errSeen
	})
	v := &uploadPreview{}
	if len(found) > 0 {
		v.Summary = found[0]
		v.Roles = s.importMapping(r, v.Mapping)
		for i := range v.Reasons {
			v.Reasons[i].File = f.Name
		}
	}
	if errors.Is(err, errSeen) || err == nil && v.Summary.Posts > 0 {
		return v, s.previewPosts(r, v, posts)
	}
	if err == nil {
		err = errNoPosts
	}
	return v, err //nolint:wrapcheck // unreadable says what it is about
}

// errNoPosts says that a file can be read and holds no post.
var errNoPosts = errors.New("it holds no posts")

// previewPosts shows posts as they would be shown in the store, to readers who
// may read posts.
func (s *Server) previewPosts(r *http.Request, v *uploadPreview, found []post.Post) error {
	who := auth.Of(r.Context())
	if !s.policy.May(who, auth.PostRead) {
		return nil
	}
	posts := make([]poststore.Post, len(found))
	for i := range found {
		normalise.Post(&found[i], normalise.Options{})
		poststore.Clean(&found[i])
		posts[i] = poststore.Post{Post: found[i], Key: poststore.KeyOf(&found[i]), Version: 1, Versions: 1}
	}
	veil, err := s.Mandate.VeilPosts(r.Context(), who, posts)
	if err != nil {
		return fmt.Errorf("veiling posts: %w", err)
	}
	for i := range posts {
		c := s.card(veil, &posts[i])
		c.Link, c.AuthorLink = "", "" // it is not in the store
		v.Posts = append(v.Posts, c)
	}
	return nil
}

// unreadable says in the form why a file cannot be imported as it is.
func (s *Server) unreadable(r *http.Request, v *uploadView, f intake.File, found *uploadPreview, err error) {
	v.Found, v.Mapped = found, true // naming columns may help
	if bad, ok := errors.AsType[*file.TooManyBadError](err); ok {
		v.Problem = s.say(r, "sources.upload.bad", "count", bad.Summary.Rows, "bad", bad.Summary.Bad, "format", bad.Summary.Format)
		return
	}
	if errors.Is(err, errNoPosts) {
		v.Problem = s.say(r, "sources.upload.noposts")
		return
	}
	v.Problem = s.say(r, "sources.upload.unreadable")
	// What stands before the reader's own words names the place of the spool.
	_, why, _ := strings.Cut(err.Error(), f.Path+": ")
	v.Detail = strings.ReplaceAll(cmp.Or(why, err.Error()), f.Path, f.Name)
}
