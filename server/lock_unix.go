//go:build unix && !solaris && !illumos && !aix

package server

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// flock takes the lock without waiting.
func flock(f *os.File, alone bool) error {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errInUse
	}
	if err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	return nil
}
