package cloudapi

import (
	"strings"
	"time"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// A tokenJSON is an API token, or what another app was given that lasts. The
// text is told once, when it is made.
type tokenJSON struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Token    *string   `json:"token"`
	Expires  string    `json:"expirationTimeUtc"`
	Owner    reference `json:"owner"`
	Username string    `json:"username"`
	UserID   string    `json:"userId"`
	OrgName  string    `json:"orgName"`
	Org      reference `json:"org"`
	Type     string    `json:"type"`
}

var tokenFields = fields{
	"id": {id: true, unsortable: true}, "name": {}, "type": {}, "owner.name": {}, "owner.id": {}, "username": {}, "userId": {},
	"expirationTimeUtc": {}, "org.name": {}, "org.id": {}, "orgName": {}, "token": {unsortable: true, unsearchable: true},
}

func (d *Door) tokenOf(c *call, g token.Granted, user string) (tokenJSON, error) {
	a, err := d.o.Apps.ByID(c.ctx, c.org.ID, g.App)
	if err != nil {
		return tokenJSON{}, err
	}
	return tokenJSON{
		ID: urn(kindToken, g.ID.String()), Name: a.Name, Expires: g.Expires.UTC().Format(time.RFC3339), Owner: userReference(g.User, user),
		Username: user, UserID: urn(kindUser, g.User.String()), OrgName: c.org.Slug, Org: orgReference(c.org), Type: "REFRESH",
	}, nil
}

// listTokens lists the caller's tokens, or those of the user whom the filter
// names.
func (d *Door) listTokens(c *call) error {
	a, err := readAsk(c.r)
	if err != nil {
		return err
	}
	user, name, err := d.holder(c, a.filter, "owner.id", "userId", "owner.name", "username")
	if err != nil {
		return err
	}
	all := []tokenJSON{}
	if !user.IsZero() {
		list, err := d.o.Tokens.Grants(c.ctx, c.org.ID, user)
		if err != nil {
			return err
		}
		for _, g := range list {
			if !g.Refresh {
				continue
			}
			t, err := d.tokenOf(c, g, name)
			if err != nil {
				return err
			}
			all = append(all, t)
		}
	}
	return sendAll(d, c, listing{ask: a, model: "Tokens", fields: tokenFields, usual: "name", add: true}, all)
}

func (d *Door) getToken(c *call) error {
	g, err := d.granted(c, kindToken)
	if err != nil {
		return err
	}
	u, err := d.people.User(c.ctx, c.org.ID, g.User.String())
	if err != nil {
		return err
	}
	t, err := d.tokenOf(c, g, u.Name)
	if err != nil {
		return err
	}
	return c.ok(t)
}

// createToken makes an API token at once, where clients otherwise register an
// app and ask for its token.
func (d *Door) createToken(c *call) error {
	if c.org.ID != c.bearer.Org.ID || !own(c.bearer) {
		return identity.NewError(identity.Denied, "", "An API token is made by somebody who signed in to the organisation lately.")
	}
	var in struct {
		Name string `json:"name"`
	}
	if err := c.readBody(&in); err != nil {
		return err
	}
	if in.Name = strings.TrimSpace(in.Name); in.Name == "" {
		return identity.NewError(identity.Invalid, "name", "A token needs a name.")
	}
	a, err := d.makeApp(c.ctx, c.bearer, in.Name)
	if err != nil {
		return err
	}
	res, err := d.issueAPIToken(c.ctx, c.bearer, &a)
	if err != nil {
		return err
	}
	g, err := d.o.Tokens.Granted(c.ctx, c.org.ID, res.Grant)
	if err != nil {
		return err
	}
	t, err := d.tokenOf(c, g, c.by.Name)
	if err != nil {
		return err
	}
	t.Token = &res.RefreshToken
	return d.created(c, t.ID, t)
}

// deleteToken ends a token. The app of an API token goes with it.
func (d *Door) deleteToken(c *call) error {
	g, err := d.granted(c, kindToken)
	if err != nil {
		return err
	}
	a, err := d.o.Apps.ByID(c.ctx, c.org.ID, g.App)
	if err != nil {
		return err
	}
	if a.SoftwareID == entry.APITokens {
		err = d.o.Apps.Delete(c.ctx, c.by, c.org.ID, a.ID)
	} else {
		err = d.o.Tokens.EndGrant(c.ctx, c.org.ID, g.ID)
	}
	if err != nil {
		return err
	}
	return c.nothing()
}
