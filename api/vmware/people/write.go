package people

import (
	"context"
	"errors"
	"slices"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

// An Edit is all that these APIs say of a user; what is empty the user has not.
type Edit struct {
	Name    string
	Given   string
	Family  string
	Display string
	Email   string
	Phone   string
	Active  bool
	// Password is the one that the user gets; "": none, or the one they have. It
	// is not judged here.
	Password string
}

// CreateUser makes a user in the organisation of the actor.
func (d Desk) CreateUser(ctx context.Context, by identity.Actor, e Edit) (identity.ID, error) {
	rt, err := d.typeOf(ctx, by.Org, userKind)
	if err != nil {
		return identity.ID{}, err
	}
	doc, err := e.merge(rt, schema.Object{"schemas": []any{rt.Schema.ID}})
	if err != nil {
		return identity.ID{}, err
	}
	if e.Password != "" {
		doc["password"] = e.Password
	}
	r, err := d.Directory.Create(ctx, by, rt, doc)
	if err != nil {
		return identity.ID{}, err
	}
	return r.ID, nil
}

// ChangeUser makes a user what an edit says; what these APIs do not know of stays.
func (d Desk) ChangeUser(ctx context.Context, by identity.Actor, user identity.ID, e Edit) error {
	rt, err := d.typeOf(ctx, by.Org, userKind)
	if err != nil {
		return err
	}
	return d.modify(ctx, by, rt, user, func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
		doc, err := e.merge(rt, schema.Clone(old))
		if err == nil && e.Password != "" {
			doc["password"] = e.Password
		}
		return doc, nil, err
	})
}

// DeleteUser removes a user.
func (d Desk) DeleteUser(ctx context.Context, by identity.Actor, user identity.ID) error {
	rt, err := d.typeOf(ctx, by.Org, userKind)
	if err != nil {
		return err
	}
	return d.Directory.Delete(ctx, by, rt, user)
}

func (d Desk) modify(ctx context.Context, by identity.Actor, rt *schema.ResourceType, id identity.ID, change func(schema.Object) (schema.Object, []directory.MemberEdit, error)) error {
	out, err := d.Directory.Write(ctx, by, []directory.Unit{{{Method: directory.Modify, Type: rt, ID: id, Change: change}}}, 0)
	if err != nil {
		return err
	}
	return out[0][0].Err
}

// merge writes the edit into a document of its own.
func (e Edit) merge(rt *schema.ResourceType, doc schema.Object) (schema.Object, error) {
	for _, v := range []struct {
		path  string
		value any
	}{
		{"userName", e.Name}, {"name.givenName", e.Given}, {"name.familyName", e.Family}, {"displayName", e.Display}, {"active", e.Active},
		{"emails", oneOf(doc["emails"], e.Email)}, {"phoneNumbers", oneOf(doc["phoneNumbers"], e.Phone)},
	} {
		if err := put(rt, doc, v.path, v.value); err != nil {
			return nil, err
		}
	}
	return doc, invalid(rt.Finish(doc))
}

// put sets one attribute; an empty value removes it.
func put(rt *schema.ResourceType, doc schema.Object, path string, value any) error {
	ref, ok := rt.FindPath(path)
	if !ok {
		return nil
	}
	if value == "" {
		value = nil
	}
	if value != nil {
		var err error
		if value, err = rt.Value(ref, value, schema.RFC); err != nil {
			return invalid(err)
		}
	}
	if value == nil && ref.Get(doc) == nil {
		return nil
	}
	ref.Set(doc, value)
	return nil
}

// oneOf puts a value in the place of the one that these APIs show of several.
func oneOf(have any, value string) any {
	list, _ := have.([]any)
	list = slices.Clone(list)
	at := slices.IndexFunc(list, func(v any) bool {
		o, _ := v.(schema.Object)
		primary, _ := o["primary"].(bool)
		return primary
	})
	if at < 0 && len(list) > 0 {
		at = 0
	}
	switch {
	case value == "" && at >= 0:
		list = slices.Delete(list, at, at+1)
	case value != "" && at >= 0:
		o := schema.Clone(list[at]).(schema.Object)
		o["value"] = value
		list[at] = o
	case value != "":
		list = append(list, schema.Object{"value": value, "type": "work", "primary": true})
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// invalid tells the caller of a value that the schema does not take.
func invalid(err error) error {
	if fault, ok := errors.AsType[*schema.Error](err); ok {
		return identity.NewError(identity.Invalid, "", fault.Detail)
	}
	return err
}

// CreateGroup makes a group in the organisation of the actor.
func (d Desk) CreateGroup(ctx context.Context, by identity.Actor, name string) (identity.ID, error) {
	rt, err := d.typeOf(ctx, by.Org, groupKind)
	if err != nil {
		return identity.ID{}, err
	}
	doc := schema.Object{"schemas": []any{rt.Schema.ID}}
	if err := put(rt, doc, "displayName", name); err != nil {
		return identity.ID{}, err
	}
	if err := invalid(rt.Finish(doc)); err != nil {
		return identity.ID{}, err
	}
	r, err := d.Directory.Create(ctx, by, rt, doc)
	if err != nil {
		return identity.ID{}, err
	}
	return r.ID, nil
}

// RenameGroup gives a group another name.
func (d Desk) RenameGroup(ctx context.Context, by identity.Actor, group identity.ID, name string) error {
	rt, err := d.typeOf(ctx, by.Org, groupKind)
	if err != nil {
		return err
	}
	return d.modify(ctx, by, rt, group, func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
		doc := schema.Clone(old)
		if err := put(rt, doc, "displayName", name); err != nil {
			return nil, nil, err
		}
		return doc, nil, invalid(rt.Finish(doc))
	})
}

// SetGroups makes a user a direct member of these groups and of no others, all
// at once or not at all.
func (d Desk) SetGroups(ctx context.Context, by identity.Actor, user identity.ID, groups []identity.ID) error {
	rt, err := d.typeOf(ctx, by.Org, groupKind)
	if err != nil {
		return err
	}
	u, err := d.User(ctx, by.Org, user.String())
	if err != nil {
		return err
	}
	var unit directory.Unit
	edit := func(group identity.ID, op directory.MemberOp) {
		unit = append(unit, directory.Write{Method: directory.Modify, Type: rt, ID: group,
			Change: func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
				return old, []directory.MemberEdit{{Op: op, Members: []string{user.String()}}}, nil
			}})
	}
	var have []identity.ID
	for _, g := range u.Groups {
		if g.Direct {
			have = append(have, g.ID)
			if !slices.Contains(groups, g.ID) {
				edit(g.ID, directory.RemoveMembers)
			}
		}
	}
	for _, g := range groups {
		if !slices.Contains(have, g) {
			have = append(have, g)
			edit(g, directory.AddMembers)
		}
	}
	if len(unit) == 0 {
		return nil
	}
	out, err := d.Directory.Write(ctx, by, []directory.Unit{unit}, 0)
	for i := 0; err == nil && i < len(out[0]); i++ {
		err = out[0][i].Err
	}
	return err
}
