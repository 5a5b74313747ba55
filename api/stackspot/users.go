package stackspot

import (
	"context"
	"net/http"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
)

// A userDoor serves users.
type userDoor struct{ stored }

var users = userDoor{stored{name: "User", collection: "Users", items: showUsers}}

// plainTexts are the attributes of users that are text.
var plainTexts = []string{"displayName", "locale", "nickName", "preferredLanguage", "profileUrl", "timezone", "title", "userName", "userType"}

func showUsers(ctx context.Context, v *visit, rt *schema.ResourceType, list []*directory.Resource) ([]item, error) {
	ids := make([]identity.ID, len(list))
	for i, res := range list {
		ids[i] = res.ID
	}
	verified, err := v.dir.VerifiedEmails(ctx, v.by.Org, ids)
	if err != nil {
		return nil, err
	}
	out := make([]item, len(list))
	for i, res := range list {
		doc, err := rt.Load(res.Doc)
		if err != nil {
			return nil, err
		}
		address := email(doc)
		out[i] = item{
			id: res.ID.String(), external: res.ExternalID(v.by.Domain), kind: "User", collection: "Users",
			schemas: []string{schema.UserURN, customURN},
			created: res.Created, modified: res.Modified, version: res.Version,
			attributes: showUser(doc, address != "" && verified[res.ID][directory.Fold(address)]),
		}
	}
	return out, nil
}

// showUser is a user as clients see one. The password is never shown.
func showUser(doc schema.Object, verified bool) schema.Object {
	out := schema.Object{"active": active(doc), customURN: showCustom(doc, verified)}
	for _, name := range plainTexts {
		s, _ := doc[name].(string)
		out[name] = orNull(s)
	}
	name, _ := doc["name"].(schema.Object)
	family, _ := name["familyName"].(string)
	given, _ := name["givenName"].(string)
	out["name"] = schema.Object{"familyName": orNull(family), "givenName": orNull(given)}
	for _, attr := range []string{"emails", "phoneNumbers"} {
		list, _ := doc[attr].([]any)
		shown := make([]any, 0, len(list))
		for _, x := range list {
			o, _ := x.(schema.Object)
			primary, _ := o["primary"].(bool)
			shown = append(shown, schema.Object{"primary": primary, "type": o["type"], "value": o["value"]})
		}
		out[attr] = shown
	}
	return out
}

// email is the address that a user is written to: the primary one, else the
// first.
func email(doc schema.Object) string {
	list, _ := doc["emails"].([]any)
	first := ""
	for _, x := range list {
		o, _ := x.(schema.Object)
		s, _ := o["value"].(string)
		if o["primary"] == true {
			return s
		}
		if first == "" {
			first = s
		}
	}
	return first
}

// mine are the attributes that a POST may hold.
var mine = append([]string{"active", "emails", "name", "password", "phoneNumbers", "externalId", customURN}, plainTexts...)

func (u userDoor) create(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	body, err := read(w, r)
	if err != nil {
		return err
	}
	var s said
	given, err := s.spellings().values(some(body, mine...))
	if err != nil {
		return err
	}
	if err := named(given); err != nil {
		return err
	}
	rt, err := v.typeOf(ctx, u.name)
	if err == nil && s.custom {
		rt, err = v.customised(ctx)
	}
	if err != nil {
		return err
	}
	res, err := u.made(ctx, v, rt, given, func(doc schema.Object) schema.Object {
		if doc["active"] == nil {
			doc["active"] = true
		}
		return s.settled(nil, generated(nil, doc))
	})
	if err != nil {
		return err
	}
	it, err := u.finish(ctx, v, rt, res, s)
	if err != nil {
		return err
	}
	return v.one(w, http.StatusCreated, it)
}

// named gives a user without a name the e-mail address for one.
func named(body schema.Object) error {
	if s, _ := body["userName"].(string); strings.TrimSpace(s) != "" {
		return nil
	}
	if s := email(body); s != "" && body["userName"] == nil {
		body["userName"] = s
		return nil
	}
	return identity.NewError(identity.Invalid, "userName", "A user needs a userName or an e-mail address.")
}

// generated gives a user a password if the extension asks for one and old did
// not, and none is given.
func generated(old, next schema.Object) schema.Object {
	asks := func(doc schema.Object) bool {
		ext, _ := doc[customURN].(schema.Object)
		yes, _ := ext["generatePassword"].(bool)
		return yes
	}
	if asks(next) && !asks(old) && next["password"] == nil {
		next["password"] = newPassword()
	}
	return next
}

