package oidc_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
)

// A prover makes DPoP proofs with one key.
type prover struct {
	t     testing.TB
	key   *ecdsa.PrivateKey
	nonce string
	now   func() time.Time
}

func (b *back) prover() *prover {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	b.ok(err)
	return &prover{t: b.t, key: key, nonce: b.tokens.NewNonce(b.org.ID), now: b.now}
}

func (p *prover) claims(method, url, access string) map[string]any {
	c := map[string]any{"jti": identity.NewID().String(), "htm": method, "htu": url, "iat": p.now().Unix()}
	if p.nonce != "" {
		c["nonce"] = p.nonce
	}
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		c["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return c
}

func (p *prover) header() map[string]any {
	jwk, err := json.Marshal(jose.JSONWebKey{Key: p.key.Public()})
	if err != nil {
		p.t.Fatal(err)
	}
	return map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": json.RawMessage(jwk)}
}

// sign makes a compact JWS of any header and claims, as attackers do.
func (p *prover) sign(header, claims map[string]any) string {
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	text := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
	if err != nil {
		p.t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func (p *prover) proof(method, url, access string) string {
	return p.sign(p.header(), p.claims(method, url, access))
}

// TestDPoPNegative is the table of the module dpop-negative-tests, at UserInfo
// and, where no access token is concerned, at the token endpoint.
func TestDPoPNegative(t *testing.T) {
	b := onSQLite(t)
	c, user := b.app("web", func(s *identity.AppSettings) { s.DPoPBound = true }), b.user("ann")
	p := b.prover()
	tokenURL, meURL := b.issuer+"/oauth2/token", b.issuer+"/oauth2/userinfo"
	a := c.post("token", form("grant_type", identity.GrantCode, "code", c.code(user, nil), "redirect_uri", redirect, "code_verifier", verifier),
		"DPoP", p.proof("POST", tokenURL, "")).want(200)
	at := a.get("access_token")
	if a.get("token_type") != "DPoP" || a.header.Get("DPoP-Nonce") == "" {
		t.Errorf("answer %s %v", a.text, a.header)
	}
	private, err := json.Marshal(jose.JSONWebKey{Key: p.key})
	b.ok(err)
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	b.ok(err)
	rsaKey, err := json.Marshal(jose.JSONWebKey{Key: weak.Public()})
	b.ok(err)
	other := b.prover()
	far := "https://id.test/o/other/oauth2/userinfo"

	type change func(h, c map[string]any)
	set := func(where string, pairs ...any) change {
		return func(h, c map[string]any) {
			m := c
			if where == "header" {
				m = h
			}
			for k, v := range changed(m, pairs...) {
				m[k] = v
			}
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i+1] == nil {
					delete(m, pairs[i].(string))
				}
			}
		}
	}
	now := b.now()
	for name, tc := range map[string]struct {
		change change
		good   bool
	}{
		"as it should be":             {nil, true},
		"more header fields":          {set("header", "x", "y"), true},
		"more claims":                 {set("claims", "x", "y"), true},
		"htu with query and fragment": {set("claims", "htu", meURL+"?a=b#c"), true},
		"htu in capitals":             {set("claims", "htu", strings.Replace(meURL, "id.test", "ID.TEST", 1)), true},
		"htu with port":               {set("claims", "htu", strings.Replace(meURL, "id.test", "id.test:443", 1)), true},
		"iat 10 s ago":                {set("claims", "iat", now.Add(-10*time.Second).Unix()), true},
		"iat in 10 s":                 {set("claims", "iat", now.Add(10*time.Second).Unix()), true},
		"no typ":                      {set("header", "typ", nil), false},
		"another typ":                 {set("header", "typ", "JWT"), false},
		"no alg":                      {set("header", "alg", nil), false},
		"alg none":                    {set("header", "alg", "none"), false},
		"alg HS256":                   {set("header", "alg", "HS256"), false},
		"alg RS256":                   {set("header", "alg", "RS256", "jwk", json.RawMessage(rsaKey)), false},
		"no jwk":                      {set("header", "jwk", nil), false},
		"a private jwk":               {set("header", "jwk", json.RawMessage(private)), false},
		"another jwk":                 {set("header", "jwk", other.header()["jwk"]), false},
		"B26 crit":                    {set("header", "crit", []string{"x"}, "x", 1), false},
		"B26 b64":                     {set("header", "b64", false, "crit", []string{"b64"}), false},
		"no jti":                      {set("claims", "jti", nil), false},
		"no htm":                      {set("claims", "htm", nil), false},
		"no htu":                      {set("claims", "htu", nil), false},
		"no iat":                      {set("claims", "iat", nil), false},
		"another method":              {set("claims", "htm", "POST"), false},
		"another address":             {set("claims", "htu", tokenURL), false},
		"B27 another organisation":    {set("claims", "htu", far), false},
		"iat an hour ago":             {set("claims", "iat", now.Add(-time.Hour).Unix()), false},
		"iat in an hour":              {set("claims", "iat", now.Add(time.Hour).Unix()), false},
		"no ath":                      {set("claims", "ath", nil), false},
		"another ath":                 {set("claims", "ath", challengeOf("x")), false},
		"no nonce":                    {set("claims", "nonce", nil), false},
		"a nonce of nobody":           {set("claims", "nonce", "x"), false},
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			h, cl := p.header(), p.claims("GET", meURL, at)
			if tc.change != nil {
				tc.change(h, cl)
			}
			got := b.send("GET", "/o/acme/oauth2/userinfo", "", "Authorization", "DPoP "+at, "DPoP", p.sign(h, cl))
			if tc.good {
				got.want(200)
				return
			}
			got.want(401)
			if code := got.body["error"]; code != "invalid_dpop_proof" && code != "use_dpop_nonce" {
				t.Errorf("error %v", code)
			}
			if w := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(w, "DPoP error=") || !strings.Contains(w, "algs=") || got.header.Get("DPoP-Nonce") == "" {
				t.Errorf("WWW-Authenticate %q, DPoP-Nonce %q", w, got.header.Get("DPoP-Nonce"))
			}
		})
	}
	me := func(header ...string) answer { return b.send("GET", "/o/acme/oauth2/userinfo", "", header...) }
	run := func(name string, test func()) { t.Run(name, func(t *testing.T) { b.t = t; test() }) }
	run("two proofs", func() {
		me("Authorization", "DPoP "+at, "DPoP", p.proof("GET", meURL, at), "DPoP", p.proof("GET", meURL, at)).want(401, "invalid_dpop_proof")
	})
	run("not a JWT", func() { me("Authorization", "DPoP "+at, "DPoP", "x").want(401, "invalid_dpop_proof") })
	run("a broken signature", func() {
		me("Authorization", "DPoP "+at, "DPoP", p.proof("GET", meURL, at)+"AA").want(401, "invalid_dpop_proof")
	})
	run("no proof", func() { me("Authorization", "DPoP "+at).want(401) })
	run("the same proof again", func() {
		proof := p.proof("GET", meURL, at)
		me("Authorization", "DPoP "+at, "DPoP", proof).want(200)
		me("Authorization", "DPoP "+at, "DPoP", proof).want(401, "invalid_dpop_proof")
	})
	run("another key", func() { me("Authorization", "DPoP "+at, "DPoP", other.proof("GET", meURL, at)).want(401) })
	run("B27 a stolen token as Bearer", func() {
		me("Authorization", "Bearer "+at).want(401)
		me("Authorization", "Bearer "+at, "DPoP", p.proof("GET", meURL, at)).want(401)
		b.send("POST", "/o/acme/oauth2/userinfo", form("access_token", at).Encode(), "DPoP", p.proof("POST", meURL, at)).want(401)
	})
	run("the scheme in any case", func() { me("Authorization", "dPoP "+at, "DPoP", p.proof("GET", meURL, at)).want(200) })
}

