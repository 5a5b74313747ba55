package secret

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Open reads the master key from the file at path, and makes the file on the
// first start. Two processes that start at once end with the same key. A file
// that others than its owner may read is refused.
func Open(path string) (*Keys, error) {
	k, err := read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	return read(path)
}

// create writes a new key into a file of its own and then links it to path, so
// that nobody ever sees half a key. It is no error if another process was
// first: its key stays.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make master key: %w", err)
	}
	key := make([]byte, MasterSize)
	rand.Read(key) // never fails (crypto/rand)
	text := []byte(hex.EncodeToString(key) + "\n")
	part := fmt.Sprintf("%s.%d.%d.tmp", path, os.Getpid(), time.Now().UnixNano())
	if err := writeNew(part, text); err != nil {
		return fmt.Errorf("make master key: %w", err)
	}
	defer os.Remove(part)
	err := os.Link(part, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return syncDir(dir)
	}
	// A file system without hard links: exclusive creation is the next best.
	if err := writeNew(path, text); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make master key: %w", err)
	}
	return syncDir(dir)
}

func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes the name of a new file survive a power cut, where the system
// can do that.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("make master key: %w", err)
	}
	_ = d.Sync() // some systems cannot sync a directory
	return d.Close()
}

func read(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open master key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open master key: %s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("open master key: %s can be read by others (mode %04o); run chmod 600 %s", path, mode, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open master key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(key) != MasterSize {
		return nil, fmt.Errorf("open master key: %s does not hold %d hexadecimal digits", path, 2*MasterSize)
	}
	return FromBytes(key)
}
