package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// NewSchema is what AddSchema asks for.
type NewSchema struct {
	Doc      []byte // a SCIM schema document (RFC 7643 section 7)
	Type     string // the resource type that it extends, "User"
	Required bool
}

// An OwnSchema is a schema that an organisation added.
type OwnSchema struct {
	Schema   *schema.Schema
	Type     string
	Required bool
}

// Registry returns the schemas and resource types that an organisation sees.
func (d *Directory) Registry(ctx context.Context, org identity.OrgID) (*schema.Registry, error) {
	epoch, err := d.db.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	if reg, ok := d.registries.Get(epoch, org); ok {
		return reg, nil
	}
	own, err := d.OwnSchemas(ctx, org)
	if err != nil {
		return nil, err
	}
	reg, err := d.registryOf(own)
	if err != nil {
		return nil, err
	}
	d.registries.Put(epoch, org, reg)
	return reg, nil
}

func (d *Directory) registryOf(own []OwnSchema) (reg *schema.Registry, err error) {
	reg = d.standard
	for _, s := range own {
		if reg, err = reg.Extend(s.Type, s.Schema, s.Required); err != nil {
			return nil, fmt.Errorf("extend %s by %s: %w", s.Type, s.Schema.ID, err)
		}
	}
	return reg, nil
}

// OwnSchemas lists the schemas that an organisation added, by URN.
func (d *Directory) OwnSchemas(ctx context.Context, org identity.OrgID) (list []OwnSchema, err error) {
	err = d.db.View(ctx, func(tx *store.Tx) error {
		list, err = ownSchemas(ctx, tx, org)
		return err
	})
	return list, err
}

func ownSchemas(ctx context.Context, tx *store.Tx, org identity.OrgID) ([]OwnSchema, error) {
	rows, err := tx.Schemas(ctx, org)
	if err != nil {
		return nil, err
	}
	list := make([]OwnSchema, len(rows))
	for i, row := range rows {
		s, err := schema.Parse(row.Doc)
		if err != nil {
			return nil, fmt.Errorf("read stored schema %s: %w", row.ID, err)
		}
		list[i] = OwnSchema{Schema: s, Type: row.Type, Required: row.Required}
	}
	return list, nil
}

// AddSchema adds an extension of an organisation's own, from the next request
// on and without a restart; another node follows within a second. Adding one
// that the organisation has already changes it, as far as what is stored stays
// valid: attributes may come, and may become indexed or unique, but not go or
// change their type. If stored values are not unique, nothing changes and the
// answer is a Conflict.
func (d *Directory) AddSchema(ctx context.Context, by identity.Actor, org identity.OrgID, n NewSchema) (OwnSchema, error) {
	s, err := schema.Parse(n.Doc)
	if err != nil {
		return OwnSchema{}, invalidSchema(err)
	}
	own := OwnSchema{Schema: s, Type: n.Type, Required: n.Required}
	have, err := d.OwnSchemas(ctx, org)
	if err != nil {
		return OwnSchema{}, err
	}
	next, old, err := d.place(have, own)
	if err != nil {
		return OwnSchema{}, err
	}
	reg, err := d.registryOf(next)
	if err != nil {
		return OwnSchema{}, invalidSchema(err)
	}
	rt := reg.TypeByName(own.Type)
	reindex := old != nil && moreIndexed(old.Schema, s)
	if reindex {
		d.announce(org, reg)
		defer d.announce(org, nil)
		if err := d.db.Reindex(ctx, org, rt); err != nil {
			return OwnSchema{}, err
		}
	}
	if err := d.putSchema(ctx, by, org, own, n.Doc, old != nil); err != nil {
		return OwnSchema{}, err
	}
	if reindex {
		err = d.again(ctx, func() error { return d.db.Reindex(ctx, org, rt) })
	}
	return own, err
}

// again repeats a pass over all resources once other nodes know of the change
// before it: until then they wrote by the old rules.
func (d *Directory) again(ctx context.Context, pass func() error) error {
	if d.db.Driver() == "sqlite" {
		return nil // one process writes by the rules that announce set
	}
	select {
	case <-time.After(1500 * time.Millisecond):
		return pass()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// announce makes writers index by a registry that is about to come into force;
// nil ends that. When it returns no writer is left that has not heard of it.
func (d *Directory) announce(org identity.OrgID, reg *schema.Registry) {
	d.indexing.Lock()
	defer d.indexing.Unlock()
	if reg == nil {
		delete(d.coming, org)
	} else {
		d.coming[org] = reg
	}
}

func (d *Directory) putSchema(ctx context.Context, by identity.Actor, org identity.OrgID, own OwnSchema, doc []byte, changed bool) error {
	kind := identity.Created
	if changed {
		kind = identity.Replaced
	}
	return d.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Organisation(ctx, org); err != nil {
			return err
		}
		row := store.StoredSchema{ID: own.Schema.ID, Doc: doc, Type: own.Type, Required: own.Required}
		if err := tx.PutSchema(ctx, org, row); err != nil {
			return err
		}
		return tx.Record(ctx, d.schemaChange(by, org, kind, own, pair{"schema", nil, own.Schema.ID}, pair{"type", nil, own.Type}))
	})
}

