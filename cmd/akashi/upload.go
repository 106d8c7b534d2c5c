package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/akashi-project/akashi/internal/api"
	"github.com/akashi-project/akashi/internal/api/client"
	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/intake"
)

// upload brings the files in on a server, one after the other.
func (i *importCmd) upload(ctx context.Context, a *app, o file.Options) error {
	s, err := i.dial(i.Server)
	if err != nil {
		return err
	}
	q := url.Values{"zone": {i.Zone}, "max_bad": {strconv.FormatFloat(i.MaxBad, 'f', -1, 64)}}
	for name, value := range map[string]string{"source": i.Source, "format": i.Format, "encoding": i.Encoding} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for role, column := range o.Map {
		q.Add("map", role+"="+column)
	}
	for _, path := range i.Files {
		m, err := a.uploadFile(ctx, s, path, q)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.stdout, "%s: %s; %d posts: %d new, %d changed, %d there already; %d rows, %d unreadable, %d no posts\n",
			plain(m.File), m.State, m.Posts, m.New, m.Changed, m.Same, m.Rows, m.Bad, m.Skipped)
		if err != nil {
			return outputError(err)
		}
		if m.State != intake.Done {
			return inputError(fmt.Errorf("the import is %s: the page \"Sources\" says why", m.State)) //nolint:err113 // it is the server's
		}
	}
	return nil
}

// uploadFile sends a file and waits until it is in.
func (a *app) uploadFile(ctx context.Context, s *client.Client, path string, q url.Values) (m api.Import, err error) {
	in, name, size := a.stdin, "stdin", int64(-1)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return m, inputError(fmt.Errorf("opening: %w", err))
		}
		defer f.Close() //nolint:errcheck // it was only read
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in, name = f, filepath.Base(path)
	}
	q.Set("name", name)
	bar := newProgress(a.stderr, "uploading")
	sent := &measured{r: in, total: size, tell: bar.set}
	_, err = s.Upload(ctx, "/imports", q, sent, &m)
	bar.finish()
	if err != nil {
		return m, refused(err)
	}
	bar = newProgress(a.stderr, "importing")
	defer bar.finish()
	for m.State == intake.Waiting || m.State == intake.Running || m.State == intake.Interrupted {
		if err := pause(ctx); err != nil {
			return m, err
		}
		if _, err := s.Get(ctx, "/imports/"+url.PathEscape(m.ID), nil, &m); err != nil {
			var p *api.Problem
			if errors.As(err, &p) && p.Code == api.CodeRight {
				return m, inputError(fmt.Errorf("the file is there, and the server brings it in; to wait for it the token needs the scope %s", p.Right)) //nolint:err113 // it is the server's
			}
			return m, refused(err)
		}
		bar.set(m.Read, m.Size)
	}
	return m, nil
}

// measured tells how much of a file was read.
type measured struct {
	r           io.Reader
	done, total int64
	tell        func(done, total int64)
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.done += int64(n)
	m.tell(m.done, m.total)
	return n, err //nolint:wrapcheck // the reader's own
}
