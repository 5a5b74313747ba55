package scim_test

import (
	"strings"
	"testing"
)

// TestHostileBodies sends what is no clean JSON to every entry that takes a body.
func TestHostileBodies(t *testing.T) {
	f := start(t)
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"safe"}`, status: 201, save: "u"})
	user := func(more string) string { return `{"schemas":["$U","$P","$S","$B"],"userName":"x"` + more + `}` }
	for phrase, body := range map[string]string{
		"bytes that are not UTF-8 (RFC 8259 section 8.1)": user(",\"title\":\"\xff\""),
		"a key that is not UTF-8":                         user(",\"\xff\":1"),
		"half a surrogate pair":                           user(`,"title":"\ud800"`),
		"the halves in the wrong order":                   user(`,"title":"\udc00\ud800"`),
		"a raw NUL":                                       user(",\"title\":\"\x00\""),
		"a NUL behind the end":                            user("") + "\x00",
		"a key twice":                                     user(`,"userName":"y"`),
		"a key twice in another case":                     user(`,"USERNAME":"y"`),
		"a key twice below":                               user(`,"name":{"givenName":"a","givenname":"b"}`),
		"a hundred thousand levels of arrays":             user(`,"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)),
		"too many objects":                                user(`,"x":[` + strings.Repeat("{},", 250_000) + `{}]`),
		"33 levels of objects":                            strings.Repeat(`{"x":`, 33) + "1" + strings.Repeat("}", 33),
		"no number":                                       user(`,"x":NaN`),
		"an array":                                        `[]`,
		"two objects":                                     `{} {}`,
		"nothing but space":                               ` `,
	} {
		t.Run(phrase, func(t *testing.T) {
			for _, do := range []string{"POST /Users", "PUT /Users/{u}", "PATCH /Users/{u}", "POST /Users/.search", "POST /.search", "POST /Bulk"} {
				f.run(step{do: do, body: body, status: 400, has: `{"scimType":"invalidSyntax"}`})
			}
		})
	}
	f.run(step{do: "GET /Users/{u}", status: 200, has: `{"userName":"safe","meta":{"version":"W/\"1\""}}`})
	f.run(step{do: "GET /Users", has: `{"totalResults":1}`})
}

// TestHostileValues sends clean JSON with values that nobody may store.
func TestHostileValues(t *testing.T) {
	f := start(t)
	f.run(step{do: "POST /Users", body: `{"schemas":["$U","$X"],"userName":"safe","emails":[{"value":"a@x.io"}],"$X":{"floor":1}}`, status: 201, save: "u"})
	long := strings.Repeat("x", 65<<10)
	for phrase, op := range map[string]string{
		"a NUL":                           `{"op":"add","path":"title","value":"a\u0000"}`,
		"a NUL in an element":             `{"op":"add","path":"emails","value":[{"value":"a\u0000"}]}`,
		"65 KiB":                          `{"op":"add","path":"title","value":"` + long + `"}`,
		"an integer of 5000 digits":       `{"op":"add","path":"$X:floor","value":` + strings.Repeat("9", 5000) + `}`,
		"an integer with a fraction":      `{"op":"add","path":"$X:floor","value":1.0}`, // RFC 7643 section 2.3.4
		"an integer with an exponent":     `{"op":"add","path":"$X:floor","value":1e2}`,
		"no base64 from a filter (Q8)":    `{"op":"add","path":"x509Certificates[value eq \"@\"].type","value":"t"}`,
		"a space in a URI from a filter":  `{"op":"add","path":"photos[value eq \"http://h/a b\"].type","value":"t"}`,
		"a blank beside a filter, no URI": `{"op":"add","path":"photos[type eq \"photo\"].value","value":"http://h/a b"}`,
	} {
		t.Run(phrase, func(t *testing.T) {
			f.run(step{do: "PATCH /Users/{u}", as: "entra", body: `{"schemas":["$P"],"Operations":[` + op + `]}`, status: 400, has: `{"scimType":"invalidValue"}`})
		})
	}
	for _, path := range []string{`emails[type eq \"\\u0000\"].value`, `emails[type eq \"\\ud800\"].value`} {
		f.run(step{do: "PATCH /Users/{u}", as: "entra", body: `{"schemas":["$P"],"Operations":[{"op":"add","path":"` + path + `","value":"x"}]}`,
			status: 400, has: `{"scimType":"invalidPath"}`})
	}
	f.run(step{do: "GET /Users/{u}", status: 200, has: `{"meta":{"version":"W/\"1\""}}`})
}

