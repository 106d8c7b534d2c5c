package web

// peopleRoutes are the pages of this file.
func (s *Server) peopleRoutes() []Route { return nil }
