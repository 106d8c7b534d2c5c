package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/casestore/casestoretest"
	"github.com/akashi-project/akashi/internal/casestore/sqlite"
)

func TestConformance(t *testing.T) { casestoretest.Run(t, casestoretest.Engines["sqlite"]) }

// A database that a newer program made is refused, and left as it was.
func TestNewer(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "casework.db")
	db, err := sqlite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (90000, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(ctx, path); !errors.Is(err, casestore.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}

func TestPrivate(t *testing.T) {
	// Characters that mean something in an address.
	path := filepath.Join(t.TempDir(), "a ?b#c%20 日本", "case work.db")
	db, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Record(t.Context(), casestore.Line{Action: "test"}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if i, err := f.Info(); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), i.Mode(), err)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "casework.db")
	if err := os.WriteFile(path, []byte("これはデータベースではありません。This is not a database."), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); err == nil {
		t.Error("a file that is no database was opened")
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := sqlite.Open(stopped, filepath.Join(t.TempDir(), "x.db")); err == nil {
		t.Error("opened with a context that had ended")
	}
}
