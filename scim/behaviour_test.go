package scim_test

import "testing"

// TestBehaviour holds the server to behaviours that servers are known to get
// wrong, each with its exact exchange.
func TestBehaviour(t *testing.T) {
	for _, b := range []struct {
		name  string
		steps []step
	}{
		{"01-one-element", oneElement},
		{"02-typed-filter-errors", typedFilterErrors},
		{"03-atomic-patch", atomicPatch},
		{"04-primary-moves", primaryMoves},
		{"05-no-op-leaves-no-trace", noOp},
		{"06-entra-dialect", entraDialect},
		{"07-pathless-dotted-keys", pathless},
		{"08-membership", membership},
		{"09-bulk-forward-reference", bulkForward},
		{"10-bulk-circular-reference", bulkCircular},
		{"11-bulk-fail-on-errors", bulkFailOnErrors},
		{"12-versions", versions},
		{"13-sort", sorting},
		{"14-cursor", cursorPaging},
		{"15-paging-edges", pagingEdges},
		{"16-projection", projection},
		{"17-put", putSemantics},
		{"18-uniqueness", uniqueness},
		{"19-discovery", discovery},
		{"20-root-search", rootSearch},
	} {
		t.Run(b.name, func(t *testing.T) { start(t).steps(b.steps) })
	}
}

var oneElement = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u1","emails":[{"type":"work","value":"a@x.io"},{"type":"home","value":"b@y.io"}]}`, status: 201},
	{do: `GET /Users?filter=userName eq "u1" and emails[type eq "work" and value co "@y.io"]`, status: 200, has: `{"totalResults":0}`},
	{do: `GET /Users?filter=userName eq "u1" and emails[type eq "home" and value co "@y.io"]`, status: 200, has: `{"totalResults":1}`},
	{do: `GET /Users?filter=userName eq "u1" and (emails.type eq "work" and emails.value co "@y.io")`, status: 200, has: `{"totalResults":1}`},
	{do: `GET /Users?filter=userName eq "u1" and not (name.familyName eq "Nope")`, status: 200, has: `{"totalResults":1}`},
}

var typedFilterErrors = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u1"}`, status: 201},
	{do: `GET /Users?filter=active gt true`, status: 400, has: `{"schemas":["$ERR"],"status":"400","scimType":"invalidFilter"}`},
	{do: `GET /Users?filter=userName regex "x"`, status: 400, has: `{"scimType":"invalidFilter"}`},
	{do: `GET /Users?filter=userName eq "a`, status: 400, has: `{"scimType":"invalidFilter"}`},
	{do: `GET /Users?filter=nosuch eq "a"`, status: 200, has: `{"totalResults":0}`},
	{do: `GET /Users?filter=nosuch eq "a"`, as: "strict", status: 400, has: `{"scimType":"invalidFilter"}`},
}

var atomicPatch = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u1","displayName":"Old"}`, status: 201, save: "u"},
	{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"displayName","value":"New"},
		{"op":"replace","path":"addresses[type eq \"work\"].locality","value":"X"}]}`, status: 400, has: `{"scimType":"noTarget","status":"400"}`},
	{do: "GET /Users/{u}", status: 200, has: `{"displayName":"Old"}`, header: "ETag: {u.etag}"},
}

var primaryMoves = []step{
	{do: "POST /Users", status: 201, save: "u", body: `{"schemas":["$U"],"userName":"u1",
		"emails":[{"value":"a@x.io","type":"work","primary":true},{"value":"b@x.io","type":"home"}]}`},
	{do: "PATCH /Users/{u}", status: 200, body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"emails","value":[{"value":"c@x.io","type":"other","primary":true}]}]}`,
		has: `{"emails":[{"value":"a@x.io"},{"value":"b@x.io"},{"value":"c@x.io","primary":true}]}`},
	{do: `GET /Users?filter=emails[value eq "a@x.io" and primary eq true]`, status: 200, has: `{"totalResults":0}`},
	{do: "PATCH /Users/{u}", status: 200, body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"emails[value eq \"b@x.io\"].primary","value":true}]}`},
	{do: `GET /Users?filter=emails[value eq "b@x.io" and primary eq true] and not (emails[value ne "b@x.io" and primary eq true])`, status: 200, has: `{"totalResults":1}`},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u2","emails":[{"value":"a@x.io","primary":true},{"value":"b@x.io","primary":true}]}`,
		status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "POST /Users", as: "entra", body: `{"schemas":["$U"],"userName":"u3","emails":[{"value":"a@x.io","type":"work","primary":true},{"value":"b@x.io","type":"home","primary":true}]}`,
		status: 201, has: `{"emails":[{"value":"a@x.io","primary":true},{"value":"b@x.io"}]}`},
}

