package reference

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/ui"
)

type thing struct {
	ID   *identity.ID `json:"id,omitempty"`
	Name string       `json:"name"`
	More []part       `json:"more"`
}

type part struct {
	N int64 `json:"n"`
}

func door(t *testing.T) http.Handler {
	t.Helper()
	pages, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(Options{UI: pages, Public: "https://id.example.com", Version: "1", Parts: []Part{{"Things", []web.Route{
		web.Route{Pattern: "GET /api/v1/o/{org}/things/{id}", Perm: identity.AccessRead}.Says(200, "Read a thing", nil, thing{}, "deep: all of it"),
		web.Route{Pattern: "POST /api/v1/o/{org}/things", Perm: identity.AccessWrite}.Says(201, "Make a thing", thing{}, thing{}),
		{Pattern: "GET /elsewhere", Perm: identity.Anyone},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	d.Mount(mux)
	return mux
}

func get(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

func TestDocument(t *testing.T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
			Parameters  []struct {
				Name, In string
				Required bool
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]map[string]any
				Required   []string
			}
		}
	}
	if err := json.Unmarshal([]byte(get(t, door(t), "/api/v1/openapi.json")), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	read := doc.Paths["/api/v1/o/{org}/things/{id}"]["get"]
	if read.OperationID != "getThingsId" || len(read.Security) != 1 || len(read.Parameters) != 3 {
		t.Errorf("GET things/{id}: %+v", read)
	}
	for _, p := range read.Parameters {
		if (p.In == "path") != p.Required {
			t.Errorf("parameter %+v", p)
		}
	}
	if len(doc.Paths) != 2 {
		t.Errorf("%d paths, want those that say what they are for", len(doc.Paths))
	}
	s := doc.Components.Schemas["Thing"]
	if s.Properties["id"]["type"] == nil || s.Properties["more"]["items"] == nil {
		t.Errorf("the schema of a thing: %+v", s)
	}
}

func TestPage(t *testing.T) {
	page := strings.ReplaceAll(get(t, door(t), "/docs"), "<wbr>", "")
	for _, want := range []string{"Read a thing", "/api/v1/o/{org}/things/{id}", "access:write", `href="#schema-Thing"`, `id="schema-Part"`, "all of it"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "/elsewhere") {
		t.Error("the page tells of a route that says nothing")
	}
}
