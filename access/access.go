// Package access is the rules of who may do what: the catalogue of an
// organisation, who has which role, and decisions with their reasons. It keeps a
// compiled snapshot of each organisation that is asked about (package policy)
// and brings it up to date from the change log: exactly on the process that
// wrote, within a second on others.
package access

import (
	"context"
	"log/slog"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
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

	o Options
}

// New makes a Service. Call Start before anything else.
func New(o Options) *Service { panic("not yet") }

// Start makes the built-in roles, on every start of a process.
func (s *Service) Start(ctx context.Context) error { panic("not yet") }

// A Book is one kind of thing of the catalogue in the organisation of the actor
// (Actor.Org). Reading needs identity.AccessRead, writing AccessWrite; what one
// writes is bounded by what one may do. Errors are of identity's kinds: Invalid
// names the field and the offending id, Conflict a name that is taken or a thing
// in use, NotFound also what is in another organisation, Stale a version that is
// gone, Denied what would give more than the actor has.
type Book[T any] struct{}

// List returns one page of those that match a SCIM filter ("": all), by name,
// from the 1-based start, and how many match altogether. An organisation sees
// its own things only; Inherited lists those of the organisations above.
func (b *Book[T]) List(ctx context.Context, by identity.Actor, filter string, start, count int) (list []T, total int, err error) {
	panic("not yet")
}

// Inherited lists the things of the organisations above that have effect here,
// by name.
func (b *Book[T]) Inherited(ctx context.Context, by identity.Actor) ([]T, error) { panic("not yet") }

// Get returns one by id, of the actor's organisation or one above it.
func (b *Book[T]) Get(ctx context.Context, by identity.Actor, id identity.ID) (*T, error) {
	panic("not yet")
}

// Find returns one by id, slug ("type/slug" for a resource) or name.
func (b *Book[T]) Find(ctx context.Context, by identity.Actor, name string) (*T, error) {
	panic("not yet")
}

// Create stores a new one and returns it as stored. A zero id is made.
func (b *Book[T]) Create(ctx context.Context, by identity.Actor, t T) (*T, error) { panic("not yet") }

// Change reads one, has change alter it, and stores it, in one transaction;
// change may be called again. If version is not 0 it must be the stored one.
func (b *Book[T]) Change(ctx context.Context, by identity.Actor, id identity.ID, version int64, change func(*T) error) (*T, error) {
	panic("not yet")
}

// Delete removes one. A resource type with resources, and an action that a
// statement names, are a Conflict. A permission leaves the roles that have it;
// the assignments of a role go with it.
func (b *Book[T]) Delete(ctx context.Context, by identity.Actor, id identity.ID) error {
	panic("not yet")
}

// An AssignmentQuery chooses assignments; zero fields choose all.
type AssignmentQuery struct {
	Role    identity.ID
	Type    identity.SubjectType
	Subject identity.ID
	After   identity.ID // of the last page
	Limit   int         // 0 means 100, at most 1,000
}

// Assignments lists assignments of the actor's organisation by id, with those
// that have expired and are not yet removed.
func (s *Service) Assignments(ctx context.Context, by identity.Actor, q AssignmentQuery) ([]identity.Assignment, error) {
	panic("not yet")
}

// Assign gives a role to a subject of the actor's organisation. Role, Type and
// Subject are asked for; Expires and Inherited are optional; the rest is filled
// in. Assigning again changes expiry and inheritance. It is Denied where the role
// allows more than the actor may do, Invalid for an unknown role or subject.
func (s *Service) Assign(ctx context.Context, by identity.Actor, a identity.Assignment) (identity.Assignment, error) {
	panic("not yet")
}

// Unassign takes an assignment away; NotFound if there is none. The last owner
// of an organisation that has one, and the last operator, stay with a Conflict.
func (s *Service) Unassign(ctx context.Context, by identity.Actor, id identity.ID) error {
	panic("not yet")
}

// AssignAll gives and takes several at once, all or none: a replaced list of
// roles, an imported file.
func (s *Service) AssignAll(ctx context.Context, by identity.Actor, give []identity.Assignment, take []identity.ID) error {
	panic("not yet")
}

