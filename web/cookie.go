package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/muster-id/muster/identity"
)

// Cookies names, sets and reads the cookies of a server that browsers reach by
// https (Secure) or, in development, by http. Over https a name begins with
// "__Host-", so that no neighbouring host can plant such a cookie.
type Cookies struct{ Secure bool }

// Session names the cookie that holds a person's session in an organisation.
func (c Cookies) Session(org identity.OrgID) string { return c.Name("session", org.String()) }

// Browser names the cookie by which an organisation remembers a browser.
func (c Cookies) Browser(org identity.OrgID) string { return c.Name("browser", org.String()) }

// Flow names the cookie that binds a flow to the browser in which it began.
func (c Cookies) Flow(id string) string { return c.Name("flow", id) }

// Name makes the name of a cookie for the thing with an id. The id goes in as a
// short hash: the first characters of ids made in one minute are equal.
func (c Cookies) Name(kind, id string) string {
	sum := sha256.Sum256([]byte(id))
	name := "muster-" + kind + "-" + hex.EncodeToString(sum[:4])
	if c.Secure {
		return "__Host-" + name
	}
	return name
}

// Set gives the browser a cookie for a time; zero is until it is closed.
func (c Cookies) Set(w http.ResponseWriter, name, value string, age time.Duration) {
	k := c.cookie(name, value)
	k.MaxAge = int(age / time.Second)
	http.SetCookie(w, k)
}

// Clear takes a cookie from the browser.
func (c Cookies) Clear(w http.ResponseWriter, name string) {
	k := c.cookie(name, "")
	k.MaxAge = -1
	http.SetCookie(w, k)
}

func (c Cookies) cookie(name, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/",
		Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// Get returns the value of a cookie, "" if the browser sent none, and also if it
// sent two: then one of them was planted.
func (c Cookies) Get(r *http.Request, name string) string {
	found := r.CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}
