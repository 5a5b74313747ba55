package vmware

import (
	"net/http"
	"net/url"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// organisationOf finds the organisation of a token request: the one it names,
// or that of its app.
func (d *Door) organisationOf(r *http.Request, form url.Values) (identity.Organisation, error) {
	for _, name := range []string{"orgId", "org_id"} {
		if v := form.Get(name); v != "" {
			return d.o.Entry.Named(r.Context(), v)
		}
	}
	return d.o.Apps.OrganisationOf(r.Context(), entry.ClientOf(r, form))
}

// authToken is row 1: a token for a code, a refresh token or client credentials.
func (d *Door) authToken(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Fields(w, r, entry.MaxBody)
	if err != nil {
		return err
	}
	if r.Header.Get("Authorization") == "" {
		return entry.ErrCredentials
	}
	org, err := d.organisationOf(r, form)
	if err != nil {
		return err
	}
	return d.o.Entry.Grant(w, r, org, form)
}

// inURL are the fields of row 3 that may stand in the URL: those that are no
// secrets, for URLs end up in logs.
var inURL = []string{"grant_type", "state", "redirect_uri", "client_id", "scope", "orgId", "org_id"}

// authorize is rows 3 and 9: as row 1, with the credentials of the app in the
// body where the header has none.
func (d *Door) authorize(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Fields(w, r, entry.MaxBody)
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
	return d.o.Entry.Grant(w, r, org, form)
}

// apiToken is row 4: an access token for an API token, which is a refresh token
// of a public app.
func (d *Door) apiToken(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Fields(w, r, entry.MaxBody)
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
	if a, err := d.o.Apps.Get(r.Context(), org.ID, client); err == nil && a.SoftwareID == entry.APITokens {
		return d.o.Entry.Renew(w, r, a, text)
	}
	return d.o.Entry.Grant(w, r, org, url.Values{"grant_type": {identity.GrantRefresh}, "refresh_token": {text}, "client_id": {client}})
}

// discovery is row 10: the metadata of the provider, with the list of claims
// under the name that the old API gives it too.
func (d *Door) discovery(w http.ResponseWriter, r *http.Request) error {
	org, err := d.o.Entry.Named(r.Context(), r.URL.Query().Get("orgId"))
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
