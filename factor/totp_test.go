package factor

import (
	"bytes"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// code is what an authenticator app shows, steps away from now.
func (h *house) code(key string, steps int) string {
	h.t.Helper()
	code, err := totp.GenerateCode(key, time.Unix(h.clock.Load(), 0).Add(time.Duration(steps)*period))
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// enrolApp enrols an authenticator app and returns its secret.
func (h *house) enrolApp(name string) string {
	h.t.Helper()
	e, err := h.NewTOTP(h.org, h.user, "ada@example.com")
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.ConfirmTOTP(h.t.Context(), h.org.ID, h.user, e.State, h.code(e.Secret, 0), name); err != nil {
		h.t.Fatal(err)
	}
	return e.Secret
}

func TestEnrolTOTP(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, ctx := open(t, db), t.Context()
		e, err := h.NewTOTP(h.org, h.user, "ada:lovelace@example.com")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(e.URL)
		if err != nil || u.Scheme != "otpauth" || u.Path != "/Acme:ada lovelace@example.com" {
			t.Errorf("URL = %s, %v", e.URL, err)
		}
		if q := u.Query(); q.Get("issuer") != "Acme" || q.Get("secret") != e.Secret || q.Get("period") != "30" || len(e.Secret) != 32 {
			t.Errorf("URL = %s", e.URL)
		}
		if _, err := png.Decode(bytes.NewReader(e.PNG)); err != nil {
			t.Error(err)
		}
		again, err := h.ShowTOTP(h.org.ID, h.user, e.State)
		if err != nil || again.Secret != e.Secret || !bytes.Equal(again.PNG, e.PNG) {
			t.Errorf("ShowTOTP = %+v, %v", again, err)
		}
		if bytes.Contains(e.State, []byte(e.Secret)) {
			t.Error("the state tells the secret")
		}
		confirm := func(org identity.OrgID, user identity.ID, state []byte, code string) error {
			_, err := h.ConfirmTOTP(ctx, org, user, state, code, "Phone")
			return err
		}
		right := h.code(e.Secret, 0)
		wantWrong(t, "a code of long ago", confirm(h.org.ID, h.user, e.State, h.code(e.Secret, -9)))
		wantWrong(t, "C37 the state of another user", confirm(h.org.ID, identity.NewID(), e.State, right))
		wantWrong(t, "C37 the state of another organisation", confirm(identity.NewOrgID(), h.user, e.State, right))
		wantWrong(t, "a state that was changed", confirm(h.org.ID, h.user, append(bytes.Clone(e.State[:len(e.State)-1]), e.State[len(e.State)-1]^1), right))
		wantWrong(t, "no state", confirm(h.org.ID, h.user, nil, right))
		if won := together(t, 20, func() error { return confirm(h.org.ID, h.user, e.State, right) }); won != 1 {
			t.Errorf("one state 20 times at once enrolled %d", won)
		}
		wantWrong(t, "C36 the code of the enrolment", h.VerifyTOTP(ctx, h.org.ID, h.user, right))
		late, err := h.NewTOTP(h.org, h.user, "ada")
		if err != nil {
			t.Fatal(err)
		}
		h.clock.Add(int64(stateLife / time.Second))
		wantWrong(t, "too late", confirm(h.org.ID, h.user, late.State, h.code(late.Secret, 0)))
	})
}

func TestAttackC36(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h, ctx := open(t, db), t.Context()
		key := h.enrolApp("Phone")
		verify := func(code string) error { return h.VerifyTOTP(ctx, h.org.ID, h.user, code) }
		wantWrong(t, "somebody without an app", h.VerifyTOTP(ctx, h.org.ID, identity.NewID(), h.code(key, 0)))

		h.clock.Add(90)
		if err := verify(" " + h.code(key, -1)[:3] + " " + h.code(key, -1)[3:]); err != nil {
			t.Errorf("the code of the step before: %v", err)
		}
		wantWrong(t, "C36 the same code again", verify(h.code(key, -1)))
		if err := verify(h.code(key, 1)); err != nil {
			t.Errorf("the code of the next step: %v", err)
		}
		wantWrong(t, "C36 a code from before the last one", verify(h.code(key, 0)))
		h.clock.Add(30)
		wantWrong(t, "C36 the same code, a step later", verify(h.code(key, 0)))

		h.clock.Store(1_800_000_600) // the first second of a step
		wantWrong(t, "two steps ago", verify(h.code(key, -2)))
		wantWrong(t, "two steps ahead", verify(h.code(key, 2)))
		for what, code := range map[string]string{"nothing": "", "a letter": "a" + h.code(key, 0)[1:], "too long": h.code(key, 0) + "0", "a megabyte": strings.Repeat("0", 1<<20)} {
			wantWrong(t, what, verify(code))
		}
		code := h.code(key, 0)
		if won := together(t, 50, func() error { return verify(code) }); won != 1 {
			t.Errorf("C36 one code 50 times at once: %d were accepted", won)
		}
		if got := h.list()[0].Used; !got.Equal(h.now()) {
			t.Errorf("Used = %v", got)
		}
	})
}
