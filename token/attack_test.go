package token_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/token"
)

// TestAttack tries the attacks that concern tokens, by their numbers in the list
// of the project.
func TestAttack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		t.Run("B13 one kind of text for another", func(t *testing.T) { kindForKind(t, h) })
		t.Run("B14 fifty redeem one code", func(t *testing.T) { manyRedeem(t, h) })
		t.Run("B14 fifty use one refresh token", func(t *testing.T) { manyRefresh(t, h) })
		t.Run("B15 tokens of another app", func(t *testing.T) { tokensOfOthers(t, h) })
		t.Run("B16 PKCE", func(t *testing.T) { proofKeys(t, h) })
		t.Run("B17 refresh after the end", func(t *testing.T) { refreshAfterEnd(t, h) })
		t.Run("B19 service account shut out", func(t *testing.T) { serviceShutOut(t, h) })
		t.Run("B20 more scopes", func(t *testing.T) { moreScopes(t, h) })
		t.Run("B26 tricks of headers", func(t *testing.T) { headerTricks(t, h) })
		t.Run("B28 one type of JWT for another", func(t *testing.T) { typeForType(t, h) })
		t.Run("B29 another organisation", func(t *testing.T) { anotherOrganisation(t, h) })
	})
}

func kindForKind(t *testing.T, h *house) {
	ctx := t.Context()
	a := h.app("b13", nil)
	opaque := h.app("b13-opaque", func(a *identity.App) { a.OpaqueAccessToken = true })
	code := h.code(a, nil)
	out, stored := h.issue(a, nil), h.issue(opaque, nil)
	for name, text := range map[string]string{
		"an access token": out.AccessToken, "an opaque token": stored.AccessToken, "an ID token": out.IDToken,
		"a refresh token": out.RefreshToken, "a nonce": h.NewNonce(h.acme.ID), "nothing": "",
	} {
		_, err := h.RedeemCode(ctx, a, redemption(text))
		wantCode(t, name+" as a code", err, token.InvalidGrant)
	}
	for name, text := range map[string]string{
		"an access token": out.AccessToken, "an opaque token": stored.AccessToken, "an ID token": out.IDToken, "a code": code, "nothing": "",
	} {
		_, err := h.Refresh(ctx, a, token.Renewal{Token: text})
		wantCode(t, name+" as a refresh token", err, token.InvalidGrant)
	}
	for name, text := range map[string]string{
		"a code": code, "an ID token": out.IDToken, "a refresh token": out.RefreshToken, "nothing": "",
	} {
		_, err := h.Inspect(ctx, h.acme.ID, text)
		wantRefused(t, name+" as an access token", err)
		_, _, err = h.Actor(ctx, text)
		wantRefused(t, name+" as an access token", err)
	}
	if _, err := h.RedeemCode(ctx, a, redemption(code)); err != nil {
		t.Errorf("the code after all this: %v", err)
	}
}

