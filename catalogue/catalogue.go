// Package catalogue knows the things of which access is made up: actions,
// resource types, resources, permissions and roles. They are resources like
// users and groups, so that they have versions, a change log and filters; this
// package has their schemas, their form in Go, and the rules that hold between
// them.
package catalogue

import (
	"time"

	"github.com/muster-id/muster/identity"
)

// The names of the resource types.
const (
	ActionKind       = "Action"
	ResourceTypeKind = "Resource-Type" // SCIM has a ResourceType of its own
	ResourceKind     = "Resource"
	PermissionKind   = "Permission"
	RoleKind         = "Role"
)

// Base is what all five have.
type Base struct {
	ID          identity.ID
	Name        string // unique among its kind in an organisation, in any case; 1 to 256 bytes
	Description string
	ClientID    string // the app whose it is; "": the organisation's
	Created     time.Time
	Modified    time.Time
	Version     int64
}

// An Action is something that can be done.
type Action struct {
	Base
	Active bool
}

// A ResourceType is a kind of resource with the actions that apply to it.
type ResourceType struct {
	Base
	Slug    string // unique among its kind, in any case; made from the name if empty
	Actions []identity.ID
}

// A Resource is a thing that can be named in statements.
type Resource struct {
	Base
	Slug string // unique among its kind, in any case; made from the name if empty
	Type identity.ID
}

// A Statement allows, or denies, actions on resources; see policy.Statement.
type Statement struct {
	Actions   []string
	Resource  string
	Deny      bool
	Condition string
}

// A Permission is a list of statements.
type Permission struct {
	Base
	Statements []Statement
}

// A Role is what is assigned to users, groups and apps.
type Role struct {
	Base
	Display     string            // for people; "": Name
	Alias       string            // an id that a client chose and that is no UUID; unique, its case counts
	ClaimMapper map[string]string // claims that holders' tokens get
	Permissions []identity.ID
	Statements  []Statement
	BuiltIn     bool // cannot be changed
}
