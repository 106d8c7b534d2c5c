package app

import (
	"os"
	"path/filepath"
	"testing"
)

// What a killed backup left is gone at the next start, and nothing else is.
func TestUnfinishedBackups(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".backup-123", "backup", ".backups"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "copies"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Build(t.Context(), settings(t, dir), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // nothing was written
	for name, want := range map[string]bool{".backup-123": false, "backup": true, ".backups": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
