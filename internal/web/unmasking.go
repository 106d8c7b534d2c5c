package web

// unmaskingRoutes are the pages of this file.
func (s *Server) unmaskingRoutes() []Route { return nil }
