// Package request reads what apps ask of the authorization endpoint, in whatever
// way they ask: in a query, a form, a signed request object (RFC 9101), by
// reference, or pushed ahead (RFC 9126). All of it becomes one
// AuthorizationRequest, parsed by one function and held against one list of
// rules. The package also keeps what waits while people sign in and decide.
package request

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/claims"
)

// Limits of a request.
const (
	maxRaw        = 64 << 10 // bytes of a query or form
	maxParameters = 100
	maxResources  = 10
)

// maxLength is how many bytes the values of single parameters may have.
var maxLength = map[string]int{
	"client_id": 255, "redirect_uri": 2048, "response_type": 64, "response_mode": 64, "scope": 4096,
	"state": 2048, "nonce": 2048, "prompt": 256, "max_age": 20, "acr_values": 1024, "login_hint": 512,
	"ui_locales": 256, "claims_locales": 256, "display": 32, "claims": 16 << 10, "id_token_hint": 16 << 10,
	"resource": 2048, "dpop_jkt": 128, "code_challenge": 256, "code_challenge_method": 32,
	"request_uri": 2048, "request": 48 << 10,
}

// repeatable are the parameters that a request may name several times: the
// targets of RFC 8707 and of RFC 8693.
var repeatable = map[string]bool{"resource": true, "audience": true}

// A Source says how a request came.
type Source string

// The sources of requests.
const (
	Plain       Source = "plain"     // parameters of a query or form
	ByValue     Source = "value"     // a request object in the parameter "request"
	ByReference Source = "reference" // a request object that was fetched
	Pushed      Source = "pushed"
)

// An AuthorizationRequest is what an app asks for: RFC 6749 section 4.1.1 and
// OpenID Connect Core section 3.1.2.1, with what later documents added. Values
// that are malformed are left out of their fields and remembered for the rules.
type AuthorizationRequest struct {
	ClientID      string
	RedirectURI   string
	ResponseTypes []string // "code", "id_token", "token", in this order
	ResponseMode  string   // as asked for, "" for the usual one
	Scopes        []string
	State         string
	Nonce         string
	Challenge     string // of PKCE
	Method        string // of PKCE
	Prompt        []string
	MaxAge        *int64 // seconds
	ACRValues     []string
	LoginHint     string
	IDTokenHint   string
	UILocales     string
	Display       string
	Claims        *claims.Parameter
	Resources     []string
	JKT           string // thumbprint of the DPoP key that is to redeem the code

	Source Source
	Signed bool // the app signed it
	// PushedAs is the request_uri under which it was pushed, "" if it was not.
	PushedAs string

	values url.Values
	bad    map[string]string // parameter → what is wrong with it
}

// Values reads the parameters of a query or form. A parameter that comes twice,
// and text that is not UTF-8, are refused: two readers could see two requests. A
// parameter without a value is as one that is not there (RFC 6749 section 3.1).
func Values(raw string) (url.Values, error) {
	if len(raw) > maxRaw {
		return nil, page("invalid_request", "", "The request is larger than 64 KiB.")
	}
	if strings.Count(raw, "&") >= maxParameters {
		return nil, page("invalid_request", "", "The request has too many parameters.")
	}
	in, err := url.ParseQuery(raw)
	if err != nil {
		return nil, page("invalid_request", "", "The parameters are not well encoded.")
	}
	out := url.Values{}
	for name, list := range in {
		if !clean(name) {
			return nil, page("invalid_request", "", "The name of a parameter is not UTF-8 text.")
		}
		if len(list) > 1 && !repeatable[name] {
			return nil, page("invalid_request", name, "A parameter is there more than once.")
		}
		for _, v := range list {
			if !clean(v) {
				return nil, page("invalid_request", name, "A parameter is not UTF-8 text.")
			}
			if v != "" {
				out.Add(name, v)
			}
		}
	}
	return out, nil
}

