// Package signin lets people prove who they are. A sign-in is a state machine
// without HTTP: [Service.Begin] makes a flow, [Service.Flow] says what it waits
// for, [Service.Answer] takes a form and moves it on. The package also keeps the
// rules around it: lock-out, policy, recovery, verified addresses, remembered
// browsers, administrators and the link for the first of them.
//
// Whoever asks learns nothing of people who have not proved who they are: for an
// unknown name the steps, the answers and the time are those of a known one.
package signin

import (
	"log/slog"
	"strings"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// Options are what a Service is made of.
type Options struct {
	DB        *store.DB
	Keys      *secret.Keys
	Directory *directory.Directory
	Public    string           // public URL of the server, without a slash at its end
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: slog.Default
}

// A Service signs people in. It is safe for use by many goroutines at once.
type Service struct {
	db     *store.DB
	keys   *secret.Keys
	dir    *directory.Directory
	public string
	clock  func() time.Time
	log    *slog.Logger
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, keys: o.Keys, dir: o.Directory, public: strings.TrimSuffix(o.Public, "/"),
		clock: o.Now, log: o.Log,
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }
