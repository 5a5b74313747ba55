package scim_test

import "testing"

// TestNested speaks the form in which the core attributes stand under their URN.
func TestNested(t *testing.T) {
	start(t).steps([]step{
		{do: "POST /Users", as: "nested", status: 201, save: "u", body: `{"schemas":["$U","$E"],"externalId":"x","$U":{"userName":"u","name":{"givenName":"G"}},"$E":{"department":"R"}}`,
			has: `{"schemas":["$U","$E"],"externalId":"x","$U":{"userName":"u","name":{"givenName":"G"}},"$E":{"department":"R"},"meta":{"resourceType":"User"}}`, lacks: "userName name $U.id $U.meta"},
		{do: "GET /Users/{u}", status: 200, has: `{"userName":"u"}`, lacks: "$U"},
		{do: "GET /Users/{u}?attributes=userName", as: "nested", status: 200, has: `{"id":"{u}","$U":{"userName":"u"}}`, lacks: "$U.name meta"},
		{do: "POST /Groups", as: "nested", body: `{"schemas":["$G"],"displayName":"flat","members":[{"value":"{u}"}]}`, status: 201,
			has: `{"$G":{"displayName":"flat","members":[{"value":"{u}","$ref":"https://h/scim/v2/Users/{u}"}]}}`},
		{do: "PUT /Users/{u}", as: "nested", body: `{"schemas":["$U"],"$U":{"userName":"u","title":"T"}}`, status: 200, has: `{"$U":{"title":"T"}}`, lacks: "$U.name $E"},
		{do: "PATCH /Users/{u}", as: "nested", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"$U:title","value":"V"}]}`, status: 200, has: `{"$U":{"title":"V"}}`},
		{do: `GET /Users?filter=title eq "V"`, as: "nested", status: 200,
			has: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"Resources":[{"id":"{u}","$U":{"userName":"u","groups":[{"display":"flat"}]}}]}`},
		{do: "GET /Users/{u}", as: "nested", head: `If-None-Match: W/"3"`, status: 304, empty: true},
	})
}

// TestBothRenderings holds the answer that is put together from bytes to the one
// that is decoded and projected.
func TestBothRenderings(t *testing.T) {
	f := start(t)
	f.run(ann)
	f.run(step{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g \"\\\u0007","externalId":"<&>","members":[{"value":"{u}"}]}`, status: 201, save: "g"})
	f.run(step{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"h","members":[{"value":"{g}"}]}`, status: 201, save: "h"})
	for _, path := range []string{"/Groups/{g}", "/Groups/{h}", "/Users/{u}"} {
		whole := f.run(step{do: "GET " + path, status: 200})
		each := f.run(step{do: "GET " + path + "?attributes=schemas,id,meta,externalId,displayName,members,groups,userName,name,active,title,emails,$E,$X", status: 200})
		for _, pair := range [][2]answer{{whole, each}, {each, whole}} {
			if diff := missing(pair[0].json, pair[1].json, "$"); diff != "" {
				t.Errorf("%s: %s\n%s\n%s", path, diff, whole.raw, each.raw)
			}
		}
	}
	f.run(step{do: "GET /Users/{u}", has: `{"groups":[{"value":"{g}","type":"direct"},{"value":"{h}","type":"indirect","$ref":"https://h/scim/v2/Groups/{h}"}]}`})
}
