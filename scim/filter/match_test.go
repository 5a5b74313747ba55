package filter

import (
	"testing"

	"github.com/muster-id/muster/scim/schema"
)

type object = schema.Object

// ann has two e-mail addresses, a department and a dateTime with an offset.
func ann() object {
	return object{
		"schemas":    []any{schema.UserURN, schema.EnterpriseURN},
		"id":         "0190a1b2",
		"externalId": "Ext-A",
		"userName":   "Ann@Example.org",
		"active":     true,
		"name":       object{"familyName": "Straße"},
		"emails": []any{
			object{"type": "work", "value": "a@x.io"},
			object{"type": "home", "value": "b@y.io", "primary": true},
		},
		"groups":             []any{object{"value": "g1", "display": "Admins"}},
		schema.EnterpriseURN: object{"department": "R&D", "manager": object{"value": "M1"}},
		"meta": object{
			"resourceType": "User", "created": "2026-05-01T12:00:00.000Z",
			"lastModified": "2026-05-01T12:00:00.500Z", "version": `W/"7"`,
			"location": "https://h/scim/v2/Users/0190a1b2",
		},
	}
}

func TestMatch(t *testing.T) {
	for phrase, tt := range map[string]struct {
		in   string
		want bool
	}{
		"01 one element holds both":                  {`emails[type eq "home" and value co "@y.io"]`, true},
		"01 no element holds both":                   {`emails[type eq "work" and value co "@y.io"]`, false},
		"01 any value each":                          {`emails.type eq "work" and emails.value co "@y.io"`, true},
		"01 not over an absent value":                {`not (name.givenName eq "Nope")`, true},
		"01 brackets with a sub-attribute behind":    {`emails[type eq "work"].value eq "a@x.io"`, true},
		"1 names and operators in any case":          {`USERNAME EQ "ann@example.org"`, true},
		"6 ne of any value":                          {`emails.type ne "work"`, true},
		"6 not eq is no value":                       {`not (emails.type eq "work")`, false},
		"ne of an absent value":                      {`title ne "x"`, true},
		"ne inside brackets, absent":                 {`emails[primary ne true]`, true},
		"eq of an absent value":                      {`title eq "x"`, false},
		"lt of an absent value":                      {`title lt "x"`, false},
		"7 pr of an absent value":                    {`title pr`, false},
		"7 pr of a complex value":                    {`name pr`, true},
		"7 pr of a multi-valued one":                 {`emails pr`, true},
		"7 pr of a sub-attribute that one has":       {`emails.primary pr`, true},
		"7 pr of a sub-attribute that none has":      {`emails.display pr`, false},
		"8 caseExact false":                          {`name.familyName eq "STRASSE"`, true},
		"8 co compares folded":                       {`name.familyName co "ASS"`, true},
		"8 sw compares folded":                       {`userName sw "ANN@"`, true},
		"8 ew compares folded":                       {`userName ew ".ORG"`, true},
		"8 externalId is exact":                      {`externalId eq "ext-a"`, false},
		"8 id is exact":                              {`id eq "0190A1B2"`, false},
		"8 meta.version is exact":                    {`meta.version eq "w/\"7\""`, false},
		"meta.version":                               {`meta.version eq "W/\"7\""`, true},
		"meta.resourceType":                          {`meta.resourceType eq "User"`, true},
		"9 an unknown attribute has no value":        {`nosuch eq "a"`, false},
		"9 an unknown attribute is not present":      {`nosuch pr or nosuch[a pr] or emails[nosuch pr]`, false},
		"9 ne of an unknown attribute":               {`nosuch ne "a"`, true},
		"9 not over an unknown attribute":            {`not (nosuch eq "a")`, true},
		"10 schemas":                                 {`schemas eq "URN:ietf:params:scim:schemas:extension:enterprise:2.0:user"`, true},
		"10 another schema":                          {`schemas eq "urn:nosuch"`, false},
		"11 an extension by its URN":                 {schema.EnterpriseURN + ` pr`, true},
		"11 an attribute of an extension":            {schema.EnterpriseURN + `:department eq "r&d"`, true},
		"11 a sub-attribute of an extension":         {schema.EnterpriseURN + `:manager.value eq "M1"`, true},
		"8472 manager.value is exact":                {schema.EnterpriseURN + `:manager.value eq "m1"`, false},
		"12 the same instant elsewhere":              {`meta.created eq "2026-05-01T14:00:00+02:00"`, true},
		"12 later as text, earlier in time":          {`meta.created gt "2026-05-01T13:00:00+02:00"`, true},
		"12 seven digits":                            {`meta.lastModified ge "2026-05-01T12:00:00.5000000Z"`, true},
		"Q24 the year one":                           {`(ActiVe eq true) and meta.lastmodified ge "0001-01-03T00:00:00.0000000Z"`, true},
		"Q25 odd case":                               {`name.FamilyName pr and emails.Value pr and meta.Created pr`, true},
		"13 eq null of an absent value":              {`title eq null`, true},
		"13 eq null of a value":                      {`emails eq null`, false},
		"13 ne null":                                 {`emails ne null`, true},
		"booleans":                                   {`active eq false`, false},
		"a bare multi-valued complex attribute":      {`emails eq "A@X.io"`, true},
		"Q19 rows by bare name":                      {`id eq "0190a1b2" and groups eq "g1"`, true},
		"rows by brackets":                           {`groups[value eq "g1" and display sw "Adm"]`, true},
		"4 precedence":                               {`active eq false and userName pr or id pr`, true},
		"4 grouping":                                 {`active eq false and (userName pr or id pr)`, false},
		"brackets on a single complex value":         {`name[familyName pr and not (givenName pr)]`, true},
		"brackets on a complex value that is absent": {`urn:ietf:params:scim:schemas:core:2.0:User:addresses[not (type eq "x")]`, false},
		"strings in order":                           {`userName gt "ANN" and userName lt "annb" and userName ge "ANN@example.org" and userName le "ann@example.org"`, true},
	} {
		t.Run(phrase, func(t *testing.T) {
			if got := Match(mustBind(t, tt.in, userType, schema.RFC), ann()); got != tt.want {
				t.Errorf("Match(%s) = %t, want %t", tt.in, got, tt.want)
			}
		})
	}
}

