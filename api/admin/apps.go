package admin

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// An appList is one page of apps. Next is the value of after for the next one.
type appList struct {
	Apps []appJSON `json:"apps"`
	Next string    `json:"next,omitempty"`
}

func (d *Door) listApps(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	limit, err := web.Limit(r)
	if err != nil {
		return err
	}
	list, err := d.apps.List(r.Context(), org.ID, r.URL.Query().Get("after"), limit)
	if err != nil {
		return err
	}
	out := appList{Apps: []appJSON{}}
	for i := range list {
		out.Apps = append(out.Apps, wireApp(&list[i], ""))
	}
	if len(list) == limit {
		out.Next = list[limit-1].ClientID
	}
	return web.Send(w, http.StatusOK, out)
}

// newAppJSON is the body that makes an app.
type newAppJSON struct {
	ClientID  string `json:"client_id"`
	ExpiresIn int64  `json:"client_secret_expires_in"` // seconds; 0: never
	// RequirePKCE is true unless it is said to be false.
	RequirePKCE *bool `json:"require_pkce"`
	identity.AppSettings
}

func (d *Door) createApp(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var in newAppJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	rotation, err := rotationJSON{ExpiresIn: in.ExpiresIn}.rotation(time.Now())
	if err != nil {
		return err
	}
	a, secret, err := d.apps.Create(r.Context(), by, org.ID, app.NewApp{
		ClientID: in.ClientID, AppSettings: in.AppSettings, Expires: rotation.Expires,
		WithoutPKCE: in.RequirePKCE != nil && !*in.RequirePKCE,
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", d.public+"/api/v1/o/"+org.Slug+"/apps/"+a.ID.String())
	return web.Send(w, http.StatusCreated, wireApp(&a, secret))
}

// find returns the app that the path names.
func (d *Door) find(r *http.Request, org identity.Organisation) (*identity.App, error) {
	return d.apps.Get(r.Context(), org.ID, r.PathValue("app"))
}

func (d *Door) getApp(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	a, err := d.find(r, org)
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusOK, wireApp(a, ""))
}

// changeApp applies a JSON merge patch (RFC 7396) to the settings.
func (d *Door) changeApp(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var patch map[string]json.RawMessage
	if err := web.ReadJSON(w, r, &patch); err != nil {
		return err
	}
	a, err := d.find(r, org)
	if err != nil {
		return err
	}
	changed, err := d.apps.Update(r.Context(), by, org.ID, a.ID, func(s *identity.AppSettings) error {
		return merge(s, patch)
	})
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusOK, wireApp(&changed, ""))
}

// merge puts the members of a patch in the place of those of the settings; null
// removes one.
func merge(s *identity.AppSettings, patch map[string]json.RawMessage) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for k, v := range patch {
		all[k] = v
		if string(v) == "null" {
			delete(all, k)
		}
	}
	if text, err = json.Marshal(all); err != nil {
		return err
	}
	var next identity.AppSettings
	if err := web.DecodeJSON(text, &next); err != nil {
		return err
	}
	*s = next
	return nil
}

func (d *Door) deleteApp(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	a, err := d.find(r, org)
	if err != nil {
		return err
	}
	if err := d.apps.Delete(r.Context(), by, org.ID, a.ID); err != nil {
		return err
	}
	return web.Nothing(w)
}

func (d *Door) disableApp(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	return d.setDisabled(w, r, by, org, true)
}

func (d *Door) enableApp(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	return d.setDisabled(w, r, by, org, false)
}

func (d *Door) setDisabled(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation, disabled bool) error {
	a, err := d.find(r, org)
	if err != nil {
		return err
	}
	if err := d.apps.Disable(r.Context(), by, org.ID, a.ID, disabled); err != nil {
		return err
	}
	return web.Nothing(w)
}

// newSecretJSON is a secret with its text, which is shown this once.
type newSecretJSON struct {
	secretJSON
	ClientSecret string `json:"client_secret"`
}

func (d *Door) addSecret(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var in rotationJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	rotation, err := in.rotation(time.Now())
	if err != nil {
		return err
	}
	a, err := d.find(r, org)
	if err != nil {
		return err
	}
	s, err := d.apps.AddSecret(r.Context(), by, org.ID, a.ID, rotation)
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusCreated, newSecretJSON{secretJSON{s.ID.String(), s.Prefix, web.When(s.Created), web.When(s.Expires), nil}, s.Text})
}

func (d *Door) revokeSecret(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	a, err := d.find(r, org)
	if err != nil {
		return err
	}
	id, err := web.PathID(r, "secret")
	if err != nil {
		return err
	}
	if err := d.apps.RevokeSecret(r.Context(), by, org.ID, a.ID, id); err != nil {
		return err
	}
	return web.Nothing(w)
}

type registrationJSON struct {
	ExpiresIn int64 `json:"expires_in"` // seconds; 0: a day
	Uses      int   `json:"uses"`       // 0: once
}

type registrationToken struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
	Uses    int       `json:"uses"`
}

// newRegistrationToken makes an initial access token (RFC 7591 section 3).
func (d *Door) newRegistrationToken(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var in registrationJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	if in.ExpiresIn == 0 {
		in.ExpiresIn = 24 * 3600
	}
	if in.Uses == 0 {
		in.Uses = 1
	}
	rotation, err := rotationJSON{ExpiresIn: in.ExpiresIn}.rotation(time.Now())
	if err != nil {
		return err
	}
	text, err := d.apps.NewInitialToken(r.Context(), by, org.ID, rotation.Expires, in.Uses)
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusCreated, registrationToken{text, rotation.Expires.UTC(), in.Uses})
}