// TestDPoP is the binding of codes and tokens to keys.
func TestDPoP(t *testing.T) {
	b := onSQLite(t)
	c, user := b.app("web", func(s *identity.AppSettings) { s.DPoPBound = true }), b.user("ann")
	p, other, tokenURL := b.prover(), b.prover(), b.issuer+"/oauth2/token"
	run := func(name string, test func()) { t.Run(name, func(t *testing.T) { b.t = t; test() }) }
	run("token endpoint: no proof", func() { c.token(identity.GrantClientCredentials).want(400, "invalid_dpop_proof") })
	run("token endpoint: no nonce", func() {
		q := *p
		q.nonce = ""
		got := c.post("token", form("grant_type", identity.GrantClientCredentials), "DPoP", q.proof("POST", tokenURL, "")).want(400, "use_dpop_nonce")
		q.nonce = got.header.Get("DPoP-Nonce")
		c.post("token", form("grant_type", identity.GrantClientCredentials), "DPoP", q.proof("POST", tokenURL, "")).want(200)
	})
	run("fapi2/ensure-dpop-auth-code-binding-success", func() {
		jkt := thumbprintOf(p)
		code := c.code(user, func(c *token.Code) { c.JKT = jkt })
		v := form("grant_type", identity.GrantCode, "code", code, "redirect_uri", redirect, "code_verifier", verifier)
		c.post("token", v, "DPoP", other.proof("POST", tokenURL, "")).want(400, "invalid_grant")
		c.post("token", v, "DPoP", p.proof("POST", tokenURL, "")).want(200)
	})
	run("a refresh token of a public app is bound to the key", func() {
		spa := b.app("spa", func(s *identity.AppSettings) {
			s.Type, s.AuthMethod, s.GrantTypes = identity.SPA, identity.AuthNone, []string{identity.GrantCode, identity.GrantRefresh}
			s.Scopes, s.DPoPBound = []string{"openid", "profile", "email", "offline_access"}, true
		})
		rt := spa.post("token", form("grant_type", identity.GrantCode, "code", spa.code(user, nil), "redirect_uri", redirect, "code_verifier", verifier),
			"DPoP", p.proof("POST", tokenURL, "")).want(200).get("refresh_token")
		v := form("grant_type", identity.GrantRefresh, "refresh_token", rt)
		spa.post("token", v, "DPoP", other.proof("POST", tokenURL, "")).want(400)
		spa.post("token", v, "DPoP", p.proof("POST", tokenURL, "")).want(200)
	})
	run("PAR binds the code", func() {
		v := form("response_type", "code", "redirect_uri", redirect, "scope", "openid", "code_challenge", challengeOf(verifier), "code_challenge_method", "S256")
		parURL := b.issuer + "/oauth2/par"
		c.post("par", v, "DPoP", p.proof("POST", parURL, "")).want(201)
		c.post("par", with(v, "dpop_jkt", thumbprintOf(p)), "DPoP", p.proof("POST", parURL, "")).want(201)
		c.post("par", with(v, "dpop_jkt", challengeOf("x")), "DPoP", p.proof("POST", parURL, "")).want(400)
		c.post("par", v, "DPoP", p.proof("POST", tokenURL, "")).want(400, "invalid_dpop_proof")
	})
}

