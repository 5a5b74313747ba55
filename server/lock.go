package server

import (
	"errors"
	"fmt"
	"os"
)

// A lock tells processes that use an SQLite file from one that replaces it:
// users share it, a restore has it alone. It is held by the process and ends
// with it, however it ends.
type lock struct{ f *os.File }

// errInUse is what a lock answers that somebody else holds.
var errInUse = errors.New("in use")

func lockShared(path string) (*lock, error) {
	l, err := openLock(path, false)
	if errors.Is(err, errInUse) {
		return nil, hint("wait until muster backup restore is done", "the database %s is being restored", path)
	}
	return l, err
}

func lockAlone(path string) (*lock, error) {
	l, err := openLock(path, true)
	if errors.Is(err, errInUse) {
		return nil, hint("stop muster serve and every other command on this database first",
			"the database %s is in use", path)
	}
	return l, err
}

func openLock(path string, alone bool) (*lock, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	if err := flock(f, alone); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &lock{f}, nil
}

// release gives the lock back; that of nil is nothing.
func (l *lock) release() error {
	if l == nil || l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	return f.Close()
}
