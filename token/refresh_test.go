package token_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/token"
)

func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, a := t.Context(), h.app("web", nil)
		first := h.issue(a, nil)
		second, err := h.Refresh(ctx, a, token.Renewal{Token: first.RefreshToken})
		if err != nil {
			t.Fatal(err)
		}
		if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken || second.Grant != first.Grant {
			t.Errorf("Refresh = %+v after %+v", second, first)
		}
		before, after := read(t, first.IDToken, 1), read(t, second.IDToken, 1)
		for _, name := range []string{"iss", "sub", "aud", "auth_time", "sid", "acr"} { // OpenID Connect Core 12.2
			if diff := cmp.Diff(before[name], after[name]); diff != "" {
				t.Errorf("%s of the renewed ID token (-before +after):\n%s", name, diff)
			}
		}
		h.clock.pass(20 * time.Second)
		again, err := h.Refresh(ctx, a, token.Renewal{Token: first.RefreshToken})
		if err != nil || again.RefreshToken != second.RefreshToken {
			t.Errorf("within the grace: %v, another successor: %v", err, again.RefreshToken != second.RefreshToken)
		}
		third, err := h.Refresh(ctx, a, token.Renewal{Token: second.RefreshToken})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Refresh(ctx, a, token.Renewal{Token: first.RefreshToken}) // two generations ago
		wantCode(t, "a refresh token of the generation before the last", err, token.InvalidGrant)
		_, err = h.Refresh(ctx, a, token.Renewal{Token: third.RefreshToken})
		wantCode(t, "the latest one after a replay", err, token.InvalidGrant)
		_, err = h.Inspect(ctx, h.acme.ID, third.AccessToken)
		wantRefused(t, "the access token after a replay", err)
	})
}

func TestKeptRefreshToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		for phrase, change := range map[string]func(*identity.App){
			"by choice": func(a *identity.App) { a.KeepRefreshToken = true },
			"by FAPI":   func(a *identity.App) { a.FAPI = true },
		} {
			a := h.app("keeper-"+phrase, change)
			bound := token.Confirmation{JKT: "k"}
			out := h.issue(a, func(r *token.Request) { r.Authorization.Confirmation = bound })
			for range 8 { // longer than the idle time in all
				h.clock.pass(10 * 24 * time.Hour)
				next, err := h.Refresh(ctx, a, token.Renewal{Token: out.RefreshToken, Confirmation: bound})
				if err != nil {
					t.Fatalf("%s: %v", phrase, err)
				}
				if next.RefreshToken != out.RefreshToken {
					t.Errorf("%s: another refresh token", phrase)
				}
			}
			if _, err := h.Introspect(ctx, a, out.RefreshToken); err != nil {
				t.Errorf("%s: Introspect: %v", phrase, err)
			}
			h.clock.pass(31 * 24 * time.Hour)
			_, err := h.Refresh(ctx, a, token.Renewal{Token: out.RefreshToken, Confirmation: bound})
			wantCode(t, phrase+": after a month without use", err, token.InvalidGrant)
			h.session = h.signIn(h.ann)
		}
		public := h.app("public", func(a *identity.App) { a.AuthMethod, a.KeepRefreshToken = identity.AuthNone, true })
		out := h.issue(public, nil)
		if next, err := h.Refresh(ctx, public, token.Renewal{Token: out.RefreshToken}); err != nil || next.RefreshToken == out.RefreshToken {
			t.Errorf("a public app keeps its refresh token: %v", err)
		}
	})
}

func TestOffline(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, a := t.Context(), h.app("offline", nil)
		online := h.issue(a, nil)
		offline := h.issue(a, func(r *token.Request) { r.Authorization.Offline = true })
		h.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.EndSession(ctx, h.acme.ID, h.session, h.clock.now())
		})
		_, err := h.Refresh(ctx, a, token.Renewal{Token: online.RefreshToken})
		wantCode(t, "an online grant after the session", err, token.InvalidGrant)
		_, err = h.Inspect(ctx, h.acme.ID, online.AccessToken)
		wantRefused(t, "an online access token after the session", err)
		if _, err := h.Refresh(ctx, a, token.Renewal{Token: offline.RefreshToken}); err != nil {
			t.Errorf("an offline grant after the session: %v", err)
		}
		if _, err := h.Inspect(ctx, h.acme.ID, offline.AccessToken); err != nil {
			t.Errorf("an offline access token after the session: %v", err)
		}
	})
}

// TestDeactivatedWhileRefreshing has a user refresh all the time while they are
// shut out: nothing that they got may be believed afterwards.
func TestDeactivatedWhileRefreshing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.app("busy", func(a *identity.App) { a.OpaqueAccessToken = true })
		var all sync.WaitGroup
		var mu sync.Mutex
		var got []token.Response
		for range 4 {
			first := h.issue(a, nil)
			all.Go(func() {
				next := first
				for range 200 {
					out, err := h.Refresh(t.Context(), a, token.Renewal{Token: next.RefreshToken})
					if err != nil {
						wantCode(t, "Refresh", err, token.InvalidGrant)
						break
					}
					next = out
				}
				mu.Lock()
				defer mu.Unlock()
				got = append(got, first, next)
			})
		}
		time.Sleep(20 * time.Millisecond)
		h.setActive(h.ann, "ann", false)
		h.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.EndGrantsOf(ctx, h.acme.ID, h.ann, identity.ID{}, h.clock.now())
			return err
		})
		all.Wait()
		for _, out := range got {
			_, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
			wantRefused(t, "an access token", err)
			_, err = h.Refresh(t.Context(), a, token.Renewal{Token: out.RefreshToken})
			wantCode(t, "a refresh token", err, token.InvalidGrant)
		}
		h.setActive(h.ann, "ann", true)
		for _, out := range got {
			_, err := h.Inspect(t.Context(), h.acme.ID, out.AccessToken)
			wantRefused(t, "an access token after the user came back", err)
		}
	})
}

func TestSecretsAtRest(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.app("opaque", func(a *identity.App) { a.OpaqueAccessToken = true })
		code, out := h.code(a, nil), h.issue(a, nil)
		h.update(func(ctx context.Context, tx *store.Tx) error {
			g, err := tx.Grant(ctx, h.acme.ID, out.Grant)
			if err != nil {
				return err
			}
			for _, kind := range []string{"code", "access"} {
				list, err := tx.ArtefactsOf(ctx, h.acme.ID, h.ann, kind)
				if err != nil || len(list) == 0 {
					t.Errorf("artefacts %s: %d, %v", kind, len(list), err)
				}
				for _, one := range list {
					g.Data = append(append(g.Data, one.Data...), one.Hash...)
				}
			}
			for _, text := range []string{code, out.AccessToken, out.RefreshToken} {
				if strings.Contains(string(g.Data), text) {
					t.Errorf("the text of %.10s… stands in the database", text)
				}
			}
			return nil
		})
	})
}

func TestUseOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		until := h.clock.now().Add(time.Minute)
		if n := together(func(int) error { return h.UseOnce(t.Context(), h.acme.ID, "jti", until) }); n != 1 {
			t.Errorf("%d of 50 used one jti", n)
		}
		if err := h.UseOnce(t.Context(), h.root.ID, "jti", until); err != nil {
			t.Errorf("the same jti in another organisation: %v", err)
		}
	})
}
