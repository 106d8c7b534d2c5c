package web

// detectionRoutes are the pages of this file.
func (s *Server) detectionRoutes() []Route { return nil }
