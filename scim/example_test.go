package scim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/memory"
	"github.com/muster-id/muster/scim/schema"
)

// A SCIM server over memory. Another Backend makes it a SCIM server over
// anything.
func Example() {
	types := schema.Standard()
	users := memory.New(types)
	server := httptest.NewServer(scim.New(scim.Options{
		Authenticate: func(r *http.Request) (*scim.Client, error) {
			if r.Header.Get("Authorization") != "Bearer secret" {
				return nil, scim.Unauthorized("The token is not valid.")
			}
			return &scim.Client{ID: "hr", Dialect: schema.RFC, Base: "http://" + r.Host, Types: types, Backend: users}, nil
		},
	}))
	defer server.Close()

	request, _ := http.NewRequest("POST", server.URL+"/Users?attributes=userName,active", strings.NewReader(
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann","active":true}`))
	request.Header.Set("Authorization", "Bearer secret")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(response.Status, response.Header.Get("ETag"), strings.Contains(string(body), `"userName":"ann","active":true`))
	// Output: 201 Created W/"1" true
}
