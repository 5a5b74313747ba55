package cloudapi

import (
	"slices"

	"github.com/muster-id/muster/identity"
)

// An Operation is one route and who may use it.
type Operation struct {
	Method string
	Path   string
	// Perm is what it takes, with everything in the organisation.
	Perm identity.Perm
	// Own says that whoever is signed in may use it with what is their own.
	Own bool
}

// Policy says which kinds of caller an operation lets in, by the permissions of
// the built-in roles.
func (o Operation) Policy() (platform, owner, member, service bool) {
	roles := identity.BuiltInRoles()
	has := func(id identity.ID) bool {
		i := slices.IndexFunc(roles, func(r identity.BuiltInRole) bool { return r.ID == id })
		return o.Own || slices.Contains(roles[i].Perms, o.Perm)
	}
	return has(identity.PlatformOperator), has(identity.OrganizationOwner), has(identity.OrganizationMember), has(identity.ServiceAccount)
}

// An operation is one with who answers.
type operation struct {
	Operation
	do handler
}

// v1 is where most of the API is.
const v1 = "/cloudapi/1.0.0"

// Operations returns the table.
func Operations() []Operation {
	var out []Operation
	for _, op := range table() {
		out = append(out, op.Operation)
	}
	return out
}

// table has every operation of /cloudapi for which one must have logged in.
func table() []operation {
	return slices.Concat(sessionTable(), orgTable(), peopleTable(), roleTable(), preferenceTable(), appTable())
}

// with is an operation on everything in the organisation.
func with(perm identity.Perm, method, path string, do handler) operation {
	return operation{Operation{method, path, perm, false}, do}
}

// orOwn is with, or on what is one's own.
func orOwn(perm identity.Perm, method, path string, do handler) operation {
	return operation{Operation{method, path, perm, true}, do}
}

func sessionTable() []operation {
	return []operation{
		orOwn(identity.SignedIn, "GET", v1+"/sessions/current", (*Door).currentSession),
		orOwn(identity.SignedIn, "DELETE", v1+"/sessions/current", (*Door).closeSession),
		orOwn(identity.SessionsWrite, "GET", v1+"/sessions", (*Door).listSessions),
		orOwn(identity.SessionsWrite, "GET", v1+"/sessions/{id}", (*Door).getSession),
		orOwn(identity.SessionsWrite, "DELETE", v1+"/sessions/{id}", (*Door).endSession),
		orOwn(identity.SignedIn, "GET", v1+"/sessions/{id}/token", (*Door).sessionToken),
		orOwn(identity.SessionsWrite, "GET", v1+"/tokens", (*Door).listTokens),
		orOwn(identity.SignedIn, "POST", v1+"/tokens", (*Door).createToken),
		orOwn(identity.SessionsWrite, "GET", v1+"/tokens/{id}", (*Door).getToken),
		orOwn(identity.SessionsWrite, "DELETE", v1+"/tokens/{id}", (*Door).deleteToken),
	}
}

func orgTable() []operation {
	return []operation{
		orOwn(identity.OrganisationsWrite, "GET", v1+"/orgs", (*Door).listOrgs),
		with(identity.OrganisationsWrite, "POST", v1+"/orgs", (*Door).createOrg),
		orOwn(identity.OrganisationsWrite, "GET", v1+"/orgs/{id}", (*Door).getOrg),
		with(identity.SettingsWrite, "PUT", v1+"/orgs/{id}", (*Door).changeOrg),
		with(identity.OrganisationsWrite, "DELETE", v1+"/orgs/{id}", (*Door).deleteOrg),
	}
}

func peopleTable() []operation {
	return []operation{
		orOwn(identity.ResourcesRead, "GET", v1+"/users", (*Door).listUsers),
		with(identity.ResourcesWrite, "POST", v1+"/users", (*Door).createUser),
		orOwn(identity.ResourcesRead, "GET", v1+"/users/{id}", (*Door).getUser),
		with(identity.ResourcesWrite, "PUT", v1+"/users/{id}", (*Door).changeUser),
		with(identity.ResourcesWrite, "DELETE", v1+"/users/{id}", (*Door).deleteUser),
		orOwn(identity.SignedIn, "POST", v1+"/users/{id}/changePassword", (*Door).changePassword),
		orOwn(identity.ResourcesRead, "GET", v1+"/users/{id}/groups", (*Door).userGroups),
		with(identity.ResourcesWrite, "PUT", v1+"/users/{id}/groups", (*Door).setUserGroups),
		with(identity.ResourcesWrite, "POST", v1+"/users/{id}/takeOwnership", (*Door).takeOwnership),

		with(identity.ResourcesRead, "GET", v1+"/groups", (*Door).listGroups),
		with(identity.ResourcesWrite, "POST", v1+"/groups", (*Door).createGroup),
		with(identity.ResourcesRead, "GET", v1+"/groups/{id}", (*Door).getGroup),
		with(identity.ResourcesWrite, "PUT", v1+"/groups/{id}", (*Door).changeGroup),
		with(identity.ResourcesWrite, "DELETE", v1+"/groups/{id}", (*Door).deleteGroup),
		with(identity.ResourcesRead, "GET", v1+"/groups/{id}/users", (*Door).groupUsers),
	}
}

