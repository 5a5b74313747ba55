package scim_test

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

// TestPoint holds the server to the sentences of RFC 7643 and RFC 7644 that
// servers commonly get wrong, numbered from 1 to 68.
func TestPoint(t *testing.T) {
	seen := map[string]bool{}
	for _, list := range []map[string][]step{filterPoints, listPoints, writePoints, patchPoints, versionPoints, bulkPoints, doorPoints} {
		for name, steps := range list {
			seen[name[:2]] = true
			t.Run(name, func(t *testing.T) {
				f := start(t)
				if strings.HasSuffix(name, "-me") {
					f.run(ann)
					f.me = f.vars["u"]
				}
				f.steps(steps)
			})
		}
	}
	for name, check := range map[string]func(*testing.T){
		"18-too-many":              tooMany,
		"26-locations":             locations,
		"61b-messages-hidden":      messagesHidden,
		"61c-required-displayName": requiredDisplayName,
		"64-version":               badVersion,
	} {
		seen[name[:2]] = true
		t.Run(name, check)
	}
	for n := 1; n <= 68; n++ {
		if !seen[fmt.Sprintf("%02d", n)] {
			t.Errorf("point %d has no test", n)
		}
	}
}

// ann is the user that most points speak of.
var ann = step{do: "POST /Users", status: 201, save: "u", body: `{"schemas":["$U","$E"],"userName":"Ann","externalId":"Ext","active":true,"title":"Dr",
	"name":{"familyName":"Berg"},"emails":[{"value":"a@x.io","type":"work"},{"value":"b@y.io","type":"home"}],
	"$E":{"department":"R"},"$X":{"floor":7,"tags":["red","blue"]},"password":"Geheim-1"}`}

func found(filter string, n string) step {
	return step{do: "GET /Users?filter=" + filter, status: 200, has: `{"totalResults":` + n + `}`}
}

func refused(filter string) step {
	return step{do: "GET /Users?filter=" + filter, status: 400, has: `{"scimType":"invalidFilter"}`}
}

