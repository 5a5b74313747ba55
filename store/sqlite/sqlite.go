// Package sqlite opens a store in an SQLite file.
package sqlite

import (
	"context"
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

// Open opens the file and makes it if need be. The caller must call Migrate
// before anything else when the file may be new.
func Open(ctx context.Context, o Options) (*store.DB, error) { panic("later") }
