package vmware

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// maxBody bounds the bodies that this door reads.
const maxBody = 64 << 10

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

// relay passes an answer of the provider on. A refusal, which is in the words of
// RFC 6749, becomes one of the API that was asked.
func (d *Door) relay(w http.ResponseWriter, r *http.Request, a *web.Answer) {
	var e struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if a.Status < http.StatusBadRequest || json.Unmarshal(a.Body.Bytes(), &e) != nil || e.Code == "" {
		a.Send(w)
		return
	}
	a.CopyHeader(w)
	d.refuse(w, r, a.Status, e.Code, e.Description)
}

// renew answers an API token with an access token. API tokens stay as they are.
func (d *Door) renew(w http.ResponseWriter, r *http.Request, a *identity.App, text string) error {
	res, err := d.o.Tokens.Refresh(r.Context(), a, token.Renewal{Token: text})
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, accessToken(res))
	return nil
}

// accessToken is a token answer (RFC 6749 section 5.1).
func accessToken(res token.Response) map[string]any {
	out := map[string]any{
		"access_token": res.AccessToken, "token_type": res.TokenType, "expires_in": int64(res.ExpiresIn.Seconds()),
		"scope": strings.Join(res.Scopes, " "),
	}
	if res.RefreshToken != "" {
		out["refresh_token"] = res.RefreshToken
	}
	if res.IDToken != "" {
		out["id_token"] = res.IDToken
	}
	return out
}
