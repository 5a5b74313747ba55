package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
)

// A Metadata is the body of a registration request: an object of JSON.
type Metadata map[string]json.RawMessage

// ParseMetadata reads the body of a registration request.
func ParseMetadata(body []byte) (Metadata, error) {
	m, err := object(body)
	if err != nil {
		return nil, badMetadata(InvalidClientMetadata, "The body must be one JSON object in which each member stands once.")
	}
	return m, nil
}

// text returns a member that is a string, "" for every other.
func (m Metadata) text(key string) (s string) {
	_ = json.Unmarshal(m[key], &s) // another type is none
	return s
}

// registrable are the settings that an app may make of itself, by their names in
// the registry "OAuth Dynamic Client Registration Metadata".
var registrable = []string{
	"client_name", "logo_uri", "client_uri", "policy_uri", "tos_uri", "contacts",
	"redirect_uris", "post_logout_redirect_uris", "request_uris",
	"token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "jwks", "jwks_uri",
	"tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip", "tls_client_auth_san_email",
	"grant_types", "response_types", "subject_type", "sector_identifier_uri",
	"id_token_signed_response_alg", "userinfo_signed_response_alg", "request_object_signing_alg",
	"authorization_signed_response_alg", "introspection_signed_response_alg",
	"require_pushed_authorization_requests", "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens",
	"require_signed_request_object", "default_max_age", "require_auth_time", "default_acr_values", "initiate_login_uri",
	"backchannel_logout_uri", "backchannel_logout_session_required",
	"frontchannel_logout_uri", "frontchannel_logout_session_required",
	"software_id", "software_version",
}

// forbidden are the grant types that no app gets by asking.
var forbidden = []string{identity.GrantPassword, identity.GrantExchange, identity.GrantJWTBearer}

// described makes settings of what an app says of itself, over those of old that
// it cannot set.
func (s *Service) described(ctx context.Context, m Metadata, old identity.AppSettings, p Provider) (identity.AppSettings, error) {
	a, err := read(m, old)
	if err != nil {
		return a, err
	}
	if err := admit(m, &a, p); err != nil {
		return a, err
	}
	if a.AuthMethod == "" {
		a.AuthMethod = identity.AuthBasic
	}
	if err := typed(m, &a); err != nil {
		return a, err
	}
	if a.Scopes, err = scopesFor(m, p); err != nil {
		return a, err
	}
	if a.IDTokenAlg == "" {
		a.IDTokenAlg = "RS256"
	}
	a.RequirePKCE = a.RequirePKCE || p.RequirePKCE
	settle(&a)
	if faults := s.faults(ctx, a, old, p); len(faults) > 0 {
		return a, badMetadata(faults[0].Code, faults[0].Text)
	}
	return a, nil
}

// read takes what an app may set of itself from m, and the rest from old.
func read(m Metadata, old identity.AppSettings) (a identity.AppSettings, err error) {
	doc := map[string]json.RawMessage{}
	for key, value := range members(identity.App{AppSettings: old}) {
		if !slices.Contains(registrable, key) {
			doc[key] = value
		}
	}
	for _, key := range registrable {
		value, has := m[key]
		if !has || string(value) == "null" {
			continue
		}
		one, err := json.Marshal(map[string]json.RawMessage{key: value})
		if err != nil || json.Unmarshal(one, new(identity.AppSettings)) != nil {
			code := InvalidClientMetadata
			if key == "redirect_uris" {
				code = InvalidRedirectURI
			}
			return a, badMetadata(code, key+" has a value of the wrong type.")
		}
		doc[key] = value
	}
	delete(doc, "scopes")
	whole, err := json.Marshal(doc)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(whole, &a)
}

// admit refuses what apps cannot have by registration, and fills in the defaults
// of RFC 7591 section 2.
func admit(m Metadata, a *identity.AppSettings, p Provider) error {
	if _, has := m["software_statement"]; has {
		return badMetadata(InvalidSoftwareStatement, "Software statements are not accepted here.")
	}
	for key := range m {
		if strings.Contains(key, "_encrypted_response_") || strings.HasPrefix(key, "request_object_encryption_") {
			return badMetadata(InvalidClientMetadata, "Encryption is not supported: leave out "+shorten(key)+".")
		}
	}
	if len(p.AllowedSoftware) > 0 && !slices.Contains(p.AllowedSoftware, a.SoftwareID) {
		return badMetadata(InvalidClientMetadata, "This software may not register here.")
	}
	for _, g := range a.GrantTypes {
		if slices.Contains(forbidden, g) {
			return badMetadata(InvalidClientMetadata, "The grant type "+g+" cannot be had by registration.")
		}
	}
	if len(a.GrantTypes) == 0 {
		for _, r := range a.ResponseTypes {
			for _, w := range strings.Fields(r) {
				g := identity.GrantImplicit
				if w == "code" {
					g = identity.GrantCode
				}
				if !slices.Contains(a.GrantTypes, g) {
					a.GrantTypes = append(a.GrantTypes, g)
				}
			}
		}
	}
	if len(a.GrantTypes) == 0 {
		a.GrantTypes = []string{identity.GrantCode}
	}
	if len(a.ResponseTypes) == 0 && slices.Contains(a.GrantTypes, identity.GrantCode) {
		a.ResponseTypes = []string{"code"}
	}
	return nil
}

