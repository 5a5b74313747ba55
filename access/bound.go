package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// timeUnit is how exactly the database keeps times.
const timeUnit = time.Millisecond

// everyPerm are all permissions that a role can give.
func everyPerm() identity.Perms { return append(identity.AllPerms(), identity.SignedIn) }

// muster is the name of our own API in questions.
const muster = catalogue.MusterSlug

// rolePerms is permsOf in a transaction of its own. A role that is gone allows
// nothing.
func (s *Service) rolePerms(ctx context.Context, chain []identity.OrgID, role identity.ID) (perms identity.Perms, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		perms, err = permsOf(ctx, tx, chain, role)
		return err
	})
	if identity.KindOf(err) == identity.Invalid {
		return nil, nil
	}
	return perms, err
}

// permsOf returns what a role of one of some organisations allows on our own API
// at most: what it denies, and on which conditions, does not count. Invalid if
// there is no such role.
func permsOf(ctx context.Context, tx *store.Tx, chain []identity.OrgID, id identity.ID) (identity.Perms, error) {
	for _, r := range identity.BuiltInRoles() {
		if r.ID == id {
			return r.Perms, nil
		}
	}
	r, err := findThing(ctx, tx, chain, id, catalogue.Decode[catalogue.Role])
	if err != nil || r == nil {
		if err == nil {
			err = identity.NewError(identity.Invalid, "role", "There is no role "+id.String()+".")
		}
		return nil, err
	}
	all := r.Statements
	for _, id := range r.Permissions {
		p, err := findThing(ctx, tx, chain, id, catalogue.Decode[catalogue.Permission])
		if err != nil {
			return nil, err
		}
		if p != nil {
			all = append(slices.Clip(all), p.Statements...)
		}
	}
	return allowed(all), nil
}

// findThing reads a thing of one of some organisations, nil if there is none.
func findThing[T catalogue.Thing](ctx context.Context, tx *store.Tx, chain []identity.OrgID, id identity.ID, decode func(*store.Resource) (T, error)) (*T, error) {
	for _, org := range chain {
		r, err := tx.Get(ctx, org, catalogue.TypeOf[T]().Name, id)
		if identity.KindOf(err) == identity.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		t, err := decode(r)
		return &t, err
	}
	return nil, nil
}

// allowed asks what statements allow on our own API, in a world of their own.
func allowed(list []catalogue.Statement) (perms identity.Perms) {
	var own []policy.Statement
	for _, st := range list {
		if !st.Deny && mayConcern(st.Resource) {
			st.Condition = ""
			own = append(own, policy.Statement(st))
		}
	}
	if len(own) == 0 {
		return nil
	}
	role, user := identity.NewID(), identity.NewID()
	built := catalogue.BuiltInThings()
	w := policy.World{
		ResourceTypes: []policy.ResourceType{{ID: built.ResourceType.ID, Slug: built.ResourceType.Slug, Name: built.ResourceType.Name, Actions: built.ResourceType.Actions}},
		Resources:     []policy.Resource{{ID: built.Resource.ID, Slug: built.Resource.Slug, Type: built.Resource.Type}},
		Roles:         []policy.Role{{ID: role, Statements: own}},
		Users:         []identity.ID{user},
		Assignments:   []identity.Assignment{{ID: identity.NewID(), Role: role, Type: identity.UserSubject, Subject: user}},
	}
	for _, a := range built.Actions {
		w.Actions = append(w.Actions, policy.Action{ID: a.ID, Name: a.Name})
	}
	return permsIn(policy.Compile(w), identity.UserSubject, user, time.Now())
}

// mayConcern reports whether a statement's resource may be our own API: most are
// something else, and need no closer look.
func mayConcern(resource string) bool {
	if strings.Contains(resource, "*") || resource == catalogue.MusterAPI.String() {
		return true
	}
	_, slug, ok := strings.Cut(resource, "/")
	if !ok {
		slug = resource
	}
	return fold(slug) == fold(catalogue.APISlug) || fold(slug) == fold(catalogue.MusterAPI.String())
}

// permsIn asks a snapshot what a subject may do on our own API.
func permsIn(snap *policy.Snapshot, typ identity.SubjectType, subject identity.ID, at time.Time) (perms identity.Perms) {
	q := policy.Question{
		Subject:  policy.Entity{Type: strings.ToLower(string(typ)), ID: subject.String()},
		Resource: policy.Entity{Type: muster, ID: catalogue.APISlug},
		At:       at,
	}
	for _, p := range everyPerm() {
		q.Action = string(p)
		if snap.Decide(q).Allow {
			perms = append(perms, p)
		}
	}
	return perms
}
