package reddit

import (
	"context"
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/collect/poll"
)

// ask asks for a list, with a token that is made anew where it is over or
// refused.
func (r *run) ask(ctx context.Context, path string, params url.Values) (v gjson.Result, err error) {
	for again := false; ; again = true {
		if r.token == "" || !r.api.Clock.Now().Before(r.until) {
			if err := r.enter(ctx); err != nil {
				return v, err
			}
		}
		if err := r.window.Check(r.api.Clock.Now()); err != nil {
			return v, err //nolint:wrapcheck // says which
		}
		if err := r.pace.Wait(ctx, r.api.Clock); err != nil {
			return v, err //nolint:wrapcheck // says what
		}
		params.Set("raw_json", "1") // texts as they are, not escaped for HTML
		a, err := r.api.Ask(ctx, poll.Call{Path: path, Query: params, Header: http.Header{"Authorization": {"Bearer " + r.token}}})
		refusal, refused := errors.AsType[*poll.RefusalError](err)
		switch {
		case refused && refusal.Code == http.StatusUnauthorized && !again:
			r.token = ""
			continue
		case refused:
			return v, r.refused(err, refusal)
		case err != nil:
			return v, err //nolint:wrapcheck // says where
		}
		if q, ok := allowance(a.Header, r.api.Clock.Now()); ok {
			r.window.State(q, r.to)
		} else {
			r.to.Note(collect.Note{Contact: true})
		}
		if !a.JSON.Get("data.children").IsArray() {
			return v, &poll.FormatError{Where: r.api.Base + path, Why: "the answer is no list"}
		}
		return a.JSON, nil
	}
}

// refused reads a refusal: the allowance is used up, or another.
func (r *run) refused(err error, refusal *poll.RefusalError) error {
	wait, ok := errors.AsType[*poll.WaitError](err)
	if !ok || wait.Stated {
		return err
	}
	if q, ok := allowance(refusal.Header, r.api.Clock.Now()); ok {
		r.window.State(q, r.to)
		return &poll.ExhaustedError{Endpoint: q.Endpoint, Until: q.Reset}
	}
	return err
}

// enter gets a token for the client itself (RFC 6749 section 4.4).
func (r *run) enter(ctx context.Context) error {
	a, err := r.door.Ask(ctx, poll.Call{
		Method: http.MethodPost, Path: "/api/v1/access_token", Body: []byte(url.Values{"grant_type": {"client_credentials"}}.Encode()),
		Header: http.Header{
			"Content-Type":  {"application/x-www-form-urlencoded"},
			"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(r.id+":"+r.secret))},
		},
	})
	if err != nil {
		return poll.Configured(err) //nolint:wrapcheck // says where
	}
	token := a.JSON.Get("access_token").String()
	if token == "" && a.JSON.Get("error").Exists() {
		return &collect.ConfigError{Err: errors.New("reddit does not take the client's id and secret")}
	}
	if token == "" {
		return &poll.FormatError{Where: r.door.Base, Why: "the answer has no token"}
	}
	life := min(max(a.JSON.Get("expires_in").Int(), 60), 24*3600)
	r.token, r.until = token, r.door.Clock.Now().Add(time.Duration(life)*time.Second*9/10)
	return nil
}

// allowance reads X-Ratelimit-Used, -Remaining (a number with a fraction) and
// -Reset (seconds from now).
func allowance(h http.Header, now time.Time) (q collect.Quota, ok bool) {
	left, err1 := strconv.ParseFloat(h.Get("X-Ratelimit-Remaining"), 64)
	used, err2 := strconv.ParseFloat(h.Get("X-Ratelimit-Used"), 64)
	reset, err3 := strconv.ParseFloat(h.Get("X-Ratelimit-Reset"), 64)
	if err1 != nil || err2 != nil || err3 != nil || math.IsNaN(left+used+reset) {
		return q, false
	}
	whole := func(x float64) int64 { return int64(min(max(x, 0), 1e9)) }
	return collect.Quota{Left: whole(left), Limit: whole(left) + whole(used), Reset: now.Add(time.Duration(min(whole(reset), 24*3600)) * time.Second)}, true
}
