package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/akashi-project/akashi/internal/api"
)

func TestNew(t *testing.T) {
	for address, want := range map[string]error{
		"https://akashi.example.go.jp": nil, "https://akashi.example.go.jp/": nil, "http://localhost:8470": nil,
		"http://127.0.0.1:8470": nil, "http://[::1]:8470": nil,
		"http://akashi.example.go.jp": ErrPlain, "http://localhost.example.org": ErrPlain, "http://10.0.0.1": ErrPlain,
		"": ErrAddress, "akashi": ErrAddress, "ftp://localhost": ErrAddress, "https://u:p@host": ErrAddress, "https://host/api": ErrAddress,
	} {
		if _, err := New(address, "aka_x"); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", address, err, want)
		}
	}
}

// What is not whole, or not Akashi's, is an error, and the token goes nowhere
// else.
func TestOddServers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the token went elsewhere") }))
	defer elsewhere.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, api.Prefix) {
		case "/moved":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/cut":
			_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
			panic(http.ErrAbortHandler)
		case "/page":
			http.Error(w, "<html>", http.StatusBadGateway)
		case "/problem":
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code":"changed-meanwhile","status":409}`)
		default:
			_, _ = io.WriteString(w, `{"a":`)
		}
	}))
	defer s.Close()
	c, err := New(s.URL, "aka_x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "/moved", nil, nil); !errors.Is(err, ErrAnswer) {
		t.Errorf("moved: %v", err)
	}
	if _, err := c.Get(t.Context(), "/page", nil, nil); !errors.Is(err, ErrAnswer) {
		t.Errorf("a page: %v", err)
	}
	var out map[string]any
	if _, err := c.Get(t.Context(), "/half", nil, &out); !errors.Is(err, ErrAnswer) {
		t.Errorf("half a value: %v", err)
	}
	var p *api.Problem
	if _, err := c.Post(t.Context(), "/problem", nil, nil); !errors.As(err, &p) || p.Code != api.CodeConflict {
		t.Errorf("a problem: %v", err)
	}
	var file bytes.Buffer
	if _, err := c.Download(t.Context(), "/cut", nil, &file); err == nil {
		t.Errorf("a file that was cut after %d bytes is taken for whole", file.Len())
	}
}