func roleTable() []operation {
	return []operation{
		orOwn(identity.AccessRead, "GET", v1+"/roles", (*Door).listRoles),
		with(identity.AccessWrite, "POST", v1+"/roles", (*Door).createRole),
		orOwn(identity.AccessRead, "GET", v1+"/roles/{id}", (*Door).getRole),
		with(identity.AccessWrite, "PUT", v1+"/roles/{id}", (*Door).changeRole),
		with(identity.AccessWrite, "DELETE", v1+"/roles/{id}", (*Door).deleteRole),
		orOwn(identity.AccessRead, "GET", v1+"/roles/{id}/rights", (*Door).roleRights),
		with(identity.AccessWrite, "POST", v1+"/roles/{id}/rights", (*Door).addRights),
		with(identity.AccessWrite, "PUT", v1+"/roles/{id}/rights", (*Door).replaceRights),
		with(identity.AccessRead, "GET", v1+"/rights", (*Door).listRights),
		with(identity.AccessRead, "GET", v1+"/rights/{id}", (*Door).getRight),
		with(identity.AccessRead, "GET", v1+"/rightsCategories", (*Door).listCategories),
		with(identity.AccessRead, "GET", v1+"/rightsCategories/{id}", (*Door).getCategory),
		with(identity.AccessRead, "GET", v1+"/rightsBundles", (*Door).listBundles),
		with(identity.AccessRead, "GET", v1+"/globalRoles", (*Door).listGlobalRoles),
	}
}

func preferenceTable() []operation {
	return []operation{
		orOwn(identity.SignedIn, "GET", v1+"/preferences", (*Door).listPreferences),
		orOwn(identity.SignedIn, "GET", "/cloudapi/vcf/preferences", (*Door).listPreferences),
		orOwn(identity.SignedIn, "GET", "/cloudapi/v1/preferences", (*Door).listPreferences),
		orOwn(identity.SignedIn, "GET", v1+"/preferences/{classifier}", (*Door).getPreference),
		orOwn(identity.SignedIn, "PUT", v1+"/preferences/{classifier}", (*Door).putPreference),
		orOwn(identity.ResourcesRead, "GET", v1+"/users/{id}/preferences", (*Door).listPreferences),
		orOwn(identity.ResourcesRead, "GET", v1+"/users/{id}/preferences/{classifier}", (*Door).getPreference),
		orOwn(identity.ResourcesWrite, "PUT", v1+"/users/{id}/preferences/{classifier}", (*Door).putPreference),
		orOwn(identity.SignedIn, "GET", v1+"/definitions/preferences", (*Door).listDefinitions),
		orOwn(identity.SignedIn, "GET", v1+"/definitions/preferences/{id}", (*Door).getDefinition),
	}
}

func appTable() []operation {
	return []operation{
		with(identity.AppsRead, "GET", v1+"/serviceAccounts", (*Door).listAccounts),
		with(identity.AppsWrite, "POST", v1+"/serviceAccounts", (*Door).createAccount),
		with(identity.AppsRead, "GET", v1+"/serviceAccounts/{id}", (*Door).getAccount),
		with(identity.AppsWrite, "PUT", v1+"/serviceAccounts/{id}", (*Door).changeAccount),
		with(identity.AppsWrite, "DELETE", v1+"/serviceAccounts/{id}", (*Door).deleteAccount),

		with(identity.SettingsRead, "GET", v1+"/openIdProvider", (*Door).getProvider),
		with(identity.SettingsWrite, "PUT", v1+"/openIdProvider", (*Door).changeProvider),
		with(identity.SettingsRead, "GET", v1+"/openIdProvider/keys", (*Door).listKeys),
		with(identity.KeysWrite, "POST", v1+"/openIdProvider/keys", (*Door).newKey),
		with(identity.SettingsRead, "GET", v1+"/openIdProvider/keys/{id}", (*Door).getKey),
		with(identity.KeysWrite, "DELETE", v1+"/openIdProvider/keys/{id}", (*Door).retireKey),
		with(identity.AppsRead, "GET", v1+"/openIdProvider/relyingParties", (*Door).listParties),
		with(identity.AppsWrite, "POST", v1+"/openIdProvider/relyingParties", (*Door).createParty),
		with(identity.AppsRead, "GET", v1+"/openIdProvider/relyingParties/{id}", (*Door).getParty),
		with(identity.AppsWrite, "PUT", v1+"/openIdProvider/relyingParties/{id}", (*Door).changeParty),
		with(identity.AppsWrite, "DELETE", v1+"/openIdProvider/relyingParties/{id}", (*Door).deleteParty),
		with(identity.AppsWrite, "POST", v1+"/openIdProvider/relyingParties/{id}/regenerateSecret", (*Door).newPartySecret),
	}
}
