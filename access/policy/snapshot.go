package policy

import (
	"time"

	"github.com/muster-id/muster/identity"
)

// A Snapshot is a compiled World. It never changes and is safe for use by many
// goroutines at once.
type Snapshot struct{}

// Compile makes a Snapshot. What is wrong in w (a reference to nothing, a
// condition that does not parse) grants nothing. It keeps the slices of the
// catalogue, which must not be changed any more.
func Compile(w World) *Snapshot { panic("not yet") }

// Decide answers one question, with Allow and a fixed sentence in Why.
func (s *Snapshot) Decide(q Question) Decision { panic("not yet") }

// DecideAll answers several.
func (s *Snapshot) DecideAll(qs []Question) []Decision { panic("not yet") }

// Explain is Decide with Reasons, Nearest and a sentence that names the role.
func (s *Snapshot) Explain(q Question) Decision { panic("not yet") }

// SearchSubjects lists the ids of subjects of q.Subject.Type that are allowed
// what q asks, by id, at most limit after the id after; more says whether there
// are others. A limit below 1 means 100, as in the other searches.
func (s *Snapshot) SearchSubjects(q Question, after string, limit int) (ids []string, more bool) {
	panic("not yet")
}

// SearchResources lists the slugs of the registered resources of q.Resource.Type
// on which q is allowed, by slug.
func (s *Snapshot) SearchResources(q Question, after string, limit int) (slugs []string, more bool) {
	panic("not yet")
}

// SearchActions lists the names of the actions that q's subject may do on its
// resource, by name.
func (s *Snapshot) SearchActions(q Question, after string, limit int) (names []string, more bool) {
	panic("not yet")
}

// A Way is one of the ways in which a subject has a role.
type Way struct {
	Role       identity.ID
	Assignment identity.Assignment // the zero value for a role of everyone
	// Groups are from the direct group to the one that is assigned; nil for an
	// assignment of the subject's own.
	Groups []identity.ID
}

// Roles lists the ways in which a subject has roles at a time (zero: now).
func (s *Snapshot) Roles(subject identity.ID, at time.Time) []Way { panic("not yet") }

// Holders lists the users that have a role at a time (zero: now), by id, at most
// limit after the id after. total counts all.
func (s *Snapshot) Holders(role, after identity.ID, limit int, at time.Time) (users []identity.ID, total int) {
	panic("not yet")
}

// Count says how many users have a role at a time (zero: now).
func (s *Snapshot) Count(role identity.ID, at time.Time) int { panic("not yet") }

// World returns what s was made of, with all deltas, in an order of its own.
func (s *Snapshot) World() World { panic("not yet") }

// A Delta is what has changed in a World. What is gone goes first, then what has
// left, then comes what is put.
type Delta struct {
	// Put is what is new or replaces what has the same id. A user of Put.Users is
	// active unless in Put.Inactive, and a guest if in Put.Guests. Put.Everyone
	// replaces the list if it is not nil. Put.Members join.
	Put World
	// Gone are ids of users, groups, apps, assignments and things of the catalogue
	// that are no more. With a user, group or app go its memberships, those in it,
	// and its assignments.
	Gone []identity.ID
	// Left are memberships that have ended.
	Left []Membership
}

// Apply returns a Snapshot of the changed World. Only what the change touches is
// made anew; s stays as it is.
func (s *Snapshot) Apply(d Delta) *Snapshot { panic("not yet") }

// A Condition is a compiled condition of a statement.
type Condition struct{}

// ParseCondition reads a condition in the filter grammar of SCIM. Errors are
// identity.Invalid and name the offset.
func ParseCondition(text string) (*Condition, error) { panic("not yet") }
