package identity

import "slices"

// A Scope is what an app may ask for. Those that open operations name the
// permissions; which route needs which permission stands beside the route.
type Scope struct {
	Name   string
	Claims []string // released to UserInfo and the ID token
	Opens  Perms    // what a token with it may do
	// Privileged scopes work for service accounts that were given them, and for
	// people who are administrators; nobody can consent to them for others.
	Privileged bool
}

// Scopes returns every scope of the product and of the documents it serves, in
// the order of the discovery document.
func Scopes() []Scope { return slices.Clone(scopes) }

// ScopeNamed finds a scope.
func ScopeNamed(name string) (Scope, bool) {
	i := slices.IndexFunc(scopes, func(s Scope) bool { return s.Name == name })
	if i < 0 {
		return Scope{}, false
	}
	return scopes[i], true
}

// Opened returns what a token with these scopes may do. Of what privileged scopes
// open, only that counts which the bearer is entrusted with.
func Opened(names []string, entrusted Perms) Perms {
	var out Perms
	for _, n := range names {
		s, ok := ScopeNamed(n)
		if !ok {
			continue
		}
		for _, p := range s.Opens {
			if (!s.Privileged || slices.Contains(entrusted, p)) && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

var (
	readResources  = Perms{ResourcesRead}
	writeResources = Perms{ResourcesRead, ResourcesWrite}
	readApps       = Perms{AppsRead}
	writeApps      = Perms{AppsRead, AppsWrite}
	settings       = Perms{SettingsRead, SettingsWrite}
)

var scopes = []Scope{
	{Name: "openid", Claims: []string{"sub"}},
	{Name: "profile", Claims: []string{"name", "family_name", "given_name", "middle_name", "nickname",
		"preferred_username", "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"}},
	{Name: "email", Claims: []string{"email", "email_verified"}},
	{Name: "address", Claims: []string{"address"}},
	{Name: "phone", Claims: []string{"phone_number", "phone_number_verified"}},
	{Name: "offline_access"},
	{Name: "online_access"},
	{Name: "groups", Claims: []string{"groups"}},
	{Name: "roles", Claims: []string{"roles"}},
	{Name: "identities"},
	{Name: "vcd_idp", Claims: []string{"roles", "org_id", "org_name", "org_display_name"}},

	{Name: "scim", Opens: writeResources, Privileged: true},
	{Name: "muster:admin", Opens: AllPerms(), Privileged: true},
	{Name: "muster:read", Opens: Perms{ResourcesRead, AppsRead, SettingsRead, AccessRead}, Privileged: true},
	{Name: "muster:access", Opens: Perms{AccessRead, AccessWrite}, Privileged: true},
	{Name: "muster:decide", Opens: Perms{AccessRead}, Privileged: true},

	{Name: "applications:manage", Opens: writeApps, Privileged: true},
	{Name: "users:manage", Opens: writeResources, Privileged: true},
	{Name: "authentication:manage", Opens: settings, Privileged: true},
	{Name: "settings:manage", Opens: settings, Privileged: true},

	{Name: "cidaas:register", Opens: Perms{UsersRegister}, Privileged: true},
	{Name: "cidaas:invite", Opens: Perms{UsersInvite}, Privileged: true},
	{Name: "cidaas:users_invite", Opens: Perms{UsersInvite}, Privileged: true},
	{Name: "cidaas:users_search", Opens: readResources, Privileged: true},
	{Name: "cidaas:users_read", Opens: readResources, Privileged: true},
	{Name: "cidaas:users_write", Opens: writeResources, Privileged: true},
	{Name: "cidaas:users_delete", Opens: Perms{UsersPurge}, Privileged: true},
	{Name: "cidaas:deleteuser", Opens: Perms{UsersPurge}, Privileged: true},
	{Name: "cidaas:purgeuser", Opens: Perms{UsersPurge}, Privileged: true},
	{Name: "cidaas:bulk_user_create", Opens: writeResources, Privileged: true},
	{Name: "cidaas:userupdate"},
	{Name: "cidaas:userinfo"},
	{Name: "cidaas:groups_read", Opens: readResources, Privileged: true},
	{Name: "cidaas:groups_write", Opens: writeResources, Privileged: true},
	{Name: "cidaas:groups_delete", Opens: writeResources, Privileged: true},
	{Name: "cidaas:groups_user_map_read", Opens: readResources, Privileged: true},
	{Name: "cidaas:groups_user_map_write", Opens: writeResources, Privileged: true},
	{Name: "cidaas:groups_user_map_delete", Opens: writeResources, Privileged: true},
	{Name: "cidaas:group_type_read", Opens: readResources, Privileged: true},
	{Name: "cidaas:group_type_write", Opens: writeResources, Privileged: true},
	{Name: "cidaas:group_type_delete", Opens: writeResources, Privileged: true},
	{Name: "cidaas:roles_read", Opens: Perms{AccessRead}, Privileged: true},
	{Name: "cidaas:roles_write", Opens: Perms{AccessRead, AccessWrite}, Privileged: true},
	{Name: "cidaas:roles_delete", Opens: Perms{AccessRead, AccessWrite}, Privileged: true},
	{Name: "cidaas:apps_read", Opens: readApps, Privileged: true},
	{Name: "cidaas:apps_write", Opens: writeApps, Privileged: true},
	{Name: "cidaas:apps_delete", Opens: writeApps, Privileged: true},
	{Name: "cidaas:providers_read", Opens: Perms{SettingsRead}, Privileged: true},
	{Name: "cidaas:providers_write", Opens: settings, Privileged: true},
	{Name: "cidaas:providers_delete", Opens: settings, Privileged: true},
	{Name: "cidaas:webhook_read", Opens: Perms{SettingsRead}, Privileged: true},
	{Name: "cidaas:webhook_write", Opens: settings, Privileged: true},
	{Name: "cidaas:webhook_delete", Opens: settings, Privileged: true},
	{Name: "cidaas:admin_read", Opens: Perms{ResourcesRead, AppsRead, SettingsRead}, Privileged: true},
	{Name: "cidaas:admin_write", Opens: Perms{ResourcesRead, ResourcesWrite, AppsRead, AppsWrite, SettingsRead, SettingsWrite, UsersInvite}, Privileged: true},
	{Name: "cidaas:admin_delete", Opens: Perms{ResourcesWrite, AppsWrite, UsersPurge}, Privileged: true},
	{Name: "scim_use", Opens: Perms{ResourcesRead, ResourcesWrite, AccessRead, AccessWrite}, Privileged: true},
}
