package scim

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		url  string
		want address
	}{
		"the organisation of the credential": {"/scim/v2/Users/7", address{"", "v2", "/scim/v2", "/Users/7", ""}},
		"an organisation by slug":            {"/scim/acme/v2/Users?count=1", address{"acme", "v2", "/scim/acme/v2", "/Users", "count=1"}},
		"the version in another case":        {"/scim/V2/users", address{"", "v2", "/scim/v2", "/users", ""}},
		"the root alone":                     {"/scim/v2", address{"", "v2", "/scim/v2", "", ""}},
		"the root with a slash":              {"/scim/acme/v2/", address{"acme", "v2", "/scim/acme/v2", "/", ""}},
		"another version":                    {"/scim/v1/Users", address{"", "v1", "/scim/v2", "/Users", ""}},
		"a version to come":                  {"/scim/acme/v3.1/Users", address{"acme", "v3.1", "/scim/acme/v2", "/Users", ""}},
		"no version":                         {"/scim/Users", address{}},
		"nothing":                            {"/scim/", address{}},
		"an empty organisation":              {"/scim//v2/Users", address{}},
		"Entra's flag inside the base URL": {"/scim/v2?aadOptscim062020/Users?filter=userName%20eq%20%22a%22",
			address{"", "v2", "/scim/v2", "/Users", "filter=userName%20eq%20%22a%22"}},
		"Entra's flag inside the base URL, parameters with &": {"/scim/acme/v2/?AADOPTSCIM062020/Users&count=1",
			address{"acme", "v2", "/scim/acme/v2", "/Users", "count=1"}},
		"Entra's flag, escaped": {"/scim/v2%3FaadOptscim062020/Groups/9?excludedAttributes=members",
			address{"", "v2", "/scim/v2", "/Groups/9", "excludedAttributes=members"}},
		"Entra's flag as first parameter": {"/scim/v2/Users?aadoptscim062020&count=1", address{"", "v2", "/scim/v2", "/Users", "count=1"}},
		"Entra's flag as last parameter":  {"/scim/v2/Users?count=1&aadOptscim062020", address{"", "v2", "/scim/v2", "/Users", "count=1"}},
		"Entra's flag with a value":       {"/scim/v2/Users?aadOptscim062020=1&count=1", address{"", "v2", "/scim/v2", "/Users", "count=1"}},
		"the flag as part of a value":     {"/scim/v2/Users?filter=aadOptscim062020", address{"", "v2", "/scim/v2", "/Users", "filter=aadOptscim062020"}},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, parse(u.Path, u.RawQuery)); diff != "" {
				t.Errorf("parse(%q) (-want +got):\n%s", c.url, diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("/scim/v2/Users", "aadOptscim062020/Users?x=y")
	f.Add("/scim/acme/v2?aadOptscim062020", "&&")
	f.Add("\xb3?AAdOptsCim062020", "\u0130&aadOptscim062020")
	f.Fuzz(func(t *testing.T, path, query string) {
		a := parse(path, query)
		if a.Version == "" && (a.Organisation != "" || a.Rest != "") {
			t.Errorf("parse(%q, %q) = %+v: no version, but a place", path, query, a)
		}
		if a.Rest != "" && !strings.HasPrefix(a.Rest, "/") {
			t.Errorf("parse(%q, %q).Rest = %q", path, query, a.Rest)
		}
		if strings.Contains(a.Organisation, "/") {
			t.Errorf("parse(%q, %q).Organisation = %q", path, query, a.Organisation)
		}
	})
}
