package token_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

// keeper may do everything with keys.
func (h *house) keeper() identity.Actor {
	return identity.Actor{Kind: identity.ByCLI, Org: h.acme.ID, Name: "ops", Perms: identity.Perms{identity.KeysWrite, identity.SettingsRead}}
}

// kids lists the published keys of an algorithm.
func (h *house) kids(alg string) (list []string) {
	h.t.Helper()
	set, err := h.JWKS(h.t.Context(), h.acme.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, k := range set.Keys {
		if !k.IsPublic() || k.Use != "sig" {
			h.t.Errorf("the key %+v is not fit to be published", k)
		}
		if k.Algorithm == alg {
			list = append(list, k.KeyID)
		}
	}
	return list
}

func (h *house) sign() (text, kid string) {
	h.t.Helper()
	text, err := h.Sign(h.t.Context(), h.acme.ID, "ES256", token.TypeLogout, map[string]any{"iss": public + "/o/acme"})
	if err != nil {
		h.t.Fatal(err)
	}
	return text, read(h.t, text, 0)["kid"].(string)
}

func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		before, first := h.sign()
		if err := h.Rotate(ctx, h.keeper(), h.acme.ID, "ES256", false); err != nil {
			t.Fatal(err)
		}
		kids := h.kids("ES256")
		if len(kids) != 2 || kids[0] != first {
			t.Fatalf("published after Rotate: %v, want the old key and the new", kids)
		}
		if err := h.Rotate(ctx, h.keeper(), h.acme.ID, "ES256", false); err != nil || len(h.kids("ES256")) != 2 {
			t.Errorf("Rotate again: %v, %d keys, want the rotation that is under way", err, len(h.kids("ES256")))
		}
		h.clock.pass(59 * time.Minute)
		if _, kid := h.sign(); kid != first {
			t.Error("the new key signs before it was published for an hour")
		}
		h.clock.pass(time.Minute)
		after, kid := h.sign()
		if kid != kids[1] {
			t.Errorf("after an hour %s signs, want %s", kid, kids[1])
		}
		for _, text := range []string{before, after} {
			if _, err := h.VerifyOwn(ctx, h.acme.ID, text, token.TypeLogout); err != nil {
				t.Errorf("while both are published: %v", err)
			}
		}
		h.clock.pass(31 * 24 * time.Hour)
		_, err := h.VerifyOwn(ctx, h.acme.ID, before, token.TypeLogout)
		wantRefused(t, "what a key signed that is gone", err)
		if got := h.kids("ES256"); !slices.Equal(got, kids[1:]) {
			t.Errorf("published a month later: %v, want %v", got, kids[1:])
		}
		list, err := h.ListKeys(ctx, h.keeper(), h.acme.ID)
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]token.KeyState{}
		for _, k := range list {
			states[k.ID] = k.State
		}
		if states[first] != token.KeyGone || states[kids[1]] != token.KeyActive {
			t.Errorf("ListKeys = %v", states)
		}
	})
}

func TestRotateImmediately(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	ctx := t.Context()
	a := h.app("web", nil)
	out, old := h.issue(a, nil), h.kids("RS256")
	_, first := h.sign()
	if err := h.Rotate(ctx, h.keeper(), h.acme.ID, "", true); err != nil {
		t.Fatal(err)
	}
	if _, kid := h.sign(); kid == first {
		t.Error("the old key signs after an immediate rotation")
	}
	if kids := h.kids("RS256"); len(kids) != 2 || slices.Index(kids, old[0]) != 1 {
		t.Errorf("RS256 after a rotation of all: %v, want the new key before %v", kids, old)
	}
	if _, err := h.Inspect(ctx, h.acme.ID, out.AccessToken); err != nil {
		t.Errorf("a token of the old key: %v", err)
	}
	// Twice, with a rotation under way between.
	if err := h.Rotate(ctx, h.keeper(), h.acme.ID, "ES256", false); err != nil {
		t.Fatal(err)
	}
	if err := h.Rotate(ctx, h.keeper(), h.acme.ID, "ES256", true); err != nil {
		t.Fatal(err)
	}
	_, kid := h.sign()
	h.clock.pass(2 * time.Hour)
	if _, later := h.sign(); later != kid {
		t.Error("the key of an abandoned rotation signs later")
	}
}

