package entry

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// Grant hands a token request to the provider of an organisation. Basic
// credentials with an empty secret are how these clients say that an app is
// public; the provider wants its client_id in the form. A refusal, which is in
// the words of RFC 6749, comes back as an error.
func (d *Desk) Grant(w http.ResponseWriter, r *http.Request, org identity.Organisation, form url.Values) error {
	next := r.Clone(r.Context())
	if id, secret, ok := r.BasicAuth(); ok && secret == "" {
		next.Header.Del("Authorization")
		if plain, err := url.QueryUnescape(id); err == nil {
			form.Set("client_id", plain)
		}
	}
	return relay(w, web.Ask(d.o.Provider.Endpoint("token", org), web.WithForm(next, form)))
}

// relay passes an answer of the provider on.
func relay(w http.ResponseWriter, a *web.Answer) error {
	var e struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if a.Status < http.StatusBadRequest || json.Unmarshal(a.Body.Bytes(), &e) != nil || e.Code == "" {
		a.Send(w)
		return nil
	}
	a.CopyHeader(w)
	return &token.Error{Status: a.Status, Code: e.Code, Description: e.Description}
}

// ClientOf returns the client id that a token request names.
func ClientOf(r *http.Request, form url.Values) string {
	return app.Credentials{Authorization: r.Header["Authorization"], Form: form}.ClientID()
}

// AccessToken is a token answer (RFC 6749 section 5.1).
func AccessToken(res token.Response) map[string]any {
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
