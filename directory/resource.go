package directory

import (
	"context"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A Resource is a stored resource with those of its rows that were asked for.
type Resource struct {
	*store.Resource
	Members []store.MemberRow // of a group
	Groups  []store.GroupRow  // that it is in
}

// Rows says which rows of a resource are wanted.
type Rows struct {
	Members bool
	Groups  bool
}

// A Query asks for one page of resources. Its Org is that of the actor.
type Query = store.Query

// A Page is one page of resources.
type Page struct {
	Total     int
	Resources []*Resource
	Next      []byte
}

// Get returns one resource or NotFound.
func (d *Directory) Get(ctx context.Context, by identity.Actor, rt *schema.ResourceType, id identity.ID, want Rows) (*Resource, error) {
	r := &Resource{}
	err := d.db.View(ctx, func(tx *store.Tx) (err error) {
		if r.Resource, err = tx.Get(ctx, by.Org, rt.Name, id); err != nil {
			return err
		}
		return addRows(ctx, tx, by.Org, []*Resource{r}, want)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Query returns one page of the actor's organisation.
func (d *Directory) Query(ctx context.Context, by identity.Actor, q Query, want Rows) (*Page, error) {
	q.Org, q.Domain, q.Grouped = by.Org, by.Domain, want.Groups
	var page *Page
	err := d.db.View(ctx, func(tx *store.Tx) error {
		found, err := tx.Query(ctx, q)
		if err != nil {
			return err
		}
		page = &Page{Total: found.Total, Next: found.Next, Resources: make([]*Resource, len(found.Resources))}
		for i, r := range found.Resources {
			page.Resources[i] = &Resource{Resource: r}
		}
		return addRows(ctx, tx, by.Org, page.Resources, want)
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// addRows reads the rows that are wanted.
func addRows(ctx context.Context, tx *store.Tx, org identity.OrgID, list []*Resource, want Rows) error {
	var groups, grouped []identity.ID
	for _, r := range list {
		if want.Members && r.Type == groupType {
			groups = append(groups, r.ID)
		}
		if want.Groups && r.Grouped {
			grouped = append(grouped, r.ID)
		}
	}
	if len(groups) > 0 {
		rows, err := tx.MembersOf(ctx, org, groups)
		if err != nil {
			return err
		}
		for _, r := range list {
			r.Members = rows[r.ID]
		}
	}
	if len(grouped) > 0 {
		rows, err := tx.GroupsOf(ctx, org, grouped)
		if err != nil {
			return err
		}
		for _, r := range list {
			r.Groups = rows[r.ID]
		}
	}
	return nil
}

// show adds the rows that the writes of a batch want to see.
func (b *batch) show(ctx context.Context, all [][]Outcome) error {
	want := map[Rows][]*Resource{}
	for i, out := range all {
		for j, o := range out {
			if rows := b.units[i][j].Want; o.Resource != nil && rows != (Rows{}) {
				if o.Resource.Type == groupType || o.Resource.Grouped || len(b.units[i]) > 1 {
					o.Resource.Grouped = o.Resource.Grouped || len(b.units[i]) > 1
					want[rows] = append(want[rows], o.Resource)
				}
			}
		}
	}
	if len(want) == 0 {
		return nil
	}
	return b.d.db.View(ctx, func(tx *store.Tx) error {
		for rows, list := range want {
			if err := addRows(ctx, tx, b.by.Org, list, rows); err != nil {
				return err
			}
		}
		return nil
	})
}
