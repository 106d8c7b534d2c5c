package web

import (
	"testing"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/web/webtest"
)

// TestBrowserSignIn looks at the pages of signing in and of own settings.
func TestBrowserSignIn(t *testing.T) {
	site := webtest.New(t)
	s, _ := newGallery(t, site.Auth)
	site.Start(t, s)
	_, invite := site.Invite(t, "江井島 渚", auth.Viewer)
	site.Run(t, "testdata/signin.cjs", map[string]any{
		"setup": site.Setup(t), "invite": invite, "viewer": site.Enter(t, auth.Viewer),
	})
}

// TestBrowserFrame looks at the frame and its parts.
func TestBrowserFrame(t *testing.T) {
	site := webtest.New(t)
	s, _ := newGallery(t, site.Auth)
	site.Start(t, s)
	site.Run(t, "testdata/frame.cjs", map[string]any{
		"all":    site.Enter(t, auth.Administrator, auth.Lead, auth.Analyst),
		"viewer": site.Enter(t, auth.Viewer), "bare": site.Enter(t, auth.Analyst),
	})
}