var noOp = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u1","displayName":"Same","password":"Geheim-1"}`, status: 201, save: "u"},
	{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"displayName","value":"Same"}]}`, status: 200,
		header: "ETag: {u.etag}", has: `{"meta":{"lastModified":"{u.modified}"}}`},
	{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"userName":"u1","displayName":"Same"}`, status: 200, header: "ETag: {u.etag}"},
	{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g","members":[{"value":"{u}"}]}`, status: 201, save: "g"},
	{do: "PATCH /Groups/{g}", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"members","value":[{"value":"{u}"}]}]}`, status: 200, header: "ETag: {g.etag}"},
}

var entraDialect = []step{
	{do: "POST /Users", as: "entra", body: `{"schemas":["$U"],"userName":"u1","active":"True"}`, status: 201, has: `{"active":true}`, save: "u"},
	{do: "PATCH /Users/{u}?attributes=active,emails,$E:manager,schemas", as: "entra", status: 200, body: `{"schemas":["$P"],"Operations":[
		{"op":"Add","path":"$E:manager","value":"26118915"},
		{"op":"Replace","path":"active","value":"False"},
		{"op":"Add","path":"emails[type eq \"work\"].value","value":"w@x.io"}]}`,
		has: `{"active":false,"emails":[{"type":"work","value":"w@x.io"}],"$E":{"manager":{"value":"26118915","$ref":"../Users/26118915"}},"schemas":["$U","$E"]}`},
	{do: "PATCH /Users/{u}", as: "entra", status: 204, empty: true, body: `{"schemas":["$P"],"Operations":[{"op":"Replace","path":"$E:manager","value":""}]}`},
	{do: "GET /Users/{u}", status: 200, has: `{"schemas":["$U"]}`, lacks: "$E"},
	{do: "PATCH /Users/{u}", as: "strict", status: 400, body: `{"schemas":["$P"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, has: `{"scimType":"invalidValue"}`},
}

var pathless = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u1"}`, status: 201, save: "u"},
	{do: "PATCH /Users/{u}?attributes=name,schemas,$E:department", as: "entra", status: 200, body: `{"schemas":["$P"],"Operations":[{"op":"replace","value":{
		"name.givenName":"Os","name.familyName":"Ry","$E:department":"R&D"}}]}`,
		has: `{"name":{"givenName":"Os","familyName":"Ry"},"$E":{"department":"R&D"},"schemas":["$U","$E"]}`},
	{do: "PATCH /Users/{u}", as: "strict", status: 400, body: `{"schemas":["$P"],"Operations":[{"op":"replace","value":{"displayName":"x"}}]}`, has: `{"scimType":"invalidSyntax"}`},
}

