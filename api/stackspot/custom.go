package stackspot

import (
	"context"
	_ "embed" // the schema of the extension
	"slices"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

// customURN is the extension of users that this API has.
const customURN = "urn:ietf:params:scim:schemas:extension:custom:2.0:User"

//go:embed custom.json
var customSchema []byte

// custom are the attributes of the extension that clients see, but for
// is_email_verified and properties.
var custom = struct{ texts, flags []string }{
	texts: []string{"company", "ddd", "ddi", "gender", "hireDate", "machineName", "preferredLoginName", "resourceOwner"},
	flags: []string{"blocked", "generatePassword", "human"},
}

// typeOf returns a resource type as the organisation of the visit has it.
func (v *visit) typeOf(ctx context.Context, name string) (*schema.ResourceType, error) {
	reg, err := v.dir.Registry(ctx, v.by.Org)
	if err != nil {
		return nil, err
	}
	return reg.TypeByName(name), nil
}

// customised is the resource type of users with the extension. An organisation
// gets it with the first value that is to be stored under it.
func (v *visit) customised(ctx context.Context) (*schema.ResourceType, error) {
	rt, err := v.typeOf(ctx, "User")
	if err != nil || rt.Extension(customURN) != nil {
		return rt, err
	}
	if _, err := v.dir.AddSchema(ctx, v.by, v.by.Org, directory.NewSchema{Doc: slices.Clone(customSchema), Type: "User"}); err != nil {
		return nil, err
	}
	return v.typeOf(ctx, "User")
}

// A said is what a request says of a user that is no part of the document.
type said struct {
	verified *bool // is_email_verified
	active   bool  // the request names active
	custom   bool  // the request names something of the extension
}

// spellings bring what a request says of a user into the words of SCIM, and note
// what is no part of the document.
func (s *said) spellings() spellings {
	return spellings{value: func(t target, v any) (any, bool, error) {
		if t.is("", customURN) || t.is(customURN, "") {
			v, err := s.extension(v)
			o, object := v.(schema.Object)
			keep := !object || len(o) > 0
			s.custom = s.custom || keep
			return v, keep, err
		}
		s.active = s.active || t.is("", "active") || t.is(schema.UserURN, "active")
		if t.uri == "" {
			return v, true, nil
		}
		if t.is(customURN, "is_email_verified") {
			return nil, false, s.verify(v)
		}
		s.custom = s.custom || t.is(customURN, t.name)
		if t.is(customURN, "properties") {
			v, err := propertiesText(v)
			return v, true, err
		}
		return v, true, nil
	}}
}

// extension brings the value of the whole extension into the words of SCIM.
func (s *said) extension(v any) (any, error) {
	o, ok := v.(schema.Object)
	if !ok {
		return v, nil
	}
	out := make(schema.Object, len(o))
	for key, x := range o {
		t := target{uri: customURN, name: key}
		var err error
		switch {
		case t.is(customURN, "is_email_verified"):
			err = s.verify(x)
		case t.is(customURN, "properties"):
			out["properties"], err = propertiesText(x)
		default:
			out[key] = x
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *said) verify(v any) error {
	if v == nil {
		return nil
	}
	yes, ok := v.(bool)
	if !ok {
		return identity.NewError(identity.Invalid, "is_email_verified", "is_email_verified is true or false.")
	}
	s.verified = &yes
	return nil
}

// propertiesText is the free object as the text that is stored.
func propertiesText(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	o, ok := v.(schema.Object)
	if !ok {
		return nil, identity.NewError(identity.Invalid, "properties", "The properties are an object.")
	}
	if len(o) == 0 {
		return nil, nil
	}
	return string(schema.AppendValue(nil, o)), nil
}

// showCustom is the extension as clients see it.
func showCustom(doc schema.Object, verified bool) schema.Object {
	ext, _ := doc[customURN].(schema.Object)
	out := schema.Object{"is_email_verified": verified}
	for _, name := range custom.texts {
		s, _ := ext[name].(string)
		out[name] = orNull(s)
	}
	for _, name := range custom.flags {
		yes, _ := ext[name].(bool)
		out[name] = yes
	}
	out["blocked"] = blocked(doc)
	text, _ := ext["properties"].(string)
	out["properties"] = rawObject(text)
	return out
}

// blocked reports whether a user is shut out by the extension. What decides about
// sign-in is active: who was made active again by another door is blocked no
// more, whatever the extension has kept.
func blocked(doc schema.Object) bool {
	ext, _ := doc[customURN].(schema.Object)
	yes, _ := ext["blocked"].(bool)
	return yes && !active(doc)
}

func active(doc schema.Object) bool {
	yes, given := doc["active"].(bool)
	return yes || !given
}

// settled is the document of a user after a change: who is blocked is not active,
// and who is no longer blocked is active again, unless the request says
// otherwise. It may change next.
func (s *said) settled(old, next schema.Object) schema.Object {
	ext, _ := next[customURN].(schema.Object)
	shut, _ := ext["blocked"].(bool)
	switch {
	case shut:
		next["active"] = false
	case old != nil && blocked(old) && !s.active:
		next["active"] = true
	}
	return next
}

// current is a stored document as a change sees it: a block that another door
// has lifted is gone.
func current(old schema.Object) schema.Object {
	ext, _ := old[customURN].(schema.Object)
	if yes, _ := ext["blocked"].(bool); !yes || blocked(old) {
		return old
	}
	out := schema.Clone(old)
	out[customURN].(schema.Object)["blocked"] = false
	return out
}
