package cloudapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
)

var testFields = fields{
	"id": {path: "id", id: true}, "username": {path: "userName"}, "email": {path: "emails.value"}, "enabled": {path: "active", flag: true},
	"owner.name": {path: "displayName"}, "_context": {same: "urn:vcloud:org:1"}, "providerType": {same: "LOCAL"},
	"password": {unsearchable: true}, "size": {},
}

func TestFilterToSCIM(t *testing.T) {
	for phrase, c := range map[string]struct{ in, want string }{
		"nothing":              {"", ""},
		"equal":                {"username==bob", `userName eq "bob"`},
		"not equal":            {"username!=bob", `not (userName eq "bob")`},
		"and, or":              {"username==a;email==b,enabled==true", `((userName eq "a") and (emails.value eq "b")) or (active eq true)`},
		"parentheses":          {"(username==a;(email==b,email==c))", `(userName eq "a") and ((emails.value eq "b") or (emails.value eq "c"))`},
		"order":                {"username=gt=a;username=le=z", `(userName gt "a") and (userName le "z")`},
		"contains":             {"username==*bob*", `userName co "bob"`},
		"begins":               {"username==bob*", `userName sw "bob"`},
		"ends":                 {"username==*bob", `userName ew "bob"`},
		"anything":             {"username==*", "userName pr"},
		"nothing at all":       {"username!=*", "not (userName pr)"},
		"dotted":               {"owner.name==Ann Arden", `displayName eq "Ann Arden"`},
		"a URN":                {"id==urn:vcloud:user:0190a1b2-0000-7000-8000-000000000001", `id eq "0190a1b2-0000-7000-8000-000000000001"`},
		"the context":          {"_context==urn:vcloud:org:1", everyone},
		"another context":      {"_context==urn:vcloud:org:2", nobody},
		"a constant":           {"providerType!=LDAP", everyone},
		"a quote":              {`username==a" or userName pr or "`, `userName eq "a\" or userName pr or \""`},
		"escaped twice":        {"username==My%20Org", `userName eq "My Org"`},
		"a plus stays":         {"email==a+b@c", `emails.value eq "a+b@c"`},
		"a semicolon, escaped": {"username==a%3Bb", `userName eq "a;b"`},
		"in quotes":            {"username=='a;b'", `userName eq "a;b"`},
		"brackets in a value":  {"(username==Foo (bar))", `userName eq "Foo (bar)"`},
		"a name like a word":   {"username==true", `userName eq "true"`},
	} {
		f, err := parseFilter(c.in)
		if err != nil {
			t.Errorf("%s: %v", phrase, err)
			continue
		}
		if got, err := testFields.toSCIM(f); err != nil || got != c.want {
			t.Errorf("%s: toSCIM(%s) = %s, %v, want %s", phrase, c.in, got, err, c.want)
		}
	}
}

func TestFilterRefused(t *testing.T) {
	for phrase, in := range map[string]string{
		"no operator": "username", "no name": "==bob", "no value": "username==", "half": "username==a;", "an empty value": "username==''", "open": "(username==a",
		"closed": "username==a)", "another operator": "username=like=a", "unknown": "nobody==1", "a password": "password==a*",
		"no flag": "enabled==perhaps", "an order of flags": "enabled=gt=true", "an order with wildcards": "username=gt=a*",
		"a wildcard inside": "username==a*b", "NUL": "username==a\x00", "no UTF-8": "username==\xff",
		"too long": "username==" + strings.Repeat("a", maxFilter), "too deep": strings.Repeat("(", maxFilterDepth+1) + "username==a" + strings.Repeat(")", maxFilterDepth+1),
		"too many": strings.TrimSuffix(strings.Repeat("size==1,", maxFilterTerms+1), ","), "an order of ids": "id=gt=1",
	} {
		f, err := parseFilter(in)
		if err == nil {
			_, err = testFields.toSCIM(f)
		}
		if identity.KindOf(err) != identity.Invalid {
			t.Errorf("%s: %v", phrase, err)
		}
	}
}

func TestFilterAtItsLimits(t *testing.T) {
	for phrase, in := range map[string]string{
		"as long":  "username==" + strings.Repeat("a", maxFilter-len("username==")),
		"as deep":  strings.Repeat("(", maxFilterDepth) + "username==a" + strings.Repeat(")", maxFilterDepth),
		"as many":  strings.TrimSuffix(strings.Repeat("size==1,", maxFilterTerms), ","),
		"in a row": strings.TrimSuffix(strings.Repeat("(size==1),", maxFilterDepth+1), ","),
	} {
		if _, err := parseFilter(in); err != nil {
			t.Errorf("%s: %v", phrase, err)
		}
	}
}

func TestFilterMeets(t *testing.T) {
	v := viewOf(map[string]any{"username": "Ann", "size": 12, "owner": reference{"Bob", "urn:vcloud:user:2"}, "enabled": true, "id": "urn:vcloud:org:7"})
	for in, want := range map[string]bool{
		"username==ann": true, "username==an": false, "username==a*": true, "username==*N": true, "username!=*n*": false,
		"size=gt=9": true, "size=lt=9": false, "size=ge=12;size=le=12": true, "owner.name==bob": true, "enabled==true": true,
		"username==x,size==12": true, "username==x;size==12": false, "_context==1": true, "providerType==LOCAL": true, "": true,
	} {
		f, err := parseFilter(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := v.meets(testFields, f); err != nil || got != want {
			t.Errorf("meets(%s) = %v, %v", in, got, err)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"a==b", "(a==1;(b==2,c==3))", "a!='x;y'", "a=gt=*b*", "((a==%20))", "0!=''", "a.b==(c)", ")(", "a==b%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		one, err := parseFilter(s)
		if err != nil {
			if identity.KindOf(err) != identity.Invalid {
				t.Fatalf("parseFilter(%q): %v", s, err)
			}
			return
		}
		text := one.String()
		if len(text) > maxFilter {
			return
		}
		two, err := parseFilter(text)
		if err != nil {
			t.Fatalf("parseFilter(%q), printed of %q: %v", text, s, err)
		}
		if diff := cmp.Diff(one, two, cmp.AllowUnexported(filter{})); diff != "" {
			t.Fatalf("%q, printed of %q (-want +got):\n%s", text, s, diff)
		}
		_, _ = testFields.toSCIM(one)
	})
}

// FuzzSCIM: whatever a value is, it stays within its quotes.
func FuzzSCIM(f *testing.F) {
	f.Add(`a" or id pr or "`)
	f.Add(`\`)
	f.Fuzz(func(t *testing.T, value string) {
		one, err := parseFilter("username==" + escapeValue(value))
		if err != nil || one.op != "" {
			return
		}
		text, err := testFields.toSCIM(one)
		if err != nil {
			return
		}
		_, rest, ok := strings.Cut(text, `"`)
		if !ok {
			return // a wildcard alone
		}
		for i := 0; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				if i != len(rest)-1 {
					t.Fatalf("the value %q ends early: %s", value, text)
				}
			}
		}
	})
}
