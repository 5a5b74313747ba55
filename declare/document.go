// Package declare makes organisations what files say they are: it reads YAML,
// finds what differs from what is there, and changes that and nothing else. What
// a file does not speak of stays as it is.
package declare

// An Organisation is what files say of one. Lists that are absent are not
// managed; an empty list says that there is nothing of the kind, which takes
// effect with pruning. A thing that stands in a list is wholly what the file
// says of it: what is left out is empty, unless its type says that it stays.
// References are names, not ids: of roles, of permissions, of users.
type Organisation struct {
	Slug          string         `yaml:"organisation"`
	Name          string         `yaml:"name,omitempty"`   // "": as it is
	Parent        string         `yaml:"parent,omitempty"` // slug; "": as it is, for a new one the root
	Connections   []Connection   `yaml:"connections,omitempty"`
	Groups        []Group        `yaml:"groups,omitempty"`
	Apps          []App          `yaml:"apps,omitempty"`
	Actions       []Action       `yaml:"actions,omitempty"`
	ResourceTypes []ResourceType `yaml:"resource-types,omitempty"`
	Resources     []Resource     `yaml:"resources,omitempty"`
	Permissions   []Permission   `yaml:"permissions,omitempty"`
	Roles         []Role         `yaml:"roles,omitempty"`
	Assignments   []Assignment   `yaml:"assignments,omitempty"`

	places map[string]string // "file:line" of each thing, by its key
}

// A Connection is a SCIM client. Its token is told when it is made. Once made,
// it is changed in nothing but whether it is disabled.
type Connection struct {
	Name     string `yaml:"name"`
	Dialect  string `yaml:"dialect,omitempty"` // "": rfc
	Domain   string `yaml:"domain,omitempty"`  // of external ids; "": the connection's own
	User     string `yaml:"user,omitempty"`    // user name of who stands behind it
	Rate     int    `yaml:"rate,omitempty"`
	Access   bool   `yaml:"access,omitempty"`
	Disabled *bool  `yaml:"disabled,omitempty"` // absent: as it is
}

// A Group is named by its display name. Members are user names; absent, they
// stay as they are. Groups in groups stay always.
type Group struct {
	Name    string   `yaml:"name"`
	Members []string `yaml:"members,omitempty"`
}

// An App is an OAuth client; its settings stand beside its client id under the
// names of our JSON API, and those that are absent stay. Its connection, groups
// and owners are named, not given by id. Its secret is told when it is made.
type App struct {
	ClientID string         `yaml:"client_id"`
	Disabled *bool          `yaml:"disabled,omitempty"` // absent: as it is
	Settings map[string]any `yaml:",inline"`
}

// An Action is something that can be done.
type Action struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description,omitempty"`
	ClientID    string `yaml:"client_id,omitempty"` // the app whose it is
	Inactive    bool   `yaml:"inactive,omitempty"`
}

// A ResourceType is a kind of resource; its slug names it.
type ResourceType struct {
	Slug        string   `yaml:"slug"`
	Name        string   `yaml:"name,omitempty"` // "": the slug
	Description string   `yaml:"description,omitempty"`
	ClientID    string   `yaml:"client_id,omitempty"`
	Actions     []string `yaml:"actions,omitempty"` // none: all
}

// A Resource is a thing; its slug names it.
type Resource struct {
	Slug        string `yaml:"slug"`
	Type        string `yaml:"type"`           // slug
	Name        string `yaml:"name,omitempty"` // "": the slug
	Description string `yaml:"description,omitempty"`
	ClientID    string `yaml:"client_id,omitempty"`
}

// A Statement allows or denies actions on resources.
type Statement struct {
	Actions   []string `yaml:"actions"`          // names, or "*"
	Resource  string   `yaml:"resource"`         // "type/slug", where slug may hold *; the slug of a registered one; or "*"
	Effect    string   `yaml:"effect,omitempty"` // "allow", or "" for it, or "deny"
	Condition string   `yaml:"condition,omitempty"`
}

// A Permission is a list of statements.
type Permission struct {
	Name        string      `yaml:"name"`
	Description string      `yaml:"description,omitempty"`
	ClientID    string      `yaml:"client_id,omitempty"`
	Statements  []Statement `yaml:"statements,omitempty"`
}

// A Role is what is assigned.
type Role struct {
	Name        string            `yaml:"name"`
	Display     string            `yaml:"display_name,omitempty"`
	Alias       string            `yaml:"alias,omitempty"`
	Description string            `yaml:"description,omitempty"`
	ClientID    string            `yaml:"client_id,omitempty"`
	ClaimMapper map[string]string `yaml:"claim_mapper,omitempty"`
	Permissions []string          `yaml:"permissions,omitempty"`
	Statements  []Statement       `yaml:"statements,omitempty"`
}

// An Assignment gives a role to one user, group or app.
type Assignment struct {
	Role      string `yaml:"role"`
	User      string `yaml:"user,omitempty"`  // user name
	Group     string `yaml:"group,omitempty"` // display name
	App       string `yaml:"app,omitempty"`   // client id
	Inherited bool   `yaml:"inherited,omitempty"`
	Expires   string `yaml:"expires,omitempty"` // RFC 3339, or a date; "": never
}

// key names an assignment: what it gives, and to whom.
func (a Assignment) key() string {
	switch {
	case a.User != "":
		return a.Role + " to user " + a.User
	case a.Group != "":
		return a.Role + " to group " + a.Group
	}
	return a.Role + " to app " + a.App
}

// The kinds of things.
const (
	kindOrganisation = "organisation"
	kindConnection   = "connection"
	kindGroup        = "group"
	kindApp          = "app"
	kindAction       = "action"
	kindType         = "resource type"
	kindResource     = "resource"
	kindPermission   = "permission"
	kindRole         = "role"
	kindAssignment   = "assignment"
	kindUser         = "user"
)

// A chapter is one list of an organisation.
type chapter struct {
	kind, member string   // what is in it, and its name in files
	names        []string // of what is in it, in order; nil if it is absent
}

// chapters are the lists of an organisation, in the order in which each finds
// made what it speaks of.
func (o *Organisation) chapters() []chapter {
	return []chapter{
		{kindConnection, "connections", namesOf(o.Connections, func(v Connection) string { return v.Name })},
		{kindGroup, "groups", namesOf(o.Groups, func(v Group) string { return v.Name })},
		{kindApp, "apps", namesOf(o.Apps, func(v App) string { return v.ClientID })},
		{kindAction, "actions", namesOf(o.Actions, func(v Action) string { return v.Name })},
		{kindType, "resource-types", namesOf(o.ResourceTypes, func(v ResourceType) string { return v.Slug })},
		{kindResource, "resources", namesOf(o.Resources, func(v Resource) string { return v.Slug })},
		{kindPermission, "permissions", namesOf(o.Permissions, func(v Permission) string { return v.Name })},
		{kindRole, "roles", namesOf(o.Roles, func(v Role) string { return v.Name })},
		{kindAssignment, "assignments", namesOf(o.Assignments, Assignment.key)},
	}
}

func namesOf[T any](list []T, name func(T) string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = name(v)
	}
	return out
}
