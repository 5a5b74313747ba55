package catalogue

import (
	"github.com/muster-id/muster/identity"
)

// MusterSlug is the slug of the built-in resource type, whose one resource is
// our own API. No other resource type may have it.
const (
	MusterSlug = "muster"
	APISlug    = "api"
)

// The ids of the built-in resource type and of its resource. Like those of the
// built-in roles they are the same in every database.
var (
	MusterType = builtIn(0x10)
	MusterAPI  = builtIn(0x11)
)

// numbered are the permissions that have an action, by the last byte of its id
// after firstAction. They never change places.
var numbered = []identity.Perm{
	identity.SignedIn,
	identity.ResourcesRead, identity.ResourcesWrite,
	identity.UsersRegister, identity.UsersInvite, identity.UsersPurge,
	identity.AppsRead, identity.AppsWrite,
	identity.SettingsRead, identity.SettingsWrite,
	identity.KeysWrite, identity.SessionsWrite, identity.OrganisationsWrite,
	identity.AccessRead, identity.AccessWrite,
}

const firstAction = 0x20

func builtIn(n byte) identity.ID {
	id := identity.PlatformOperator
	id[15] = n
	return id
}

// ActionOf returns the id of the built-in action that stands for a permission;
// the zero id for one that has none.
func ActionOf(p identity.Perm) identity.ID {
	for i, have := range numbered {
		if have == p {
			return builtIn(firstAction + byte(i))
		}
	}
	return identity.ID{}
}

// PermOf returns the permission that a built-in action stands for.
func PermOf(action identity.ID) (identity.Perm, bool) {
	i := int(action[15]) - firstAction
	if !identity.BuiltIn(action) || i < 0 || i >= len(numbered) {
		return "", false
	}
	return numbered[i], true
}

// BuiltIns are the things that stand in the root organisation of every
// database.
type BuiltIns struct {
	Actions      []Action
	ResourceType ResourceType
	Resource     Resource
	Roles        []Role
}

// BuiltInThings returns them as they are stored.
func BuiltInThings() BuiltIns {
	b := BuiltIns{
		ResourceType: ResourceType{Base: Base{ID: MusterType, Name: "Muster", Description: "The server itself."}, Slug: MusterSlug},
		Resource:     Resource{Base: Base{ID: MusterAPI, Name: "Muster API", Description: "The operations of the server."}, Slug: APISlug, Type: MusterType},
	}
	for _, p := range numbered {
		id := ActionOf(p)
		b.Actions = append(b.Actions, Action{Base: Base{ID: id, Name: string(p)}, Active: true})
		b.ResourceType.Actions = append(b.ResourceType.Actions, id)
	}
	for _, r := range identity.BuiltInRoles() {
		role := Role{Base: Base{ID: r.ID, Name: r.Name, Description: r.Description}, Display: r.Display, BuiltIn: true}
		s := Statement{Resource: MusterAPI.String()}
		for _, p := range r.Perms {
			s.Actions = append(s.Actions, ActionOf(p).String())
		}
		role.Statements = []Statement{s}
		b.Roles = append(b.Roles, role)
	}
	return b
}
