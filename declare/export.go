package declare

import (
	"context"
	"io"

	"go.yaml.in/yaml/v4"

	"github.com/muster-id/muster/identity"
)

// Export returns an organisation as a document that, applied, changes nothing,
// also with pruning. Members of groups are told only if asked for: they are
// usually given by provisioning. left says in sentences what was left out.
func (s *Service) Export(ctx context.Context, slug string, members bool) (doc *Organisation, left []string, err error) {
	p := &planner{s: s, worlds: map[string]*world{}}
	w, err := p.world(ctx, slug)
	if err != nil {
		return nil, nil, err
	}
	if !w.exists {
		return nil, nil, identity.NewError(identity.NotFound, "", "There is no organisation "+slug+".")
	}
	for _, read := range []func(context.Context, *world) error{s.connections, s.groups, s.apps} {
		if err := read(ctx, w); err != nil {
			return nil, nil, err
		}
	}
	if err := s.members(ctx, w, func(string) bool { return members }); err != nil {
		return nil, nil, err
	}
	full, err := s.assignments(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	if !full {
		left = append(left, "The assignments are left out: there are more than 10000.")
	}
	if len(w.twice) > 0 {
		left = append(left, "Groups that share a name with others are left out, and what is assigned to them.")
	}
	return &w.doc, left, nil
}

// Write writes a document as YAML.
func (o *Organisation) Write(to io.Writer) error {
	d, err := yaml.NewDumper(to, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return err
	}
	if err := d.Dump(o); err != nil {
		return err
	}
	return d.Close()
}

// Map returns a document with the members that its YAML has, for other formats.
func (o *Organisation) Map() map[string]any { return fields(o) }
