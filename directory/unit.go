package directory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// unit carries out one unit inside of a transaction: first all documents that
// it creates, then what may refer to them.
func (b *batch) unit(ctx context.Context, tx *store.Tx, i int) ([]Outcome, error) {
	out := make([]Outcome, len(b.units[i]))
	plans := make([]plan, len(b.units[i]))
	for j, w := range b.units[i] {
		if w.Method != Create {
			plans[j] = b.plans[i][j]
			continue
		}
		p, err := b.planned(ctx, tx, i, j)
		if err == nil {
			plans[j] = p
			err = b.insert(ctx, tx, p)
		}
		if err == nil && len(b.units[i]) > 1 {
			err = tx.Settle(ctx) // it must be known which one failed
		}
		if err != nil {
			return nil, culprit{j, err}
		}
	}
	for j, w := range b.units[i] {
		var err error
		switch w.Method {
		case Create:
			out[j], err = b.finishCreate(ctx, tx, plans[j])
		case Modify:
			out[j], err = b.modify(ctx, tx, w, plans[j])
		case Delete:
			out[j], err = b.delete(ctx, tx, w)
		}
		if err != nil {
			return nil, culprit{j, err}
		}
	}
	return out, nil
}

func (b *batch) insert(ctx context.Context, tx *store.Tx, p plan) error {
	if p.err != nil {
		return p.err
	}
	if err := tx.Insert(ctx, p.next); err != nil {
		return err
	}
	return b.savePassword(ctx, tx, p.next.ID, p)
}

func (b *batch) finishCreate(ctx context.Context, tx *store.Tx, p plan) (Outcome, error) {
	m, err := b.editMembers(ctx, tx, p.next.ID, p.edits)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.record(ctx, tx, identity.Created, p.next, p, m); err != nil {
		return Outcome{}, err
	}
	return Outcome{Resource: &Resource{Resource: p.next}, Changed: true}, nil
}

// editMembers changes the members of a group, if the actor may.
func (b *batch) editMembers(ctx context.Context, tx *store.Tx, group identity.ID, edits []MemberEdit) (membership, error) {
	m, err := editMembers(ctx, tx, b.by.Org, group, edits, &b.spent)
	if err == nil && !m.empty() {
		err = b.d.guard(ctx, tx, b.by, group)
	}
	return m, err
}

// current returns the stored resource if the condition of the write accepts it.
func (b *batch) current(ctx context.Context, tx *store.Tx, w Write) (*store.Resource, error) {
	cur, err := tx.Get(ctx, b.by.Org, w.Type.Name, w.ID)
	if err != nil {
		return nil, err
	}
	if w.If != nil && !w.If(cur.Version) {
		return nil, identity.NewError(identity.Stale, "meta.version", "The resource has changed since you read it.")
	}
	return cur, nil
}

func (b *batch) modify(ctx context.Context, tx *store.Tx, w Write, p plan) (Outcome, error) {
	cur, err := b.current(ctx, tx, w)
	if err != nil {
		return Outcome{}, err
	}
	if !p.ready || p.seen != cur.Version {
		if p, err = b.planAgain(ctx, tx, w, cur); err != nil {
			return Outcome{}, err
		}
	}
	if p.err != nil {
		return Outcome{}, p.err
	}
	m, err := b.editMembers(ctx, tx, w.ID, p.edits)
	if err != nil {
		return Outcome{}, err
	}
	if !p.changed && m.empty() {
		return Outcome{Resource: &Resource{Resource: cur}}, nil
	}
	if w.Type.Name == userType {
		if err := b.d.guardPerson(ctx, tx, b.by, w.ID, p.paths); err != nil {
			return Outcome{}, err
		}
	}
	next := p.next
	if err := b.replace(ctx, tx, cur, next); err != nil {
		return Outcome{}, err
	}
	if err := b.savePassword(ctx, tx, w.ID, p); err != nil {
		return Outcome{}, err
	}
	// Whoever got in by the old password, or by what has been taken away, is out.
	shut := cur.Keys.Active != store.False && next.Keys.Active == store.False
	if w.Type.Name == userType && shut {
		if err := b.d.mayLose(ctx, tx, b.by, b.by.Org, w.ID); err != nil {
			return Outcome{}, err
		}
	}
	if w.Type.Name == userType && (shut || p.password != "") {
		if err := b.signOut(ctx, tx, w.ID); err != nil {
			return Outcome{}, err
		}
	}
	if err := b.record(ctx, tx, identity.Patched, next, p, m); err != nil {
		return Outcome{}, err
	}
	return Outcome{Resource: &Resource{Resource: next}, Changed: true}, nil
}

