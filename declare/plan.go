package declare

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/muster-id/muster/identity"
)

// A Step is one difference between files and what is there.
type Step struct {
	Verb         string   `json:"verb"` // "create", "change" or "delete"
	Organisation string   `json:"organisation"`
	Kind         string   `json:"kind"`
	Name         string   `json:"name"`
	Changes      []string `json:"changes,omitempty"` // "description: old -> new"

	do func(context.Context) error
}

// A Secret is what a step made that is shown this once.
type Secret struct {
	Organisation string `json:"organisation"`
	Kind         string `json:"kind"` // "app" or "connection"
	Name         string `json:"name"`
	Text         string `json:"text"`
}

// A Plan is what is to be done, in order.
type Plan struct {
	Steps   []Step
	Secrets []Secret // of the steps that Apply has done
}

// Plan compares files with what is there. With prune, what is there and not in
// the files is deleted, of the kinds that the files speak of; what is built in
// stays. The error names everything that the files speak of and nobody knows.
func (s *Service) Plan(ctx context.Context, files []Organisation, prune bool) (*Plan, error) {
	p := &planner{s: s, plan: &Plan{}, prune: prune, files: files}
	for _, o := range files {
		if err := p.organisation(ctx, o); err != nil {
			return nil, err
		}
	}
	if len(p.unknown) > 0 {
		slices.Sort(p.unknown)
		return nil, identity.NewError(identity.Invalid, "", "The files speak of what is not there: "+strings.Join(slices.Compact(p.unknown), ", ")+".")
	}
	slices.Reverse(p.deletes)
	p.plan.Steps = append(p.plan.Steps, p.deletes...)
	return p.plan, nil
}

// Apply carries a plan out. It stops at the first step that fails and returns
// how many were done; each step is done as a whole or not at all.
func (s *Service) Apply(ctx context.Context, p *Plan) (done int, err error) {
	for _, step := range p.Steps {
		if err := step.do(ctx); err != nil {
			return done, fmt.Errorf("%s %s %s in %s: %w", step.Verb, step.Kind, step.Name, step.Organisation, err)
		}
		done++
	}
	return done, nil
}

// A planner gathers the steps.
type planner struct {
	s       *Service
	plan    *Plan
	prune   bool
	files   []Organisation
	deletes []Step // of all organisations, to be done last and backwards
	unknown []string
}

// organisation plans one organisation.
func (p *planner) organisation(ctx context.Context, o Organisation) error {
	members := slices.ContainsFunc(o.Groups, func(g Group) bool { return g.Members != nil })
	w, err := p.s.world(ctx, o.Slug, members)
	if err != nil {
		return err
	}
	if !w.exists {
		if err := p.borrow(ctx, w, o.Parent); err != nil {
			return err
		}
	}
	p.self(w, o)
	m := &maker{p: p, w: w, o: o}
	m.known = p.namesAround(o)
	compare(m, kindConnection, o.Connections, w.doc.Connections, func(v Connection) string { return v.Name }, m.putConnection, m.dropConnection)
	compare(m, kindApp, o.Apps, w.doc.Apps, func(v App) string { return v.ClientID }, m.putApp, m.dropApp)
	compare(m, kindAction, o.Actions, w.doc.Actions, func(v Action) string { return v.Name }, m.putAction, drop(m, p.s.o.Access.Actions))
	compare(m, kindType, o.ResourceTypes, w.doc.ResourceTypes, func(v ResourceType) string { return v.Slug }, m.putType, drop(m, p.s.o.Access.ResourceTypes))
	compare(m, kindResource, o.Resources, w.doc.Resources, func(v Resource) string { return v.Type + "/" + v.Slug }, m.putResource, drop(m, p.s.o.Access.Resources))
	compare(m, kindPermission, o.Permissions, w.doc.Permissions, func(v Permission) string { return v.Name }, m.putPermission, drop(m, p.s.o.Access.Permissions))
	compare(m, kindRole, o.Roles, w.doc.Roles, func(v Role) string { return v.Name }, m.putRole, drop(m, p.s.o.Access.Roles))
	compare(m, kindGroup, o.Groups, w.doc.Groups, func(v Group) string { return v.Name }, m.putGroup, m.dropGroup)
	compare(m, kindAssignment, o.Assignments, w.doc.Assignments, Assignment.key, m.putAssignment, m.dropAssignment)
	return m.check(ctx)
}

// borrow lends a world that is not there yet the names of what will be above it.
func (p *planner) borrow(ctx context.Context, w *world, parent string) error {
	if parent == "" {
		parent = identity.RootSlug
	}
	above, err := p.s.world(ctx, parent, false)
	if err != nil {
		return err
	}
	if !above.exists {
		if !slices.ContainsFunc(p.files, func(o Organisation) bool { return o.Slug == parent }) {
			p.unknown = append(p.unknown, "organisation "+parent)
		}
		return p.borrow(ctx, w, identity.RootSlug)
	}
	for key, id := range above.ids {
		switch kind, _, _ := strings.Cut(key, ":"); kind {
		case kindAction, kindType, kindResource, kindPermission, kindRole:
			w.ids[key] = id
		}
	}
	return nil
}

