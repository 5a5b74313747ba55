package cloudapi

import (
	"slices"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// A rightJSON is something that a role can allow: a permission of the catalogue,
// or an operation of our own API, which is a built-in action.
type rightJSON struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	BundleKey   string      `json:"bundleKey"`
	Category    string      `json:"category"`
	Namespace   string      `json:"serviceNamespace"`
	Type        string      `json:"rightType"`
	Implied     []reference `json:"impliedRights"`
}

var rightFields = fields{
	"id": {id: true, unsortable: true}, "name": {}, "description": {}, "bundleKey": {}, "category": {id: true},
	"serviceNamespace": {}, "rightType": {}, "impliedRights": {unsortable: true, unsearchable: true}, "_context": {unsortable: true},
}

// A category is what rights are sorted into.
type category struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
	BundleKey   string  `json:"bundleKey"`
	Parent      *string `json:"parent"`
}

// The categories: the operations of the server itself, and what organisations
// made.
var (
	operations  = category{urn(kindCategory, "6d757374-6572-8000-8000-0000000000c0"), "Administration", "Operations of the server itself", "muster.category.administration", nil}
	permissions = category{urn(kindCategory, "6d757374-6572-8000-8000-0000000000c1"), "Permissions", "Permissions of the catalogue", "muster.category.permissions", nil}
)

func actionRight(a access.Action, all []access.Action) rightJSON {
	out := rightJSON{
		ID: urn(kindRight, a.ID.String()), Name: a.Name, Description: a.Description, BundleKey: "muster.right." + a.Name,
		Category: operations.ID, Namespace: "muster", Type: "MODIFY", Implied: []reference{},
	}
	if strings.HasSuffix(a.Name, ":read") || a.Name == string(identity.SignedIn) {
		out.Type = "VIEW"
	}
	if read, ok := impliedBy(a, all); ok {
		out.Implied = append(out.Implied, reference{read.Name, urn(kindRight, read.ID.String())})
	}
	return out
}

// impliedBy returns the action without which another is of no use: one reads what
// one writes.
func impliedBy(a access.Action, all []access.Action) (access.Action, bool) {
	topic, ok := strings.CutSuffix(a.Name, ":write")
	i := slices.IndexFunc(all, func(r access.Action) bool { return ok && r.Name == topic+":read" })
	if i < 0 {
		return access.Action{}, false
	}
	return all[i], true
}

func permissionRight(p access.Permission) rightJSON {
	return rightJSON{
		ID: urn(kindRight, p.ID.String()), Name: p.Name, Description: p.Description, BundleKey: noBundle,
		Category: permissions.ID, Type: "MODIFY", Implied: []reference{},
	}
}

// ownActions returns the actions that stand for operations of our own API.
func (d *Door) ownActions(c *call) ([]access.Action, error) {
	reader := c.by
	reader.Perms = identity.Perms{identity.AccessRead}
	list, err := everything(c.ctx, d.o.Access.Actions, reader)
	return slices.DeleteFunc(list, func(a access.Action) bool { return !identity.BuiltIn(a.ID) }), err
}

// rights returns all rights of the organisation, operations first.
func (d *Door) rights(c *call) ([]rightJSON, error) {
	actions, err := d.ownActions(c)
	if err != nil {
		return nil, err
	}
	reader := c.by
	reader.Perms = identity.Perms{identity.AccessRead}
	list, err := everything(c.ctx, d.o.Access.Permissions, reader)
	out := make([]rightJSON, 0, len(actions)+len(list))
	for _, a := range actions {
		out = append(out, actionRight(a, actions))
	}
	for _, p := range list {
		out = append(out, permissionRight(p))
	}
	return out, err
}

func (d *Door) listRights(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	all, err := d.rights(c)
	if err != nil {
		return err
	}
	return sendAll(d, c, listing{ask: a, model: "Rights", fields: rightFields, usual: "name"}, all)
}

