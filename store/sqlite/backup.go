package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
)

const (
	copyInto       = `VACUUM INTO $1`
	integrity      = `PRAGMA integrity_check(10)`
	countOrgs      = `SELECT count(*) FROM organisation`
	countResources = `SELECT count(*) FROM resource`
	lastMigration  = `SELECT coalesce(max(version_id), 0) FROM migration WHERE is_applied`
	oneSetting     = `SELECT value FROM setting WHERE name = $1`
)

// Copy writes the database at path, as it is at one moment, into a new file. The
// database may be in use meanwhile. The copy is durable when Copy returns.
func Copy(ctx context.Context, path, to string) error {
	db, err := openFile(path, "mode=rw&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, copyInto, to)
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// A Report is what Inspect finds in a file.
type Report struct {
	Organisations int
	Resources     int64
	Migration     int64  // the last one applied
	Setting       []byte // the one that was asked for, nil if it is not there
}

// Inspect reads a copy that nobody writes to: whether it is whole, and what is
// in it. A file that is damaged or no database of ours is an error.
func Inspect(ctx context.Context, path, setting string) (r Report, err error) {
	db, err := openFile(path, "mode=ro&immutable=1")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := check(ctx, db); err != nil {
		return r, fmt.Errorf("%s is not whole: %w", path, err)
	}
	err = errors.Join(
		db.QueryRowContext(ctx, lastMigration).Scan(&r.Migration),
		db.QueryRowContext(ctx, countOrgs).Scan(&r.Organisations),
		db.QueryRowContext(ctx, countResources).Scan(&r.Resources))
	if err != nil {
		return r, fmt.Errorf("%s is not a database of ours: %w", path, err)
	}
	err = db.QueryRowContext(ctx, oneSetting, setting).Scan(&r.Setting)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return r, err
}

// check runs SQLite's own examination of every page and index.
func check(ctx context.Context, db *sql.DB) (err error) {
	rows, err := db.QueryContext(ctx, integrity)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			return errors.New(line)
		}
	}
	return rows.Err()
}

func openFile(path, options string) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String()+"?"+options)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}
