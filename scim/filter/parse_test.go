package filter

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/scim/schema"
)

func cmpOp(attr string, op Op, v any) *Compare {
	a, ok := splitAttr(attr)
	if !ok {
		panic(attr)
	}
	return &Compare{Attr: a, Op: op, Value: v}
}

func TestParse(t *testing.T) {
	a, b, c := cmpOp("a", Pr, nil), cmpOp("b", Pr, nil), cmpOp("c", Pr, nil)
	enterprise := "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	for phrase, tt := range map[string]struct {
		in   string
		want Expr
	}{
		"a comparison":                          {`userName eq "ann"`, cmpOp("userName", Eq, "ann")},
		"1 operators in any case":               {`USERNAME Eq "ann"`, cmpOp("USERNAME", Eq, "ann")},
		"4 and binds tighter than or":           {`a pr or b pr and c pr`, &Or{a, &And{b, c}}},
		"4 and binds tighter than or, reversed": {`a pr and b pr or c pr`, &Or{&And{a, b}, c}},
		"4 chains group to the left":            {`a pr and b pr and c pr`, &And{&And{a, b}, c}},
		"4 not binds tighter than and":          {`not (a pr) and b pr`, &And{&Not{a}, b}},
		"4 parentheses group":                   {`(a pr or b pr) and c pr`, &And{&Or{a, b}, c}},
		"7319 not without a space":              {`not(a pr)`, &Not{a}},
		"keywords in any case":                  {`NOT (a PR) AND b pr OR c pr`, &Or{&And{&Not{a}, b}, c}},
		"words of the language as names":        {`not pr and or pr`, &And{cmpOp("not", Pr, nil), cmpOp("or", Pr, nil)}},
		"5 brackets": {`emails[type eq "work" and value co "@x"]`, &Has{Attr: AttrPath{Name: "emails"},
			Filter: &And{cmpOp("type", Eq, "work"), cmpOp("value", Co, "@x")}}},
		"a sub-attribute behind brackets": {`emails[type eq "work"].value eq "a"`, &Has{Attr: AttrPath{Name: "emails"},
			Filter: &And{cmpOp("type", Eq, "work"), cmpOp("value", Eq, "a")}}},
		"brackets and colons and quotes in a string": {`a[b eq "]:\"(["]`, &Has{Attr: AttrPath{Name: "a"},
			Filter: cmpOp("b", Eq, `]:"([`)}},
		"11 a URN with a dotted version": {enterprise + `:department eq "R&D"`,
			&Compare{Attr: AttrPath{URI: enterprise, Name: "department"}, Op: Eq, Value: "R&D"}},
		"11 a URN with a sub-attribute": {enterprise + `:manager.value eq "x"`,
			&Compare{Attr: AttrPath{URI: enterprise, Name: "manager", Sub: "value"}, Op: Eq, Value: "x"}},
		"a URN that ends in a number":   {`urn:x:2.0 pr`, &Compare{Attr: AttrPath{URI: "urn:x:2.0"}, Op: Pr}},
		"8924 $ref":                     {`manager.$ref pr`, cmpOp("manager.$ref", Pr, nil)},
		"13 null":                       {`title eq null`, cmpOp("title", Eq, nil)},
		"13 true":                       {`active eq true`, cmpOp("active", Eq, true)},
		"13 false in any case":          {`active eq False`, cmpOp("active", Eq, false)},
		"13 an integer":                 {`n gt -12`, cmpOp("n", Gt, int64(-12))},
		"13 a decimal":                  {`n le 1.5e3`, cmpOp("n", Le, 1500.0)},
		"an integer too large for one":  {`n le 99999999999999999999`, cmpOp("n", Le, 1e20)},
		"an escaped string":             {`a eq "\u00e9\n\\"`, cmpOp("a", Eq, "é\n\\")},
		"a string right after the word": {`members[value eq"x"]`, &Has{Attr: AttrPath{Name: "members"}, Filter: cmpOp("value", Eq, "x")}},
		"white space everywhere":        {" ( \ta  pr ) ", a},
	} {
		t.Run(phrase, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err != nil {
				t.Fatalf("Parse(%q): %v", tt.in, err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("Parse(%q): -want +got\n%s", tt.in, d)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for phrase, tt := range map[string]struct{ in, detail string }{
		"02 an open string":       {`userName eq "a`, "The filter is not valid at offset 12: the string does not end."},
		"02 an unknown operator":  {`userName regex "x"`, "The operator 'regex' is not supported."},
		"nothing":                 {``, "The filter is not valid at offset 0: it ends where the name of an attribute should stand."},
		"no operator":             {`userName`, "The filter is not valid at offset 8: it ends where an operator should stand."},
		"no value":                {`userName eq`, "The filter is not valid at offset 11: it ends where a value in JSON should stand."},
		"a bare word for a value": {`userName eq ann`, "The filter is not valid at offset 12: 'ann' stands where a value in JSON should."},
		"a single quote":          {`userName eq 'ann'`, `The filter is not valid at offset 12: the character '\'' has no meaning here.`},
		"two comparisons side by side": {`a pr b pr`,
			"The filter is not valid at offset 5: 'b' stands where 'and', 'or' or the end should."},
		"an open parenthesis":      {`(a pr`, "The filter is not valid at offset 5: it ends where ')' should stand."},
		"a stray parenthesis":      {`a pr)`, "The filter is not valid at offset 4: ')' stands where 'and', 'or' or the end should."},
		"an open bracket":          {`a[b pr`, "The filter is not valid at offset 6: it ends where ']' should stand."},
		"nested brackets":          {`a[b[c pr]]`, "The filter is not valid at offset 3: brackets do not nest."},
		"brackets behind a sub":    {`a.b[c pr]`, "The filter is not valid at offset 3: a sub-attribute has no elements to choose from."},
		"a name with two dots":     {`a.b.c pr`, "The filter is not valid at offset 0: 'a.b.c' is not the name of an attribute."},
		"a name that ends in dot":  {`a. pr`, "The filter is not valid at offset 0: 'a.' is not the name of an attribute."},
		"a number out of JSON":     {`a eq 01`, "The filter is not valid at offset 5: the number is not valid JSON."},
		"a number with letters":    {`a eq 1x`, "The filter is not valid at offset 5: the number is not valid JSON."},
		"a number beyond float":    {`a eq 1e999`, "The filter is not valid at offset 5: the number is too large."},
		"a bad escape":             {`a eq "\x"`, "The filter is not valid at offset 5: the string is not valid JSON."},
		"a line break in a string": {"a eq \"x\ny\"", "The filter is not valid at offset 7: a control character stands in a string."},
		"text that is not UTF-8":   {"a eq \"\xff\"", "The filter is not valid at offset 6: the text is not UTF-8."},
		"51 levels":                {strings.Repeat("(", 51) + "a pr" + strings.Repeat(")", 51), "The filter is not valid at offset 50: more than 50 levels of nesting."},
		"a hundred thousand":       {strings.Repeat("(", 60_000), "The filter is not valid at offset 50: more than 50 levels of nesting."},
		"64 KiB and a byte":        {strings.Repeat(" ", MaxLength+1), "The filter has 65537 bytes; at most 65536 are read."},
		"51 levels once printed":   {strings.Repeat("(", 49) + `a[b pr or c pr].d pr` + strings.Repeat(")", 49), "The filter is not valid at offset 67: more than 50 levels of nesting."},
		"501 comparisons":          {"a pr" + strings.Repeat(" or a pr", 500), "The filter is not valid at offset 4002: more than 500 comparisons."},
	} {
		t.Run(phrase, func(t *testing.T) {
			e, err := Parse(tt.in)
			fault, ok := errors.AsType[*schema.Error](err)
			if !ok {
				t.Fatalf("Parse(%.50q) = %v, %v, want an error of schema", tt.in, e, err)
			}
			if fault.Fault != schema.InvalidFilter || fault.Detail != tt.detail {
				t.Errorf("Parse(%.50q): %s %q, want invalidFilter %q", tt.in, fault.Fault, fault.Detail, tt.detail)
			}
		})
	}
}

func TestParseAtTheLimits(t *testing.T) {
	for phrase, in := range map[string]string{
		"50 levels":        strings.Repeat("(", 50) + "a pr" + strings.Repeat(")", 50),
		"50 levels of nor": strings.Repeat("not (", 49) + "a[b pr]" + strings.Repeat(")", 49),
		"500 comparisons":  "a pr" + strings.Repeat(" or a pr", 499),
		"64 KiB":           `a eq "` + strings.Repeat("x", MaxLength-7) + `"`,
	} {
		if _, err := Parse(in); err != nil {
			t.Errorf("%s: %v", phrase, err)
		}
	}
}

func TestParsePath(t *testing.T) {
	work := cmpOp("type", Eq, "work")
	for in, want := range map[string]Path{
		`members`:                               {Attr: AttrPath{Name: "members"}},
		`name.familyName`:                       {Attr: AttrPath{Name: "name", Sub: "familyName"}},
		`addresses[type eq "work"]`:             {Attr: AttrPath{Name: "addresses"}, Filter: work},
		`emails[type eq "work"].value`:          {Attr: AttrPath{Name: "emails"}, Filter: work, Sub: "value"},
		`urn:a:2.0:User`:                        {Attr: AttrPath{URI: "urn:a:2.0", Name: "User"}},
		`urn:a:2.0:User:manager.value`:          {Attr: AttrPath{URI: "urn:a:2.0:User", Name: "manager", Sub: "value"}},
		`urn:a:2.0:User:x[type eq "work"].$ref`: {Attr: AttrPath{URI: "urn:a:2.0:User", Name: "x"}, Filter: work, Sub: "$ref"},
		`members[value eq "a]:b"]`:              {Attr: AttrPath{Name: "members"}, Filter: cmpOp("value", Eq, "a]:b")},
	} {
		got, err := ParsePath(in)
		if err != nil {
			t.Errorf("ParsePath(%q): %v", in, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("ParsePath(%q): -want +got\n%s", in, d)
		}
		if got.String() != in {
			t.Errorf("ParsePath(%q) prints %q", in, got)
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	for in, detail := range map[string]string{
		``:                    "The path is not valid at offset 0: it ends where the name of an attribute should stand.",
		`emails[type eq "w"`:  "The path is not valid at offset 18: it ends where ']' should stand.",
		`emails[0]`:           "The path is not valid at offset 7: '0' stands where the name of an attribute should.",
		`emails[a pr].`:       "The path is not valid at offset 13: it ends where the name of a sub-attribute should stand.",
		`emails[a pr].b.c`:    "The path is not valid at offset 13: 'b.c' stands where the name of a sub-attribute should.",
		`emails[a pr] x`:      "The path is not valid at offset 13: 'x' stands where the end should.",
		`a b`:                 "The path is not valid at offset 2: 'b' stands where the end should.",
		`/emails`:             "The path is not valid at offset 0: the character '/' has no meaning here.",
		`emails[x regex "y"]`: "The operator 'regex' is not supported.",
	} {
		_, err := ParsePath(in)
		fault, ok := errors.AsType[*schema.Error](err)
		if !ok || fault.Fault != schema.InvalidPath || fault.Detail != detail {
			t.Errorf("ParsePath(%q): %v, want invalidPath: %s", in, err, detail)
		}
	}
}

func TestStringKeepsTheTree(t *testing.T) {
	a, b, c := cmpOp("a", Pr, nil), cmpOp("b", Eq, 1.0), cmpOp("c", Eq, "x\"\n\u2028</")
	for _, e := range []Expr{
		&And{a, &And{b, c}}, &And{&And{a, b}, c}, &Or{a, &Or{b, c}}, &Or{&Or{a, b}, c},
		&And{&Or{a, b}, c}, &And{a, &Or{b, c}}, &Or{&And{a, b}, &And{b, c}}, &Not{&Or{a, b}}, &And{&Not{a}, &Not{&Not{b}}},
		&Has{Attr: AttrPath{URI: "urn:x:1.0:T", Name: "m"}, Filter: &Or{a, b}}, cmpOp("n", Lt, 1e300), cmpOp("n", Lt, int64(-5)),
	} {
		got, err := Parse(e.String())
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s parses to %v, %v", e, got, err)
		}
	}
}

func TestStringOfATime(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 1000, time.FixedZone("", 3600))
	if got, want := cmpOp("meta.created", Gt, at).String(), `meta.created gt "2026-05-01T11:00:00.000001Z"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