var membership = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","displayName":"Ann"}`, status: 201, save: "a"},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"b"}`, status: 201, save: "b"},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"c"}`, status: 201, save: "c"},
	{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g","members":[{"value":"{a}"},{"value":"{b}"},{"value":"{c}"}]}`, status: 201, save: "g",
		has: `{"members":[{"value":"{a}","$ref":"https://h/scim/v2/Users/{a}","type":"User"},{"value":"{b}","type":"User"},{"value":"{c}"}]}`},
	{do: "GET /Groups/{g}?attributes=members,members.display", status: 200, has: `{"members":[{"value":"{a}","display":"Ann"},{"value":"{b}"},{"value":"{c}"}]}`},
	{do: "PATCH /Groups/{g}?attributes=members", as: "entra", body: `{"schemas":["$P"],"Operations":[{"op":"Remove","path":"members","value":[{"value":"{a}"}]}]}`, status: 200,
		has: `{"members":[{"value":"{b}"},{"value":"{c}"}]}`},
	{do: "PATCH /Groups/{g}", body: `{"schemas":["$P"],"Operations":[{"op":"remove","path":"members[value eq \"{b}\"]"}]}`, status: 200,
		has: `{"members":[{"value":"{c}"}]}`, save: "g"},
	{do: "PATCH /Groups/{g}", as: "okta", body: `{"schemas":["$P"],"Operations":[{"op":"remove","path":"members[value eq \"{b}\"]"}]}`, header: "ETag: {g.etag}"},
	{do: "PATCH /Groups/{g}", body: `{"schemas":["$P"],"Operations":[{"op":"remove","path":"members"}]}`, status: 200, lacks: "members"},
	{do: "PATCH /Groups/{g}", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"members","value":[{"value":"{c}"}]}]}`, status: 200, has: `{"members":[{"value":"{c}"}]}`},
	{do: "PATCH /Groups/{g}?attributes=members", as: "okta", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"members","value":[]}]}`, status: 200, lacks: "members"},
	{do: "PATCH /Groups/{g}", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"members","value":[{"value":"{c}"},{"value":"{c}"}]}]}`, status: 200, has: `{"members":[{"value":"{c}"}]}`},
	{do: "PATCH /Groups/{g}", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"members","value":[{"value":"no-such-id"}]}]}`, status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "PATCH /Groups/{g}?attributes=displayName,members", as: "okta", body: `{"schemas":["$P"],"Operations":[{"op":"replace","value":{"id":"{g}","displayName":"N"}}]}`, status: 200,
		has: `{"displayName":"N","members":[{"value":"{c}"}]}`},
}

var versions = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u1"}`, status: 201, header: `ETag: W/"1"`, has: `{"meta":{"version":"W/\"1\""}}`, save: "u"},
	{do: "GET /Users/{u}", head: `If-None-Match: W/"1"`, status: 304, empty: true, header: `ETag: W/"1"`},
	{do: "GET /Users/{u}", head: `If-None-Match: "7", W/"2"`, status: 200},
	{do: "PATCH /Users/{u}", head: `If-Match: W/"bogus"`, body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"x"}]}`, status: 412, has: `{"status":"412"}`},
	{do: "PATCH /Users/{u}", head: `If-Match: W/"8", W/"1"`, body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"x"}]}`, status: 200, header: `ETag: W/"2"`},
	{do: "PATCH /Users/{u}", head: `If-Match: W/"1"`, body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"y"}]}`, status: 412},
	{do: "PATCH /Users/{u}", head: `If-Match: w/"2"`, body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"y"}]}`, status: 412},
	{do: "PUT /Users/{u}", head: `If-Match: *`, body: `{"schemas":["$U"],"userName":"u1"}`, status: 200, header: `ETag: W/"3"`},
	{do: "PUT /Users/{u}", head: `If-None-Match: *`, body: `{"schemas":["$U"],"userName":"u2"}`, status: 412},
	{do: "GET /Users/{u}?attributes=userName", status: 200, header: `ETag: W/"3"`, lacks: "meta"},
	{do: `GET /Users?filter=userName eq "u1"`, status: 200, has: `{"Resources":[{"meta":{"version":"W/\"3\""}}]}`},
	{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[
		{"method":"PATCH","path":"/Users/{u}","version":"W/\"2\"","data":{"Operations":[{"op":"add","path":"title","value":"z"}]}},
		{"method":"PATCH","path":"/Users/{u}","version":"W/\"3\"","data":{"Operations":[{"op":"add","path":"title","value":"z"}]}}]}`, status: 200,
		has: `{"Operations":[{"status":"412","location":"https://h/scim/v2/Users/{u}"},{"status":"200","version":"W/\"4\""}]}`},
	{do: "DELETE /Users/{u}", head: `If-Match: W/"1"`, status: 412},
	{do: "DELETE /Users/{u}", head: `If-Match: *`, status: 204, empty: true},
}