var filterPoints = map[string][]step{
	"01-case-insensitive-names":   {ann, found(`USERNAME Eq "ann"`, "1"), found(`Name.FamilyName SW "b"`, "1"), found(`userName PR AND NOT (title EQ "x")`, "1")},
	"02-no-order-for-booleans":    {ann, refused(`active gt true`), refused(`active ge false`), refused(`active lt true`), refused(`active le true`), refused(`x509Certificates.value gt "AA=="`)},
	"03-unknown-operator":         {ann, refused(`userName regex "x"`), refused(`userName like "x"`)},
	"04-precedence":               {ann, found(`userName eq "ann" or userName eq "x" and userName eq "y"`, "1"), found(`(userName eq "ann" or userName eq "x") and userName eq "y"`, "0"), found(`not (userName eq "x") and title eq "Dr"`, "1")},
	"05-brackets-one-value":       {ann, found(`emails[type eq "work" and value co "y.io"]`, "0"), found(`emails[type eq "home" and value co "y.io"]`, "1")},
	"06-any-value":                {ann, found(`emails.value eq "b@y.io"`, "1"), found(`emails eq "b@y.io"`, "1"), found(`$X:tags eq "blue"`, "1"), found(`emails.type eq "work" and emails.value co "y.io"`, "1")},
	"07-present":                  {ann, {do: "POST /Users", body: `{"schemas":["$U"],"userName":"bo","emails":[],"title":null,"name":{"familyName":""}}`, status: 201}, found(`emails pr`, "1"), found(`title pr`, "1"), found(`name.familyName pr`, "1"), found(`name pr`, "1")},
	"08-case-by-attribute":        {ann, found(`userName eq "ANN"`, "1"), found(`externalId eq "ext"`, "0"), found(`externalId eq "Ext"`, "1"), found(`meta.resourceType eq "user"`, "0"), found(`meta.resourceType eq "User"`, "1"), found(`id eq "{u}"`, "1")},
	"09-unknown-to-a-type":        {ann, {do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g"}`, status: 201}, {do: `GET /?filter=userName eq "ann" or displayName eq "g"`, as: "strict", status: 200, has: `{"totalResults":2}`}},
	"10-schemas":                  {ann, found(`schemas eq "$E"`, "1"), found(`schemas eq "$G"`, "0")},
	"11-qualified-names":          {ann, found(`$E:department eq "R"`, "1"), found(strings.ToUpper(urnU)+`:userName eq "ann"`, "1"), found(`$U:name.familyName eq "Berg"`, "1")},
	"12-instants":                 {ann, found(`meta.created gt "2011-05-13T04:42:34+14:00"`, "1"), found(`meta.created lt "2011-05-13T04:42:34.0000000Z"`, "0"), found(`meta.lastModified ge "0001-01-03T00:00:00.0000000Z"`, "1"), refused(`meta.created gt "yesterday"`)},
	"13-literals":                 {ann, found(`title eq null`, "0"), found(`nickName eq null`, "1"), found(`active eq true`, "1"), found(`$X:floor eq 7`, "1"), found(`$X:floor gt 6`, "1"), refused(`$X:floor eq "7"`)},
	"68-password-never-shown":     {ann, {do: "GET /Users/{u}?attributes=password", status: 200, lacks: "password"}, refused(`password eq "Geheim-1"`), refused(`password sw "G"`), refused(`password pr`)},
	"66-prepared-strings":         {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"stra\u00dfe"}`, status: 201}, found("userName eq \"STRASSE\"", "1"), {do: "POST /Users", body: `{"schemas":["$U"],"userName":"\uff33trasse"}`, status: 409}},
	"67-unknown-query-parameters": {ann, {do: "GET /Users/{u}?aadOptscim062020", status: 200}, {do: "GET /Users?AADOPTSCIM062020&count=1", status: 200}},
}

var three = step{do: "POST /Bulk", body: bulkOf(3), status: 200}

var listPoints = map[string][]step{
	"14-no-match":        {{do: `GET /Users?filter=userName eq "none"`, status: 200, has: `{"totalResults":0}`}},
	"15-clamping":        {three, {do: "GET /Users?startIndex=-1&count=-1", status: 200, has: `{"totalResults":3,"startIndex":1,"itemsPerPage":0}`, lacks: "Resources"}},
	"16-not-more":        {three, {do: "GET /Users?count=2", status: 200, has: `{"totalResults":3,"itemsPerPage":2,"Resources":[{},{}]}`}},
	"17-unknown-ignored": {three, {do: "GET /Users?nosuch=1&count=1", status: 200}},
	"19-resources":       {three, {do: "GET /Users", status: 200, has: `{"itemsPerPage":3,"Resources":[{},{},{}]}`}},
	"20-sort":            {three, {do: "POST /Users", body: `{"schemas":["$U"],"userName":"t","title":"T"}`, status: 201}, {do: "GET /Users?sortBy=title&count=1", has: `{"Resources":[{"userName":"t"}]}`}, {do: "GET /Users?sortBy=title&sortOrder=descending&startIndex=4", has: `{"Resources":[{"userName":"t"}]}`}},
	"21-projection": {ann,
		{do: "POST /Users?attributes=title", body: `{"schemas":["$U"],"userName":"x","title":"T"}`, status: 201, has: `{"title":"T"}`, lacks: "userName"},
		{do: "PUT /Users/{u}?attributes=title", body: `{"schemas":["$U"],"userName":"Ann","title":"T"}`, status: 200, has: `{"title":"T"}`, lacks: "userName"},
		{do: "PATCH /Users/{u}?attributes=title", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"V"}]}`, status: 200, has: `{"title":"V"}`, lacks: "userName"},
		{do: "POST /Users/.search?attributes=x", body: `{"schemas":["$S"],"attributes":["title"]}`, status: 200, has: `{"Resources":[{"title":"V"},{"title":"T"}]}`}},
	"22-always": {ann, {do: "GET /Users/{u}?excludedAttributes=id,userName", status: 200, has: `{"id":"{u}"}`}},
	"22b-parts-of-parts": {ann, {do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g","externalId":"e","members":[{"value":"{u}"}]}`, status: 201, save: "g"},
		{do: "GET /Groups/{g}?excludedAttributes=members", has: `{"displayName":"g","externalId":"e","meta":{"resourceType":"Group"}}`, lacks: "members"},
		{do: "GET /Groups/{g}?excludedAttributes=externalId,meta", has: `{"displayName":"g","members":[{"value":"{u}"}]}`, lacks: "externalId meta"},
		{do: "GET /Groups/{g}?excludedAttributes=members.display,meta.created", has: `{"members":[{"value":"{u}","type":"User"}],"meta":{"resourceType":"Group"}}`, lacks: "meta.created"},
		{do: "GET /Groups/{g}?attributes=members.value", has: `{"id":"{g}","members":[{"value":"{u}"}]}`, lacks: "meta displayName externalId"},
		{do: "GET /Groups?excludedAttributes=displayName,members", has: `{"Resources":[{"id":"{g}","externalId":"e"}]}`}},
	"23-never":       {ann, {do: "GET /Users?attributes=password,$X:pin", status: 200, has: `{"Resources":[{"id":"{u}"}]}`, lacks: "password"}},
	"24-patch-shows": {ann, {do: "PATCH /Users/{u}?attributes=active", as: "entra", body: `{"schemas":["$P"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, status: 200, has: `{"active":false}`}},
}

var writePoints = map[string][]step{
	"25-read-only-ignored": {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","id":"mine","meta":{"version":"x"},"groups":[{"value":"y"}]}`, status: 201, lacks: "groups", has: `{"meta":{"version":"W/\"1\""}}`, save: "u"},
		{do: "GET /Users/mine", status: 404}},
	"27-duplicate":     {ann, {do: "POST /Users", body: `{"schemas":["$U"],"userName":"ann"}`, status: 409, has: `{"scimType":"uniqueness","status":"409"}`}},
	"28-resource-type": {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","meta":{"resourceType":"Group"}}`, status: 201, has: `{"meta":{"resourceType":"User"}}`}},
	"29-put-never-creates": {{do: "PUT /Users/01890a5d-ac96-774b-bcce-b302099a8057", body: `{"schemas":["$U"],"userName":"a"}`, status: 404},
		{do: "GET /Users", has: `{"totalResults":0}`}},
	"30-immutable": {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","$X":{"badge":"1"}}`, status: 201, save: "u"},
		{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"userName":"a","$X":{"badge":"2"}}`, status: 400, has: `{"scimType":"mutability"}`},
		{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"userName":"a","$X":{"badge":"1"}}`, status: 200}},
	"31-id-is-ours":  {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","id":"bulkId:1"}`, status: 201}, {do: "GET /Users/bulkId:1", status: 404}},
	"32-external-id": {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`, status: 201, lacks: "externalId", save: "u"}, {do: "PATCH /Users/{u}", as: "other", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"externalId","value":"theirs"}]}`, status: 200, has: `{"externalId":"theirs"}`}, {do: "GET /Users/{u}", lacks: "externalId"}},
	"33-times":       {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`, status: 201, save: "u"}, {do: "GET /Users/{u}", has: `{"meta":{"created":"{u.modified}","lastModified":"{u.modified}"}}`}},
	"34-schemas": {{do: "POST /Users", body: `{"schemas":["$U","$E","$U"],"userName":"a"}`, status: 201, has: `{"schemas":["$U"]}`, lacks: "$E"},
		{do: "POST /Users", body: `{"schemas":["$G"],"userName":"b"}`, status: 400},
		{do: "POST /Users", as: "strict", body: `{"schemas":["$U","urn:nope"],"userName":"b"}`, status: 400}},
	"35-nothing-is-absent": {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","title":null,"emails":[],"name":{}}`, status: 201, lacks: "title emails name", save: "u"},
		{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"userName":"a"}`, status: 200, header: "ETag: {u.etag}"}},
	"36-one-primary": {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","emails":[{"value":"1@x.io","primary":true},{"value":"2@x.io","primary":true}]}`, status: 400, has: `{"scimType":"invalidValue"}`}},
}

