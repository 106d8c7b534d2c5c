package web

// operationRoutes are the pages of this file.
func (s *Server) operationRoutes() []Route { return nil }
