package stackspot

import (
	"net/url"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const id = "0189"
	for path, want := range map[string]string{
		"/scim/Users":                         " /Users ",
		"/scim/users/":                        " /Users ",
		"/scim/USERS/" + id:                   " /Users/id " + id,
		"/SCIM/Users/" + id:                   " /Users/id " + id,
		"/scim/%55sers/a%2Fb":                 " /Users/id a/b",
		"/scim/Resources-Types/" + id:         " /Resource-Types/id " + id,
		"/scim/Roles/v2":                      " /Roles/id v2",
		"/scim/Roles/" + id + "/members":      " /Roles/id/Members " + id,
		"/scim/Roles/" + id + "/nothing":      " /nowhere " + id,
		"/scim/Roles/" + id + "/Members/more": " /nowhere " + id,
		"/scim/Roles//Members":                " /nowhere ",
		"/acme/scim/Roles":                    "acme /Roles ",
		"/Acme/SCIM/roles/" + id:              "Acme /Roles/id " + id,
		"/acme/oidc/oauth/token":              "acme /token ",

		"/scim/v2/Users":                   "",
		"/scim/v2/Roles":                   "",
		"/scim/acme/v2/Users":              "",
		"/scim/users2/Users":               "",
		"/scim":                            "",
		"/scim/":                           "",
		"/":                                "",
		"":                                 "",
		"//scim/Users":                     "",
		"/acme//scim/Users":                "",
		"/acme/scim":                       "",
		"/acme/scim/Bulk":                  "",
		"/acme/scimx/Users":                "",
		"/api/scim/Users":                  "",
		"/API/scim/v2/Users":               "",
		"/scim/scim/Users":                 "",
		"/users/scim/Users":                "",
		"/o/acme/scim/Users":               "",
		"/acme%2Fscim/Users":               "",
		"/acme/scim%2FUsers":               "",
		"/acme/./scim/Users":               "",
		"/acme/oidc/oauth/token/":          "",
		"/api/oidc/oauth/token":            "",
		"/scim/oidc/oauth/token":           "",
		"/scim/Users;x=y":                  "",
		"/scim/" + strings.Repeat("U", 99): "",
	} {
		a, ok := parse(path)
		got := ""
		if ok {
			got = a.Tenant + " " + a.place() + " " + a.ID
		}
		if got != want {
			t.Errorf("parse(%q) = %q, want %q", path, got, want)
		}
	}
}

// FuzzParse checks that no path but one of a collection, or the token endpoint,
// comes to this door, and that what comes has a place.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"/scim/Users/1/Roles", "/acme/scim/%52oles/..%2f", "/a/oidc/oauth/token", "/scim/v2/Users", "//scim/Users"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		a, ok := parse(path)
		if !ok {
			return
		}
		plain, err := url.PathUnescape(path)
		if err != nil {
			plain = path
		}
		lower := strings.ToLower(plain)
		if !strings.Contains(lower, "scim") && !strings.HasSuffix(lower, "/oidc/oauth/token") {
			t.Errorf("%q comes to this door", path)
		}
		if strings.EqualFold(a.Tenant, "scim") || strings.EqualFold(a.Tenant, "api") {
			t.Errorf("%q has the tenant %q", path, a.Tenant)
		}
		if !strings.HasPrefix(a.place(), "/") {
			t.Errorf("%q has the place %q", path, a.place())
		}
	})
}
