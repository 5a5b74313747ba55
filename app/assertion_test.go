package app

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A signer signs assertions of one app.
type signer struct {
	alg string
	kid string
	key any
}

func ecSigner(t testing.TB, kid string) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{"ES256", kid, key}
}

func (s signer) public(t testing.TB) string {
	t.Helper()
	doc, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.(crypto.Signer).Public(), KeyID: s.kid}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// sign signs a payload; header are further members of the header.
func (s signer) sign(t testing.TB, payload string, header map[string]any) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for k, v := range header {
		o.WithHeader(jose.HeaderKey(k), v)
	}
	if s.kid != "" {
		o.WithHeader("kid", s.kid)
	}
	js, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.alg), Key: s.key}, o)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := js.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var jtis atomic.Int64

// claims are those of a good assertion with some changed; nil removes one.
func claims(app string, at time.Time, change map[string]any) string {
	m := map[string]any{"iss": app, "sub": app, "aud": issuer, "jti": fmt.Sprint("j", jtis.Add(1)), "exp": at.Unix() + 60, "iat": at.Unix()}
	maps.Copy(m, change)
	for k, v := range m {
		if v == nil {
			delete(m, k)
		}
	}
	doc, _ := json.Marshal(m)
	return string(doc)
}

func asserted(text string) Credentials {
	return Credentials{Form: url.Values{"client_assertion": {text}, "client_assertion_type": {assertionType}}}
}

func keyed(keys string) identity.AppSettings {
	a := web()
	a.AuthMethod, a.JWKS = identity.AuthPrivateKeyJWT, json.RawMessage(keys)
	return a
}

