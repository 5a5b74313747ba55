package vmware

import "slices"

// Where the API has its access management and its service catalogue.
const (
	am  = "/csp/gateway/am/api"
	slc = "/csp/gateway/slc/api"
)

// The successors in the Tenant Manager.
const (
	cloudOrgs        = "/cloudapi/1.0.0/orgs"
	cloudUsers       = "/cloudapi/1.0.0/users"
	cloudUser        = "/cloudapi/1.0.0/users/urn:vcloud:user:{userId}"
	cloudPreferences = "/cloudapi/1.0.0/users/{userUrn}/preferences"
	cloudLanguage    = "/cloudapi/1.0.0/preferences/internal:localLanguage"
	cloudRoles       = "/cloudapi/1.0.0/roles"
	cloudGroups      = "/cloudapi/1.0.0/groups"
	cloudGroup       = "/cloudapi/1.0.0/groups/urn:vcloud:group:{groupId}"
	cloudSession     = "/cloudapi/1.0.0/sessions/current"
	vcfPreferences   = "/cloudapi/vcf/preferences"
	scimUsers        = "/scim/v2/Users"
	scimUser         = "/scim/v2/Users/{userId}"
	scimGroups       = "/scim/v2/Groups"
	oidcToken        = "/oidc/oauth2/token"
	oidcJWKS         = "/oidc/oauth2/jwks"
	oidcUserInfo     = "/oidc/userinfo"
	oidcDiscovery    = "/oidc/.well-known/openid-configuration"
	tenantToken      = "/oauth/tenant/{tenant}/token"
)

// row makes a line of the table.
func row(n int, name, method, path string, p Policy, do handler, successors ...string) operation {
	return operation{Operation: Operation{Row: n, Name: name, Method: method, Path: path, Policy: p, Successors: successors}, do: do}
}

// also adds other paths of the same operation.
func (op operation) also(patterns ...string) operation {
	op.Aliases = patterns
	return op
}

// table is the documentation's index of operations in its order. The number of
// the row is that of the documentation.
func table() []operation {
	all := slices.Concat(signIn(), organisationRows(), userRows(), laterRows())
	slices.SortFunc(all, func(a, b operation) int { return a.Row - b.Row })
	return all
}

func organisationRows() []operation {
	const org, group = am + "/orgs/{orgId}", am + "/orgs/{orgId}/groups/{groupId}"
	return []operation{
		row(7, "Search groups", "GET", am+"/groups", everyone, (*Door).listGroups, scimGroups).also("POST " + am + "/groups/search"),
		row(11, "Get organization", "GET", org, everyone, (*Door).organisation, cloudOrgs),
		row(12, "Change organization", "PATCH", org, ownersOnly, (*Door).renameOrganisation, cloudOrgs),
		row(13, "Get organization roles", "GET", org+"/roles", withService, (*Door).listRoles, cloudRoles),
		row(14, "Change roles of users", "PATCH", org+"/roles", ownersOnly, (*Door).patchUsersRoles, cloudUsers),
		row(15, "Get sub-organizations", "GET", org+"/sub-orgs", ownersOnly, (*Door).subOrganisations, cloudOrgs),
		row(16, "Get role", "GET", org+"/roles/{roleId}", withMembers, (*Door).role, cloudRoles),
		row(17, "Search organization groups", "GET", org+"/groups-search", everyone, (*Door).searchGroups, scimGroups),
		row(18, "Get group roles", "GET", group+"/roles", ownersOnly, (*Door).groupRoles, cloudGroup),
		row(19, "Change group roles", "PATCH", group+"/roles", ownersOnly, (*Door).patchGroupRoles, cloudGroup),
		row(20, "Get organization groups", "GET", org+"/groups", ownersOnly, (*Door).listOrgGroups, cloudGroups),
		row(21, "Remove organization groups", "DELETE", org+"/groups", ownersOnly, (*Door).deleteGroups, cloudGroups),
		row(22, "Get group users", "GET", group+"/users", withService, (*Door).groupUsers, scimUsers),
		row(23, "Get organization users", "GET", org+"/users", withMembers, (*Door).listUsers, cloudUsers, cloudPreferences, scimGroups),
		row(24, "Get organization users V2", "GET", am+"/v2/orgs/{orgId}/users", withMembers, (*Door).listUsers, cloudUsers, cloudPreferences, scimGroups),
		row(25, "Search organization users", "GET", org+"/users/search", everyone, (*Door).searchUsers, cloudUsers),
	}
}

