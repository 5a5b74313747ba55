package declare

import (
	"context"
	"io"

	"go.yaml.in/yaml/v4"

	"github.com/muster-id/muster/identity"
)

// Export writes an organisation as a document that, applied, changes nothing.
// Members of groups are written only if asked for: they are usually given by
// provisioning.
func (s *Service) Export(ctx context.Context, slug string, members bool, to io.Writer) error {
	w, err := s.world(ctx, slug, members)
	if err != nil {
		return err
	}
	if !w.exists {
		return identity.NewError(identity.NotFound, "", "There is no organisation "+slug+".")
	}
	d, err := yaml.NewDumper(to, yaml.WithIndent(2))
	if err != nil {
		return err
	}
	if err := d.Dump(w.doc); err != nil {
		return err
	}
	return d.Close()
}
