package factor

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

var site = virtualwebauthn.RelyingParty{ID: "id.example.com", Name: "Muster", Origin: public}

// A device is an authenticator with one passkey.
type device struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newDevice(org identity.OrgID, user identity.ID) *device {
	return &device{
		rp:   site,
		auth: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle(org, user)}),
		key:  newKey(),
	}
}

// newKey makes a passkey whose coordinates have their full length: the virtual
// authenticator leaves out leading zeros, which no real one does.
func newKey() virtualwebauthn.Credential {
	const whole = 77 // bytes of a COSE key with two coordinates of 32
	for {
		if k := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(k.Key.AttestationData()) == whole {
			return k
		}
	}
}

// create answers a ceremony of enrolment.
func (d *device) create(t testing.TB, c *Ceremony) []byte {
	t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(string(c.Options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAttestationResponse(d.rp, d.auth, d.key, *options))
}

// sign answers a ceremony of sign-in.
func (d *device) sign(t testing.TB, c *Ceremony) []byte {
	t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(string(c.Options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAssertionResponse(d.rp, d.auth, d.key, *options))
}

func (h *house) beginRegistration(org identity.OrgID, user identity.ID) *Ceremony {
	h.t.Helper()
	c, err := h.BeginRegistration(h.t.Context(), org, user, "ada@example.com", "Ada")
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *house) beginLogin(org identity.OrgID, user identity.ID) *Ceremony {
	h.t.Helper()
	c, err := h.BeginLogin(h.t.Context(), org, user)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// enrolPasskey enrols a new device of a user.
func (h *house) enrolPasskey(org identity.OrgID, user identity.ID) *device {
	h.t.Helper()
	d, c := newDevice(org, user), h.beginRegistration(org, user)
	if _, err := h.FinishRegistration(h.t.Context(), org, user, c.State, d.create(h.t, c), "Key"); err != nil {
		h.t.Fatal(err)
	}
	return d
}

func TestPasskey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, ctx := open(t, db), t.Context()
		c := h.beginRegistration(h.org.ID, h.user)
		var asked struct {
			PublicKey struct {
				RP                     struct{ ID string }
				Attestation            string
				AuthenticatorSelection struct{ ResidentKey, UserVerification string }
			}
		}
		if err := json.Unmarshal(c.Options, &asked); err != nil {
			t.Fatal(err)
		}
		if p := asked.PublicKey; p.RP.ID != "id.example.com" || p.Attestation != "none" || p.AuthenticatorSelection.ResidentKey != "required" || p.AuthenticatorSelection.UserVerification != "required" {
			t.Errorf("options = %s", c.Options)
		}
		d := newDevice(h.org.ID, h.user)
		made, err := h.FinishRegistration(ctx, h.org.ID, h.user, c.State, d.create(t, c), "Laptop")
		if err != nil || made.Name != "Laptop" || made.Kind != Passkey || !made.Used.IsZero() {
			t.Fatalf("FinishRegistration = %+v, %v", made, err)
		}
		for what, user := range map[string]identity.ID{"whoever it is": {}, "the user": h.user} {
			c := h.beginLogin(h.org.ID, user)
			who, used, err := h.FinishLogin(ctx, h.org.ID, c.State, d.sign(t, c))
			if err != nil || who != h.user || used.ID != made.ID || used.Used.IsZero() {
				t.Errorf("sign-in as %s: %v, %+v, %v", what, who, used, err)
			}
		}
		if c := h.beginRegistration(h.org.ID, h.user); !bytes.Contains(c.Options, []byte("excludeCredentials")) {
			t.Errorf("a second enrolment does not name the first passkey: %s", c.Options)
		}
		if _, err := h.BeginLogin(ctx, h.org.ID, identity.NewID()); identity.KindOf(err) != identity.NotFound {
			t.Errorf("BeginLogin of somebody without a passkey: %v", err)
		}
		h.checkChanges("create passkey")
	})
}

// A forgery is a sign-in that is not as it must be.
type forgery func(t *testing.T, h *house, d *device) (org identity.OrgID, state, response []byte)

// signed is an honest sign-in after the device was changed.
func signed(change func(*device)) forgery {
	return func(t *testing.T, h *house, d *device) (identity.OrgID, []byte, []byte) {
		change(d)
		c := h.beginLogin(h.org.ID, identity.ID{})
		return h.org.ID, c.State, d.sign(t, c)
	}
}

