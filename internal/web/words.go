package web

import (
	"net/http"

	"github.com/akashi-project/akashi/internal/finding"
)

// i18n: words.*

// stateName says where a finding stands, reasonName why it was dismissed,
// behaviourName what its accounts did alike.
func (s *Server) stateName(r *http.Request, x finding.State) string {
	return s.say(r, "words.state."+string(x))
}

func (s *Server) reasonName(r *http.Request, x finding.Reason) string {
	return s.say(r, "words.reason."+string(x))
}

func (s *Server) behaviourName(r *http.Request, name string) string {
	return s.say(r, "words.behaviour."+name)
}

// levelOf gives the mark of a measure in 0…1: "" where there is nothing to
// speak of, else "low", "middle" or "high".
func levelOf(v float64) string {
	switch {
	case v >= 0.66:
		return "high"
	case v >= 0.33:
		return "middle"
	case v > 0:
		return "low"
	}
	return ""
}