// patched is a PATCH of {u} with one operation.
func patched(op string, status int, has string) step {
	return step{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[` + op + `]}`, status: status, has: has}
}

var patchPoints = map[string][]step{
	"37-patch-body": {ann,
		{do: "PATCH /Users/{u}", body: `{"Operations":[{"op":"add","path":"title","value":"x"}]}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
		{do: "PATCH /Users/{u}", body: `{"schemas":["$P"],"Operations":[]}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
		{do: "PATCH /Users/{u}", body: `{"schemas":["$P"]}`, status: 400, has: `{"scimType":"invalidSyntax"}`}},
	"38-atomic":           {ann, patched(`{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"userName","value":7}`, 400, ""), {do: "GET /Users/{u}", has: `{"title":"Dr"}`, header: "ETag: {u.etag}"}},
	"39-remove-no-path":   {ann, patched(`{"op":"remove"}`, 400, `{"scimType":"noTarget"}`)},
	"40-no-match":         {ann, patched(`{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}`, 400, `{"scimType":"noTarget"}`)},
	"41-replace-adds":     {ann, patched(`{"op":"replace","path":"nickName","value":"n"}`, 200, `{"nickName":"n"}`)},
	"42-add-existing":     {ann, patched(`{"op":"add","path":"emails","value":[{"value":"a@x.io","type":"work"}]}`, 200, `{"meta":{"version":"W/\"1\"","lastModified":"{u.modified}"}}`)},
	"43-remove-absent":    {ann, patched(`{"op":"remove","path":"nickName"}`, 200, `{"meta":{"lastModified":"{u.modified}"}}`)},
	"44-primary":          {ann, patched(`{"op":"replace","path":"emails[type eq \"work\"].primary","value":true}`, 200, ""), patched(`{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}`, 200, ""), found(`emails[type eq "work" and primary eq true]`, "0"), found(`emails[type eq "home" and primary eq true]`, "1")},
	"45-mutability":       {ann, patched(`{"op":"remove","path":"userName"}`, 400, `{"scimType":"mutability"}`), patched(`{"op":"replace","path":"id","value":"x"}`, 400, `{"scimType":"mutability"}`), patched(`{"op":"add","path":"groups","value":[{"value":"x"}]}`, 400, `{"scimType":"mutability"}`)},
	"46-immutable-once":   {ann, patched(`{"op":"add","path":"$X:badge","value":"1"}`, 200, `{"$X":{"badge":"1"}}`), patched(`{"op":"add","path":"$X:badge","value":"2"}`, 400, `{"scimType":"mutability"}`)},
	"47-extension":        {{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`, status: 201, save: "u"}, patched(`{"op":"add","path":"$E:department","value":"R"}`, 200, `{"schemas":["$U","$E"]}`)},
	"48-paths-and-values": {ann, patched(`{"op":"add","path":"emails[","value":"x"}`, 400, `{"scimType":"invalidPath"}`), patched(`{"op":"add","path":"a..b","value":"x"}`, 400, `{"scimType":"invalidPath"}`), patched(`{"op":"add","path":"active","value":"maybe"}`, 400, `{"scimType":"invalidValue"}`)},
	"49-patch-has-etag":   {ann, {do: "PATCH /Users/{u}", as: "okta", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"x"}]}`, header: `ETag: W/"2"`}, {do: "PATCH /Users/{u}", as: "entra", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"title","value":"y"}]}`, status: 204, empty: true, header: `ETag: W/"3"`}},
}

