package app

import (
	"context"
	"slices"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// forUsers stands in the setting exchange of apps that may act for any user.
const forUsers = "users"

// APITokens marks the apps of API tokens, as their SoftwareID: their tokens bring
// what their owners may do.
const APITokens = "vmware-api-token"

// inFull is the scope by which a token brings the roles of its holder.
const inFull = "vcd_idp"

// connects is the scope by which the token of an app stands for its connection.
const connects = "scim"

var errStronger = identity.NewError(identity.Denied, "scopes", "You may not handle an app that may do more than you may.")

// mayGive reports whether by may let an app have settings: for scopes that are
// privileged, they have all that the scopes open; to let an app act for any
// user, they may do with users what they like; to let it do what its users may,
// they may do what owners may.
func mayGive(by identity.Actor, settings ...identity.AppSettings) error {
	if by.Kind == identity.ByCLI || by.Kind == identity.BySystem {
		return nil
	}
	for _, s := range settings {
		need := identity.Opened(privileged(s.Scopes), identity.AllPerms())
		if slices.Contains(s.Exchange, forUsers) {
			need = append(need, identity.ResourcesWrite)
		}
		if bringsRoles(s) && !ownToken(by, s) {
			need = append(need, ownerPerms()...)
		}
		if !has(by, need) {
			return errStronger
		}
	}
	return nil
}

func has(by identity.Actor, perms identity.Perms) bool {
	return !slices.ContainsFunc(perms, func(p identity.Perm) bool { return by.Need(p) != nil })
}

// ownerPerms are what an owner may do.
func ownerPerms() identity.Perms {
	for _, r := range identity.BuiltInRoles() {
		if r.ID == identity.OrganizationOwner {
			return slices.DeleteFunc(r.Perms, func(p identity.Perm) bool { return p == identity.SignedIn })
		}
	}
	return identity.AllPerms()
}

// bringsRoles reports whether the tokens of an app can bring what those who hold
// them may do by their roles. An app without a list of scopes may ask for all
// that are not privileged.
func bringsRoles(s identity.AppSettings) bool {
	return s.SoftwareID == APITokens || s.Trusted && (len(s.Scopes) == 0 || slices.Contains(s.Scopes, inFull))
}

// ownToken reports whether settings are those of an API token of the actor's own.
// Nobody can be sent to such an app to sign in.
func ownToken(by identity.Actor, s identity.AppSettings) bool {
	quiet := !slices.ContainsFunc(s.GrantTypes, func(g string) bool { return g != identity.GrantRefresh && g != identity.GrantJWTBearer })
	return by.Kind == identity.ByUser && slices.Equal(s.Owners, []string{by.ID.String()}) && !s.Trusted && len(s.Exchange) == 0 && quiet
}

// mayConnect is Denied where an app stands for a connection that may change
// roles, as its secret does, and by may not do what owners may: such a connection
// fills the groups of administrators.
func mayConnect(ctx context.Context, tx *store.Tx, by identity.Actor, a *identity.App) error {
	id, ok := identity.ParseID(a.Connection)
	if !ok {
		return nil
	}
	c, err := tx.Connection(ctx, a.Org, id)
	if err != nil || by.Kind == identity.ByCLI || by.Kind == identity.BySystem {
		return err
	}
	if c.Access && slices.Contains(a.Scopes, connects) && !has(by, ownerPerms()) {
		return errStronger
	}
	return nil
}