var sorting = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"1","nickName":"b","emails":[{"value":"z@x.io"},{"value":"a@x.io","primary":true}]}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"2","nickName":"C","emails":[{"value":"c@x.io"},{"value":"0@x.io"}]}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"3","nickName":"a","emails":[{"value":"b@x.io"}]}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"4"}`, status: 201},
	{do: "GET /Users?sortBy=nickName", status: 200, has: `{"Resources":[{"userName":"3"},{"userName":"1"},{"userName":"2"},{"userName":"4"}]}`},
	{do: "GET /Users?sortBy=NICKNAME&sortOrder=descending", status: 200, has: `{"Resources":[{"userName":"4"},{"userName":"2"},{"userName":"1"},{"userName":"3"}]}`},
	{do: "GET /Users?sortBy=emails.value", status: 200, has: `{"Resources":[{"userName":"1"},{"userName":"3"},{"userName":"2"},{"userName":"4"}]}`},
	{do: "GET /Users?sortBy=emails", status: 200, has: `{"Resources":[{"userName":"1"},{"userName":"3"},{"userName":"2"},{"userName":"4"}]}`},
	{do: "GET /Users?sortBy=meta.lastModified", status: 200, has: `{"Resources":[{"userName":"1"},{"userName":"2"},{"userName":"3"},{"userName":"4"}]}`},
	{do: "GET /Users?sortBy=$U:userName&sortOrder=Descending&count=1", status: 200, has: `{"Resources":[{"userName":"4"}]}`},
	{do: "GET /Users?sortBy=userName&sortOrder=up", status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "GET /Users?sortBy=name", status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "GET /Users?sortBy=password", status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "GET /Users?sortBy=nosuch", status: 400, has: `{"scimType":"invalidValue"}`},
}

var pagingEdges = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"1"}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"2"}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"3"}`, status: 201},
	{do: "GET /Users?startIndex=0&count=1", status: 200, has: `{"totalResults":3,"startIndex":1,"itemsPerPage":1,"Resources":[{"userName":"1"}]}`},
	{do: "GET /Users?startIndex=-9&count=1", status: 200, has: `{"startIndex":1,"Resources":[{"userName":"1"}]}`},
	{do: "GET /Users?startIndex=2", status: 200, has: `{"startIndex":2,"itemsPerPage":2,"Resources":[{"userName":"2"},{"userName":"3"}]}`},
	{do: "GET /Users?count=-5", status: 200, has: `{"totalResults":3,"itemsPerPage":0}`, lacks: "Resources"},
	{do: "GET /Users?count=0", status: 200, has: `{"totalResults":3,"itemsPerPage":0}`, lacks: "Resources"},
	{do: "GET /Users?startIndex=1000000", status: 200, has: `{"totalResults":3,"startIndex":1000000,"itemsPerPage":0,"Resources":[]}`},
	{do: "GET /Users?startIndex=99999999999999999999", status: 200, has: `{"totalResults":3,"Resources":[]}`},
	{do: "GET /Users?count=5000", status: 200, has: `{"itemsPerPage":3}`},
	{do: "GET /Users?count=abc", status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "GET /Users?startIndex=x", status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "GET /Users?COUNT=1&unknown=1&aadOptscim062020", status: 200, has: `{"itemsPerPage":1}`},
	{do: "GET /Users?count=", status: 200, has: `{"itemsPerPage":3}`},
	{do: `GET /Users?filter=userName eq "none"`, status: 200, has: `{"totalResults":0,"itemsPerPage":0,"startIndex":1,"Resources":[]}`},
}

