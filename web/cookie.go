package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
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
func (c Cookies) Flow(id string) string { return c.Name(FlowKind, id) }

// FlowKind is the kind of the cookies of flows, for Begin.
const FlowKind = "flow"

// Name makes the name of a cookie for the thing with an id. The id goes in as a
// short hash: the first characters of ids made in one minute are equal.
func (c Cookies) Name(kind, id string) string {
	sum := sha256.Sum256([]byte(id))
	return c.prefix(kind) + hex.EncodeToString(sum[:4])
}

func (c Cookies) prefix(kind string) string {
	if c.Secure {
		return "__Host-muster-" + kind + "-"
	}
	return "muster-" + kind + "-"
}

// Set gives the browser a cookie for a time; zero is until it is closed.
func (c Cookies) Set(w http.ResponseWriter, name, value string, age time.Duration) {
	k := c.cookie(name, value)
	k.MaxAge = int(age / time.Second)
	http.SetCookie(w, k)
}

// maxOfKind is how many things of one kind a browser keeps cookies for. Beyond
// that it would send more than proxies take, and forget those that matter.
const maxOfKind = 20

// Begin gives the browser a cookie for one of many things of a kind, as Set does,
// and takes back those of the oldest if they are too many. Browsers send the
// oldest first (RFC 6265 section 5.4).
func (c Cookies) Begin(w http.ResponseWriter, r *http.Request, kind, id, value string, age time.Duration) {
	var have []string
	for _, k := range r.Cookies() {
		if strings.HasPrefix(k.Name, c.prefix(kind)) {
			have = append(have, k.Name)
		}
	}
	for _, name := range have[:max(0, len(have)-maxOfKind+1)] {
		c.Clear(w, name)
	}
	c.Set(w, c.Name(kind, id), value, age)
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
