package request

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
)

// A stand is a Desk with an app that has a key, without a database.
type stand struct {
	*Desk
	key *ecdsa.PrivateKey
	c   *Case
}

const issuer = "https://id.test"

func newStand(t testing.TB) *stand {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a, p, v := good()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	a.JWKS = set
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	d := New(Options{Apps: app.New(app.Options{Public: issuer, Keys: keys}), Issuer: func(identity.Organisation) string { return issuer }})
	return &stand{d, key, &Case{App: a, Provider: p, Request: Parse(v)}}
}

func (s *stand) claims() map[string]any {
	now := time.Now().Unix()
	return map[string]any{
		"iss": "shop", "aud": issuer, "exp": now + 60, "nbf": now - 10, "iat": now - 10, "jti": "1", "client_id": "shop",
		"redirect_uri": "https://shop.test/cb", "response_type": "code", "scope": "openid", "state": "inside", "max_age": 10,
		"claims": map[string]any{"userinfo": map[string]any{"name": nil}}, "resource": []string{"https://api.test"},
	}
}

func (s *stand) sign(t testing.TB, body any, head map[jose.HeaderKey]any) string {
	t.Helper()
	text, ok := body.(string)
	if !ok {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(raw)
	}
	o := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"typ": "oauth-authz-req+jwt"}}
	maps.Copy(o.ExtraHeaders, head)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.key, KeyID: "k1"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func plainJWT(head, body string) string {
	e := base64.RawURLEncoding
	return e.EncodeToString([]byte(head)) + "." + e.EncodeToString([]byte(body)) + "."
}

func TestRequestObject(t *testing.T) {
	s := newStand(t)
	o, err := s.readObject(t.Context(), s.c, s.sign(t, s.claims(), nil), ByValue, "shop")
	if err != nil {
		t.Fatal(err)
	}
	r := Parse(o.values)
	if !o.signed || r.State != "inside" || r.MaxAge == nil || *r.MaxAge != 10 || r.Claims == nil || !slices.Equal(r.Resources, []string{"https://api.test"}) {
		t.Errorf("the request object was read as %+v", r)
	}
	if o.values.Has("exp") || o.values.Has("aud") {
		t.Errorf("claims about the object became parameters: %v", o.values)
	}
}

// TestRefusedObject looks where and with what state a refusal is told when the app
// said it in the request object only.
func TestRefusedObject(t *testing.T) {
	wishes := `{"response_mode":"form_post","state":"inside","redirect_uri":"https://evil.test/"}`
	for about, c := range map[string]struct{ outside, object, mode, state string }{
		"an object without a signature":       {"", plainJWT(`{"alg":"none"}`, wishes), "form_post", "inside"},
		"what stands outside comes first":     {"outside", plainJWT(`{"alg":"none"}`, wishes), "form_post", "outside"},
		"an object with a bad signature":      {"", plainJWT(`{"alg":"ES256"}`, wishes) + "AAAA", "", ""},
		"a state that is longer than allowed": {"", plainJWT(`{"alg":"none"}`, `{"state":"`+strings.Repeat("x", 9000)+`"}`), "", ""},
	} {
		t.Run(about, func(t *testing.T) {
			s := newStand(t)
			v := url.Values{"client_id": {"shop"}, "request": {c.object}, "state": {c.outside}, "redirect_uri": {"https://shop.test/cb"}}
			s.c.Request = Parse(v)
			if _, ok := s.resolve(t.Context(), s.c, v).(*Error); !ok {
				t.Fatal("the object was accepted")
			}
			r := s.c.Request
			if r.ResponseMode != c.mode || r.State != c.state || r.RedirectURI != "https://shop.test/cb" {
				t.Errorf("the refusal goes to %q with %q and the state %q, want %q and %q", r.RedirectURI, r.ResponseMode, r.State, c.mode, c.state)
			}
		})
	}
}