var projection = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u1","displayName":"D","active":true,"password":"Geheim-1","name":{"familyName":"Z","givenName":"Y"},
		"$E":{"department":"R","division":"S"},"$X":{"hidden":"h","pin":"1","floor":3}}`, status: 201, lacks: "password $X.hidden $X.pin", save: "u",
		has: `{"$E":{"department":"R"},"$X":{"floor":3}}`},
	{do: "GET /Users/{u}", status: 200, lacks: "password $X.hidden $X.pin", has: `{"displayName":"D"}`},
	{do: "GET /Users/{u}?attributes=PASSWORD,name.familyName", status: 200, has: `{"schemas":["$U","$E","$X"],"id":"{u}","name":{"familyName":"Z"}}`,
		lacks: "password name.givenName userName meta displayName"},
	{do: "GET /Users/{u}?excludedAttributes=id,displayName,meta.created", status: 200, has: `{"id":"{u}","userName":"u1","meta":{"version":"W/\"1\""}}`, lacks: "displayName meta.created"},
	{do: "GET /Users/{u}?attributes=meta.version,externalId", status: 200, has: `{"meta":{"version":"W/\"1\""}}`, lacks: "meta.created userName"},
	{do: "POST /Users?attributes=userName", body: `{"schemas":["$U"],"userName":"u2","displayName":"D"}`, status: 201, has: `{"userName":"u2"}`, lacks: "displayName meta"},
	{do: "PUT /Users/{u}?excludedAttributes=userName,meta", body: `{"schemas":["$U"],"userName":"u1","active":true}`, status: 200, has: `{"active":true}`, lacks: "meta userName"},
	{do: "PATCH /Users/{u}?attributes=active", as: "entra", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"active","value":false}]}`, status: 200, has: `{"active":false}`, lacks: "userName"},
	{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"$X:hidden","value":"h"},{"op":"add","path":"$X:floor","value":2},{"op":"add","path":"$E:department","value":"R"}]}`, status: 200, lacks: "$X.hidden"},
	{do: "GET /Users/{u}?attributes=$X:hidden", status: 200, has: `{"$X":{"hidden":"h"}}`, lacks: "$X.floor userName"},
	{do: "GET /Users/{u}?attributes=$E:department", status: 200, has: `{"$E":{"department":"R"}}`, lacks: "userName $X"},
	{do: "POST /.search", body: `{"schemas":["$S"],"attributes":["displayName"],"filter":"userName eq \"u2\""}`, status: 200, has: `{"Resources":[{"displayName":"D"}]}`},
	{do: "GET /Users?filter=password pr", status: 400, has: `{"scimType":"invalidFilter"}`},
	{do: "GET /Users/{u}?attributes=userName&excludedAttributes=title", status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "GET /Users?attributes=userName&excludedAttributes=title", status: 400, has: `{"scimType":"invalidValue"}`},
}

var putSemantics = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","nickName":"N","externalId":"e","$X":{"badge":"7"}}`, status: 201, save: "u"},
	{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"id":"other","userName":"a","meta":{"resourceType":"Nope"},"groups":[{"value":"x"}],"title":"T"}`, status: 200,
		has: `{"id":"{u}","title":"T","meta":{"resourceType":"User"},"$X":{"badge":"7"}}`, lacks: "nickName externalId groups"},
	{do: "PUT /Users/unknown", body: `{"schemas":["$U"],"userName":"b"}`, status: 404},
	{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"title":"T"}`, status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"userName":"a","$X":{"badge":"8"}}`, status: 400, has: `{"scimType":"mutability"}`},
	{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"id","value":"zz"}]}`, status: 400, has: `{"scimType":"mutability"}`},
	{do: "PUT /Users/{u}", as: "okta", body: `{"schemas":["$U"],"id":"{u}","userName":"a","groups":[],"meta":{"resourceType":"User"},"emails":[{"value":"a@x.io","display":"d","type":"work","primary":true}]}`, status: 200},
	{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g","members":[{"value":"{u}"}]}`, status: 201, save: "g"},
	{do: "GET /Users/{u}", status: 200, has: `{"groups":[{"value":"{g}","$ref":"https://h/scim/v2/Groups/{g}","type":"direct","display":"g"}]}`},
	{do: "PUT /Groups/{g}", body: `{"schemas":["$G"],"displayName":"g"}`, status: 200, lacks: "members"},
	{do: "GET /Users/{u}", status: 200, lacks: "groups"},
}

