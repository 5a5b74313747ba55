package declare

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
)

// Plan compares files with what is there. With prune, what is there and not in
// the files is deleted, of the lists that the files have; what is built in, and
// groups that share a name, stay. Nothing is written. The error is Invalid and
// names everything that the files speak of and nobody knows, and all that cannot
// be changed, each with its file and line.
func (s *Service) Plan(ctx context.Context, files []Organisation, prune bool) (*Plan, error) {
	p := &planner{s: s, plan: &Plan{}, prune: prune, files: map[string]*Organisation{}, worlds: map[string]*world{}, planned: map[string]bool{}}
	for i := range files {
		p.files[files[i].Slug] = &files[i]
	}
	for i := range files {
		if err := p.organisation(ctx, &files[i]); err != nil {
			return nil, err
		}
	}
	if len(p.faults) > 0 {
		return nil, identity.NewError(identity.Invalid, "", strings.Join(slices.Compact(p.faults), "; ")+".")
	}
	slices.Reverse(p.deletes)
	p.plan.Steps = append(p.plan.Steps, p.deletes...)
	return p.plan, nil
}

// A planner gathers the steps.
type planner struct {
	s       *Service
	plan    *Plan
	prune   bool
	files   map[string]*Organisation // by slug
	worlds  map[string]*world        // by slug
	planned map[string]bool          // slugs
	deletes []Step                   // of all organisations, to be done last and backwards
	faults  []string
}

// fault notes what is wrong with a thing of the files.
func (p *planner) fault(o *Organisation, kind, name, text string) {
	if at := o.place(kind, name); at != "" {
		text = at + ": " + text
	}
	p.faults = append(p.faults, text)
}

// world reads an organisation: its catalogue, and that of all above it. What is
// not there yet is a world without anything.
func (p *planner) world(ctx context.Context, slug string) (*world, error) {
	if w := p.worlds[slug]; w != nil {
		return w, nil
	}
	w := newWorld(slug)
	p.worlds[slug] = w
	org, err := p.s.o.Directory.Organisation(ctx, slug)
	if err != nil && identity.KindOf(err) != identity.NotFound {
		return nil, err
	}
	if err != nil {
		parent := identity.RootSlug
		if o := p.files[slug]; o != nil {
			parent = cmp.Or(o.Parent, parent)
		}
		w.above, err = p.world(ctx, parent)
		return w, err
	}
	w.org, w.exists, w.doc.Name = org, true, org.Name
	if !org.Parent.IsZero() {
		parent, err := p.s.o.Directory.Organisation(ctx, org.Parent.String())
		if err != nil {
			return nil, err
		}
		if w.above, err = p.world(ctx, parent.Slug); err != nil {
			return nil, err
		}
		if parent.Slug != identity.RootSlug {
			w.doc.Parent = parent.Slug
		}
	}
	return w, p.s.catalogue(ctx, w)
}

// organisation plans one organisation, after the one above it.
func (p *planner) organisation(ctx context.Context, o *Organisation) error {
	if p.planned[o.Slug] {
		return nil
	}
	p.planned[o.Slug] = true
	w, err := p.world(ctx, o.Slug)
	if err != nil {
		return err
	}
	if w.above != nil {
		if above := p.files[w.above.doc.Slug]; above != nil {
			if err := p.organisation(ctx, above); err != nil {
				return err
			}
		} else if !w.above.exists {
			p.fault(o, kindOrganisation, o.Slug, "there is no organisation "+w.above.doc.Slug)
			return nil
		}
	}
	m := &maker{planner: p, w: w, o: o}
	if w.exists {
		if err := m.read(ctx); err != nil {
			return err
		}
	}
	m.organisation()
	m.lists()
	m.references()
	return nil
}

// read reads what the lists of the file need beside the catalogue.
func (m *maker) read(ctx context.Context) error {
	s, w, o := m.s, m.w, m.o
	if o.Connections != nil || o.Apps != nil {
		if err := s.connections(ctx, w); err != nil {
			return err
		}
	}
	if o.Groups != nil || o.Apps != nil || o.Assignments != nil {
		if err := s.groups(ctx, w); err != nil {
			return err
		}
	}
	managed := map[string]bool{}
	for _, g := range o.Groups {
		managed[key(kindGroup, g.Name)] = g.Members != nil
	}
	if err := s.members(ctx, w, func(name string) bool { return managed[key(kindGroup, name)] }); err != nil {
		return err
	}
	if o.Apps != nil || o.Assignments != nil {
		if err := s.apps(ctx, w); err != nil {
			return err
		}
	}
	if o.Assignments != nil {
		full, err := s.assignments(ctx, w)
		if err != nil {
			return err
		}
		if !full {
			m.fault(o, kindOrganisation, o.Slug, o.Slug+" has more than 10000 assignments, which is too many for files; leave them out")
		}
	}
	return s.userIDs(ctx, w, o.people())
}

