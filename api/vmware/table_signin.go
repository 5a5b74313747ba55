package vmware

import "net/http"

// openRow makes a line that asks for no role: who comes brings a credential of
// one kind or another.
func openRow(n int, name, pattern, path string, do func(*Door, http.ResponseWriter, *http.Request) error, successors ...string) operation {
	return operation{Operation: Operation{Row: n, Name: name, Method: pattern, Path: path, Policy: anybody, Successors: successors}, open: do}
}

func signIn() []operation {
	return []operation{
		openRow(1, "Get token", "POST", am+"/auth/token", (*Door).authToken, oidcToken),
		openRow(2, "Log out", "POST", am+"/auth/logout", (*Door).logout, cloudSession),
		openRow(3, "Get access token", "POST", am+"/auth/authorize", (*Door).authorize, oidcToken),
		openRow(4, "Get access token by API token", "POST", am+"/auth/api-tokens/authorize", (*Door).apiToken, oidcToken),
		openRow(5, "Get public keys", "GET", am+"/auth/token-public-key", (*Door).publicKey, oidcJWKS),
		openRow(6, "Check ID token", "GET", "/oauth/check_id_token", (*Door).checkIDToken),
		openRow(8, "Log in", "POST", am+"/login", (*Door).login, tenantToken),
		openRow(9, "Log in by OAuth", "POST", am+"/login/oauth", (*Door).authorize, oidcToken),
		openRow(10, "Get OpenID configuration", "GET", am+"/auth/.well-known/openid-configuration", (*Door).discovery, oidcDiscovery).
			also("GET " + am + "/.well-known/openid-configuration"),
	}
}
