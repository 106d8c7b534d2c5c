//go:build !unix

package duck

import (
	"fmt"
	"os"
)

// lock opens the lock file; DuckDB's own lock keeps other processes out.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the caller's own path
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	return f, nil
}
