package vmware

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// grant hands a token request to the provider of an organisation. Basic
// credentials with an empty secret are how these clients say that an app is
// public; the provider wants its client_id in the form.
func (d *Door) grant(w http.ResponseWriter, r *http.Request, org identity.Organisation, form url.Values) error {
	next := r.Clone(r.Context())
	if id, secret, ok := r.BasicAuth(); ok && secret == "" {
		next.Header.Del("Authorization")
		if plain, err := url.QueryUnescape(id); err == nil {
			form.Set("client_id", plain)
		}
	}
	d.relay(w, r, web.Ask(d.o.Provider.Endpoint("token", org), web.WithForm(next, form)))
	return nil
}

// clientOf returns the client id that a token request names.
func clientOf(r *http.Request, form url.Values) string {
	return app.Credentials{Authorization: r.Header["Authorization"], Form: form}.ClientID()
}

// organisationOf finds the organisation of a token request: the one it names,
// or that of its app.
func (d *Door) organisationOf(r *http.Request, form url.Values) (identity.Organisation, error) {
	for _, name := range []string{"orgId", "org_id"} {
		if v := form.Get(name); v != "" {
			return d.named(r.Context(), v)
		}
	}
	return d.o.Apps.OrganisationOf(r.Context(), clientOf(r, form))
}

// authToken is row 1: a token for a code, a refresh token or client credentials.
func (d *Door) authToken(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	form, err := web.Fields(w, r, maxBody)
	if err != nil {
		return err
	}
	if r.Header.Get("Authorization") == "" {
		return errCredentials
	}
	org, err := d.organisationOf(r, form)
	if err != nil {
		return err
	}
	return d.grant(w, r, org, form)
}

// inURL are the fields of row 3 that may stand in the URL: those that are no
// secrets, for URLs end up in logs.
var inURL = []string{"grant_type", "state", "redirect_uri", "client_id", "scope", "orgId", "org_id"}

// authorize is rows 3 and 9: as row 1, with the credentials of the app in the
// body where the header has none.
func (d *Door) authorize(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	form, err := web.Fields(w, r, maxBody)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	for _, k := range inURL {
		if v := query[k]; !form.Has(k) && len(v) == 1 {
			form.Set(k, v[0])
		}
	}
	if id, secret := form.Get("client_id"), form.Get("client_secret"); r.Header.Get("Authorization") == "" && id != "" {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	form.Del("client_id")
	form.Del("client_secret")
	org, err := d.organisationOf(r, form)
	if err != nil {
		return err
	}
	return d.grant(w, r, org, form)
}

// apiToken is row 4: an access token for an API token, which is a refresh token
// of a public app.
func (d *Door) apiToken(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	form, err := web.Fields(w, r, maxBody)
	if err != nil {
		return err
	}
	text := form.Get("api_token")
	if text == "" {
		text = form.Get("refresh_token")
	}
	if text == "" {
		return identity.NewError(identity.Invalid, "api_token", "The request needs an api_token.")
	}
	org, client, err := d.o.Tokens.HolderOf(r.Context(), text)
	if err != nil {
		return err
	}
	if a, err := d.o.Apps.Get(r.Context(), org.ID, client); err == nil && a.SoftwareID == apiTokens {
		return d.renew(w, r, a, text)
	}
	return d.grant(w, r, org, url.Values{"grant_type": {identity.GrantRefresh}, "refresh_token": {text}, "client_id": {client}})
}

// tenantToken is the token endpoint of the Tenant Manager. API tokens come
// without a client id: they name their app themselves.
func (d *Door) tenantToken(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.named(r.Context(), r.PathValue("org"))
	if err != nil {
		return err
	}
	form, err := web.Fields(w, r, maxBody)
	if err != nil {
		return err
	}
	if text := form.Get("refresh_token"); text != "" && clientOf(r, form) == "" {
		owner, client, err := d.o.Tokens.HolderOf(r.Context(), text)
		if err != nil {
			return err
		}
		if owner.ID != org.ID {
			return errCredentials
		}
		a, err := d.o.Apps.Get(r.Context(), org.ID, client)
		if err == nil && a.SoftwareID == apiTokens {
			return d.renew(w, r, a, text)
		}
		form.Set("client_id", client)
	}
	if form.Get("grant_type") == identity.GrantJWTBearer {
		return d.newAPIToken(w, r, org, form)
	}
	return d.grant(w, r, org, form)
}

// passOn serves an endpoint of the provider under another path. The
// organisation is that of the app, for endpoints that an app names itself at.
func (d *Door) passOn(name string) func(http.ResponseWriter, *http.Request, identity.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
		client := clientOf(r, r.URL.Query())
		if r.Method == http.MethodPost {
			form, err := web.PeekForm(w, r, maxBody)
			if err != nil {
				return err
			}
			client = clientOf(r, form)
		}
		org, err := d.o.Apps.OrganisationOf(r.Context(), client)
		if client == "" {
			org, err = d.named(r.Context(), r.URL.Query().Get("orgId"))
		}
		if err != nil {
			return err
		}
		d.o.Provider.Endpoint(name, org).ServeHTTP(w, r)
		return nil
	}
}

// userinfo serves UserInfo; the organisation is that of the token.
func (d *Door) userinfo(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	b, err := d.bearer(r)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+tokenOf(r))
	d.o.Provider.Endpoint("userinfo", b.Org).ServeHTTP(w, r)
	return nil
}

// discovery is row 10: the metadata of the provider, with the list of claims
// under the name that the old API gives it too.
func (d *Door) discovery(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.named(r.Context(), r.URL.Query().Get("orgId"))
	if err != nil {
		return err
	}
	doc, err := d.document("discovery", org, r)
	if err != nil {
		return err
	}
	doc["claimsSupported"] = doc["claims_supported"]
	web.JSON(w, http.StatusOK, doc)
	return nil
}

// register is how clients of the Tenant Manager make an app for an API token:
// RFC 7591 with nothing but a name, by somebody who is signed in.
func (d *Door) register(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.named(r.Context(), r.PathValue("org"))
	if err != nil {
		return err
	}
	b, err := d.bearer(r)
	if err != nil {
		return err
	}
	if b.Org.ID != org.ID || !own(b) {
		return identity.NewError(identity.Denied, "", "An API token is made by somebody who is signed in to the organisation.")
	}
	form, err := web.Fields(w, r, maxBody)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(form.Get("client_name"))
	if name == "" {
		return identity.NewError(identity.Invalid, "client_name", "The request needs a client_name.")
	}
	a, err := d.makeApp(r.Context(), b, name)
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, map[string]any{
		"client_id": a.ClientID, "client_name": a.Name, "grant_types": a.GrantTypes, "token_endpoint_auth_method": identity.AuthNone,
		"redirect_uris": []string{}, "client_id_issued_at": a.Created.Unix(),
	})
	return nil
}
