package signin

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

const (
	good    = "violet anchor rides 7 teapots"
	another = "ten quiet lanterns over Utrecht"
	public  = "http://localhost:8080"
)

var cli = identity.Actor{Kind: identity.ByCLI, Name: "test"}

// A house is everything that signing in needs, with a clock of its own.
type house struct {
	*Service
	t          testing.TB
	root, acme identity.Organisation
	ahead      *atomic.Int64
	posted     []string
	headers    []http.Header
}

// each runs a test in a house on each database.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newHouse(t, db)) })
}

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	h := &house{t: t, ahead: &atomic.Int64{}}
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	h.ok(err)
	now := func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }
	j := jobs.New(jobs.Options{DB: db, Keys: keys, Now: now})
	sessions := session.New(session.Options{DB: db, Keys: keys, Jobs: j, Now: now})
	dir := directory.New(directory.Options{DB: db, Keys: keys, Now: now, Session: sessions})
	h.ok(dir.Start(t.Context()))
	factors, err := factor.New(factor.Options{DB: db, Keys: keys, Public: public, Now: now})
	h.ok(err)
	h.Service = New(Options{
		DB: db, Keys: keys, Directory: dir, Sessions: sessions, Factors: factors,
		Mail: mail.New(mail.Options{DB: db, Jobs: j, Now: now}), Jobs: j, Public: public, Now: now,
	})
	h.root, err = dir.Root(t.Context())
	h.ok(err)
	return h.in(t, "acme")
}

// in is the house for another test, which gets an organisation of its own.
func (h *house) in(t testing.TB, slug string) *house {
	t.Helper()
	n := &house{Service: h.Service, t: t, root: h.root, ahead: h.ahead}
	var err error
	n.acme, err = h.dir.CreateOrganisation(t.Context(), cli, directory.NewOrganisation{Slug: slug, Name: "Acme"})
	n.ok(err)
	return n
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) pass(d time.Duration) { h.ahead.Add(int64(d)) }

func (h *house) wantKind(what string, err error, want identity.Kind) {
	h.t.Helper()
	if got := identity.KindOf(err); err == nil || got != want {
		h.t.Errorf("%s: kind %q (%v), want %q", what, got, err, want)
	}
}

// ctx does not end with the test's helpers of t.Context, which cleanups use.
func (h *house) ctx() context.Context { return h.t.Context() }

// person makes a user of acme with an address, a number and a password.
func (h *house) person(name string) identity.ID {
	h.t.Helper()
	return h.personIn(h.acme, name, schema.Object{})
}

func (h *house) personIn(org identity.Organisation, name string, extra schema.Object) identity.ID {
	h.t.Helper()
	by := cli
	by.Org = org.ID
	reg, err := h.dir.Registry(h.ctx(), org.ID)
	h.ok(err)
	doc := schema.Object{
		"schemas":  []any{"urn:ietf:params:scim:schemas:core:2.0:User"},
		"userName": name, "displayName": strings.ToUpper(name), "active": true, "password": good,
		"emails":       []any{schema.Object{"value": name + "@example.com", "primary": true}},
		"phoneNumbers": []any{schema.Object{"value": "+312055501" + phoneEnd(name), "type": "mobile"}},
	}
	for k, v := range extra {
		if doc[k] = v; v == nil {
			delete(doc, k)
		}
	}
	id := identity.NewID()
	h.write(by, directory.Write{Method: directory.Create, Type: reg.TypeByName("User"), ID: id, Doc: doc})
	return id
}

func phoneEnd(name string) string {
	sum := 0
	for _, c := range name {
		sum += int(c)
	}
	return string([]byte{byte('0' + sum/10%10), byte('0' + sum%10)})
}

func (h *house) write(by identity.Actor, w directory.Write) {
	h.t.Helper()
	out, err := h.dir.Write(h.ctx(), by, []directory.Unit{{w}}, 0)
	h.ok(err)
	h.ok(out[0][0].Err)
}

