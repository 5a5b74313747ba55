package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
)

// A Demo says what Demonstrate made.
type Demo struct {
	Org, Other        identity.Organisation
	Token, OtherToken string
	Users, Groups     int // that Org has at least
	DemoSignIn
}

// demoConnection is the name of the connection that holds the demo's token.
const demoConnection = "demo"

// DemoOptions change what Demonstrate makes.
type DemoOptions struct {
	Legacy           bool // turn the legacy block of the organisation's provider on
	OpenRegistration bool // let anybody register apps
	// RedirectURI is where the app answers; "" is an address on this machine.
	RedirectURI string
}

// Demonstrate makes two organisations with people and groups in them, a
// connection to each with a fresh token, and in the first an app and a person
// to sign in with. What is there already stays as it is, but tokens, secrets and
// passwords of earlier runs end.
func (h *House) Demonstrate(ctx context.Context, o DemoOptions) (Demo, error) {
	var d Demo
	var err error
	if d.Org, d.Token, err = h.demoOrg(ctx, "acme", "Acme Limited"); err != nil {
		return d, fmt.Errorf("demo: %w", err)
	}
	if d.Other, d.OtherToken, err = h.demoOrg(ctx, "globex", "Globex Corporation"); err != nil {
		return d, fmt.Errorf("demo: %w", err)
	}
	ids, err := h.demoPeople(ctx, d.Org, "acme.example", demoPeople)
	if err != nil {
		return d, fmt.Errorf("demo: %w", err)
	}
	if err := h.demoGroups(ctx, d.Org, ids); err != nil {
		return d, fmt.Errorf("demo: %w", err)
	}
	if _, err = h.demoPeople(ctx, d.Other, "globex.example", demoPeople[:3]); err != nil {
		return d, fmt.Errorf("demo: %w", err)
	}
	d.Users, d.Groups = len(demoPeople), len(demoTeams)
	if d.DemoSignIn, err = h.demoSignIn(ctx, d.Org, ids[demoPeople[0].key], o); err != nil {
		return d, fmt.Errorf("demo: %w", err)
	}
	return d, nil
}

// demoActor is who the change log names for demonstration data.
func demoActor(org identity.OrgID) identity.Actor {
	return identity.Actor{
		Kind: identity.BySystem, Org: org, Name: "demo",
		Perms: identity.AllPerms(),
	}
}

// demoOrg makes an organisation with a connection, and returns a fresh token.
func (h *House) demoOrg(ctx context.Context, slug, name string) (identity.Organisation, string, error) {
	org, err := h.Directory.Organisation(ctx, slug)
	if identity.KindOf(err) == identity.NotFound {
		by := identity.Actor{Kind: identity.BySystem, Name: "demo"}
		org, err = h.Directory.CreateOrganisation(ctx, by, directory.NewOrganisation{Slug: slug, Name: name})
	}
	if err != nil {
		return org, "", err
	}
	by := demoActor(org.ID)
	c, err := h.Directory.Connection(ctx, org.ID, demoConnection)
	if identity.KindOf(err) == identity.NotFound {
		_, token, err := h.Directory.CreateConnection(ctx, by, org.ID, directory.NewConnection{Name: demoConnection})
		return org, token.Text, err
	}
	if err != nil {
		return org, "", err
	}
	if _, err := h.Directory.RevokeTokens(ctx, by, org.ID, c.ID); err != nil {
		return org, "", err
	}
	token, err := h.Directory.RotateToken(ctx, by, org.ID, c.ID, directory.Rotation{})
	return org, token.Text, err
}

// demoPeople makes those of the people who are not there, and returns the ids
// of all by key.
func (h *House) demoPeople(ctx context.Context, org identity.Organisation, domain string, list []demoPerson) (map[string]string, error) {
	ids := map[string]string{}
	for _, d := range list {
		p, err := h.User(ctx, org, d.key+"@"+domain)
		if identity.KindOf(err) == identity.NotFound {
			p, err = h.CreateUser(ctx, demoActor(org.ID), d.doc(domain))
		}
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", d.key, err)
		}
		ids[d.key] = p.ID.String()
	}
	return ids, nil
}

// demoGroups makes the groups that are not there, inner ones before those that
// hold them.
func (h *House) demoGroups(ctx context.Context, org identity.Organisation, ids map[string]string) error {
	by := demoActor(org.ID)
	for _, t := range demoTeams {
		id, err := h.groupNamed(ctx, by, t.name)
		if err == nil && id == "" {
			members := []map[string]any{}
			for _, key := range t.members {
				members = append(members, map[string]any{"value": ids[key]})
			}
			doc := map[string]any{"schemas": []string{groupSchema}, "displayName": t.name, "members": members}
			var made struct {
				ID string `json:"id"`
			}
			err = h.SCIM(ctx, by, http.MethodPost, groups, nil, doc, &made)
			id = made.ID
		}
		if err != nil {
			return fmt.Errorf("group %s: %w", t.name, err)
		}
		ids[t.name] = id
	}
	return nil
}

// groups is the endpoint of groups.
const groups = "/Groups"

// groupNamed returns the id of the group with a name, "" if there is none.
func (h *House) groupNamed(ctx context.Context, by identity.Actor, name string) (string, error) {
	query := url.Values{"filter": {"displayName eq " + quote(name)}, "count": {"1"}, "attributes": {"id"}}
	var list struct {
		Resources []struct {
			ID string `json:"id"`
		} `json:"Resources"`
	}
	if err := h.SCIM(ctx, by, http.MethodGet, groups, query, nil, &list); err != nil || len(list.Resources) == 0 {
		return "", err
	}
	return list.Resources[0].ID, nil
}
