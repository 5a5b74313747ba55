// Package uitest looks at pages in Chromium, for the tests of whoever has pages:
// axe finds nothing wrong, nothing sticks out at the side, and the policy of a
// page blocks nothing that the page needs.
package uitest

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
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
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed axe.min.js
var axe string

var (
	only        = flag.String("page", "", "part of the names of the pages to look at")
	screenshots = flag.String("screenshots", "", "folder to write pictures of all pages to")
)

// Chromium starts a browser that ends with the test, or skips the test where
// there is none and in short runs; CI must have one.
func Chromium(t testing.TB) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser")
	}
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

// Look opens every page at address(name, language) in English and in Arabic,
// light and dark, wide and narrow. Without CI it takes half of these. Two
// browsers share the pages.
func Look(t *testing.T, names []string, address func(name, lang string) string) {
	t.Helper()
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.Contains(name, *only) })
	slices.Sort(names)
	t.Run("pages", func(t *testing.T) { // until both are done
		for half := range slices.Chunk(names, max(1, (len(names)+1)/2)) {
			t.Run("from "+half[0], func(t *testing.T) {
				t.Parallel()
				lookAt(t, half, address)
			})
		}
	})
}

func lookAt(t *testing.T, names []string, address func(name, lang string) string) {
	ctx := Chromium(t)
	complaints := listen(t, ctx)
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: axe}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, tag := range []string{"en", "ar"} {
			if err := chromedp.Do(ctx, chromedp.Navigate(address(name, tag))); err != nil {
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
	for _, c := range complaints() {
		t.Error(c)
	}
}

// listen returns what the browser complained of about policies.
func listen(t *testing.T, ctx context.Context) func() []string {
	var mu sync.Mutex
	var complaints []string
	err := chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*log.EventEntryAdded); ok && strings.Contains(e.Entry.Text, "Content Security Policy") {
			mu.Lock()
			complaints = append(complaints, e.Entry.URL+": "+e.Entry.Text)
			mu.Unlock()
		}
	})
	if err == nil {
		_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(complaints)
	}
}

// outside lists the elements that stick out of the window at either side.
const outside = `[...document.querySelectorAll("body *")].filter(e => {
	const b = e.getBoundingClientRect()
	return b.width > 1 && !e.closest(".skip, .sr, svg") && (b.left < -1 || b.right > innerWidth + 1)
}).map(e => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().left) + "…" + Math.round(e.getBoundingClientRect().right)).join(", ")`

// axeRun runs all rules, also that of target sizes.
const axeRun = `axe.run(document, {rules: {"target-size": {enabled: true}}, resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`

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
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](outside))
	check(err)
	if out != "" {
		t.Errorf("%s: outside of the window: %s", at, out)
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

// A violation is what axe found.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
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
