package web

// findingRoutes are the pages of this file.
func (s *Server) findingRoutes() []Route { return nil }
