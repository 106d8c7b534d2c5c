package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/akashi-project/akashi/internal/api"
	"github.com/akashi-project/akashi/internal/api/client"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/poststore"
)

// TokenFlags say with which token a server is asked. The token itself never
// stands on the command line, which others on the machine can read.
type TokenFlags struct {
	TokenFile string `group:"Server" env:"AKASHI_TOKEN_FILE" placeholder:"FILE" help:"The file that holds the token; others must not read it. Without it: AKASHI_TOKEN in the environment."`
}

// RemoteFlags say which server a command asks.
type RemoteFlags struct {
	Server string `group:"Server" env:"AKASHI_SERVER" required:"" placeholder:"URL" help:"The server: https://akashi.example.go.jp, or http://localhost:8470 on this machine."`
	JSON   bool   `group:"Output" name:"json" help:"Print the server's answer as it came."`

	TokenFlags `embed:""`
}

// dial makes the client.
func (f *RemoteFlags) dial() (*client.Client, error) { return f.TokenFlags.dial(f.Server) }

// dial makes the client for a server.
func (f *TokenFlags) dial(server string) (*client.Client, error) {
	token, err := f.token()
	if err != nil {
		return nil, usageError(err)
	}
	c, err := client.New(server, token)
	if err != nil {
		return nil, usageError(fmt.Errorf("--server: %w", err))
	}
	return c, nil
}

var errNoToken = errors.New(`a token is needed: make one on the page "Settings", and give it by --token-file FILE or in AKASHI_TOKEN`)

// token reads the token.
func (f *TokenFlags) token() (string, error) {
	text := os.Getenv("AKASHI_TOKEN")
	if f.TokenFile != "" {
		info, err := os.Stat(f.TokenFile)
		if err != nil {
			return "", fmt.Errorf("reading the token: %w", err)
		}
		if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			return "", fmt.Errorf("others may read %s: chmod 600 it: %w", f.TokenFile, fs.ErrPermission)
		}
		data, err := os.ReadFile(f.TokenFile)
		if err != nil {
			return "", fmt.Errorf("reading the token: %w", err)
		}
		text = string(data)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return "", errNoToken
	}
	if !strings.HasPrefix(text, auth.TokenPrefix) || strings.ContainsAny(text, " \t\r\n") {
		return "", fmt.Errorf("what was given as a token is none: it begins with %s", auth.TokenPrefix)
	}
	return text, nil
}

// refused gives an error of a server its exit code, and says what to do.
func refused(err error) error {
	var p *api.Problem
	if err == nil || !errors.As(err, &p) {
		return inputError(err)
	}
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		text += "\n  " + e.Error()
	}
	switch p.Code {
	case api.CodeToken:
		text = "the server does not know the token: it was revoked, has expired, or is another server's"
	case api.CodeRight:
		text = fmt.Sprintf("the token may not: it takes the scope %s, and a person who has that right", p.Right)
	}
	return inputError(fmt.Errorf("%s (%s)", text, p.Code)) //nolint:err113 // it is the server's
}

// locked says what to do where a service works on the data; any other error it
// gives back.
func locked(err error, command string, scope auth.Action) error {
	if !errors.Is(err, poststore.ErrLocked) {
		return err
	}
	return inputError(fmt.Errorf(`%w.
A service works on this data folder. Have it do it: %s --server URL --token-file FILE
(URL as browsers have it, FILE with a token that has the scope %s).
Or stop the service first`, poststore.ErrLocked, command, scope))
}

// printJSON prints an answer, indented.
func (a *app) printJSON(answer []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, answer, "", "  "); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(a.stdout)
	return outputError(err)
}

// printTable prints rows under a header. What comes from outside is shown
// without characters that act on a terminal.
func (a *app) printTable(header []string, rows [][]string) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, r := range rows {
		for i := range r {
			r[i] = plain(r[i])
		}
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing a table: %w", err)
	}
	_, err := b.WriteTo(a.stdout)
	return outputError(err)
}
