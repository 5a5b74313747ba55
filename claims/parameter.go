package claims

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
func ParseParameter(text string) (*Parameter, error) { panic("unfinished") }

// Subject returns the "sub" that the request insists on, "" if none: the
// authorization must fail for anybody else.
func (p *Parameter) Subject() string { panic("unfinished") }

// ACR returns the classes of authentication asked for of the ID token, and
// whether one of them is essential: the authorization must fail without.
func (p *Parameter) ACR() (values []string, essential bool) { panic("unfinished") }

// AuthTime reports whether auth_time is asked for of the ID token.
func (p *Parameter) AuthTime() bool { panic("unfinished") }