// change changes the document of a user of acme.
func (h *house) change(user identity.ID, set schema.Object) {
	h.t.Helper()
	by := cli
	by.Org = h.acme.ID
	reg, err := h.dir.Registry(h.ctx(), h.acme.ID)
	h.ok(err)
	h.write(by, directory.Write{Method: directory.Modify, Type: reg.TypeByName("User"), ID: user,
		Change: func(old schema.Object) (schema.Object, []directory.MemberEdit, error) {
			next := schema.Object{}
			for k, v := range old {
				next[k] = v
			}
			for k, v := range set {
				next[k] = v
			}
			return next, nil, nil
		}})
}

func (h *house) policyOf(p Policy) {
	h.t.Helper()
	h.ok(h.SetPolicy(h.ctx(), cli, h.acme.ID, p))
}

// work does all jobs that are due until there are none.
func (h *house) work() {
	h.t.Helper()
	handlers := h.Handlers(func(_ context.Context, url string, header http.Header, body []byte) (int, error) {
		h.posted, h.headers = append(h.posted, string(body)), append(h.headers, header)
		return 202, nil
	})
	kinds := []string{KindRecover, KindCode, KindSMS} // letters stay in the outbox
	for range 10 {
		var list []identity.Job
		h.ok(h.db.Update(h.ctx(), func(tx *store.Tx) (err error) {
			list, err = tx.ClaimJobs(h.ctx(), kinds, h.now(), h.now().Add(time.Minute), 50)
			return err
		}))
		if len(list) == 0 {
			return
		}
		for _, j := range list {
			body, err := h.jobs.Open(j)
			h.ok(err)
			h.ok(handlers[j.Kind](h.ctx(), j, body))
			h.ok(h.db.Update(h.ctx(), func(tx *store.Tx) error { return tx.FinishJob(h.ctx(), j.Org, j.ID, h.now()) }))
		}
	}
}

// letters returns the letters to an address, the newest first.
func (h *house) letters(to string) (list []mail.Posted) {
	h.t.Helper()
	h.work()
	all, err := h.mail.Outbox(h.ctx(), h.acme.ID, identity.ID{}, 200)
	h.ok(err)
	for _, l := range all {
		if l.To == to {
			list = append(list, l)
		}
	}
	return list
}

var linkText = regexp.MustCompile(`http://localhost:8080/\S+`)

// link returns the token of the link in the newest letter to an address.
func (h *house) link(to, path string) string {
	h.t.Helper()
	for _, l := range h.letters(to) {
		if m := linkText.FindString(l.Text); strings.Contains(m, path) {
			return m[strings.LastIndexByte(m, '/')+1:]
		}
	}
	h.t.Fatalf("no letter to %s has a link with %q", to, path)
	return ""
}

var codeText = regexp.MustCompile(`\b\d{6}\b`)

// code returns the code in the newest letter to an address.
func (h *house) code(to string) string {
	h.t.Helper()
	for _, l := range h.letters(to) {
		if c := codeText.FindString(strings.ReplaceAll(l.Text, " ", "")); c != "" {
			return c
		}
		if c := codeText.FindString(l.Text); c != "" {
			return c
		}
	}
	h.t.Fatalf("no letter to %s has a code", to)
	return ""
}

// A visit is one flow in one browser.
type visit struct {
	h          *house
	id, cookie string
	view       *View
	address    string
}

func (h *house) visit(st Start) *visit {
	h.t.Helper()
	if st.Return == "" {
		st.Return = "/account"
	}
	if st.Address == "" {
		st.Address = "192.0.2.1"
	}
	id, cookie, err := h.Begin(h.ctx(), h.acme, st)
	h.ok(err)
	v := &visit{h: h, id: id, cookie: cookie, address: st.Address}
	v.view, err = h.Flow(h.ctx(), h.acme, id, cookie)
	h.ok(err)
	return v
}

