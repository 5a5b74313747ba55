package reference

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/ui"
	"github.com/muster-id/muster/web/ui/uitest"
)

// TestBrowser looks at the page in Chromium: a long path, a long name and a long
// text are in it, and it stays within the window.
func TestBrowser(t *testing.T) {
	type longNamedStructOfThingsWithoutAnySpace struct {
		Name  string   `json:"a_name_that_is_about_as_long_as_the_names_of_rfc_7591_become" required:"true" description:"What it is called, in a sentence that is longer than a narrow window."`
		Parts []part   `json:"parts"`
		More  []string `json:"more"`
	}
	pages, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	long := longNamedStructOfThingsWithoutAnySpace{}
	var routes []web.Route
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		routes = append(routes, web.Route{Pattern: method + " /api/v1/o/{org}/administrators/{user}/sessions/{session}/registration-tokens", Perm: identity.OrganisationsWrite}.
			Says(200, "Do something that takes many words to say, and say it all", long, long, "explain: tell the reasons too", "limit: how many"))
	}
	d, err := New(Options{UI: pages, Public: "https://id.example.com", Version: "1", Parts: []Part{{"Things", routes}, {"Decisions (AuthZEN)", nil}}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	pages.Mount(mux)
	d.Mount(mux)
	srv := httptest.NewServer(mux)
	defer srv.Close()
	uitest.Look(t, []string{"docs"}, func(_, lang string) string { return srv.URL + "/docs?lang=" + lang })
}