// together calls fn from fifty goroutines and counts the successes.
func together(fn func(i int) error) int {
	var all sync.WaitGroup
	var good atomic.Int32
	start := make(chan struct{})
	for i := range 50 {
		all.Go(func() {
			<-start
			if fn(i) == nil {
				good.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	return int(good.Load())
}

func manyRedeem(t *testing.T, h *house) {
	a := h.app("b14-code", nil)
	code := h.code(a, nil)
	nodes := []*token.Service{h.Service, h.node()}
	var grant identity.ID
	var mu sync.Mutex
	n := together(func(i int) error {
		c, err := nodes[i%2].RedeemCode(t.Context(), a, redemption(code))
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			grant = c.Grant
		}
		return err
	})
	if n != 1 {
		t.Fatalf("%d of 50 redeemed one code, want exactly one", n)
	}
	ask := token.Request{Org: h.acme, App: a, Authorization: h.allowed(a), Grant: grant}
	if _, err := h.Issue(t.Context(), ask); err != nil {
		t.Errorf("the one who redeemed the code gets no tokens: %v", err)
	}
	h.clock.pass(2 * time.Second)
	_, err := h.RedeemCode(t.Context(), a, redemption(code))
	wantCode(t, "a code that comes again", err, token.InvalidGrant)
	_, err = h.Issue(t.Context(), ask)
	wantCode(t, "tokens of a code that came again", err, token.InvalidGrant)
}

func manyRefresh(t *testing.T, h *house) {
	a := h.app("b14-refresh", func(a *identity.App) { a.AuthMethod = identity.AuthNone })
	first := h.issue(a, nil)
	nodes := []*token.Service{h.Service, h.node()}
	var mu sync.Mutex
	successors := map[string]int{}
	n := together(func(i int) error {
		out, err := nodes[i%2].Refresh(t.Context(), a, token.Renewal{Token: first.RefreshToken})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
			return err
		}
		successors[out.RefreshToken]++
		return nil
	})
	if n != 50 || len(successors) != 1 || successors[first.RefreshToken] != 0 {
		t.Fatalf("50 uses of a refresh token: %d succeeded with the successors %d, want one successor for all", n, len(successors))
	}
	var g identity.Grant
	h.update(func(ctx context.Context, tx *store.Tx) (err error) {
		g, err = tx.Grant(ctx, h.acme.ID, first.Grant)
		return err
	})
	if g.Generation != 2 {
		t.Errorf("generation = %d, want one rotation", g.Generation)
	}
	h.clock.pass(21 * time.Second)
	_, err := h.Refresh(t.Context(), a, token.Renewal{Token: first.RefreshToken})
	wantCode(t, "a replaced refresh token after the grace", err, token.InvalidGrant)
	for next := range successors {
		_, err := h.Refresh(t.Context(), a, token.Renewal{Token: next})
		wantCode(t, "the successor after a replay", err, token.InvalidGrant)
	}
}

func tokensOfOthers(t *testing.T, h *house) {
	ctx := t.Context()
	a, b := h.app("b15-a", nil), h.app("b15-b", nil)
	code, out := h.code(a, nil), h.issue(a, nil)
	_, err := h.RedeemCode(ctx, b, redemption(code))
	wantCode(t, "the code of A at B", err, token.InvalidGrant)
	_, err = h.Refresh(ctx, b, token.Renewal{Token: out.RefreshToken})
	wantCode(t, "the refresh token of A at B", err, token.InvalidGrant)
	for _, text := range []string{out.AccessToken, out.RefreshToken} {
		_, err = h.Introspect(ctx, b, text)
		wantRefused(t, "B asks of A's token", err)
		if err := h.Revoke(ctx, b, text); err != nil {
			t.Errorf("B revokes A's token: %v, want silence", err)
		}
		if _, err := h.Introspect(ctx, a, text); err != nil {
			t.Errorf("A's token after B revoked it: %v", err)
		}
	}
	_, err = h.Issue(ctx, token.Request{Org: h.acme, App: b, Authorization: h.allowed(b), Grant: out.Grant})
	wantCode(t, "tokens for B of A's grant", err, token.InvalidGrant)
	if _, err := h.RedeemCode(ctx, a, redemption(code)); err != nil {
		t.Errorf("A's code after B tried it: %v", err)
	}
	meant := h.issue(a, func(r *token.Request) { r.Authorization.Resources = []string{"b15-b"} })
	if _, err := h.Introspect(ctx, b, meant.AccessToken); err != nil {
		t.Errorf("B asks of a token that is meant for it: %v", err)
	}
	for _, text := range []string{out.AccessToken, out.RefreshToken, "junk", "muster_rt_junk", strings.Repeat("a.", 9)} {
		if err := h.Revoke(ctx, a, text); err != nil {
			t.Errorf("Revoke(%.20q): %v", text, err)
		}
		_, err := h.Introspect(ctx, a, text)
		wantRefused(t, "a revoked token", err)
	}
}

func proofKeys(t *testing.T, h *house) {
	a := h.app("b16", nil)
	long := strings.Repeat("a", 129)
	for phrase, c := range map[string]struct{ challenge, verifier string }{
		"a challenge without a verifier":  {challenge(verifier), ""},
		"a verifier without a challenge":  {"", verifier},
		"another verifier":                {challenge(verifier), strings.Repeat("b", 43)},
		"the challenge as verifier":       {challenge(verifier), challenge(verifier)},
		"plain":                           {verifier, verifier},
		"42 characters":                   {challenge(verifier[:42]), verifier[:42]},
		"129 characters":                  {challenge(long), long},
		"characters that are not allowed": {challenge(verifier[:42] + "+"), verifier[:42] + "+"},
	} {
		t.Run(phrase, func(t *testing.T) {
			code := h.code(a, func(c *token.Code) { c.Challenge = "" })
			if c.challenge != "" {
				code = h.code(a, func(to *token.Code) { to.Challenge = c.challenge })
			}
			r := redemption(code)
			r.Verifier = c.verifier
			_, err := h.RedeemCode(t.Context(), a, r)
			wantCode(t, phrase, err, token.InvalidGrant)
		})
	}
	code := h.code(a, nil)
	r := redemption(code)
	r.RedirectURI += "/"
	_, err := h.RedeemCode(t.Context(), a, r)
	wantCode(t, "another redirect_uri", err, token.InvalidGrant)
	h.clock.pass(time.Minute)
	_, err = h.RedeemCode(t.Context(), a, redemption(code))
	wantCode(t, "a code after a minute", err, token.InvalidGrant)
	bare := h.code(a, func(c *token.Code) { c.Challenge = "" })
	r = redemption(bare)
	r.Verifier = ""
	if _, err := h.RedeemCode(t.Context(), a, r); err != nil {
		t.Errorf("an app that does without PKCE: %v", err)
	}
}

func refreshAfterEnd(t *testing.T, h *house) {
	group := h.resource(h.acme, groupType, schema.Object{"displayName": "testers"})
	join := func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.AddMembers(ctx, h.acme.ID, group.ID, []store.Member{{ID: h.ann, Type: "User"}})
		return err
	}
	h.update(join)
	n := 0
	for phrase, end := range map[string]func(a *identity.App, grant identity.ID) (undo func()){
		"user deactivated": func(*identity.App, identity.ID) func() {
			h.setActive(h.ann, "ann", false)
			return func() { h.setActive(h.ann, "ann", true) }
		},
		"app disabled": func(a *identity.App, _ identity.ID) func() {
			h.change(a, func(a *identity.App) { a.Disabled = true })
			return func() {}
		},
		"app deleted": func(a *identity.App, _ identity.ID) func() {
			h.update(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteApp(ctx, a.Org, a.ID) })
			return func() {}
		},
		"consent withdrawn": func(a *identity.App, _ identity.ID) func() {
			h.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.EndGrantsOf(ctx, a.Org, h.ann, a.ID, h.clock.now())
				return err
			})
			return func() {}
		},
		"signed out": func(*identity.App, identity.ID) func() {
			h.update(func(ctx context.Context, tx *store.Tx) error {
				return tx.EndSession(ctx, h.acme.ID, h.session, h.clock.now())
			})
			h.session = h.signIn(h.ann)
			return func() {}
		},
		"grant ended": func(_ *identity.App, grant identity.ID) func() {
			h.update(func(ctx context.Context, tx *store.Tx) error {
				return tx.EndGrant(ctx, h.acme.ID, grant, h.clock.now())
			})
			return func() {}
		},
		"out of the group": func(*identity.App, identity.ID) func() {
			h.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.RemoveMembers(ctx, h.acme.ID, group.ID, []identity.ID{h.ann})
				return err
			})
			return func() { h.update(join) }
		},
		"nobody used it": func(*identity.App, identity.ID) func() {
			h.clock.pass(30 * 24 * time.Hour)
			return func() {}
		},
	} {
		t.Run(phrase, func(t *testing.T) {
			n++
			a := h.app(fmt.Sprint("b17-", n), func(a *identity.App) { a.Groups = []string{group.ID.String()} })
			out := h.issue(a, nil)
			next, err := h.Refresh(t.Context(), a, token.Renewal{Token: out.RefreshToken})
			if err != nil {
				t.Fatalf("before: %v", err)
			}
			code := h.code(a, nil)
			undo := end(a, out.Grant)
			defer undo()
			_, err = h.Refresh(t.Context(), a, token.Renewal{Token: next.RefreshToken})
			wantCode(t, "Refresh", err, token.InvalidGrant)
			if phrase != "out of the group" {
				_, err = h.Inspect(t.Context(), h.acme.ID, next.AccessToken)
				wantRefused(t, "Inspect", err)
			}
			if phrase == "consent withdrawn" || phrase == "grant ended" || phrase == "signed out" {
				return // a code that is out is a grant of its own
			}
			c, err := h.RedeemCode(t.Context(), a, redemption(code))
			if err == nil {
				_, err = h.Issue(t.Context(), token.Request{Org: h.acme, App: a, Authorization: c.Authorization, Grant: c.Grant})
			}
			wantCode(t, "the code", err, token.InvalidGrant)
		})
	}
}

