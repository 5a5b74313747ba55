package app

import (
	"fmt"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
)

// good are settings with nothing wrong.
func good() identity.AppSettings {
	a := web()
	Defaults(&a)
	settle(&a)
	return a
}

func TestCheck(t *testing.T) {
	type settings = identity.AppSettings
	many := make([]string, maxList+1)
	for i := range many {
		many[i] = fmt.Sprintf("https://a%d.example.com/", i)
	}
	privateKey := `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}`
	minus := int64(-1)
	for phrase, c := range map[string]struct {
		change func(*settings)
		field  string // of the first fault, "" for none
	}{
		"a usual app":                     {func(*settings) {}, ""},
		"no redirect":                     {func(a *settings) { a.RedirectURIs = nil }, "redirect_uris"},
		"too many redirects":              {func(a *settings) { a.RedirectURIs = many }, "redirect_uris"},
		"a type that is none":             {func(a *settings) { a.Type = "car" }, "application_type"},
		"a name that is long":             {func(a *settings) { a.Name = strings.Repeat("a", maxName+1) }, "client_name"},
		"a name that turns the direction": {func(a *settings) { a.Name = "a\u202eb" }, "client_name"},
		"a name of two lines":             {func(a *settings) { a.Name = "a\nb" }, "client_name"},
		"A2 a logo of JavaScript":         {func(a *settings) { a.LogoURI = "javascript:alert(1)" }, "logo_uri"},
		"A2 a logo of data":               {func(a *settings) { a.LogoURI = "data:image/png;base64,x" }, "logo_uri"},
		"A2 terms of JavaScript":          {func(a *settings) { a.TOSURI = "javascript:alert(1)" }, "tos_uri"},
		"A2 a policy of VBScript":         {func(a *settings) { a.PolicyURI = "vbscript:x" }, "policy_uri"},
		"A2 a home of JavaScript":         {func(a *settings) { a.ClientURI = "JavaScript:alert(1)" }, "client_uri"},
		"A2 a logout to JavaScript":       {func(a *settings) { a.PostLogoutRedirectURIs = []string{"javascript:alert(1)"} }, "post_logout_redirect_uris"},
		"A2 a redirect to data":           {func(a *settings) { a.RedirectURIs = []string{"data:text/html,x"} }, "redirect_uris"},
		"a logo by plain HTTP":            {func(a *settings) { a.LogoURI = "http://a.example.com/l.png" }, "logo_uri"},
		"a home by plain HTTP":            {func(a *settings) { a.ClientURI = "http://a.example.com/" }, ""},
		"a launch by plain HTTP":          {func(a *settings) { a.InitiateLoginURI = "http://localhost/x" }, "initiate_login_uri"},
		"a redirect with a fragment":      {func(a *settings) { a.RedirectURIs = []string{"https://a.example.com/#x"} }, "redirect_uris"},
		"a request by plain HTTP":         {func(a *settings) { a.RequestURIs = []string{"http://a.example.com/r"} }, "request_uris"},
		"a request with its hash":         {func(a *settings) { a.RequestURIs = []string{"https://a.example.com/r#abc"} }, ""},
		"an origin that is a page":        {func(a *settings) { a.Origins = []string{"https://a.example.com/"} }, "origins"},
		"a grant type that is none":       {func(a *settings) { a.GrantTypes = append(a.GrantTypes, "magic") }, "grant_types"},
		"a grant type twice":              {func(a *settings) { a.GrantTypes = append(a.GrantTypes, identity.GrantCode) }, "grant_types"},
		"implicit":                        {func(a *settings) { a.GrantTypes = append(a.GrantTypes, identity.GrantImplicit) }, "grant_types"},
		"passwords":                       {func(a *settings) { a.GrantTypes = append(a.GrantTypes, identity.GrantPassword) }, "grant_types"},
		"hybrid":                          {func(a *settings) { a.ResponseTypes = []string{"code id_token"} }, "grant_types"},
		"a response type that is none":    {func(a *settings) { a.ResponseTypes = []string{"token"} }, "response_types"},
		"code without its grant":          {func(a *settings) { a.GrantTypes = []string{identity.GrantRefresh} }, "grant_types"},
		"a method that is none":           {func(a *settings) { a.AuthMethod = "magic" }, "token_endpoint_auth_method"},
		"a web app without proof":         {func(a *settings) { a.AuthMethod = identity.AuthNone }, "token_endpoint_auth_method"},
		"a secret in the browser":         {func(a *settings) { a.Type = identity.SPA }, "token_endpoint_auth_method"},
		"client_secret_jwt":               {func(a *settings) { a.AuthMethod = identity.AuthSecretJWT }, "token_endpoint_auth_method"},
		"private_key_jwt without a key":   {func(a *settings) { a.AuthMethod = identity.AuthPrivateKeyJWT }, "jwks"},
		"a private key":                   {func(a *settings) { a.JWKS = []byte(privateKey) }, "jwks"},
		"a shared key":                    {func(a *settings) { a.JWKS = []byte(`{"keys":[{"kty":"oct","k":"YWJj"}]}`) }, "jwks"},
		"keys that are no keys":           {func(a *settings) { a.JWKS = []byte(`[]`) }, "jwks"},
		"keys in two places":              {func(a *settings) { a.JWKS, a.JWKSURI = []byte(`{"keys":[]}`), "https://a.example.com/k" }, "jwks"},
		"no name for a certificate":       {func(a *settings) { a.AuthMethod = identity.AuthTLS }, "tls_client_auth_subject_dn"},
		"two names for a certificate":     {func(a *settings) { a.AuthMethod, a.TLSSubjectDN, a.TLSSANDNS = identity.AuthTLS, "CN=a", "a" }, "tls_client_auth_subject_dn"},
		"one name for a certificate":      {func(a *settings) { a.AuthMethod, a.TLSSubjectDN = identity.AuthTLS, "CN=a,O=b" }, ""},
		"a name that is no DN":            {func(a *settings) { a.TLSSubjectDN = "hello" }, "tls_client_auth_subject_dn"},
		"an address that is none":         {func(a *settings) { a.TLSSANIP = "1.2.3" }, "tls_client_auth_san_ip"},
		"alg none":                        {func(a *settings) { a.IDTokenAlg = "none" }, "id_token_signed_response_alg"},
		"a shared algorithm":              {func(a *settings) { a.IDTokenAlg = "HS256" }, "id_token_signed_response_alg"},
		"requests signed by ES384":        {func(a *settings) { a.RequestObjectAlg = "ES384" }, "request_object_signing_alg"},
		"unsigned requests":               {func(a *settings) { a.RequestObjectAlg = "none" }, "request_object_signing_alg"},
		"a subject type that is none":     {func(a *settings) { a.SubjectType = "secret" }, "subject_type"},
		"pairwise with two hosts": {func(a *settings) {
			a.SubjectType, a.RedirectURIs = "pairwise", []string{"https://a.example.com", "https://b.example.com"}
		}, "sector_identifier_uri"},
		"a scope with a quote":           {func(a *settings) { a.Scopes = []string{`a"b`} }, "scopes"},
		"a scope with a space":           {func(a *settings) { a.Scopes = []string{"a b"} }, "scopes"},
		"a scope of our own":             {func(a *settings) { a.Scopes = []string{"shop:read"} }, ""},
		"a resource with a fragment":     {func(a *settings) { a.Resources = []string{"https://a.example.com/#a"} }, "resources"},
		"an owner who is no id":          {func(a *settings) { a.Owners = []string{"ann"} }, "owners"},
		"a connection that is no id":     {func(a *settings) { a.Connection = "hr" }, "connection"},
		"a negative age":                 {func(a *settings) { a.DefaultMaxAge = &minus }, "default_max_age"},
		"a token for ever":               {func(a *settings) { a.AccessTokenSeconds = 86401 }, "access_token_seconds"},
		"a refresh token of a second":    {func(a *settings) { a.RefreshTokenSeconds = 1 }, "refresh_token_seconds"},
		"front-channel logout elsewhere": {func(a *settings) { a.FrontchannelLogoutURI = "https://b.example.com/out" }, "frontchannel_logout_uri"},
		"front-channel logout at home":   {func(a *settings) { a.FrontchannelLogoutURI = "https://app.example.com/out" }, ""},
		"FAPI with a secret":             {func(a *settings) { a.FAPI, a.DPoPBound = true, true }, "token_endpoint_auth_method"},
		"FAPI with tokens that are free": {func(a *settings) { a.FAPI, a.AuthMethod, a.TLSSANDNS = true, identity.AuthTLS, "a" }, "fapi"},
		"FAPI with RS256": {func(a *settings) {
			a.FAPI, a.DPoPBound, a.AuthMethod, a.TLSSANDNS, a.IDTokenAlg = true, true, identity.AuthTLS, "a", "RS256"
		}, "id_token_signed_response_alg"},
		"FAPI with lax audiences": {func(a *settings) {
			a.FAPI, a.DPoPBound, a.AuthMethod, a.TLSSANDNS, a.LaxAudience = true, true, identity.AuthTLS, "a", true
		}, "lax_assertion_audience"},
		"FAPI":                             {func(a *settings) { a.FAPI, a.DPoPBound, a.AuthMethod, a.TLSSANDNS = true, true, identity.AuthTLS, "a" }, ""},
		"a service that people sign in to": {func(a *settings) { a.Type = identity.ServiceApp }, "grant_types"},
		"a public app without PKCE":        {func(a *settings) { a.Type, a.AuthMethod, a.RequirePKCE = identity.NativeApp, identity.AuthNone, false }, "require_pkce"},
		"a public app that acts for itself": {func(a *settings) {
			a.Type, a.AuthMethod, a.GrantTypes = identity.NativeApp, identity.AuthNone, append(a.GrantTypes, identity.GrantClientCredentials)
		}, "grant_types"},
	} {
		t.Run(phrase, func(t *testing.T) {
			a := good()
			c.change(&a)
			faults := Check(a, Provider{})
			switch {
			case c.field == "" && len(faults) > 0:
				t.Errorf("Check = %+v", faults)
			case c.field != "" && (len(faults) == 0 || faults[0].Field != c.field):
				t.Errorf("Check = %+v, want a fault of %s", faults, c.field)
			}
		})
	}
}

