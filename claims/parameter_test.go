package claims

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
)

func TestParameter(t *testing.T) {
	p, err := ParseParameter(`{
	  "userinfo": {"given_name": {"essential": true}, "nickname": null, "locale": {"values": ["de", "en"]}, "http://example.info/claims/groups": null},
	  "id_token": {"auth_time": {"essential": true}, "acr": {"essential": true, "values": ["urn:muster:acr:2", "urn:muster:acr:3"]}, "sub": {"value": "248289761001"}},
	  "unheard": {"x": 1}
	}`)
	if err != nil {
		t.Fatal(err)
	}
	want := Asked{"given_name": {Essential: true}, "nickname": nil, "locale": {Values: []any{"de", "en"}}, "http://example.info/claims/groups": nil}
	if d := cmp.Diff(want, p.UserInfo); d != "" {
		t.Error(d)
	}
	if got := p.Subject(); got != "248289761001" {
		t.Errorf("Subject = %q", got)
	}
	if values, essential := p.ACR(); !essential || !cmp.Equal(values, []string{"urn:muster:acr:2", "urn:muster:acr:3"}) {
		t.Errorf("ACR = %v, %v", values, essential)
	}
	if !p.AuthTime() {
		t.Error("AuthTime = false")
	}
	empty, err := ParseParameter("")
	if err != nil || empty.Subject() != "" || empty.AuthTime() {
		t.Errorf("the empty parameter = %+v, %v", empty, err)
	}
	if values, essential := empty.ACR(); len(values) > 0 || essential {
		t.Errorf("ACR of the empty parameter = %v, %v", values, essential)
	}
}

func TestParametersThatAreRefused(t *testing.T) {
	var many strings.Builder
	for i := range maxAsked + 1 {
		fmt.Fprintf(&many, `,"c%d":null`, i)
	}
	values, _ := json.Marshal(make([]int, maxValues+1))
	for name, text := range map[string]string{
		"no JSON":         `{"userinfo":`,
		"an array":        `[]`,
		"null":            `null`,
		"a text":          `"userinfo"`,
		"a claim as flag": `{"userinfo":{"name":true}}`,
		"two documents":   `{} {}`,
		"too long":        `{"userinfo":{` + strings.Repeat(" ", maxParameter) + `}}`,
		"too many claims": `{"userinfo":{` + many.String()[1:] + `}}`,
		"too many values": `{"userinfo":{"a":{"values":` + string(values) + `}}}`,
		"a long name":     `{"userinfo":{"` + strings.Repeat("a", maxName+1) + `":null}}`,
		"deep nesting":    `{"userinfo":{"a":{"value":` + strings.Repeat("[", 12_000),
	} {
		if p, err := ParseParameter(text); identity.KindOf(err) != identity.Invalid {
			t.Errorf("ParseParameter of %s = %v, %v, want Invalid", name, p, err)
		}
	}
}

func FuzzParseParameter(f *testing.F) {
	f.Add(`{"userinfo":{"name":{"value":1,"values":[{"a":[]}],"essential":true}},"id_token":{"sub":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseParameter(text)
		if err != nil {
			return
		}
		p.Subject()
		p.ACR()
		for _, ask := range p.UserInfo {
			if ask != nil {
				ask.accepts("x")
			}
		}
	})
}
