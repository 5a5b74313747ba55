// Package memory is a SCIM backend that keeps everything in memory. It is
// complete and small: a reference for those who write another one, and a server
// for tests. It keeps passwords as they come; do not give it real ones.
package memory

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

// A Backend keeps resources in memory. It is safe for concurrent use.
type Backend struct {
	*store
	domain string // whose externalIds it shows
}

// store is what the Backends of all domains share.
type store struct {
	reg     *schema.Registry
	mu      sync.RWMutex
	records map[string]*record             // by id
	taken   map[string]string              // unique key -> id
	parents map[string]map[string]struct{} // member id -> ids of the groups that hold it
}

// A record is one resource. It is never changed, only replaced.
type record struct {
	rt       *schema.ResourceType
	id       string
	version  int64
	created  time.Time
	modified time.Time
	doc      schema.Object       // canonical, without meta, externalId and rows
	text     []byte              // doc as it is sent
	external map[string]string   // externalId by domain
	rows     map[string][]string // ids by row attribute, in the order of arrival
}

// New makes an empty Backend for the types of reg.
func New(reg *schema.Registry) *Backend {
	return &Backend{store: &store{
		reg:     reg,
		records: make(map[string]*record),
		taken:   make(map[string]string),
		parents: make(map[string]map[string]struct{}),
	}}
}

// For returns a Backend over the same resources for a client of another
// provisioning domain, which has externalIds of its own (RFC 7643 section 3.1).
func (b *Backend) For(domain string) *Backend {
	return &Backend{store: b.store, domain: domain}
}

// Get implements scim.Backend.
func (b *Backend) Get(_ context.Context, rt *schema.ResourceType, id string, want scim.Want) (*scim.Resource, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r, err := b.find(rt, id)
	if err != nil {
		return nil, err
	}
	return b.resource(r, rt, want), nil
}

func (b *Backend) find(rt *schema.ResourceType, id string) (*record, error) {
	r := b.records[id]
	if r == nil || r.rt.Name != rt.Name {
		return nil, scim.NotFound(id)
	}
	return r, nil
}

// resource is a record as the server wants it.
func (b *Backend) resource(r *record, rt *schema.ResourceType, want scim.Want) *scim.Resource {
	res := &scim.Resource{
		Type: rt, ID: r.id, ExternalID: r.external[b.domain], Version: r.version,
		Created: r.created, Modified: r.modified, Doc: r.text,
	}
	for _, a := range rt.Schema.Attributes {
		if !a.Rows || want.Rows == nil || !want.Rows(a.Name) {
			continue
		}
		if rows := b.rowsOf(r, a); len(rows) > 0 {
			if res.Rows == nil {
				res.Rows = make(map[string][]scim.Row)
			}
			res.Rows[a.Name] = rows
		}
	}
	return res
}

// object is a record as filters and sorting see it.
func (b *Backend) object(r *record, rows []string) schema.Object {
	o := maps.Clone(r.doc)
	if ext := r.external[b.domain]; ext != "" {
		o["externalId"] = ext
	}
	o["meta"] = schema.Object{
		"resourceType": r.rt.Name,
		"created":      schema.FormatTime(r.created),
		"lastModified": schema.FormatTime(r.modified),
		"version":      etag(r.version),
	}
	for _, a := range r.rt.Schema.Attributes {
		if !a.Rows || !slices.Contains(rows, a.Name) {
			continue
		}
		var list []any
		for _, row := range b.rowsOf(r, a) {
			list = append(list, element(row))
		}
		if list != nil {
			o[a.Name] = list
		}
	}
	return o
}

// put replaces or removes (nil) the record with an id and keeps the indexes
// with it. It is its own inverse: putting back the old record undoes it.
func (b *Backend) put(id string, to *record) {
	if old := b.records[id]; old != nil {
		for _, key := range uniqueKeys(old) {
			delete(b.taken, key.text)
		}
		for _, ids := range old.rows {
			for _, member := range ids {
				delete(b.parents[member], id)
			}
		}
		delete(b.records, id)
	}
	if to == nil {
		return
	}
	b.records[id] = to
	for _, key := range uniqueKeys(to) {
		b.taken[key.text] = id
	}
	for _, ids := range to.rows {
		for _, member := range ids {
			if b.parents[member] == nil {
				b.parents[member] = make(map[string]struct{})
			}
			b.parents[member][id] = struct{}{}
		}
	}
}