func TestAttack25(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		key := ecSigner(t, "k1")
		strict := keyed(key.public(t))
		w.create(t, NewApp{ClientID: "strict", AppSettings: strict})
		lax := strict
		lax.LaxAudience = true
		w.create(t, NewApp{ClientID: "lax", AppSettings: lax})
		at := w.now()
		for phrase, c := range map[string]struct {
			app    string
			change map[string]any
			header map[string]any
			code   string
		}{
			"the issuer":                        {"strict", nil, nil, ""},
			"typ JWT":                           {"strict", nil, map[string]any{"typ": "JWT"}, ""},
			"typ of RFC 10070":                  {"strict", nil, map[string]any{"typ": "client-authentication+jwt"}, ""},
			"iat a little ahead":                {"strict", map[string]any{"iat": at.Unix() + 20}, nil, ""},
			"five minutes":                      {"strict", map[string]any{"exp": at.Unix() + 300}, nil, ""},
			"lax: the token endpoint":           {"lax", map[string]any{"aud": tokenEndpoint}, nil, ""},
			"lax: an array":                     {"lax", map[string]any{"aud": []string{tokenEndpoint}}, nil, ""},
			"lax: the issuer":                   {"lax", nil, nil, ""},
			"B25 lax: somebody else":            {"lax", map[string]any{"aud": "https://evil.example.com"}, nil, "invalid_client"},
			"B25 lax: an empty audience":        {"lax", map[string]any{"aud": ""}, nil, "invalid_client"},
			"B25 aud the token endpoint":        {"strict", map[string]any{"aud": tokenEndpoint}, nil, "invalid_client"},
			"B25 aud the PAR endpoint":          {"strict", map[string]any{"aud": public + "/o/acme/oauth2/par"}, nil, "invalid_client"},
			"B25 aud an array":                  {"strict", map[string]any{"aud": []string{issuer}}, nil, "invalid_client"},
			"B25 aud an array of two":           {"strict", map[string]any{"aud": []string{issuer, "https://evil.example.com"}}, nil, "invalid_client"},
			"B25 aud of another organisation":   {"strict", map[string]any{"aud": public + "/o/evil"}, nil, "invalid_client"},
			"B25 aud of the root organisation":  {"strict", map[string]any{"aud": public}, nil, "invalid_client"},
			"B29 aud with a slash at its end":   {"strict", map[string]any{"aud": issuer + "/"}, nil, "invalid_client"},
			"B25 no aud":                        {"strict", map[string]any{"aud": nil}, nil, "invalid_client"},
			"B25 no jti":                        {"strict", map[string]any{"jti": nil}, nil, "invalid_client"},
			"B25 an empty jti":                  {"strict", map[string]any{"jti": ""}, nil, "invalid_client"},
			"B25 a jti without end":             {"strict", map[string]any{"jti": strings.Repeat("a", 300)}, nil, "invalid_client"},
			"B25 a jti that is a number":        {"strict", map[string]any{"jti": 7}, nil, "invalid_client"},
			"B25 no exp":                        {"strict", map[string]any{"exp": nil}, nil, "invalid_client"},
			"B25 exp a text":                    {"strict", map[string]any{"exp": "tomorrow"}, nil, "invalid_client"},
			"B25 exp too far":                   {"strict", map[string]any{"exp": at.Unix() + 400}, nil, "invalid_client"},
			"B25 exp at the end of days":        {"strict", map[string]any{"exp": 1e300}, nil, "invalid_client"},
			"B25 exp before all time":           {"strict", map[string]any{"exp": -1e300}, nil, "invalid_client"},
			"B25 expired":                       {"strict", map[string]any{"exp": at.Unix() - 300}, nil, "invalid_client"},
			"B25 not valid yet":                 {"strict", map[string]any{"nbf": at.Unix() + 120}, nil, "invalid_client"},
			"B25 not valid for ages":            {"strict", map[string]any{"nbf": 1e300}, nil, "invalid_client"},
			"B25 made tomorrow":                 {"strict", map[string]any{"iat": at.Unix() + 86400}, nil, "invalid_client"},
			"B25 no sub":                        {"strict", map[string]any{"sub": nil}, nil, "invalid_client"},
			"B25 no iss":                        {"strict", map[string]any{"iss": nil}, nil, "invalid_client"},
			"B25 iss of another app":            {"strict", map[string]any{"iss": "lax"}, nil, "invalid_client"},
			"B28 a logout token":                {"strict", nil, map[string]any{"typ": "logout+jwt"}, "invalid_client"},
			"B28 an access token":               {"strict", nil, map[string]any{"typ": "at+jwt"}, "invalid_client"},
			"B28 a DPoP proof":                  {"strict", nil, map[string]any{"typ": "dpop+jwt"}, "invalid_client"},
			"B26 jku in the header":             {"strict", nil, map[string]any{"jku": "https://evil.example.com/k"}, "invalid_client"},
			"B26 x5u in the header":             {"strict", nil, map[string]any{"x5u": "https://evil.example.com/k"}, "invalid_client"},
			"B26 an unknown kid":                {"strict", nil, map[string]any{"kid": "../../etc/passwd"}, "invalid_client"},
			"B26 SQL in kid":                    {"strict", nil, map[string]any{"kid": "' OR 1=1 --"}, "invalid_client"},
			"B25 sub of an app that is nowhere": {"nobody", nil, nil, "invalid_client"},
		} {
			t.Run(phrase, func(t *testing.T) {
				s := key
				if _, has := c.header["kid"]; has {
					s.kid = ""
				}
				text := s.sign(t, claims(c.app, at, c.change), c.header)
				client, err := w.try(t, asserted(text))
				wantCode(t, phrase, err, c.code)
				if c.code == "" && client.App.ClientID != c.app {
					t.Errorf("authenticated as %q", client.App.ClientID)
				}
			})
		}
		t.Run("B25 replayed", func(t *testing.T) {
			text := key.sign(t, claims("strict", at, nil), nil)
			_, err := w.try(t, asserted(text))
			wantCode(t, "the first time", err, "")
			_, err = w.try(t, asserted(text))
			wantCode(t, "the second time", err, "invalid_client")
		})
		t.Run("B25 the jti of another app", func(t *testing.T) {
			for _, app := range []string{"strict", "lax"} {
				_, err := w.try(t, asserted(key.sign(t, claims(app, at, map[string]any{"jti": "shared"}), nil)))
				wantCode(t, app, err, "")
			}
		})
		t.Run("the client_id beside it", func(t *testing.T) {
			c := asserted(key.sign(t, claims("strict", at, nil), nil))
			c.Form.Set("client_id", "lax")
			_, err := w.try(t, c)
			wantCode(t, "of another app", err, "invalid_request")
			c.Form.Set("client_id", "strict")
			_, err = w.try(t, c)
			wantCode(t, "of the app", err, "")
		})
	})
}

