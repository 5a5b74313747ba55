package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/muster-id/muster/identity"
)

// maxDocuments is how many organisations' documents are remembered.
const maxDocuments = 1000

// documents remembers the bytes of documents that are the same for everybody.
type documents struct {
	mu   sync.RWMutex
	orgs map[identity.OrgID]document
}

// A document is as good as the state of the database and the minute that it was
// made in: keys end by time alone.
type document struct {
	epoch  uint64
	minute int64
	text   []byte
	length string
	etag   string
}

// of returns an organisation's document, and makes it anew when something may
// have changed.
func (p *Provider) of(ctx context.Context, d *documents, org identity.OrgID, body func() (any, error)) (document, error) {
	epoch, err := p.requests.Epoch(ctx)
	if err != nil {
		return document{}, err
	}
	minute := p.now().Unix() / 60
	d.mu.RLock()
	have, ok := d.orgs[org]
	d.mu.RUnlock()
	if ok && have.epoch == epoch && have.minute == minute {
		return have, nil
	}
	made, err := body()
	if err != nil {
		return document{}, err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return document{}, err
	}
	sum := sha256.Sum256(text)
	have = document{epoch, minute, text, strconv.Itoa(len(text)), `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
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
	for _, list := range r.Header["If-None-Match"] {
		for tag := range strings.SplitSeq(list, ",") {
			if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == d.etag || tag == "*" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Length", d.length)
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
	d, err := p.of(r.Context(), &p.keySets, org.ID, func() (any, error) { return p.tokens.JWKS(r.Context(), org.ID) })
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	d.write(w, r, "application/jwk-set+json", "public, max-age=900")
}
