package portal

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

var only = flag.String("page", "", "part of the names of the pages that TestBrowser looks at")

var screenshots = flag.String("screenshots", "", "folder to which TestBrowser writes pictures of all pages")

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// chromium starts a browser, or skips the test where there is none; CI must have
// one.
func chromium(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium")
		}
		t.Skip("no Chromium")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	ctx, stop = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// A violation is what axe found.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// axeRun runs all rules, also that of target sizes.
const axeRun = `axe.run(document, {rules: {"target-size": {enabled: true}}, resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`

// TestBrowser looks at every page in Chromium: axe finds nothing wrong, nothing
// sticks out at the side, and the policy blocks nothing that the page needs.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser")
	}
	ctx := chromium(t)
	axe, err := os.ReadFile("../ui/testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	h, names := gallery(t)
	srv := httptest.NewServer(h)
	defer srv.Close()
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.Contains(name, *only) })
	var mu sync.Mutex
	var complaints []string
	err = chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*log.EventEntryAdded); ok && strings.Contains(e.Entry.Text, "Content Security Policy") {
			mu.Lock()
			complaints = append(complaints, e.Entry.URL+": "+e.Entry.Text)
			mu.Unlock()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, tag := range []string{"en", "ar"} {
			if err := chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/show/"+name+"?lang="+tag), chromedp.Evaluate[chromedp.Void](string(axe)+"\n;0")); err != nil {
				t.Fatalf("%s in %s: %v", name, tag, err)
			}
			for _, scheme := range []string{"light", "dark"} {
				for _, width := range []int64{1280, 320} {
					if os.Getenv("CI") == "" && ((scheme == "light") == (width == 1280)) != (tag == "en") {
						continue // each pair of two is looked at, and in CI all three together
					}
					look(t, ctx, name+"-"+tag, scheme, width)
				}
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range complaints {
		t.Error(c)
	}
}

// look checks the page that is open, in one scheme of colours and one width.
func look(t *testing.T, ctx context.Context, name, scheme string, width int64) {
	at := fmt.Sprintf("%s-%s-%d", name, scheme, width)
	check := func(err error) {
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media)
	check(err)
	check(chromedp.Do(ctx, chromedp.EmulateViewport(width, 900)))
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
	check(err)
	if wide > width {
		t.Errorf("%s: the page is %d px wide", at, wide)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	check(err)
	report(t, at, found)
	if *screenshots != "" {
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		check(err)
		check(os.WriteFile(filepath.Join(*screenshots, at+".png"), picture, 0o644))
	}
}

func report(t *testing.T, at, found string) {
	var list []violation
	if err := json.Unmarshal([]byte(found), &list); err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	for _, v := range list {
		for _, n := range v.Nodes {
			t.Errorf("%s: %s (%s): %s\n%s", at, v.ID, v.Help, n.HTML, n.Summary)
		}
	}
}

// TestWithoutScripts opens pages with JavaScript off: the forms are there, can
// be seen, and have their buttons.
func TestWithoutScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser")
	}
	ctx := chromium(t)
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
