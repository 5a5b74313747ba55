package access

import (
	"context"
	"fmt"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// Start makes the built-in things of the catalogue in the root organisation, on
// every start of a process: those that are missing, and those that an older
// version made otherwise. Several processes may start at once.
func (s *Service) Start(ctx context.Context) error {
	root, err := s.dir.Root(ctx)
	if err != nil {
		return fmt.Errorf("start access: %w", err)
	}
	by := identity.Actor{Kind: identity.BySystem, Org: root.ID, Name: "start", Perms: identity.AllPerms()}
	built := catalogue.BuiltInThings()
	var all []builtIn
	for _, t := range built.Actions {
		all = append(all, builtInOf(t.ID, t))
	}
	all = append(all, builtInOf(built.ResourceType.ID, built.ResourceType), builtInOf(built.Resource.ID, built.Resource))
	for _, t := range built.Roles {
		all = append(all, builtInOf(t.ID, t))
	}
	have, err := s.built(ctx, root.ID, all)
	if err != nil {
		return fmt.Errorf("start access: %w", err)
	}
	for _, b := range all {
		if err := s.build(ctx, by, b, have[b.id]); err != nil {
			return fmt.Errorf("make the built-in %s %s: %w", spoken(b.rt.Name), b.id, err)
		}
	}
	return nil
}

// A builtIn is a thing that every database has.
type builtIn struct {
	rt  *schema.ResourceType
	id  identity.ID
	doc func(old schema.Object) schema.Object
}

func builtInOf[T catalogue.Thing](id identity.ID, t T) builtIn {
	return builtIn{catalogue.TypeOf[T](), id, func(old schema.Object) schema.Object { return catalogue.Merge(old, t) }}
}

// built reads those that are there.
func (s *Service) built(ctx context.Context, root identity.OrgID, all []builtIn) (have map[identity.ID]*store.Resource, err error) {
	list := make([]identity.ID, len(all))
	for i, b := range all {
		list[i] = b.id
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		have, err = tx.GetMany(ctx, root, list)
		return err
	})
	return have, err
}

// build makes a thing as it is to be, if have is not so.
func (s *Service) build(ctx context.Context, by identity.Actor, b builtIn, have *store.Resource) error {
	w := directory.Write{Method: directory.Create, Type: b.rt, ID: b.id, Doc: b.doc(nil)}
	if have != nil {
		old, err := b.rt.Load(have.Doc)
		if err != nil || schema.Equal(old, b.doc(old)) {
			return err
		}
		w = directory.Write{Method: directory.Modify, Type: b.rt, ID: b.id, Change: func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
			return b.doc(old), nil, nil
		}}
	}
	out, err := s.dir.Write(ctx, by, []directory.Unit{{w}}, 0)
	if err == nil {
		err = out[0][0].Err
	}
	if identity.KindOf(err) == identity.Conflict && w.Method == directory.Create {
		return nil // another process made it at this moment
	}
	return err
}
