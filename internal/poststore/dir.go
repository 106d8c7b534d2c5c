package poststore

import (
	"errors"
	"fmt"
	"os"
)

// EmptyDir makes a folder for a backup, or says what is wrong with the one that
// is there: it must be empty. It is for engines.
func EmptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the backup's folder: %w", err)
	}
	inside, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking into the backup's folder: %w", err)
	}
	if len(inside) > 0 {
		return fmt.Errorf("backing up to %s: %w", dir, errors.New("the folder is not empty"))
	}
	return nil
}