func TestMatchEveryType(t *testing.T) {
	o := object{
		"label": "b", "code": "Ab", "size": int64(7), "weight": 2.5, "made": "2026-01-01T00:00:00.000Z", "seal": "AAE=", "on": false,
		"tags":  []any{"x", "Y"},
		"parts": []any{object{"value": "p", "count": int64(2), "marks": []any{"m", "n"}}, object{"value": "q"}},
	}
	for in, want := range map[string]bool{
		`size gt 6 and size ge 7 and size le 7 and size lt 8 and size ne 8`: true,
		`size eq 8`:                              false,
		`weight gt 2 and weight lt 2.6`:          true,
		`code eq "AB"`:                           false,
		`code lt "a"`:                            true, // by bytes
		`seal eq "AAE="`:                         true,
		`seal eq "aae="`:                         false,
		`on eq false and on pr`:                  true,
		`on ne false`:                            false,
		`tags eq "y"`:                            true,
		`tags ne "x"`:                            true,
		`tags co "z"`:                            false,
		`parts[marks eq "n" and count lt 3]`:     true,
		`parts[value eq "q" and not (count pr)]`: true,
		`parts.marks eq "m"`:                     true,
		`parts.count gt 5`:                       false,
		`made lt "2026-01-01T00:00:00.0001Z"`:    true,
	} {
		if got := Match(mustBind(t, in, thingType, schema.Strict), o); got != want {
			t.Errorf("Match(%s) = %t, want %t", in, got, want)
		}
	}
}

func TestPresent(t *testing.T) {
	for phrase, tt := range map[string]struct {
		v    any
		want bool
	}{
		"nothing": {nil, false}, "an empty string": {"", false}, "an empty array": {[]any{}, false},
		"an array of nothing": {[]any{object{"value": ""}}, false}, "a complex value of nothing": {object{"a": nil}, false},
		"false": {false, true}, "zero": {int64(0), true}, "one empty element of two": {[]any{object{}, object{"a": "x"}}, true},
	} {
		if got := present(tt.v); got != tt.want {
			t.Errorf("7 pr of %s = %t, want %t", phrase, got, tt.want)
		}
	}
}

func TestMatchElement(t *testing.T) {
	has := mustBind(t, `members[type eq "User" and value eq "u1"]`, groupType, schema.RFC).(*Has)
	if !MatchElement(has.Filter, object{"value": "u1", "type": "User"}) {
		t.Error("the member does not match")
	}
	if MatchElement(has.Filter, object{"value": "u1", "type": "Group"}) {
		t.Error("a group matches type eq User")
	}
}

// Values of the wrong type, which no canonical object holds, match nothing and
// crash nothing.
func TestMatchOfWrongTypes(t *testing.T) {
	o := object{"size": "7", "made": int64(1), "on": "x", "parts": "p", "label": int64(4), "meta": "m"}
	for _, in := range []string{`size eq 7`, `made gt "2026-01-01T00:00:00Z"`, `on eq true`, `parts eq "p"`, `parts[value pr]`, `label co "4"`, `meta.version pr`} {
		if Match(mustBind(t, in, thingType, schema.RFC), o) {
			t.Errorf("Match(%s) is true", in)
		}
	}
}