func clean(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// Parse makes an AuthorizationRequest of parameters that Values or a request
// object gave. It never fails: what is wrong is for the rules to say, when it is
// known where.
func Parse(v url.Values) *AuthorizationRequest {
	r := &AuthorizationRequest{
		ClientID: v.Get("client_id"), RedirectURI: v.Get("redirect_uri"),
		ResponseTypes: responseTypes(v.Get("response_type")), ResponseMode: v.Get("response_mode"),
		Scopes: words(v.Get("scope")), State: v.Get("state"), Nonce: v.Get("nonce"),
		Challenge: v.Get("code_challenge"), Method: v.Get("code_challenge_method"),
		Prompt: words(v.Get("prompt")), ACRValues: words(v.Get("acr_values")),
		LoginHint: v.Get("login_hint"), IDTokenHint: v.Get("id_token_hint"),
		UILocales: v.Get("ui_locales"), Display: v.Get("display"),
		Resources: slices.Clone(v["resource"]), JKT: v.Get("dpop_jkt"),
		Source: Plain, values: v, bad: map[string]string{},
	}
	if text := v.Get("max_age"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			r.bad["max_age"] = "max_age must be a number of seconds."
		} else {
			r.MaxAge = &n
		}
	}
	if text := v.Get("claims"); text != "" && len(text) <= maxLength["claims"] {
		c, err := claims.ParseParameter(text)
		if err != nil {
			r.bad["claims"] = "claims must be a JSON object as in OpenID Connect Core section 5.5."
		} else {
			r.Claims = c
		}
	}
	for name, list := range v {
		if limit, ok := maxLength[name]; ok && slices.ContainsFunc(list, func(s string) bool { return len(s) > limit }) {
			r.bad[name] = name + " must have at most " + strconv.Itoa(limit) + " bytes."
		}
	}
	return r
}

// words splits a list at its spaces and drops what comes twice.
func words(s string) (out []string) {
	for _, w := range strings.Fields(s) {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// responseTypes puts the parts of a response type in order; they have none on
// the wire (OAuth 2.0 Multiple Response Type Encoding Practices, section 3).
func responseTypes(s string) []string {
	out := words(s)
	slices.Sort(out)
	return out
}

// Has reports whether the answer is to hold a code, an ID token or a token.
func (r *AuthorizationRequest) Has(part string) bool { return slices.Contains(r.ResponseTypes, part) }

// OpenID reports whether the request is one of OpenID Connect.
func (r *AuthorizationRequest) OpenID() bool { return slices.Contains(r.Scopes, "openid") }

// Asks reports whether prompt holds a value.
func (r *AuthorizationRequest) Asks(prompt string) bool { return slices.Contains(r.Prompt, prompt) }

// front reports whether the answer carries tokens through the browser, so that
// they must not stand in a query.
func (r *AuthorizationRequest) front() bool { return r.Has("id_token") || r.Has("token") }

// A Mode says how the answer reaches the app.
type Mode struct {
	Place string // "query", "fragment" or "form_post"
	JWT   bool   // the answer is a signed JWT (JARM)
}

// modes are the values of response_mode.
var modes = map[string]Mode{
	"query": {Place: "query"}, "fragment": {Place: "fragment"}, "form_post": {Place: "form_post"},
	"query.jwt": {"query", true}, "fragment.jwt": {"fragment", true}, "form_post.jwt": {"form_post", true},
}

// Modes returns the values of response_mode that we know, sorted.
func Modes() []string {
	return []string{"form_post", "form_post.jwt", "fragment", "fragment.jwt", "jwt", "query", "query.jwt"}
}

// Mode returns how to answer: as asked for, or if that is not possible in the
// way that is usual for the response type, so that errors find their way too.
func (r *AuthorizationRequest) Mode() Mode {
	usual := Mode{Place: "query"}
	if r.front() {
		usual.Place = "fragment"
	}
	m, ok := modes[r.ResponseMode]
	switch {
	case r.ResponseMode == "jwt":
		usual.JWT = true
		return usual
	case !ok || m.Place == "query" && r.front():
		usual.JWT = ok && m.JWT
		return usual
	}
	return m
}
