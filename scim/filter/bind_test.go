package filter

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/scim/schema"
)

var (
	standard  = schema.Standard()
	userType  = standard.TypeByName("User")
	groupType = standard.TypeByName("Group")
	thingType = things()
)

// things is a resource type with attributes of every type.
func things() *schema.ResourceType {
	s, err := schema.Parse([]byte(`{"id":"urn:example:2.0:Thing","name":"Thing","attributes":[
		{"name":"label","type":"string","caseExact":false},
		{"name":"code","type":"string","caseExact":true},
		{"name":"size","type":"integer"},
		{"name":"weight","type":"decimal"},
		{"name":"made","type":"dateTime"},
		{"name":"seal","type":"binary","caseExact":true},
		{"name":"on","type":"boolean"},
		{"name":"tags","type":"string","multiValued":true},
		{"name":"secret","type":"string","returned":"never","mutability":"writeOnly"},
		{"name":"parts","type":"complex","multiValued":true,"subAttributes":[
			{"name":"value","type":"string"},{"name":"count","type":"integer"},
			{"name":"pin","type":"string","returned":"never"},
			{"name":"marks","type":"string","multiValued":true}]}]}`))
	if err != nil {
		panic(err)
	}
	r, err := schema.NewRegistry([]*schema.ResourceType{{Name: "Thing", Endpoint: "/Things", Schema: s}})
	if err != nil {
		panic(err)
	}
	return r.TypeByName("Thing")
}

func mustBind(t testing.TB, in string, rt *schema.ResourceType, d schema.Dialect) Expr {
	t.Helper()
	e, err := Parse(in)
	if err != nil {
		t.Fatalf("Parse(%q): %v", in, err)
	}
	if e, err = Bind(e, rt, d); err != nil {
		t.Fatalf("Bind(%q): %v", in, err)
	}
	return e
}