// finish notes what is no part of the document, and shows the user.
func (u userDoor) finish(ctx context.Context, v *visit, rt *schema.ResourceType, res *directory.Resource, s said) (it item, err error) {
	if s.verified != nil {
		doc, err := rt.Load(res.Doc)
		if err != nil {
			return it, err
		}
		if address := email(doc); address != "" {
			if err := v.dir.SetVerifiedEmail(ctx, v.by, res.ID, address, *s.verified); err != nil {
				return it, err
			}
		}
	}
	return u.item(ctx, v, rt, res)
}

// replace is a PUT, which changes a few attributes and leaves the others alone.
func (u userDoor) replace(w http.ResponseWriter, r *http.Request, v *visit) error {
	body, err := read(w, r)
	if err != nil {
		return err
	}
	given := some(body, "emails", "name", "phoneNumbers", "userName", customURN)
	if ext, ok := given[customURN].(schema.Object); ok {
		given[customURN] = some(ext, "company", "ddd", "ddi", "hireDate", "is_email_verified")
	}
	it, err := u.change(r, v, replacing(given))
	if err != nil {
		return err
	}
	return v.replaced(w, true, it)
}

func (u userDoor) patch(w http.ResponseWriter, r *http.Request, v *visit) error {
	body, err := read(w, r)
	if err != nil {
		return err
	}
	it, err := u.change(r, v, body)
	if err != nil {
		return err
	}
	return v.one(w, http.StatusOK, it)
}

func (u userDoor) change(r *http.Request, v *visit, body schema.Object) (it item, err error) {
	ctx := r.Context()
	rt, res, err := u.find(r, v)
	if err != nil {
		return it, err
	}
	var s said
	message, err := plainMessage(body, s.spellings())
	if err != nil {
		return it, err
	}
	if s.custom {
		if rt, err = v.customised(ctx); err != nil {
			return it, err
		}
	}
	if operations(message) {
		res, err = u.changed(r, v, rt, res.ID, message, func(old, next schema.Object) schema.Object {
			return s.settled(old, generated(old, next))
		})
	} else {
		err = still(r, res.Version)
	}
	if err != nil {
		return it, err
	}
	return u.finish(ctx, v, rt, res, s)
}

// rolesOf lists the roles that a user has: direct, through groups, and of
// everyone.
func rolesOf(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	start, count, err := span(r)
	if err != nil {
		return err
	}
	_, res, err := users.find(r, v)
	if err != nil {
		return err
	}
	held, err := v.access.RolesOf(ctx, v.by.Org, identity.UserSubject, res.ID)
	if err != nil {
		return err
	}
	seen := map[identity.ID]bool{}
	var list []access.Role
	for _, h := range held {
		if !seen[h.Role.ID] {
			seen[h.Role.ID] = true
			list = append(list, h.Role)
		}
	}
	total := len(list)
	list = list[min(start-1, total):]
	all, err := roleKind(v.access).items(ctx, v, list[:min(count, len(list))])
	if err != nil {
		return err
	}
	return v.page(w, all, total, start)
}

// membersOf lists the users that have a role, for those who may read both.
func membersOf(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	start, count, err := span(r)
	if err != nil {
		return err
	}
	role, err := roleKind(v.access).id(r, v)
	if err != nil {
		return err
	}
	if _, err := v.access.Roles.Get(ctx, v.by, role); err != nil {
		return err
	}
	rt, err := v.typeOf(ctx, users.name)
	if err != nil {
		return err
	}
	var list []*directory.Resource
	total, after := 1, identity.ID{}
	for skip := start - 1; total > 0; {
		var ids []identity.ID
		if ids, total, err = v.access.Holders(ctx, v.by, role, after, maxPage); err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		after = ids[len(ids)-1]
		ids = ids[min(skip, len(ids)):]
		skip = max(0, skip-maxPage)
		for _, id := range ids[:min(len(ids), count-len(list))] {
			res, err := v.dir.Get(ctx, v.by, rt, id, users.rows)
			switch {
			case identity.KindOf(err) == identity.NotFound:
				continue // gone since
			case err != nil:
				return err
			}
			list = append(list, res)
		}
		if len(list) >= count {
			break
		}
	}
	all, err := showUsers(ctx, v, rt, list)
	if err != nil {
		return err
	}
	return v.page(w, all, total, start)
}
