// Package activid is the door of the HID ActivID API: so far, the endpoints by
// which its clients get their tokens. They are thin: each hands a request to the
// provider of the organisation, and puts the answer in the words of this API.
package activid

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/token"
	"github.com/muster-id/muster/web"
)

// A Provider is the OpenID provider, whose endpoints this door serves under
// other paths.
type Provider interface {
	Endpoint(name string, org identity.Organisation) http.Handler
}

// Options are what the door is made of.
type Options struct {
	Directory *directory.Directory
	Tokens    *token.Service
	Provider  Provider
	Public    string // absolute URL under which the world sees this server
}

// A Door serves the sign-in of the ActivID API.
type Door struct {
	o Options
}

// New makes a Door.
func New(o Options) *Door {
	o.Public = strings.TrimSuffix(o.Public, "/")
	return &Door{o: o}
}

// prefix is what the path of every route of the appliance begins with.
const prefix = "/idp/{tenant}/authn"

// Routes is the timetable. All of it is open to anybody, who brings a credential
// of one kind or another.
func (d *Door) Routes() []web.Route {
	route := func(pattern string, do web.Handler) web.Route {
		return web.Route{Pattern: pattern, Perm: identity.Anyone, Do: do}
	}
	return []web.Route{
		route("POST "+prefix+"/token", d.token),
		route("GET "+prefix+"/userinfo", d.userinfo),
		route("GET "+prefix+"/.well-known/openid-configuration", d.discovery),
	}
}

// Mount puts the door into mux.
func (d *Door) Mount(mux *http.ServeMux) {
	web.Door{OnError: d.fail}.Mount(mux, d.Routes())
}

var errNoOrganisation = identity.NewError(identity.NotFound, "", "There is no such organisation.")

// tenant finds the organisation of a request by slug or UUID, in the path and
// nowhere else.
func (d *Door) tenant(r *http.Request) (identity.Organisation, error) {
	name := r.PathValue("tenant")
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return identity.Organisation{}, errNoOrganisation
	}
	org, err := d.o.Directory.Organisation(r.Context(), name)
	if identity.KindOf(err) == identity.NotFound {
		err = errNoOrganisation
	}
	return org, err
}

// token is the token endpoint. Where RFC 6749 has 401 for an app that is not
// believed, this API has 400.
func (d *Door) token(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.tenant(r)
	if err != nil {
		return err
	}
	a := web.Ask(d.o.Provider.Endpoint("token", org), r)
	if a.Status == http.StatusUnauthorized {
		a.Status = http.StatusBadRequest
		a.Header().Del("WWW-Authenticate")
	}
	a.Send(w)
	return nil
}

// userinfo tells who holds a token. The answer is signed whether or not the app
// has chosen an algorithm.
func (d *Door) userinfo(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.tenant(r)
	if err != nil {
		return err
	}
	a := web.Ask(d.o.Provider.Endpoint("userinfo", org), r)
	if a.Status != http.StatusOK || !strings.HasPrefix(a.Header().Get("Content-Type"), "application/json") {
		a.Send(w)
		return nil
	}
	var said map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &said); err != nil {
		return fmt.Errorf("sign UserInfo: %w", err)
	}
	_, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	b, err := d.o.Tokens.Inspect(r.Context(), org.ID, strings.TrimSpace(text))
	if err != nil {
		return err
	}
	said["iss"], said["aud"] = b.Issuer, b.ClientID
	signed, err := d.o.Tokens.Sign(r.Context(), org.ID, "RS256", token.TypeUserInfo, said)
	if err != nil {
		return err
	}
	a.CopyHeader(w)
	w.Header().Set("Content-Type", "application/jwt")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(signed))
	return nil
}

// discovery is the metadata of the provider with the endpoints of this door.
func (d *Door) discovery(w http.ResponseWriter, r *http.Request, _ identity.Actor) error {
	org, err := d.tenant(r)
	if err != nil {
		return err
	}
	ask := r.Clone(r.Context())
	ask.Header = http.Header{}
	a := web.Ask(d.o.Provider.Endpoint("discovery", org), ask)
	var doc map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &doc); err != nil || a.Status != http.StatusOK {
		return fmt.Errorf("ask the provider for its metadata: status %d: %w", a.Status, err)
	}
	here := d.o.Public + "/idp/" + org.Slug + "/authn"
	doc["token_endpoint"], doc["userinfo_endpoint"] = here+"/token", here+"/userinfo"
	web.JSON(w, http.StatusOK, doc)
	return nil
}

// An oauthError is an error as RFC 6749 section 5.2 puts it on the wire.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// fail answers with an error. Of errors that are ours it tells only that they
// happened.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*identity.Error](err)
	switch {
	case ok && e.Kind == identity.NotFound:
		web.JSON(w, http.StatusNotFound, oauthError{"invalid_request", e.Text})
	case ok && e.Kind == identity.Unauthenticated:
		web.JSON(w, http.StatusUnauthorized, oauthError{"invalid_token", e.Text})
	default:
		web.Fail(r.Context(), err)
		web.JSON(w, http.StatusInternalServerError, oauthError{"server_error", "Something went wrong here."})
	}
}