// TestAttack25Algorithms signs by what is not the app's.
func TestAttack25Algorithms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		ps := signer{"PS256", "r", rsaKey}
		fixed := keyed(ps.public(t))
		fixed.AuthAlg = "PS256"
		w.create(t, NewApp{ClientID: "fixed", AppSettings: fixed})
		fapi := keyed(ps.public(t))
		fapi.FAPI = true
		w.create(t, NewApp{ClientID: "fapi", AppSettings: fapi})
		w.create(t, NewApp{ClientID: "free", AppSettings: keyed(ps.public(t))})
		_, text := w.create(t, NewApp{ClientID: "basic", AppSettings: web()})
		rs := ps
		rs.alg = "RS256"
		der, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
		if err != nil {
			t.Fatal(err)
		}
		shared := func(key []byte) signer { return signer{"HS256", "r", bytes.Clone(key)} }
		at := w.now()
		for phrase, c := range map[string]struct {
			app, code string
			s         signer
		}{
			"PS256":                                  {"fixed", "", ps},
			"PS256 by FAPI":                          {"fapi", "", ps},
			"RS256 where nothing is registered":      {"free", "", rs},
			"B25 RS256 where PS256 is registered":    {"fixed", "invalid_client", rs},
			"B25 RS256 by FAPI":                      {"fapi", "invalid_client", rs},
			"B25 HS256 with the public key":          {"free", "invalid_client", shared(der)},
			"B25 HS256 with the public key in PEM":   {"free", "invalid_client", shared(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))},
			"B25 HS256 with the keys as they stand":  {"free", "invalid_client", shared([]byte(ps.public(t)))},
			"B25 a key of a stranger":                {"free", "invalid_client", ecSigner(t, "r")},
			"an assertion of an app with a secret":   {"basic", "invalid_client", shared([]byte(text))},
			"an assertion by key of an app with one": {"basic", "invalid_client", ps},
		} {
			t.Run(phrase, func(t *testing.T) {
				_, err := w.try(t, asserted(c.s.sign(t, claims(c.app, at, nil), nil)))
				wantCode(t, phrase, err, c.code)
			})
		}
		w.legacy(t, Provider{Legacy: Legacy{TokenEndpointAudience: true}})
		aud := map[string]any{"aud": tokenEndpoint}
		_, err = w.try(t, asserted(ps.sign(t, claims("free", at, aud), nil)))
		wantCode(t, "the token endpoint where the organisation allows it", err, "")
		_, err = w.try(t, asserted(ps.sign(t, claims("fapi", at, aud), nil)))
		wantCode(t, "B25 the token endpoint by FAPI even then", err, "invalid_client")
	})
}

func TestSecretJWT(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.legacy(t, Provider{Legacy: Legacy{SecretJWT: true}})
		s := web()
		s.AuthMethod = identity.AuthSecretJWT
		a, text := w.create(t, NewApp{ClientID: "old", AppSettings: s})
		if bytes.Contains(a.Secrets[0].Sealed, []byte(text)) || len(a.Secrets[0].Sealed) == 0 {
			t.Error("the secret is not sealed")
		}
		at := w.now()
		try := func(key string, alg string) error {
			_, err := w.try(t, asserted(signer{alg, "", []byte(key)}.sign(t, claims("old", at, nil), nil)))
			return err
		}
		wantCode(t, "its secret", try(text, "HS256"), "")
		wantCode(t, "its secret by HS512", try(text+"", "HS384"), "")
		wantCode(t, "another secret", try(text[1:]+"x", "HS256"), "invalid_client")
		_, err := w.try(t, Credentials{Authorization: basic("old", text)})
		wantCode(t, "its secret in the header", err, "invalid_client")
		if err := w.RevokeSecret(t.Context(), cli, w.acme.ID, a.ID, a.Secrets[0].ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a revoked secret", try(text, "HS256"), "invalid_client")
		fresh, err := w.AddSecret(t.Context(), cli, w.acme.ID, a.ID, Rotation{})
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a further secret", try(fresh.Text, "HS256"), "")
		w.legacy(t, Provider{})
		wantCode(t, "where it is not allowed any more", try(fresh.Text, "HS256"), "invalid_client")
	})
}

// TestAttack14 uses one assertion fifty times at once.
func TestAttack14(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		key := ecSigner(t, "k")
		w.create(t, NewApp{ClientID: "app", AppSettings: keyed(key.public(t))})
		c := asserted(key.sign(t, claims("app", w.now(), nil), nil))
		c.Issuer = issuer
		var good, bad atomic.Int64
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				switch _, err := w.Authenticate(context.Background(), w.acme, c); err.(type) {
				case nil:
					good.Add(1)
				case *AuthError:
					bad.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if good.Load() != 1 || bad.Load() != 49 {
			t.Errorf("B14 of 50 uses %d succeed and %d are refused, want 1 and 49", good.Load(), bad.Load())
		}
	})
}

