package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/scim/schema"
)

const (
	core       = `"schemas":["` + schema.UserURN + `"]`
	enterprise = `"` + schema.EnterpriseURN + `"`
)

// mixed is a registry with one attribute of each kind.
func mixed(t testing.TB) *schema.ResourceType {
	t.Helper()
	s, err := schema.Parse([]byte(`{"id":"urn:example:Thing","name":"Thing","attributes":[
		{"name":"label","required":true},
		{"name":"serial","mutability":"immutable","required":true,"uniqueness":"server","caseExact":true},
		{"name":"count","type":"integer"},
		{"name":"weight","type":"decimal"},
		{"name":"made","type":"dateTime"},
		{"name":"key","type":"binary"},
		{"name":"keys","type":"binary","multiValued":true},
		{"name":"link","type":"reference","referenceTypes":["external"]},
		{"name":"tags","multiValued":true},
		{"name":"sizes","type":"integer","multiValued":true},
		{"name":"pin","mutability":"writeOnly"},
		{"name":"hidden","returned":"request"},
		{"name":"state","mutability":"readOnly"},
		{"name":"parts","type":"complex","multiValued":true,"subAttributes":[
			{"name":"value","required":true},{"name":"primary","type":"boolean"},
			{"name":"code","mutability":"immutable"},{"name":"price","type":"decimal","returned":"request"},
			{"name":"marks","multiValued":true},{"name":"note","mutability":"readOnly"},{"name":"pin","returned":"never"}]}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := schema.Standard().Add(&schema.ResourceType{Name: "Thing", Endpoint: "/Things", Schema: s})
	if err != nil {
		t.Fatal(err)
	}
	return r.TypeByName("Thing")
}

const thing = `"schemas":["urn:example:Thing"],"label":"L","serial":"S"`

func TestCanonical(t *testing.T) {
	nested := schema.RFC
	nested.Form = schema.Nested
	user, things := userType(), mixed(t)
	for phrase, c := range map[string]struct {
		rt       *schema.ResourceType
		d        schema.Dialect
		in, want string
	}{
		"names in any case": {user, schema.Strict,
			`{"SCHEMAS":["URN:ietf:params:scim:schemas:core:2.0:user"],"USERNAME":"a","Name":{"FAMILYNAME":"F"}}`,
			`{` + core + `,"userName":"a","name":{"familyName":"F"}}`},
		"an extension in any case": {user, schema.Strict,
			`{` + core + `,"userName":"a",` + strings.ToLower(enterprise) + `:{"DEPARTMENT":"D"}}`,
			`{"schemas":["` + schema.UserURN + `",` + enterprise + `],"userName":"a",` + enterprise + `:{"department":"D"}}`},
		"an extension without data is not listed": {user, schema.Strict,
			`{"schemas":["` + schema.UserURN + `",` + enterprise + `],"userName":"a",` + enterprise + `:{"department":null}}`,
			`{` + core + `,"userName":"a"}`},
		"unknown schemas and twice the same": {user, schema.RFC,
			`{"schemas":["urn:x:y","` + schema.UserURN + `","` + schema.UserURN + `"],"userName":"a","urn:x:y":{"b":1}}`,
			`{` + core + `,"userName":"a"}`},
		"null, empty array, object and string": {user, schema.Strict,
			`{` + core + `,"userName":"a","title":null,"nickName":"","emails":[],"name":{},"addresses":[{},{"region":null}],"phoneNumbers":null}`,
			`{` + core + `,"userName":"a"}`},
		"the same value and type twice (RFC 7643 section 2.4)": {user, schema.Strict,
			`{` + core + `,"userName":"a","emails":[{"value":"a@x.io","type":"work"},{"value":"a@x.io"},{"value":"A@x.io","type":"Work","display":"D","primary":true},{"type":"home"},{"type":"home"}],
				"x509Certificates":[{"value":"AAAA"},{"value":"aaaa"}]}`,
			`{` + core + `,"userName":"a","emails":[{"value":"a@x.io","type":"work","display":"D","primary":true},{"value":"a@x.io"},{"type":"home"},{"type":"home"}],
				"x509Certificates":[{"value":"AAAA"},{"value":"aaaa"}]}`},
		"read-only attributes": {user, schema.Strict,
			`{` + core + `,"id":"x","meta":{"resourceType":7},"groups":[{"value":"g"}],"userName":"a",` + enterprise + `:{"manager":{"value":"m","displayName":"M"}}}`,
			`{"schemas":["` + schema.UserURN + `",` + enterprise + `],"userName":"a",` + enterprise + `:{"manager":{"value":"m","$ref":"../Users/m"}}}`},
		"unknown attributes": {user, schema.RFC,
			`{` + core + `,"userName":"a","nope":1,"name":{"nope":1,"givenName":"G"},"emails":[{"value":"e","nope":1}],` + enterprise + `:{"nope":1}}`,
			`{` + core + `,"userName":"a","name":{"givenName":"G"},"emails":[{"value":"e"}]}`},
		"string booleans of Entra": {user, schema.Entra,
			`{` + core + `,"userName":"a","active":"True","emails":[{"value":"e","primary":"False"}]}`,
			`{` + core + `,"userName":"a","active":true,"emails":[{"value":"e","primary":false}]}`},
		"a bare manager of Entra": {user, schema.Entra,
			`{` + core + `,"userName":"a",` + enterprise + `:{"manager":"271"}}`,
			`{"schemas":["` + schema.UserURN + `",` + enterprise + `],"userName":"a",` + enterprise + `:{"manager":{"value":"271","$ref":"../Users/271"}}}`},
		"a reference of the client (RFC 7643 section 4.3)": {user, schema.Strict,
			`{` + core + `,"userName":"a",` + enterprise + `:{"manager":{"value":"a/b","$ref":"https://h/Users/1"}}}`,
			`{"schemas":["` + schema.UserURN + `",` + enterprise + `],"userName":"a",` + enterprise + `:{"manager":{"value":"a/b","$ref":"https://h/Users/1"}}}`},
		"an id that a URL must escape": {user, schema.Strict,
			`{` + core + `,"userName":"a",` + enterprise + `:{"manager":{"value":"a/b"}}}`,
			`{"schemas":["` + schema.UserURN + `",` + enterprise + `],"userName":"a",` + enterprise + `:{"manager":{"value":"a/b","$ref":"../Users/a%2Fb"}}}`},
		"no schemas from Okta": {user, schema.Okta, `{"userName":"a"}`, `{` + core + `,"userName":"a"}`},
		"two primaries from Entra": {user, schema.Entra,
			`{` + core + `,"userName":"a","emails":[{"value":"d"},{"value":"e","primary":true},{"value":"f","primary":true}]}`,
			`{` + core + `,"userName":"a","emails":[{"value":"d"},{"value":"e","primary":true},{"value":"f"}]}`},
		"two primaries and nothing else": {user, schema.Okta,
			`{` + core + `,"userName":"a","emails":[{"primary":true},{"primary":true}]}`,
			`{` + core + `,"userName":"a","emails":[{"primary":true},{"primary":false}]}`},
		"JSON in a string from Entra": {user, schema.Entra,
			`{` + core + `,"userName":"a","roles":[{"value":"{\"id\":\"827f\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}"}]}`,
			`{` + core + `,"userName":"a","roles":[{"value":"Admin","display":"Administrator"}]}`},
		"a password stays": {user, schema.RFC, `{` + core + `,"userName":"a","password":"p"}`, `{` + core + `,"userName":"a","password":"p"}`},
		"the nested form": {user, nested,
			`{` + core + `,"externalId":"e","` + schema.UserURN + `":{"userName":"a","NAME":{"givenName":"G"},"id":"no"}}`,
			`{` + core + `,"externalId":"e","userName":"a","name":{"givenName":"G"}}`},
		"the flat form where nested is spoken": {user, nested, `{` + core + `,"userName":"a"}`, `{` + core + `,"userName":"a"}`},
		"a joiner in userName":                 {user, schema.RFC, `{` + core + `,"userName":"می\u200cخواهم"}`, `{` + core + `,"userName":"می\u200cخواهم"}`},
		"text is free":                         {user, schema.RFC, `{` + core + `,"userName":"a","title":"a\nb\u202e"}`, `{` + core + `,"userName":"a","title":"a\nb\u202e"}`},
		"all types": {things, schema.Strict,
			`{` + thing + `,"made":"2011-05-13T04:42:34+02:00","key":"AQI","keys":["AQ==","AQI=\r\n"],"link":"../a?b#c","tags":["x",null,""],"pin":"1"}`,
			`{` + thing + `,"made":"2011-05-13T02:42:34.000Z","key":"AQI=","keys":["AQ==","AQI="],"link":"../a?b#c","tags":["x"],"pin":"1"}`},
		"many values inside an element": {things, schema.Strict,
			`{` + thing + `,"parts":[{"value":"v","marks":["m","n"]}]}`,
			`{` + thing + `,"parts":[{"value":"v","marks":["m","n"]}]}`},
		"digits beyond milliseconds": {things, schema.RFC,
			`{` + thing + `,"made":"2011-05-13T04:42:34.1234567Z"}`, `{` + thing + `,"made":"2011-05-13T04:42:34.1234567Z"}`},
	} {
		t.Run(phrase, func(t *testing.T) {
			in := object(t, c.in)
			got, err := c.rt.Canonical(in, c.d, schema.ForCreate)
			if err != nil {
				t.Fatalf("Canonical(%s): %v", c.in, err)
			}
			if diff := cmp.Diff(object(t, c.want), got); diff != "" {
				t.Errorf("Canonical(%s): -want +got\n%s", c.in, diff)
			}
			if diff := cmp.Diff(object(t, c.in), in); diff != "" {
				t.Errorf("Canonical changed its argument:\n%s", diff)
			}
		})
	}
}

func TestCanonicalNumbers(t *testing.T) {
	in := object(t, `{`+thing+`,"count":-9223372036854775808,"weight":1,"sizes":[1,-0],"parts":[{"value":"v","price":-0.0}]}`)
	got, err := mixed(t).Canonical(in, schema.Strict, schema.ForCreate)
	if err != nil {
		t.Fatal(err)
	}
	want := schema.Object{
		"schemas": []any{"urn:example:Thing"}, "label": "L", "serial": "S",
		"count": int64(-9223372036854775808), "weight": 1.0, "sizes": []any{int64(1), int64(0)},
		"parts": []any{schema.Object{"value": "v", "price": 0.0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if doc := string(mixed(t).Encode(got)); !strings.Contains(doc, `"price":0}`) {
		t.Errorf("a negative zero is written in %s", doc)
	}
}

func TestCanonicalRefuses(t *testing.T) {
	user, things := userType(), mixed(t)
	long := strings.Repeat("x", schema.MaxString+1)
	for phrase, c := range map[string]struct {
		rt     *schema.ResourceType
		d      schema.Dialect
		in     string
		fault  schema.Fault
		detail string // part of it
	}{
		"no schemas":                        {user, schema.RFC, `{"userName":"a"}`, schema.InvalidSyntax, "schemas is required"},
		"schemas null":                      {user, schema.RFC, `{"schemas":null,"userName":"a"}`, schema.InvalidSyntax, "schemas is required"},
		"schemas empty":                     {user, schema.Entra, `{"schemas":[],"userName":"a"}`, schema.InvalidSyntax, "must list"},
		"schemas no array":                  {user, schema.Entra, `{"schemas":"x","userName":"a"}`, schema.InvalidSyntax, "array"},
		"schemas of numbers":                {user, schema.Entra, `{"schemas":[1],"userName":"a"}`, schema.InvalidSyntax, "array"},
		"the schema of another type":        {user, schema.RFC, `{"schemas":["` + schema.GroupURN + `"],"userName":"a"}`, schema.InvalidSyntax, "must list"},
		"an unknown schema":                 {user, schema.Strict, `{"schemas":["` + schema.UserURN + `","urn:x:y"],"userName":"a"}`, schema.InvalidSyntax, "urn:x:y"},
		"a schema twice":                    {user, schema.Strict, `{"schemas":["` + schema.UserURN + `","` + schema.UserURN + `"],"userName":"a"}`, schema.InvalidSyntax, "twice"},
		"an unknown attribute":              {user, schema.Strict, `{` + core + `,"userName":"a","nope":1}`, schema.InvalidSyntax, `"nope"`},
		"an unknown sub-attribute":          {user, schema.Strict, `{` + core + `,"userName":"a","name":{"nope":1}}`, schema.InvalidSyntax, `name has no sub-attribute "nope"`},
		"an unknown extension member":       {user, schema.Strict, `{` + core + `,"userName":"a",` + enterprise + `:{"nope":1}}`, schema.InvalidSyntax, `"nope"`},
		"the nested form unasked":           {user, schema.Strict, `{` + core + `,"` + schema.UserURN + `":{"userName":"a"}}`, schema.InvalidSyntax, schema.UserURN},
		"an extension of another kind":      {user, schema.RFC, `{` + core + `,"userName":"a",` + enterprise + `:"x"}`, schema.InvalidSyntax, "must be an object"},
		"no userName":                       {user, schema.RFC, `{` + core + `}`, schema.InvalidValue, "userName is required"},
		"userName null":                     {user, schema.Entra, `{` + core + `,"userName":null}`, schema.InvalidValue, "userName is required"},
		"userName empty":                    {user, schema.RFC, `{` + core + `,"userName":""}`, schema.InvalidValue, "userName is required"},
		"userName blank":                    {user, schema.RFC, `{` + core + `,"userName":" \t"}`, schema.InvalidValue, "userName must not be blank"},
		"userName of 257 characters":        {user, schema.RFC, `{` + core + `,"userName":"` + strings.Repeat("ü", 257) + `"}`, schema.InvalidValue, "256 characters"},
		"a line break in userName":          {user, schema.RFC, `{` + core + `,"userName":"a\nb"}`, schema.InvalidValue, "invisible character U+000A"},
		"a soft hyphen in userName":         {user, schema.RFC, `{` + core + `,"userName":"a\u00adb"}`, schema.InvalidValue, "invisible character U+00AD"},
		"an override in userName":           {user, schema.RFC, `{` + core + `,"userName":"a\u202eb"}`, schema.InvalidValue, "invisible character U+202E"},
		"an unknown name beside an odd one": {user, schema.Strict, `{` + core + `,"userName":"a","name":{"GIVENNAME":"G","nope":1}}`, schema.InvalidSyntax, `"nope"`},
		"10001 values":                      {user, schema.RFC, `{` + core + `,"userName":"a","emails":[{}` + strings.Repeat(`,{}`, schema.MaxValues) + `]}`, schema.InvalidValue, "emails has 10001 values"},
		"a long string":                     {user, schema.RFC, `{` + core + `,"userName":"a","title":"` + long + `"}`, schema.InvalidValue, "title has 65537 bytes"},
		"a NUL":                             {user, schema.RFC, `{` + core + `,"userName":"a\u0000"}`, schema.InvalidValue, "userName must not hold a NUL"},
		"a number for a string":             {user, schema.RFC, `{` + core + `,"userName":7}`, schema.InvalidValue, "userName must be a string, not a number"},
		"a string for a boolean":            {user, schema.RFC, `{` + core + `,"userName":"a","active":"True"}`, schema.InvalidValue, "active must be a boolean, not a string"},
		"an object for many":                {user, schema.RFC, `{` + core + `,"userName":"a","emails":{"value":"e"}}`, schema.InvalidValue, "emails is multi-valued"},
		"an array for one":                  {user, schema.RFC, `{` + core + `,"userName":["a"]}`, schema.InvalidValue, "userName must be a string, not an array"},
		"a string for an object":            {user, schema.RFC, `{` + core + `,"userName":"a","name":"x"}`, schema.InvalidValue, "name must be an object, not a string"},
		"a boolean in emails":               {user, schema.RFC, `{` + core + `,"userName":"a","emails":[{"value":true}]}`, schema.InvalidValue, "emails.value must be a string, not a boolean"},
		"a bare manager":                    {user, schema.RFC, `{` + core + `,"userName":"a",` + enterprise + `:{"manager":"271"}}`, schema.InvalidValue, "manager must be an object"},
		"two primaries":                     {user, schema.RFC, `{` + core + `,"userName":"a","emails":[{"value":"e","primary":true},{"value":"f","primary":true}]}`, schema.InvalidValue, "emails has more than one primary"},
		"a space in a URI":                  {user, schema.RFC, `{` + core + `,"userName":"a","profileUrl":"not a uri"}`, schema.InvalidValue, "profileUrl is not a URI"},
		"a broken URI":                      {user, schema.RFC, `{` + core + `,"userName":"a","profileUrl":"http://[::1"}`, schema.InvalidValue, "profileUrl is not a URI"},
		"a certificate that is none":        {user, schema.RFC, `{` + core + `,"userName":"a","x509Certificates":[{"value":"*"}]}`, schema.InvalidValue, "x509Certificates.value is not base64"},
		"a required immutable":              {things, schema.RFC, `{"schemas":["urn:example:Thing"],"label":"L"}`, schema.InvalidValue, "serial is required"},
		"a required sub-attribute":          {things, schema.RFC, `{` + thing + `,"parts":[{"code":"c"}]}`, schema.InvalidValue, "parts.value is required"},
		"one mark and no array":             {things, schema.RFC, `{` + thing + `,"parts":[{"value":"c","marks":"m"}]}`, schema.InvalidValue, "parts.marks is multi-valued"},
		"a fraction for an integer":         {things, schema.RFC, `{` + thing + `,"count":1.5}`, schema.InvalidValue, "count: 1.5 is not an integer"},
		"1.0 for an integer":                {things, schema.RFC, `{` + thing + `,"count":1.0}`, schema.InvalidValue, "count: 1.0 is not an integer"},
		"an exponent for an integer":        {things, schema.RFC, `{` + thing + `,"count":1e3}`, schema.InvalidValue, "count: 1e3 is not an integer"},
		"an integer of 65 bits":             {things, schema.RFC, `{` + thing + `,"count":9223372036854775808}`, schema.InvalidValue, "64 bits"},
		"a decimal beyond all":              {things, schema.RFC, `{` + thing + `,"weight":1e999}`, schema.InvalidValue, "weight: 1e999 is too large"},
		"a string for a decimal":            {things, schema.RFC, `{` + thing + `,"weight":"1"}`, schema.InvalidValue, "weight must be a number, not a string"},
		"a date without a time":             {things, schema.RFC, `{` + thing + `,"made":"2011-05-13"}`, schema.InvalidValue, "made:"},
		"a binary beyond 1 MiB":             {things, schema.RFC, `{` + thing + `,"key":"` + strings.Repeat("A", schema.MaxBinary+4) + `"}`, schema.InvalidValue, "key has 1048580 bytes"},
		"an extension in two cases":         {user, schema.RFC, `{` + core + `,"userName":"a"}`, schema.InvalidSyntax, "twice"},
	} {
		t.Run(phrase, func(t *testing.T) {
			in := object(t, c.in)
			if phrase == "an extension in two cases" { // Decode does not let it through
				in[schema.EnterpriseURN] = schema.Object{"department": "a"}
				in[strings.ToUpper(schema.EnterpriseURN)] = schema.Object{"department": "b"}
			}
			got, err := c.rt.Canonical(in, c.d, schema.ForCreate)
			if fault(err) != c.fault {
				t.Fatalf("Canonical(%.80s) = %v, %v; want %s", c.in, got, err, c.fault)
			}
			if !strings.Contains(err.Error(), c.detail) {
				t.Errorf("Canonical(%.80s): %v, want a detail with %q", c.in, err, c.detail)
			}
		})
	}
}

func TestCanonicalAcceptsTheLimits(t *testing.T) {
	for phrase, in := range map[string]string{
		"a name of 256 characters": `"userName":"` + strings.Repeat("ü", 256) + `"`,
		"a string of 64 KiB":       `"userName":"a","title":"` + strings.Repeat("x", schema.MaxString) + `"`,
		"a binary of 1 MiB":        `"userName":"a","x509Certificates":[{"value":"` + strings.Repeat("A", schema.MaxBinary) + `"}]`,
		"10000 values":             `"userName":"a","emails":[{"value":"a"}` + strings.Repeat(`,{"type":"b"}`, schema.MaxValues-1) + `]`,
		"a photo as data URI":      `"userName":"a","photos":[{"value":"data:image/png;base64,` + strings.Repeat("A", 900_000) + `"}]`,
	} {
		if _, err := userType().Canonical(object(t, `{`+core+`,`+in+`}`), schema.Strict, schema.ForCreate); err != nil {
			t.Errorf("%s: %v", phrase, err)
		}
	}
}

func TestCanonicalForReplaceLeavesImmutableToMerge(t *testing.T) {
	in := object(t, `{"schemas":["urn:example:Thing"],"label":"L"}`)
	if _, err := mixed(t).Canonical(in, schema.RFC, schema.ForReplace); err != nil {
		t.Errorf("a PUT without the immutable serial: %v", err)
	}
}

func TestCanonicalOfARequiredExtension(t *testing.T) {
	ext, err := schema.Parse([]byte(`{"id":"urn:example:Badge","attributes":[{"name":"number","required":true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := schema.Standard().Extend("user", ext, true)
	if err != nil {
		t.Fatal(err)
	}
	rt := r.TypeByName("User")
	for in, want := range map[string]schema.Fault{
		`{` + core + `,"userName":"a"}`:                                                            schema.InvalidValue,
		`{` + core + `,"userName":"a","urn:example:Badge":{}}`:                                     schema.InvalidValue,
		`{` + core + `,"userName":"a","urn:example:Badge":{"number":""}}`:                          schema.InvalidValue,
		`{` + core + `,"userName":"a","urn:example:Badge":{"number":"7"}}`:                         "",
		`{"schemas":["` + schema.UserURN + `"],"userName":"a","urn:example:badge":{"Number":"7"}}`: "",
	} {
		if _, err := rt.Canonical(object(t, in), schema.Strict, schema.ForCreate); fault(err) != want {
			t.Errorf("Canonical(%s): %v, want %q", in, err, want)
		}
	}
}

func TestValue(t *testing.T) {
	user, things := userType(), mixed(t)
	for phrase, c := range map[string]struct {
		rt    *schema.ResourceType
		d     schema.Dialect
		path  string
		in    string
		want  any
		fault schema.Fault
	}{
		"null":                         {user, schema.RFC, "title", `null`, nil, ""},
		"a string":                     {user, schema.RFC, "TITLE", `"T"`, "T", ""},
		"an empty string":              {user, schema.RFC, "title", `""`, nil, ""},
		"part of a complex value":      {user, schema.RFC, "name", `{"GivenName":"G"}`, schema.Object{"givenName": "G"}, ""},
		"a sub-attribute":              {user, schema.RFC, "emails.primary", `true`, true, ""},
		"a string boolean":             {user, schema.Entra, "active", `"False"`, false, ""},
		"a string boolean for others":  {user, schema.RFC, "active", `"False"`, nil, schema.InvalidValue},
		"a word for a boolean":         {user, schema.Entra, "active", `"no"`, nil, schema.InvalidValue},
		"one element":                  {user, schema.RFC, "emails", `{"value":"e"}`, []any{schema.Object{"value": "e"}}, ""},
		"several elements":             {user, schema.RFC, "emails", `[{"value":"e"},{"value":"f"}]`, []any{schema.Object{"value": "e"}, schema.Object{"value": "f"}}, ""},
		"no element":                   {user, schema.RFC, "emails", `[]`, nil, ""},
		"two primaries":                {user, schema.RFC, "emails", `[{"value":"e","primary":true},{"value":"f","primary":true}]`, nil, schema.InvalidValue},
		"a bare manager":               {user, schema.Entra, schema.EnterpriseURN + ":manager", `"271"`, schema.Object{"value": "271"}, ""},
		"a bare manager for others":    {user, schema.Okta, schema.EnterpriseURN + ":manager", `"271"`, nil, schema.InvalidValue},
		"an empty manager":             {user, schema.Entra, schema.EnterpriseURN + ":manager", `""`, nil, ""},
		"an empty manager for others":  {user, schema.RFC, schema.EnterpriseURN + ":manager", `""`, nil, schema.InvalidValue},
		"an empty manager, wrapped":    {user, schema.Entra, schema.EnterpriseURN + ":manager", `{"value":""}`, nil, ""},
		"an empty array for one":       {user, schema.Entra, "title", `[]`, nil, ""},
		"an empty array for an object": {user, schema.Entra, "name", `[]`, nil, ""},
		"an empty boolean":             {user, schema.Entra, "active", `""`, nil, ""},
		"a member with a null $ref":    {schema.Standard().TypeByName("Group"), schema.RFC, "members", `[{"$ref":null,"value":"f6"}]`, []any{schema.Object{"value": "f6"}}, ""},
		"a required part that lacks":   {things, schema.RFC, "parts", `{"code":"c"}`, []any{schema.Object{"code": "c"}}, ""},
		"a mark":                       {things, schema.RFC, "parts.marks", `"m"`, []any{"m"}, ""},
		"an integer":                   {things, schema.RFC, "count", `12`, int64(12), ""},
		"several integers":             {things, schema.RFC, "sizes", `[1,2]`, []any{int64(1), int64(2)}, ""},
		"externalId":                   {user, schema.RFC, "externalId", `"E"`, "E", ""},
	} {
		t.Run(phrase, func(t *testing.T) {
			ref, ok := c.rt.FindPath(c.path)
			if !ok {
				t.Fatalf("no attribute %s", c.path)
			}
			in := object(t, `{"v":`+c.in+`}`)["v"]
			got, err := c.rt.Value(ref, in, c.d)
			if fault(err) != c.fault {
				t.Fatalf("Value(%s, %s) = %v, %v; want %q", c.path, c.in, got, err, c.fault)
			}
			if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
				t.Errorf("Value(%s, %s): -want +got\n%s", c.path, c.in, diff)
			}
		})
	}
}

func TestElement(t *testing.T) {
	ref, _ := userType().FindPath("emails")
	got, err := userType().Element(ref, schema.Object{"value": "e", "primary": "TRUE"}, schema.Entra)
	if diff := cmp.Diff(schema.Object{"value": "e", "primary": true}, got); err != nil || diff != "" {
		t.Errorf("Element = %v, -want +got\n%s", err, diff)
	}
	if got, err := userType().Element(ref, []any{}, schema.RFC); fault(err) != schema.InvalidValue {
		t.Errorf("Element([]) = %v, %v; want invalidValue", got, err)
	}
}

// Values that a program makes itself need not come from Decode.
func TestValueOfGoNumbers(t *testing.T) {
	rt := mixed(t)
	for path, pairs := range map[string][][2]any{
		"count":  {{int64(3), int64(3)}, {json.Number("3"), int64(3)}},
		"weight": {{int64(3), 3.0}, {1.5, 1.5}},
	} {
		ref, _ := rt.FindPath(path)
		for _, p := range pairs {
			if got, err := rt.Value(ref, p[0], schema.RFC); err != nil || got != p[1] {
				t.Errorf("Value(%s, %v) = %v, %v; want %v", path, p[0], got, err, p[1])
			}
		}
	}
}
