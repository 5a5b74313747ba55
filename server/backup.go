package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store/sqlite"
)

// A Backup is a copy of an SQLite database that has been verified.
type Backup struct {
	File          string
	Bytes         int64
	Organisations int
	Resources     int64
	Migration     int64
	MasterKey     bool // the configured master key belongs to it
}

// keySetting is where the directory remembers which master key is its own.
const keySetting = "master_key"

// onlySQLite refuses what works on SQLite alone.
func onlySQLite(cfg *config.Config) error {
	if cfg.Database.Driver == config.SQLite {
		return nil
	}
	return hint("use pg_dump and pg_restore", "backups of PostgreSQL are not made by muster")
}

// CreateBackup copies the configured database into a new file and verifies the
// copy. The database may be in use. The file appears under its name only when it
// is whole.
func CreateBackup(ctx context.Context, cfg *config.Config, file string) (Backup, error) {
	if err := onlySQLite(cfg); err != nil {
		return Backup{}, err
	}
	if _, err := os.Lstat(file); err == nil {
		return Backup{}, hint("choose another name, or remove the file", "%s is there already", file)
	}
	if _, err := os.Stat(cfg.Database.Path); errors.Is(err, fs.ErrNotExist) {
		return Backup{}, fmt.Errorf("there is no database at %s", cfg.Database.Path)
	}
	l, err := lockShared(cfg.Database.Path)
	if err != nil {
		return Backup{}, err
	}
	part := file + ".part"
	err = private(part)
	if err == nil {
		err = sqlite.Copy(ctx, cfg.Database.Path, part)
	}
	if err = errors.Join(err, l.release()); err != nil {
		return Backup{}, errors.Join(err, os.Remove(part))
	}
	b, err := VerifyBackup(ctx, cfg, part)
	if err == nil {
		err = os.Rename(part, file)
	}
	if err == nil {
		err = syncDir(file)
	}
	if err != nil {
		return Backup{}, errors.Join(err, os.Remove(part))
	}
	b.File = file
	return b, nil
}

// private makes an empty file that nobody else may read, in the place of what an
// earlier run may have left or somebody else laid there: a file with another
// mode, or a link to elsewhere.
func private(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// VerifyBackup checks that a copy is whole and counts what is in it.
func VerifyBackup(ctx context.Context, cfg *config.Config, file string) (Backup, error) {
	r, err := sqlite.Inspect(ctx, file, keySetting)
	if err != nil {
		return Backup{}, err
	}
	b := Backup{File: file, Organisations: r.Organisations, Resources: r.Resources, Migration: r.Migration}
	info, err := os.Stat(file)
	if err != nil {
		return b, err
	}
	b.Bytes = info.Size()
	if _, err := os.Stat(cfg.MasterKeyFile); err == nil {
		keys, err := secret.Open(cfg.MasterKeyFile)
		if err != nil {
			return b, err
		}
		b.MasterKey = secret.Equal(r.Setting, []byte(keys.Fingerprint()))
	}
	return b, nil
}

// RestoreBackup puts a verified copy in the place of the configured database. It
// refuses while anybody uses the database, and where there is one unless force
// says that it may go.
func RestoreBackup(ctx context.Context, cfg *config.Config, file string, force bool) (Backup, error) {
	if err := onlySQLite(cfg); err != nil {
		return Backup{}, err
	}
	b, err := VerifyBackup(ctx, cfg, file)
	if err != nil {
		return b, err
	}
	path := cfg.Database.Path
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return b, err
	}
	l, err := lockAlone(path)
	if err != nil {
		return b, err
	}
	return b, errors.Join(replace(file, path, force), l.release())
}

// replace puts a copy of file in the place of the database at path. The log that
// belongs to the old database goes before the new one comes: a crash between
// leaves the old database as of its last checkpoint, never a mixture.
func replace(file, path string, force bool) error {
	if _, err := os.Stat(path); err == nil && !force {
		return hint("add --force to replace it; make a backup of it first", "there is a database at %s", path)
	}
	part := path + ".restore"
	if err := copyFile(file, part); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, os.Remove(part))
		}
	}
	if err := os.Rename(part, path); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return syncDir(path)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := private(to); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// syncDir makes the name of a file survive a power cut.
func syncDir(file string) error {
	d, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	_ = d.Sync() // some systems cannot sync a folder
	return d.Close()
}
