package portal

import (
	"context"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/muster-id/muster/store/storetest"
	"github.com/muster-id/muster/web/ui/uitest"
)

// TestPasskey creates a passkey in Chromium and signs in with it, through the
// page's own script.
func TestPasskey(t *testing.T) {
	ctx := uitest.Chromium(t)
	h := newHouse(t, storetest.SQLite(t))
	h.person("ann")
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	do := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		soon, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		if err := chromedp.Do(soon, steps...); err != nil {
			at, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
			t.Fatalf("%s: %v; the page says:\n%s", what, err, at)
		}
	}
	css := func(s string) chromedp.CSS { return chromedp.CSS(s) }
	do("sign in with a password",
		chromedp.Navigate(h.url+"/o/acme/account/security/passkey"),
		chromedp.SendKeys(css("#identifier"), "ann"), chromedp.Click(css("#submit")),
		chromedp.WaitVisible(css("#password")), chromedp.SendKeys(css("#password"), good), chromedp.Click(css("#submit")),
		chromedp.WaitVisible(css("#name")))
	do("create a passkey", chromedp.Click(css("#submit")), chromedp.WaitVisible(css("#done")))
	out := func() {
		t.Helper()
		do("sign out", chromedp.Navigate(h.url+"/o/acme/signout"), chromedp.Click(css("#submit")), chromedp.WaitVisible(css("#signin")))
	}
	out()
	do("sign in as the browser offers it beside names", chromedp.Navigate(h.url+"/o/acme/signin"), chromedp.WaitVisible(css(".tabs")))
	out()
	// As browsers do that are older.
	older := cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `
		delete PublicKeyCredential.isConditionalMediationAvailable;
		delete PublicKeyCredential.parseRequestOptionsFromJSON;
		delete PublicKeyCredential.prototype.toJSON;`}
	if _, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, older); err != nil {
		t.Fatal(err)
	}
	do("sign in by the button", chromedp.Navigate(h.url+"/o/acme/signin"), chromedp.Click(css("#passkey")), chromedp.WaitVisible(css(".tabs")))
}