// TestAttack26 writes headers by hand that no library would.
func TestAttack26(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	key := ecSigner(t, "k")
	w.create(t, NewApp{ClientID: "app", AppSettings: keyed(key.public(t))})
	enc := base64.RawURLEncoding.EncodeToString
	private := key.key.(*ecdsa.PrivateKey)
	byHand := func(header, payload string) string {
		text := enc([]byte(header)) + "." + enc([]byte(payload))
		sum := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + enc(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	good := func() string { return claims("app", w.now(), nil) }
	double := strings.Replace(good(), `"aud":`, `"aud":"https://evil.example.com","aud":`, 1)
	mac := hmac.New(sha256.New, nil)
	mac.Write([]byte(enc([]byte(`{"alg":"HS256"}`)) + "." + enc([]byte(good()))))
	for phrase, c := range map[string]struct{ text, code string }{
		"by hand":                      {byHand(`{"alg":"ES256"}`, good()), ""},
		"B26 alg none":                 {enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(good())) + ".", "invalid_client"},
		"B26 alg nOnE":                 {enc([]byte(`{"alg":"nOnE"}`)) + "." + enc([]byte(good())) + ".", "invalid_client"},
		"B26 no alg":                   {byHand(`{}`, good()), "invalid_client"},
		"B26 alg a number":             {byHand(`{"alg":1}`, good()), "invalid_client"},
		"B26 alg in small letters":     {byHand(`{"alg":"es256"}`, good()), "invalid_client"},
		"B26 alg twice":                {byHand(`{"alg":"ES256","alg":"none"}`, good()), "invalid_client"},
		"B26 HS256 with an empty key":  {enc([]byte(`{"alg":"HS256"}`)) + "." + enc([]byte(good())) + "." + enc(mac.Sum(nil)), "invalid_client"},
		"B26 a key in the header":      {byHand(`{"alg":"ES256","jwk":{"kty":"EC"}}`, good()), "invalid_client"},
		"B26 b64 false":                {byHand(`{"alg":"ES256","b64":false,"crit":["b64"]}`, good()), "invalid_client"},
		"B26 an unknown crit":          {byHand(`{"alg":"ES256","crit":["x"],"x":1}`, good()), "invalid_client"},
		"B26 zip":                      {byHand(`{"alg":"ES256","zip":"DEF"}`, good()), "invalid_client"},
		"B26 aud twice":                {byHand(`{"alg":"ES256"}`, double), "invalid_client"},
		"B26 a payload that is a list": {byHand(`{"alg":"ES256"}`, `[]`), "invalid_client"},
		"B26 more behind the payload":  {byHand(`{"alg":"ES256"}`, good()+`{}`), "invalid_client"},
		"B26 PBES2":                    {byHand(`{"alg":"PBES2-HS256+A128KW","p2c":2147483647}`, good()), "invalid_client"},
		"B26 five parts":               {"a.b.c.d.e", "invalid_client"},
		"B26 a hundred thousand dots":  {strings.Repeat(".", 100_000), "invalid_client"},
		"B26 deep JSON in the header":  {byHand(`{"alg":"ES256","x":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`, good()), "invalid_client"},
		"B26 deep JSON in the payload": {byHand(`{"alg":"ES256"}`, `{"x":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}`), "invalid_client"},
		"B26 padding":                  {byHand(`{"alg":"ES256"}`, good()) + "==", "invalid_client"},
		"B26 the JSON form":            {`{"payload":"` + enc([]byte(good())) + `","signatures":[]}`, "invalid_client"},
	} {
		t.Run(phrase, func(t *testing.T) {
			start := time.Now()
			_, err := w.try(t, asserted(c.text))
			wantCode(t, phrase, err, c.code)
			if took := time.Since(start); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// FuzzAssertion holds that no assertion crashes us, and that none is accepted
// without a signature.
func FuzzAssertion(f *testing.F) {
	enc := base64.RawURLEncoding.EncodeToString
	f.Add(`{"alg":"ES256"}`, claims("app", start, nil), []byte("x"))
	f.Add(`{"alg":"none","crit":["b64"]}`, `{"iss":1,"aud":[null]}`, []byte{})
	f.Add(`{"alg":"HS256","kid":"a"}`, `{"aud":{},"exp":1e999}`, []byte("\x00"))
	f.Fuzz(func(t *testing.T, header, payload string, signature []byte) {
		text := enc([]byte(header)) + "." + enc([]byte(payload)) + "." + enc(signature)
		m := &claim{assertion: text}
		if m.readAssertion() == nil && m.clientID == "" {
			t.Error("an assertion of nobody")
		}
		if p, err := parseAssertion([]byte(payload)); err == nil {
			until, bad := p.times(start)
			if bad == "" && (until.Before(start.Add(-skew)) || until.After(start.Add(maxAssertion+skew))) {
				t.Errorf("%s is valid until %v", payload, until)
			}
			if audienceHolds(p.Audience, Credentials{Issuer: issuer}, false) && !strings.Contains(payload, `"`) {
				t.Errorf("%s is for us", payload)
			}
		}
		jws, v, err := parseJWS(text, asymmetric)
		if err != nil {
			return
		}
		if _, ok := verifyBy(jose.JSONWebKeySet{}, jws, v); ok {
			t.Error("verified by no key")
		}
	})
}
