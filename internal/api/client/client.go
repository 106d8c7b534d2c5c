// Package client calls the interface of package api, for commands.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/akashi-project/akashi/internal/api"
)

var (
	// ErrAddress says that an address cannot be a server's.
	ErrAddress = errors.New("not the address of a server")
	// ErrPlain says that a token would cross a network unencrypted.
	ErrPlain = errors.New("a token is sent over https only, but to this machine itself")
	// ErrAnswer says that what answered is not Akashi.
	ErrAnswer = errors.New("this is not how Akashi answers")
)

// Client calls one server with one token. Errors that the server gave are
// *api.Problem.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// New makes a client for the server at an address such as
// "https://akashi.example.go.jp".
func New(address, token string) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: expected https://HOST", ErrAddress)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, ErrPlain
	}
	return &Client{base: u.String() + api.Prefix, token: token, http: &http.Client{
		// Nothing of the interface moves; the token goes nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// loopback says whether a host is this machine itself.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Get reads what is at a path and gives it as it came; out, where given, takes
// it too.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) ([]byte, error) {
	return c.value(ctx, http.MethodGet, path, query, nil, "", out)
}

// Post sends in as JSON (nil for nothing) and reads the answer as Get does.
func (c *Client) Post(ctx context.Context, path string, in, out any) ([]byte, error) {
	if in == nil {
		return c.value(ctx, http.MethodPost, path, nil, nil, "", out)
	}
	data, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	return c.value(ctx, http.MethodPost, path, nil, bytes.NewReader(data), "application/json", out)
}

// Upload sends a file as it is read.
func (c *Client) Upload(ctx context.Context, path string, query url.Values, content io.Reader, out any) ([]byte, error) {
	// The reader must not be closed or rewound: it may be standard input.
	return c.value(ctx, http.MethodPost, path, query, io.MultiReader(content), "application/octet-stream", out)
}

// Download sends in as JSON (nil for nothing) and writes the file that answers
// to w. An error, whenever it comes, means that the file is not whole.
func (c *Client) Download(ctx context.Context, path string, in any, w io.Writer) (int64, error) {
	var content io.Reader
	media := ""
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return 0, fmt.Errorf("writing a request: %w", err)
		}
		content, media = bytes.NewReader(data), "application/json"
	}
	resp, err := c.send(ctx, http.MethodPost, path, nil, content, media)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	n, err := io.Copy(w, resp.Body)
	if err != nil {
		return n, fmt.Errorf("taking the file: %w", err)
	}
	return n, nil
}

// mostAnswer is how many bytes an answer has that is no file.
const mostAnswer = 1 << 30

func (c *Client) value(ctx context.Context, method, path string, query url.Values, content io.Reader, media string, out any) ([]byte, error) {
	resp, err := c.send(ctx, method, path, query, content, media)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
	}
	return data, nil
}

// send sends a request and gives the answer, if it is one of success.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, content io.Reader, media string) (*http.Response, error) {
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		// The error of net/http has the whole address, with what is
		// searched for.
		if wrong, ok := errors.AsType[*url.Error](err); ok {
			err = wrong.Err
		}
		return nil, fmt.Errorf("asking %s: %w", c.base, err)
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	var p api.Problem
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil || p.Code == "" {
		return nil, fmt.Errorf("asking %s: %w: %s", c.base, ErrAnswer, resp.Status)
	}
	return nil, &p
}
