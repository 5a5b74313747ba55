package e2e_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/pquerna/otp/totp"
	"golang.org/x/oauth2"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/web/ui/uitest"
)

// TestDevice signs a person in on a device without a keyboard, with a browser
// elsewhere.
func TestDevice(t *testing.T) {
	t.Parallel()
	s := screen{t, uitest.Chromium(t)}
	h := open(t, databases["SQLite"](t))
	demo, err := h.Demonstrate(t.Context(), server.DemoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = h.Apps.Create(t.Context(), tester, demo.Org.ID, app.NewApp{ClientID: "tv", AppSettings: identity.AppSettings{
		Name: "Orbit TV", Type: identity.NativeApp, AuthMethod: identity.AuthNone, GrantTypes: []string{identity.GrantDevice},
	}})
	if err != nil {
		t.Fatal(err)
	}
	provider, err := oidc.NewProvider(t.Context(), demo.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	conf := oauth2.Config{ClientID: "tv", Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "profile"}}
	code, err := conf.DeviceAuth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.do("type the code", chromedp.Navigate(code.VerificationURI), chromedp.SendKeys(chromedp.CSS("#user_code"), code.UserCode), chromedp.Click(chromedp.CSS("#next")))
	s.do("sign in", chromedp.SendKeys(chromedp.CSS("#identifier"), demo.User), chromedp.Click(chromedp.CSS("#submit")),
		chromedp.SendKeys(chromedp.CSS("#password"), demo.Password), chromedp.Click(chromedp.CSS("#submit")))
	s.says("#allow")
	s.says("main", "Orbit TV", code.UserCode, "see your name and profile")
	s.do("allow it", chromedp.Click(chromedp.CSS("#allow")), chromedp.WaitNotPresent(chromedp.CSS("#allow")))
	s.says("h1", "Your device is connected")
	tokens, err := conf.DeviceAccessToken(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	if _, err := provider.Verifier(&oidc.Config{ClientID: "tv"}).Verify(t.Context(), raw); err != nil {
		t.Error(err)
	}
}

var oneTimeLink = regexp.MustCompile(`http://\S+/recover/\S+`)

// TestWayBack is about somebody who has forgotten their password, gets back in by
// letter, and adds an app for codes that is asked for from then on.
func TestWayBack(t *testing.T) {
	t.Parallel()
	s := screen{t, uitest.Chromium(t)}
	h := open(t, databases["SQLite"](t))
	demo, err := h.Demonstrate(t.Context(), server.DemoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const chosen = "seven umbrellas walk home 9"
	css := func(sel string) chromedp.CSS { return chromedp.CSS(sel) }
	s.do("ask for a link", chromedp.Navigate(demo.Issuer+"/account"), chromedp.SendKeys(css("#identifier"), demo.User), chromedp.Click(css("#submit")),
		chromedp.Click(css("#recover")), chromedp.WaitVisible(css("#recover-form")))
	if typed, err := chromedp.Run(s.ctx, chromedp.Value(css("#identifier"))); err != nil || typed == "" {
		s.do("say who", chromedp.SendKeys(css("#identifier"), demo.User))
	}
	s.do("send", chromedp.Click(css("#submit")))
	s.says("h1", "Check your e-mail")
	link := ""
	for range 100 {
		letters, err := h.Mail.Outbox(t.Context(), demo.Org.ID, identity.ID{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range slices.Backward(letters) {
			if found := oneTimeLink.FindString(l.Text); found != "" {
				link = found
			}
		}
		if link != "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.do("open the letter", chromedp.Navigate(link), chromedp.SendKeys(css("#password"), chosen), chromedp.Click(css("#submit")), chromedp.WaitNotPresent(css("#password")))
	s.says("h1", "Password saved")
	signIn := func() {
		t.Helper()
		s.do("sign in", chromedp.Navigate(demo.Issuer+"/account/security/totp"), chromedp.SendKeys(css("#identifier"), demo.User),
			chromedp.Click(css("#submit")), chromedp.SendKeys(css("#password"), chosen), chromedp.Click(css("#submit")), chromedp.WaitVisible(css("#code")))
	}
	signIn()
	secret, err := chromedp.Run(s.ctx, chromedp.TextContent(css("#totp-secret")))
	if err != nil {
		t.Fatal(err)
	}
	at := func(when time.Time) string {
		code, err := totp.GenerateCode(secret, when)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	now := time.Now()
	s.do("add the app", chromedp.SendKeys(css("#code"), at(now)), chromedp.SendKeys(css("#name"), "Pixel"), chromedp.Click(css("#submit")), chromedp.WaitNotPresent(css("#totp-secret")))
	s.says("body", "Pixel")
	s.do("sign out", chromedp.Navigate(demo.Issuer+"/signout"), chromedp.Click(css("#submit")), chromedp.WaitVisible(css("#signin")))
	signIn()
	s.do("say a code", chromedp.SendKeys(css("#code"), at(now.Add(30*time.Second))), chromedp.Click(css("#submit")))
	s.says(".tabs", "Security")
}
