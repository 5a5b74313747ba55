package entry

import (
	"slices"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// A Standing is how far a token goes for its holder.
type Standing int

// Somebody who let an app know who they are has not let it act for them: the
// token of such an app stands for nobody here. That of an app of the
// organisation itself stands for a member, and brings the roles of its holder if
// it was given the scope "vcd_idp", as a login at these doors is.
const (
	NoStanding Standing = iota
	AsMember
	InFull
)

// StandingOf says how far a token goes. Tokens of apps that act for themselves,
// and those with which everything may be administered, go all the way.
func StandingOf(by identity.Actor, b *token.Bearer) Standing {
	administers := true
	for _, p := range []identity.Perm{identity.AccessWrite, identity.ResourcesWrite, identity.SettingsWrite} {
		administers = administers && slices.Contains(by.Perms, p)
	}
	apiToken := b.App.SoftwareID == APITokens && slices.Contains(b.App.Owners, b.User.String())
	switch {
	case b.User.IsZero(), administers:
		return InFull
	case !b.App.Trusted && !apiToken:
		return NoStanding
	case b.Has("vcd_idp"):
		return InFull
	}
	return AsMember
}
