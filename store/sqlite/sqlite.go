// Package sqlite opens a store in an SQLite file.
//
// One goroutine writes. It takes what waits, runs every request in a savepoint
// of its own and commits once for all of them, so that many durable writes share
// one wait for the disk. Readers have connections of their own and never wait for
// the writer. Other processes may use the file at the same time.
package sqlite

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/muster-id/muster/store"
)

// Options say where the file is and how it is used.
type Options struct {
	// Path of the file. "" makes a file in the temporary directory that is gone
	// when the database is closed.
	Path string
	// NoMmap reads through system calls instead of a memory map. A map is faster,
	// but an I/O error or a truncated file then ends the process.
	NoMmap bool
	// NoSync does not wait for the disk. What was acknowledged can be lost when
	// the machine stops; for tests.
	NoSync bool
	// Readers is the number of reading connections; 0 chooses.
	Readers int
	// BusyTimeout is how long a writer waits for another process; 0 is 5 s.
	BusyTimeout time.Duration
}

var dialect = store.Dialect{
	Name:     "sqlite",
	Contains: "instr(%s, ?) > 0",
	Trigram:  trigram,
	Few:      "r.id IN (%s)",
	Search: store.Search{
		// One row of VALUES needs no journal of its own, at whose start the index
		// would be written to disk. A resource that is gone again leaves an entry
		// under -1, which no row has.
		Insert: `INSERT INTO resource_search (rowid, text) VALUES (
	coalesce((SELECT rid FROM resource WHERE org_id = $1 AND type = $2 AND id = $3), -1),
	(SELECT coalesce(name_key, '') || char(10) || coalesce(display_key, '') || char(10) ||
	        coalesce(email_key, '') || char(10) || coalesce(emails, '')
	   FROM resource
	  WHERE org_id = $1 AND type = $2 AND id = $3))`,
		Delete: `DELETE FROM resource_search
 WHERE rowid = (SELECT rid FROM resource WHERE org_id = $1 AND type = $2 AND id = $3)`,
		Clear: `DELETE FROM resource_search WHERE rowid IN (SELECT rid FROM resource WHERE org_id = $1)`,
		Find:  `SELECT rowid FROM resource_search WHERE resource_search MATCH $1 LIMIT $2`,
		// The plus keeps the library from looking for the organisation first.
		Among: `r.id IN (SELECT x.id FROM resource x WHERE +x.org_id = $1 AND x.rid IN (%s))`,
	},
}

// trigram asks the full-text index for the rows that have every three
// neighbouring characters of text. The index keeps no positions, so that it
// cannot be asked for the whole text.
func trigram(text string) (string, string) {
	var b strings.Builder
	chars := []rune(text)
	for i := range len(chars) - 2 {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(string(chars[i:i+3]), `"`, `""`))
		b.WriteByte('"')
	}
	return `r.id IN (SELECT x.id
  FROM resource_search s
 CROSS JOIN resource x
 WHERE s.resource_search MATCH ? AND x.rid = s.rowid AND x.org_id = $1)`, b.String()
}

// Open opens the file and makes it if need be. The caller must call Migrate
// before anything else when the file may be new.
func Open(ctx context.Context, o Options) (*store.DB, error) {
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.Readers == 0 {
		o.Readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	temporary := o.Path == ""
	if temporary {
		f, err := os.CreateTemp("", "muster-*.db")
		if err != nil {
			return nil, fmt.Errorf("open a temporary database: %w", err)
		}
		o.Path = f.Name()
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	d, err := newDriver(o, temporary)
	if err != nil {
		return nil, err
	}
	return store.New(d, dialect), nil
}

// pragmas are those of every connection.
func (o Options) pragmas() []string {
	mmap := 1 << 30
	if o.NoMmap {
		mmap = 0
	}
	return []string{
		fmt.Sprintf("PRAGMA busy_timeout = %d", o.BusyTimeout.Milliseconds()),
		fmt.Sprintf("PRAGMA mmap_size = %d", mmap),
		"PRAGMA temp_store = MEMORY",
	}
}

func (o Options) writing() []string {
	sync := "FULL"
	if o.NoSync {
		sync = "OFF"
	}
	return append(o.pragmas(),
		"PRAGMA page_size = 8192",
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = "+sync,
		"PRAGMA wal_autocheckpoint = 8000",
		"PRAGMA journal_size_limit = 134217728",
		"PRAGMA cache_size = -65536",
	)
}

func (o Options) reading() []string {
	return append(o.pragmas(), "PRAGMA query_only = 1", "PRAGMA cache_size = -16384")
}
