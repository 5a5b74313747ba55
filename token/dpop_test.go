package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

const tokenURL = public + "/o/acme/oauth2/token"

// A proofCase spoils a good proof for a POST to tokenURL.
type proofCase struct {
	change func(header, claims map[string]any)
	url    string // of the request, "": tokenURL
	access string // token of the request
	nonce  bool   // demanded
	want   string // code of the error, "": accepted
}

func set(where string, name string, value any) func(header, claims map[string]any) {
	return func(header, claims map[string]any) {
		if where == "header" {
			header[name] = value
			return
		}
		claims[name] = value
	}
}

func TestProof(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	p := newProver(t, h.clock.now)
	at := func(d time.Duration) int64 { return h.clock.now().Add(d).Unix() }
	bad := token.InvalidProof
	private, _ := json.Marshal(jose.JSONWebKey{Key: p.key})
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	foreign, _ := json.Marshal(jose.JSONWebKey{Key: other.Public()})
	symmetric, _ := json.Marshal(jose.JSONWebKey{Key: []byte("secret")})
	wide, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p384, _ := json.Marshal(jose.JSONWebKey{Key: wide.Public()})
	mine, _ := json.Marshal(jose.JSONWebKey{Key: p.key.Public(), Algorithm: "RS256"})
	nonce := h.NewNonce(h.acme.ID)
	for phrase, c := range map[string]proofCase{
		"as it should be":                      {},
		"more headers and claims":              {change: func(h, c map[string]any) { h["kid"], c["more"] = "x", []int{1} }},
		"no typ":                               {change: set("header", "typ", nil), want: bad},
		"another typ":                          {change: set("header", "typ", "JWT"), want: bad},
		"no alg":                               {change: set("header", "alg", nil), want: bad},
		"alg none":                             {change: set("header", "alg", "none"), want: bad},
		"an alg that the key cannot":           {change: set("header", "alg", "PS256"), want: bad},
		"HS256":                                {change: set("header", "alg", "HS256"), want: bad},
		"no jwk":                               {change: set("header", "jwk", nil), want: bad},
		"a private jwk":                        {change: set("header", "jwk", json.RawMessage(private)), want: bad},
		"a symmetric jwk":                      {change: set("header", "jwk", json.RawMessage(symmetric)), want: bad},
		"a jwk of another curve":               {change: set("header", "jwk", json.RawMessage(p384)), want: bad},
		"a jwk for another alg":                {change: set("header", "jwk", json.RawMessage(mine)), want: bad},
		"the jwk of another":                   {change: set("header", "jwk", json.RawMessage(foreign)), want: bad},
		"a jwk that is a text":                 {change: set("header", "jwk", "x"), want: bad},
		"crit":                                 {change: func(h, c map[string]any) { h["crit"], h["x"] = []string{"x"}, 1 }, want: bad},
		"no jti":                               {change: set("claims", "jti", nil), want: bad},
		"an empty jti":                         {change: set("claims", "jti", ""), want: bad},
		"a jti of 257 bytes":                   {change: set("claims", "jti", strings.Repeat("j", 257)), want: bad},
		"a jti that is a number":               {change: set("claims", "jti", 1), want: bad},
		"no htm":                               {change: set("claims", "htm", nil), want: bad},
		"another htm":                          {change: set("claims", "htm", "GET"), want: bad},
		"htm in small letters":                 {change: set("claims", "htm", "post"), want: bad},
		"no htu":                               {change: set("claims", "htu", nil), want: bad},
		"another htu":                          {change: set("claims", "htu", tokenURL+"x"), want: bad},
		"htu of another organisation":          {change: set("claims", "htu", public+"/o/globex/oauth2/token"), want: bad},
		"htu without path":                     {change: set("claims", "htu", public), want: bad},
		"htu of http":                          {change: set("claims", "htu", strings.Replace(tokenURL, "https", "http", 1)), want: bad},
		"htu with a user":                      {change: set("claims", "htu", strings.Replace(tokenURL, "//", "//u@", 1)), want: bad},
		"htu with query and fragment":          {change: set("claims", "htu", tokenURL+"?a=b#c")},
		"htu with a host in big letters":       {change: set("claims", "htu", strings.Replace(tokenURL, "id.example", "ID.EXAMPLE", 1))},
		"htu with the port of https":           {change: set("claims", "htu", strings.Replace(tokenURL, ".com/", ".com:443/", 1))},
		"htu with another port":                {change: set("claims", "htu", strings.Replace(tokenURL, ".com/", ".com:8443/", 1)), want: bad},
		"a request with a query":               {url: tokenURL + "?x=y"},
		"no iat":                               {change: set("claims", "iat", nil), want: bad},
		"iat that is a text":                   {change: set("claims", "iat", "now"), want: bad},
		"iat ten seconds ago":                  {change: set("claims", "iat", at(-10*time.Second))},
		"iat in ten seconds":                   {change: set("claims", "iat", at(10*time.Second))},
		"iat an hour ago":                      {change: set("claims", "iat", at(-time.Hour)), want: bad},
		"iat in an hour":                       {change: set("claims", "iat", at(time.Hour)), want: bad},
		"exp ahead and nbf behind":             {change: func(_, c map[string]any) { c["exp"], c["nbf"] = at(time.Minute), at(-time.Minute) }},
		"exp an hour ago":                      {change: set("claims", "exp", at(-time.Hour)), want: bad},
		"nbf in an hour":                       {change: set("claims", "nbf", at(time.Hour)), want: bad},
		"ath of the token":                     {access: "the token", change: set("claims", "ath", challenge("the token"))},
		"ath of another token":                 {access: "the token", change: set("claims", "ath", challenge("another")), want: bad},
		"no ath":                               {access: "the token", change: set("claims", "ath", nil), want: bad},
		"no nonce where one is demanded":       {nonce: true, want: token.UseNonce},
		"a nonce of ours":                      {nonce: true, change: set("claims", "nonce", nonce)},
		"a nonce of ours and a slow clock":     {change: func(_, c map[string]any) { c["nonce"], c["iat"] = nonce, at(-4*time.Minute) }},
		"a nonce of ours, iat in two minutes":  {change: func(_, c map[string]any) { c["nonce"], c["iat"] = nonce, at(2*time.Minute) }, want: bad},
		"a nonce of ours, nbf in two minutes":  {change: func(_, c map[string]any) { c["nonce"], c["nbf"] = nonce, at(2*time.Minute) }, want: bad},
		"a nonce of ours, exp two minutes ago": {change: func(_, c map[string]any) { c["nonce"], c["exp"] = nonce, at(-2*time.Minute) }, want: bad},
		"a nonce that nobody gave":             {change: set("claims", "nonce", strings.Repeat("A", 32)), want: token.UseNonce},
		"a nonce of another organisation":      {change: set("claims", "nonce", h.NewNonce(h.root.ID)), want: token.UseNonce},
		"claims twice":                         {change: nil, want: bad, url: "duplicate"},
	} {
		t.Run("B27 "+phrase, func(t *testing.T) {
			url := c.url
			text := p.proof("POST", tokenURL, "", c.change)
			switch url {
			case "duplicate":
				key, _ := json.Marshal(jose.JSONWebKey{Key: p.key.Public()})
				text = signES256(t, p.key, map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": json.RawMessage(key)},
					`{"jti":"1","htm":"GET","htm":"POST","htu":"`+tokenURL+`","iat":`+json.Number(jsonInt(at(0))).String()+`}`)
				url = tokenURL
			case "":
				url = tokenURL
			}
			jkt, err := h.CheckProof(t.Context(), h.acme.ID, token.Proof{
				Header: []string{text}, Method: "POST", URL: url, AccessToken: c.access, Nonce: c.nonce,
			})
			if c.want != "" {
				wantCode(t, phrase, err, c.want)
				return
			}
			if err != nil || jkt != p.jkt {
				t.Errorf("CheckProof = %q, %v, want %q", jkt, err, p.jkt)
			}
		})
	}
}

