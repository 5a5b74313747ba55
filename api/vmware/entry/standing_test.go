package entry

import (
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

func TestStanding(t *testing.T) {
	user := identity.NewID()
	all := identity.Perms{identity.AccessWrite, identity.ResourcesWrite, identity.SettingsWrite}
	trusted := identity.AppSettings{Trusted: true}
	own := identity.AppSettings{SoftwareID: APITokens, Owners: []string{user.String()}}
	for phrase, c := range map[string]struct {
		user   identity.ID
		app    identity.AppSettings
		scopes []string
		perms  identity.Perms
		want   Standing
	}{
		"an app for itself":                      {identity.ID{}, identity.AppSettings{}, nil, nil, InFull},
		"a login":                                {user, trusted, []string{"openid", "vcd_idp"}, nil, InFull},
		"a trusted app":                          {user, trusted, []string{"openid"}, nil, AsMember},
		"an app of others":                       {user, identity.AppSettings{}, []string{"openid", "vcd_idp"}, nil, NoStanding},
		"an API token":                           {user, own, []string{"vcd_idp"}, nil, InFull},
		"an API token of another":                {identity.NewID(), own, []string{"vcd_idp"}, nil, NoStanding},
		"one that calls itself an API token":     {user, identity.AppSettings{SoftwareID: APITokens}, []string{"vcd_idp"}, nil, NoStanding},
		"an administrator by an app of others":   {user, identity.AppSettings{}, []string{"muster:admin"}, all, InFull},
		"part of that, by an app of others":      {user, identity.AppSettings{}, []string{"muster:access"}, all[:1], NoStanding},
		"part of that, by a trusted app":         {user, trusted, []string{"muster:access"}, all[:2], AsMember},
		"a scope that sounds like it, by others": {user, identity.AppSettings{}, []string{"vcd_idp2"}, nil, NoStanding},
	} {
		t.Run(phrase, func(t *testing.T) {
			b := &token.Bearer{App: &identity.App{AppSettings: c.app}, User: c.user, Scopes: c.scopes}
			if got := StandingOf(identity.Actor{Perms: c.perms}, b); got != c.want {
				t.Errorf("StandingOf = %v, want %v", got, c.want)
			}
		})
	}
}