// typed tells apart the types of app of which registration knows only two. An
// app that does not say is taken for what its redirects and its method show.
func typed(m Metadata, a *identity.AppSettings) error {
	public := a.AuthMethod == identity.AuthNone
	own := slices.ContainsFunc(a.RedirectURIs, func(r string) bool {
		return checkURI(r, redirectPlace, identity.SPA) != "" && checkURI(r, redirectPlace, identity.NativeApp) == ""
	})
	forItself := !slices.ContainsFunc(a.GrantTypes, func(g string) bool { return g != identity.GrantClientCredentials })
	switch said := m.text("application_type"); {
	case said != "" && said != "web" && said != "native":
		return badMetadata(InvalidClientMetadata, "application_type is web or native.")
	case said == "native", said == "" && public && own:
		a.Type = identity.NativeApp
	case public:
		a.Type = identity.SPA
	case forItself:
		a.Type = identity.ServiceApp
	default:
		a.Type = identity.WebApp
	}
	if a.Type != identity.NativeApp && slices.Contains(a.GrantTypes, identity.GrantImplicit) && slices.ContainsFunc(a.RedirectURIs, local) {
		return badMetadata(InvalidRedirectURI, "An app of the web with the grant type implicit has redirect URIs of https, and not of localhost.")
	}
	return nil
}

// local reports whether answers to an address may stay on the person's machine,
// where every program reads them (OpenID Connect Registration section 2,
// application_type).
func local(uri string) bool {
	u, bad := parseURI(uri)
	return bad != "" || u.Scheme != "https" || strings.EqualFold(u.Hostname(), "localhost")
}

// usual are the scopes of an app that names none.
var usual = []string{"openid", "profile", "email", "address", "phone", "offline_access"}

// scopesFor returns the scopes that an app may ask for: of those that it wants,
// the ones that its organisation allows. To want a privileged one is an error.
func scopesFor(m Metadata, p Provider) ([]string, error) {
	wanted := usual
	value, has := m["scope"]
	if has && string(value) != "null" {
		var text string
		if json.Unmarshal(value, &text) != nil {
			return nil, badMetadata(InvalidClientMetadata, "scope is a string, its scopes apart by spaces.")
		}
		wanted = strings.Fields(text)
	}
	if bad := privileged(wanted); len(bad) > 0 {
		return nil, badMetadata(InvalidClientMetadata, "The scope "+bad[0]+" cannot be had by registration.")
	}
	var out []string
	for _, w := range wanted {
		_, known := identity.ScopeNamed(w)
		allowed := known
		if len(p.RegistrationScopes) > 0 {
			allowed = slices.Contains(p.RegistrationScopes, w)
		}
		if allowed && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	if len(out) == 0 && len(wanted) > 0 {
		return nil, badMetadata(InvalidClientMetadata, "None of the scopes can be had by registration.")
	}
	return out, nil
}

// Document returns the answer of RFC 7591 section 3.2.1; uri is where the app
// reads and changes its registration.
func (r Registered) Document(uri string) map[string]any {
	out := map[string]any{
		"client_id":                 r.App.ClientID,
		"client_id_issued_at":       r.App.Created.Unix(),
		"registration_client_uri":   uri,
		"registration_access_token": r.Token,
		"application_type":          "web",
	}
	for key, value := range members(r.App) {
		if slices.Contains(registrable, key) {
			out[key] = value
		}
	}
	if r.App.Type == identity.NativeApp {
		out["application_type"] = "native"
	}
	if len(r.App.Scopes) > 0 {
		out["scope"] = strings.Join(r.App.Scopes, " ")
	}
	if r.Secret != "" {
		out["client_secret"], out["client_secret_expires_at"] = r.Secret, 0
	}
	return out
}
