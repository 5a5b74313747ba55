package app_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/app"
)

func TestClientIDOfCredentials(t *testing.T) {
	basic := func(text string) []string {
		return []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(text))}
	}
	form := func(pairs ...string) url.Values {
		out := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			out.Add(pairs[i], pairs[i+1])
		}
		return out
	}
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"robot","sub":"robot"}`))
	for phrase, c := range map[string]struct {
		authorization []string
		form          url.Values
		want          string
	}{
		"nothing":              {nil, form(), ""},
		"in the form":          {nil, form("client_id", "shop"), "shop"},
		"Basic":                {basic("shop:secret"), form(), "shop"},
		"Basic, encoded":       {basic("a%7Eb:x"), form(), "a~b"},
		"both the same":        {basic("shop:x"), form("client_id", "shop"), "shop"},
		"both, and they argue": {basic("shop:x"), form("client_id", "bank"), ""},
		"twice":                {nil, form("client_id", "shop", "client_id", "bank"), ""},
		"two headers":          {append(basic("shop:x"), basic("bank:x")...), form(), ""},
		"a NUL":                {nil, form("client_id", "a\x00b"), ""},
		"too long":             {nil, form("client_id", strings.Repeat("a", 129)), ""},
		"an assertion": {nil, form("client_assertion", "e30."+payload+".c2ln",
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), "robot"},
	} {
		t.Run(phrase, func(t *testing.T) {
			got := app.Credentials{Authorization: c.authorization, Form: c.form}.ClientID()
			if got != c.want {
				t.Errorf("ClientID = %q, want %q", got, c.want)
			}
		})
	}
}
