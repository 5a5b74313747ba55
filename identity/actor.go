package identity

// An ActorKind says what kind of thing is asking.
type ActorKind string

// The kinds of actor.
const (
	ByConnection ActorKind = "connection"
	ByUser       ActorKind = "user"
	ByApp        ActorKind = "app"
	ByCLI        ActorKind = "cli"
	BySystem     ActorKind = "system"
)

// An Actor is who is asking, and in which organisation.
type Actor struct {
	Kind ActorKind
	Org  OrgID
	ID   ID     // of the connection, user or app; zero for the CLI and the system
	Name string // for the change log: the connection's name, the CLI user's login
	// Domain is the provisioning domain of externalId, "" for none.
	Domain    string
	RequestID string
	Perms     Perms
}

// A Perm names an operation that an actor may carry out.
type Perm string

// The permissions that routes ask for.
const (
	Anyone         Perm = "anyone" // no credential needed
	ResourcesRead  Perm = "resources:read"
	ResourcesWrite Perm = "resources:write"

	UsersRegister      Perm = "users:register"
	UsersInvite        Perm = "users:invite"
	UsersPurge         Perm = "users:purge"
	AppsRead           Perm = "apps:read"
	AppsWrite          Perm = "apps:write"
	SettingsRead       Perm = "settings:read"
	SettingsWrite      Perm = "settings:write" // policies, claims, mail
	KeysWrite          Perm = "keys:write"
	SessionsWrite      Perm = "sessions:write" // end sessions of others
	OrganisationsWrite Perm = "organisations:write"
	// SignedIn is any person or app that we know, for what is their own.
	SignedIn Perm = "signed-in"
)

// AllPerms returns every permission, for those who act for the server itself.
func AllPerms() Perms {
	return Perms{ResourcesRead, ResourcesWrite, UsersRegister, UsersInvite, UsersPurge, AppsRead, AppsWrite,
		SettingsRead, SettingsWrite, KeysWrite, SessionsWrite, OrganisationsWrite, AccessRead, AccessWrite}
}

// Perms is a set of permissions.
type Perms []Perm

// Need returns a Denied error unless the actor has p.
func (a Actor) Need(p Perm) error {
	if p == Anyone || p == SignedIn && (a.Kind == ByUser || a.Kind == ByApp) {
		return nil
	}
	for _, have := range a.Perms {
		if have == p {
			return nil
		}
	}
	return NewError(Denied, "", "You may not do this: it needs the permission "+string(p)+".")
}
