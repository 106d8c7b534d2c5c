package web

// coordinationRoutes are the pages of this file.
func (s *Server) coordinationRoutes() []Route { return nil }
