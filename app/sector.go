package app

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/muster-id/muster/identity"
)

// maxSector is the length in bytes of what a sector_identifier_uri answers.
const maxSector = 64 << 10

// faults is Check together with what only the network can tell: that the
// document at sector_identifier_uri lists every redirect URI (OpenID Connect
// Registration section 5). It is not asked about what has not changed.
func (s *Service) faults(ctx context.Context, a, old identity.AppSettings, p Provider) []Fault {
	faults := Check(a, p)
	uri := a.SectorIdentifierURI
	if len(faults) > 0 || uri == "" || uri == old.SectorIdentifierURI && slices.Equal(a.RedirectURIs, old.RedirectURIs) {
		return faults
	}
	bad := func(text string) []Fault {
		return []Fault{{InvalidClientMetadata, "sector_identifier_uri", text}}
	}
	doc, _, err := s.fetch.Get(ctx, uri, maxSector, "application/json")
	if err != nil {
		return bad("The document at sector_identifier_uri could not be read: " + err.Error())
	}
	var listed []string
	if json.Unmarshal(doc, &listed) != nil {
		return bad("The document at sector_identifier_uri is not a list of URIs in JSON.")
	}
	for _, r := range a.RedirectURIs {
		if !slices.Contains(listed, r) {
			return bad("The document at sector_identifier_uri does not list every redirect URI.")
		}
	}
	return nil
}
