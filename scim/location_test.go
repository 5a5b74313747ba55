package scim_test

import "testing"

// TestLocationFilter compares meta.location (RFC 7643 section 3.1), which holds
// what only the server knows: the URL under which this client sees a resource.
func TestLocationFilter(t *testing.T) {
	f := start(t)
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`, status: 201, save: "a"})
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"b"}`, status: 201, save: "b"})
	f.run(step{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g"}`, status: 201, save: "g"})
	f.vars["end"] = f.vars["a"][30:]
	for filter, want := range map[string]string{
		`meta.location eq "https://h/scim/v2/Users/{a}"`:                     "1",
		`META[Location eq "https://h/scim/v2/Users/{a}"]`:                    "1",
		`meta.location eq "https://h/scim/v2/users/{a}"`:                     "0",
		`meta.location eq "https://h/scim/v2/Users/"`:                        "0",
		`meta.location eq "{a}"`:                                             "0",
		`meta.location ne "https://h/scim/v2/Users/{a}"`:                     "2",
		`meta.location ne "elsewhere"`:                                       "3",
		`not (meta.location eq "https://h/scim/v2/Users/{a}")`:               "2",
		`meta.location pr`:                                                   "3",
		`meta.location eq null`:                                              "0",
		`meta.location sw "https://h/"`:                                      "3",
		`meta.location sw "https://h/scim/v2/Users/"`:                        "2",
		`meta.location sw "https://h/scim/v2/Groups/{g}"`:                    "1",
		`meta.location sw "http://h/"`:                                       "0",
		`meta.location ew "{end}"`:                                           "1",
		`meta.location ew "/{a}"`:                                            "1",
		`meta.location ew "Users/{a}"`:                                       "1",
		`meta.location ew "/{end}"`:                                          "0",
		`meta.location ew "Groups/{a}"`:                                      "0",
		`meta.location co "/Users/"`:                                         "2",
		`meta.location co "scim"`:                                            "3",
		`meta.location co "{end}"`:                                           "1",
		`meta.location co "Groups/{g}"`:                                      "1",
		`meta.location co "Users/{g}"`:                                       "0",
		`meta.location gt "https://h/scim/v2/H"`:                             "2",
		`meta.location le "https://h/scim/v2/H"`:                             "1",
		`meta.location ge "https://h/scim/v2/Users/{b}"`:                     "1",
		`meta.location gt "https://h/scim/v2/Users/{b}"`:                     "0",
		`meta.location lt "zzz" and (userName eq "a" or displayName eq "g")`: "2",
	} {
		f.run(step{do: "GET /?filter=" + filter, status: 200, has: `{"totalResults":` + want + `}`})
	}
}
