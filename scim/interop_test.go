package scim_test

import "testing"

// TestInterop holds the dialect strict to the interoperability profile
// (draft-zollner-scim-interop-profile-01).
func TestInterop(t *testing.T) {
	f := start(t)
	body := `{"schemas":["$U","$E"],"userName":"a","name":{"givenName":"G","familyName":"F","honorificPrefix":"Dr"},
		"emails":[{"value":"w@x.io","type":"work"},{"value":"h@x.io","type":"home"}],"$E":{"department":"R","manager":{"value":"7","$ref":"../Users/7"}}}`
	f.run(step{do: "POST /Users", as: "strict", body: body, status: 201, save: "u"})
	patch := func(as, op string, status int, has, lacks string) {
		t.Helper()
		f.run(step{do: "PATCH /Users/{u}", as: as, body: `{"schemas":["$P"],"Operations":[` + op + `]}`, status: status, has: has, lacks: lacks})
	}
	// A complex attribute: add merges, replace replaces it whole. RFC 7644 section
	// 3.5.2.3 merges, too.
	patch("strict", `{"op":"add","path":"name","value":{"givenName":"A"}}`, 200, `{"name":{"givenName":"A","familyName":"F","honorificPrefix":"Dr"}}`, "")
	patch("rfc", `{"op":"replace","path":"name","value":{"givenName":"B"}}`, 200, `{"name":{"givenName":"B","familyName":"F","honorificPrefix":"Dr"}}`, "")
	patch("strict", `{"op":"replace","path":"name","value":{"givenName":"C"}}`, 200, `{"name":{"givenName":"C"}}`, "name.familyName name.honorificPrefix")
	patch("strict", `{"op":"replace","path":"$E:manager","value":{"value":"8"}}`, 200, `{"$E":{"department":"R","manager":{"value":"8","$ref":"../Users/8"}}}`, "")
	patch("strict", `{"op":"replace","path":"name.familyName","value":"H"}`, 200, `{"name":{"givenName":"C","familyName":"H"}}`, "")
	patch("strict", `{"op":"replace","path":"name","value":{"givenName":"C","familyName":"H"}}`, 200, `{"meta":{"version":"W/\"6\""}}`, "")
	// Value paths end in a sub-attribute; whatever is undefined is refused.
	patch("strict", `{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n@x.io"}}`, 400, `{"scimType":"invalidPath"}`, "")
	patch("strict", `{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x.io"}`, 200, `{"emails":[{"value":"n@x.io","type":"work"},{"value":"h@x.io"}]}`, "")
	patch("strict", `{"op":"replace","value":{"title":"T"}}`, 400, `{"scimType":"invalidSyntax"}`, "")
	patch("strict", `{"op":"add","path":"schemas","value":["urn:nosuch"]}`, 400, `{"scimType":"invalidSyntax"}`, "")
	patch("strict", `{"op":"add","path":"emails","value":[{"value":"x","nosuch":1}]}`, 400, `{"scimType":"invalidSyntax"}`, "")
	f.steps([]step{
		{do: "POST /Users", as: "strict", body: `{"schemas":["$U"],"userName":"b","nosuch":1}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
		{do: "POST /Users", as: "strict", body: `{"schemas":["$U","urn:nosuch"],"userName":"b"}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
		{do: `GET /Users?filter=nosuch eq "a"`, as: "strict", status: 400, has: `{"scimType":"invalidFilter"}`},
		{do: "GET /ServiceProviderConfig", as: "strict", has: `{"interopProfileConformant":true}`},
		{do: "GET /ServiceProviderConfig", lacks: "interopProfileConformant"},
	})
}