func userRows() []operation {
	const me, mine = am + "/loggedin/user", am + "/loggedin/user/orgs/{orgId}"
	return []operation{
		row(26, "Change own preferences", "PUT", me+"/preferences", everyone, (*Door).putPreferences, cloudLanguage),
		row(27, "Get own profile", "GET", me+"/profile", everyone, (*Door).profile, vcfPreferences),
		row(28, "Change own profile", "PATCH", me+"/profile", everyone, (*Door).patchProfile, cloudLanguage),
		row(29, "Get own organizations", "GET", am+"/v2/loggedin/user/orgs", everyone, (*Door).myOrganisations, oidcUserInfo),
		row(30, "Get self", "GET", me, everyone, (*Door).me, oidcUserInfo),
		row(31, "Get own service roles", "GET", mine+"/service-roles", everyone, (*Door).myServiceRoles, oidcUserInfo),
		row(32, "Get own organization roles", "GET", mine+"/roles", everyone, (*Door).myRoles, oidcUserInfo, cloudRoles),
		row(33, "Get own organization info", "GET", mine+"/info", everyone, (*Door).myInfo, scimUsers, scimGroups, cloudOrgs),
		row(34, "Get own groups", "GET", mine+"/groups", everyone, (*Door).myGroups, scimUsers),
		row(35, "Get own details", "GET", me+"/details", everyone, (*Door).myDetails, oidcUserInfo),
		row(36, "Get own default organization", "GET", me+"/default-org", everyone, (*Door).defaultOrganisation, oidcUserInfo),
		row(37, "Get service definitions", "GET", slc+"/definitions", everyone, (*Door).definitions),
		row(38, "Get organization services", "GET", slc+"/v2/orgs/{orgId}/services", withMembers, (*Door).services).
			also("GET " + slc + "/orgs/{orgId}/services"),
		row(39, "Get organizations of a service", "GET", slc+"/v2/definitions/{serviceDefinitionId}/orgs", trusted, (*Door).definitionOrgs).
			also("GET " + slc + "/definitions/external/{serviceDefinitionId}/orgs"),
	}
}

func laterRows() []operation {
	const in, in2, in3 = am + "/users/{userId}/orgs/{orgId}", am + "/v2/users/{userId}/orgs/{orgId}", am + "/v3/users/{userId}/orgs/{orgId}"
	return []operation{
		row(40, "Get service roles of a user", "GET", in+"/service-roles", withMembers, (*Door).serviceRoles, cloudUser),
		row(41, "Change service roles of a user", "PATCH", in+"/service-roles", ownersOnly, (*Door).patchServiceRoles, cloudUser),
		row(42, "Get organization roles of a user", "GET", in+"/roles", withMembers, (*Door).userRoles, scimUser),
		row(43, "Change organization roles of a user", "PATCH", in+"/roles", ownersOnly, (*Door).patchRoles, cloudUser),
		row(44, "Get roles of a user with groups", "GET", in+"/roles-with-groups", ownersOnly, (*Door).rolesWithGroups, cloudUsers, scimGroups).
			also("GET " + in + "/access"),
		row(45, "Get user by account", "GET", am+"/users/{acct}", trusted, (*Door).userByName, scimUsers),
		row(46, "Get user info", "GET", in+"/info", ownersOnly, (*Door).userInfo, scimUsers, scimGroups, cloudOrgs),
		openRow(47, "Get access token info", "GET", am+"/userinfo", (*Door).userToken, scimUsers),
		row(48, "Search users", "POST", am+"/v2/users/search", everyone, (*Door).findUsers, scimUsers).also("POST " + am + "/users/search"),
		row(49, "Get user by id", "GET", am+"/v2/users/{userId}", trusted, (*Door).userByName, scimUsers),
		row(50, "Get roles of a user V2", "GET", in2+"/roles", ownersOnly, (*Door).allRoles, cloudUsers),
		row(51, "Get groups of a user V2", "GET", in2+"/groups", ownersOnly, (*Door).userGroups, scimUsers).also("GET " + in + "/groups"),
		row(52, "Get user info V2", "GET", in2+"/info", ownersOnly, (*Door).userInfo, scimUsers, scimGroups, cloudOrgs),
		row(53, "Change roles of a user V3", "PATCH", in3+"/roles", ownersOnly, (*Door).patchUserRoles, cloudUser).also("PATCH " + in2 + "/roles"),
	}
}

// variants are paths of older clients.
func variants() []variant {
	return []variant{
		{"GET " + am + "/orgs", 11, (*Door).organisationsNamed},
		{"GET " + am + "/orgs/{orgId}/groups/{groupId}", 20, (*Door).group},
		{"GET " + am + "/loggedin/user/orgs", 29, (*Door).myOrganisationLinks},
		{"POST " + am + "/loggedin/user/default-org", 28, (*Door).setDefaultOrganisation},
		{"GET " + slc + "/definitions/external/{serviceDefinitionId}", 37, (*Door).definition},
		{"GET " + slc + "/definitions/external/{serviceDefinitionId}/service-roles", 37, (*Door).definitionRoles},
	}
}
