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
	"crypto/rand"
	"log/slog"
	"strings"
	"time"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
)

// Options are what a Service is made of.
type Options struct {
	DB        *store.DB
	Keys      *secret.Keys
	Directory *directory.Directory
	Sessions  *session.Service
	Factors   *factor.Service
	Mail      *mail.Service
	Jobs      *jobs.Service
	Public    string           // public URL of the server, without a slash at its end
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: slog.Default
}

// A Service signs people in. It is safe for use by many goroutines at once.
type Service struct {
	db       *store.DB
	keys     *secret.Keys
	dir      *directory.Directory
	sessions *session.Service
	factors  *factor.Service
	mail     *mail.Service
	jobs     *jobs.Service
	public   string
	clock    func() time.Time
	log      *slog.Logger

	policies policies
	turns    turns
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, keys: o.Keys, dir: o.Directory, sessions: o.Sessions,
		factors: o.Factors, mail: o.Mail, jobs: o.Jobs, public: strings.TrimSuffix(o.Public, "/"),
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

// page returns the URL of a page of an organisation.
func (s *Service) page(org identity.Organisation, path string) string {
	if org.Parent.IsZero() {
		return s.public + path
	}
	return s.public + "/o/" + org.Slug + path
}

// randomText returns 260 random bits as 52 letters and digits.
func randomText() string { return rand.Text() + rand.Text() }