var uniqueness = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"Case-1","externalId":"Ext-A"}`, status: 201, has: `{"userName":"Case-1"}`, save: "u"},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"CASE-1"}`, status: 409, has: `{"scimType":"uniqueness"}`},
	{do: `GET /Users?filter=USERNAME EQ "case-1"`, status: 200, has: `{"totalResults":1}`},
	{do: `GET /Users?filter=externalId eq "ext-a"`, status: 200, has: `{"totalResults":0}`},
	{do: `GET /Users?filter=externalId eq "Ext-A"`, status: 200, has: `{"totalResults":1}`},
	{do: `GET /Users?filter=externalId eq "Ext-A"`, as: "other", status: 200, has: `{"totalResults":0}`},
	{do: "POST /Users", as: "other", body: `{"schemas":["$U"],"userName":"o","externalId":"Ext-A"}`, status: 201, has: `{"externalId":"Ext-A"}`, save: "o"},
	{do: "PATCH /Users/{o}", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"userName","value":"cAse-1"}]}`, status: 409, has: `{"scimType":"uniqueness"}`},
	{do: "PUT /Users/{o}", body: `{"schemas":["$U"],"userName":"cAse-1"}`, status: 409, has: `{"scimType":"uniqueness"}`},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"Ｃａｓｅ-1"}`, status: 409, has: `{"scimType":"uniqueness"}`},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"re\u0301ne\u0301"}`, status: 201},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"R\u00c9N\u00c9"}`, status: 409, has: `{"scimType":"uniqueness"}`},
	{do: "DELETE /Users/{u}", status: 204, empty: true},
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"Case-1"}`, status: 201, save: "v"},
	{do: "GET /Users/{u}", status: 404},
	{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"userName","value":"x"}]}`, status: 404},
	{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"userName":"x"}`, status: 404},
	{do: "DELETE /Users/{u}", status: 404},
}

var discovery = []step{
	{do: "GET /ServiceProviderConfig", as: "-", status: 200, has: `{"patch":{"supported":true},"bulk":{"supported":true,"maxOperations":1000,"maxPayloadSize":10485760},
		"filter":{"supported":true,"maxResults":1000},"changePassword":{"supported":true},"sort":{"supported":true},"etag":{"supported":true},
		"pagination":{"cursor":true,"index":true,"defaultPaginationMethod":"index","defaultPageSize":100,"maxPageSize":1000,"cursorTimeout":3600},
		"securityEvents":{"asyncRequest":"none"},"authenticationSchemes":[{"type":"oauthbearertoken","primary":true}],
		"meta":{"location":"https://h/scim/v2/ServiceProviderConfig"}}`},
	{do: "GET /serviceproviderconfig?filter=patch.supported eq true", as: "-", status: 403},
	{do: "GET /Schemas", status: 200, has: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"]}`},
	{do: `GET /Schemas?filter=name eq "User"`, status: 403},
	{do: `GET /ResourceTypes?filter=name eq "User"`, status: 403},
	{do: "GET /Schemas/urn:nope", status: 404},
	{do: "POST /Schemas", body: `{}`, status: 405, header: "Allow: GET"},
	{do: "GET /ResourceTypes/User", status: 200, has: `{"id":"User","name":"User","endpoint":"/Users","meta":{"location":"https://h/scim/v2/ResourceTypes/User"}}`},
	{do: "GET /Users", as: "-", status: 401, header: `WWW-Authenticate: Bearer realm="scim"`},
	{do: "GET /Users", as: "wrong", status: 401, header: `WWW-Authenticate: Bearer realm="scim"`},
	{do: "GET /schemas/" + urnG, status: 200, has: `{"id":"$G","meta":{"location":"https://h/scim/v2/Schemas/$G"}}`},
	{do: "GET /Nope", status: 404},
	{do: "GET /Users/a/b", status: 404},
	{do: "PATCH /Users", body: `{}`, status: 405, header: "Allow: GET, POST"},
	{do: "POST /Users/x", body: `{}`, status: 405, header: "Allow: GET, PUT, PATCH, DELETE"},
	{do: "DELETE /Bulk", status: 405, header: "Allow: POST"},
}

var rootSearch = []step{
	{do: "POST /Users", body: `{"schemas":["$U"],"userName":"u","active":true}`, status: 201, save: "u"},
	{do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g"}`, status: 201},
	{do: "POST /.search", body: `{"schemas":["$S"],"filter":"meta.resourceType eq \"Group\" or userName pr","sortBy":"meta.created","count":50}`, status: 200,
		has: `{"totalResults":2,"Resources":[{"userName":"u"},{"displayName":"g"}]}`},
	{do: "POST /.search", as: "strict", body: `{"schemas":["$S"],"filter":"userName pr"}`, status: 200, has: `{"totalResults":1}`},
	{do: `GET /?filter=meta.resourceType eq "Group"`, status: 200, has: `{"totalResults":1,"Resources":[{"displayName":"g"}]}`},
	{do: "POST /Users/.search", body: `{"schemas":["$S"],"sortBy":"userName","startIndex":1,"count":1,"excludedAttributes":["active"]}`, status: 200,
		has: `{"totalResults":1,"Resources":[{"userName":"u"}]}`},
	{do: "POST /.search", body: `{"filter":"userName pr"}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
	{do: "POST /.search", body: `{"schemas":["$S"],"count":"many"}`, status: 400, has: `{"scimType":"invalidValue"}`},
	{do: "GET /.search", status: 405, header: "Allow: POST"},
	{do: "GET /Me", status: 404},
}
