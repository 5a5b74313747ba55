package token

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
)

// bare is a Service that has keys and no database.
func bare(t testing.TB) *Service {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{1}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Keys: keys, Public: "https://id.example.com"})
}

// FuzzRefreshText checks that a refresh token has one spelling: what parses is
// written the same again, but for its proof.
func FuzzRefreshText(f *testing.F) {
	s := bare(f)
	g := identity.Grant{ID: identity.NewID(), Secret: []byte("x")}
	good := s.refreshText(g, 3)
	f.Add(good)
	f.Add(good + "A")
	f.Add(good[:len(good)-4] + "\n\n\n\n")
	f.Add(refreshPrefix)
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseRefresh(text)
		if !ok {
			return
		}
		head := s.refreshText(identity.Grant{Org: got.org, ID: got.grant, Secret: []byte("x")}, got.generation)
		if len(head) != len(text) || head[:32] != text[:32] {
			t.Errorf("%q was read as %q", text, head)
		}
		if len(got.mac) != 32 || got.generation < 1 {
			t.Errorf("parseRefresh(%q) = %+v", text, got)
		}
	})
}

// FuzzOpaqueText checks that what names an organisation is a whole token.
func FuzzOpaqueText(f *testing.F) {
	org := identity.NewOrgID()
	good := newOpaque(org)
	f.Add(good)
	f.Add(strings.ToUpper(good))
	f.Add(opaquePrefix + "_")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := orgOfOpaque(text)
		if ok && (!secret.LooksLikeToken(text) || !strings.HasPrefix(text, newOpaque(got)[:len(opaquePrefix)+32])) {
			t.Errorf("orgOfOpaque(%q) = %s", text, got)
		}
	})
}

// FuzzJWT checks that no text is taken for a token of ours: there is no key that
// could have signed it.
func FuzzJWT(f *testing.F) {
	s := bare(f)
	k, err := s.newKey(identity.OrgID{1}, "ES256")
	if err != nil {
		f.Fatal(err)
	}
	with, err := s.signer(k)
	if err != nil {
		f.Fatal(err)
	}
	good, err := with.sign(TypeAccess, map[string]any{"iss": "https://id.example.com"})
	if err != nil {
		f.Fatal(err)
	}
	t := &tenant{issuer: s.public, keys: []identity.SigningKey{k}}
	f.Add(good)
	f.Add(good + "\n")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Fuzz(func(tt *testing.T, text string) {
		if _, err := s.verify(t, text, []string{TypeAccess}); err == nil && !sameSignature(text, good) {
			tt.Errorf("%q is believed", text)
		}
		issuerOf(text)
	})
}

// sameSignature allows for what was signed alone.
func sameSignature(a, b string) bool {
	return a[:strings.LastIndexByte(a, '.')] == b[:strings.LastIndexByte(b, '.')]
}

// FuzzProof checks that no text without a signature by the key in its header is
// a proof.
func FuzzProof(f *testing.F) {
	s := bare(f)
	k, err := s.newKey(identity.OrgID{1}, "ES256")
	if err != nil {
		f.Fatal(err)
	}
	public, err := publicKey(k)
	if err != nil {
		f.Fatal(err)
	}
	with, err := s.signer(k)
	if err != nil {
		f.Fatal(err)
	}
	opts := (&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", public)
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: with.key}, opts)
	if err != nil {
		f.Fatal(err)
	}
	jws, err := signing.Sign([]byte(`{"jti":"1"}`))
	if err != nil {
		f.Fatal(err)
	}
	good, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	if _, _, text := openProof(good, proofAlgorithms); text != "" {
		f.Fatal(text)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, text string) {
		key, payload, wrong := openProof(text, proofAlgorithms)
		if wrong == "" && (key == nil || !key.IsPublic() || payload == nil) {
			t.Errorf("openProof(%q) = %v, %q", text, key, payload)
		}
	})
}

// FuzzNonce checks that nobody but us makes a nonce.
func FuzzNonce(f *testing.F) {
	s := bare(f)
	good := s.NewNonce(identity.OrgID{1})
	f.Add(good)
	f.Add(good[:30] + "\n\n")
	f.Fuzz(func(t *testing.T, nonce string) {
		if nonce != good && s.CheckNonce(identity.OrgID{1}, nonce) {
			t.Errorf("CheckNonce(%q) = true", nonce)
		}
	})
}

// FuzzURL checks that an address is equal to its normal form, and that the normal
// form stays.
func FuzzURL(f *testing.F) {
	f.Add("HTTPS://Id.Example.com:443/a/%7eb?c#d")
	f.Add("https://[::1]:80/")
	f.Add("https://u@h/")
	f.Fuzz(func(t *testing.T, text string) {
		once, ok := normalURL(text)
		if ok && !sameURL(text, text) {
			t.Errorf("%q is not like itself: %q", text, once)
		}
	})
}

// FuzzAccessClaims checks that reading the claims of a token never panics.
func FuzzAccessClaims(f *testing.F) {
	f.Add([]byte(`{"iss":"x","aud":["a"],"x":1}`))
	f.Add([]byte(`{"aud":"a","cnf":{"jkt":"k"},"act":{"act":null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := decodeAccess(text)
		if err != nil {
			return
		}
		again, err := c.encode(c.extra)
		if err != nil {
			t.Fatalf("what was read from %q cannot be written: %v", text, err)
		}
		if _, err := decodeAccess(again); err != nil {
			t.Errorf("%q was written as %q, which cannot be read: %v", text, again, err)
		}
	})
}
