package oidc

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// introspection is the answer of RFC 7662 section 2.2.
type introspection struct {
	Active    bool                `json:"active"`
	Scope     string              `json:"scope,omitempty"`
	ClientID  string              `json:"client_id,omitempty"`
	TokenType string              `json:"token_type,omitempty"`
	Expires   int64               `json:"exp,omitempty"`
	Issued    int64               `json:"iat,omitempty"`
	Subject   string              `json:"sub,omitempty"`
	Audience  []string            `json:"aud,omitempty"`
	Issuer    string              `json:"iss,omitempty"`
	JTI       string              `json:"jti,omitempty"`
	AuthTime  int64               `json:"auth_time,omitempty"`
	ACR       string              `json:"acr,omitempty"`
	AMR       []string            `json:"amr,omitempty"`
	Session   string              `json:"sid,omitempty"`
	Org       string              `json:"org_id,omitempty"`
	Confirm   *token.Confirmation `json:"cnf,omitempty"`
	Actor     *token.Act          `json:"act,omitempty"`
}

// introspect tells an app what a token is that it was given. Of tokens that are
// neither the app's own nor meant for it, it tells as little as of texts that
// are no tokens.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request, org identity.Organisation) {
	c, err := p.caller(w, r, org)
	if err == nil && c.App.Public() {
		err = &oauthError{Code: "invalid_client", Description: "Introspection is for apps that prove who they are.", Status: http.StatusUnauthorized}
	}
	var text string
	if err == nil {
		text, err = c.need("token")
	}
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	b, err := p.tokens.Introspect(r.Context(), c.App, text)
	if err != nil && identity.KindOf(err) != identity.Unauthenticated {
		p.writeError(w, r, err)
		return
	}
	var body any = introspection{}
	if err == nil {
		body = withExtra(describe(b), b.Extra)
	}
	if c.App.IntrospectionAlg != "" || strings.Contains(r.Header.Get("Accept"), "application/token-introspection+jwt") {
		p.signedIntrospection(w, r, c, body)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func describe(b *token.Bearer) introspection {
	out := introspection{
		Active: true, Scope: strings.Join(b.Scopes, " "), ClientID: b.ClientID, Subject: b.Subject, Audience: b.Audience,
		Issuer: b.Issuer, JTI: b.JTI, ACR: b.ACR, AMR: b.AMR, Org: b.Org.ID.String(), Actor: b.Actor,
		Expires: seconds(b.Expires), Issued: seconds(b.Issued), AuthTime: seconds(b.AuthTime),
	}
	if b.Kind == token.AccessToken {
		out.TokenType = b.Type()
	}
	if !b.Session.IsZero() {
		out.Session = b.Session.String()
	}
	if b.Confirmation != (token.Confirmation{}) {
		cnf := b.Confirmation
		out.Confirm = &cnf
	}
	return out
}

// withExtra adds claims of doors. They replace none of ours.
func withExtra(said introspection, extra map[string]any) any {
	if len(extra) == 0 {
		return said
	}
	text, err := json.Marshal(said)
	if err != nil {
		panic("oidc: introspection that is no JSON: " + err.Error())
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		panic("oidc: introspection that is no object: " + err.Error())
	}
	for name, v := range extra {
		if _, ours := out[name]; !ours {
			out[name] = v
		}
	}
	return out
}

// signedIntrospection answers with a JWT (RFC 9701).
func (p *Provider) signedIntrospection(w http.ResponseWriter, r *http.Request, c *caller, body any) {
	text, err := p.tokens.Sign(r.Context(), c.org.ID, signatureAlg(c.App, c.App.IntrospectionAlg), token.TypeIntrospection, map[string]any{
		"iss": p.issuer(c.org), "aud": c.App.ClientID, "iat": p.now().Unix(), "token_introspection": body,
	})
	if err != nil {
		p.writeError(w, r, err)
		return
	}
	writeJWT(w, "application/token-introspection+jwt", text)
}

func writeJWT(w http.ResponseWriter, kind, text string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(text))
}

// signatureAlg is the algorithm of a signed answer: the one that the app chose, else
// RS256 (RFC 9701 section 6, JARM section 3), which FAPI does not know.
func signatureAlg(a *identity.App, chosen string) string {
	switch {
	case chosen != "":
		return chosen
	case a.FAPI:
		return "ES256"
	}
	return "RS256"
}

// seconds is a time on the wire, 0 for none.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
