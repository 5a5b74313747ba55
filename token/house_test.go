package token_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/token"
)

const public = "https://id.example.com"

var rawURL = base64.RawURLEncoding

var (
	userType  = schema.Standard().TypeByName("User")
	groupType = schema.Standard().TypeByName("Group")
)

// A clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// A house is a database with two organisations, and the service on it.
type house struct {
	*token.Service
	t       testing.TB
	db      *store.DB
	keys    *secret.Keys
	clock   *clock
	trusted identity.Perms // of everybody
	root    identity.Organisation
	acme    identity.Organisation
	ann     identity.ID // a user of acme
	session identity.ID // of ann
}

// each runs a test on both databases.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newHouse(t, db)) })
}

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, keys: keys, clock: &clock{at: time.Now().UTC().Truncate(time.Second)}}
	h.Service = h.node()
	at := h.clock.now()
	h.root = identity.Organisation{ID: identity.NewOrgID(), Slug: "root", Name: "Root", Created: at, Modified: at}
	h.acme = identity.Organisation{ID: identity.NewOrgID(), Parent: h.root.ID, Slug: "acme", Name: "Acme", Created: at, Modified: at}
	h.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.InsertOrganisation(ctx, h.root), tx.InsertOrganisation(ctx, h.acme))
	})
	h.ann = h.person(h.acme, "ann")
	h.session = h.signIn(h.ann)
	return h
}

// node makes a further process on the same database.
func (h *house) node() *token.Service {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	apps := app.New(app.Options{DB: h.db, Keys: h.keys, Now: h.clock.now, Log: log, Public: public})
	return token.New(token.Options{
		DB: h.db, Keys: h.keys, Apps: apps, Claims: claims.New(h.db), Public: public, Now: h.clock.now, Log: log,
		Entrusted: func(context.Context, identity.OrgID, identity.ID) (identity.Perms, error) { return h.trusted, nil },
	})
}

func (h *house) update(fn func(context.Context, *store.Tx) error) {
	h.t.Helper()
	ctx := h.t.Context()
	if err := h.db.Update(ctx, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		h.t.Fatal(err)
	}
}

// resource stores a user or a group.
func (h *house) resource(o identity.Organisation, rt *schema.ResourceType, doc schema.Object) *store.Resource {
	h.t.Helper()
	at := h.clock.now()
	r := &store.Resource{Org: o.ID, Type: rt.Name, ID: identity.NewID(), Version: 1, Created: at, Modified: at}
	h.describe(r, rt, doc)
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.Insert(ctx, r) })
	return r
}

func (h *house) describe(r *store.Resource, rt *schema.ResourceType, doc schema.Object) {
	h.t.Helper()
	doc["schemas"], doc["id"] = []any{rt.Schema.ID}, r.ID.String()
	if err := rt.Finish(doc); err != nil {
		h.t.Fatal(err)
	}
	r.Doc = rt.Encode(doc)
	if err := h.db.Index(r, rt, doc); err != nil {
		h.t.Fatal(err)
	}
}

func person(name string, active bool) schema.Object {
	return schema.Object{
		"userName": name, "displayName": "Mx " + name, "active": active,
		"emails": []any{schema.Object{"value": name + "@example.org", "type": "work", "primary": true}},
	}
}

func (h *house) person(o identity.Organisation, name string) identity.ID {
	h.t.Helper()
	return h.resource(o, userType, person(name, true)).ID
}

// setActive changes the user alone, as a writer would that knows nothing of
// tokens.
func (h *house) setActive(user identity.ID, name string, active bool) {
	h.t.Helper()
	h.update(func(ctx context.Context, tx *store.Tx) error {
		seen, err := tx.Get(ctx, h.acme.ID, "User", user)
		if err != nil {
			return err
		}
		r := *seen
		r.Version++
		h.describe(&r, userType, person(name, active))
		return tx.Replace(ctx, seen, &r)
	})
}

func (h *house) signIn(user identity.ID) identity.ID {
	h.t.Helper()
	at := h.clock.now()
	s := identity.Session{
		Org: h.acme.ID, ID: identity.NewID(), User: user, Created: at, Seen: at,
		Idle: at.Add(90 * 24 * time.Hour), Expires: at.Add(90 * 24 * time.Hour), AuthTime: at, AMR: []string{"pwd"}, ACR: "urn:muster:acr:1",
	}
	s.Hash = append(s.ID[:], s.ID[:]...)
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertSession(ctx, s) })
	return s.ID
}

// app stores an app of acme; change may be nil.
func (h *house) app(clientID string, change func(*identity.App)) *identity.App {
	h.t.Helper()
	return h.appOf(h.acme, clientID, change)
}

