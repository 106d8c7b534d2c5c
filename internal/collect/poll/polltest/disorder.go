package polltest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
)

// Answer answers a request with v as JSON.
func Answer(t *testing.T, w http.ResponseWriter, v any) {
	t.Helper()
	if _, err := w.Write(JSON(t, v)); err != nil {
		t.Logf("answering: %v", err) // who asked went away
	}
}

// JSON is v as JSON: an answer, a cursor.
func JSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Errorf("writing JSON: %v", err)
	}
	return b
}

// Muddled gives the items of a page in another order, some of them twice: an
// upstream promises an order, and keeps it mostly.
func Muddled[T any](items []T) []T {
	out := slices.Clone(items)
	slices.Reverse(out)
	for i := 0; i < len(items); i += 3 {
		out = append(out, items[i])
	}
	return out
}

// Stalling does not answer the first request until whoever asked goes away,
// and serves the others.
func Stalling(h http.Handler) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see who goes away
			<-r.Context().Done()
			return
		}
		h.ServeHTTP(w, r)
	})
}

// IDs gives the ids of the posts that were put, each once, sorted, and those of
// the posts that were said to be gone. It is for Done, and for when the source
// has ended.
func (s *Sink) IDs() (posts, deleted []string) {
	for i := range s.Batches {
		for j := range s.Batches[i].Posts {
			posts = append(posts, s.Batches[i].Posts[j].ID)
		}
		for _, d := range s.Batches[i].Deleted {
			deleted = append(deleted, d.ID)
		}
	}
	slices.Sort(posts)
	slices.Sort(deleted)
	return slices.Compact(posts), slices.Compact(deleted)
}
