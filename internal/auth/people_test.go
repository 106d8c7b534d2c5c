package auth

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestEndFromOutside says that an administrator ends somebody's sessions and
// tokens while the account itself goes on.
func TestEndFromOutside(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		in.person("root", otherPassword, Administrator)
		sato := in.person("sato", goodPassword, Analyst)
		b, again := signedIn(t, in, "sato", addr(1)), signedIn(t, in, "sato", addr(2))
		api := in.browser(addr(3))
		b.do(func(ctx context.Context) {
			for range 2 {
				secret, _, err := in.MakeToken(ctx, "x", []Action{PostRead}, in.clock().Add(time.Hour))
				if err != nil {
					t.Error(err)
				}
				api.bearer = secret
			}
			if _, err := in.EndSessions(ctx, sato.ID); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("an analyst ends sessions: %v", err)
			}
			if _, err := in.RevokeTokens(ctx, sato.ID); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("an analyst revokes tokens: %v", err)
			}
		})
		// Two of signing in, and that of beginning with the invitation.
		if n, err := in.EndSessions(cli(t), sato.ID); n != 3 || err != nil {
			t.Errorf("%d sessions ended, %v", n, err)
		}
		if l := in.last(); l.Action != "people.sessions" || l.Object != "user:"+sato.ID || l.Detail["sessions"] != 3. {
			t.Errorf("the line is %+v", l)
		}
		if b.who() != nil || again.who() != nil {
			t.Error("a session goes on")
		}
		if got := api.do(func(context.Context) {}).StatusCode; got != 204 {
			t.Errorf("a token ended with the sessions: %d", got)
		}
		for _, want := range []int{2, 0} {
			if n, err := in.RevokeTokens(cli(t), sato.ID); n != want || err != nil {
				t.Errorf("%d tokens revoked, want %d: %v", n, want, err)
			}
		}
		if got := api.do(func(context.Context) {}).StatusCode; got != 401 {
			t.Errorf("a revoked token: %d", got)
		}
		if in.last().Action != "people.tokens" {
			t.Errorf("the line is %+v", in.last())
		}
		if err := in.browser(addr(4)).login("sato", goodPassword); err != nil {
			t.Errorf("signing in again: %v", err)
		}
	})
}