func (d *Directory) schemaChange(by identity.Actor, org identity.OrgID, kind identity.ChangeKind, own OwnSchema, p ...pair) identity.Change {
	c := d.change(by, org, kind, "Schema", identity.ID{}, 0)
	c.Paths, c.Diff = diffPairs(p)
	return c
}

// place checks a schema against the others and returns the list with it, and
// the one that it replaces, if any.
func (d *Directory) place(have []OwnSchema, own OwnSchema) (next []OwnSchema, old *OwnSchema, err error) {
	if err := d.checkSchema(own); err != nil {
		return nil, nil, err
	}
	for _, h := range have {
		if !strings.EqualFold(h.Schema.ID, own.Schema.ID) {
			next = append(next, h)
			continue
		}
		if h.Type != own.Type || h.Schema.ID != own.Schema.ID {
			return nil, nil, identity.NewError(identity.Conflict, "id", "The schema "+h.Schema.ID+" extends "+h.Type+" already.")
		}
		if err := compatible(h.Schema.Attributes, own.Schema.Attributes); err != nil {
			return nil, nil, err
		}
		old = &h
	}
	if old == nil && len(have) >= d.maxSchemas {
		return nil, nil, identity.NewError(identity.Invalid, "", fmt.Sprintf("An organisation has at most %d schemas of its own.", d.maxSchemas))
	}
	return append(next, own), old, nil
}

// checkSchema reports why an organisation may not add a schema, other than what
// schema.Parse finds.
func (d *Directory) checkSchema(own OwnSchema) error {
	id := strings.ToLower(own.Schema.ID)
	switch {
	case d.standard.TypeByName(own.Type) == nil:
		return identity.NewError(identity.Invalid, "type", "There is no resource type "+own.Type+".")
	case !strings.HasPrefix(id, "urn:"):
		return identity.NewError(identity.Invalid, "id", "The id of a schema is a URN.")
	case d.standard.SchemaByID(own.Schema.ID) != nil,
		strings.HasPrefix(id, "urn:ietf:params:scim:") && !strings.HasPrefix(id, "urn:ietf:params:scim:schemas:extension:"):
		return identity.NewError(identity.Conflict, "id", "The URN "+own.Schema.ID+" belongs to the standard.")
	}
	return eachAttribute(own.Schema.Attributes, func(a *schema.Attribute) error {
		if a.Returned == schema.Never || a.Mutability == schema.WriteOnly {
			return identity.NewError(identity.Invalid, a.Name, "The attribute "+a.Name+" would be a secret (returned \"never\" or writeOnly); an organisation's own schema cannot hold secrets.")
		}
		return nil
	})
}

func eachAttribute(list []*schema.Attribute, check func(*schema.Attribute) error) error {
	for _, a := range list {
		if err := check(a); err != nil {
			return err
		}
		if err := eachAttribute(a.SubAttributes, check); err != nil {
			return err
		}
	}
	return nil
}

// compatible reports why values that fit the old attributes might not fit the
// new ones.
func compatible(old, next []*schema.Attribute) error {
	for _, o := range old {
		var n *schema.Attribute
		for _, a := range next {
			if a.Name == o.Name {
				n = a
			}
		}
		if n == nil || n.Type != o.Type || n.MultiValued != o.MultiValued || n.CaseExact != o.CaseExact {
			return identity.NewError(identity.Conflict, o.Name, "The attribute "+o.Name+" may have values: it must keep its name, type, multiValued and caseExact.")
		}
		if err := compatible(o.SubAttributes, n.SubAttributes); err != nil {
			return err
		}
	}
	return nil
}

// moreIndexed reports whether next asks for an index or for uniqueness where
// old did not.
func moreIndexed(old, next *schema.Schema) bool {
	asked := map[string]bool{}
	note := func(list []*schema.Attribute, key func(prefix string, a *schema.Attribute)) {
		for _, a := range list {
			key("", a)
			for _, sub := range a.SubAttributes {
				key(a.Name+".", sub)
			}
		}
	}
	note(old.Attributes, func(prefix string, a *schema.Attribute) {
		asked[prefix+a.Name+" indexed"] = a.Indexed
		asked[prefix+a.Name+" unique"] = unique(a)
	})
	more := false
	note(next.Attributes, func(prefix string, a *schema.Attribute) {
		more = more || a.Indexed && !asked[prefix+a.Name+" indexed"] || unique(a) && !asked[prefix+a.Name+" unique"]
	})
	return more
}

func unique(a *schema.Attribute) bool {
	return a.Uniqueness == schema.Server || a.Uniqueness == schema.Global
}

// invalidSchema turns what is wrong with a schema into an error for the caller.
func invalidSchema(err error) error {
	if e, ok := errors.AsType[*schema.Error](err); ok {
		return identity.NewError(identity.Invalid, "", e.Detail)
	}
	return identity.NewError(identity.Invalid, "", err.Error())
}