func (d *Door) getRight(c *call) error {
	id, err := idOf(kindRight, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := d.rights(c)
	if err != nil {
		return err
	}
	for _, r := range all {
		if bare(r.ID) == id.String() {
			return c.ok(r)
		}
	}
	return errNothing
}

// rightsOf picks those rights that a role has. What its statements allow beside
// them has no name here.
func rightsOf(r access.Role, all []rightJSON) []reference {
	out := []reference{}
	for _, one := range all {
		id, _ := identity.ParseID(bare(one.ID))
		if slices.Contains(r.Permissions, id) || identity.BuiltIn(id) && slices.ContainsFunc(r.Statements, func(s access.Statement) bool {
			return onOurAPI(s) && (slices.Contains(s.Actions, id.String()) || slices.Contains(s.Actions, "*"))
		}) {
			out = append(out, reference{one.Name, one.ID})
		}
	}
	return out
}

// ourAPI is how a statement names our own API.
const ourAPI = "muster/api"

// onOurAPI reports whether a statement allows operations of our own API, and
// nothing else.
func onOurAPI(s access.Statement) bool {
	id, ok := identity.ParseID(s.Resource)
	return !s.Deny && s.Condition == "" && (s.Resource == ourAPI || ok && identity.BuiltIn(id))
}

func (d *Door) roleRights(c *call) error {
	r, err := d.role(c)
	if err != nil {
		return err
	}
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	return d.sendRights(c, r, a)
}

// sendRights answers with the rights of a role.
func (d *Door) sendRights(c *call, r access.Role, a ask) error {
	all, err := d.rights(c)
	if err != nil {
		return err
	}
	return sendAll(d, c, listing{ask: a, model: "EntityReferences", fields: referenceFields, usual: "name", add: c.may(identity.AccessWrite)}, rightsOf(r, all))
}

func (d *Door) addRights(c *call) error     { return d.changeRights(c, false) }
func (d *Door) replaceRights(c *call) error { return d.changeRights(c, true) }

// changeRights adds rights to a role, or gives it these and no others.
func (d *Door) changeRights(c *call, replace bool) error {
	id, err := d.writableRole(c)
	if err != nil {
		return err
	}
	want, err := c.references(kindRight)
	if err != nil {
		return err
	}
	actions, err := d.ownActions(c)
	if err != nil {
		return err
	}
	r, err := d.o.Access.Roles.Change(c.ctx, c.by, id, 0, func(r *access.Role) error {
		return giveRights(r, want, actions, replace)
	})
	if identity.KindOf(err) == identity.NotFound {
		err = errNothing // of an organisation above
	}
	if err != nil {
		return err
	}
	return d.sendRights(c, *r, ask{page: 1, size: maxPageSize})
}

// giveRights changes the rights of a role. A right without the one that it
// implies is refused.
func giveRights(r *access.Role, want []identity.ID, actions []access.Action, replace bool) error {
	var perms []identity.ID
	var texts []string
	rest := slices.Clone(r.Statements)
	if !replace {
		perms = slices.Clone(r.Permissions)
	}
	rest = slices.DeleteFunc(rest, func(s access.Statement) bool {
		if onOurAPI(s) && !replace {
			texts = append(texts, s.Actions...)
		}
		return onOurAPI(s)
	})
	for _, id := range want {
		known := slices.ContainsFunc(actions, func(a access.Action) bool { return a.ID == id })
		switch {
		case identity.BuiltIn(id) && !known:
			return identity.NewError(identity.Invalid, "values", "There is no right "+id.String()+".")
		case known && !slices.Contains(texts, id.String()):
			texts = append(texts, id.String())
		case !known && !slices.Contains(perms, id):
			perms = append(perms, id)
		}
	}
	for _, a := range actions {
		read, ok := impliedBy(a, actions)
		if ok && slices.Contains(texts, a.ID.String()) && !slices.Contains(texts, read.ID.String()) {
			return identity.NewError(identity.Invalid, "values", "The right "+a.Name+" implies "+read.Name+", which is missing.")
		}
	}
	if len(texts) > 0 {
		rest = append(rest, access.Statement{Actions: texts, Resource: ourAPI})
	}
	r.Permissions, r.Statements = perms, rest
	return nil
}

func (d *Door) listCategories(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	t := fields{"id": {id: true, unsortable: true}, "name": {}, "description": {}, "bundleKey": {}}
	return sendAll(d, c, listing{ask: a, model: "RightsCategories", fields: t, usual: "name"}, []category{operations, permissions})
}

func (d *Door) getCategory(c *call) error {
	for _, one := range []category{operations, permissions} {
		if bare(c.r.PathValue("id")) == bare(one.ID) {
			return c.ok(one)
		}
	}
	return errNothing
}

// listBundles lists no bundles: what an organisation may give its roles is
// bounded by what its owners have.
func (d *Door) listBundles(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	return sendAll(d, c, listing{ask: a, model: "RightsBundles", fields: roleFields, usual: "name"}, []roleJSON{})
}
