package portal

import (
	"net/http"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web/ui"
)

// A front is what the front page shows.
type front struct {
	Base   string
	Signed bool // somebody is signed in
	Open   bool // nobody administers the server yet
	Issuer string
}

// Front answers with the page that tells people who come to the server itself
// what it is, and where to go.
func (p *Portal) Front(w http.ResponseWriter, r *http.Request) {
	if err := p.visited(p.front)(w, r, identity.Actor{}); err != nil {
		p.fail(w, r, err)
	}
}

func (p *Portal) front(v *visit) error {
	d := front{Base: v.base, Signed: v.session != nil, Issuer: p.o.Public + v.base}
	if v.base == "" {
		var err error
		if d.Open, err = p.o.SignIn.CanSetup(v.ctx()); err != nil {
			return err
		}
	}
	return p.showFront(v, d)
}

func (p *Portal) showFront(v *visit, d front) error {
	return p.show(v, http.StatusOK, ui.Page{Title: "front.title", Body: "front", Data: d})
}
