package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/web/ui/uitest"
)

// A stranger is an app with a stock OpenID client, the example of the README,
// that runs beside a server with demonstration data and is not trusted by it.
type stranger struct {
	*house
	demo server.Demo
	home string // where the app answers
}

// buildApp builds the app of the README.
func buildApp(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "signin")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../examples/signin").CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}
	return program
}

func newStranger(t *testing.T, program string) *stranger {
	t.Helper()
	s := &stranger{house: open(t, databases["SQLite"](t))}
	var err error
	if s.demo, err = s.Demonstrate(t.Context(), server.DemoOptions{}); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.home = fmt.Sprintf("http://localhost:%d/", ln.Addr().(*net.TCPAddr).Port)
	if err := ln.Close(); err != nil { // for the app to listen there
		t.Fatal(err)
	}
	_, secret, err := s.Apps.Create(t.Context(), tester, s.demo.Org.ID, app.NewApp{ClientID: "orbit", AppSettings: identity.AppSettings{
		Name: "Orbit CRM", Type: identity.WebApp, RedirectURIs: []string{s.home + "callback"}, PostLogoutRedirectURIs: []string{s.home},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = append(os.Environ(), "MUSTER_ISSUER="+s.demo.Issuer, "MUSTER_CLIENT_ID=orbit", "MUSTER_CLIENT_SECRET="+secret, "MUSTER_REDIRECT_URI="+s.home+"callback")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it runs until then
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the app says:\n%s", log.Bytes())
		}
	})
	for range 100 {
		if res, err := http.Get(s.home); err == nil {
			res.Body.Close()
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the app does not answer")
	return nil
}

// A screen is a browser with somebody before it.
type screen struct {
	t   *testing.T
	ctx context.Context
}

// do takes steps, and tells what the page says if they cannot be taken.
func (s screen) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	soon, stop := context.WithTimeout(s.ctx, 20*time.Second)
	defer stop()
	if err := chromedp.Do(soon, steps...); err != nil {
		at, _ := chromedp.Run(s.ctx, chromedp.Location())
		says, _ := chromedp.Run(s.ctx, chromedp.Text(chromedp.CSS("body")))
		s.t.Fatalf("%s: %v; %s says:\n%s", what, err, at, says)
	}
}

// says is a fatal error unless an element holds all texts.
func (s screen) says(sel chromedp.CSS, texts ...string) {
	s.t.Helper()
	var got string
	var missing []string
	for range 100 { // the page before may still be there
		s.do("wait for "+string(sel), chromedp.WaitVisible(sel))
		text, err := chromedp.Run(s.ctx, chromedp.Text(sel))
		if err == nil {
			got, missing = text, nil
			for _, want := range texts {
				if !strings.Contains(got, want) {
					missing = append(missing, want)
				}
			}
			if missing == nil {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("%s says %q, want %q in it", sel, got, missing)
}

// around signs the demonstration's person in to the app, out of it again as the
// app asks, and looks that the next sign-in asks again.
func (s screen) around(app *stranger, press func(sel chromedp.CSS), type_ func(sel chromedp.CSS, text string)) {
	s.t.Helper()
	s.do("open the app", chromedp.Navigate(app.home))
	press("#signin")
	s.says("main", "Orbit CRM")
	type_("#identifier", app.demo.User)
	press("#submit")
	s.says("#password")
	s.says("main", app.demo.User)
	type_("#password", app.demo.Password)
	press("#submit")
	s.says("#consent")
	s.says("main", "Orbit CRM asks for access", "see your e-mail address")
	press("#allow")
	s.says("#hello", "Hello "+app.demo.User)
	press("#signout")
	s.says("#signin", "Sign in") // of the app again
	press("#signin")
	s.says("#identifier")
}

// TestSignIn signs a person in to an app that nobody trusts, with a stock client
// and a real browser.
func TestSignIn(t *testing.T) {
	t.Parallel()
	uitest.Chromium(t)
	app := newStranger(t, buildApp(t))
	css := func(s screen) (func(chromedp.CSS), func(chromedp.CSS, string)) {
		return func(sel chromedp.CSS) { s.do("press "+string(sel), chromedp.Click(sel)) },
			func(sel chromedp.CSS, text string) { s.do("type at "+string(sel), chromedp.SendKeys(sel, text)) }
	}
	forget := func(t *testing.T) { // what was allowed
		t.Helper()
		user, err := app.User(t.Context(), app.demo.Org, app.demo.User)
		if err != nil {
			t.Fatal(err)
		}
		orbit, err := app.Apps.Get(t.Context(), app.demo.Org.ID, "orbit")
		if err != nil {
			t.Fatal(err)
		}
		err = app.DB.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteConsent(t.Context(), app.demo.Org.ID, user.ID, orbit.ID) })
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("with a mouse", func(t *testing.T) {
		s := screen{t, uitest.Chromium(t)}
		press, type_ := css(s)
		s.around(app, press, type_)
		s.do("a wrong password", chromedp.SendKeys(chromedp.CSS("#identifier"), app.demo.User), chromedp.Click(chromedp.CSS("#submit")),
			chromedp.WaitVisible(chromedp.CSS("#password")), chromedp.SendKeys(chromedp.CSS("#password"), "wrong"), chromedp.Click(chromedp.CSS("#submit")))
		s.says("#faults", "does not match")
		s.do("somebody else", chromedp.Click(chromedp.CSS("#back")), chromedp.WaitVisible(chromedp.CSS("#identifier")))
	})
	t.Run("without JavaScript", func(t *testing.T) {
		forget(t)
		s := screen{t, uitest.Chromium(t)}
		if _, err := chromedp.Call(s.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			t.Fatal(err)
		}
		press, type_ := css(s)
		s.around(app, press, type_)
	})
	t.Run("on a narrow screen with the keyboard alone", func(t *testing.T) {
		forget(t)
		s := screen{t, uitest.Chromium(t)}
		s.do("make it narrow", chromedp.EmulateViewport(320, 568))
		s.around(app,
			func(sel chromedp.CSS) { s.reach(sel); s.do("press", chromedp.KeyEvent(kb.Enter)) },
			func(sel chromedp.CSS, text string) { s.reach(sel); s.do("type", chromedp.KeyEvent(text)) })
	})
}

// reach goes to an element by the tab key; it must be in view then, and nothing
// may stick out at the side.
func (s screen) reach(sel chromedp.CSS) {
	s.t.Helper()
	s.do("wait for "+string(sel), chromedp.WaitVisible(sel))
	at := fmt.Sprintf(`(() => {
		const e = document.activeElement, b = e.getBoundingClientRect()
		if (document.documentElement.scrollWidth > innerWidth) return "wide"
		if (!e.matches(%q)) return ""
		return b.top >= 0 && b.bottom <= innerHeight && b.left >= 0 && b.right <= innerWidth ? "there" : "out of view"
	})()`, string(sel))
	for range 30 {
		where, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](at))
		if err != nil {
			s.t.Fatal(err)
		}
		switch where {
		case "there":
			return
		case "":
			s.do("go on", chromedp.KeyEvent(kb.Tab))
		default:
			s.t.Fatalf("on the way to %s the page is %s", sel, where)
		}
	}
	s.t.Fatalf("the tab key does not lead to %s", sel)
}

// TestFirstAdministrator opens the link that a new server prints: whoever has it
// becomes the first administrator, once.
func TestFirstAdministrator(t *testing.T) {
	t.Parallel()
	s := screen{t, uitest.Chromium(t)}
	h := open(t, databases["SQLite"](t))
	s.do("come before anybody", chromedp.Navigate(h.url+"/"))
	s.says("#unclaimed", "muster admin link")
	link, err := h.Bootstrap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	type_ := func(sel, text string) chromedp.Action[chromedp.Void] {
		return chromedp.SendKeys(chromedp.CSS(sel), text)
	}
	s.do("open the link", chromedp.Navigate(link.URL), chromedp.WaitVisible(chromedp.CSS("#setup-form")))
	token, err := chromedp.Run(s.ctx, chromedp.Value(chromedp.CSS("#token")))
	if err != nil || token == "" || strings.Contains(link.URL[:strings.Index(link.URL, "#")], token) {
		t.Fatalf("the field of the token holds %q, %v", token, err)
	}
	s.do("become the administrator", type_("#name", "grace"), type_("#email", "grace@example.com"),
		type_("#password", "a long and unusual sentence 7"), chromedp.Click(chromedp.CSS("#submit")))
	s.says("body", "grace", "Passkeys")
	s.do("come to the front", chromedp.Navigate(h.url+"/"))
	s.says("#account", "Your account")
	s.do("open the link again", chromedp.Navigate(h.url+"/"), chromedp.Navigate(link.URL))
	s.says("#signin")
}