func jsonInt(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestProofHeaders(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	p := newProver(t, h.clock.now)
	good := func() string { return p.proof("POST", tokenURL, "", nil) }
	for phrase, header := range map[string][]string{
		"no header": nil, "two headers": {good(), good()}, "an empty header": {""}, "not a JWT": {"x"}, "two in one": {good() + "," + good()},
		"a wrong signature": {good()[:len(good())-4] + "AAAA"}, "a long header": {good() + strings.Repeat("A", 9000)},
		"many dots": {strings.Repeat(".", 8000)},
	} {
		_, err := h.CheckProof(t.Context(), h.acme.ID, token.Proof{Header: header, Method: "POST", URL: tokenURL})
		wantCode(t, "B27 "+phrase, err, token.InvalidProof)
	}
}

func TestProofOfRSA(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	for bits, alg := range map[int]jose.SignatureAlgorithm{2048: jose.PS256, 1024: jose.PS256, 2049: jose.RS256} {
		t.Setenv("GODEBUG", "rsa1024min=0")
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		opts := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
		if err != nil {
			t.Fatal(err)
		}
		claims, _ := json.Marshal(map[string]any{"jti": identity.NewID().String(), "htm": "POST", "htu": tokenURL, "iat": h.clock.now().Unix()})
		jws, err := signer.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := jws.CompactSerialize()
		_, err = h.CheckProof(t.Context(), h.acme.ID, token.Proof{Header: []string{text}, Method: "POST", URL: tokenURL})
		if ok := bits == 2048; ok != (err == nil) {
			t.Errorf("B27 a proof by %s with %d bits: %v", alg, bits, err)
		}
	}
}

// FAPI 2.0 Security Profile section 5.4.1 leaves ES384 out.
func TestProofOfFAPI(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES384, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fapi := range []bool{false, true} {
		claims, _ := json.Marshal(map[string]any{"jti": identity.NewID().String(), "htm": "POST", "htu": tokenURL, "iat": h.clock.now().Unix()})
		jws, err := signer.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := jws.CompactSerialize()
		_, err = h.CheckProof(t.Context(), h.acme.ID, token.Proof{Header: []string{text}, Method: "POST", URL: tokenURL, FAPI: fapi})
		if fapi {
			wantCode(t, "a proof by ES384", err, token.InvalidProof)
		} else if err != nil {
			t.Errorf("a proof by ES384 of an app without FAPI: %v", err)
		}
	}
}

func TestProofOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := newProver(t, h.clock.now)
		text := p.proof("POST", tokenURL, "", nil)
		nodes := []*token.Service{h.Service, h.node()}
		n := together(func(i int) error {
			_, err := nodes[i%2].CheckProof(t.Context(), h.acme.ID, token.Proof{Header: []string{text}, Method: "POST", URL: tokenURL})
			return err
		})
		if n != 1 {
			t.Errorf("B27: %d of 50 uses of one proof on two nodes succeeded, want one", n)
		}
		other := newProver(t, h.clock.now)
		same := other.proof("POST", tokenURL, "", func(_, c map[string]any) { c["jti"] = read(t, text, 1)["jti"] })
		if _, err := h.CheckProof(t.Context(), h.acme.ID, token.Proof{Header: []string{same}, Method: "POST", URL: tokenURL}); err != nil {
			t.Errorf("the same jti by another key: %v", err)
		}
	})
}

