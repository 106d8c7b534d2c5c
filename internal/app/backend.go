package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/sqlite"
	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/duck"
)

// This file is the only place that knows which engines there are. They are
// chosen by address: "duckdb:PATH" for posts, "sqlite:PATH" for casework.

var errEngine = errors.New("no such engine")

// openPosts opens the post store at an address.
func openPosts(ctx context.Context, address string, o duck.Options) (poststore.Store, error) {
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "duckdb":
		s, err := duck.Open(ctx, rest, o)
		if err != nil {
			return nil, fmt.Errorf("opening the post store %s: %w", address, err)
		}
		return s, nil
	default:
		return nil, fmt.Errorf("opening the post store %q: %w: expected duckdb:PATH", address, errEngine)
	}
}

// openCasework opens the casework database at an address.
func openCasework(ctx context.Context, address string) (*casestore.DB, error) {
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "sqlite":
		db, err := sqlite.Open(ctx, rest)
		if err != nil {
			return nil, fmt.Errorf("opening the casework database %s: %w", address, err)
		}
		return db, nil
	default:
		return nil, fmt.Errorf("opening the casework database %q: %w: expected sqlite:PATH", address, errEngine)
	}
}
