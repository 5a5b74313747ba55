package cidaas

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

// maxBody bounds the bodies that this door reads.
const maxBody = 64 << 10

// ask reads a request of the back channel, form or JSON, finds the organisation
// of the app that it names, and has the provider answer it.
func (d *Door) ask(name string, w http.ResponseWriter, r *http.Request) (*web.Answer, identity.Organisation, error) {
	form, err := web.Fields(w, r, maxBody)
	if err != nil {
		return nil, identity.Organisation{}, err
	}
	org, err := d.o.Apps.OrganisationOf(r.Context(), app.Credentials{Authorization: r.Header["Authorization"], Form: form}.ClientID())
	if err != nil {
		return nil, org, err
	}
	return web.Ask(d.o.Provider.Endpoint(name, org), web.WithForm(r, form)), org, nil
}

// backChannel serves an endpoint of the provider whose answers are the same here.
func (d *Door) backChannel(name string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		a, _, err := d.ask(name, w, r)
		if err != nil {
			return err
		}
		a.Send(w)
		return nil
	}
}

// token is the token endpoint. Its answers say besides those of RFC 6749 whom
// the tokens are of and how long the ID token is good for.
func (d *Door) token(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	a, org, err := d.ask("token", w, r)
	if err != nil {
		return err
	}
	var said map[string]any
	if a.Status != http.StatusOK || json.Unmarshal(a.Body.Bytes(), &said) != nil {
		a.Send(w)
		return nil
	}
	access, _ := said["access_token"].(string)
	b, err := d.o.Tokens.Inspect(r.Context(), org.ID, access)
	if err != nil {
		return err
	}
	said["sub"] = b.Subject
	if !b.User.IsZero() && b.Subject == b.User.String() {
		said["identity_id"] = b.Subject
	}
	if text, ok := said["id_token"].(string); ok {
		v, err := d.o.Tokens.VerifyOwn(r.Context(), org.ID, text, token.TypeID)
		if err != nil {
			return err
		}
		exp, _ := v.Claims["exp"].(float64)
		iat, _ := v.Claims["iat"].(float64)
		said["id_token_expires_in"] = int64(exp - iat)
	}
	a.CopyHeader(w)
	web.JSON(w, http.StatusOK, said)
	return nil
}

// preflight lets scripts of every origin ask, without cookies: nobody has said yet
// which app asks. Whether the script may read the answer is for the provider to
// say, who knows the origins of the app then.
func preflight(methods string) web.Handler {
	return func(w http.ResponseWriter, _ *http.Request, _ identity.Actor) error {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// authorize begins a sign-in. The app names itself in the URL, or in the form of
// a POST and nowhere else.
func (d *Door) authorize(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	values := r.URL.Query()
	if r.Method == http.MethodPost {
		var err error
		if values, err = web.PeekForm(w, r, maxBody); err != nil {
			return err
		}
	}
	org, err := d.o.Apps.OrganisationOf(r.Context(), app.Credentials{Form: url.Values{"client_id": values["client_id"]}}.ClientID())
	if err != nil {
		return err
	}
	d.o.Provider.Endpoint("authorize", org).ServeHTTP(w, r)
	return nil
}

// userinfo tells who holds a token, in the organisation that issued it. The
// provider checks the token and what it is bound to.
func (d *Door) userinfo(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	_, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if r.Method == http.MethodPost && text == "" {
		form, err := web.PeekForm(w, r, maxBody)
		if err != nil {
			return err
		}
		text = form.Get("access_token")
	}
	id, err := d.o.Tokens.OrganisationOf(r.Context(), strings.TrimSpace(text))
	if err != nil {
		return err
	}
	org, err := d.o.Directory.Organisation(r.Context(), id.String())
	if err != nil {
		return err
	}
	a := web.Ask(d.o.Provider.Endpoint("userinfo", org), r)
	if a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden {
		a.CopyHeader(w)
		denied(w)
		return nil
	}
	a.Send(w)
	return nil
}

// endSession signs a person out. The organisation is that of the hint: an ID
// token, or the access token that clients of this API send in its place.
func (d *Door) endSession(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	ctx := r.Context()
	values := r.URL.Query()
	if r.Method == http.MethodPost {
		var err error
		if values, err = web.PeekForm(w, r, maxBody); err != nil {
			return err
		}
	}
	client := values.Get("client_id")
	if text := values.Get("access_token_hint"); text != "" {
		_, b, err := d.o.Tokens.Actor(ctx, text)
		switch {
		case err == nil && client == "":
			client = b.ClientID
		case err != nil && identity.KindOf(err) != identity.Unauthenticated:
			return err
		}
		r = withoutHint(r, values, client)
	}
	org, err := d.ofHint(r, values.Get("id_token_hint"), client)
	if err != nil {
		return err
	}
	d.o.Provider.Endpoint("logout", org).ServeHTTP(w, r)
	return nil
}

// withoutHint returns the request with the app in the place of the access token,
// so that no page of the provider carries the token on.
func withoutHint(r *http.Request, values url.Values, client string) *http.Request {
	values.Del("access_token_hint")
	if client != "" {
		values.Set("client_id", client)
	}
	if r.Method == http.MethodPost {
		return web.WithForm(r, values)
	}
	next := r.Clone(r.Context())
	next.URL.RawQuery = values.Encode()
	return next
}

// ofHint finds the organisation that signed an ID token, or else that of an app.
// The provider verifies the hint.
func (d *Door) ofHint(r *http.Request, hint, client string) (identity.Organisation, error) {
	id, err := d.o.Tokens.OrganisationOf(r.Context(), hint)
	if err == nil {
		return d.o.Directory.Organisation(r.Context(), id.String())
	}
	if identity.KindOf(err) != identity.Unauthenticated {
		return identity.Organisation{}, err
	}
	return d.o.Apps.OrganisationOf(r.Context(), app.Credentials{Form: url.Values{"client_id": {client}}}.ClientID())
}

// keys publishes the keys of an organisation: that of the app which asks, or the
// root organisation.
func (d *Door) keys(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.o.Apps.OrganisationOf(r.Context(), app.Credentials{Form: url.Values{"client_id": r.URL.Query()["client_id"]}}.ClientID())
	if err != nil {
		return err
	}
	d.o.Provider.Endpoint("jwks", org).ServeHTTP(w, r)
	return nil
}
