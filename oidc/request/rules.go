package request

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
)

// A Case is a request together with what it must be held against.
type Case struct {
	Org      identity.Organisation
	Issuer   string
	App      *identity.App
	Provider app.Provider
	Request  *AuthorizationRequest
}

// A Rule is one thing that a request must keep. The rules are tried in order, and
// the first that is broken is told.
type Rule struct {
	Ref       string // the paragraph that says so
	Code      string // of the error
	Place     Place  // where it is told
	Parameter string
	Broken    func(*Case) string // what is wrong, "" if nothing
}

// Check holds a request against the rules. The error is an *Error.
func (c *Case) Check() error {
	for _, rule := range rules {
		if text := rule.Broken(c); text != "" {
			return &Error{Code: rule.Code, Text: text, Place: rule.Place, Ref: rule.Ref, Parameter: rule.Parameter}
		}
	}
	return nil
}

// Rules returns the rules in their order.
func Rules() []Rule { return slices.Clone(rules) }

// rules is the list. Those about the app and its address come first: until they
// are kept nothing may be sent anywhere.
var rules = []Rule{
	{"RFC 6749 section 3.1.2.4", "unauthorized_client", OnPage, "client_id", disabledApp},
	{"RFC 6749 section 3.1.2.3", "invalid_request", OnPage, "redirect_uri", noRedirect},
	{"RFC 9700 section 2.1", "invalid_request", OnPage, "redirect_uri", foreignRedirect},
	{"FAPI 2.0 Security Profile section 5.3.2.2", "invalid_request", OnPage, "redirect_uri", plainRedirect},

	{"RFC 6749 section 3.1", "invalid_request", ByRedirect, "", tooLong},
	{"RFC 6749 section 3.1.1", "invalid_request", ByRedirect, "response_type", noResponseType},
	{"RFC 6749 section 3.1.1", "unsupported_response_type", ByRedirect, "response_type", unknownResponseType},
	{"RFC 6749 section 4.1.2.1", "unauthorized_client", ByRedirect, "response_type", foreignResponseType},
	{"OAuth 2.0 Multiple Response Types section 2.1", "invalid_request", ByRedirect, "response_mode", badMode},
	{"RFC 9126 section 5", "invalid_request", ByRedirect, "request_uri", notPushed},
	{"RFC 9101 section 10.5", "invalid_request", ByRedirect, "request", notSigned},
	{"OpenID Connect Core section 7.2.1", "registration_not_supported", ByRedirect, "registration", registration},

	{"RFC 6749 section 3.3", "invalid_scope", ByRedirect, "scope", badScope},
	{"RFC 6749 section 3.3", "invalid_scope", ByRedirect, "scope", foreignScope},
	{"OpenID Connect Core section 3.2.2.1", "invalid_scope", ByRedirect, "scope", idTokenWithoutOpenID},
	{"OpenID Connect Core section 3.2.2.11", "invalid_request", ByRedirect, "nonce", noNonce},
	{"RFC 7636 section 4.4.1", "invalid_request", ByRedirect, "code_challenge", noChallenge},
	{"RFC 9700 section 2.1.1", "invalid_request", ByRedirect, "code_challenge_method", weakChallenge},
	{"RFC 7636 section 4.2", "invalid_request", ByRedirect, "code_challenge", badChallenge},
	{"OpenID Connect Core section 3.1.2.1", "invalid_request", ByRedirect, "prompt", badPrompt},
	{"OpenID Connect Core section 3.1.2.1", "invalid_request", ByRedirect, "max_age", badMaxAge},
	{"OpenID Connect Core section 5.5", "invalid_request", ByRedirect, "claims", badClaims},
	{"RFC 8707 section 2", "invalid_target", ByRedirect, "resource", badResource},
	{"RFC 8707 section 2", "invalid_target", ByRedirect, "resource", foreignResource},
	{"RFC 9449 section 10", "invalid_request", ByRedirect, "dpop_jkt", badJKT},
}

func disabledApp(c *Case) string {
	if c.App.Disabled {
		return "The app is switched off."
	}
	return ""
}

// noRedirect also refuses a plain OAuth request without one: leaving it out saves
// nothing and makes what was registered later change what was asked.
func noRedirect(c *Case) string {
	if c.Request.RedirectURI == "" {
		return "The request needs a redirect_uri."
	}
	return ""
}

func foreignRedirect(c *Case) string {
	if !app.RedirectMatches(c.App.RedirectURIs, c.Request.RedirectURI) {
		return "redirect_uri is not registered for this app. It must be the same, character by character."
	}
	return ""
}

func plainRedirect(c *Case) string {
	if c.App.FAPI && strings.HasPrefix(c.Request.RedirectURI, "http:") {
		return "redirect_uri must be https for this app."
	}
	return ""
}

// tooLong looks at what the other rules do not.
func tooLong(c *Case) string {
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
		"prompt", "acr_values", "login_hint", "id_token_hint", "ui_locales", "claims_locales", "display"} {
		if text := c.Request.bad[name]; text != "" {
			return text
		}
	}
	return ""
}

func noResponseType(c *Case) string {
	if len(c.Request.ResponseTypes) == 0 {
		return "The request needs a response_type."
	}
	return ""
}

// ResponseTypes returns the response types that an organisation serves.
func ResponseTypes(legacy app.Legacy) []string {
	out := []string{"code"}
	if legacy.Implicit {
		out = append(out, "id_token", "id_token token")
	}
	if legacy.Hybrid {
		out = append(out, "code id_token", "code token", "code id_token token")
	}
	return out
}