var versionPoints = map[string][]step{
	"50-delete": {ann, {do: "POST /Groups", body: `{"schemas":["$G"],"displayName":"g","members":[{"value":"{u}"}]}`, status: 201, save: "g"},
		{do: "DELETE /Users/{u}", status: 204, empty: true}, {do: "GET /Users/{u}", status: 404}, {do: "DELETE /Users/{u}", status: 404},
		{do: "GET /Users", has: `{"totalResults":0}`}, {do: "GET /Groups/{g}", lacks: "members", header: `ETag: W/"2"`}, {do: "POST /Users", body: `{"schemas":["$U"],"userName":"Ann"}`, status: 201}},
	"51-etag": {ann, {do: "GET /Users/{u}", header: `ETag: W/"1"`, has: `{"meta":{"version":"W/\"1\""}}`}},
	"52-preconditions": {ann, {do: "PUT /Users/{u}", head: `If-Match: W/"9"`, body: `{"schemas":["$U"],"userName":"Ann"}`, status: 412},
		{do: "GET /Users/{u}", head: `If-None-Match: W/"1"`, status: 304, empty: true}, {do: "GET /Users/{u}?attributes=id", head: `If-None-Match: *`, status: 304, empty: true}},
}

var bulkPoints = map[string][]step{
	"53-go-on": {{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[{"method":"DELETE","path":"/Users/x"},{"method":"POST","path":"/Users","bulkId":"1","data":{"schemas":["$U"],"userName":"a"}}]}`, status: 200,
		has: `{"Operations":[{"status":"404"},{"status":"201"}]}`}},
	"54-bulk-id":     {{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[{"method":"POST","path":"/Users","data":{"schemas":["$U"],"userName":"a"}},{"method":"POST","path":"/Users","bulkId":"1","data":{"schemas":["$U"],"userName":"a"}}]}`, status: 200, has: `{"Operations":[{"status":"400"},{"status":"201","bulkId":"1"}]}`}},
	"55-references":  bulkForward,
	"56-location":    {{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[{"method":"PUT","path":"/Users/x","data":{"schemas":["$U"],"userName":"a"}},{"method":"POST","path":"/Users","bulkId":"1","data":{}}]}`, status: 200, has: `{"Operations":[{"status":"404","location":"https://h/scim/v2/Users/x","response":{"status":"404"}},{"status":"400","response":{"status":"400"}}]}`}},
	"57-limits":      {{do: "POST /Bulk", body: bulkOf(1001), status: 413}, {do: "GET /Users", has: `{"totalResults":0}`}},
	"58-version":     {ann, {do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[{"method":"DELETE","path":"/Users/{u}","version":"W/\"2\""},{"method":"DELETE","path":"/Users/{u}","version":"W/\"1\""}]}`, status: 200, has: `{"Operations":[{"status":"412"},{"status":"204"}]}`}},
	"55b-extensions": bulkCircular,
}