var forgeries = map[string]forgery{
	"C38 an origin that ends in ours":       signed(func(d *device) { d.rp.Origin = "https://evil-id.example.com" }),
	"C38 an origin below ours":              signed(func(d *device) { d.rp.Origin = "https://evil.id.example.com" }),
	"C38 an origin that begins with ours":   signed(func(d *device) { d.rp.Origin = public + ".evil.com" }),
	"C38 another port":                      signed(func(d *device) { d.rp.Origin = public + ":8443" }),
	"C38 without TLS":                       signed(func(d *device) { d.rp.Origin = "http://id.example.com" }),
	"C38 no origin":                         signed(func(d *device) { d.rp.Origin = "" }),
	"C38 another host of the passkey":       signed(func(d *device) { d.rp.ID = "example.com" }),
	"C38 the person was not verified":       signed(func(d *device) { d.auth.Options.UserNotVerified = true }),
	"C38 nobody was there":                  signed(func(d *device) { d.auth.Options.UserNotPresent = true }),
	"C38 the handle of another user":        signed(func(d *device) { d.auth.Options.UserHandle = handle(identity.OrgID{}, identity.NewID()) }),
	"C38 no handle":                         signed(func(d *device) { d.auth.Options.UserHandle = nil }),
	"C38 another key of the same name":      signed(func(d *device) { d.key.Key = newKey().Key }),
	"C38 a passkey that nobody enrolled":    signed(func(d *device) { d.key = newKey() }),
	"C38 a passkey with our backup changed": signed(func(d *device) { d.auth.Options.BackupEligible, d.auth.Options.BackupState = true, true }),
	"C38 the answer to another challenge": func(t *testing.T, h *house, d *device) (identity.OrgID, []byte, []byte) {
		old := d.sign(t, h.beginLogin(h.org.ID, identity.ID{}))
		return h.org.ID, h.beginLogin(h.org.ID, identity.ID{}).State, old
	},
	"C38 a state of another organisation": func(t *testing.T, h *house, d *device) (identity.OrgID, []byte, []byte) {
		c := h.beginLogin(h.org.ID, identity.ID{})
		return h.organisation("other").ID, c.State, d.sign(t, c)
	},
	"C38 a passkey of another organisation": func(t *testing.T, h *house, d *device) (identity.OrgID, []byte, []byte) {
		other := h.organisation("third").ID
		c := h.beginLogin(other, identity.ID{})
		return other, c.State, d.sign(t, c)
	},
	"C38 the passkey of another user": func(t *testing.T, h *house, d *device) (identity.OrgID, []byte, []byte) {
		victim := identity.NewID()
		h.enrolPasskey(h.org.ID, victim)
		c := h.beginLogin(h.org.ID, victim)
		return h.org.ID, c.State, d.sign(t, c)
	},
	"a state of an enrolment": func(t *testing.T, h *house, d *device) (identity.OrgID, []byte, []byte) {
		c := h.beginLogin(h.org.ID, identity.ID{})
		return h.org.ID, h.beginRegistration(h.org.ID, h.user).State, d.sign(t, c)
	},
	"a state that is too old": func(t *testing.T, h *house, d *device) (identity.OrgID, []byte, []byte) {
		c := h.beginLogin(h.org.ID, identity.ID{})
		h.clock.Add(int64(stateLife / time.Second))
		return h.org.ID, c.State, d.sign(t, c)
	},
	"no state": func(t *testing.T, h *house, d *device) (identity.OrgID, []byte, []byte) {
		return h.org.ID, nil, d.sign(t, h.beginLogin(h.org.ID, identity.ID{}))
	},
	"no answer": func(_ *testing.T, h *house, _ *device) (identity.OrgID, []byte, []byte) {
		return h.org.ID, h.beginLogin(h.org.ID, identity.ID{}).State, nil
	},
	"a megabyte": func(_ *testing.T, h *house, _ *device) (identity.OrgID, []byte, []byte) {
		return h.org.ID, h.beginLogin(h.org.ID, identity.ID{}).State, []byte(`{"id":"` + strings.Repeat("A", 1<<20) + `"}`)
	},
}

func TestAttackC38(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, forge := range forgeries {
			t.Run(name, func(t *testing.T) {
				h := open(t, storetest.SQLite(t))
				if db.Driver() != "sqlite" {
					h.db = db
					h.org = h.organisation("org-" + identity.NewID().String())
				}
				d := h.enrolPasskey(h.org.ID, h.user)
				honest := *d
				org, state, response := forge(t, h, d)
				_, _, err := h.FinishLogin(t.Context(), org, state, response)
				wantWrong(t, name, err)
				// The same passkey without the forgery still works.
				c := h.beginLogin(h.org.ID, h.user)
				if _, _, err := h.FinishLogin(t.Context(), h.org.ID, c.State, honest.sign(t, c)); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	})
}

func TestAttackC38Replay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		d := h.enrolPasskey(h.org.ID, h.user)
		c := h.beginLogin(h.org.ID, identity.ID{})
		response := d.sign(t, c)
		finish := func() error {
			_, _, err := h.FinishLogin(context.Background(), h.org.ID, c.State, response)
			return err
		}
		if won := together(t, 50, finish); won != 1 {
			t.Errorf("C38 one answer 50 times at once: %d were accepted", won)
		}
		wantWrong(t, "C38 a replayed challenge", finish())
	})
}