func thumbprintOf(p *prover) string {
	sum, err := (&jose.JSONWebKey{Key: p.key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		p.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// An issuer makes certificates.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// authority is the one that the server of tests believes.
var authority = newIssuer("Test authority", nil)

// newIssuer makes an issuer with a certificate of another, or of its own.
func newIssuer(name string, by *issuer) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	in := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IsCA: by == nil, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	self := &issuer{in, key}
	if by == nil {
		by = self
	}
	der, err := x509.CreateCertificate(rand.Reader, in, by.cert, key.Public(), by.key)
	if err != nil {
		panic(err)
	}
	if self.cert, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	return self
}

// sendTLS sends a request as the server hands it on, with what it found out of
// the certificate.
func (b *back) sendTLS(method, path, body string, cert *x509.Certificate, header ...string) answer {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://wrong.example"+path, bytes.NewReader([]byte(body)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.TLS = &tls.ConnectionState{}
	if cert != nil {
		r.TLS.PeerCertificates = []*x509.Certificate{cert}
		pool := x509.NewCertPool()
		pool.AddCert(authority.cert)
		r.TLS.VerifiedChains, _ = cert.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	}
	return b.do(r, method+" "+path)
}

// TestCertificateAuthentication is RFC 8705 section 2.
func TestCertificateAuthentication(t *testing.T) {
	b := onSQLite(t)
	b.app("tls", func(s *identity.AppSettings) { s.AuthMethod, s.TLSSubjectDN = identity.AuthTLS, "CN=robot" })
	self := newIssuer("self", nil)
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: self.key.Public(), KeyID: "1", Certificates: []*x509.Certificate{self.cert}}}})
	b.ok(err)
	b.app("self", func(s *identity.AppSettings) { s.AuthMethod, s.JWKS = identity.AuthSelfSignedTLS, jwks })
	good, stranger := newIssuer("robot", authority), newIssuer("robot", newIssuer("Another authority", nil))
	for name, tc := range map[string]struct {
		client string
		cert   *x509.Certificate
		status int
	}{
		"by our authority":            {"tls", good.cert, 200},
		"by another authority":        {"tls", stranger.cert, 401},
		"of another name":             {"tls", newIssuer("rabbit", authority).cert, 401},
		"none":                        {"tls", nil, 401},
		"self-signed":                 {"self", self.cert, 200},
		"self-signed, by another key": {"self", newIssuer("self", nil).cert, 401},
		"one for the other app":       {"self", good.cert, 401},
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			b.sendTLS("POST", "/o/acme/oauth2/token", form("grant_type", identity.GrantClientCredentials, "client_id", tc.client).Encode(), tc.cert).want(tc.status)
		})
	}
}