var doorPoints = map[string][]step{
	"59-error-body": {{do: "GET /Users/x", status: 404}, {do: "GET /x", status: 404}, {do: "PUT /", body: "{}", status: 405}, {do: "POST /Users", body: "{", status: 400, has: `{"scimType":"invalidSyntax"}`},
		{do: "POST /Users", body: `{"userName":"a","USERNAME":"b"}`, status: 400, has: `{"scimType":"invalidSyntax"}`},
		{do: "POST /Users", body: "{\"schemas\":[\"$U\"],\"userName\":\"\xff\"}", status: 400, has: `{"scimType":"invalidSyntax"}`}},
	"60-challenge": {{do: "GET /Users", as: "-", status: 401, header: `WWW-Authenticate: Bearer realm="scim"`}, {do: "POST /Bulk", as: "x", body: "{}", status: 401, header: `WWW-Authenticate: Bearer realm="scim"`}},
	"61-discovery": {{do: "GET /Schemas?filter=id pr", status: 403}, {do: "GET /ResourceTypes?filter=id pr", status: 403}, {do: "GET /Schemas", status: 200}, {do: "GET /ResourceTypes", has: `{"totalResults":2,"itemsPerPage":2,"startIndex":1}`}, {do: "GET /ResourceTypes/Nope", status: 404}, {do: "GET /ServiceProviderConfig/x", status: 404}},
	"62-config-before-auth": {{do: "GET /ServiceProviderConfig", as: "-", status: 200, has: `{"authenticationSchemes":[{"type":"oauthbearertoken"}]}`, lacks: "interopProfileConformant"},
		{do: "GET /ServiceProviderConfig", as: "wrong", status: 200}, {do: "GET /ServiceProviderConfig", as: "strict", status: 200, has: `{"interopProfileConformant":true}`}},
	"63-accept": {{do: "GET /Users", head: "Accept: application/scim+json", status: 200, header: "Content-Type: application/scim+json"},
		{do: "GET /Users", head: "Accept: application/json", status: 200, header: "Content-Type: application/json"},
		{do: "GET /Users", head: "Accept: */*", status: 200, header: "Content-Type: application/scim+json"},
		{do: "GET /Users", head: "Accept: -", status: 200, header: "Content-Type: application/scim+json"},
		{do: "GET /Users", head: "Accept: application/scim+json;charset=utf-8", status: 200},
		{do: "GET /Users", head: "Accept: text/html, application/*;q=0.5", status: 200},
		{do: "GET /Users", head: "Accept: @@", status: 200},
		{do: "GET /Users", head: "Accept: text/html", status: 406},
		{do: "GET /Users", head: "Accept: application/json;q=0", status: 406},
		{do: "POST /Users", head: "Content-Type: text/plain", body: "{}", status: 415},
		{do: "POST /Users", head: "Content-Type: application/json;charset=iso-8859-1", body: "{}", status: 415},
		{do: "POST /Users", head: "Content-Type: application/json;charset=UTF-8", body: `{"schemas":["$U"],"userName":"a"}`, status: 201},
		{do: "POST /Users", head: "Content-Type: -", body: `{"schemas":["$U"],"userName":"b"}`, status: 201}},
	"65-me": {
		{do: "GET /Me", status: 200, has: `{"id":"{u}"}`, header: "Location: https://h/scim/v2/Users/{u}"},
		{do: "GET /me?attributes=userName", head: "Accept: application/json", status: 200, header: "Location: https://h/scim/v2/Users/{u}"},
		{do: "PATCH /Me", body: `{"schemas":["$P"],"Operations":[{"op":"replace","path":"password","value":"Geheim-2"}]}`, status: 200, header: "Location: https://h/scim/v2/Users/{u}", lacks: "password"},
		{do: "PUT /Me", head: `If-Match: W/"9"`, body: `{"schemas":["$U"],"userName":"Ann"}`, status: 412, header: "Location: https://h/scim/v2/Users/{u}"},
		{do: "POST /Me", body: `{}`, status: 405, header: "Allow: GET, PUT, PATCH, DELETE"},
		{do: "POST /Bulk", body: `{"schemas":["$B"],"Operations":[{"method":"PATCH","path":"/Me","data":{"Operations":[{"op":"add","path":"title","value":"x"}]}}]}`, has: `{"Operations":[{"status":"200","location":"https://h/scim/v2/Users/{u}"}]}`},
		{do: "DELETE /Me", status: 204, empty: true},
		{do: "GET /Me", status: 404}},
}