// TestAttack tries what comes in a request object.
func TestAttack(t *testing.T) {
	now := time.Now().Unix()
	change := func(pairs ...any) func(map[string]any) {
		return func(m map[string]any) {
			for i := 0; i+1 < len(pairs); i += 2 {
				if pairs[i+1] == nil {
					delete(m, pairs[i].(string))
					continue
				}
				m[pairs[i].(string)] = pairs[i+1]
			}
		}
	}
	strict := func(a *identity.App) { a.RequireRequestObject = true }
	for _, c := range []struct {
		about string
		app   func(*identity.App)
		body  func(map[string]any)
		head  map[jose.HeaderKey]any
		want  string // "" is accepted
	}{
		{about: "B23 the object as it should be", app: strict},
		{about: "B23 without exp, where nothing demands it", body: change("exp", nil, "nbf", nil)},
		{about: "B23 without exp, where it is demanded", app: strict, body: change("exp", nil), want: "invalid_request_object"},
		{about: "B23 without nbf, where it is demanded", app: strict, body: change("nbf", nil), want: "invalid_request_object"},
		{about: "B23 without aud, where it is demanded", app: strict, body: change("aud", nil), want: "invalid_request_object"},
		{about: "B23 without iss, where it is demanded", app: strict, body: change("iss", nil), want: "invalid_request_object"},
		{about: "B23 another client_id inside", body: change("client_id", "bank"), want: "invalid_request_object"},
		{about: "B23 the iss of another app", body: change("iss", "bank"), want: "invalid_request_object"},
		{about: "B23 the aud of another issuer", body: change("aud", "https://id.test/o/acme"), want: "invalid_request_object"},
		{about: "B23 a list of audiences with ours", body: change("aud", []string{"https://x.test", issuer})},
		{about: "B23 an audience that is a number", body: change("aud", 1), want: "invalid_request_object"},
		{about: "B23 expired", body: change("exp", now-1), want: "invalid_request_object"},
		{about: "B23 nbf 8 s ahead", body: change("nbf", now+8)},
		{about: "B23 nbf 70 s ahead", body: change("nbf", now+70), want: "invalid_request_object"},
		{about: "B23 nbf 70 minutes ago under a profile", app: strict, body: change("nbf", now-4200), want: "invalid_request_object"},
		{about: "B23 good for 70 minutes under a profile", app: strict, body: change("exp", now+4200), want: "invalid_request_object"},
		{about: "B23 a time that is none", body: change("exp", 1e300), want: "invalid_request_object"},
		{about: "B23 another object inside", body: change("request", "x"), want: "invalid_request_object"},
		{about: "B23 a reference inside", body: change("request_uri", "https://x.test"), want: "invalid_request_object"},
		{about: "B28 a client assertion", body: change("sub", "shop"), want: "invalid_request_object"},
		{about: "B28 the type of a client assertion", head: map[jose.HeaderKey]any{"typ": "client-authentication+jwt"}, want: "invalid_request_object"},
		{about: "B28 the type of an access token", head: map[jose.HeaderKey]any{"typ": "at+jwt"}, want: "invalid_request_object"},
		{about: "B26 an unknown critical header", head: map[jose.HeaderKey]any{"crit": []string{"x"}, "x": 1}, want: "invalid_request_object"},
		{about: "B23 another algorithm than registered", app: func(a *identity.App) { a.RequestObjectAlg = "PS256" }, want: "invalid_request_object"},
		{about: "B23 signed where none is registered", app: func(a *identity.App) { a.RequestObjectAlg = "none" }, want: "invalid_request_object"},
		{about: "B23 a key that is not the app's", app: func(a *identity.App) { a.JWKS = []byte(`{"keys":[]}`) }, want: "invalid_request_object"},
		{about: "B23 a list where text should be", body: change("state", []string{"a", "b"}), want: "invalid_request_object"},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := newStand(t)
			body := s.claims()
			if c.app != nil {
				c.app(s.c.App)
			}
			if c.body != nil {
				c.body(body)
			}
			check(t, s, s.sign(t, body, c.head), ByValue, c.want)
		})
	}
}

func check(t *testing.T, s *stand, text string, from Source, want string) {
	t.Helper()
	_, err := s.readObject(t.Context(), s.c, text, from, "shop")
	got := ""
	if err != nil {
		e, ok := err.(*Error)
		if !ok {
			t.Fatalf("readObject: %v, want an *Error", err)
		}
		got = e.Code
	}
	if got != want {
		t.Errorf("readObject = %q (%v), want %q", got, err, want)
	}
}

