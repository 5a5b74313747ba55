package identity

import (
	"slices"
	"time"
)

// Perms on what decides about access.
const (
	AccessRead  Perm = "access:read"  // roles, permissions, assignments; ask for decisions
	AccessWrite Perm = "access:write" // change them, within what the actor may do itself
)

// A SubjectType says what kind of thing holds a role. It is the name of the
// resource type, but for apps, which are none.
type SubjectType string

// The types of subject.
const (
	UserSubject  SubjectType = "User"
	GroupSubject SubjectType = "Group"
	AppSubject   SubjectType = "App" // an app or a service account
)

// An Assignment gives a role to a user, to the members of a group, direct and
// nested, or to an app.
type Assignment struct {
	Org     OrgID // in which the subject stands and the assignment has effect
	ID      ID
	Role    ID // of Org or of an organisation above it
	Type    SubjectType
	Subject ID
	// Inherited assignments have effect in all organisations below Org too.
	Inherited bool
	Created   time.Time
	Expires   time.Time // zero: never
}

// Alive reports whether the assignment has effect at a time.
func (a Assignment) Alive(at time.Time) bool {
	return a.Expires.IsZero() || at.Before(a.Expires)
}

// The ids of the built-in roles. They stand in the root organisation, are the
// same in every database, and cannot be changed.
var (
	PlatformOperator   = builtIn(1)
	OrganizationOwner  = builtIn(2)
	OrganizationMember = builtIn(3)
	ServiceAccount     = builtIn(4)
)

// builtIn makes the id of a built-in thing: a UUID of version 8, whose content
// is up to whoever makes it (RFC 9562 section 5.8).
func builtIn(n byte) ID {
	return ID{0x6d, 0x75, 0x73, 0x74, 0x65, 0x72, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, n}
}

// BuiltIn reports whether id names a built-in thing.
func BuiltIn(id ID) bool {
	id[15] = 0
	return id == builtIn(0)
}

// A BuiltInRole is a role that every database has.
type BuiltInRole struct {
	ID          ID
	Name        string // on the wire: "org_owner"
	Display     string // "Organization Owner"
	Description string
	Perms       Perms
	// Everyone has the role without an assignment: every active user in their own
	// organisation.
	Everyone bool
}

// BuiltInRoles returns the built-in roles.
func BuiltInRoles() []BuiltInRole {
	return []BuiltInRole{
		{PlatformOperator, "platform_operator", "Platform operator", "Runs the platform: may do everything in every organisation.", AllPerms(), false},
		{OrganizationOwner, "org_owner", "Organization Owner", "Administers an organisation.", ownerPerms(), false},
		{OrganizationMember, "org_member", "Organization Member", "Belongs to an organisation.", Perms{SignedIn}, true},
		{ServiceAccount, "service_account", "Service Account", "An app that acts for itself and is trusted to read.", Perms{SignedIn, ResourcesRead, AccessRead}, false},
	}
}

// ownerPerms are all but those on the platform as a whole.
func ownerPerms() Perms {
	return slices.DeleteFunc(AllPerms(), func(p Perm) bool { return p == OrganisationsWrite })
}
