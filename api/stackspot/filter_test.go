package stackspot

import "testing"

func TestStoredFilter(t *testing.T) {
	plain, role := searched, searchedIn("urn:x:Role")
	for phrase, c := range map[string]struct{ text, plain, role string }{
		"none":                 {"", "", ""},
		"a name":               {`name eq "a"`, `name eq "a"`, `value eq "a"`},
		"a name in any case":   {`NAME sw "a"`, `NAME sw "a"`, `value sw "a"`},
		"an owner":             {`client_id eq "c"`, `clientId eq "c"`, `urn:x:Role:clientId eq "c"`},
		"a time":               {`created_at gt "2024-01-01T00:00:00Z"`, `meta.created gt "2024-01-01T00:00:00Z"`, `meta.created gt "2024-01-01T00:00:00Z"`},
		"references":           {`actions eq "x"`, `actions.value eq "x"`, `actions.value eq "x"`},
		"all of a filter":      {`not (name eq "a") and (client_id pr or id eq "name")`, `not (name eq "a") and (clientId pr or id eq "name")`, `not (value eq "a") and (urn:x:Role:clientId pr or id eq "name")`},
		"a part of a list":     {`statements[resource eq "name"]`, `statements[resource eq "name"]`, `urn:x:Role:statements[resource eq "name"]`},
		"a name that is whole": {`urn:y:name eq "a"`, `urn:y:name eq "a"`, `urn:y:name eq "a"`},
	} {
		t.Run(phrase, func(t *testing.T) {
			for _, got := range []struct {
				names string
				want  string
			}{{"plain", c.plain}, {"role", c.role}} {
				names := plain
				if got.names == "role" {
					names = role
				}
				if out, err := storedFilter(c.text, names); err != nil || out != got.want {
					t.Errorf("%s: %q, %v, want %q", got.names, out, err, got.want)
				}
			}
		})
	}
	if _, err := storedFilter("name eq", plain); err == nil {
		t.Error("half a filter is taken")
	}
}
