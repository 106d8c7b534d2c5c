package web

import (
	"slices"

	"github.com/akashi-project/akashi/internal/auth"
)

// allRoutes gathers the routes of all pages. Each file of pages has a method
// that lists its own; add yours here.
func (s *Server) allRoutes() []Route {
	return slices.Concat(
		s.frameRoutes(),
		s.loginRoutes(),
		s.settingsRoutes(),
		s.searchRoutes(),
		s.inboxRoutes(),
		s.streamRoutes(),
		s.alertRoutes(),
		s.findingRoutes(),
		s.coordinationRoutes(),
		s.detectionRoutes(),
		s.sourcesRoutes(),
		s.liveRoutes(),
		s.mandateRoutes(),
		s.unmaskingRoutes(),
		s.peopleRoutes(),
		s.logRoutes(),
		s.operationRoutes(),
	)
}

// place is an entry of the rail.
type place struct {
	path, title, icon string
	action            auth.Action
}

// places are the entries of the rail in order. One is shown where a GET route
// with its path is there and the reader may use it.
func places() []place {
	return []place{
		{"/inbox", "frame.nav.inbox", "inbox", auth.FindingRead},
		{"/live", "frame.nav.live", "play", auth.FindingRead},
		{"/alerts", "frame.nav.alerts", "flag", auth.AlertRead},
		{"/coordination", "frame.nav.coordination", "waypoints", auth.FindingRead},
		{"/search", "frame.nav.search", "search", auth.PostRead},
		{"/detections", "frame.nav.detections", "radar", auth.DetectionRead},
		{"/sources", "frame.nav.sources", "database", auth.SourceRead},
		{"/mandates", "frame.nav.mandates", "file-check-2", auth.MandateRead},
		{"/unmasking", "frame.nav.unmasking", "eye-off", auth.UnmaskRead},
		{"/people", "frame.nav.people", "users", auth.PeopleRead},
		{"/log", "frame.nav.log", "scroll-text", auth.LogRead},
		{"/operation", "frame.nav.operation", "monitor", auth.OperateRead},
	}
}
