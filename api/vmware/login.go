package vmware

import (
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// login is row 8.
func (d *Door) login(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Fields(w, r, entry.MaxBody)
	if err != nil {
		return err
	}
	scopes := slices.DeleteFunc(strings.Fields(form.Get("scope")), func(s string) bool { return !slices.Contains(entry.LoginScopes(), s) })
	if len(scopes) == 0 {
		scopes = slices.DeleteFunc(entry.LoginScopes(), func(s string) bool { return s == "offline_access" })
	}
	_, more := r.URL.Query()["access_token"]
	org, err := d.o.Entry.Named(r.Context(), form.Get("domain"))
	var res token.Response
	if err == nil {
		res, _, err = d.o.Entry.Enter(r, org, form.Get("username"), form.Get("password"), scopes, more)
	}
	if identity.KindOf(err) == identity.Unauthenticated {
		err = identity.NewError(identity.Invalid, "", "The user name or the password is wrong.")
	}
	if err != nil {
		return err
	}
	out := map[string]string{"cspAuthToken": res.AccessToken}
	if more {
		out["refresh_token"] = res.RefreshToken
	}
	web.JSON(w, http.StatusOK, out)
	return nil
}