func TestNonce(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	nonce := h.NewNonce(h.acme.ID)
	if !h.CheckNonce(h.acme.ID, nonce) || !h.node().CheckNonce(h.acme.ID, nonce) {
		t.Error("a new nonce is refused")
	}
	for _, bad := range []string{"", nonce + "A", nonce[1:], "\n" + nonce[1:], "A" + nonce[1:][:len(nonce)-2] + "A"} {
		if h.CheckNonce(h.acme.ID, bad) {
			t.Errorf("CheckNonce(%q) = true", bad)
		}
	}
	h.clock.pass(5 * time.Minute)
	if !h.CheckNonce(h.acme.ID, nonce) {
		t.Error("a nonce is refused after five minutes")
	}
	h.clock.pass(time.Second)
	if h.CheckNonce(h.acme.ID, nonce) {
		t.Error("a nonce is good after more than five minutes")
	}
}

func TestBinding(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	ctx, a := t.Context(), h.app("bound", nil)
	p, thief := newProver(t, h.clock.now), newProver(t, h.clock.now)
	const url = public + "/o/acme/oauth2/userinfo"
	plain := h.issue(a, nil).AccessToken
	out := h.issue(a, func(r *token.Request) { r.Authorization.Confirmation.JKT = p.jkt })
	tls := h.issue(a, func(r *token.Request) { r.Authorization.Confirmation.X5T = "thumb" }).AccessToken
	if out.TokenType != "DPoP" {
		t.Errorf("token_type = %q, want DPoP", out.TokenType)
	}
	proof := func(p *prover, access string) token.Proof {
		return token.Proof{Header: []string{p.proof("GET", url, access, nil)}, Method: "GET", URL: url}
	}
	for phrase, c := range map[string]struct {
		text string
		with token.Presented
		want string
	}{
		"a plain token as Bearer":                 {plain, token.Presented{Scheme: "bearer"}, ""},
		"a plain token as DPoP":                   {plain, token.Presented{Scheme: "DPoP", Proof: proof(p, plain)}, token.InvalidToken},
		"a bound token with its proof":            {out.AccessToken, token.Presented{Scheme: "dpop", Proof: proof(p, out.AccessToken)}, ""},
		"B27 a stolen token as Bearer":            {out.AccessToken, token.Presented{Scheme: "Bearer"}, token.InvalidToken},
		"B27 a bound token as Bearer with proof":  {out.AccessToken, token.Presented{Scheme: "Bearer", Proof: proof(p, out.AccessToken)}, token.InvalidToken},
		"B27 a bound token without proof":         {out.AccessToken, token.Presented{Scheme: "DPoP"}, token.InvalidProof},
		"B27 a stolen token with another's proof": {out.AccessToken, token.Presented{Scheme: "DPoP", Proof: proof(thief, out.AccessToken)}, token.InvalidToken},
		"B27 a proof for another token":           {out.AccessToken, token.Presented{Scheme: "DPoP", Proof: proof(p, plain)}, token.InvalidProof},
		"a token of a certificate with it":        {tls, token.Presented{Scheme: "Bearer", Certificate: "thumb"}, ""},
		"a token of a certificate without it":     {tls, token.Presented{Scheme: "Bearer"}, token.InvalidToken},
		"a token of a certificate with another":   {tls, token.Presented{Scheme: "Bearer", Certificate: "other"}, token.InvalidToken},
	} {
		t.Run(phrase, func(t *testing.T) {
			b, err := h.Inspect(ctx, h.acme.ID, c.text)
			if err != nil {
				t.Fatal(err)
			}
			err = h.CheckBinding(ctx, b, c.text, c.with)
			if c.want == "" {
				if err != nil {
					t.Errorf("CheckBinding: %v", err)
				}
				return
			}
			wantCode(t, phrase, err, c.want)
			if e, ok := err.(*token.Error); ok && e.Status != 401 {
				t.Errorf("status %d, want 401", e.Status)
			}
		})
	}
}

