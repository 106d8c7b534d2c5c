package web

// sourcesRoutes are the pages of this file.
func (s *Server) sourcesRoutes() []Route { return nil }