func serviceShutOut(t *testing.T, h *house) {
	a := h.app("b19", func(a *identity.App) { a.Scopes = []string{"scim"} })
	out, err := h.Issue(t.Context(), h.service(a, "scim"))
	if err != nil {
		t.Fatal(err)
	}
	h.change(a, func(a *identity.App) { a.Disabled = true })
	_, err = h.Issue(t.Context(), h.service(a, "scim")) // with the app as it was read before
	wantCode(t, "Issue", err, token.InvalidGrant)
	_, err = h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
	wantRefused(t, "Inspect", err)
}

func moreScopes(t *testing.T, h *house) {
	a := h.app("b20", nil)
	out := h.issue(a, nil)
	_, err := h.Refresh(t.Context(), a, token.Renewal{Token: out.RefreshToken, Scopes: []string{"openid", "email"}})
	wantCode(t, "a scope that was not granted", err, token.InvalidScope)
	_, err = h.Refresh(t.Context(), a, token.Renewal{Token: out.RefreshToken, Resources: []string{"https://api.example"}})
	wantCode(t, "a resource that was not granted", err, token.InvalidTarget)
	less, err := h.Refresh(t.Context(), a, token.Renewal{Token: out.RefreshToken, Scopes: []string{"profile"}})
	if err != nil || strings.Join(less.Scopes, " ") != "profile" || less.IDToken != "" {
		t.Fatalf("fewer scopes: %+v, %v", less, err)
	}
	again, err := h.Refresh(t.Context(), a, token.Renewal{Token: less.RefreshToken})
	if err != nil || strings.Join(again.Scopes, " ") != "openid profile" {
		t.Errorf("all scopes again: %v, %v; narrowing is for one access token (RFC 6749 section 6)", again.Scopes, err)
	}
	if _, has := read(t, again.IDToken, 1)["nonce"]; has {
		t.Error("a renewed ID token repeats the nonce")
	}
	h.change(a, func(a *identity.App) { a.Scopes = []string{"openid"} })
	again, err = h.Refresh(t.Context(), a, token.Renewal{Token: again.RefreshToken})
	if err != nil || strings.Join(again.Scopes, " ") != "openid" {
		t.Errorf("scopes that the app lost: %v, %v", again.Scopes, err)
	}
}

