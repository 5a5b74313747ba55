package declare

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/muster-id/muster/identity"
)

// A page of users or groups as SCIM sends it.
type page struct {
	Resources  []entry `json:"Resources"`
	NextCursor string  `json:"nextCursor"`
}

type entry struct {
	ID          string `json:"id"`
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName"`
	Members     []struct {
		Value string `json:"value"`
		Type  string `json:"type"`
	} `json:"members"`
}

const (
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// pages calls fn with everything of an endpoint that matches a filter.
func (s *Service) pages(ctx context.Context, w *world, path, filter, attributes string, fn func(entry, identity.ID) error) error {
	const size = 500
	query := url.Values{"cursor": {""}, "count": {strconv.Itoa(size)}, "attributes": {attributes}}
	if filter != "" {
		query.Set("filter", filter)
	}
	for {
		var p page
		if err := s.o.SCIM(ctx, s.o.By(w.org.ID), http.MethodGet, path, query, nil, &p); err != nil {
			return err
		}
		for _, e := range p.Resources {
			id, _ := identity.ParseID(e.ID) // it comes from ourselves
			if err := fn(e, id); err != nil {
				return err
			}
		}
		if p.NextCursor == "" {
			return nil
		}
		query.Set("cursor", p.NextCursor)
	}
}

// groups reads the groups by name. Those that share a name are not there for
// files, which could not tell them apart.
func (s *Service) groups(ctx context.Context, w *world) error {
	err := s.pages(ctx, w, "/Groups", "", "displayName", func(e entry, id identity.ID) error {
		k := key(kindGroup, e.DisplayName)
		if _, had := w.ids[k]; had {
			w.twice[k] = true
		}
		w.note(kindGroup, e.DisplayName, id)
		w.doc.Groups = append(w.doc.Groups, Group{Name: e.DisplayName})
		return nil
	})
	w.doc.Groups = slices.DeleteFunc(w.doc.Groups, func(g Group) bool { return w.twice[key(kindGroup, g.Name)] })
	slices.SortFunc(w.doc.Groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return err
}

// members reads the users in those groups that want picks.
func (s *Service) members(ctx context.Context, w *world, want func(name string) bool) error {
	for i, g := range w.doc.Groups {
		if !want(g.Name) {
			continue
		}
		id, _ := w.id(kindGroup, g.Name)
		var e entry
		query := url.Values{"attributes": {"members"}}
		if err := s.o.SCIM(ctx, s.o.By(w.org.ID), http.MethodGet, "/Groups/"+id.String(), query, nil, &e); err != nil {
			return err
		}
		var users []identity.ID
		for _, m := range e.Members {
			if id, ok := identity.ParseID(m.Value); ok && m.Type != "Group" {
				users = append(users, id)
			}
		}
		if err := s.userNames(ctx, w, users); err != nil {
			return err
		}
		w.doc.Groups[i].Members = w.called(users)
	}
	return nil
}

// batch is how many users are asked for in one filter.
const batch = 100

// userNames learns the names of users.
func (s *Service) userNames(ctx context.Context, w *world, ids []identity.ID) error {
	var texts []string
	for _, id := range ids {
		if _, ok := w.names[id]; !ok {
			texts = append(texts, id.String())
		}
	}
	return s.users(ctx, w, "id", sorted(texts))
}

// userIDs learns the ids of users. What is not known afterwards is not there.
func (s *Service) userIDs(ctx context.Context, w *world, names []string) error {
	var texts []string
	for _, n := range names {
		if _, ok := w.id(kindUser, n); !ok {
			texts = append(texts, n)
		}
	}
	return s.users(ctx, w, "userName", sorted(texts))
}

func (s *Service) users(ctx context.Context, w *world, attribute string, values []string) error {
	for some := range slices.Chunk(values, batch) {
		var terms []string
		for _, v := range some {
			quoted, err := json.Marshal(v)
			if err != nil {
				return err
			}
			terms = append(terms, attribute+" eq "+string(quoted))
		}
		err := s.pages(ctx, w, "/Users", strings.Join(terms, " or "), "userName", func(e entry, id identity.ID) error {
			w.note(kindUser, e.UserName, id)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) putGroup(ctx context.Context, v Group) error {
	var members []map[string]string
	for _, name := range v.Members {
		id, err := m.need(kindUser, name)
		if err != nil {
			return err
		}
		members = append(members, map[string]string{"value": id.String()})
	}
	id, ok := m.w.id(kindGroup, v.Name)
	if !ok {
		return m.createGroup(ctx, v.Name, members)
	}
	ops := []map[string]any{{"op": "replace", "path": "displayName", "value": v.Name}}
	if v.Members != nil { // nested groups stay
		ops = append(ops, map[string]any{"op": "remove", "path": `members[type eq "User"]`})
	}
	if len(members) > 0 {
		ops = append(ops, map[string]any{"op": "add", "path": "members", "value": members})
	}
	body := map[string]any{"schemas": []string{patchSchema}, "Operations": ops}
	return m.s.o.SCIM(ctx, m.by(), http.MethodPatch, "/Groups/"+id.String(), nil, body, nil)
}

func (m *maker) createGroup(ctx context.Context, name string, members []map[string]string) error {
	body := map[string]any{"schemas": []string{groupSchema}, "displayName": name}
	if members != nil {
		body["members"] = members
	}
	var made entry
	if err := m.s.o.SCIM(ctx, m.by(), http.MethodPost, "/Groups", nil, body, &made); err != nil {
		return err
	}
	id, _ := identity.ParseID(made.ID) // it comes from ourselves
	m.w.note(kindGroup, name, id)
	return nil
}

func (m *maker) dropGroup(ctx context.Context, id identity.ID) error {
	return m.s.o.SCIM(ctx, m.by(), http.MethodDelete, "/Groups/"+id.String(), nil, nil, nil)
}
