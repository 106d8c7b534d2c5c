package app

import (
	"net/http"

	"github.com/akashi-project/akashi/internal/auth"
)

// readers lets those in who may see how the instance does.
func (a *App) readers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := auth.Of(r.Context())
		switch {
		case p == nil:
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a token with the scope operate.read is needed", http.StatusUnauthorized)
		case !a.Auth.Policy().May(p, auth.OperateRead):
			http.Error(w, "the right operate.read is missing", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
