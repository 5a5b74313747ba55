package app

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

const (
	issuer        = public + "/o/acme"
	tokenEndpoint = public + "/o/acme/oauth2/token"
)

func basic(id, text string) []string {
	return []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(text)))}
}

// try authenticates at acme.
func (w *world) try(t *testing.T, c Credentials) (*Client, error) {
	t.Helper()
	c.Issuer, c.TokenEndpoint = issuer, tokenEndpoint
	return w.Authenticate(t.Context(), w.acme, c)
}

// wantCode fails the test unless err is an AuthError with a code, "" for no error.
func wantCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	got := ""
	if e, ok := errors.AsType[*AuthError](err); ok {
		got = e.Code
	} else if err != nil {
		got = "internal error: " + err.Error()
	}
	if got != want {
		t.Errorf("%s: %q (%v), want %q", what, got, err, want)
	}
}

func TestAuthenticateSecrets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		_, one := w.create(t, NewApp{ClientID: "basic", AppSettings: web()})
		post := web()
		post.AuthMethod = identity.AuthPost
		_, two := w.create(t, NewApp{ClientID: "post", AppSettings: post})
		native := web("http://127.0.0.1/cb")
		native.Type = identity.NativeApp
		_, none := w.create(t, NewApp{ClientID: "native", AppSettings: native})
		if none != "" {
			t.Error("a public app has a secret")
		}
		_, _, err := w.Create(t.Context(), cli, w.evil.ID, NewApp{ClientID: "foreign", AppSettings: web()})
		if err != nil {
			t.Fatal(err)
		}
		off, offText := w.create(t, NewApp{ClientID: "off", AppSettings: web()})
		if err := w.Disable(t.Context(), cli, w.acme.ID, off.ID, true); err != nil {
			t.Fatal(err)
		}
		form := func(pairs ...string) url.Values {
			v := url.Values{}
			for i := 0; i < len(pairs); i += 2 {
				v.Add(pairs[i], pairs[i+1])
			}
			return v
		}
		for phrase, c := range map[string]struct {
			in     Credentials
			client string
			code   string
		}{
			"basic":                         {Credentials{Authorization: basic("basic", one)}, "basic", ""},
			"basic, scheme in lower case":   {Credentials{Authorization: []string{"basic" + basic("basic", one)[0][5:]}}, "basic", ""},
			"basic with its client_id":      {Credentials{Authorization: basic("basic", one), Form: form("client_id", "basic")}, "basic", ""},
			"post":                          {Credentials{Form: form("client_id", "post", "client_secret", two)}, "post", ""},
			"public":                        {Credentials{Form: form("client_id", "native")}, "native", ""},
			"public with an empty secret":   {Credentials{Form: form("client_id", "native", "client_secret", "")}, "native", ""},
			"public beside a bearer token":  {Credentials{Authorization: []string{"Bearer x"}, Form: form("client_id", "native")}, "native", ""},
			"nothing":                       {Credentials{}, "", "invalid_client"},
			"a wrong secret":                {Credentials{Authorization: basic("basic", two)}, "", "invalid_client"},
			"an empty secret":               {Credentials{Authorization: basic("basic", "")}, "", "invalid_client"},
			"no secret":                     {Credentials{Form: form("client_id", "basic")}, "", "invalid_client"},
			"part of a secret":              {Credentials{Authorization: basic("basic", one[:40])}, "", "invalid_client"},
			"a public app with a secret":    {Credentials{Form: form("client_id", "native", "client_secret", one)}, "", "invalid_client"},
			"post instead of basic":         {Credentials{Form: form("client_id", "basic", "client_secret", one)}, "", "invalid_client"},
			"basic instead of post":         {Credentials{Authorization: basic("post", two)}, "", "invalid_client"},
			"an app that is not there":      {Credentials{Authorization: basic("nobody", one)}, "", "invalid_client"},
			"D48 another organisation's":    {Credentials{Form: form("client_id", "foreign")}, "", "invalid_client"},
			"B19 an app that is shut out":   {Credentials{Authorization: basic("off", offText)}, "", "invalid_client"},
			"an app by its id":              {Credentials{Authorization: basic(off.ID.String(), offText)}, "", "invalid_client"},
			"B15 another client_id beside":  {Credentials{Authorization: basic("basic", one), Form: form("client_id", "post")}, "", "invalid_request"},
			"two ways":                      {Credentials{Authorization: basic("basic", one), Form: form("client_secret", one)}, "", "invalid_request"},
			"two headers":                   {Credentials{Authorization: append(basic("basic", one), basic("post", two)...)}, "", "invalid_request"},
			"A4 client_id twice":            {Credentials{Form: form("client_id", "native", "client_id", "basic")}, "", "invalid_request"},
			"A4 client_secret twice":        {Credentials{Form: form("client_id", "post", "client_secret", two, "client_secret", two)}, "", "invalid_request"},
			"basic that is not base64":      {Credentials{Authorization: []string{"Basic !"}}, "", "invalid_client"},
			"basic without a colon":         {Credentials{Authorization: []string{"Basic YWJj"}}, "", "invalid_client"},
			"basic with a broken escape":    {Credentials{Authorization: []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("basic:%zz"))}}, "", "invalid_client"},
			"a very long secret":            {Credentials{Authorization: basic("basic", strings.Repeat("a", 5000))}, "", "invalid_client"},
			"a zero byte in the name":       {Credentials{Form: form("client_id", "native\x00")}, "", "invalid_client"},
			"a type without an assertion":   {Credentials{Form: form("client_id", "native", "client_assertion_type", assertionType)}, "", "invalid_request"},
			"an assertion of another type":  {Credentials{Form: form("client_assertion", "a.b.c", "client_assertion_type", "saml")}, "", "invalid_request"},
			"an assertion that is no token": {Credentials{Form: form("client_assertion", "a.b.c", "client_assertion_type", assertionType)}, "", "invalid_client"},
		} {
			t.Run(phrase, func(t *testing.T) {
				client, err := w.try(t, c.in)
				wantCode(t, phrase, err, c.code)
				if c.code == "" && client.App.ClientID != c.client {
					t.Errorf("authenticated as %q, want %q", client.App.ClientID, c.client)
				}
				e, _ := errors.AsType[*AuthError](err)
				if tried := len(c.in.Authorization) == 1 && !strings.HasPrefix(c.in.Authorization[0], "Bearer"); e != nil && e.Status == 401 && tried != (e.Challenge != "") {
					t.Errorf("the challenge is %q", e.Challenge)
				}
				if e != nil && (strings.Contains(e.Error(), one) || strings.Contains(e.Error(), two)) {
					t.Errorf("the error has a secret: %v", e)
				}
			})
		}
	})
}
