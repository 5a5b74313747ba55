package app

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
)

// Error codes of RFC 7591 section 3.2.2.
const (
	InvalidRedirectURI       = "invalid_redirect_uri"
	InvalidClientMetadata    = "invalid_client_metadata"
	InvalidSoftwareStatement = "invalid_software_statement"
)

// Limits of settings.
const (
	maxName    = 200 // characters of a name
	maxList    = 100 // entries of a list
	maxText    = 512 // bytes of a short text
	maxSeconds = 366 * 86400
)

// A Fault is one thing that is wrong with settings.
type Fault struct {
	Code  string // of RFC 7591
	Field string // key of the setting, "redirect_uris"
	Text  string // a sentence for people
}

// Check returns all that is wrong with the settings of an app in an organisation
// whose provider is p; none: nothing.
func Check(a identity.AppSettings, p Provider) []Fault {
	c := &checker{a: &a, p: &p}
	c.texts()
	c.addresses()
	c.grants()
	c.authentication()
	c.algorithms()
	c.logout()
	c.limits()
	if a.FAPI {
		c.fapi()
	}
	return c.faults
}

// refusal makes the faults of a check one error for people.
func refusal(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	return identity.NewError(identity.Invalid, faults[0].Field, faults[0].Text)
}

type checker struct {
	a      *identity.AppSettings
	p      *Provider
	faults []Fault
}

func (c *checker) bad(field, format string, args ...any) {
	c.faults = append(c.faults, Fault{InvalidClientMetadata, field, fmt.Sprintf(format, args...)})
}

func (c *checker) badRedirect(field, format string, args ...any) {
	c.faults = append(c.faults, Fault{InvalidRedirectURI, field, fmt.Sprintf(format, args...)})
}

// texts checks what people read, and what kind of app it is.
func (c *checker) texts() {
	a := c.a
	switch a.Type {
	case identity.WebApp, identity.SPA, identity.NativeApp, identity.ServiceApp:
	default:
		c.bad("application_type", "An app is of type web, spa, native or service.")
	}
	if n := a.Name; strings.TrimSpace(n) != n || !utf8.ValidString(n) || utf8.RuneCountInString(n) > maxName || strings.ContainsFunc(n, hidden) {
		c.bad("client_name", "A name has at most 200 characters, no control characters, and no space at its ends.")
	}
	c.list("contacts", a.Contacts, shortText)
	for _, f := range []struct{ field, text string }{{"software_id", a.SoftwareID}, {"software_version", a.SoftwareVersion}} {
		if f.text != "" && !shortText(f.text) {
			c.bad(f.field, "%s has at most 512 bytes and no control characters.", f.field)
		}
	}
}

// hidden reports whether people cannot see a character as what it is: control
// characters and those that turn the direction of writing.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

func shortText(s string) bool {
	return s != "" && len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, hidden)
}

// list checks a list of values that differ.
func (c *checker) list(field string, list []string, good func(string) bool) {
	if len(list) > maxList {
		c.bad(field, "%s has at most 100 entries.", field)
		return
	}
	for i, v := range list {
		if !good(v) {
			c.bad(field, "%s has a value that is not allowed: %q.", field, shorten(v))
			return
		}
		if slices.Contains(list[:i], v) {
			c.bad(field, "%s names %q twice.", field, shorten(v))
			return
		}
	}
}

func shorten(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}

// addresses checks every URI.
func (c *checker) addresses() {
	a := c.a
	for _, u := range []struct {
		field, uri string
		where      place
	}{
		{"logo_uri", a.LogoURI, securePlace}, {"client_uri", a.ClientURI, pagePlace},
		{"policy_uri", a.PolicyURI, pagePlace}, {"tos_uri", a.TOSURI, pagePlace},
		{"initiate_login_uri", a.InitiateLoginURI, securePlace}, {"jwks_uri", a.JWKSURI, securePlace},
		{"sector_identifier_uri", a.SectorIdentifierURI, securePlace},
		{"backchannel_logout_uri", a.BackchannelLogoutURI, securePlace},
		{"frontchannel_logout_uri", a.FrontchannelLogoutURI, redirectPlace},
	} {
		if u.uri == "" {
			continue
		}
		if bad := checkURI(u.uri, u.where, a.Type); bad != "" {
			c.bad(u.field, "%s cannot be used: %s.", u.field, bad)
		}
	}
	c.redirects("redirect_uris", a.RedirectURIs, c.badRedirect)
	c.redirects("post_logout_redirect_uris", a.PostLogoutRedirectURIs, c.bad)
	for _, uri := range a.RequestURIs {
		base, _, _ := strings.Cut(uri, "#") // a hash of the content may follow (OpenID Connect Core section 6.2)
		if bad := checkURI(base, securePlace, a.Type); bad != "" || len(uri) > maxURI {
			c.bad("request_uris", "request_uris has %q, which cannot be used: %s.", shorten(uri), bad)
		}
	}
	for _, o := range a.Origins {
		if bad := checkOrigin(o); bad != "" {
			c.bad("origins", "origins has %q, which cannot be used: %s.", shorten(o), bad)
		}
	}
	if len(a.RequestURIs) > maxList || len(a.Origins) > maxList {
		c.bad("origins", "request_uris and origins have at most 100 entries.")
	}
}

func (c *checker) redirects(field string, list []string, bad func(field, format string, args ...any)) {
	if len(list) > maxList {
		bad(field, "%s has at most 100 entries.", field)
		return
	}
	for _, uri := range list {
		if why := checkURI(uri, redirectPlace, c.a.Type); why != "" {
			bad(field, "%s has %q, which cannot be used: %s.", field, shorten(uri), why)
		}
	}
}

