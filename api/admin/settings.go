package admin

import (
	"net/http"
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/web"
)

func (d *Door) getProvider(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	p, err := d.apps.Provider(r.Context(), org.ID)
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusOK, p)
}

func (d *Door) putProvider(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var p app.Provider
	if err := web.ReadJSON(w, r, &p); err != nil {
		return err
	}
	if err := d.apps.SetProvider(r.Context(), by, org.ID, p); err != nil {
		return err
	}
	return d.getProvider(w, r, by, org)
}

func (d *Door) getPolicy(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	p, err := d.signin.Policy(r.Context(), org.ID)
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusOK, p)
}

func (d *Door) putPolicy(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var p signin.Policy
	if err := web.ReadJSON(w, r, &p); err != nil {
		return err
	}
	if err := d.signin.SetPolicy(r.Context(), by, org.ID, p); err != nil {
		return err
	}
	return d.getPolicy(w, r, by, org)
}

func (d *Door) getClaims(w http.ResponseWriter, r *http.Request, _ identity.Actor, org identity.Organisation) error {
	s, err := d.claims.Settings(r.Context(), org.ID)
	if err != nil {
		return err
	}
	return web.Send(w, http.StatusOK, s)
}

func (d *Door) putClaims(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var s claims.Settings
	if err := web.ReadJSON(w, r, &s); err != nil {
		return err
	}
	if err := d.claims.SetSettings(r.Context(), by, org.ID, s); err != nil {
		return err
	}
	return d.getClaims(w, r, by, org)
}

// keyJSON is a signing key.
type keyJSON struct {
	ID       string     `json:"kid"`
	Alg      string     `json:"alg"`
	State    string     `json:"state"`
	Created  *time.Time `json:"created"`
	Active   *time.Time `json:"active"`
	Retiring *time.Time `json:"retiring,omitempty"`
	Gone     *time.Time `json:"gone,omitempty"`
}

type keyList struct {
	Keys []keyJSON `json:"keys"`
}

func (d *Door) listKeys(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	list, err := d.tokens.ListKeys(r.Context(), by, org.ID)
	if err != nil {
		return err
	}
	out := keyList{[]keyJSON{}}
	for _, k := range list {
		out.Keys = append(out.Keys, keyJSON{k.ID, k.Alg, string(k.State), web.When(k.Created), web.When(k.Active), web.When(k.Retiring), web.When(k.Gone)})
	}
	return web.Send(w, http.StatusOK, out)
}

type rotateJSON struct {
	Alg         string `json:"alg"` // "": all
	Immediately bool   `json:"immediately"`
}

func (d *Door) rotateKeys(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	var in rotateJSON
	if err := web.ReadJSON(w, r, &in); err != nil {
		return err
	}
	if err := d.tokens.Rotate(r.Context(), by, org.ID, in.Alg, in.Immediately); err != nil {
		return err
	}
	return d.listKeys(w, r, by, org)
}

func (d *Door) retireKey(w http.ResponseWriter, r *http.Request, by identity.Actor, org identity.Organisation) error {
	if err := d.tokens.Retire(r.Context(), by, org.ID, r.PathValue("kid")); err != nil {
		return err
	}
	return web.Nothing(w)
}