func TestBindRewrites(t *testing.T) {
	for in, want := range map[string]string{
		`title eq null`:  `not (title pr)`,
		`title ne null`:  `title pr`,
		`emails eq "a"`:  `emails.value eq "a"`,
		`emails pr`:      `emails pr`,
		`manager eq "1"`: `manager eq "1"`, // not a core attribute: kept, without a value
		`name[familyName eq "R" or givenName pr]`:                    `name pr and (name.familyName eq "R" or name.givenName pr)`,
		schema.EnterpriseURN + ` pr`:                                 `schemas eq "` + schema.EnterpriseURN + `"`,
		`schemas eq "` + strings.ToUpper(schema.EnterpriseURN) + `"`: `schemas eq "` + schema.EnterpriseURN + `"`,
		`schemas sw "URN"`:                                           `schemas sw "URN"`,
		strings.ToUpper(schema.UserURN) + ` pr`:                      `schemas eq "` + schema.UserURN + `"`,
		schema.EnterpriseURN + `:manager eq "x"`:                     schema.EnterpriseURN + `:manager.value eq "x"`,
		`emails[type eq "work"].value sw "a"`:                        `emails[type eq "work" and value sw "a"]`,
	} {
		if got := mustBind(t, in, userType, schema.RFC).String(); got != want {
			t.Errorf("Bind(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestBindTypesLiterals(t *testing.T) {
	made := time.Date(2026, 1, 2, 3, 4, 5, 123456700, time.UTC)
	for in, want := range map[string]any{
		`label eq "A"`:                           "A",
		`size eq 5`:                              int64(5),
		`size eq 5.0`:                            int64(5),
		`weight eq 5`:                            5.0,
		`on eq true`:                             true,
		`made ge "2026-01-02T03:04:05.1234567Z"`: made,
		`meta.created lt "2026-01-02T03:04:05.1234567Z"`: made,
		`parts eq "x"`:                     "x",
		`urn:example:2.0:thing:SIZE gt -1`: int64(-1),
	} {
		c := mustBind(t, in, thingType, schema.Strict).(*Compare)
		if d := cmp.Diff(want, c.Value); d != "" {
			t.Errorf("Bind(%s): literal -want +got\n%s", in, d)
		}
	}
	on := mustBind(t, `active eq "False"`, userType, schema.Entra).(*Compare)
	if on.Value != false {
		t.Errorf(`Q3 active eq "False" in the dialect entra: literal %v, want false`, on.Value)
	}
	if key := mustBind(t, `userName eq "ANN"`, userType, schema.RFC).(*Compare).Key; key != "ann" {
		t.Errorf("Key = %q, want ann", key)
	}
}

func TestBindRefuses(t *testing.T) {
	for phrase, tt := range map[string]struct {
		in     string
		rt     *schema.ResourceType
		d      schema.Dialect
		detail string
	}{
		"2 gt on a boolean":          {`active gt true`, userType, schema.RFC, "gt is not defined for boolean attribute 'active'"},
		"2 le on binary":             {`seal le "AA=="`, thingType, schema.RFC, "le is not defined for binary attribute 'seal'"},
		"co on a boolean":            {`active co "t"`, userType, schema.RFC, "co is not defined for boolean attribute 'active'"},
		"sw on a dateTime":           {`meta.created sw "2026"`, userType, schema.RFC, "sw is not defined for dateTime attribute 'meta.created'"},
		"ew on an integer":           {`size ew 5`, thingType, schema.RFC, "ew is not defined for integer attribute 'size'"},
		"a string for a boolean":     {`active eq "true"`, userType, schema.RFC, `"true" is not a value for boolean attribute 'active'`},
		"a number for a string":      {`userName eq 5`, userType, schema.RFC, `5 is not a value for string attribute 'userName'`},
		"a fraction for an integer":  {`size gt 1.5`, thingType, schema.RFC, `1.5 is not a value for integer attribute 'size'`},
		"no dateTime":                {`meta.created gt "soon"`, userType, schema.RFC, `"soon" is not a value for dateTime attribute 'meta.created'`},
		"gt null":                    {`title gt null`, userType, schema.RFC, "gt is not defined for null; use eq, ne or pr."},
		"68 password":                {`password pr`, userType, schema.RFC, "The attribute 'password' is never returned and cannot stand in a filter."},
		"68 password in any dialect": {`PassWord eq "x"`, userType, schema.Entra, "The attribute 'password' is never returned and cannot stand in a filter."},
		"68 password by URN":         {schema.UserURN + `:password sw "x"`, userType, schema.RFC, "The attribute 'password' is never returned and cannot stand in a filter."},
		"a secret sub-attribute":     {`parts[pin eq "1"]`, thingType, schema.RFC, "The attribute 'parts.pin' is never returned and cannot stand in a filter."},
		"02 unknown, strict":         {`nosuch eq "a"`, userType, schema.Strict, "The attribute 'nosuch' is not defined for User."},
		"unknown inside, strict":     {`emails[nosuch eq "a"]`, userType, schema.Strict, "The attribute 'emails' has no sub-attribute 'nosuch'."},
		"a complex without value":    {`name eq "x"`, userType, schema.RFC, "The attribute 'name' is complex; compare one of its sub-attributes."},
		"brackets on a string":       {`title[a pr]`, userType, schema.RFC, "The attribute 'title' has no sub-attributes to filter by."},
		"eq on a schema":             {schema.EnterpriseURN + ` eq "x"`, userType, schema.RFC, "'" + schema.EnterpriseURN + "' names a schema; only pr is defined for it."},
	} {
		t.Run(phrase, func(t *testing.T) {
			e, err := Parse(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Bind(e, tt.rt, tt.d)
			fault, ok := errors.AsType[*schema.Error](err)
			if !ok || fault.Fault != schema.InvalidFilter || fault.Detail != tt.detail {
				t.Errorf("Bind(%s): %v, want invalidFilter: %s", tt.in, err, tt.detail)
			}
		})
	}
}

func TestBindLeavesTheParsedTree(t *testing.T) {
	const in = `emails eq "A" and not (name[familyName pr]) or title eq null`
	e, _ := Parse(in)
	if _, err := Bind(e, userType, schema.RFC); err != nil {
		t.Fatal(err)
	}
	again, _ := Parse(in)
	if d := cmp.Diff(again, e); d != "" {
		t.Errorf("Bind changed its argument: %s", d)
	}
}

func TestBindTreesMadeByHand(t *testing.T) {
	nested := &Has{Attr: AttrPath{Name: "nosuch"}, Filter: &Has{Attr: AttrPath{Name: "b"}, Filter: cmpOp("c", Pr, nil)}}
	for phrase, e := range map[string]Expr{"nothing": nil, "half": &And{X: cmpOp("a", Pr, nil)}, "nested brackets": nested} {
		if _, err := Bind(e, userType, schema.RFC); err == nil {
			t.Errorf("Bind of %s: no error", phrase)
		}
	}
}

func TestRows(t *testing.T) {
	for in, want := range map[string][]string{
		`displayName eq "x"`:                              nil,
		`members eq "x" or not (members[type eq "User"])`: {"members"},
		`nosuch.members pr`:                               nil,
	} {
		if got := Rows(mustBind(t, in, groupType, schema.RFC)); !slices.Equal(got, want) {
			t.Errorf("Rows(%s) = %q, want %q", in, got, want)
		}
	}
	if got := Rows(mustBind(t, `groups.display sw "x"`, userType, schema.RFC)); !slices.Equal(got, []string{"groups"}) {
		t.Errorf("Rows = %q, want groups", got)
	}
}

func TestBindPath(t *testing.T) {
	for in, want := range map[string]string{
		`USERNAME`:                              "userName",
		`name.familyname`:                       "name.familyName",
		`emails[type eq "work"].Value`:          "emails.value",
		schema.EnterpriseURN + `:Manager.Value`: schema.EnterpriseURN + ":manager.value",
		schema.UserURN + `:title`:               "title",
		`password`:                              "password",
	} {
		p, err := ParsePath(in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := BindPath(p, userType, schema.Strict)
		if err != nil {
			t.Errorf("BindPath(%s): %v", in, err)
			continue
		}
		if got := b.Ref.Path(); got != want || (b.Filter != nil) != strings.Contains(in, "[") {
			t.Errorf("BindPath(%s) = %s, filter %v; want %s", in, got, b.Filter, want)
		}
	}
}

func TestBindPathToASchema(t *testing.T) {
	for _, in := range []string{schema.EnterpriseURN, strings.ToUpper(schema.EnterpriseURN)} {
		p, err := ParsePath(in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := BindPath(p, userType, schema.RFC)
		if err != nil || b.Container == nil || b.Container.ID != schema.EnterpriseURN || b.Ref.Attr != nil {
			t.Errorf("BindPath(%s) = %+v, %v", in, b, err)
		}
	}
}

func TestBindPathRefuses(t *testing.T) {
	for in, want := range map[string]schema.Fault{
		`nosuch`:                     schema.InvalidPath,
		`name.nosuch`:                schema.InvalidPath,
		`emails[type eq "x"].nosuch`: schema.InvalidPath,
		`urn:nosuch:User:a`:          schema.InvalidPath,
		`title[value eq "x"]`:        schema.InvalidPath,
		`name[familyName eq "x"]`:    schema.InvalidPath,
		`emails[nosuch eq "x"]`:      schema.InvalidFilter,
		`emails[primary gt true]`:    schema.InvalidFilter,
	} {
		p, err := ParsePath(in)
		if err != nil {
			t.Fatal(err)
		}
		_, err = BindPath(p, userType, schema.Strict)
		if fault, ok := errors.AsType[*schema.Error](err); !ok || fault.Fault != want {
			t.Errorf("BindPath(%s): %v, want %s", in, err, want)
		}
	}
	p, _ := ParsePath("nosuch")
	if b, err := BindPath(p, userType, schema.RFC); err != nil || b.Ref.Attr != nil || b.Container != nil {
		t.Errorf("BindPath(nosuch) where unknown names are ignored = %+v, %v", b, err)
	}
	p, _ = ParsePath(`emails[nosuch eq "x"]`)
	if _, err := BindPath(p, userType, schema.Entra); err == nil {
		t.Error("an unknown name in the filter of a path chooses silently")
	}
}

func TestExamplesOfTheStandard(t *testing.T) {
	for _, in := range []string{
		`userName eq "bjensen"`,
		`name.familyName co "O'Malley"`,
		`userName sw "J"`,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`,
		`title pr`,
		`meta.lastModified gt "2011-05-13T04:42:34Z"`,
		`meta.lastModified le "2011-05-13T04:42:34Z"`,
		`title pr and userType eq "Employee"`,
		`title pr or userType eq "Intern"`,
		`schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`,
		`userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`,
		`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`,
		`userType eq "Employee" and (emails.type eq "work")`,
		`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`,
		`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`,
	} {
		mustBind(t, in, userType, schema.Strict)
	}
}