func unknownResponseType(c *Case) string {
	asked := strings.Join(c.Request.ResponseTypes, " ")
	if !slices.Contains(ResponseTypes(c.Provider.Legacy), asked) || c.App.FAPI && asked != "code" {
		return "This response_type is not supported; use \"code\"."
	}
	return ""
}

func foreignResponseType(c *Case) string {
	r := c.Request
	if r.Has("code") && !c.App.Allows(identity.GrantCode) || r.front() && !c.App.Allows(identity.GrantImplicit) {
		return "The app is not allowed this grant type."
	}
	asked := strings.Join(r.ResponseTypes, " ")
	if len(c.App.ResponseTypes) == 0 && asked == "code" {
		return ""
	}
	if !slices.ContainsFunc(c.App.ResponseTypes, func(s string) bool { return strings.Join(responseTypes(s), " ") == asked }) {
		return "The app is not registered for this response_type."
	}
	return ""
}

func badMode(c *Case) string {
	r := c.Request
	if r.ResponseMode == "" || r.ResponseMode == "jwt" {
		return ""
	}
	m, ok := modes[r.ResponseMode]
	switch {
	case !ok:
		return "This response_mode is not supported."
	case m.Place == "query" && r.front():
		return "Tokens must not stand in a query; use another response_mode."
	}
	return ""
}

func notPushed(c *Case) string {
	if (c.App.RequirePAR || c.App.FAPI) && c.Request.PushedAs == "" && c.Request.Source != Pushed {
		return "The app must push its requests to the PAR endpoint."
	}
	return ""
}

func notSigned(c *Case) string {
	if c.App.RequireRequestObject && !c.Request.Signed {
		return "The app must sign its requests."
	}
	return ""
}

func registration(c *Case) string {
	if c.Request.values.Has("registration") {
		return "Apps cannot register themselves in a request."
	}
	return ""
}

// scopeToken is NQCHAR of RFC 6749 appendix A.
var scopeToken = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)

func badScope(c *Case) string {
	for _, s := range c.Request.Scopes {
		if !scopeToken.MatchString(s) {
			return "scope must be a list of words of ASCII."
		}
	}
	return ""
}

// foreignScope refuses scopes that exist and are not the app's. What we do not
// know is passed over (OpenID Connect Core section 3.1.2.1).
func foreignScope(c *Case) string {
	for _, name := range c.Request.Scopes {
		if _, known := identity.ScopeNamed(name); known && !MayAsk(c.App, name) {
			return "The app may not ask for one of the scopes."
		}
	}
	return ""
}

// MayAsk reports whether an app may ask for a scope: one of its list, or if it
// has none, one that is not privileged.
func MayAsk(a *identity.App, scope string) bool {
	if len(a.Scopes) > 0 {
		return slices.Contains(a.Scopes, scope)
	}
	s, ok := identity.ScopeNamed(scope)
	return ok && !s.Privileged
}

// Granted returns the scopes of the request that mean something to us.
func (c *Case) Granted() (out []string) {
	for _, name := range c.Request.Scopes {
		if MayAsk(c.App, name) {
			out = append(out, name)
		}
	}
	return out
}

func idTokenWithoutOpenID(c *Case) string {
	if c.Request.Has("id_token") && !c.Request.OpenID() {
		return "An ID token needs the scope openid."
	}
	return ""
}

func noNonce(c *Case) string {
	if c.Request.Has("id_token") && c.Request.Nonce == "" {
		return "An ID token from the authorization endpoint needs a nonce."
	}
	return ""
}

func noChallenge(c *Case) string {
	must := c.App.Public() || c.App.RequirePKCE || c.App.FAPI
	if must && c.Request.Has("code") && c.Request.Challenge == "" {
		return "The request needs a code_challenge (PKCE)."
	}
	return ""
}

func weakChallenge(c *Case) string {
	r := c.Request
	switch {
	case r.Challenge == "" && r.Method == "", r.Challenge != "" && r.Method == "S256":
		return ""
	case r.Challenge == "":
		return "code_challenge_method needs a code_challenge."
	}
	return "code_challenge_method must be S256."
}

// digest is a SHA-256 in base64url.
var digest = regexp.MustCompile(`^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$`)

func badChallenge(c *Case) string {
	if ch := c.Request.Challenge; ch != "" && !digest.MatchString(ch) {
		return "code_challenge must be the SHA-256 of the verifier in base64url, 43 characters."
	}
	return ""
}

func badPrompt(c *Case) string {
	if c.Request.Asks("none") && len(c.Request.Prompt) > 1 {
		return "prompt=none stands alone."
	}
	return ""
}

func badMaxAge(c *Case) string { return c.Request.bad["max_age"] }

func badClaims(c *Case) string { return c.Request.bad["claims"] }

func badResource(c *Case) string {
	if len(c.Request.Resources) > maxResources {
		return "The request names too many resources."
	}
	for _, text := range c.Request.Resources {
		u, err := url.Parse(text)
		if err != nil || !u.IsAbs() || strings.Contains(text, "#") || c.Request.bad["resource"] != "" {
			return "resource must be an absolute URI without a fragment."
		}
	}
	return ""
}

// foreignResource knows the issuer too, which is the resource of requests without
// one.
func foreignResource(c *Case) string {
	for _, text := range c.Request.Resources {
		if text != c.Issuer && !slices.Contains(c.App.Resources, text) {
			return "The app may not ask for one of the resources."
		}
	}
	return ""
}

func badJKT(c *Case) string {
	if j := c.Request.JKT; j != "" && !digest.MatchString(j) {
		return "dpop_jkt must be the SHA-256 thumbprint of a key in base64url."
	}
	return ""
}