// TestAttackText tries texts that are not even signed.
func TestAttackText(t *testing.T) {
	s := newStand(t)
	signed := s.sign(t, s.claims(), nil)
	parts := strings.Split(signed, ".")
	raw, _ := json.Marshal(s.claims())
	none := plainJWT(`{"alg":"none"}`, string(raw))
	legacy := func(s *stand) {
		s.c.App.RequestObjectAlg, s.c.Provider.Legacy.UnsignedRequestURI = "none", true
	}
	for _, c := range []struct {
		about, text string
		set         func(*stand)
		from        Source
		want        string
	}{
		{"B23 none by value", none, nil, ByValue, "request_not_supported"},
		{"B23 none by value, though registered", none, legacy, ByValue, "request_not_supported"},
		{"B23 none by reference", none, nil, ByReference, "request_uri_not_supported"},
		{"B23 none by reference, registered, where the organisation does not allow it", none,
			func(s *stand) { s.c.App.RequestObjectAlg = "none" }, ByReference, "request_uri_not_supported"},
		{"B23 none by reference, registered and allowed", none, legacy, ByReference, ""},
		{"B23 none by reference, of an app that registered no algorithm, where the organisation allows it", none,
			func(s *stand) { s.c.Provider.Legacy.UnsignedRequestURI = true }, ByReference, ""},
		{"B23 none by reference, of an app that registered another algorithm", none,
			func(s *stand) { s.c.App.RequestObjectAlg, s.c.Provider.Legacy.UnsignedRequestURI = "ES256", true }, ByReference, "invalid_request_object"},
		{"B23 none with a signature", none + "x", legacy, ByReference, "invalid_request_object"},
		{"B23 none under FAPI", none, func(s *stand) { legacy(s); s.c.App.FAPI = true }, ByReference, "invalid_request_object"},
		{"B26 nOnE", plainJWT(`{"alg":"nOnE"}`, string(raw)), legacy, ByReference, "invalid_request_object"},
		{"B26 a member twice in the header", plainJWT(`{"alg":"ES256","alg":"none"}`, string(raw)), legacy, ByReference, "invalid_request_object"},
		{"B23 a member twice", plainJWT(`{"alg":"none"}`, `{"client_id":"shop","client_id":"bank"}`), legacy, ByReference, "invalid_request_object"},
		{"B23 more after the object", plainJWT(`{"alg":"none"}`, `{}{}`), legacy, ByReference, "invalid_request_object"},
		{"B23 invalid UTF-8", plainJWT(`{"alg":"none"}`, "{\"state\":\"\xff\"}"), legacy, ByReference, "invalid_request_object"},
		{"B26 a JSON 20 000 deep", plainJWT(`{"alg":"none"}`, `{"claims":`+strings.Repeat("[", 20000)+"}"), legacy, ByReference, "invalid_request_object"},
		{"B23 a JWE", strings.Repeat("e30.", 4) + "e30", nil, ByValue, "invalid_request_object"},
		{"B26 100 000 dots", strings.Repeat(".", 100000), nil, ByValue, "invalid_request_object"},
		{"B26 40 000 dots", strings.Repeat(".", 40000), nil, ByValue, "invalid_request_object"},
		{"B23 10 MB", strings.Repeat("a", 10<<20), nil, ByValue, "invalid_request_object"},
		{"B23 HS256 with the public key as secret", plainJWT(`{"alg":"HS256"}`, string(raw)) + "AAAA", nil, ByValue, "invalid_request_object"},
		{"B23 another signature", parts[0] + "." + parts[1] + "." + strings.Repeat("A", 86), nil, ByValue, "invalid_request_object"},
		{"B23 another body", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"client_id":"shop"}`)) + "." + parts[2], nil, ByValue, "invalid_request_object"},
		{"nothing", "", nil, ByValue, "invalid_request_object"},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := newStand(t)
			if c.set != nil {
				c.set(s)
			}
			check(t, s, c.text, c.from, c.want)
		})
	}
}

// FuzzObject checks that no text makes the reader panic, and that what it
// accepts without a signature says who the app is.
func FuzzObject(f *testing.F) {
	s := newStand(f)
	s.c.App.RequestObjectAlg, s.c.Provider.Legacy.UnsignedRequestURI = "none", true
	raw, _ := json.Marshal(s.claims())
	f.Add(`{"alg":"none"}`, string(raw))
	f.Add(`{"alg":"ES256","crit":["b64"],"b64":false}`, `{}`)
	f.Add(`{"alg":"none","typ":"JWT"}`, `{"aud":["x"],"max_age":1e3,"claims":null}`)
	f.Fuzz(func(t *testing.T, head, body string) {
		o, err := s.readObject(t.Context(), s.c, plainJWT(head, body), ByReference, "shop")
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("readObject: %v, want an *Error", err)
			}
			return
		}
		if id := o.values["client_id"]; len(id) > 1 || len(id) == 1 && id[0] != "shop" {
			t.Fatalf("%q made the client_id %q", body, id)
		}
		for name, list := range o.values {
			if len(list) > 1 && name != "resource" && name != "audience" {
				t.Fatalf("%q made %s twice", body, name)
			}
		}
		_ = (&Case{App: s.c.App, Provider: s.c.Provider, Request: Parse(url.Values(o.values))}).Check()
	})
}
