package web

// logRoutes are the pages of this file.
func (s *Server) logRoutes() []Route { return nil }
