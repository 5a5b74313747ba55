package portal

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/muster-id/muster/web/ui/uitest"
)

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// TestBrowser looks at every page in Chromium.
func TestBrowser(t *testing.T) {
	h, names := gallery(t)
	srv := httptest.NewServer(h)
	defer srv.Close()
	uitest.Look(t, names, func(name, lang string) string { return srv.URL + "/show/" + name + "?lang=" + lang })
}

// TestWithoutScripts opens pages with JavaScript off: the forms are there, can
// be seen, and have their buttons.
func TestWithoutScripts(t *testing.T) {
	ctx := uitest.Chromium(t)
	h, _ := gallery(t)
	srv := httptest.NewServer(h)
	defer srv.Close()
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"identify": {"#identifier", "#submit"}, "password": {"#password", "#submit", "#recover", "#use-totp"}, "totp": {"#code", "#submit"},
		"passkey": {"#submit", "#use-password", "noscript"}, "method": {"#use-totp"}, "enrol": {"#use-enrol_totp", "#skip"},
		"codes": {"#codes-list", "#download", "#submit"}, "setup": {"#token", "#password", "#submit"}, "recover": {"#identifier", "#submit"},
		"link": {"#password", "#submit"}, "verify": {"#submit"}, "signout": {"#submit"}, "security": {"#add-passkey", "#add-totp"},
		"account-totp": {"#code", "#submit"}, "sessions": {"#end-others", "#forget"}, "account": {"#display", "#submit"},
	} {
		if err := chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/show/"+name)); err != nil {
			t.Fatal(err)
		}
		for _, sel := range want {
			soon, stop := context.WithTimeout(ctx, 5*time.Second)
			if err := chromedp.Do(soon, chromedp.WaitVisible(chromedp.CSS(sel))); err != nil {
				t.Errorf("%s without JavaScript: %s cannot be seen: %v", name, sel, err)
			}
			stop()
		}
	}
}