func TestAttackC38Counter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		d := h.enrolPasskey(h.org.ID, h.user)
		login := func(counter uint32) error {
			d.key.Counter = counter
			c := h.beginLogin(h.org.ID, h.user)
			_, _, err := h.FinishLogin(t.Context(), h.org.ID, c.State, d.sign(t, c))
			return err
		}
		for _, step := range []struct {
			counter uint32
			ok      bool
		}{{0, true}, {0, true}, {5, true}, {5, false}, {4, false}, {0, false}, {6, true}} {
			err := login(step.counter)
			if step.ok && err != nil {
				t.Errorf("C38 counter %d: %v", step.counter, err)
			}
			if !step.ok {
				wantWrong(t, "C38 a counter that does not go on", err)
			}
		}
	})
}

func TestAttackC37Enrolment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, ctx := open(t, db), t.Context()
		other := h.organisation("other").ID
		finish := func(org identity.OrgID, user identity.ID, state, response []byte) error {
			_, err := h.FinishRegistration(ctx, org, user, state, response, "Key")
			return err
		}
		d, c := newDevice(h.org.ID, h.user), h.beginRegistration(h.org.ID, h.user)
		honest := d.create(t, c)
		wantWrong(t, "C37 on another user", finish(h.org.ID, identity.NewID(), c.State, honest))
		wantWrong(t, "C37 on another organisation", finish(other, h.user, c.State, honest))
		wantWrong(t, "C37 a state of a sign-in", finish(h.org.ID, h.user, h.beginLogin(h.org.ID, identity.ID{}).State, honest))
		wantWrong(t, "C38 the answer to another challenge", finish(h.org.ID, h.user, h.beginRegistration(h.org.ID, h.user).State, honest))
		for what, change := range map[string]func(*device){
			"C38 an origin that ends in ours": func(d *device) { d.rp.Origin = "https://evil-id.example.com" },
			"C38 another host":                func(d *device) { d.rp.ID = "evil.com" },
			"C38 the person was not verified": func(d *device) { d.auth.Options.UserNotVerified = true },
			"C38 nobody was there":            func(d *device) { d.auth.Options.UserNotPresent = true },
		} {
			forged := *d
			change(&forged)
			wantWrong(t, what, finish(h.org.ID, h.user, c.State, forged.create(t, c)))
		}
		if won := together(t, 20, func() error { return finish(h.org.ID, h.user, c.State, honest) }); won != 1 {
			t.Errorf("one answer 20 times at once enrolled %d", won)
		}
		// The name of a passkey is taken in the organisation, not in others.
		thief := identity.NewID()
		c = h.beginRegistration(h.org.ID, thief)
		wantWrong(t, "a passkey that another user has", finish(h.org.ID, thief, c.State, d.create(t, c)))
		c = h.beginRegistration(other, thief)
		if err := finish(other, thief, c.State, d.create(t, c)); err != nil {
			t.Errorf("the same name in another organisation: %v", err)
		}
	})
}

func TestWherePasskeysWork(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	for url, want := range map[string]bool{
		"https://id.example.com": true, "https://id.example.com:8443": true, "http://localhost:8080": true, "http://id.localhost": true,
		"http://id.example.com": false, "https://192.0.2.1": false, "https://[2001:db8::1]:8443": false,
	} {
		s, err := New(Options{Public: url, Keys: h.keys})
		if err != nil || s.PasskeysWork() != want {
			t.Errorf("PasskeysWork at %s = %v, %v, want %v", url, s.PasskeysWork(), err, want)
			continue
		}
		if _, err := s.BeginLogin(t.Context(), identity.OrgID{}, identity.ID{}); (err == nil) != want {
			t.Errorf("BeginLogin at %s: %v", url, err)
		}
	}
	if _, err := New(Options{Public: "nonsense"}); err == nil {
		t.Error("New takes any text for a URL")
	}
}

func FuzzFinishLogin(f *testing.F) {
	h := open(f, storetest.SQLite(f))
	d := h.enrolPasskey(h.org.ID, h.user)
	c := h.beginLogin(h.org.ID, identity.ID{})
	f.Add(d.sign(f, h.beginLogin(h.org.ID, identity.ID{})))
	f.Fuzz(func(t *testing.T, response []byte) {
		if _, _, err := h.FinishLogin(context.Background(), h.org.ID, c.State, response); err == nil {
			t.Errorf("the answer %s is accepted", response)
		}
	})
}