func headerTricks(t *testing.T, h *house) {
	a := h.app("b26", nil)
	good := h.issue(a, nil).AccessToken
	parts := strings.Split(good, ".")
	header, payload := read(t, good, 0), parts[1]
	raw, err := rawURL.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, _ := json.Marshal(jose.JSONWebKey{Key: mine.Public()})
	with := func(name string, value any) map[string]any {
		out := map[string]any{name: value}
		for k, v := range header {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	signed := func(header map[string]any) string { return signES256(t, mine, header, string(raw)) }
	unsigned := func(header string) string { return rawURL.EncodeToString([]byte(header)) + "." + payload + "." }
	for phrase, text := range map[string]string{
		"alg none":             unsigned(`{"alg":"none","typ":"at+jwt"}`),
		"alg None":             unsigned(`{"alg":"None","typ":"at+jwt"}`),
		"alg nOnE":             unsigned(`{"alg":"nOnE","typ":"at+jwt"}`),
		"no alg":               unsigned(`{"typ":"at+jwt"}`),
		"none, signature kept": unsigned(`{"alg":"none","typ":"at+jwt"}`) + parts[2],
		"no signature":         parts[0] + "." + payload + ".",
		"another signature":    signed(header),
		"kid that is a path":   signed(with("kid", "../../../dev/null")),
		"kid that is SQL":      signed(with("kid", "x' OR '1'='1")),
		"kid that is no text":  signed(with("kid", 7)),
		"no kid":               signed(map[string]any{"alg": "ES256", "typ": "at+jwt"}),
		"jwk in the header":    signed(with("jwk", json.RawMessage(jwk))),
		"jku":                  signed(with("jku", "https://evil.example/jwks")),
		"x5u":                  signed(with("x5u", "https://evil.example/x5u")),
		"x5c":                  signed(with("x5c", []string{"MIIB"})),
		"b64 false":            signed(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": header["kid"], "b64": false, "crit": []string{"b64"}}),
		"unknown crit":         signed(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": header["kid"], "crit": []string{"x"}, "x": 1}),
		"HS256":                signed(with("alg", "HS256")),
		"PBES2":                signed(map[string]any{"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 1 << 31, "p2s": "AAAA"}),
		"alg twice":            rawURL.EncodeToString([]byte(`{"alg":"ES256","alg":"none","typ":"at+jwt"}`)) + "." + payload + "." + parts[2],
		"another payload":      parts[0] + "." + rawURL.EncodeToString([]byte(strings.Replace(string(raw), "openid", "scim  ", 1))) + "." + parts[2],
		"padding":              parts[0] + "." + payload + "=." + parts[2],
		"a line feed":          parts[0] + "." + payload + "\n." + parts[2],
		"a fourth part":        good + ".AAAA",
		"five parts":           good + ".AAAA.AAAA",
		"many dots":            strings.Repeat(".", 100_000),
		"deep JSON":            unsigned(strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)),
		"a long text":          parts[0] + "." + strings.Repeat("A", 1<<20) + "." + parts[2],
		"JSON serialisation":   `{"protected":"` + parts[0] + `","payload":"` + payload + `","signature":"` + parts[2] + `"}`,
	} {
		t.Run(phrase, func(t *testing.T) {
			began := time.Now()
			_, err := h.Inspect(t.Context(), h.acme.ID, text)
			wantRefused(t, "Inspect", err)
			_, _, err = h.Actor(t.Context(), text)
			wantRefused(t, "Actor", err)
			_, err = h.VerifyOwn(t.Context(), h.acme.ID, text, token.TypeAccess)
			wantRefused(t, "VerifyOwn", err)
			if took := time.Since(began); took > time.Second {
				t.Errorf("refused after %v, want it fast", took)
			}
		})
	}
	if _, err := h.Inspect(t.Context(), h.acme.ID, good); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

func typeForType(t *testing.T, h *house) {
	ctx := t.Context()
	a := h.app("b28", nil)
	out := h.issue(a, nil)
	raw := read(t, out.AccessToken, 1)
	for _, typ := range []string{token.TypeID, token.TypeLogout, token.TypeIntrospection, token.TypeAuthorization, "AT+JWT", "application/at+jwt", ""} {
		text, err := h.Sign(ctx, h.acme.ID, "ES256", typ, raw)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Inspect(ctx, h.acme.ID, text)
		wantRefused(t, "an access token with the typ "+typ, err)
	}
	_, err := h.VerifyOwn(ctx, h.acme.ID, out.AccessToken, token.TypeID)
	wantRefused(t, "an access token as an ID token", err)
	_, err = h.VerifyOwn(ctx, h.acme.ID, out.IDToken, token.TypeAccess, token.TypeLogout)
	wantRefused(t, "an ID token as another", err)
	_, err = h.VerifyOwn(ctx, h.acme.ID, out.IDToken)
	wantRefused(t, "no type named", err)
	h.clock.pass(2 * time.Hour)
	v, err := h.VerifyOwn(ctx, h.acme.ID, out.IDToken, token.TypeID)
	if err != nil || v.Claims["sub"] != h.ann.String() || v.Alg != "ES256" {
		t.Errorf("an old ID token as a hint: %+v, %v", v, err)
	}
}

func anotherOrganisation(t *testing.T, h *house) {
	ctx := t.Context()
	other := identity.Organisation{
		ID: identity.NewOrgID(), Parent: h.root.ID, Slug: "acme2", Name: "Acme 2", Created: h.clock.now(), Modified: h.clock.now(),
	}
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertOrganisation(ctx, other) })
	theirs := h.appOf(other, "b29", nil)
	ours := h.app("b29", nil)
	out := h.issue(ours, nil)
	for _, org := range []identity.OrgID{other.ID, h.root.ID, identity.NewOrgID()} {
		_, err := h.Inspect(ctx, org, out.AccessToken)
		wantRefused(t, "a token elsewhere", err)
		_, err = h.VerifyOwn(ctx, org, out.IDToken, token.TypeID)
		wantRefused(t, "an ID token elsewhere", err)
	}
	_, err := h.Introspect(ctx, theirs, out.AccessToken)
	wantRefused(t, "an app of the same name elsewhere", err)
	_, err = h.Refresh(ctx, theirs, token.Renewal{Token: out.RefreshToken})
	wantCode(t, "a refresh token elsewhere", err, token.InvalidGrant)
	_, err = h.RedeemCode(ctx, theirs, redemption(h.code(ours, nil)))
	wantCode(t, "a code elsewhere", err, token.InvalidGrant)
	// Their key under our issuer, our key under theirs and what looks like them.
	raw := read(t, out.AccessToken, 1)
	for _, iss := range []string{public + "/o/acme", public + "/o/acme/", public, public + "/o/ACME", public + "/o/acm", ""} {
		raw["iss"] = iss
		text, err := h.Sign(ctx, other.ID, "ES256", token.TypeAccess, raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, org := range []identity.OrgID{h.acme.ID, other.ID} {
			_, err = h.Inspect(ctx, org, text)
			wantRefused(t, "issuer "+iss+" with the key of another", err)
		}
		_, _, err = h.Actor(ctx, text)
		wantRefused(t, "issuer "+iss+" with the key of another", err)
	}
	raw["iss"] = public + "/o/acme/"
	text, err := h.Sign(ctx, h.acme.ID, "ES256", token.TypeAccess, raw)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Inspect(ctx, h.acme.ID, text)
	wantRefused(t, "our key and an issuer that is not quite ours", err)
	if h.CheckNonce(other.ID, h.NewNonce(h.acme.ID)) {
		t.Error("a nonce is good in another organisation")
	}
}
