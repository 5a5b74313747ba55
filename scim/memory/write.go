package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/patch"
	"github.com/muster-id/muster/scim/schema"
)

// Write implements scim.Backend.
func (b *Backend) Write(ctx context.Context, units []scim.Unit, maxErrors int) ([][]scim.Written, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var results [][]scim.Written
	failed := 0
	for _, unit := range units {
		if err := ctx.Err(); err != nil && len(results) == 0 {
			return nil, err
		}
		t := &transaction{Backend: b, now: time.Now().UTC().Truncate(time.Millisecond)}
		written, ok := t.run(unit)
		results = append(results, written)
		if ok {
			continue
		}
		if failed++; failed == maxErrors {
			break
		}
	}
	return results, nil
}

// A transaction carries out one unit.
type transaction struct {
	*Backend
	now  time.Time
	undo []func()
	// refs are the new references, checked at the end because they may go in any
	// direction.
	refs []reference
}

type reference struct {
	write int // index in the unit
	attr  *schema.Attribute
	id    string
}

// run carries out a unit whole or not at all. The error stands at the write
// that caused it.
func (t *transaction) run(unit scim.Unit) (out []scim.Written, ok bool) {
	out = make([]scim.Written, len(unit))
	for i, w := range unit {
		var err error
		if out[i].Changed, err = t.one(i, w); err != nil {
			return t.fail(len(unit), i, err)
		}
	}
	for _, r := range t.refs {
		if err := t.check(r); err != nil {
			return t.fail(len(unit), r.write, err)
		}
	}
	for i, w := range unit {
		if r := t.records[w.ID]; r != nil && w.Method != scim.Delete {
			out[i].Resource = t.resource(r, w.Type, w.Want)
		}
	}
	return out, true
}

func (t *transaction) fail(n, i int, err error) ([]scim.Written, bool) {
	for _, f := range slices.Backward(t.undo) {
		f()
	}
	out := make([]scim.Written, n)
	out[i].Err = err
	return out, false
}

// set is put with a way back.
func (t *transaction) set(id string, r *record) {
	old := t.records[id]
	t.undo = append(t.undo, func() { t.put(id, old) })
	t.put(id, r)
}

func (t *transaction) one(i int, w scim.Write) (changed bool, err error) {
	if w.Method == scim.Create {
		return true, t.create(i, w)
	}
	old, err := t.find(w.Type, w.ID)
	if err != nil {
		return false, err
	}
	if w.If != nil && !w.If(old.version) {
		return false, scim.Stale()
	}
	switch w.Method {
	case scim.Modify:
		return t.modify(i, w, old)
	case scim.Delete:
		t.delete(old)
		return true, nil
	}
	return false, fmt.Errorf("write %s: unknown method %q", w.ID, w.Method)
}

func (t *transaction) create(i int, w scim.Write) error {
	if t.records[w.ID] != nil {
		return scim.Conflict("id")
	}
	r := &record{rt: w.Type, id: w.ID, version: 1, created: t.now, modified: t.now, doc: maps.Clone(w.Doc)}
	t.takeExternal(r)
	return t.save(i, r, w.Rows)
}

func (t *transaction) modify(i int, w scim.Write, old *record) (changed bool, err error) {
	before := schema.Clone(old.doc)
	if ext := old.external[t.domain]; ext != "" {
		before["externalId"] = ext
	}
	doc, edits, err := w.Change(before)
	if err != nil {
		return false, err
	}
	r := *old
	r.rt = w.Type // which may have more extensions by now
	r.doc = maps.Clone(doc)
	r.doc["id"] = old.id
	t.takeExternal(&r)
	r.version++
	r.modified = t.now
	if schema.Equal(r.doc, old.doc) && maps.Equal(r.external, old.external) && !t.edits(old, edits) {
		return false, nil
	}
	return true, t.save(i, &r, edits)
}

// takeExternal moves externalId from the document to its domain.
func (t *transaction) takeExternal(r *record) {
	external := maps.Clone(r.external)
	if external == nil {
		external = make(map[string]string)
	}
	delete(external, t.domain)
	if ext, _ := r.doc["externalId"].(string); ext != "" {
		external[t.domain] = ext
	}
	delete(r.doc, "externalId")
	r.external = external
}

// edits reports whether row edits have an effect.
func (t *transaction) edits(old *record, edits []patch.RowEdit) bool {
	for attr, list := range byAttr(edits) {
		if ids, _ := t.edit(old.rows[attr], list); !slices.Equal(ids, old.rows[attr]) {
			return true
		}
	}
	return false
}

func byAttr(edits []patch.RowEdit) map[string][]patch.RowEdit {
	m := make(map[string][]patch.RowEdit)
	for _, e := range edits {
		m[e.Attr] = append(m[e.Attr], e)
	}
	return m
}

// save puts a new or changed record, with its rows, if its unique values are
// free.
func (t *transaction) save(i int, r *record, edits []patch.RowEdit) error {
	if len(edits) > 0 {
		r.rows = maps.Clone(r.rows)
		if r.rows == nil {
			r.rows = make(map[string][]string)
		}
	}
	for name, list := range byAttr(edits) {
		ref, ok := r.rt.Find("", name, "")
		if !ok {
			return fmt.Errorf("write %s: no attribute %s", r.id, name)
		}
		ids, added := t.edit(r.rows[name], list)
		r.rows[name] = ids
		for _, id := range added {
			t.refs = append(t.refs, reference{i, ref.Attr, id})
		}
	}
	for _, k := range uniqueKeys(r) {
		if holder, ok := t.taken[k.text]; ok && holder != r.id {
			return scim.Conflict(k.path)
		}
	}
	r.text = r.rt.Encode(r.doc)
	t.set(r.id, r)
	return nil
}

// check looks whether a new row refers to a resource that may stand there.
func (t *transaction) check(ref reference) error {
	r := t.records[ref.id]
	if r != nil {
		allowed := ref.attr.Sub("$ref")
		if allowed == nil || len(allowed.ReferenceTypes) == 0 || slices.Contains(allowed.ReferenceTypes, r.rt.Name) {
			return nil
		}
	}
	return schema.Errorf(schema.InvalidValue, "%s: there is no resource %q that could stand here.", ref.attr.Name, ref.id)
}

// delete removes a record and its memberships; the groups that held it have
// changed by that.
func (t *transaction) delete(old *record) {
	for _, group := range slices.Sorted(maps.Keys(t.parents[old.id])) {
		if group == old.id {
			continue
		}
		r := *t.records[group]
		r.rows = maps.Clone(r.rows)
		for name, ids := range r.rows {
			r.rows[name] = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == old.id })
		}
		r.version++
		r.modified = t.now
		t.set(group, &r)
	}
	t.set(old.id, nil)
}