func TestRetire(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	ctx := t.Context()
	a := h.app("web", nil)
	out := h.issue(a, nil)
	if _, err := h.Inspect(ctx, h.acme.ID, out.AccessToken); err != nil {
		t.Fatal(err)
	}
	_, kid := h.sign()
	if err := h.Retire(ctx, h.keeper(), h.acme.ID, kid); err != nil {
		t.Fatal(err)
	}
	_, err := h.Inspect(ctx, h.acme.ID, out.AccessToken) // it was remembered
	wantRefused(t, "a token of a key that is retired", err)
	if _, now := h.sign(); now == kid || slices.Contains(h.kids("ES256"), kid) {
		t.Error("a retired key is still in use")
	}
	if err := h.Retire(ctx, h.keeper(), h.acme.ID, kid); err != nil {
		t.Errorf("Retire twice: %v", err)
	}
	if err := h.Retire(ctx, h.keeper(), h.acme.ID, "none"); identity.KindOf(err) != identity.NotFound {
		t.Errorf("Retire of no key: %v", err)
	}
}

func TestKeysNeedPermission(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	by := identity.Actor{Kind: identity.ByUser, Org: h.acme.ID, Perms: identity.Perms{identity.AppsWrite}}
	for what, err := range map[string]error{
		"Rotate": h.Rotate(t.Context(), by, h.acme.ID, "", true),
		"Retire": h.Retire(t.Context(), by, h.acme.ID, "x"),
	} {
		if identity.KindOf(err) != identity.Denied {
			t.Errorf("%s without permission: %v", what, err)
		}
	}
	if _, err := h.ListKeys(t.Context(), by, h.acme.ID); identity.KindOf(err) != identity.Denied {
		t.Errorf("ListKeys without permission: %v", err)
	}
	if err := h.Rotate(t.Context(), h.keeper(), h.acme.ID, "HS256", true); identity.KindOf(err) != identity.Invalid {
		t.Errorf("Rotate of HS256: %v", err)
	}
	if _, err := h.Sign(t.Context(), h.acme.ID, "none", "JWT", nil); identity.KindOf(err) != identity.Invalid {
		t.Errorf("Sign with none: %v", err)
	}
}

func TestRotateDue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, first := h.sign()
		if err := h.RotateDue(t.Context()); err != nil || len(h.kids("ES256")) != 1 {
			t.Fatalf("RotateDue of a new key: %v, %v", err, h.kids("ES256"))
		}
		h.clock.pass(30*24*time.Hour - time.Hour)
		nodes := []*token.Service{h.Service, h.node()}
		if n := together(func(i int) error {
			if i >= 8 { // RSA keys take their time
				return nil
			}
			return nodes[i%2].RotateDue(t.Context())
		}); n != 50 {
			t.Fatalf("RotateDue failed %d times", 50-n)
		}
		if kids := h.kids("ES256"); len(kids) != 2 {
			t.Errorf("published after many RotateDue at once: %v, want one new key", kids)
		}
		h.clock.pass(time.Hour)
		if _, kid := h.sign(); kid == first {
			t.Error("after a month the old key signs")
		}
		var changes []identity.Change
		h.update(func(ctx context.Context, tx *store.Tx) (err error) {
			changes, err = tx.Changes(ctx, h.acme.ID, identity.ID{}, 100)
			return err
		})
		if n := len(slices.DeleteFunc(changes, func(c identity.Change) bool { return c.Type != "SigningKey" })); n != 2 {
			t.Errorf("%d changes of keys stand in the log, want one for ES256 and one for RS256", n)
		}
	})
}

func TestFirstKeyOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		nodes := []*token.Service{h.Service, h.node()}
		if n := together(func(i int) error {
			_, err := nodes[i%2].Sign(t.Context(), h.acme.ID, "ES256", token.TypeLogout, map[string]any{})
			return err
		}); n != 50 {
			t.Fatalf("%d of 50 signed", n)
		}
		if kids := h.kids("ES256"); len(kids) != 1 {
			t.Errorf("fifty at once made the keys %v, want one", kids)
		}
	})
}

func TestKeysAtRest(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.kids("RS256")
	h.update(func(ctx context.Context, tx *store.Tx) error {
		keys, err := tx.SigningKeys(ctx, h.acme.ID)
		for _, k := range keys {
			if strings.Contains(string(k.Sealed), `"kty"`) || strings.Contains(string(k.Public), `"d"`) {
				t.Errorf("the private key %s is not sealed", k.ID)
			}
		}
		return err
	})
}

// TestIndependent has a library of others verify and be refused.
func TestIndependentVerifier(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	text, kid := h.sign()
	set, err := h.JWKS(t.Context(), h.acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Verify(set.Key(kid)[0]); err != nil {
		t.Error(err)
	}
	other, err := h.JWKS(t.Context(), h.root.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(other.Key(kid)) != 0 {
		t.Error("B29: organisations share a key")
	}
}
