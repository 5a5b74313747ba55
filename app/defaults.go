package app

import (
	"net/url"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
)

// Defaults fills in what is empty in the settings of an app that is made by our
// own API: a web app with PKCE, the code flow and ES256.
func Defaults(a *identity.AppSettings) {
	if a.Type == "" {
		a.Type = identity.WebApp
	}
	if a.AuthMethod == "" {
		a.AuthMethod = identity.AuthBasic
		if a.Type == identity.SPA || a.Type == identity.NativeApp {
			a.AuthMethod = identity.AuthNone
		}
	}
	if len(a.GrantTypes) == 0 {
		a.GrantTypes = []string{identity.GrantCode, identity.GrantRefresh}
		if a.Type == identity.ServiceApp {
			a.GrantTypes = []string{identity.GrantClientCredentials}
		}
	}
	if len(a.ResponseTypes) == 0 && slices.Contains(a.GrantTypes, identity.GrantCode) {
		a.ResponseTypes = []string{"code"}
	}
	if len(a.Scopes) == 0 && a.Type != identity.ServiceApp {
		a.Scopes = []string{"openid", "profile", "email", "offline_access"}
	}
	if a.IDTokenAlg == "" {
		a.IDTokenAlg = "ES256"
	}
	if a.FAPI && !a.DPoPBound && !a.CertificateBound {
		a.DPoPBound = true
	}
	if slices.Contains(a.GrantTypes, identity.GrantCode) {
		a.RequirePKCE = true
	}
}

// settle writes settings in their one form and fills in what follows from
// others.
func settle(a *identity.AppSettings) {
	if a.SubjectType == "" {
		a.SubjectType = "public"
	}
	a.ResponseTypes = slices.Clone(a.ResponseTypes)
	for i, r := range a.ResponseTypes {
		words := strings.Fields(r)
		slices.Sort(words) // code, id_token, token: the order of the specifications
		a.ResponseTypes[i] = strings.Join(words, " ")
	}
	if a.AuthMethod == identity.AuthNone {
		a.RequirePKCE = true
		a.KeepRefreshToken = false
	}
	if a.FAPI {
		a.RequirePAR, a.RequirePKCE = true, true
	}
	a.Sector = ""
	if a.SubjectType != "pairwise" {
		return
	}
	if u, err := url.Parse(a.SectorIdentifierURI); err == nil && a.SectorIdentifierURI != "" {
		a.Sector = u.Hostname()
	} else {
		a.Sector = hostOf(a.RedirectURIs)
	}
}