// TestHostileFilters sends filters that cost a careless parser its stack or its
// time; RFC 7644 section 3.4.2.2 has one answer for all.
func TestHostileFilters(t *testing.T) {
	f := start(t)
	for phrase, filter := range map[string]string{
		"ten thousand parentheses": strings.Repeat("(", 10_000) + "userName pr" + strings.Repeat(")", 10_000),
		"ten thousand nots":        strings.Repeat("not (", 10_000),
		"ten thousand brackets":    strings.Repeat("emails[", 9_000),
		"a megabyte":               `userName eq \"` + strings.Repeat("a", 1<<20) + `\"`,
		"a hundred thousand terms": strings.Repeat("a pr or ", 8_000) + "a pr",
		"a name of 64000 dots":     strings.Repeat("a.", 32_000) + "a pr",
		"a number beyond all":      "userName eq 1e999",
		"half a surrogate pair":    `userName eq \"\\ud800\"`,
		"a NUL":                    `userName ne \"\\u0000\"`,
		"a raw control character":  `userName eq \"\u0001\"`,
	} {
		t.Run(phrase, func(t *testing.T) {
			f.run(step{do: "POST /Users/.search", body: `{"schemas":["$S"],"filter":"` + filter + `"}`, status: 400, has: `{"scimType":"invalidFilter"}`})
		})
	}
}

// TestHostileURLs sends what is no clean URL.
func TestHostileURLs(t *testing.T) {
	f := start(t)
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`, status: 201, save: "u"})
	f.steps([]step{
		{do: "GET /Users?filter=userName eq \"\xff\"", status: 400, has: `{"scimType":"invalidFilter"}`},
		{do: "GET /Users?sortBy=\xff", status: 400, has: `{"scimType":"invalidValue"}`},
		{do: "GET /Users?cursor=\xff", status: 400, has: `{"scimType":"invalidCursor"}`},
		{do: "GET /Users?cursor=" + strings.Repeat("A", 70_000), status: 400, has: `{"scimType":"invalidCursor"}`},
		{do: "GET /Users?attributes=\xff,\x00", status: 200, has: `{"Resources":[{"id":"{u}"}]}`, lacks: "userName"},
		{do: "GET /Users?count=99999999999999999999&startIndex=-99999999999999999999", status: 200, has: `{"startIndex":1,"itemsPerPage":1}`},
		{do: "GET /Users?count=1e3", status: 400, has: `{"scimType":"invalidValue"}`},
		{do: "GET /Users/\xff", status: 404},
		{do: "GET /Users/\x00", status: 404},
		{do: "GET /Users/a/b", status: 404},
		{do: "GET /Schemas/\xff", status: 404},
	})
}

// TestDoor has the rest of what HTTP asks of each entry.
func TestDoor(t *testing.T) {
	f := start(t)
	f.run(step{do: "POST /Users", body: `{"schemas":["$U"],"userName":"a"}`, status: 201, save: "u"})
	f.me = f.vars["u"]
	f.steps([]step{
		{do: "GET /Users/{u}.scim", status: 200, has: `{"id":"{u}"}`}, // RFC 7644 section 3.8
		{do: "GET /Users.scim", status: 200, has: `{"totalResults":1}`},
		{do: "POST /Users", head: "Content-Encoding: gzip", body: `{}`, status: 415},
		{do: "POST /Users", head: "Content-Encoding: identity", body: `{"schemas":["$U"],"userName":"b"}`, status: 201},
		{do: "GET /Users/{u}", head: `If-Match: W/"2"`, status: 412}, // RFC 7644 section 3.14, RFC 9110 section 13.1.1
		{do: "GET /Users/{u}", head: `If-Match: W/"1"`, status: 200},
		{do: "POST /Me", body: `{}`, status: 405, header: "Location: https://h/scim/v2/Users/{u}"}, // "in any response": RFC 7644 section 3.11
	})
}
