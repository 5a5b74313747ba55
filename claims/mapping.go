package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// A Mapping fills a claim from an attribute of the user. It replaces the claim
// of that name that a person has otherwise.
type Mapping struct {
	Claim string `json:"claim"`
	Path  string `json:"path"`            // `urn:...:User:department`, `emails[type eq "work"].value`
	Scope string `json:"scope,omitempty"` // that releases it; "": only when it is asked for by name
	Type  Type   `json:"type,omitempty"`  // "": as the attribute has it
}

// A Type is the JSON type that a mapping makes of a value.
type Type string

// The types of claims.
const (
	String  Type = "string"
	Number  Type = "number"
	Boolean Type = "boolean"
	Array   Type = "array"
	JSON    Type = "json" // as it stands in the document
)

// protected are the claims that say what a token is, who made it and for whom,
// and what we vouch for ourselves. No mapping may touch them.
var protected = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time", "acr", "amr", "azp", "sid",
	"at_hash", "c_hash", "s_hash", "act", "may_act", "cnf", "client_id", "scope", "events", "typ", "gid",
	"active", "username", "token_type", "sub_id", "sub_jwk", "_claim_names", "_claim_sources",
	"email_verified", "phone_number_verified", "org_id", "org_name", "org_display_name", "updated_at",
	"authorization_details", "entitlements_verified", "toe", "txn", "vct", "vot",
}

// maxPath bounds the path of a mapping in bytes.
const maxPath = 512

var claimName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/#-]{0,127}$`)

// scopeName is what a scope may be written with, and no more (RFC 6749 section
// 3.3 allows more, which nobody can type).
var scopeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$`)

// A mapped is a Mapping bound to the schemas of an organisation.
type mapped struct {
	Mapping
	bound filter.Bound // without Attr: the attribute is gone
}

// bindAll checks the mappings of an organisation together.
func bindAll(list []Mapping, user *schema.ResourceType) ([]*mapped, error) {
	if len(list) > MaxMappings {
		return nil, fault("mappings", fmt.Sprintf("An organisation has at most %d mappings of claims.", MaxMappings))
	}
	seen, out := map[string]bool{}, make([]*mapped, len(list))
	for i, m := range list {
		if seen[m.Claim] {
			return nil, fault("claim", fmt.Sprintf("The claim %q is mapped twice.", m.Claim))
		}
		seen[m.Claim] = true
		one, err := bind(m, user)
		if err != nil {
			return nil, err
		}
		out[i] = one
	}
	return out, nil
}

func fault(field, sentence string) error {
	return identity.NewError(identity.Invalid, field, sentence)
}

// bind checks a mapping and binds its path.
func bind(m Mapping, user *schema.ResourceType) (*mapped, error) {
	switch {
	case !claimName.MatchString(m.Claim):
		return nil, fault("claim", fmt.Sprintf("%.140q cannot be the name of a claim: a letter, then letters, digits and _.:/#-, 128 at most.", m.Claim))
	case slices.Contains(protected, m.Claim):
		return nil, fault("claim", fmt.Sprintf("The claim %s is ours to make; it cannot be mapped.", m.Claim))
	case m.Scope != "" && !scopeName.MatchString(m.Scope):
		return nil, fault("scope", fmt.Sprintf("%.140q cannot be the name of a scope.", m.Scope))
	case !slices.Contains([]Type{"", String, Number, Boolean, Array, JSON}, m.Type):
		return nil, fault("type", fmt.Sprintf("The type of the claim %s is string, number, boolean, array or json.", m.Claim))
	case len(m.Path) > maxPath:
		return nil, fault("path", fmt.Sprintf("The path of the claim %s has more than %d bytes.", m.Claim, maxPath))
	}
	b, err := bindPath(m.Path, user)
	if err != nil {
		return nil, err
	}
	return &mapped{Mapping: m, bound: b}, nil
}

func bindPath(text string, user *schema.ResourceType) (filter.Bound, error) {
	path, err := filter.ParsePath(text)
	if err != nil {
		return filter.Bound{}, fault("path", err.Error())
	}
	b, err := filter.BindPath(path, user, schema.Strict)
	if err != nil {
		return filter.Bound{}, fault("path", err.Error())
	}
	a := b.Ref.Attr
	switch {
	case a == nil:
		return filter.Bound{}, fault("path", fmt.Sprintf("The path %q names no attribute of people.", text))
	case secretive(a) || secretive(b.Ref.Leaf()):
		return filter.Bound{}, fault("path", fmt.Sprintf("The attribute %s is never told to anybody.", b.Ref.Path()))
	case a.Rows:
		return filter.Bound{}, fault("path", "The groups of a person are told by the claim groups.")
	case a.Name == "meta" || a.Name == "externalId":
		return filter.Bound{}, fault("path", fmt.Sprintf("The attribute %s is no part of what a person is.", a.Name))
	}
	return b, nil
}

func secretive(a *schema.Attribute) bool {
	return a.Returned == schema.Never || a.Mutability == schema.WriteOnly
}

// value makes the claim, nil if the person has no value for it or one that
// cannot be of the claim's type.
func (m *mapped) value(doc schema.Object) any {
	if m.bound.Ref.Attr == nil {
		return nil
	}
	v := m.raw(doc)
	if v == nil {
		return nil
	}
	list, many := v.([]any)
	switch {
	case m.Type == Array && !many:
		return []any{v}
	case m.Type == Array || m.Type == JSON || m.Type == "":
		return v
	case many:
		v = list[0]
	}
	return convert(v, m.Type)
}

// raw returns what the path names: the list of all that a multi-valued attribute
// has, unless the path chooses among them by a filter that one satisfies.
func (m *mapped) raw(doc schema.Object) any {
	ref := m.bound.Ref
	if m.bound.Filter == nil {
		return ref.Get(doc)
	}
	whole := ref
	whole.Sub = nil
	list, _ := whole.Get(doc).([]any)
	var out []any
	for _, e := range list {
		o, ok := e.(schema.Object)
		if !ok || !filter.MatchElement(m.bound.Filter, o) {
			continue
		}
		if ref.Sub == nil {
			out = append(out, o)
		} else if v, ok := o[ref.Sub.Name]; ok {
			out = append(out, v)
		}
	}
	switch {
	case len(out) == 0:
		return nil
	case len(out) == 1 && m.Type == "":
		return out[0]
	}
	return out
}

// convert brings a single value into a type, nil if it cannot be.
func convert(v any, t Type) any {
	switch t {
	case String:
		switch v := v.(type) {
		case string:
			return v
		case bool:
			return strconv.FormatBool(v)
		case int64:
			return strconv.FormatInt(v, 10)
		case float64:
			return strconv.FormatFloat(v, 'g', -1, 64)
		case schema.Object:
			return optional(text(v, "value"))
		}
	case Number:
		switch v := v.(type) {
		case int64, float64:
			return v
		case string:
			return number(v)
		}
	case Boolean:
		switch v := v.(type) {
		case bool:
			return v
		case string:
			if v == "true" || v == "false" {
				return v == "true"
			}
		}
	}
	return nil
}

// number reads a number as JSON writes one.
func number(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != f || f-f != 0 {
		return nil
	}
	return f
}
