package server_test

import (
	"slices"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web/portal"
)

// TestLastingAppsAreShown: whoever holds a grant that outlives the session stands
// on the page of apps, also if nobody was asked for it, and can be sent away.
func TestLastingAppsAreShown(t *testing.T) {
	eachDoors(t, false, func(t *testing.T, d *doors) {
		ctx, org, people := t.Context(), d.demo.Org.ID, server.People(d.h)
		d.app("mail", func(s *identity.AppSettings) { public(s); s.Trusted = true })
		shown := func() int {
			list, err := people.Apps(ctx, org, d.ann)
			if err != nil {
				t.Fatal(err)
			}
			return len(slices.DeleteFunc(list, func(a portal.App) bool { return a.Name != "mail" || !a.Trusted }))
		}
		a, err := d.h.Apps.Get(ctx, org, "mail")
		if err != nil {
			t.Fatal(err)
		}
		if err := people.Withdraw(ctx, org, d.ann, a.ID); identity.KindOf(err) != identity.NotFound {
			t.Errorf("withdrawing what was never given: %v", err)
		}
		if d.signedIn("mail"); shown() != 0 {
			t.Error("an app that ends with the session is shown")
		}
		res := d.tokens("mail", "openid", "offline_access")
		if n := shown(); n != 1 {
			t.Fatalf("an app with a lasting grant is shown %d times, want once", n)
		}
		if err := people.Withdraw(ctx, org, d.ann, a.ID); err != nil {
			t.Fatal(err)
		}
		if n := shown(); n != 0 {
			t.Errorf("after the withdrawal the app is shown %d times", n)
		}
		if _, err := d.h.Tokens.Refresh(ctx, a, token.Renewal{Token: res.RefreshToken}); err == nil {
			t.Error("the refresh token works on")
		}
	})
}