// people lists the users that a file names.
func (o *Organisation) people() (names []string) {
	for _, g := range o.Groups {
		names = append(names, g.Members...)
	}
	for _, a := range o.Apps {
		names = append(names, textsOf(a.Settings[settingOwners])...)
	}
	for _, c := range o.Connections {
		names = append(names, c.User)
	}
	for _, a := range o.Assignments {
		names = append(names, a.User)
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}

// references finds names that neither the world nor the files know.
func (m *maker) references() {
	for _, c := range m.o.Connections {
		m.want(kindConnection, c.Name, kindUser, c.User)
	}
	for _, g := range m.o.Groups {
		m.want(kindGroup, g.Name, kindUser, g.Members...)
	}
	for _, a := range m.o.Apps {
		m.want(kindApp, a.ClientID, kindConnection, textsOf(a.Settings[settingConnection])...)
		m.want(kindApp, a.ClientID, kindGroup, textsOf(a.Settings[settingGroups])...)
		m.want(kindApp, a.ClientID, kindUser, textsOf(a.Settings[settingOwners])...)
	}
	for _, t := range m.o.ResourceTypes {
		m.want(kindType, t.Slug, kindAction, t.Actions...)
	}
	for _, r := range m.o.Resources {
		m.want(kindResource, r.Slug, kindType, r.Type)
	}
	for _, v := range m.o.Permissions {
		m.wantStatements(kindPermission, v.Name, v.Statements)
	}
	for _, r := range m.o.Roles {
		m.want(kindRole, r.Name, kindPermission, r.Permissions...)
		m.wantStatements(kindRole, r.Name, r.Statements)
	}
	for _, a := range m.o.Assignments {
		m.want(kindAssignment, a.key(), kindRole, a.Role)
		m.want(kindAssignment, a.key(), kindUser, a.User)
		m.want(kindAssignment, a.key(), kindGroup, a.Group)
		m.want(kindAssignment, a.key(), kindApp, a.App)
	}
}

// want notes those names of a kind that nobody knows; "" names nothing.
func (m *maker) want(byKind, by, kind string, names ...string) {
	for _, n := range names {
		switch {
		case n == "":
		case kind == kindGroup && m.w.twice[key(kind, n)]:
			m.fault(m.o, byKind, by, "several groups of "+m.o.Slug+" are called "+n)
		case !m.knows(kind, n):
			m.fault(m.o, byKind, by, "there is no "+kind+" "+n+" in "+m.o.Slug)
		}
	}
}

func (m *maker) wantStatements(byKind, by string, list []Statement) {
	for _, s := range list {
		m.want(byKind, by, kindAction, slices.DeleteFunc(slices.Clone(s.Actions), func(a string) bool { return a == "*" })...)
		switch typ, _, path := strings.Cut(s.Resource, "/"); {
		case s.Resource == "*":
		case path:
			m.want(byKind, by, kindType, typ)
		default:
			m.want(byKind, by, kindResource, s.Resource)
		}
	}
}

// knows reports whether a name will be there when the plan is carried out: in
// the organisation, or in one above it if things of the kind are named from
// below.
func (m *maker) knows(kind, name string) bool {
	for w := m.w; w != nil; w = w.above {
		_, there := w.ids[key(kind, name)]
		if o := m.files[w.doc.Slug]; o != nil {
			in, managed := o.has(kind, name)
			if in {
				return true
			}
			there = there && !(m.prune && managed && !identity.BuiltIn(w.ids[key(kind, name)]))
		}
		if there {
			return true
		}
		if !inherits(kind) {
			break
		}
	}
	return false
}

// has reports whether a file has a thing, and whether it has a list of its kind.
func (o *Organisation) has(kind, name string) (in, managed bool) {
	for _, c := range o.chapters() {
		if c.kind == kind {
			same := func(n string) bool { return key(kind, n) == key(kind, name) }
			return slices.ContainsFunc(c.names, same), c.names != nil
		}
	}
	return false, false
}