func TestBoundApps(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	for phrase, c := range map[string]struct {
		change func(*identity.App)
		good   token.Confirmation
		want   string
	}{
		"DPoP":        {func(a *identity.App) { a.DPoPBound = true }, token.Confirmation{JKT: "k"}, token.InvalidProof},
		"certificate": {func(a *identity.App) { a.CertificateBound = true }, token.Confirmation{X5T: "c"}, token.InvalidRequest},
		"FAPI":        {func(a *identity.App) { a.FAPI = true }, token.Confirmation{JKT: "k"}, token.InvalidRequest},
	} {
		t.Run(phrase, func(t *testing.T) {
			a := h.app("bound-"+phrase, c.change)
			r := token.Request{Org: h.acme, App: a, Authorization: h.allowed(a)}
			_, err := h.Issue(t.Context(), r)
			wantCode(t, "without proof", err, c.want)
			r.Authorization.Confirmation = c.good
			out, err := h.Issue(t.Context(), r)
			if err != nil {
				t.Fatalf("with proof: %v", err)
			}
			_, err = h.Refresh(t.Context(), a, token.Renewal{Token: out.RefreshToken})
			wantCode(t, "refresh without proof", err, token.InvalidGrant)
		})
	}
	spa := h.app("spa", func(a *identity.App) { a.AuthMethod = identity.AuthNone })
	web := h.app("web", nil)
	for phrase, c := range map[string]struct {
		app  *identity.App
		want string
	}{
		"a public app with another key":      {spa, token.InvalidGrant},
		"an app of its own with another key": {web, ""},
	} {
		out := h.issue(c.app, func(r *token.Request) { r.Authorization.Confirmation.JKT = "k" })
		next, err := h.Refresh(t.Context(), c.app, token.Renewal{Token: out.RefreshToken, Confirmation: token.Confirmation{JKT: "other"}})
		if c.want != "" {
			wantCode(t, phrase, err, c.want)
		} else if err != nil || next.TokenType != "DPoP" {
			t.Errorf("%s: %+v, %v", phrase, next, err)
		}
	}
	code := h.code(spa, func(c *token.Code) { c.JKT = "k" })
	_, err := h.RedeemCode(t.Context(), spa, redemption(code))
	wantCode(t, "a code bound to a key, without it", err, token.InvalidGrant)
	r := redemption(code)
	r.Confirmation.JKT = "k"
	if _, err := h.RedeemCode(t.Context(), spa, r); err != nil {
		t.Errorf("a code bound to a key, with it: %v", err)
	}
}