func (h *house) appOf(o identity.Organisation, clientID string, change func(*identity.App)) *identity.App {
	h.t.Helper()
	at := h.clock.now()
	a := identity.App{Org: o.ID, ID: identity.NewID(), ClientID: clientID, Created: at, Modified: at, Version: 1}
	a.Name, a.AuthMethod = clientID, identity.AuthBasic
	a.Scopes = []string{"openid", "profile", "email", "offline_access"}
	a.GrantTypes = []string{identity.GrantCode, identity.GrantRefresh, identity.GrantClientCredentials}
	a.IDTokenAlg = "ES256"
	if change != nil {
		change(&a)
	}
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertApp(ctx, a) })
	return &a
}

func (h *house) change(a *identity.App, change func(*identity.App)) {
	h.t.Helper()
	h.update(func(ctx context.Context, tx *store.Tx) error {
		now, err := tx.App(ctx, a.Org, a.ID)
		if err != nil {
			return err
		}
		change(&now)
		return tx.UpdateApp(ctx, now)
	})
}

// allowed is what ann allowed an app in her session.
func (h *house) allowed(a *identity.App) token.Authorization {
	return token.Authorization{
		App: a.ID, User: h.ann, Session: h.session, Scopes: []string{"openid", "profile"}, Nonce: "n-1",
		AuthTime: h.clock.now(), AMR: []string{"pwd"}, ACR: "urn:muster:acr:1", Refresh: true,
	}
}

// issue gives ann's tokens to an app.
func (h *house) issue(a *identity.App, change func(*token.Request)) token.Response {
	h.t.Helper()
	r := token.Request{Org: h.acme, App: a, Authorization: h.allowed(a), IDToken: true}
	if change != nil {
		change(&r)
	}
	out, err := h.Issue(h.t.Context(), r)
	if err != nil {
		h.t.Fatalf("Issue: %v", err)
	}
	return out
}

// service is a request of an app for itself.
func (h *house) service(a *identity.App, scopes ...string) token.Request {
	return token.Request{Org: h.acme, App: a, Authorization: token.Authorization{App: a.ID, Scopes: scopes}}
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (h *house) code(a *identity.App, change func(*token.Code)) string {
	h.t.Helper()
	c := token.Code{Org: a.Org, Authorization: h.allowed(a), RedirectURI: "https://app.example.com/cb", Challenge: challenge(verifier)}
	if change != nil {
		change(&c)
	}
	text, err := h.NewCode(h.t.Context(), c)
	if err != nil {
		h.t.Fatalf("NewCode: %v", err)
	}
	return text
}

func redemption(code string) token.Redemption {
	return token.Redemption{Code: code, RedirectURI: "https://app.example.com/cb", Verifier: verifier}
}

// wantCode fails the test unless err is an *Error with a code.
func wantCode(t testing.TB, what string, err error, code string) {
	t.Helper()
	e, ok := errors.AsType[*token.Error](err)
	if !ok || e.Code != code {
		t.Errorf("%s: error %v, want %s", what, err, code)
	}
}

func wantRefused(t testing.TB, what string, err error) {
	t.Helper()
	if identity.KindOf(err) != identity.Unauthenticated {
		t.Errorf("%s: error %v, want %s", what, err, identity.Unauthenticated)
	}
}

// read decodes one part of a JWT without looking at its signature.
func read(t testing.TB, jwt string, part int) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", jwt)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A prover makes DPoP proofs.
type prover struct {
	t   testing.TB
	key *ecdsa.PrivateKey
	jkt string
	now func() time.Time
}

func newProver(t testing.TB, now func() time.Time) *prover {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := jose.JSONWebKey{Key: key.Public()}
	thumb, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return &prover{t: t, key: key, jkt: base64.RawURLEncoding.EncodeToString(thumb), now: now}
}

// proof makes a proof; change may spoil header and claims, nil members are left
// out.
func (p *prover) proof(method, url, access string, change func(header, claims map[string]any)) string {
	p.t.Helper()
	public, _ := json.Marshal(jose.JSONWebKey{Key: p.key.Public()})
	header := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": json.RawMessage(public)}
	claims := map[string]any{"jti": identity.NewID().String(), "htm": method, "htu": url, "iat": p.now().Unix()}
	if access != "" {
		claims["ath"] = challenge(access)
	}
	if change != nil {
		change(header, claims)
	}
	for _, m := range []map[string]any{header, claims} {
		for name, value := range m {
			if value == nil {
				delete(m, name)
			}
		}
	}
	return signES256(p.t, p.key, header, claims)
}

// signES256 makes a JWS of whatever header and claims.
func signES256(t testing.TB, key *ecdsa.PrivateKey, header, claims any) string {
	t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := claims.(string)
	if !ok {
		text, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		c = string(text)
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString(h) + "." + enc.EncodeToString([]byte(c))
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + enc.EncodeToString(sig)
}