var grantTypes = []string{
	identity.GrantCode, identity.GrantImplicit, identity.GrantRefresh, identity.GrantClientCredentials,
	identity.GrantPassword, identity.GrantDevice, identity.GrantExchange, identity.GrantJWTBearer,
}

// responseTypes maps the response types to the grant types that they need.
var responseTypes = map[string][]string{
	"code":                {identity.GrantCode},
	"id_token":            {identity.GrantImplicit},
	"id_token token":      {identity.GrantImplicit},
	"code id_token":       {identity.GrantCode, identity.GrantImplicit},
	"code token":          {identity.GrantCode, identity.GrantImplicit},
	"code id_token token": {identity.GrantCode, identity.GrantImplicit},
}

// grants checks which ways to tokens the app may take.
func (c *checker) grants() {
	a, legacy := c.a, c.p.Legacy
	c.list("grant_types", a.GrantTypes, func(s string) bool { return slices.Contains(grantTypes, s) })
	c.list("response_types", a.ResponseTypes, func(s string) bool { return responseTypes[s] != nil })
	for _, r := range a.ResponseTypes {
		for _, g := range responseTypes[r] {
			if !slices.Contains(a.GrantTypes, g) {
				c.bad("grant_types", "The response type %q needs the grant type %q.", r, g)
			}
		}
		switch hybrid := strings.HasPrefix(r, "code "); {
		case hybrid && !legacy.Hybrid, strings.HasPrefix(r, "id_token") && !legacy.Implicit:
			c.bad("response_types", "The response type %q is not allowed here.", r)
		}
	}
	has := func(g string) bool { return slices.Contains(a.GrantTypes, g) }
	switch {
	case has(identity.GrantImplicit) && !legacy.Implicit && !legacy.Hybrid:
		c.bad("grant_types", "The grant type implicit is not allowed here.")
	case has(identity.GrantPassword) && !legacy.Password:
		c.bad("grant_types", "The grant type password is not allowed here.")
	case has(identity.GrantCode) && !slices.ContainsFunc(a.ResponseTypes, func(r string) bool { return strings.HasPrefix(r, "code") }):
		c.bad("response_types", "The grant type authorization_code needs a response type with code.")
	case (has(identity.GrantCode) || has(identity.GrantImplicit)) && len(a.RedirectURIs) == 0:
		c.badRedirect("redirect_uris", "An app that people are sent back to needs a redirect URI.")
	case a.Type == identity.ServiceApp && (has(identity.GrantCode) || has(identity.GrantImplicit) || has(identity.GrantDevice)):
		c.bad("grant_types", "A service account acts for itself: nobody signs in to it.")
	}
	if a.AuthMethod == identity.AuthNone {
		for _, g := range []string{identity.GrantClientCredentials, identity.GrantExchange, identity.GrantJWTBearer} {
			if has(g) {
				c.bad("grant_types", "The grant type %q is for apps that prove who they are.", g)
			}
		}
	}
}

// logout checks that front-channel logout loads a page of the app itself
// (OpenID Connect Front-Channel Logout 1.0 section 2).
func (c *checker) logout() {
	a := c.a
	if a.FrontchannelLogoutURI == "" {
		return
	}
	of := func(s string) string {
		u, bad := parseURI(s)
		if bad != "" {
			return ""
		}
		return u.Scheme + "://" + u.Host
	}
	if !slices.ContainsFunc(a.RedirectURIs, func(r string) bool { return of(r) == of(a.FrontchannelLogoutURI) }) {
		c.bad("frontchannel_logout_uri", "frontchannel_logout_uri has not the scheme, host and port of any redirect URI.")
	}
}

// limits checks numbers, ids, scopes and audiences.
func (c *checker) limits() {
	a := c.a
	c.list("scopes", a.Scopes, validScope)
	c.list("resources", a.Resources, func(s string) bool { _, bad := parseURI(s); return bad == "" })
	c.list("exchange", a.Exchange, shortText)
	c.list("default_acr_values", a.DefaultACRValues, func(s string) bool { return shortText(s) && !strings.Contains(s, " ") })
	isID := func(s string) bool { _, ok := identity.ParseID(s); return ok }
	c.list("owners", a.Owners, isID)
	c.list("groups", a.Groups, isID)
	if a.Connection != "" && !isID(a.Connection) {
		c.bad("connection", "connection is not the id of a connection.")
	}
	if a.DefaultMaxAge != nil && (*a.DefaultMaxAge < 0 || *a.DefaultMaxAge > maxSeconds) {
		c.bad("default_max_age", "default_max_age is between 0 and a year.")
	}
	if n := a.AccessTokenSeconds; n != 0 && (n < 10 || n > 86400) {
		c.bad("access_token_seconds", "An access token lives between 10 seconds and a day.")
	}
	if n := a.RefreshTokenSeconds; n != 0 && (n < 60 || n > maxSeconds) {
		c.bad("refresh_token_seconds", "A refresh token lives between a minute and a year.")
	}
}

// validScope reports whether s is a scope-token (RFC 6749 section 3.3).
func validScope(s string) bool {
	for _, b := range []byte(s) {
		if b <= ' ' || b >= 0x7F || b == '"' || b == '\\' {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// privileged returns those of scopes that nobody can have for the asking.
func privileged(scopes []string) (out []string) {
	for _, name := range scopes {
		if s, ok := identity.ScopeNamed(name); ok && s.Privileged {
			out = append(out, name)
		}
	}
	return out
}
