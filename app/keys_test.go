package app

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"net"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// TestKeyRotation changes the keys behind a jwks_uri.
func TestKeyRotation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		one, two, three := ecSigner(t, "1"), ecSigner(t, "2"), ecSigner(t, "3")
		w.publish("/keys", one.public(t))
		s := web()
		s.AuthMethod, s.JWKSURI = identity.AuthPrivateKeyJWT, w.site.URL+"/keys"
		w.create(t, NewApp{ClientID: "app", AppSettings: s})
		try := func(s signer) error {
			_, err := w.try(t, asserted(s.sign(t, claims("app", w.now(), nil), nil)))
			return err
		}
		asked := func(phrase string, want int64) {
			t.Helper()
			if got := w.hits.Load(); got != want {
				t.Errorf("%s: the keys were fetched %d times, want %d", phrase, got, want)
			}
		}
		wantCode(t, "the first key", try(one), "")
		wantCode(t, "the first key again", try(one), "")
		asked("two uses", 1)
		w.publish("/keys", two.public(t))
		wantCode(t, "a new key at once", try(two), "invalid_client")
		asked("within a minute", 1)
		w.pass(keysAgain)
		wantCode(t, "a new key after a minute", try(two), "")
		asked("after a minute", 2)
		wantCode(t, "the old key", try(one), "invalid_client")
		for range 5 {
			wantCode(t, "an unknown key", try(three), "invalid_client")
		}
		asked("unknown keys", 2)
		w.pass(keysAge)
		w.publish("/keys", one.public(t))
		wantCode(t, "after five minutes", try(one), "")
		asked("after five minutes", 3)

		w.mu.Lock()
		delete(w.pages, "/keys")
		w.mu.Unlock()
		w.pass(keysAge)
		wantCode(t, "while the server is away", try(one), "")
		wantCode(t, "while the server is away, again", try(one), "")
		asked("a failure rests", 4)
		w.pass(keysStale)
		wantCode(t, "when the server is away for long", try(one), "invalid_client")
	})
}

func TestParseKeys(t *testing.T) {
	good := ecSigner(t, "k").public(t)
	if set, err := parseKeys([]byte(good), true); err != nil || len(set.Keys) != 1 {
		t.Errorf("a good key: %v, %v", set, err)
	}
	var raw struct{ Keys []json.RawMessage }
	_ = json.Unmarshal([]byte(good), &raw)
	mixed := `{"keys":[{"kty":"XX"},{"kty":"oct","k":"YWJj"},` + string(raw.Keys[0]) + `]}`
	if set, err := parseKeys([]byte(mixed), false); err != nil || len(set.Keys) != 1 {
		t.Errorf("a good key among others: %v, %v", set, err)
	}
	for phrase, doc := range map[string]string{
		"others beside it":      mixed,
		"a weak RSA key":        `{"keys":[{"kty":"RSA","e":"AQAB","n":"u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0_IzW7yWR7QkrmBL7jTKEn5u"}]}`,
		"no keys":               `{}`,
		"a text":                `"x"`,
		"nothing":               ``,
		"a point off the curve": `{"keys":[{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}]}`,
	} {
		if _, err := parseKeys([]byte(doc), true); err == nil {
			t.Errorf("%s: accepted", phrase)
		}
	}
	many, _ := json.Marshal(map[string]any{"keys": slices.Repeat(raw.Keys, maxKeys+1)})
	if _, err := parseKeys(many, false); err == nil {
		t.Error("too many keys are accepted")
	}
}

// certificate makes a certificate that signs itself.
func certificate(t testing.TB, key *ecdsa.PrivateKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	dc, email := asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
	uri, _ := url.Parse("spiffe://example.com/app")
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: start.Add(-time.Hour), NotAfter: start.Add(24 * time.Hour),
		Subject: pkix.Name{CommonName: "app", Organization: []string{"Example, Inc."}, ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: dc, Value: "example"}, {Type: email, Value: "a@example.com"},
		}},
		DNSNames: []string{"app.example.com"}, EmailAddresses: []string{"app@example.com"},
		IPAddresses: []net.IP{net.ParseIP("192.0.2.1")}, URIs: []*url.URL{uri},
	}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNamed(t *testing.T) {
	cert := certificate(t, ecSigner(t, "").key.(*ecdsa.PrivateKey), nil)
	var sequence pkix.RDNSequence
	if _, err := asn1.Unmarshal(cert.RawSubject, &sequence); err != nil {
		t.Fatal(err)
	}
	type s = identity.AppSettings
	for phrase, c := range map[string]struct {
		in   s
		want bool
	}{
		"the subject as Go writes it":        {s{TLSSubjectDN: sequence.String()}, true},
		"the subject with short names":       {s{TLSSubjectDN: `emailAddress=a@example.com,DC=example,CN=app,O=Example\, Inc.`}, true},
		"the subject with spaces and OIDs":   {s{TLSSubjectDN: `1.2.840.113549.1.9.1=a@example.com, dc=example, 2.5.4.3 = app, O=Example\2c Inc.`}, true},
		"the subject in the other order":     {s{TLSSubjectDN: `O=Example\, Inc.,CN=app,DC=example,emailAddress=a@example.com`}, false},
		"part of the subject":                {s{TLSSubjectDN: "CN=app"}, false},
		"more than the subject":              {s{TLSSubjectDN: `CN=x,emailAddress=a@example.com,DC=example,CN=app,O=Example\, Inc.`}, false},
		"a subject in capitals":              {s{TLSSubjectDN: `emailAddress=a@example.com,DC=example,CN=APP,O=Example\, Inc.`}, false},
		"the parts as one":                   {s{TLSSubjectDN: `emailAddress=a@example.com+DC=example+CN=app+O=Example\, Inc.`}, false},
		"its DNS name":                       {s{TLSSANDNS: "App.example.com"}, true},
		"another DNS name":                   {s{TLSSANDNS: "example.com"}, false},
		"its URI":                            {s{TLSSANURI: "spiffe://example.com/app"}, true},
		"another URI":                        {s{TLSSANURI: "spiffe://example.com/app2"}, false},
		"its address":                        {s{TLSSANIP: "192.0.2.1"}, true},
		"its address mapped into IPv6":       {s{TLSSANIP: "::ffff:192.0.2.1"}, true},
		"another address":                    {s{TLSSANIP: "192.0.2.2"}, false},
		"its mail":                           {s{TLSSANEmail: "app@example.com"}, true},
		"another mail":                       {s{TLSSANEmail: "App@example.com"}, false},
		"nothing":                            {s{}, false},
		"the common name is not a DNS name":  {s{TLSSANDNS: "app"}, false},
		"the mail of the subject is no name": {s{TLSSANEmail: "a@example.com"}, false},
	} {
		if got := named(&c.in, cert); got != c.want {
			t.Errorf("%s: named = %v, want %v (subject %s)", phrase, got, c.want, cert.Subject)
		}
	}
}

