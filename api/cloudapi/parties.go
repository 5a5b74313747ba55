package cloudapi

import (
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
)

// A partyJSON is a relying party: an app that people sign in to. Its secret is
// told when it is made, and when it is made anew.
type partyJSON struct {
	ID           string   `json:"id"`
	ClientID     string   `json:"clientId"`
	Name         string   `json:"clientName"`
	ClientSecret *string  `json:"clientSecret"`
	RedirectURIs []string `json:"redirectUris"`
	Scope        []string `json:"scope"`
}

var partyFields = fields{
	"id": {id: true, unsortable: true}, "clientId": {}, "clientName": {}, "clientSecret": {unsortable: true, unsearchable: true},
	"redirectUris": {unsortable: true, unsearchable: true}, "scope": {unsortable: true, unsearchable: true},
}

// partyScopes are what relying parties may ask for, always the same.
func partyScopes() []string {
	return []string{"openid", "profile", "email", "phone", "groups", "vcd_idp"}
}

func isParty(a identity.App) bool { return !isAccount(a) && !isAPIToken(a) && len(a.RedirectURIs) > 0 }

func wireParty(a *identity.App) partyJSON {
	out := partyJSON{ID: urn(kindRelyingParty, a.ID.String()), ClientID: a.ClientID, Name: a.Name, RedirectURIs: a.RedirectURIs, Scope: a.Scopes}
	if out.Scope == nil {
		out.Scope = []string{}
	}
	return out
}

func (d *Door) listParties(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	list, err := d.apps(c)
	if err != nil {
		return err
	}
	all := []partyJSON{}
	for _, one := range list {
		if isParty(one) {
			all = append(all, wireParty(&one))
		}
	}
	return sendAll(d, c, listing{ask: a, model: "OidcRelyingParties", fields: partyFields, usual: "clientName", add: c.may(identity.AppsWrite)}, all)
}

// party finds the relying party of a path.
func (d *Door) party(c *call) (*identity.App, error) { return d.appOf(c, kindRelyingParty, isParty) }

func (d *Door) getParty(c *call) error {
	a, err := d.party(c)
	if err != nil {
		return err
	}
	return c.ok(wireParty(a))
}

// A partyBody is what a client says of a relying party.
type partyBody struct {
	Name         *string   `json:"clientName"`
	RedirectURIs *[]string `json:"redirectUris"`
}

func (c *call) readParty() (in partyBody, err error) {
	if err := c.readBody(&in); err != nil {
		return in, err
	}
	switch {
	case in.Name == nil || *in.Name == "":
		err = identity.NewError(identity.Invalid, "clientName", "A relying party needs a clientName.")
	case in.RedirectURIs == nil || len(*in.RedirectURIs) == 0:
		err = identity.NewError(identity.Invalid, "redirectUris", "A relying party needs redirectUris.")
	}
	return in, err
}

func (d *Door) createParty(c *call) error {
	in, err := c.readParty()
	if err != nil {
		return err
	}
	a, secret, err := d.o.Apps.Create(c.ctx, c.by, c.org.ID, app.NewApp{WithoutPKCE: true, AppSettings: identity.AppSettings{
		Name: *in.Name, Type: identity.WebApp, AuthMethod: identity.AuthBasic, RedirectURIs: *in.RedirectURIs,
		GrantTypes: []string{identity.GrantCode, identity.GrantRefresh}, Scopes: partyScopes(),
	}})
	if err != nil {
		return err
	}
	out := wireParty(&a)
	out.ClientSecret = &secret
	return d.created(c, out.ID, out)
}

func (d *Door) changeParty(c *call) error {
	a, err := d.changeable(c, d.party)
	if err != nil {
		return err
	}
	in, err := c.readParty()
	if err != nil {
		return err
	}
	changed, err := d.o.Apps.Update(c.ctx, c.by, c.org.ID, a.ID, func(s *identity.AppSettings) error {
		s.Name, s.RedirectURIs = *in.Name, *in.RedirectURIs
		return nil
	})
	if err != nil {
		return err
	}
	return c.ok(wireParty(&changed))
}

func (d *Door) deleteParty(c *call) error { return d.deleteApp(c, d.party) }

// newPartySecret gives a relying party another secret; the old ones end at once.
func (d *Door) newPartySecret(c *call) error {
	a, err := d.changeable(c, d.party)
	if err != nil {
		return err
	}
	for _, s := range a.Secrets {
		if !s.Alive(time.Now()) {
			continue
		}
		if err := d.o.Apps.RevokeSecret(c.ctx, c.by, c.org.ID, a.ID, s.ID); err != nil {
			return err
		}
	}
	s, err := d.o.Apps.AddSecret(c.ctx, c.by, c.org.ID, a.ID, app.Rotation{})
	if err != nil {
		return err
	}
	out := wireParty(a)
	out.ClientSecret = &s.Text
	return c.ok(out)
}
