package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/provision"
	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/schema"
)

// SCIM sends a SCIM request of somebody at the command line to the engine
// that answers connections, so that both live by the same rules. body is
// encoded as JSON unless it is nil; the answer is decoded into out unless that
// is nil. A refusal is an *identity.Error.
func (h *House) SCIM(ctx context.Context, by identity.Actor, method, path string, query url.Values, body, out any) error {
	types, err := h.Directory.Registry(ctx, by.Org)
	if err != nil {
		return err
	}
	client := &scim.Client{
		ID: "cli", Dialect: schema.RFC, Base: h.Config.URL(h.Config.Listen) + "/scim/v2", Types: types,
		Backend: provision.New(h.Directory, by),
	}
	engine := scim.New(scim.Options{
		Authenticate: func(*http.Request) (*scim.Client, error) { return client, nil },
		Log:          h.Log,
		Limits:       limits(h.Config),
	})
	var data []byte
	if body != nil {
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	u := url.URL{Path: path, RawQuery: query.Encode()}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(data))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/scim+json")
	w := &answer{header: http.Header{}, status: http.StatusOK}
	engine.Serve(w, r, path)
	if w.status >= 400 {
		return w.refusal()
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(w.body.Bytes(), out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// An answer collects what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// refusal turns an error response (RFC 7644 section 3.12) into an error that
// the caller may see.
func (a *answer) refusal() error {
	var fault struct {
		Type   string `json:"scimType"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(a.body.Bytes(), &fault); err != nil {
		return fmt.Errorf("status %d without a reason", a.status)
	}
	kinds := map[int]identity.Kind{
		http.StatusBadRequest:            identity.Invalid,
		http.StatusUnauthorized:          identity.Unauthenticated,
		http.StatusForbidden:             identity.Denied,
		http.StatusNotFound:              identity.NotFound,
		http.StatusConflict:              identity.Conflict,
		http.StatusPreconditionFailed:    identity.Stale,
		http.StatusRequestEntityTooLarge: identity.Invalid,
		http.StatusTooManyRequests:       identity.Throttled,
	}
	kind, ok := kinds[a.status]
	if !ok || fault.Detail == "" {
		return fmt.Errorf("status %d: %s", a.status, fault.Detail)
	}
	return identity.NewError(kind, "", fault.Detail)
}
