package web

// inboxRoutes are the pages of this file.
func (s *Server) inboxRoutes() []Route { return nil }