func TestCertificates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		key := ecSigner(t, "k")
		private := key.key.(*ecdsa.PrivateKey)
		mine := certificate(t, private, nil)
		other := certificate(t, private, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(2) })
		old := certificate(t, private, func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Minute) })
		pki := web()
		pki.AuthMethod, pki.TLSSANDNS, pki.CertificateBound = identity.AuthTLS, "app.example.com", true
		w.create(t, NewApp{ClientID: "pki", AppSettings: pki})
		keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), Certificates: []*x509.Certificate{mine}}, {Key: private.Public(), Certificates: []*x509.Certificate{old}}}})
		if err != nil {
			t.Fatal(err)
		}
		own := web()
		own.AuthMethod, own.JWKS = identity.AuthSelfSignedTLS, keys
		w.create(t, NewApp{ClientID: "own", AppSettings: own})
		for phrase, c := range map[string]struct {
			app      string
			cert     *x509.Certificate
			verified bool
			secret   string
			code     string
		}{
			"a certificate of an authority":        {"pki", mine, true, "", ""},
			"one that nobody vouches for":          {"pki", mine, false, "", "invalid_client"},
			"one that has run out":                 {"pki", old, true, "", "invalid_client"},
			"none":                                 {"pki", nil, true, "", "invalid_client"},
			"a certificate and a secret":           {"pki", mine, true, "x", "invalid_client"},
			"its own certificate":                  {"own", mine, false, "", ""},
			"another certificate of the same key":  {"own", other, true, "", "invalid_client"},
			"its own certificate that has run out": {"own", old, false, "", "invalid_client"},
			"none of its own":                      {"own", nil, false, "", "invalid_client"},
		} {
			t.Run(phrase, func(t *testing.T) {
				form := url.Values{"client_id": {c.app}}
				if c.secret != "" {
					form.Set("client_secret", c.secret)
				}
				client, err := w.try(t, Credentials{Form: form, Certificate: c.cert, Verified: c.verified})
				wantCode(t, phrase, err, c.code)
				if c.code == "" && len(client.Thumbprint) != 43 {
					t.Errorf("the thumbprint is %q", client.Thumbprint)
				}
			})
		}
	})
}

func TestVerify(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	key := ecSigner(t, "k")
	w.create(t, NewApp{ClientID: "app", AppSettings: keyed(key.public(t))})
	a, err := w.Get(t.Context(), w.acme.ID, "app")
	if err != nil {
		t.Fatal(err)
	}
	text := key.sign(t, `{"a":1}`, map[string]any{"typ": "oauth-authz-req+jwt"})
	v, err := w.Verify(t.Context(), a, text, "ES256")
	if err != nil || v.Type != "oauth-authz-req+jwt" || v.KeyID != "k" || v.Alg != "ES256" || string(v.Payload) != `{"a":1}` {
		t.Errorf("Verify = %+v, %v", v, err)
	}
	_, err = w.Verify(t.Context(), a, text, "PS256")
	wantKind(t, "an algorithm that is not asked for", err, identity.Unauthenticated)
	_, err = w.Verify(t.Context(), a, signer{"HS256", "", []byte(key.public(t))}.sign(t, `{}`, nil), "HS256")
	wantKind(t, "B25 a shared algorithm, though asked for", err, identity.Unauthenticated)
}

// FuzzDN holds that reading a name never fails badly, and gives parts.
func FuzzDN(f *testing.F) {
	for _, s := range []string{"CN=a,O=b", `CN=a\,b+OU=c`, "1.2.3=#0c0161", `CN=\C3\A4`, "=", "CN=", `CN=\`, "CN=#", "CN=a,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parts, ok := parseDN(s)
		if ok != (len(parts) > 0) {
			t.Errorf("parseDN(%q) = %q, %v", s, parts, ok)
		}
	})
}

// TestAttackSubject has a certificate whose one name looks as several do.
func TestAttackSubject(t *testing.T) {
	raw, err := asn1.Marshal(pkix.Name{Organization: []string{"Example+2.5.4.3=app"}}.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	forged := &x509.Certificate{RawSubject: raw}
	for dn, want := range map[string]bool{"CN=app+O=Example": false, `O=Example\+2.5.4.3\=app`: true} {
		if named(&identity.AppSettings{TLSSubjectDN: dn}, forged) != want {
			t.Errorf("B25 the certificate is named %s: %v, want %v", dn, !want, want)
		}
	}
}
