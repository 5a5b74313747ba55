package scim

import "net/http"

// me serves /Me, the user behind the client, as the resource itself (RFC 7644
// section 3.11).
func (x *call) me() error {
	rt := x.c.Types.TypeByName("User")
	if x.c.User == "" || rt == nil {
		return errNobody
	}
	x.w.Header()["Location"] = []string{location(x.c, rt, x.c.User)} // of any answer
	return x.resource(rt, x.c.User)
}

var errNobody = &Error{Status: http.StatusNotFound, Detail: "No user stands behind this client."}
