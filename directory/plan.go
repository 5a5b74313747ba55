package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A batch is one call of Write.
type batch struct {
	d     *Directory
	by    identity.Actor
	units []Unit
	plans [][]plan
	// types are the resource types by which writes are indexed, if they are not
	// those that the caller knows: a schema is about to come into force.
	types *schema.Registry
	spent effort // in the transaction
	// following is set for what follows from another write, whose check it was.
	following bool

	mu     sync.Mutex
	hashes map[string][]byte // sealed hashes of the passwords of this batch
}

// A plan is what a write will store, computed before the transaction: of a
// Create, or of a Modify as long as the resource is as it was seen.
type plan struct {
	ready    bool
	seen     int64           // version that a Modify was computed from
	next     *store.Resource // version and times are set when it is stored
	edits    []MemberEdit
	changed  bool // the document or externalId differ
	password string
	paths    []string
	diff     []byte
	err      error // a refusal
}

// prepare computes the plans of all writes.
func (b *batch) prepare(ctx context.Context) error {
	b.types = b.d.coming[b.by.Org]
	b.plans = make([][]plan, len(b.units))
	seen, err := b.look(ctx)
	if err != nil {
		return err
	}
	if len(b.units) <= stride {
		return b.prepareUnits(ctx, 0, len(b.units), seen)
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for lo := 0; lo < len(b.units); lo += stride {
		work.Go(func() (err error) {
			defer caught(&err)
			return b.prepareUnits(ctx, lo, min(lo+stride, len(b.units)), seen)
		})
	}
	return work.Wait()
}

// caught turns a panic into an error: in a goroutine of ours nobody else would
// catch it, and one bad request would end the process.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// stride is how many units one goroutine prepares in a row.
const stride = 32

func (b *batch) prepareUnits(ctx context.Context, lo, hi int, seen map[identity.ID]*store.Resource) error {
	for i := lo; i < hi; i++ {
		if err := b.prepareUnit(ctx, i, seen); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) prepareUnit(ctx context.Context, i int, seen map[identity.ID]*store.Resource) error {
	b.plans[i] = make([]plan, len(b.units[i]))
	for j, w := range b.units[i] {
		if isThing(w.Type) {
			continue // what it names is looked up in the transaction
		}
		p := &b.plans[i][j]
		switch w.Method {
		case Create:
			*p = b.planCreate(w)
		case Modify:
			r := seen[w.ID]
			if r == nil || r.Type != w.Type.Name {
				continue // made by an earlier unit, or not there
			}
			*p = b.planModify(w, r)
		}
		if p.password != "" {
			if err := b.hash(ctx, p.password); err != nil {
				return err
			}
		}
	}
	return nil
}

// look reads the resources that the batch modifies, as far as it does not write
// them before.
func (b *batch) look(ctx context.Context) (map[identity.ID]*store.Resource, error) {
	var ids []identity.ID
	for _, u := range b.units {
		for _, w := range u {
			if w.Method == Modify && !isThing(w.Type) {
				ids = append(ids, w.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var seen map[identity.ID]*store.Resource
	err := b.d.db.View(ctx, func(tx *store.Tx) (err error) {
		if len(ids) > 1 {
			seen, err = tx.GetMany(ctx, b.by.Org, ids)
			return err
		}
		w := b.onlyModify()
		r, err := tx.Get(ctx, b.by.Org, w.Type.Name, w.ID)
		if identity.KindOf(err) == identity.NotFound {
			return nil
		}
		seen = map[identity.ID]*store.Resource{w.ID: r}
		return err
	})
	return seen, err
}

// onlyModify returns the one Modify of a batch that has one.
func (b *batch) onlyModify() Write {
	for _, u := range b.units {
		for _, w := range u {
			if w.Method == Modify && !isThing(w.Type) {
				return w
			}
		}
	}
	return Write{}
}

func (b *batch) planCreate(w Write) plan {
	at := b.d.now()
	p := plan{ready: true, changed: true, edits: w.Members, next: &store.Resource{
		Org: b.by.Org, Type: w.Type.Name, ID: w.ID, Version: 1, Created: at, Modified: at,
	}}
	doc := maps.Clone(w.Doc)
	p.err = b.fill(&p, w.Type, nil, doc)
	return p
}

// planModify computes a Modify from the stored resource.
func (b *batch) planModify(w Write, cur *store.Resource) plan {
	p := plan{ready: true, seen: cur.Version}
	old, err := w.Type.Load(cur.Doc)
	if err != nil {
		return plan{} // is found again, and reported, inside the transaction
	}
	if ext := cur.ExternalID(b.by.Domain); ext != "" {
		old["externalId"] = ext
	}
	doc, edits, err := w.Change(old)
	if err != nil {
		p.err = refusal{err}
		return p
	}
	p.edits = edits
	p.changed = !schema.Equal(old, doc)
	if !p.changed && len(edits) == 0 {
		return p
	}
	r := *cur
	p.next = &r
	p.err = b.fill(&p, w.Type, old, maps.Clone(doc))
	return p
}

// fill brings doc, which it may change, into p.next and notes what differs from
// old.
func (b *batch) fill(p *plan, rt *schema.ResourceType, old, doc schema.Object) error {
	if pw, ok := doc["password"].(string); ok && rt.Name == userType {
		p.password = pw
		delete(doc, "password")
	}
	doc["id"] = p.next.ID.String()
	if p.changed {
		before := old
		if before == nil {
			before = schema.Object{"id": doc["id"]}
		}
		p.paths = schema.Diff(rt, before, doc)
		p.diff = documentDiff(rt, p.paths, before, doc)
		if p.password != "" {
			p.paths = append(p.paths, "password")
		}
		p.changed = old == nil || len(p.paths) > 0
	}
	ext, _ := doc["externalId"].(string)
	delete(doc, "externalId")
	p.next.SetExternalID(b.by.Domain, ext)
	p.next.Doc = rt.Encode(doc)
	if len(p.next.Doc)+len(p.next.External) > maxDocument {
		return identity.NewError(identity.Invalid, "", fmt.Sprintf("A resource has at most %d bytes.", maxDocument))
	}
	return b.index(p.next, rt, doc)
}

// maxDocument bounds what many small changes can make of a resource: a page
// holds many of them.
const maxDocument = 4 << 20

// index computes the keys of r by the schemas of today, or by those that are
// about to come into force.
func (b *batch) index(r *store.Resource, rt *schema.ResourceType, doc schema.Object) error {
	if b.types != nil {
		if coming := b.types.TypeByName(rt.Name); coming != nil {
			rt = coming
		}
	}
	return b.d.db.Index(r, rt, doc)
}

// record writes the change row of one write.
func (b *batch) record(ctx context.Context, tx *store.Tx, kind identity.ChangeKind, r *store.Resource, p plan, m membership) error {
	c := b.d.change(b.by, b.by.Org, kind, r.Type, r.ID, r.Version)
	c.Paths, c.Diff = p.paths, p.diff
	if !m.empty() {
		c.Paths = append(append([]string{}, c.Paths...), "members")
		c.Diff = m.addTo(c.Diff)
	}
	return tx.Record(ctx, c)
}

// addTo puts the members that came and went into a diff.
func (m membership) addTo(diff []byte) []byte {
	list, _ := json.Marshal(map[string]any{"added": m.added(), "removed": m.removed()}) // lists of strings
	if len(diff) <= 2 {
		diff = []byte{'{'}
	} else {
		diff = append(diff[:len(diff)-1:len(diff)-1], ',')
	}
	diff = append(diff, `"members":`...)
	return append(append(diff, list...), '}')
}
