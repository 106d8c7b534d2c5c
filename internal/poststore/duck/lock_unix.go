//go:build unix

package duck

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/akashi-project/akashi/internal/poststore"
)

// lock takes the store for this process, and within it for one opener: DuckDB
// itself would share the file among openers of one process.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the caller's own path
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, poststore.ErrLocked
		}
		return nil, fmt.Errorf("taking the lock: %w", err)
	}
	return f, nil
}
