package auth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
)

// BenchmarkLoad is what the middleware adds to a page of somebody who is signed
// in.
func BenchmarkLoad(b *testing.B) {
	db, err := casestoretest.Engines["sqlite"](b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	in := start(b, db, nil)
	in.person("sato", goodPassword, Analyst)
	browser := in.browser(addr(1))
	if err := browser.login("sato", goodPassword); err != nil {
		b.Fatal(err)
	}
	var who *Principal
	handler := in.Headers(in.Protect(in.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who = Of(r.Context())
		w.WriteHeader(http.StatusNoContent)
	}))))
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, in.srv.URL+"/", http.NoBody)
	r.AddCookie(&http.Cookie{Name: "akashi", Value: browser.cookies()["akashi"]})
	for b.Loop() {
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if who == nil {
		b.Fatal("nobody is signed in")
	}
}

// BenchmarkPassword is what a password costs.
func BenchmarkPassword(b *testing.B) {
	hash, err := argon2id.CreateHash(goodPassword, &argon)
	if err != nil {
		b.Fatal(err)
	}
	p, err := newPasswords(argon, 12)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if ok, _, err := p.matches(context.Background(), true, goodPassword, hash); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