// send answers a step with fields, given as name and value in turn.
func (v *visit) send(step Step, pairs ...string) *View {
	v.h.t.Helper()
	view, err := v.try(step, pairs...)
	v.h.ok(err)
	v.view = view
	return view
}

func (v *visit) try(step Step, pairs ...string) (*View, error) {
	fields := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	return v.h.Answer(v.h.ctx(), v.h.acme, v.id, v.cookie, Input{
		Step: step, Fields: fields, Agent: "a browser", Address: v.address,
	})
}

// at is a fatal error unless the visit stands at a step with an error key.
func (v *visit) at(step Step, key string) *visit {
	v.h.t.Helper()
	if v.view.Step != step || v.view.Error != key {
		v.h.t.Fatalf("the flow is at %q with %q, want %q with %q", v.view.Step, v.view.Error, step, key)
	}
	return v
}

// name and password are the first two steps.
func (v *visit) signIn(name, password string) *visit {
	v.h.t.Helper()
	v.send(StepIdentify, "identifier", name)
	v.send(StepPassword, "password", password)
	return v
}

// enrolTOTP gives a user an app for codes and returns its secret.
func (h *house) enrolApp(user identity.ID) string {
	h.t.Helper()
	e, err := h.factors.NewTOTP(h.acme, user, "someone")
	h.ok(err)
	_, err = h.factors.ConfirmTOTP(h.ctx(), h.acme.ID, user, e.State, h.totp(e.Secret), "phone")
	h.ok(err)
	h.pass(time.Minute) // the code is spent
	return e.Secret
}

func (h *house) totp(secret string) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, h.now())
	h.ok(err)
	return code
}

// A key is a device that holds a passkey.
type key struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
}

func newKey() *key {
	// virtualwebauthn leaves the leading zeros of coordinates out, which RFC 9053
	// section 7.1.1 forbids; take a key that has none.
	const whole = 77
	cred := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(cred.Key.AttestationData()) != whole {
		cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &key{
		rp:   virtualwebauthn.RelyingParty{Name: "Muster", ID: "localhost", Origin: public},
		auth: virtualwebauthn.NewAuthenticator(), cred: cred,
	}
}

// create answers the options of an enrolment.
func (k *key) create(t testing.TB, options json.RawMessage) string {
	t.Helper()
	var o struct {
		PublicKey struct {
			User struct {
				ID string `json:"id"`
			} `json:"user"`
		} `json:"publicKey"`
	}
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	handle, err := base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	k.auth.Options.UserHandle = handle
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	k.auth.AddCredential(k.cred)
	return virtualwebauthn.CreateAttestationResponse(k.rp, k.auth, k.cred, *parsed)
}

// get answers the options of a sign-in.
func (k *key) get(t testing.TB, options json.RawMessage) string {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatalf("options %s: %v", options, err)
	}
	return virtualwebauthn.CreateAssertionResponse(k.rp, k.auth, k.cred, *parsed)
}

// enrolKey gives a user a passkey.
func (h *house) enrolKey(user identity.ID) *key {
	h.t.Helper()
	k := newKey()
	c, err := h.factors.BeginRegistration(h.ctx(), h.acme.ID, user, "someone", "Someone")
	h.ok(err)
	_, err = h.factors.FinishRegistration(h.ctx(), h.acme.ID, user, c.State, []byte(k.create(h.t, c.Options)), "key")
	h.ok(err)
	return k
}

// sessions returns how many sessions of a user are alive.
func (h *house) alive(user identity.ID) int {
	h.t.Helper()
	list, err := h.Service.sessions.List(h.ctx(), h.acme.ID, user)
	h.ok(err)
	return len(list)
}

// deletion is the write that deletes a user.
func deletion(rt *schema.ResourceType, user identity.ID) directory.Write {
	return directory.Write{Method: directory.Delete, Type: rt, ID: user}
}
