package store

import (
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// migrations holds one sequence of numbered files. A step that differs between
// the databases has a file for each, NNNN_what.sqlite.sql and
// NNNN_what.postgres.sql; a step that only one needs has one of these.
//
//go:embed migrations/*.sql
var migrations embed.FS

// A Migration is one numbered step of the database's schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// files shows the migrations of one database and hides those of the other.
type files struct{ database string }

func (f files) Open(name string) (fs.File, error) { return migrations.Open("migrations/" + name) }

func (f files) ReadDir(string) ([]fs.DirEntry, error) {
	all, err := migrations.ReadDir("migrations")
	var own []fs.DirEntry
	for _, e := range all {
		part := strings.Split(e.Name(), ".")
		if len(part) == 2 || part[1] == f.database {
			own = append(own, e)
		}
	}
	return own, err
}

// goose calls fn with a migration provider for the database.
func (db *DB) goose(fn func(*goose.Provider) error) error {
	pool, err := db.driver.Migrations()
	if err != nil {
		return err
	}
	defer pool.Close()
	p, err := goose.NewProvider(goose.Dialect(pool.Goose), pool.DB, files{db.dialect.Name},
		goose.WithTableName("migration"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	return fn(p)
}

// Migrate brings the database to the newest schema. Several nodes may call it at
// the same time.
func (db *DB) Migrate(ctx context.Context) error {
	// Each step is a transaction. Of two nodes that take the same step one fails,
	// and finds the step taken when it looks again.
	var err error
	for range 20 {
		err = db.goose(func(p *goose.Provider) error {
			_, err := p.Up(ctx)
			return err
		})
		if err == nil || ctx.Err() != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return db.plant(ctx)
}

// MigrationStatus lists all migrations in order.
func (db *DB) MigrationStatus(ctx context.Context) ([]Migration, error) {
	var list []Migration
	err := db.goose(func(p *goose.Provider) error {
		status, err := p.Status(ctx)
		for _, s := range status {
			list = append(list, Migration{
				Version: s.Source.Version,
				Name:    s.Source.Path,
				Applied: s.State == goose.StateApplied,
			})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the state of the migrations: %w", err)
	}
	return list, nil
}

// seedName is the setting that holds the seed of token hashes: who does not know
// it cannot make two values collide.
const seedName = "token.seed"

// plant makes the seed unless there is one, and reads it.
func (db *DB) plant(ctx context.Context) error {
	seed := make([]byte, 32)
	if _, err := rand.Read(seed); err != nil {
		return err
	}
	err := db.Update(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, addSetting, seedName, seed)
		return err
	})
	if err != nil {
		return err
	}
	return db.loadSeed(ctx)
}

func (db *DB) loadSeed(ctx context.Context) error {
	return db.View(ctx, func(tx *Tx) error {
		seed, err := tx.Setting(ctx, seedName)
		if err != nil {
			return err
		}
		if seed == nil {
			return fmt.Errorf("the setting %s is missing: the database has not been migrated", seedName)
		}
		db.seed.Store(&seed)
		return nil
	})
}
