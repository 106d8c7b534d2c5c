package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/config"
)

// ErrNoInstance says that there is no instance where one was looked for.
var ErrNoInstance = errors.New("there is no instance here")

// People is the part of an instance that knows who has an account.
type People struct {
	Auth *auth.Service
	db   *casestore.DB
}

// OpenPeople opens it for a command on the machine, also while a service of the
// same version runs on the data: the database lets both write, one after the
// other, and the service looks now and then for lines that others left for the
// log. Without a service they wait for its next start. ErrNoInstance where
// nothing was ever served or imported.
func OpenPeople(ctx context.Context, c *config.Config, log *slog.Logger) (*People, error) {
	if path, ok := strings.CutPrefix(c.Casework.URL, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", c.Data.Dir, ErrNoInstance)
		}
	}
	db, err := openCasework(ctx, c.Casework.URL)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	service, err := auth.New(ctx, db, authConfig(c, log))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &People{Auth: service, db: db}, nil
}

// Close lets the database go.
func (p *People) Close() error { return p.db.Close() }