// A Holding is a role that a subject has, and how.
type Holding struct {
	Role       catalogue.Role
	Assignment identity.Assignment // of one of the ways; zero for a role of everyone
	// Groups are the groups through which it is had, from the nearest; empty for a
	// direct assignment.
	Groups []identity.ID
}

// RolesOf lists the roles that a subject has: direct, through groups, and of
// everyone, each way by itself.
func (s *Service) RolesOf(ctx context.Context, org identity.OrgID, typ identity.SubjectType, subject identity.ID) ([]Holding, error) {
	panic("not yet")
}

// Holders pages through the users that have a role, direct or through groups, by
// id after one; total counts all.
func (s *Service) Holders(ctx context.Context, by identity.Actor, role identity.ID, after identity.ID, limit int) (users []identity.ID, total int, err error) {
	panic("not yet")
}

// MemberCounts says how many users have each role, direct or through groups.
func (s *Service) MemberCounts(ctx context.Context, org identity.OrgID, roles []identity.ID) (map[identity.ID]int, error) {
	panic("not yet")
}

// Decide answers a question in the actor's organisation. Subject ids may be
// UUIDs, or user names for users, display names for groups, client ids for apps.
// It needs no permission: doors ask for AccessRead.
func (s *Service) Decide(ctx context.Context, org identity.OrgID, q policy.Question) (policy.Decision, error) {
	panic("not yet")
}

// DecideAll answers many questions against one and the same snapshot.
func (s *Service) DecideAll(ctx context.Context, org identity.OrgID, qs []policy.Question) ([]policy.Decision, error) {
	panic("not yet")
}

// Explain is Decide with reasons and names for people.
func (s *Service) Explain(ctx context.Context, org identity.OrgID, q policy.Question) (*Explanation, error) {
	panic("not yet")
}

// An Explanation is a decision with the names of what led to it.
type Explanation struct {
	policy.Decision
	Names map[identity.ID]string // of every id in the reasons
}

// A Hypothesis is a change that has not been made.
type Hypothesis struct {
	Assign      []identity.Assignment
	Unassign    []identity.ID
	Roles       []catalogue.Role // new, or instead of those with the same id
	Permissions []catalogue.Permission
	Members     []policy.Membership // that join
	Leave       []policy.Membership // that leave
}

// WhatIf answers questions as if a change had been made, each before and after.
func (s *Service) WhatIf(ctx context.Context, by identity.Actor, h Hypothesis, qs []policy.Question) (before, after []policy.Decision, err error) {
	panic("not yet")
}

// A Page is asked for by limit (0 means 100, at most 1,000) and the token of the
// page before ("": the first).
type Page struct {
	Token string
	Limit int
}

// SearchSubjects lists the subjects of q.Subject.Type ("user", "group" or "app")
// that may do what q asks, by id. A token of another question is Invalid.
func (s *Service) SearchSubjects(ctx context.Context, org identity.OrgID, q policy.Question, p Page) (ids []string, next string, err error) {
	panic("not yet")
}

// SearchResources lists the registered resources of a type on which q is allowed,
// by slug.
func (s *Service) SearchResources(ctx context.Context, org identity.OrgID, q policy.Question, p Page) (ids []string, next string, err error) {
	panic("not yet")
}

// SearchActions lists the actions that are allowed, by name.
func (s *Service) SearchActions(ctx context.Context, org identity.OrgID, q policy.Question, p Page) (names []string, next string, err error) {
	panic("not yet")
}

// Perms returns the operations of our own doors that a subject may use in an
// organisation, by its roles there and the inherited ones from above.
func (s *Service) Perms(ctx context.Context, org identity.OrgID, typ identity.SubjectType, subject identity.ID) (identity.Perms, error) {
	panic("not yet")
}

// AsOf returns the last change that decisions of an organisation know of.
func (s *Service) AsOf(ctx context.Context, org identity.OrgID) (identity.ID, error) {
	panic("not yet")
}
