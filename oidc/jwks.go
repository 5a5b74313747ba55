package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/muster-id/muster/identity"
)

// maxDocuments is how many organisations' documents are remembered.
const maxDocuments = 1000

// documents remembers the bytes of documents that are the same for everybody.
type documents struct {
	mu   sync.Mutex
	orgs map[identity.OrgID]document
}

// A document is remembered for as long as what it was made of has the same key.
type document struct {
	key  any // comparable
	text []byte
	etag string
}

// of returns an organisation's document and makes it anew if its key changed.
func (d *documents) of(org identity.OrgID, key any, body func() any) (document, error) {
	d.mu.Lock()
	have, ok := d.orgs[org]
	d.mu.Unlock()
	if ok && have.key == key {
		return have, nil
	}
	text, err := json.Marshal(body())
	if err != nil {
		return document{}, err
	}
	sum := sha256.Sum256(text)
	have = document{key, text, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.orgs == nil || len(d.orgs) >= maxDocuments {
		d.orgs = map[identity.OrgID]document{}
	}
	d.orgs[org] = have
	return have, nil
}

// write answers with the document, or with 304 if the caller has it.
func (d document) write(w http.ResponseWriter, r *http.Request, kind, cache string) {
	h := w.Header()
	openToAll(w)
	h.Set("Cache-Control", cache)
	h.Set("ETag", d.etag)
	h.Set("X-Content-Type-Options", "nosniff")
	for tag := range strings.SplitSeq(strings.Join(r.Header["If-None-Match"], ","), ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == d.etag || tag == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Type", kind)
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(d.text)
	}
}

// jwks publishes the keys that sign an organisation's tokens. A key is
// published an hour before it signs, so that the answer may be kept that long.
func (p *Provider) jwks(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	if r.Method == http.MethodOptions {
		preflightOpen(w)
		return
	}
	set, err := p.tokens.JWKS(r.Context(), org.ID)
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	var key strings.Builder
	for _, k := range set.Keys {
		key.WriteString(k.KeyID)
		key.WriteByte(' ')
	}
	d, err := p.keySets.of(org.ID, key.String(), func() any { return set })
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	d.write(w, r, "application/jwk-set+json", "public, max-age=900")
}
