package scim

import "testing"

func TestWithoutURN(t *testing.T) {
	for in, want := range map[string]string{
		"/Users/urn:vcloud:user:1": "/Users/1", "/users/urn:vcloud:user:1/x": "/users/1/x", "/Groups/urn:vcloud:group:2": "/Groups/2",
		"/Groups/urn:vcloud:user:2": "/Groups/urn:vcloud:user:2", "/Users/3": "/Users/3", "/Users/": "/Users/", "/Users": "/Users", "": "",
		"/Roles/urn:vcloud:role:1": "/Roles/urn:vcloud:role:1",
	} {
		if got := withoutURN(in); got != want {
			t.Errorf("withoutURN(%q) = %q, want %q", in, got, want)
		}
	}
}