func TestCheckLegacy(t *testing.T) {
	all := Provider{Legacy: Legacy{Implicit: true, Hybrid: true, UnsignedRequestURI: true, SecretJWT: true, Password: true}}
	a := good()
	a.ResponseTypes = []string{"token code  id_token", "id_token", "id_token token"}
	a.GrantTypes = append(a.GrantTypes, identity.GrantImplicit, identity.GrantPassword)
	a.AuthMethod, a.RequestObjectAlg = identity.AuthSecretJWT, "none"
	settle(&a)
	if a.ResponseTypes[0] != "code id_token token" {
		t.Errorf("settle writes %q", a.ResponseTypes)
	}
	if faults := Check(a, all); len(faults) > 0 {
		t.Errorf("with all legacy ways on: %+v", faults)
	}
	if faults := Check(a, Provider{}); len(faults) != 6 {
		t.Errorf("with all off: %d faults, want 6: %+v", len(faults), faults)
	}
}

func TestSettle(t *testing.T) {
	public := identity.AppSettings{AuthMethod: identity.AuthNone, KeepRefreshToken: true}
	settle(&public)
	if !public.RequirePKCE || public.KeepRefreshToken {
		t.Errorf("a public app: %+v", public)
	}
	fapi := identity.AppSettings{FAPI: true, Sector: "stolen.example.com"}
	settle(&fapi)
	if !fapi.RequirePAR || !fapi.RequirePKCE || fapi.Sector != "" {
		t.Errorf("FAPI: %+v", fapi)
	}
	pair := identity.AppSettings{SubjectType: "pairwise", RedirectURIs: []string{"https://a.example.com/1", "https://a.example.com:8/2"}}
	settle(&pair)
	if pair.Sector != "a.example.com" {
		t.Errorf("the sector is %q", pair.Sector)
	}
	pair.SectorIdentifierURI = "https://sector.example.com/list"
	settle(&pair)
	if pair.Sector != "sector.example.com" {
		t.Errorf("the sector is %q", pair.Sector)
	}
}
