package stackspot

import (
	"strings"
	"testing"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

func decoded(t testing.TB, text string) schema.Object {
	t.Helper()
	o, err := schema.Decode([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func TestPathText(t *testing.T) {
	const urn = "urn:ietf:params:scim:schemas:extension:custom:2.0:User"
	for phrase, c := range map[string]struct{ path, want string }{
		"text":               {`"members[value eq \"x\"]"`, `members[value eq "x"]`},
		"null":               {`null`, ""},
		"nothing in it":      {`{}`, ""},
		"empty texts":        {`{"attributePath":{"attributeName":"","subAttribute":"","uriprefix":""},"subAttribute":"","valueExpression":null}`, ""},
		"an attribute":       {`{"attributePath":{"attributeName":"title"}}`, "title"},
		"other case":         {`{"AttributePath":{"AttributeName":"title","URIPrefix":"` + urn + `"}}`, urn + ":title"},
		"without the nest":   {`{"attributeName":"name","subAttribute":"givenName"}`, "name.givenName"},
		"an extension":       {`{"attributePath":{"uriprefix":"` + urn + `","attributeName":"company"}}`, urn + ":company"},
		"a colon at the end": {`{"attributePath":{"uriprefix":"` + urn + `:","attributeName":"company"}}`, urn + ":company"},
		"a whole extension":  {`{"attributePath":{"uriprefix":"` + urn + `"}}`, urn},
		"a part":             {`{"attributePath":{"attributeName":"name","subAttribute":"givenName"}}`, "name.givenName"},
		"a part, outside":    {`{"attributePath":{"attributeName":"name"},"subAttribute":"givenName"}`, "name.givenName"},
		"a part, twice":      {`{"attributePath":{"attributeName":"name","subAttribute":"givenName"},"subAttribute":"givenName"}`, "name.givenName"},
		"a filter":           {`{"attributePath":{"attributeName":"emails"},"valueExpression":"type eq \"work\"","subAttribute":"value"}`, `emails[type eq "work"].value`},
		"a comparison": {`{"attributePath":{"attributeName":"emails"},"valueExpression":{"attributePath":{"attributeName":"type"},"operator":"EQ","compareValue":"wo\"rk"}}`,
			`emails[type eq "wo\"rk"]`},
		"presence": {`{"attributePath":{"attributeName":"emails"},"valueExpression":{"attributePath":"type","operator":"pr"}}`, `emails[type pr]`},
		"a tree": {`{"attributePath":{"attributeName":"emails"},"valueExpression":{"left":{"attributePath":"type","operator":"eq","compareValue":"work"},"operator":"OR",
			"right":{"expression":{"attributePath":"primary","operator":"eq","compareValue":true}}}}`, `emails[(type eq "work") or (not (primary eq true))]`},
	} {
		v := schema.Field(decoded(t, `{"path":`+c.path+`}`), "path")
		if got, err := pathText(v); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", phrase, got, err, c.want)
		} else if got != "" && got != urn {
			if _, err := filter.ParsePath(got); err != nil {
				t.Errorf("%s: %q is no path: %v", phrase, got, err)
			}
		}
	}
}

func TestPathTextRefuses(t *testing.T) {
	deep := strings.Repeat(`{"expression":`, 25) + `{"attributePath":"a","operator":"pr"}` + strings.Repeat("}", 25)
	if _, err := expressionText(decoded(t, deep), 26); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := expressionText(decoded(t, deep), 25); err == nil {
		t.Error("over the limit: no error")
	}
	for phrase, path := range map[string]string{
		"a number":                  `7`,
		"a list":                    `["title"]`,
		"a number for a name":       `{"attributePath":{"attributeName":7}}`,
		"a part of nothing":         `{"attributePath":{"subAttribute":"givenName"}}`,
		"a list for an expression":  `{"attributePath":{"attributeName":"a"},"valueExpression":[]}`,
		"an unknown operator":       `{"attributePath":{"attributeName":"a"},"valueExpression":{"attributePath":"b","operator":"; drop","compareValue":1}}`,
		"an object as a value":      `{"attributePath":{"attributeName":"a"},"valueExpression":{"attributePath":"b","operator":"eq","compareValue":{}}}`,
		"no attribute":              `{"attributePath":{"attributeName":"a"},"valueExpression":{"operator":"eq","compareValue":1}}`,
		"half of a pair":            `{"attributePath":{"attributeName":"a"},"valueExpression":{"left":"b pr","operator":"and"}}`,
		"a pair of another kind":    `{"attributePath":{"attributeName":"a"},"valueExpression":{"left":"b pr","operator":"xor","right":"c pr"}}`,
		"the negation of nothing":   `{"attributePath":{"attributeName":"a"},"valueExpression":{"expression":null}}`,
		"too long":                  `{"attributePath":{"attributeName":"` + strings.Repeat("a", filter.MaxLength+1) + `"}}`,
		"too long, in the brackets": `{"attributePath":{"attributeName":"a"},"valueExpression":"` + strings.Repeat("a", filter.MaxLength) + `"}`,
	} {
		got, err := pathText(schema.Field(decoded(t, `{"path":`+path+`}`), "path"))
		if e := explain(err, ""); err == nil || e.status != 400 || e.fault != string(schema.InvalidPath) {
			t.Errorf("%s: %q, %v, want invalidPath", phrase, got, err)
		}
	}
}

// FuzzPathText checks that a path in parts becomes text without a panic, and that
// text of parts that are names is the path of these names.
func FuzzPathText(f *testing.F) {
	f.Add("urn:a:b", "name", "givenName", `value eq "x"`, "")
	f.Add("", "members", "", "", "display")
	f.Add("x:", "a[", "]", "\x00", "..")
	f.Fuzz(func(t *testing.T, uri, name, sub, expression, last string) {
		path := schema.Object{"attributePath": schema.Object{"uriprefix": uri, "attributeName": name, "subAttribute": sub}, "valueExpression": expression, "subAttribute": last}
		text, err := pathText(path)
		if err != nil || text == "" {
			return
		}
		p, err := filter.ParsePath(text)
		if err != nil {
			return
		}
		plain := !strings.ContainsAny(uri+name+sub+last+expression, ":.[] ")
		if plain && uri == "" && expression == "" && (p.Attr.Name != name || last == "" && p.Attr.Sub != sub) {
			t.Errorf("%q %q %q became %+v", name, sub, last, p.Attr)
		}
		if tree, err := pathText(schema.Object{"attributePath": path["attributePath"], "subAttribute": last, "valueExpression": schema.Object{
			"attributePath": "value", "operator": "eq", "compareValue": expression,
		}}); err == nil {
			if q, err := filter.ParsePath(tree); err == nil && q.Filter != nil {
				if c, ok := q.Filter.(*filter.Compare); !ok || c.Value != strings.ToValidUTF8(expression, "\uFFFD") && plain {
					t.Errorf("the value %q became %v", expression, q.Filter)
				}
			}
		}
	})
}

// FuzzMessage checks that no body of a PATCH makes this door panic, whatever it
// is about.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		`{"Operations":[{"op":"add","path":{"attributePath":{"attributeName":"members"}},"value":{"members":[{"value":"x"}]}}]}`,
		`{"operations":[{"op":"Replace","path":null,"value":{"claim_mapper":{"a":"b"},"statements":[{"action":"x","resource":"y"}]}}],"schemas":"s"}`,
		`{"Operations":[{"op":"remove","path":"claim_mapper.dept"},{"op":"add","path":"permissions","value":{"permissions":"x"}}]}`,
		`{"Operations":[{"op":"replace","value":{"urn:ietf:params:scim:schemas:extension:custom:2.0:User":{"properties":{"a":1},"is_email_verified":true}}}]}`,
		`{"Operations":[{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:custom:2.0:User:properties","value":7}]}`,
		`{"Operations":7}`, `{"Operations":[7,null,{}]}`, `[]`,
	} {
		f.Add([]byte(s))
	}
	user := schema.Standard().TypeByName("User")
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := schema.Decode(body)
		if err != nil {
			return
		}
		for name, rt := range forms() {
			message, err := plainMessage(o, catalogueSpellings)
			if err != nil {
				continue
			}
			p, err := patch.Parse(message, rt, dialect)
			if err != nil {
				continue
			}
			old := schema.Object{"name": "n"}
			if _, _, err := p.Apply(old); err == nil && (len(old) != 1 || old["name"] != "n") {
				t.Errorf("%s: the document was changed in place: %v", name, old)
			}
		}
		var s said
		if message, err := plainMessage(o, s.spellings()); err == nil {
			_, _ = patch.Parse(message, user, dialect)
		}
		_ = needMembers(o)
	})
}
