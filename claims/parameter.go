package claims

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/muster-id/muster/identity"
)

// Limits of the parameter "claims".
const (
	maxParameter = 16 << 10 // bytes
	maxAsked     = 100      // claims in one place
	maxName      = 256      // bytes of a claim's name
	maxValues    = 50       // of one claim
)

// A Parameter is the parameter "claims" of an authorization request (OpenID
// Connect Core section 5.5). Its JSON form is that of the parameter.
type Parameter struct {
	UserInfo Asked `json:"userinfo,omitempty"`
	IDToken  Asked `json:"id_token,omitempty"`
}

// Asked are the claims that are asked for by name; a nil *Ask asks for a claim
// without more ado.
type Asked map[string]*Ask

// An Ask says more about a claim that is asked for. A claim whose value is none
// of Value and Values is not released.
type Ask struct {
	Essential bool  `json:"essential,omitempty"`
	Value     any   `json:"value,omitempty"`
	Values    []any `json:"values,omitempty"`
}

// ParseParameter reads the parameter; an empty text is an empty Parameter.
// Members that we do not know are left out. The error is an *identity.Error.
func ParseParameter(text string) (*Parameter, error) {
	p := &Parameter{}
	if text == "" {
		return p, nil
	}
	if len(text) > maxParameter {
		return nil, invalid(fmt.Sprintf("The parameter claims has more than %d bytes.", maxParameter))
	}
	if !startsObject(text) || json.Unmarshal([]byte(text), p) != nil {
		return nil, invalid("The parameter claims is not the JSON object that OpenID Connect Core section 5.5 describes.")
	}
	for _, place := range []Asked{p.UserInfo, p.IDToken} {
		if err := place.check(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func invalid(sentence string) error { return identity.NewError(identity.Invalid, "claims", sentence) }

func startsObject(text string) bool {
	trimmed := bytes.TrimLeft([]byte(text), " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{'
}

func (a Asked) check() error {
	if len(a) > maxAsked {
		return invalid(fmt.Sprintf("The parameter claims asks for more than %d claims.", maxAsked))
	}
	for name, ask := range a {
		if len(name) > maxName || ask != nil && len(ask.Values) > maxValues {
			return invalid(fmt.Sprintf("The parameter claims has a name of more than %d bytes, or more than %d values for a claim.", maxName, maxValues))
		}
	}
	return nil
}

// accepts reports whether a value is one that is asked for.
func (a *Ask) accepts(v any) bool {
	if a.Value == nil && len(a.Values) == 0 {
		return true
	}
	if a.Value != nil && same(v, a.Value) {
		return true
	}
	return slices.ContainsFunc(a.Values, func(x any) bool { return same(v, x) })
}

// same compares by the JSON form, in which 1 and 1.0 are one number and the
// members of objects have no order.
func same(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// texts returns the texts that are asked for.
func (a *Ask) texts() (out []string) {
	if a == nil {
		return nil
	}
	for _, v := range append([]any{a.Value}, a.Values...) {
		if s, ok := v.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Subject returns the "sub" that the request insists on, "" if none: the
// authorization must fail for anybody else.
func (p *Parameter) Subject() string {
	for _, place := range []Asked{p.IDToken, p.UserInfo} {
		if subs := place["sub"].texts(); len(subs) > 0 {
			return subs[0]
		}
	}
	return ""
}

// ACR returns the classes of authentication asked for of the ID token, and
// whether one of them is essential: the authorization must fail without.
func (p *Parameter) ACR() (values []string, essential bool) {
	ask := p.IDToken["acr"]
	return ask.texts(), ask != nil && ask.Essential
}

// AuthTime reports whether auth_time is asked for of the ID token.
func (p *Parameter) AuthTime() bool {
	_, ok := p.IDToken["auth_time"]
	return ok
}
