package reference

import (
	"embed"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/web"
	"github.com/muster-id/muster/web/ui"
)

//go:embed templates words
var files embed.FS

// Options are what the door is made of.
type Options struct {
	Parts   []Part
	UI      *ui.UI
	Public  string // absolute URL under which the world sees this server
	Version string // of the server
}

// A Door serves the description of our own API.
type Door struct {
	room *ui.Room
	made func() (description, error)
}

// A description is the document as JSON, and what the page shows of it.
type description struct {
	text []byte
	page manual
}

// New makes a Door. What it serves is made when somebody first asks: few do, and
// a server starts without waiting for it.
func New(o Options) (*Door, error) {
	room, err := o.UI.Room(files, "templates", locale.Must(files, "words"))
	return &Door{room, sync.OnceValues(func() (description, error) { return describe(o) })}, err
}

func describe(o Options) (d description, err error) {
	spec, err := document(o.Parts, o.Public, o.Version)
	if err != nil {
		return d, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return d, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return d, err
	}
	plain(doc)
	if d.text, err = json.MarshalIndent(doc, "", "  "); err != nil {
		return d, err
	}
	d.page, err = readManual(d.text)
	return d, err
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{OnError: web.Problems{}.Fail}.Mount(mux, []web.Route{
		{Pattern: "GET /api/v1/openapi.json", Perm: identity.Anyone, Do: d.document},
		{Pattern: "GET /docs", Perm: identity.Anyone, Do: d.manual},
	})
}

func (d *Door) document(w http.ResponseWriter, _ *http.Request, _ identity.Actor) error {
	made, err := d.made()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Access-Control-Allow-Origin", "*") // it is no secret, and generators run in browsers too
	_, _ = w.Write(made.text)                 // the client may be gone; nobody else to tell
	return nil
}

func (d *Door) manual(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	made, err := d.made()
	if err != nil {
		return err
	}
	d.room.Render(w, r, http.StatusOK, ui.Page{Title: "docs.title", Body: "manual", Data: made.page, Wide: true, Once: true, Langs: []string{"en"}})
	return nil
}
