package vmware

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// document asks an endpoint of the provider that answers with a JSON object.
func (d *Door) document(name string, org identity.Organisation, r *http.Request) (map[string]any, error) {
	ask := r.Clone(r.Context())
	ask.Method, ask.Body, ask.ContentLength = http.MethodGet, http.NoBody, 0
	ask.Header = http.Header{}
	a := web.Ask(d.o.Provider.Endpoint(name, org), ask)
	var doc map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &doc); err != nil || a.Status != http.StatusOK {
		return nil, fmt.Errorf("ask the provider for %s: status %d: %w", name, a.Status, err)
	}
	return doc, nil
}
