// Package access is the rules of who may do what: the catalogue of an
// organisation, who has which role, and decisions with their reasons. It keeps a
// compiled snapshot of each organisation that is asked about (package policy)
// and brings it up to date from the change log: exactly on the process that
// wrote, within a second on others.
package access

import (
	"log/slog"
	"time"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/memo"
)

// Options are what a Service is made of.
type Options struct {
	DB        *store.DB
	Directory *directory.Directory
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: slog.Default
	// MaxOrganisations bounds how many snapshots are kept; 0 means 64.
	MaxOrganisations int
}

// A Service holds the rules of access. It is safe for use by many goroutines at
// once.
type Service struct {
	Actions       *Book[catalogue.Action]
	ResourceTypes *Book[catalogue.ResourceType]
	Resources     *Book[catalogue.Resource]
	Permissions   *Book[catalogue.Permission]
	Roles         *Book[catalogue.Role]

	db  *store.DB
	dir *directory.Directory
	now func() time.Time
	log *slog.Logger
	max int

	real bool // now is the time of the clock

	shelf  shelf
	chains memo.Map[identity.OrgID, []identity.OrgID]
}

// New makes a Service. Call Start before anything else.
func New(o Options) *Service {
	s := &Service{db: o.DB, dir: o.Directory, now: o.Now, log: o.Log, max: o.MaxOrganisations}
	if s.now == nil {
		s.now, s.real = time.Now, true
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.max <= 0 {
		s.max = 64
	}
	s.dir.GuardMembers(s.mayChangeMembers)
	s.dir.GuardPeople(s.mayChangePerson)
	s.Actions = newBook[catalogue.Action](s)
	s.ResourceTypes = newBook[catalogue.ResourceType](s)
	s.Resources = newBook[catalogue.Resource](s)
	s.Permissions = newBook[catalogue.Permission](s)
	s.Roles = newBook[catalogue.Role](s)
	return s
}
