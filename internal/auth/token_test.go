package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
)

func TestTokens(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("sato", goodPassword, Analyst)
		in.person("tanaka", goodPassword, Analyst)
		b := signedIn(t, in, "sato", addr(1))
		var secret string
		var tok Token
		in.person("root", goodPassword, Administrator)
		b.do(func(ctx context.Context) {
			in1h := in.clock().Add(time.Hour)
			for _, c := range []struct {
				name    string
				scopes  []Action
				expires time.Time
				want    error
			}{
				{"", []Action{PostRead}, in1h, ErrName},
				{"x", nil, in1h, ErrScopes},
				{"x", []Action{"post.burn"}, in1h, ErrScopes},
				{"x", []Action{PostRead, PeopleEdit}, in1h, ErrScopes},
				{"x", []Action{OwnTokens}, in1h, ErrScopes},
				{"x", []Action{UnmaskRequest}, in1h, ErrScopes},
				{"x", []Action{PostRead}, time.Time{}, ErrExpiry},
				{"x", []Action{PostRead}, in.clock(), ErrExpiry},
				{"x", []Action{PostRead}, in.clock().Add(367 * 24 * time.Hour), ErrExpiry},
			} {
				if _, _, err := in.MakeToken(ctx, c.name, c.scopes, c.expires); !errors.Is(err, c.want) {
					t.Errorf("%+v: %v", c, err)
				}
			}
			var err error
			if secret, tok, err = in.MakeToken(ctx, "nightly", []Action{PostRead, FindingRead}, in1h); err != nil {
				t.Error(err)
			}
			for _, a := range in.TokenScopes(ctx) {
				if strings.HasPrefix(string(a), "own.") || a == UnmaskRequest {
					t.Errorf("a token may be offered %s", a)
				}
			}
		})
		if !strings.HasPrefix(secret, "aka_") || len(secret) != 4+43 || strings.Contains(in.raw(), secret) {
			t.Fatalf("the secret is %q", secret)
		}
		api := in.browser(addr(2))
		api.bearer = secret
		var got *Principal
		var actor string
		res := api.do(func(ctx context.Context) {
			got, actor = Of(ctx), casestore.ActorOf(ctx)
			if err := in.SetPreferences(ctx, "en", "", "UTC"); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("a token changes settings: %v", err)
			}
			if _, _, err := in.MakeToken(ctx, "x", []Action{PostRead}, in.clock().Add(time.Hour)); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("a token makes tokens: %v", err)
			}
		})
		if got == nil || got.ID != p.ID || got.Token != tok.ID || actor != "token:"+tok.ID || got.Session != "" || len(res.Cookies()) != 0 {
			t.Fatalf("acts as %+v (%s), with cookies %v", got, actor, res.Cookies())
		}
		may := func(a Action) bool { return in.Policy().May(got, a) }
		if !may(PostRead) || may(PostExport) || may(OwnSettings) {
			t.Error("its scopes do not hold")
		}
		b.do(func(ctx context.Context) {
			list, err := in.Tokens(ctx)
			if err != nil || len(list) != 1 || list[0].Used.IsZero() || list[0].Name != "nightly" || len(list[0].Scopes) != 2 {
				t.Errorf("listed: %+v %v", list, err)
			}
		})
		signedIn(t, in, "tanaka", addr(3)).do(func(ctx context.Context) {
			if list, err := in.Tokens(ctx); err != nil || len(list) != 0 {
				t.Errorf("another's tokens: %v %v", list, err)
			}
			if err := in.RevokeToken(ctx, tok.ID); !errors.Is(err, casestore.ErrNotFound) {
				t.Errorf("another's token: %v", err)
			}
		})
		// Fewer roles, fewer rights, at once.
		if err := in.SetRoles(cli(t), p.ID, []Role{Administrator}); err != nil {
			t.Fatal(err)
		}
		api.do(func(ctx context.Context) { got = Of(ctx) })
		if may(PostRead) {
			t.Error("the token may what its person may not any more")
		}
		b.do(func(ctx context.Context) {
			if err := in.RevokeToken(ctx, tok.ID); err != nil {
				t.Error(err)
			}
			if err := in.RevokeToken(ctx, tok.ID); !errors.Is(err, casestore.ErrNotFound) {
				t.Error(err)
			}
		})
		ran := false
		res = api.do(func(context.Context) { ran = true })
		if res.StatusCode != http.StatusUnauthorized || ran || !strings.Contains(res.Header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("revoked: %d, ran %v", res.StatusCode, ran)
		}
	})
}

func TestTokenEnds(t *testing.T) {
	each(t, nil, func(t *testing.T, in *instance) {
		p := in.person("sato", goodPassword, Analyst)
		in.person("root", goodPassword, Administrator)
		b := signedIn(t, in, "sato", addr(1))
		make1 := func() (api *browser) {
			b.do(func(ctx context.Context) {
				secret, _, err := in.MakeToken(ctx, "x", []Action{PostRead}, in.clock().Add(time.Minute))
				if err != nil {
					t.Error(err)
				}
				api = in.browser(addr(2))
				api.bearer = secret
			})
			return api
		}
		status := func(api *browser) int { return api.do(func(context.Context) {}).StatusCode }
		expired := make1()
		if status(expired) != 204 {
			t.Fatal("does not work")
		}
		in.wait(time.Minute)
		if got := status(expired); got != 401 {
			t.Errorf("expired: %d", got)
		}
		disabled := make1()
		if err := in.Disable(cli(t), p.ID); err != nil {
			t.Fatal(err)
		}
		if got := status(disabled); got != 401 {
			t.Errorf("disabled: %d", got)
		}
		if err := in.Enable(cli(t), p.ID); err != nil {
			t.Fatal(err)
		}
		if got := status(disabled); got != 401 {
			t.Errorf("enabled again: %d", got)
		}
		// Guessing is slowed; a good token from the same address is not.
		guess := in.browser(addr(9))
		last := 0
		for range rates[doorToken].burst + 1 {
			guess.bearer = TokenPrefix + newSecret()
			last = status(guess)
		}
		if last != 429 {
			t.Errorf("guesses: %d", last)
		}
		guess.bearer = "nothing of ours"
		if got := status(guess); got != 429 {
			t.Errorf("nothing of ours: %d", got)
		}
		b = signedIn(t, in, "sato", addr(1))
		good := make1()
		good.addr = guess.addr
		if got := status(good); got != 204 {
			t.Errorf("a good token beside guesses: %d", got)
		}
	})
}
