package oidc_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	rp "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// direct carries requests to the provider without a network.
type direct struct{ h http.Handler }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	d.h.ServeHTTP(rec, in)
	res := rec.Result()
	res.Request = r
	return res, nil
}

// TestIndependentClient has a client library that knows nothing of us use the
// provider: discovery, codes, refresh, UserInfo, devices, client credentials.
func TestIndependentClient(t *testing.T) {
	each(t, func(t *testing.T, b *back) {
		ctx := rp.ClientContext(t.Context(), &http.Client{Transport: direct{b.mux}})
		p, err := rp.NewProvider(ctx, b.issuer)
		b.ok(err)
		for _, alg := range token.Algorithms {
			t.Run(alg, func(t *testing.T) { b.t = t; codeFlow(ctx, t, b, p, alg) })
		}
		t.Run("client credentials", func(t *testing.T) {
			b.t = t
			c := b.app("svc", nil)
			conf := clientcredentials.Config{ClientID: c.ClientID, ClientSecret: c.secret, TokenURL: p.Endpoint().TokenURL, Scopes: []string{"groups"}}
			got, err := conf.Token(ctx)
			b.ok(err)
			if got.Extra("scope") != "groups" || got.RefreshToken != "" || !got.Valid() {
				t.Errorf("token %+v", got)
			}
		})
		t.Run("device", func(t *testing.T) {
			b.t = t
			c, user := b.app("tv", asTV), b.user("tv-user")
			conf := config(c, p)
			asked, err := conf.DeviceAuth(ctx)
			b.ok(err)
			b.allow(asked.UserCode, c, user)
			asked.Interval = 1
			got, err := conf.DeviceAccessToken(ctx, asked)
			b.ok(err)
			if !got.Valid() {
				t.Errorf("token %+v", got)
			}
		})
	})
}

func config(c *client, p *rp.Provider) *oauth2.Config {
	e := p.Endpoint()
	if c.AuthMethod == identity.AuthPost {
		e.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{ClientID: c.ClientID, ClientSecret: c.secret, RedirectURL: redirect, Endpoint: e, Scopes: []string{"openid", "email"}}
}

func codeFlow(ctx context.Context, t *testing.T, b *back, p *rp.Provider, alg string) {
	c, user := b.app("web-"+alg, func(s *identity.AppSettings) { s.IDTokenAlg, s.UserInfoAlg = alg, alg }), b.user("user-"+alg)
	conf := config(c, p)
	got, err := conf.Exchange(ctx, c.code(user, nil), oauth2.VerifierOption(verifier))
	b.ok(err)
	text, _ := got.Extra("id_token").(string)
	id, err := p.Verifier(&rp.Config{ClientID: c.ClientID, SupportedSigningAlgs: []string{alg}}).Verify(ctx, text)
	b.ok(err)
	b.ok(id.VerifyAccessToken(got.AccessToken))
	if id.Subject != user.String() || id.Nonce != "n-1" {
		t.Errorf("ID token %+v", id)
	}
	about, err := p.UserInfo(ctx, oauth2.StaticTokenSource(got))
	b.ok(err)
	if about.Subject != user.String() || about.Email == "" {
		t.Errorf("UserInfo %+v", about)
	}
	got.Expiry = b.now().Add(-1)
	next, err := conf.TokenSource(ctx, got).Token()
	b.ok(err)
	if next.AccessToken == got.AccessToken || next.RefreshToken == "" {
		t.Errorf("after refresh: %+v", next)
	}
	if _, err := conf.Exchange(ctx, "nonsense", oauth2.VerifierOption(verifier)); err == nil {
		t.Error("a code that is none gives tokens")
	}
}

// asTV makes an app that runs where nothing can be kept secret.
func asTV(s *identity.AppSettings) {
	s.Type, s.AuthMethod = identity.NativeApp, identity.AuthNone
	s.GrantTypes, s.Scopes = []string{identity.GrantCode, identity.GrantDevice, identity.GrantRefresh}, []string{"openid", "email"}
}
