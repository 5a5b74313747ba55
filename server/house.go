// Package server puts Muster together: it opens the database and the master
// key, builds the rules and the doors over them, serves them by HTTP, runs what
// runs in the background, and stops it all in good order. It is the only
// package that knows every other.
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/postgres"
	"github.com/muster-id/muster/store/sqlite"
)

// A House is an opened Muster without doors: what the command line works with,
// and what a Server serves.
type House struct {
	Config *config.Config
	Log    *slog.Logger
	DB     *store.DB
	Keys   *secret.Keys
	Rules
	// New reports whether the database was empty before it was opened.
	New bool

	lock *lock
}

// A Mode says how far OpenHouse may go in making things ready.
type Mode int

// The modes.
const (
	Existing Mode = iota // the database must be there and up to date
	Create               // make the database and bring it up to date if need be
)

// A Hint is an error with advice what to do about it.
type Hint struct {
	Err  error
	Hint string
}

func (h *Hint) Error() string { return h.Err.Error() }

// Unwrap returns the error that the advice is about.
func (h *Hint) Unwrap() error { return h.Err }

func hint(advice, format string, args ...any) error {
	return &Hint{fmt.Errorf(format, args...), advice}
}

// OpenHouse opens the configured database and its master key. The caller must
// close the house.
func OpenHouse(ctx context.Context, cfg *config.Config, log *slog.Logger, mode Mode) (*House, error) {
	h := &House{Config: cfg, Log: log}
	if err := h.open(ctx, mode); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func (h *House) open(ctx context.Context, mode Mode) (err error) {
	if h.lock, h.DB, err = openStore(ctx, h.Config, mode); err != nil {
		return err
	}
	pending, fresh, err := migrations(ctx, h.DB)
	if err != nil {
		return err
	}
	h.New = fresh
	if pending > 0 && mode == Existing {
		return hint("run muster migrate up, or start muster serve, which does it",
			"the database lacks %d migrations", pending)
	}
	// A database that has begun has a key; a new one in its place would open
	// nothing. The key is made before the database so that this holds after a
	// crash between the two.
	if _, err := os.Stat(h.Config.MasterKeyFile); !fresh && errors.Is(err, fs.ErrNotExist) {
		return hint("put the key back that the database was begun with, or name its place with --master-key-file",
			"there is no master key at %s", h.Config.MasterKeyFile)
	}
	if h.Keys, err = secret.Open(h.Config.MasterKeyFile); err != nil {
		return err
	}
	if err := h.DB.Migrate(ctx); err != nil {
		return err
	}
	if err := h.checkKey(ctx); err != nil {
		return err
	}
	if err := h.recallURL(ctx, mode); err != nil {
		return err
	}
	if err := h.makeRules(); err != nil {
		return err
	}
	if err := h.Directory.Start(ctx); err != nil {
		return err
	}
	return h.Access.Start(ctx)
}

// urlSetting is where a server notes under which URL it answers.
const urlSetting = "public_url"

// RememberURL notes under which URL the server answers, for commands on the same
// data that nobody tells: the links and issuers that they print are the server's.
func (h *House) RememberURL(ctx context.Context, url string) error {
	return h.DB.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.Setting(ctx, urlSetting)
		if err != nil || string(have) == url {
			return err
		}
		return tx.PutSetting(ctx, urlSetting, []byte(url))
	})
}

// recallURL takes the URL of the server that serves this data, where none is set.
func (h *House) recallURL(ctx context.Context, mode Mode) error {
	if mode == Create || h.Config.PublicURL != "" {
		return nil
	}
	return h.DB.View(ctx, func(tx *store.Tx) error {
		have, err := tx.Setting(ctx, urlSetting)
		h.Config.PublicURL = string(have)
		return err
	})
}

// checkKey refuses a master key that is not the database's own. The directory
// refuses it too; this says what to do.
func (h *House) checkKey(ctx context.Context) error {
	return h.DB.View(ctx, func(tx *store.Tx) error {
		have, err := tx.Setting(ctx, keySetting)
		if err != nil || have == nil || secret.Equal(have, []byte(h.Keys.Fingerprint())) {
			return err
		}
		return hint("name the right key with --master-key-file, or the right database with --database-url",
			"the master key %s is not the one that this database was begun with", h.Config.MasterKeyFile)
	})
}

// Close closes the database. It waits for running writes.
func (h *House) Close() error {
	var err error
	if h.DB != nil {
		err = h.DB.Close()
		h.DB = nil
	}
	return errors.Join(err, h.lock.release())
}

// openStore opens the database as it is. For SQLite it also takes a share in
// the lock that keeps a restore out.
func openStore(ctx context.Context, cfg *config.Config, mode Mode) (*lock, *store.DB, error) {
	if cfg.Database.Driver == config.Postgres {
		db, err := postgres.Open(ctx, postgres.Options{URL: cfg.Database.URL, MaxConns: cfg.DatabasePool})
		if err != nil {
			return nil, nil, hint("check that PostgreSQL runs and that the URL names its host, user and database",
				"open %s: %w", cfg.Database, err)
		}
		return nil, db, nil
	}
	path := cfg.Database.Path
	_, err := os.Stat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if missing && mode == Existing {
		return nil, nil, hint("muster serve and muster migrate up make one; --database-url names another",
			"there is no database at %s", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the data folder: %w", err)
	}
	l, err := lockShared(path)
	if err != nil {
		return nil, nil, err
	}
	if missing {
		// The file is made here for its mode: it holds people's data. SQLite gives
		// the same mode to the files beside it.
		if err := touch(path); err != nil {
			return l, nil, err
		}
	}
	db, err := sqlite.Open(ctx, sqlite.Options{Path: path, NoMmap: !cfg.SQLiteMmap, Readers: cfg.DatabasePool})
	if err != nil {
		return l, nil, fmt.Errorf("open %s: %w", cfg.Database, err)
	}
	return l, db, nil
}

// touch makes an empty file that only its owner may read; it is no error if
// somebody else was first.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return f.Close()
}

// Migrations lists the migrations of the configured database without changing
// it.
func Migrations(ctx context.Context, cfg *config.Config) ([]store.Migration, error) {
	l, db, err := openStore(ctx, cfg, Existing)
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	list, err := db.MigrationStatus(ctx)
	return list, errors.Join(err, db.Close(), l.release())
}

// migrations counts what is not applied yet; fresh says that nothing is.
func migrations(ctx context.Context, db *store.DB) (pending int, fresh bool, err error) {
	list, err := db.MigrationStatus(ctx)
	if err != nil {
		return 0, false, err
	}
	for _, m := range list {
		if !m.Applied {
			pending++
		}
	}
	return pending, pending == len(list), nil
}

// errWhichOrg asks for the organisation that a command is about.
var errWhichOrg = identity.NewError(identity.Invalid, "org", "There is more than one organisation; say which.")

// Organisation finds an organisation by slug or UUID. "" is the only one there
// is; where there are more it is an Invalid error.
func (h *House) Organisation(ctx context.Context, slugOrID string) (identity.Organisation, error) {
	if slugOrID != "" {
		return h.Directory.Organisation(ctx, slugOrID)
	}
	list, err := h.Directory.Organisations(ctx, "", 10)
	if err != nil {
		return identity.Organisation{}, err
	}
	if len(list) != 1 {
		advice := "add"
		for i, o := range list {
			if i > 0 {
				advice += " or"
			}
			advice += " --org " + o.Slug
		}
		return identity.Organisation{}, &Hint{errWhichOrg, advice}
	}
	return list[0], nil
}
