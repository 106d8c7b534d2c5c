package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// toast is a note of what was done, with the way to undo it.
type toast struct {
	// Text says it.
	Text string
	// Undo is the address to post to that takes it back; empty where nothing
	// can. Fields go with it.
	Undo   string
	Fields map[string]string
	// Bad marks a note of something that failed.
	Bad bool
}

// note is a toast that waits, in a cookie, for the next page.
type note struct {
	Key    string            `json:"k"`
	Args   []any             `json:"a,omitempty"`
	Undo   string            `json:"u,omitempty"`
	Fields map[string]string `json:"f,omitempty"`
	Bad    bool              `json:"b,omitempty"`
	Until  int64             `json:"t"`
}

// flashes signs the notes, so that a cookie that somebody planted says nothing.
type flashes struct{ key [32]byte }

func newFlashes() *flashes {
	f := &flashes{}
	_, _ = rand.Read(f.key[:]) // never fails: crypto/rand
	return f
}

const flashCookie = "akashi_note"

// Done says what was done and where to go on.
type Done struct {
	// To is the page to show next; it must be of this server.
	To string
	// Key and Args are the sentence of the toast. Args are texts and numbers.
	Key  string
	Args []any
	// Undo is the address to post to that takes it back, Fields what goes
	// with it.
	Undo   string
	Fields map[string]string
	// Part names a template that htmx gets in place of the page, with
	// PartData; empty: htmx is sent to To.
	Part     string
	PartData any
}

// done answers a change that was made: with a redirect and a toast on the next
// page, or, to htmx, with a part and the toast at once.
func (s *Server) done(w http.ResponseWriter, r *http.Request, d Done) error {
	to := local(d.To)
	if isHTMX(r) && d.Part != "" {
		set, err := s.looks.set(s.langOf(r), zoneOf(r))
		if err != nil {
			return err
		}
		out, err := execute(set, d.Part, d.PartData)
		if err != nil {
			return err
		}
		if d.Key != "" {
			n, err := execute(set, "toast-beside", &toast{Text: s.say(r, d.Key, d.Args...), Undo: d.Undo, Fields: d.Fields})
			if err != nil {
				return err
			}
			out += n
		}
		return write(w, 0, out)
	}
	if d.Key != "" {
		s.leaveFlash(w, note{Key: d.Key, Args: d.Args, Undo: d.Undo, Fields: d.Fields})
	}
	if isHTMX(r) {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// leaveFlash keeps a note for the next page.
func (s *Server) leaveFlash(w http.ResponseWriter, n note) {
	n.Until = s.Now().Add(time.Minute).Unix()
	data, err := json.Marshal(n)
	if err != nil || len(data) > 2048 {
		return // a note is a courtesy
	}
	http.SetCookie(w, &http.Cookie{
		Name: flashCookie, Value: s.flashes.seal(data), Path: "/", MaxAge: 60,
		HttpOnly: true, Secure: s.Auth.Secure(), SameSite: http.SameSiteLaxMode,
	})
}

// takeFlash gives the note that waits, and forgets it.
func (s *Server) takeFlash(w http.ResponseWriter, r *http.Request, lang string) *toast {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.Auth.Secure(), SameSite: http.SameSiteLaxMode})
	data, ok := s.flashes.open(c.Value)
	if !ok {
		return nil
	}
	var n note
	if json.Unmarshal(data, &n) != nil || n.Until < s.Now().Unix() || !s.words.Has(n.Key) {
		return nil
	}
	for i, a := range n.Args {
		if f, isNumber := a.(float64); isNumber && f == float64(int64(f)) {
			n.Args[i] = int64(f)
		}
	}
	return &toast{Text: s.words.T(lang, n.Key, n.Args...), Undo: n.Undo, Fields: n.Fields, Bad: n.Bad}
}

func (f *flashes) sum(data []byte) []byte {
	m := hmac.New(sha256.New, f.key[:])
	m.Write(data)
	return m.Sum(nil)
}

func (f *flashes) seal(data []byte) string {
	e := base64.RawURLEncoding
	return e.EncodeToString(data) + "." + e.EncodeToString(f.sum(data))
}

func (f *flashes) open(value string) ([]byte, bool) {
	a, b, _ := strings.Cut(value, ".")
	data, err1 := base64.RawURLEncoding.DecodeString(a)
	sum, err2 := base64.RawURLEncoding.DecodeString(b)
	if err1 != nil || err2 != nil || !hmac.Equal(sum, f.sum(data)) {
		return nil, false
	}
	return data, true
}
