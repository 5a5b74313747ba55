// Package policy decides who may do what. It compiles the roles, permissions,
// groups and assignments of one organisation into an immutable Snapshot that
// answers without locks and without a database. It knows nothing of where they
// are stored, nor of who is asking.
package policy

import (
	"time"

	"github.com/muster-id/muster/identity"
)

// A World is everything that decisions of one organisation depend on: its own
// things, and those of the organisations above it that have effect in it. Ids
// are unique in a World. What refers to nothing (a permission that is gone, an
// action that is unknown) grants nothing.
type World struct {
	Actions       []Action
	ResourceTypes []ResourceType
	Resources     []Resource
	Permissions   []Permission
	Roles         []Role
	Assignments   []identity.Assignment
	Users         []identity.ID // all that exist
	Inactive      []identity.ID // of Users: nothing is allowed to them
	Members       []Membership  // of groups; cycles are harmless
	Groups        []identity.ID // all that exist
	Everyone      []identity.ID // roles that every user has who is in Users
	Apps          []identity.ID // all that are enabled
	Guests        []identity.ID // of Users: people of organisations above, who have not Everyone's roles
}

// An Action is something that can be done: "read".
type Action struct {
	ID       identity.ID
	Name     string // case counts
	Inactive bool   // grants nothing
}

// A ResourceType says which actions there are on its resources.
type ResourceType struct {
	ID      identity.ID
	Slug    string
	Name    string
	Actions []identity.ID // empty: all
}

// A Resource is a thing that statements speak of by name.
type Resource struct {
	ID   identity.ID
	Slug string // unique among the resources of its type
	Type identity.ID
}

// A Permission is a list of statements under a name.
type Permission struct {
	ID         identity.ID
	Name       string
	Statements []Statement
}

// A Statement allows or denies actions on resources.
type Statement struct {
	Actions []string // ids or names of actions; "*" is every action
	// Resource is the id of a resource; "type/slug", where slug may hold * for any
	// characters and may name what is not registered; the bare slug of one
	// registered resource; or "*" for everything.
	Resource  string
	Deny      bool   // wins over every statement that allows
	Condition string // a filter in the grammar of SCIM, see ParseCondition; "": none
}

// A Role is what is assigned.
type Role struct {
	ID          identity.ID
	Name        string
	Permissions []identity.ID
	Statements  []Statement // of its own
}

// A Membership is one row of a group.
type Membership struct {
	Group  identity.ID
	Member identity.ID // a user or a group
}

// A Question is what is decided. Ids are as callers write them: UUIDs in any
// case for users, groups and apps. Properties may be nil.
type Question struct {
	Subject  Entity
	Action   string // name or id
	ActionP  map[string]any
	Resource Entity // Type is the slug, name or id of a resource type, "" where ID is a UUID; ID is a slug or an id
	Context  map[string]any
	At       time.Time // when; the zero time is now
	// Stop ends a search that it is true for: what was found until then comes back,
	// and that there is more. nil: none ends.
	Stop func() bool `json:"-"`
}

// A brake asks now and then whether a search is to end.
type brake struct {
	stop func() bool
	n    int
}

// stopEvery is how many candidates a search judges before it asks again.
const stopEvery = 64

func (b *brake) pulled() bool {
	b.n++
	return b.stop != nil && b.n%stopEvery == 0 && b.stop()
}

// An Entity is a subject or a resource with what the caller says of it.
type Entity struct {
	Type       string // of a subject: "user", "group", "app", in any case
	ID         string
	Properties map[string]any
}

// A Decision is the answer.
type Decision struct {
	Allow bool
	// Reasons are what decided, if they were asked for: the grants or the denial
	// that reached.
	Reasons []Reason
	// Nearest are, for a refusal without a denial, at most five grants that came
	// closest, with what was missing in each.
	Nearest []Reason
	// Why is one sentence for people: "role Editor, by group Writers, allows it".
	Why string
}

// A Reason is one path from a subject to a statement.
type Reason struct {
	Assignment identity.ID // zero for a role of everyone
	Inherited  identity.OrgID
	Groups     []identity.ID // from the direct group to the one that is assigned
	Role       identity.ID
	Permission identity.ID // zero for a statement of the role's own
	Statement  int         // index in the permission or role
	Deny       bool
	Condition  string
	Missing    Missing // "" for what reached
}

// Missing says what kept a grant from reaching.
type Missing string

// What may be missing.
const (
	MissingSubject    Missing = "subject"    // unknown or inactive
	MissingAssignment Missing = "assignment" // somebody else has the role
	MissingExpired    Missing = "expired"
	MissingAction     Missing = "action"    // the statement is about the resource, but not this action
	MissingResource   Missing = "resource"  // about the action, but another resource
	MissingCondition  Missing = "condition" // the condition is not true
)