// namesAround lists what the files themselves bring: for an organisation its own
// things and those of all organisations above it.
func (p *planner) namesAround(o Organisation) map[string]bool {
	known := map[string]bool{}
	for {
		for kind, names := range map[string][]string{
			kindApp:        namesOf(o.Apps, func(v App) string { return v.ClientID }),
			kindAction:     namesOf(o.Actions, func(v Action) string { return v.Name }),
			kindType:       namesOf(o.ResourceTypes, func(v ResourceType) string { return v.Slug }),
			kindResource:   namesOf(o.Resources, func(v Resource) string { return v.Type + "/" + v.Slug }),
			kindPermission: namesOf(o.Permissions, func(v Permission) string { return v.Name }),
			kindRole:       namesOf(o.Roles, func(v Role) string { return v.Name }),
			kindGroup:      namesOf(o.Groups, func(v Group) string { return v.Name }),
		} {
			for _, n := range names {
				known[key(kind, n)] = true
			}
		}
		i := slices.IndexFunc(p.files, func(above Organisation) bool { return above.Slug == o.Parent })
		if i < 0 {
			return known
		}
		o = p.files[i]
	}
}

// compare plans one kind. Absent lists (nil) are not managed.
func compare[T any](m *maker, kind string, want, have []T, named func(T) string, put func(context.Context, T) error, remove func(context.Context, string) error) {
	if want == nil {
		return
	}
	find := func(list []T, name string) int {
		return slices.IndexFunc(list, func(v T) bool { return strings.EqualFold(named(v), name) })
	}
	for _, v := range want {
		v = normal(m.w, v)
		step := Step{Verb: "create", Organisation: m.o.Slug, Kind: kind, Name: named(v), do: func(ctx context.Context) error { return put(ctx, v) }}
		if i := find(have, named(v)); i >= 0 {
			step.Verb, step.Changes = "change", differences(fields(v), fields(have[i]))
			if len(step.Changes) == 0 {
				continue
			}
		}
		m.p.plan.Steps = append(m.p.plan.Steps, step)
	}
	if !m.p.prune {
		return
	}
	for _, v := range have {
		if name := named(v); find(want, name) < 0 {
			m.p.deletes = append(m.p.deletes, Step{
				Verb: "delete", Organisation: m.o.Slug, Kind: kind, Name: name, do: func(ctx context.Context) error { return remove(ctx, name) },
			})
		}
	}
}

// normal brings a thing of a file into the form in which a world has it.
func normal[T any](w *world, v T) T {
	switch t := any(&v).(type) {
	case *ResourceType:
		t.Actions = slices.Sorted(slices.Values(t.Actions))
	case *Permission:
		t.Statements = w.normal(t.Statements)
	case *Role:
		t.Permissions, t.Statements = slices.Sorted(slices.Values(t.Permissions)), w.normal(t.Statements)
	case *Group:
		t.Members = slices.Sorted(slices.Values(t.Members))
	}
	return v
}

func (w *world) normal(list []Statement) (out []Statement) {
	for _, s := range list {
		s.Actions = slices.Sorted(slices.Values(s.Actions))
		if s.Effect == "allow" {
			s.Effect = ""
		}
		if full, ok := w.slugs[strings.ToLower(s.Resource)]; ok {
			s.Resource = full
		}
		out = append(out, s)
	}
	return out
}

// fields turns a thing into the members that a file would have of it. Switches
// are always there, for a switch that is absent is off.
func fields(v any) map[string]any {
	text, err := yaml.Marshal(v)
	if err != nil {
		panic("declare: what is no YAML: " + err.Error()) // a fault of ours
	}
	out := map[string]any{}
	if err := yaml.Unmarshal(text, &out); err != nil {
		panic("declare: what is no YAML: " + err.Error())
	}
	switch t := v.(type) {
	case Action:
		out["inactive"] = t.Inactive
	case Connection:
		out["access"] = t.Access
	case Assignment:
		out["inherited"] = t.Inherited
	}
	return out
}

// differences says in which members of want have is another.
func differences(want, have map[string]any) (out []string) {
	for name, w := range want {
		if h := have[name]; !same(w, h) {
			out = append(out, name+": "+shown(h)+" -> "+shown(w))
		}
	}
	slices.Sort(out)
	return out
}

// same compares values as JSON has them: 1 is 1.0.
func same(a, b any) bool {
	var x, y any
	left, err := json.Marshal(a)
	right, other := json.Marshal(b)
	if err != nil || other != nil || json.Unmarshal(left, &x) != nil || json.Unmarshal(right, &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

func shown(v any) string {
	if v == nil {
		return "nothing"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(text)
}