// TestAliases is RFC 8705 section 5: apps with certificates go to a host of their
// own, and proofs of DPoP name it.
func TestAliases(t *testing.T) {
	b := onSQLite(t)
	if got := b.send("GET", "/o/acme/.well-known/openid-configuration", "").want(200); got.body["mtls_endpoint_aliases"] != nil {
		t.Errorf("aliases without a host of their own: %s", got.text)
	}
	const far = "https://mtls.id.test"
	next := &back{t: t, db: b.db, keys: b.keys, parent: b, org: b.org, by: b.by, issuer: b.issuer, mtls: far}
	next.open()
	got := next.send("GET", "/o/acme/.well-known/openid-configuration", "").want(200)
	all, _ := got.body["mtls_endpoint_aliases"].(map[string]any)
	if len(all) != 6 {
		t.Errorf("aliases %v", all)
	}
	for name, url := range all {
		if usual, _ := got.body[name].(string); url != far+strings.TrimPrefix(usual, public) {
			t.Errorf("the alias of %s is %v, and the usual address %s", name, url, usual)
		}
	}
	c, p := next.app("web", nil), next.prover()
	ask := func(host, htu string) answer {
		body := form("grant_type", identity.GrantClientCredentials).Encode()
		r := httptest.NewRequest("POST", "https://"+host+"/o/acme/oauth2/token", strings.NewReader(body))
		for name, v := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Authorization": c.basic(), "DPoP": p.proof("POST", htu+"/o/acme/oauth2/token", "")} {
			r.Header.Set(name, v)
		}
		return next.do(r, "token at "+host)
	}
	ask("mtls.id.test", far).want(200)
	ask("id.test", public).want(200)
	ask("id.test", far).want(400, "invalid_dpop_proof")
	ask("evil.test", "https://evil.test").want(400, "invalid_dpop_proof") // the header Host has no say
}

func TestCertificateBound(t *testing.T) {
	b := onSQLite(t)
	c, user := b.app("web", func(s *identity.AppSettings) { s.CertificateBound = true }), b.user("ann")
	mine, other := newIssuer("mine", nil).cert, newIssuer("other", nil).cert
	redeem := func(cert *x509.Certificate) answer {
		v := form("grant_type", identity.GrantCode, "code", c.code(user, nil), "redirect_uri", redirect, "code_verifier", verifier)
		return b.sendTLS(http.MethodPost, "/o/acme/oauth2/token", v.Encode(), cert, "Authorization", c.basic())
	}
	redeem(nil).want(400, "invalid_request")
	at := redeem(mine).want(200).get("access_token")
	cnf, _ := part(t, at, 1)["cnf"].(map[string]any)
	sum := sha256.Sum256(mine.Raw)
	if cnf["x5t#S256"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("cnf %v", cnf)
	}
	const me = "/o/acme/oauth2/userinfo"
	b.sendTLS("GET", me, "", mine, "Authorization", "Bearer "+at).want(200)
	b.sendTLS("GET", me, "", other, "Authorization", "Bearer "+at).want(401, "invalid_token")
	b.sendTLS("GET", me, "", nil, "Authorization", "Bearer "+at).want(401, "invalid_token")
	b.sendTLS("GET", me, "", nil, "Authorization", "Bearer "+at, "X-Ssl-Cert", base64.StdEncoding.EncodeToString(mine.Raw)).want(401, "invalid_token")
}