// replace stores next one version after cur. When another writer was faster,
// the transaction runs again and judges anew.
func (b *batch) replace(ctx context.Context, tx *store.Tx, cur, next *store.Resource) error {
	next.Version, next.Modified = cur.Version+1, b.after(cur.Modified)
	err := tx.Replace(ctx, cur, next)
	if identity.KindOf(err) == identity.Stale {
		return store.ErrRetry
	}
	return err
}

// after is the time of a write to something last written at a time: clocks of
// different nodes differ.
func (b *batch) after(last time.Time) time.Time {
	if at := b.d.now(); at.After(last) {
		return at
	}
	return last
}

func (b *batch) delete(ctx context.Context, tx *store.Tx, w Write) (Outcome, error) {
	cur, err := b.current(ctx, tx, w)
	if err != nil {
		return Outcome{}, err
	}
	if w.Type.Name == userType {
		if err := b.d.mayLose(ctx, tx, b.by, b.by.Org, w.ID); err != nil {
			return Outcome{}, err
		}
	}
	if err := b.checkDelete(ctx, tx, w, cur); err != nil {
		return Outcome{}, err
	}
	groups, err := tx.MemberOf(ctx, b.by.Org, w.ID)
	if err != nil {
		return Outcome{}, err
	}
	if err := tx.Delete(ctx, cur, b.after(cur.Modified)); err != nil {
		if identity.KindOf(err) == identity.Stale {
			err = store.ErrRetry
		}
		return Outcome{}, err
	}
	if w.Type.Name == userType {
		if err := b.signOut(ctx, tx, w.ID); err != nil {
			return Outcome{}, err
		}
		if err := tx.DeleteSignIn(ctx, b.by.Org, w.ID); err != nil {
			return Outcome{}, err
		}
	}
	if err := b.d.endAssignments(ctx, tx, b.by, b.by.Org, w.Type.Name, w.ID); err != nil {
		return Outcome{}, err
	}
	p := plan{}
	if old, err := w.Type.Load(cur.Doc); err == nil {
		nothing := schema.Object{"id": old["id"]}
		p.paths = schema.Diff(w.Type, old, nothing)
		p.diff = documentDiff(w.Type, p.paths, old, nothing)
	}
	if err := b.record(ctx, tx, identity.Deleted, cur, p, nil); err != nil {
		return Outcome{}, err
	}
	return Outcome{Changed: true}, b.bump(ctx, tx, groups, membership{w.ID: -1})
}

func (b *batch) signOut(ctx context.Context, tx *store.Tx, user identity.ID) error {
	return b.d.signOut(ctx, tx, b.by.Org, user)
}

// signOut ends the sessions of a user and what the user allowed apps.
func (d *Directory) signOut(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID) error {
	if err := d.sessions.EndUser(ctx, tx, org, user, identity.ID{}); err != nil {
		return err
	}
	_, err := tx.EndGrantsOf(ctx, org, user, identity.ID{}, d.now())
	return err
}

// bump gives groups whose members changed from outside a new version.
func (b *batch) bump(ctx context.Context, tx *store.Tx, groups []identity.ID, m membership) error {
	if len(groups) == 0 {
		return nil
	}
	slices.SortFunc(groups, func(x, y identity.ID) int { return bytes.Compare(x[:], y[:]) }) // one order: no deadlocks
	reg, err := b.d.Registry(ctx, b.by.Org)
	if err != nil {
		return err
	}
	for _, id := range groups {
		cur, err := tx.Get(ctx, b.by.Org, groupType, id)
		if identity.KindOf(err) == identity.NotFound {
			continue // the group itself is going
		}
		if err != nil {
			return err
		}
		next := *cur
		rt := reg.TypeByName(groupType)
		doc, err := rt.Load(cur.Doc)
		if err != nil {
			return err
		}
		if err := b.index(&next, rt, doc); err != nil {
			return err
		}
		if err := b.replace(ctx, tx, cur, &next); err != nil {
			return err
		}
		if err := b.record(ctx, tx, identity.Patched, &next, plan{}, m); err != nil {
			return err
		}
	}
	return nil
}
