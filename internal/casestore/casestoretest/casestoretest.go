// Package casestoretest opens casework databases for tests, on every engine.
package casestoretest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/sqlite"
)

// Engines are the engines that must all pass, by name. open gives an empty
// database; opening the same dir again gives the same database.
var Engines = map[string]func(ctx context.Context, dir string) (*casestore.DB, error){
	"sqlite": func(ctx context.Context, dir string) (*casestore.DB, error) {
		return sqlite.Open(ctx, filepath.Join(dir, "casework.db"))
	},
}

// Each runs a test on an empty database of every engine.
func Each(t *testing.T, f func(t *testing.T, db *casestore.DB)) {
	t.Helper()
	for name, open := range Engines {
		t.Run(name, func(t *testing.T) {
			db, err := open(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			f(t, db)
		})
	}
}
