package duck_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/poststore/duck"
	"github.com/akashi-project/akashi/internal/poststore/poststoretest"
)

func open(t testing.TB, dir string) poststore.Store {
	t.Helper()
	s, err := duck.Open(t.Context(), filepath.Join(dir, duck.BackupFile), duck.Options{Alias: poststoretest.Alias})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	t.Parallel()
	poststoretest.Run(t, open)
}

func TestLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "posts.duckdb")
	s, err := duck.Open(t.Context(), path, duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := duck.Open(t.Context(), path, duck.Options{}); !errors.Is(err, poststore.ErrLocked) {
		t.Errorf("opened twice: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = duck.Open(t.Context(), path, duck.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