// locations holds Location, meta.location and the id together (point 26).
func locations(t *testing.T) {
	f := start(t)
	a := f.run(ann)
	for _, a := range []answer{a, f.run(step{do: "GET /Users/{u}"}), f.run(step{do: "PUT /Users/{u}", body: `{"schemas":["$U"],"userName":"Ann"}`})} {
		in, _ := lookup(a.json, "meta.location")
		if got, want := a.Header.Get("Location"), base+"/Users/"+f.vars["u"]; got != want || in != want {
			t.Errorf("Location %q, meta.location %q, want %q", got, in, want)
		}
	}
}

// messagesHidden walks all that discovery lists (point 61).
func messagesHidden(t *testing.T) {
	f := start(t)
	a := f.run(step{do: "GET /Schemas", status: 200})
	list, _ := lookup(a.json, "Resources")
	seen := map[string]bool{}
	for _, s := range list.([]any) {
		id, _ := lookup(s, "id")
		seen[id.(string)] = true
		if strings.Contains(id.(string), ":api:messages:") {
			t.Errorf("/Schemas lists %s", id)
		}
		f.run(step{do: "GET /Schemas/" + id.(string), status: 200})
		f.run(step{do: "GET /schemas/" + strings.ToUpper(id.(string)), status: 200})
	}
	for _, id := range []string{urnU, urnG, urnE, urnX} {
		if !seen[id] {
			t.Errorf("/Schemas does not list %s", id)
		}
	}
}

// requiredDisplayName checks the erratum that makes the name of a group
// required, in the schema and in what it does.
func requiredDisplayName(t *testing.T) {
	f := start(t)
	a := f.run(step{do: "GET /Schemas/" + urnG})
	attrs, _ := lookup(a.json, "attributes")
	for _, at := range attrs.([]any) {
		if name, _ := lookup(at, "name"); name == "displayName" {
			if required, _ := lookup(at, "required"); required != true {
				t.Errorf("displayName is required: %v, want true", required)
			}
		}
	}
	f.run(step{do: "POST /Groups", body: `{"schemas":["$G"]}`, status: 400, has: `{"scimType":"invalidValue"}`})
}

// TestBadQuery has a query that cannot be decoded: dropping the filter would
// answer with everybody.
func TestBadQuery(t *testing.T) {
	f := start(t)
	r := f.request(step{do: "GET /Users"})
	r.URL.RawQuery = "filter=%zz"
	if got := f.answerTo(r).StatusCode; got != 400 {
		t.Errorf("GET /Users?filter=%%zz = %d, want 400", got)
	}
}

// TestBinary sends a certificate there and back.
func TestBinary(t *testing.T) {
	f := start(t)
	cert := base64.StdEncoding.EncodeToString([]byte("not really a certificate"))
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a","x509Certificates":[{"value":"` + cert + `"}]}`, status: 201,
		has: `{"x509Certificates":[{"value":"` + cert + `"}]}`})
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"b","x509Certificates":[{"value":"%%%"}]}`, status: 400, has: `{"scimType":"invalidValue"}`})
}

// badVersion is how a door refuses /v1 (point 64).
func badVersion(t *testing.T) {
	f := start(t)
	w := httptest.NewRecorder()
	f.server.Fail(w, f.request(step{do: "GET /v1/Users"}), scim.BadVersion())
	if w.Code != 400 || !strings.Contains(w.Body.String(), `"scimType":"invalidVers"`) {
		t.Errorf("Fail(BadVersion) = %d %s, want 400 invalidVers", w.Code, w.Body)
	}
}

// tooMany passes a backend's refusal on (point 18).
func tooMany(t *testing.T) {
	f := start(t, wrapped(func(b scim.Backend) scim.Backend {
		return broken{b, schema.Errorf(schema.TooMany, "Narrow the filter.")}
	}))
	f.run(step{do: "GET /Users", status: 400, has: `{"scimType":"tooMany"}`})
}
