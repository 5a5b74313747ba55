package vmware

import (
	"net/http"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// logout is row 2: the token to end stands in a header of its own, or the ID
// token in the body.
func (d *Door) logout(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Fields(w, r, entry.MaxBody)
	if err != nil {
		return err
	}
	ctx := r.Context()
	org, err := d.o.Directory.Root(ctx)
	if err != nil {
		return err
	}
	if text := r.Header.Get("Ex-Identity-Auth-Token"); text != "" {
		_, b, err := d.o.Tokens.Actor(ctx, text)
		if err != nil {
			return err
		}
		if err := d.o.Entry.End(r.Context(), b, text); err != nil {
			return err
		}
		org = b.Org
	} else if text := form.Get("idToken"); text != "" {
		own, said, err := d.idToken(ctx, text)
		if err == nil && expired(said) {
			err = entry.ErrCredentials
		}
		if err != nil {
			return err
		}
		if sid, ok := identity.ParseID(textOf(said, "sid")); ok {
			if err := d.o.Sessions.End(ctx, own.ID, sid); err != nil {
				return err
			}
		}
		org = own
	}
	web.JSON(w, http.StatusOK, map[string]string{"url": d.o.Tokens.Issuer(org) + "/oauth2/logout"})
	return nil
}
